/* SPDX-License-Identifier: Apache-2.0 */
/* mnt.c - the mount system calls of Linux 5.2 and 5.12; see mnt.h */
#include "pkg/runtime/mnt.h"

#include <errno.h>
#include <fcntl.h>

void mnt_context_message(int fsfd, char *buf, size_t size)
{
	ssize_t n = read(fsfd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (n > 2 && buf[1] == ' ')
		memmove(buf, buf + 2, (size_t)n - 1);
	buf[strcspn(buf, "\n")] = '\0';
}

static int context_error(int fsfd, int num, const char *type, const char *what, struct err *e)
{
	char text[200];

	mnt_context_message(fsfd, text, sizeof(text));
	if (text[0])
		return err_sys(e, num, "mount %s: %s (%s)", type, what, text);
	return err_sys(e, num, "mount %s: %s", type, what);
}

int mnt_new(const char *type, const struct mnt_opt *opts, unsigned int attrs, struct err *e)
{
	autoclose int fsfd = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (fsfd < 0)
		return err_sys(e, errno, "mount %s: fsopen", type);
	/* The name that /proc/mounts shows; a file system without one is called "none". */
	(void)fsconfig(fsfd, FSCONFIG_SET_STRING, "source", type, 0);
	for (; opts && opts->key; opts++) {
		unsigned int how = opts->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(fsfd, how, opts->key, opts->value, 0) < 0)
			return context_error(fsfd, errno, type, opts->key, e);
	}
	if (fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return context_error(fsfd, errno, type, "create", e);
	fd = fsmount(fsfd, FSMOUNT_CLOEXEC, attrs);
	return fd < 0 ? context_error(fsfd, errno, type, "fsmount", e) : fd;
}

int mnt_clone(int dirfd, const char *path, bool recursive)
{
	return open_tree(dirfd, path,
	                 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW |
	                         (path[0] ? 0u : AT_EMPTY_PATH) | (recursive ? AT_RECURSIVE : 0u));
}

int mnt_attr(int tree, bool recursive, uint64_t set)
{
	struct mount_attr attr = {.attr_set = set, .propagation = MS_PRIVATE};

	return mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr,
	                     sizeof(attr));
}

int mnt_attach(int tree, int dirfd, const char *path)
{
	return move_mount(tree, "", dirfd, path,
	                  MOVE_MOUNT_F_EMPTY_PATH | (path[0] ? 0u : MOVE_MOUNT_T_EMPTY_PATH));
}
