/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernfs.c - /proc, /sys and the cgroup file system of a container, and what of them it may see
 *
 * Everything hidden or made read-only is named below the root of the file system we mounted
 * ourselves, with no links and no other mount on the way: whatever the image or a volume holds,
 * nothing else can be reached.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "pkg/runtime/mnt.h"
#include "pkg/runtime/setup.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

/* What tells about, or changes, the whole machine. */
static const char *const masked_proc[] = {
	"acpi",          "asound",     "interrupts",  "kcore",       "keys",
	"latency_stats", "timer_list", "timer_stats", "sched_debug", "scsi",
};
static const char *const masked_sys[] = {"firmware", "devices/virtual/powercap"};
static const char *const read_only_proc[] = {"bus", "fs", "irq", "sys", "sysrq-trigger"};

int setup_open_root_dir(struct setup *st, const char *name, struct err *e)
{
	const int flags = O_PATH | O_DIRECTORY;
	int fd = fs_open_in(st->root_fd, name, flags, 0, RESOLVE_NO_SYMLINKS);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(st->root_fd, name, 0755) < 0)
			return err_sys(e, errno, "mkdir /%s", name);
		fd = fs_open_in(st->root_fd, name, flags, 0, RESOLVE_NO_SYMLINKS);
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(e, ERR_WORKLOAD, "/%s of the image is not a directory", name);
	return fd < 0 ? err_sys(e, errno, "open /%s", name) : fd;
}

static int attach_root_dir(struct setup *st, const char *name, int tree, struct err *e)
{
	autoclose int target = setup_open_root_dir(st, name, e);

	if (target < 0)
		return -1;
	if (mnt_attach(tree, target, "") < 0)
		return err_sys(e, errno, "mount /%s", name);
	return 0;
}

static int mount_proc(struct setup *st, struct err *e)
{
	st->proc_fd = mnt_new("proc", NULL, MNT_PLAIN, e);
	if (st->proc_fd < 0) {
		if (e->sys == EPERM)
			(void)err_hint(
				e,
				"parts of the host's /proc are hidden or read-only (another container?): run that one with its /proc unmasked");
		return -1;
	}
	return attach_root_dir(st, "proc", st->proc_fd, e);
}

static int mount_sys(struct setup *st, struct err *e)
{
	unsigned int ro = st->s->privileged ? 0 : MOUNT_ATTR_RDONLY;

	st->sys_fd = st->sys_tree >= 0 ? st->sys_tree : mnt_new("sysfs", NULL, MNT_PLAIN | ro, e);
	return st->sys_fd < 0 ? -1 : attach_root_dir(st, "sys", st->sys_fd, e);
}

/* Its own cgroup as the root of the tree; where that is refused, nothing rather than the host's
 * tree. */
static int mount_cgroup(struct setup *st, struct err *e)
{
	autoclose int target =
		fs_open_in(st->sys_fd, "fs/cgroup", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
	static const struct mnt_opt small[] = {{"mode", "0755"}, {"size", "4k"}, {NULL, NULL}};
	unsigned int ro = st->s->privileged ? 0 : MOUNT_ATTR_RDONLY;
	autoclose int tree = -1;
	struct err why = {0};

	if (target < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "open /sys/fs/cgroup");
	tree = mnt_new("cgroup2", NULL, MNT_PLAIN | ro, &why);
	if (tree < 0) {
		log_debug("%s: %s", st->s->name, why.msg);
		tree = mnt_new("tmpfs", small, MNT_PLAIN | MOUNT_ATTR_RDONLY, e);
	}
	if (tree < 0)
		return -1;
	return mnt_attach(tree, target, "") < 0 ? err_sys(e, errno, "mount /sys/fs/cgroup") : 0;
}

int kernfs_mount(struct setup *st, struct err *e)
{
	if (mount_proc(st, e) < 0 || mount_sys(st, e) < 0)
		return -1;
	return mount_cgroup(st, e);
}

/* ---- masks ---- */

static int open_below(int fd, const char *path)
{
	return fs_open_in(fd, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

/* What covers directories. Once attached, copies of it cover more: a mount that nobody attaches is
 * slow to close. */
struct cover {
	int empty; /* a read-only tmpfs */
	bool attached;
};

/* Cover one path: directories by the empty tmpfs, the rest by our /dev/null. */
static int mask(struct setup *st, int fd, const char *path, struct cover *c, struct err *e)
{
	autoclose int target = open_below(fd, path), tree = -1;
	struct stat s;

	if (target < 0 && errno == ENOENT)
		return 0;
	if (target < 0 || fstat(target, &s) < 0)
		return err_sys(e, errno, "hide %s", path);
	if (S_ISDIR(s.st_mode) && !c->attached) {
		c->attached = true;
		return mnt_attach(c->empty, target, "") < 0 ? err_sys(e, errno, "hide %s", path)
		                                            : 0;
	}
	tree = mnt_clone(S_ISDIR(s.st_mode) ? c->empty : st->null_fd, "", false);
	if (tree < 0 || mnt_attach(tree, target, "") < 0)
		return err_sys(e, errno, "hide %s", path);
	return 0;
}

/* Bind a path onto itself, read-only. */
static int freeze(int fd, const char *path, struct err *e)
{
	autoclose int target = open_below(fd, path), tree = -1;

	if (target < 0 && errno == ENOENT)
		return 0;
	if (target < 0)
		return err_sys(e, errno, "make %s read-only", path);
	tree = mnt_clone(target, "", true);
	if (tree < 0 || mnt_attr(tree, true, MOUNT_ATTR_RDONLY | MNT_PLAIN) < 0 ||
	    mnt_attach(tree, target, "") < 0)
		return err_sys(e, errno, "make %s read-only", path);
	return 0;
}

/* One directory per cpu; machines that have none at cpu0 have none at all. */
static int mask_throttle(struct setup *st, struct cover *c, struct err *e)
{
	autoclose int first = open_below(st->sys_fd, "devices/system/cpu/cpu0/thermal_throttle");
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (first < 0)
		return 0;
	for (long i = 0; i < cpus; i++) {
		char path[80];

		(void)snprintf(path, sizeof(path), "devices/system/cpu/cpu%ld/thermal_throttle", i);
		if (mask(st, st->sys_fd, path, c, e) < 0)
			return -1;
	}
	return 0;
}

int kernfs_protect(struct setup *st, struct err *e)
{
	static const struct mnt_opt opts[] = {{"mode", "0555"}, {"size", "4k"}, {NULL, NULL}};
	struct cover c = {0};

	if (st->s->privileged)
		return 0;
	c.empty = mnt_new("tmpfs", opts, MNT_PLAIN | MOUNT_ATTR_RDONLY, e);
	if (c.empty < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(masked_proc); i++)
		if (mask(st, st->proc_fd, masked_proc[i], &c, e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(masked_sys); i++)
		if (mask(st, st->sys_fd, masked_sys[i], &c, e) < 0)
			return -1;
	if (mask_throttle(st, &c, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(read_only_proc); i++)
		if (freeze(st->proc_fd, read_only_proc[i], e) < 0)
			return -1;
	return 0;
}
