/* SPDX-License-Identifier: Apache-2.0 */
/* hostpath.c - see hostpath.h */
#include "pkg/pod/hostpath.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/runtime/mnt.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

struct type {
	const char *name;
	mode_t kind; /* S_IF..., 0: any */
	bool make_dir, make_file;
};

static const struct type types[] = {
	/* unset: no check; a missing directory is made, as containerd does under a kubelet */
	[PLAN_HOST_PATH_ANY] = {"", 0, true, false},
	[PLAN_HOST_PATH_DIRECTORY_OR_CREATE] = {"DirectoryOrCreate", S_IFDIR, true, false},
	[PLAN_HOST_PATH_DIRECTORY] = {"Directory", S_IFDIR, false, false},
	[PLAN_HOST_PATH_FILE_OR_CREATE] = {"FileOrCreate", S_IFREG, false, true},
	[PLAN_HOST_PATH_FILE] = {"File", S_IFREG, false, false},
	[PLAN_HOST_PATH_SOCKET] = {"Socket", S_IFSOCK, false, false},
	[PLAN_HOST_PATH_CHAR_DEVICE] = {"CharDevice", S_IFCHR, false, false},
	[PLAN_HOST_PATH_BLOCK_DEVICE] = {"BlockDevice", S_IFBLK, false, false},
};

static const char *kind_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFREG:
		return "a regular file";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
		return "a character device";
	case S_IFBLK:
		return "a block device";
	case S_IFIFO:
		return "a FIFO";
	default:
		return "something else";
	}
}

int hostpath_check(const struct plan_volume *v, int fd, struct err *e)
{
	const struct type *t = &types[v->host_path_type];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "hostPath %s", v->host_path);
	if (t->kind && (st.st_mode & S_IFMT) != t->kind)
		return err_set(e, ERR_HOST, "hostPath %s is %s, but its type says %s", v->host_path,
		               kind_name(st.st_mode), t->name);
	return 0;
}

static int make_missing(const struct plan_volume *v, struct err *e)
{
	const struct type *t = &types[v->host_path_type];
	int fd;

	if (t->make_dir)
		return fs_mkdir_p(v->host_path, 0755, e);
	if (!t->make_file) {
		(void)err_sys(e, ENOENT, "hostPath %s (type %s)", v->host_path, t->name);
		return -1;
	}
	fd = open(v->host_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, errno, "hostPath %s: create", v->host_path);
	(void)close(fd);
	return 0;
}

static int open_host(const struct plan_volume *v, struct err *e)
{
	autoclose int fd = open(v->host_path, O_PATH | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		if (make_missing(v, e) < 0)
			return -1;
		fd = open(v->host_path, O_PATH | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, errno, "hostPath %s", v->host_path);
	return hostpath_check(v, fd, e) < 0 ? -1 : take_fd(&fd);
}

static int clone_host(const struct plan_volume *v, int fd, struct err *e)
{
	int tree = mnt_clone(fd, "", true);

	return tree < 0 ? err_sys(e, errno, "hostPath %s: open_tree", v->host_path) : tree;
}

int hostpath_prepare(const struct plan_pod *pod, bool trees, int **ret_fds, size_t *ret_count,
                     struct err *e)
{
	autofree int *fds = trees ? xcalloc(pod->volumes_count + 1, sizeof(*fds)) : NULL;
	size_t n = 0;

	for (uint32_t i = 0; i < pod->volumes_count; i++) {
		const struct plan_volume *v = &pod->volumes[i];
		autoclose int fd = -1;

		if (v->type != PLAN_HOST_PATH)
			continue;
		fd = open_host(v, e);
		if (fd < 0 || (trees && (fds[n] = clone_host(v, fd, e)) < 0)) {
			if (fds)
				fd_close_many(fds, n);
			return err_wrap(e, "pod %s, volume %s", pod->name, v->name);
		}
		n += trees;
	}
	*ret_fds = take_ptr(fds);
	*ret_count = n;
	return 0;
}
