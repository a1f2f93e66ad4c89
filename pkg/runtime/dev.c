/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev.c - /dev of a container: a tmpfs of ours, nothing of the image's
 *
 * Real device nodes cannot be made in a user namespace, so the host's are bind-mounted, each
 * checked to be the device that its name says. Targets are made by us in the fresh tmpfs, where the
 * image has no say.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "pkg/runtime/mnt.h"
#include "pkg/runtime/pty.h"
#include "pkg/runtime/setup.h"

static const struct node {
	const char *name;
	unsigned int major, minor;
	bool privileged; /* only in privileged containers, and only where the host has it */
} nodes[] = {
	{"null", 1, 3, false},   {"zero", 1, 5, false},    {"full", 1, 7, false},
	{"random", 1, 8, false}, {"urandom", 1, 9, false}, {"tty", 5, 0, false},
	{"fuse", 10, 229, true}, {"kvm", 10, 232, true},   {"net/tun", 10, 200, true},
};

static const struct {
	const char *name, *to;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

static int open_node(const struct node *n, struct err *e)
{
	char path[32];
	struct stat st;
	int tree;

	(void)snprintf(path, sizeof(path), "/dev/%s", n->name);
	tree = mnt_clone(AT_FDCWD, path, false);
	if (tree < 0)
		return err_sys(e, errno, "%s of the host", path);
	if (fstat(tree, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(n->major, n->minor)) {
		(void)close(tree);
		return err_set(e, ERR_HOST, "%s of the host is not device %u:%u", path, n->major,
		               n->minor);
	}
	return tree;
}

static int add_node(struct setup *st, const struct node *n, struct err *e)
{
	int tree = open_node(n, e);

	if (tree < 0)
		return n->privileged ? 0 : -1;
	if (n->privileged && strchr(n->name, '/'))
		(void)mkdirat(st->dev_fd, "net", 0755);
	if (mknodat(st->dev_fd, n->name, S_IFREG | 0666, 0) < 0)
		return err_sys(e, errno, "create /dev/%s", n->name);
	if (mnt_attach(tree, st->dev_fd, n->name) < 0)
		return err_sys(e, errno, "bind /dev/%s", n->name);
	if (streq(n->name, "null"))
		st->null_fd = tree;
	else
		(void)close(tree);
	return 0;
}

static int add_dir(struct setup *st, const char *name, int tree, struct err *e)
{
	if (tree < 0)
		return err_wrap(e, "/dev/%s", name);
	if (mkdirat(st->dev_fd, name, 0755) < 0)
		return err_sys(e, errno, "mkdir /dev/%s", name);
	if (mnt_attach(tree, st->dev_fd, name) < 0)
		return err_sys(e, errno, "mount /dev/%s", name);
	(void)close(tree);
	return 0;
}

/* Group 5 is tty wherever terminals have a group; a single-id mapping does not have it. */
static int new_devpts(struct err *e)
{
	static const struct mnt_opt opts[] = {{"newinstance", NULL},
	                                      {"ptmxmode", "0666"},
	                                      {"mode", "0620"},
	                                      {"gid", "5"},
	                                      {NULL, NULL}};
	static const struct mnt_opt plain[] = {
		{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {NULL, NULL}};
	int tree = mnt_new("devpts", opts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);

	if (tree < 0 && e->sys == EINVAL)
		tree = mnt_new("devpts", plain, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);
	return tree;
}

static int new_shm(struct setup *st, struct err *e)
{
	char size[32];
	struct mnt_opt opts[] = {{"mode", "1777"}, {"size", size}, {NULL, NULL}};

	if (st->shm_tree >= 0)
		return st->shm_tree;
	(void)snprintf(size, sizeof(size), "%lld",
	               (long long)(st->s->shm_size > 0 ? st->s->shm_size : 64 << 20));
	return mnt_new("tmpfs", opts, MNT_PLAIN, e);
}

/* /dev/console is the terminal; the file below the mount is one we made, never the image's. */
static int add_console(struct setup *st, struct err *e)
{
	char path[32];
	int tree;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", st->pty_fd);
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return err_sys(e, errno, "bind the terminal");
	if (mknodat(st->dev_fd, "console", S_IFREG | 0600, 0) < 0 ||
	    mnt_attach(tree, st->dev_fd, "console") < 0)
		return err_sys(e, errno, "bind /dev/console");
	(void)close(tree);
	return 0;
}

static int attach_dev(struct setup *st, struct err *e)
{
	static const struct mnt_opt opts[] = {{"mode", "0755"}, {"size", "65536k"}, {NULL, NULL}};
	autoclose int target = setup_open_root_dir(st, "dev", e);

	if (target < 0)
		return -1;
	st->dev_fd = mnt_new("tmpfs", opts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);
	if (st->dev_fd < 0)
		return -1;
	if (mnt_attach(st->dev_fd, target, "") < 0)
		return err_sys(e, errno, "mount");
	return 0;
}

int dev_mount(struct setup *st, struct err *e)
{
	if (attach_dev(st, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		if ((!nodes[i].privileged || st->s->privileged) && add_node(st, &nodes[i], e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (symlinkat(links[i].to, st->dev_fd, links[i].name) < 0)
			return err_sys(e, errno, "link /dev/%s", links[i].name);
	if (add_dir(st, "pts", new_devpts(e), e) < 0 || add_dir(st, "shm", new_shm(st, e), e) < 0 ||
	    add_dir(st, "mqueue", mnt_new("mqueue", NULL, MNT_PLAIN, e), e) < 0)
		return -1;
	if (!st->s->tty)
		return 0;
	st->pty_fd = pty_open(st->dev_fd, "pts/ptmx", st->s->tty_sock, st->who.uid, 0, 0, e);
	return st->pty_fd < 0 ? -1 : add_console(st, e);
}
