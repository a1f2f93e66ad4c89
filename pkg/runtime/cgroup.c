/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.c - the unified hierarchy, alone or beside the old ones; see cgroup.h */
#include "pkg/runtime/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/str.h"

enum { CGROUP2_MAGIC = 0x63677270 };

static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

/* Our own path in the unified hierarchy: the line "0::/PATH". */
static char *own_path(struct err *e)
{
	autostrbuf struct strbuf text = {0};
	char *save = NULL;

	if (fd_read_file(AT_FDCWD, "/proc/self/cgroup", 65536, &text, e) < 0)
		return NULL;
	for (char *l = text.s ? strtok_r(text.s, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save))
		if (starts_with(l, "0::/") && !starts_with(l, "0::/.."))
			return xstrdup(l + 3);
	(void)err_set(e, ERR_HOST, "this process is in no cgroup of the unified hierarchy");
	return NULL;
}

static int open_mount(struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		autoclose int fd = open(mounts[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statfs fs;

		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_MAGIC)
			return take_fd(&fd);
	}
	return err_set(e, ERR_HOST, "cgroup2 is not mounted on /sys/fs/cgroup");
}

/* Our own cgroup, if processes may be started below it. */
static int open_own(struct err *e)
{
	autofree char *path = own_path(e);
	autoclose int root = -1, fd = -1;

	if (!path)
		return -1;
	root = open_mount(e);
	if (root < 0)
		return -1;
	fd = fs_open_in(root, path, O_RDONLY | O_DIRECTORY, 0, 0);
	if (fd < 0)
		return err_sys(e, errno, "open cgroup %s", path);
	if (faccessat(fd, ".", W_OK, AT_EACCESS) < 0 ||
	    faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) < 0)
		return err_sys(e, errno, "cgroup %s is not delegated to us", path);
	return take_fd(&fd);
}

int cgroup_child(int parent, const char *name, struct err *e)
{
	if (!*name || strchr(name, '/') || name[0] == '.')
		return err_set(e, ERR_INPUT, "cgroup name \"%s\"", name);
	return fs_open_dir(parent, name, 0755, e);
}

int cgroup_project_open(const char *name, struct err *e)
{
	autoclose int own = open_own(e);
	autofree char *dir = xasprintf("kubeplay-%s", name);

	return own < 0 ? -1 : cgroup_child(own, dir, e);
}

int cgroup_kill(int fd, struct err *e)
{
	autoclose int file = openat(fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (file < 0)
		return err_sys(e, errno, "open cgroup.kill");
	return fd_write_all(file, "1", 1, e);
}

/* Remove the groups below fd (consumed), deepest first. */
static int remove_below(int fd, struct err *e)
{
	DIR *d = fdopendir(fd);
	struct dirent *ent;
	int r = 0;

	if (!d) {
		(void)close(fd);
		return err_sys(e, errno, "list cgroup");
	}
	while (r == 0 && (ent = readdir(d))) {
		int sub;

		if (ent->d_type != DT_DIR || ent->d_name[0] == '.')
			continue;
		sub = openat(dirfd(d), ent->d_name,
		             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			r = remove_below(sub, e);
		if (r == 0 && unlinkat(dirfd(d), ent->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			r = err_sys(e, errno, "remove cgroup %s", ent->d_name);
	}
	(void)closedir(d);
	return r;
}

static int remove_once(int parent, const char *name, struct err *e)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "open cgroup %s", name);
	if (remove_below(fd, e) < 0)
		return -1;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, errno, "remove cgroup %s", name);
	return 0;
}

int cgroup_remove(int parent, const char *name, int timeout_ms, struct err *e)
{
	int64_t end = clock_mono_ms() + timeout_ms;
	const struct timespec pause = {.tv_nsec = 1000000};

	while (remove_once(parent, name, e) < 0) {
		if (e->sys != EBUSY || clock_mono_ms() >= end)
			return -1;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

int cgroup_project_remove(const char *name, int timeout_ms, struct err *e)
{
	autoclose int own = open_own(e);
	autofree char *dir = xasprintf("kubeplay-%s", name);

	return own < 0 ? -1 : cgroup_remove(own, dir, timeout_ms, e);
}
