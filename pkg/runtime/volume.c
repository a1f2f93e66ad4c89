/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volume.c - sources and targets of volumes; see volume.h
 *
 * Both ends are hostile: a container may have planted links in a volume (the source of a subPath)
 * and in its image (the target). No path is resolved twice: each end is opened once by the kernel,
 * confined, and the mount is made from descriptor to descriptor.
 */
#include "pkg/runtime/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "pkg/runtime/mnt.h"
#include "pkg/util/fs.h"

enum { PROC_MAGIC = 0x9fa0, SYSFS_MAGIC = 0x62656572, CGROUP2_MAGIC = 0x63677270 };

/* Links may be followed as long as no step leaves dirfd: ConfigMap volumes of Kubernetes consist of
 * such links. */
static int open_beneath(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return (int)fd;
}

/* Make the missing parts of sub as directories with the volume's own mode, as the kubelet does. */
static int make_beneath(int dirfd, const char *sub, struct err *e)
{
	autofree char *done = xcalloc(1, strlen(sub) + 2);
	autoclose int at = open_beneath(dirfd, ".", O_PATH | O_DIRECTORY);
	struct stat st;
	size_t used = 0;

	if (at < 0 || fstat(at, &st) < 0)
		return err_sys(e, errno, "open the volume");
	for (const char *p = sub + strspn(sub, "/"); *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");
		autofree char *name = xstrndup(p, len);
		int next;

		if (used)
			done[used++] = '/';
		memcpy(done + used, p, len);
		used += len;
		next = open_beneath(dirfd, done, O_PATH);
		if (next < 0 && errno == ENOENT) {
			if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
				return err_sys(e, errno, "subPath %s: mkdir %s", sub, done);
			/* By descriptor: the name may be another's by now. */
			next = open_beneath(dirfd, done, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
			if (next >= 0 && fchmod(next, st.st_mode & 07777) < 0)
				return err_sys(e, errno, "subPath %s: chmod %s", sub, done);
		}
		if (next < 0)
			return err_sys(e, errno, "subPath %s: open %s", sub, done);
		close_fd(&at);
		at = next;
		p += len;
	}
	return take_fd(&at);
}

static int open_sub_path(const struct spawn_mount *m, struct err *e)
{
	const char *sub = m->sub_path + strspn(m->sub_path, "/");
	int fd = *sub ? open_beneath(m->fd, sub, O_PATH) : open_beneath(m->fd, ".", O_PATH);

	if (fd < 0 && errno == ENOENT)
		fd = make_beneath(m->fd, sub, e);
	else if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return err_sys_kind(e, ERR_WORKLOAD, errno, "subPath %s leads out of its volume",
		                    m->sub_path);
	else if (fd < 0)
		return err_sys(e, errno, "subPath %s", m->sub_path);
	return fd;
}

static int clone_source(const struct spawn_mount *m, struct err *e)
{
	autoclose int sub = -1;
	int from = m->fd, tree;

	if (m->sub_path && *m->sub_path) {
		sub = open_sub_path(m, e);
		if (sub < 0)
			return -1;
		from = sub;
	}
	tree = mnt_clone(from, "", m->recursive);
	return tree < 0 ? err_sys(e, errno, "open_tree of the source") : tree;
}

static int new_tmpfs(const struct spawn_mount *m, struct err *e)
{
	char size[32], mode[16];
	struct mnt_opt opts[] = {{"mode", mode}, {m->size > 0 ? "size" : NULL, size}, {NULL, NULL}};

	(void)snprintf(mode, sizeof(mode), "%o", (unsigned int)m->mode & 07777);
	(void)snprintf(size, sizeof(size), "%lld", (long long)m->size);
	return mnt_new("tmpfs", opts, 0, e);
}

int volume_open(const struct spawn_mount *m, struct err *e)
{
	uint64_t attrs = (m->read_only ? MOUNT_ATTR_RDONLY : 0) |
	                 (m->nosuid_nodev ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV : 0);
	autoclose int tree = m->type == SPAWN_TMPFS ? new_tmpfs(m, e) : clone_source(m, e);

	if (tree < 0)
		return err_wrap(e, "%s", m->what ? m->what : m->target);
	if (mnt_attr(tree, m->recursive, attrs) < 0)
		return err_sys(e, errno, "%s: mount_setattr", m->what ? m->what : m->target);
	return take_fd(&tree);
}

/* path without doubled slashes and "." parts, for comparing only; ".." is not resolved but refused.
 */
static bool normalize(const char *path, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = path; *(p += strspn(p, "/"));) {
		size_t len = strcspn(p, "/");

		if (len == 2 && memcmp(p, "..", 2) == 0)
			return false;
		if (!(len == 1 && *p == '.')) {
			if (n + len + 2 > size)
				return false;
			out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
	}
	out[n] = '\0';
	return true;
}

int volume_check_target(const char *target, struct err *e)
{
	static const char *const closed[] = {"/proc", "/sys"};
	char path[PATH_MAX];

	if (target[0] != '/')
		return err_set(e, ERR_INPUT, "mountPath %s is not absolute", target);
	if (!normalize(target, path, sizeof(path)))
		return err_set(e, ERR_INPUT, "mountPath %s has a \"..\" or is too long", target);
	if (!path[0])
		return err_set(e, ERR_INPUT, "mountPath / would hide the image");
	for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
		size_t len = strlen(closed[i]);

		if (starts_with(path, closed[i]) && (path[len] == '\0' || path[len] == '/'))
			return err_set(e, ERR_UNSUPPORTED,
			               "mountPath %s: nothing can be mounted on %s", target,
			               closed[i]);
	}
	return 0;
}

/* Make a missing target: a directory, or an empty file for a file. */
static int make_target(int rootfd, const char *target, bool directory, struct err *e)
{
	autofree char *parent = xstrdup(target);
	autoclose int dir = -1, made = -1;
	char *base;

	if (directory)
		return fs_mkdir_in(rootfd, target, 0755, e);
	while (strlen(parent) > 1 && ends_with(parent, "/"))
		parent[strlen(parent) - 1] = '\0';
	base = strrchr(parent, '/');
	*base++ = '\0';
	dir = fs_mkdir_in(rootfd, *parent ? parent : "/", 0755, e);
	if (dir < 0)
		return -1;
	made = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (made < 0 && errno != EEXIST)
		return err_sys(e, errno, "create %s", target);
	close_fd(&made);
	made = fs_open_in(rootfd, target, O_PATH, 0, 0);
	return made < 0 ? err_sys(e, errno, "open %s", target) : take_fd(&made);
}

/* The image may have made the target a link into /proc: what counts is where it leads. */
static int check_opened(int fd, const char *target, bool directory, struct err *e)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "stat %s", target);
	if (fs.f_type == PROC_MAGIC || fs.f_type == SYSFS_MAGIC || fs.f_type == CGROUP2_MAGIC)
		return err_set(e, ERR_WORKLOAD, "%s leads into /proc or /sys of the container",
		               target);
	if (S_ISDIR(st.st_mode) != directory)
		return err_set(e, ERR_WORKLOAD, "%s is a %s in the image but the volume is a %s",
		               target, directory ? "file" : "directory",
		               directory ? "directory" : "file");
	return 0;
}

int volume_attach(const struct spawn_mount *m, int tree, int rootfd, struct err *e)
{
	autoclose int target = -1;
	struct stat st;
	bool directory;

	if (volume_check_target(m->target, e) < 0)
		return -1;
	if (fstat(tree, &st) < 0)
		return err_sys(e, errno, "stat the source");
	directory = S_ISDIR(st.st_mode);
	target = fs_open_in(rootfd, m->target, O_PATH, 0, 0);
	if (target < 0 && errno == ENOENT)
		target = make_target(rootfd, m->target, directory, e);
	else if (target < 0)
		return err_sys_kind(e, ERR_WORKLOAD, errno, "open %s in the image", m->target);
	if (target < 0 || check_opened(target, m->target, directory, e) < 0)
		return -1;
	if (mnt_attach(tree, target, "") < 0)
		return err_sys(e, errno, "mount on %s", m->target);
	return 0;
}
