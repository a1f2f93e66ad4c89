/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.c - overlay mounts without a path; see rootfs.h
 *
 * Theory of operation: new kernels (6.13) take every directory as a descriptor. Older ones, such as
 * Debian 12's, know only one string of options, at most a page long, so each directory is named
 * /proc/self/fd/N: 127 layers fit. That old call can only mount on a path, so the mount goes onto a
 * directory of our own beside the work directory's content, is copied from there as a detached
 * mount, and taken away again.
 */
#include "pkg/runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/runtime/mnt.h"
#include "pkg/util/log.h"
#include "pkg/util/str.h"

enum { OPTIONS_MAX = 4095 };

static const char mount_point[] = "kubeplay-mnt"; /* in the work directory */

static int set_dirs(int fsfd, const int *layers, size_t count, int upper, int work)
{
	for (size_t i = 0; i < count; i++)
		if (fsconfig(fsfd, FSCONFIG_SET_FD, "lowerdir+", NULL, layers[i]) < 0)
			return -1;
	if (upper < 0)
		return 0;
	if (fsconfig(fsfd, FSCONFIG_SET_FD, "upperdir", NULL, upper) < 0 ||
	    fsconfig(fsfd, FSCONFIG_SET_FD, "workdir", NULL, work) < 0)
		return -1;
	return fsconfig(fsfd, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
}

/* Returns the mount, -1 with *e set, or -2: this kernel cannot. */
static int overlay_by_fd(const int *layers, size_t count, int upper, int work, struct err *e)
{
	autoclose int fsfd = fsopen("overlay", FSOPEN_CLOEXEC);
	char text[200];
	int fd;

	if (fsfd < 0)
		return err_sys(e, errno, "overlay");
	if (set_dirs(fsfd, layers, count, upper, work) < 0) {
		if (errno == EINVAL || errno == EOPNOTSUPP)
			return -2;
		return err_sys(e, errno, "overlay");
	}
	(void)fsconfig(fsfd, FSCONFIG_SET_STRING, "source", "overlay", 0);
	if (fsconfig(fsfd, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
	    fsconfig(fsfd, FSCONFIG_SET_STRING, "index", "off", 0) < 0 ||
	    fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		int saved = errno;

		mnt_context_message(fsfd, text, sizeof(text));
		return err_sys(e, saved, "overlay of %zu layers%s%s", count, text[0] ? ": " : "",
		               text);
	}
	fd = fsmount(fsfd, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? err_sys(e, errno, "overlay: fsmount") : fd;
}

static int option_text(const int *layers, size_t count, int upper, int work, struct strbuf *out,
                       struct err *e)
{
	strbuf_adds(out, "userxattr,index=off,");
	if (upper >= 0)
		strbuf_addf(out, "volatile,upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d,",
		            upper, work);
	strbuf_adds(out, "lowerdir=");
	for (size_t i = 0; i < count; i++)
		strbuf_addf(out, "%s/proc/self/fd/%d", i ? ":" : "", layers[i]);
	if (out->overflow)
		return err_set(e, ERR_UNSUPPORTED, "%zu layers are too many for this kernel",
		               count);
	return 0;
}

static int overlay_by_name(const int *layers, size_t count, int upper, int work, struct err *e)
{
	autostrbuf struct strbuf options = STRBUF_MAX(OPTIONS_MAX);
	char path[64];
	int tree, saved;

	if (option_text(layers, count, upper, work, &options, e) < 0)
		return -1;
	if (mkdirat(work, mount_point, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "overlay: mkdir %s", mount_point);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", work, mount_point);
	if (mount("overlay", path, "overlay", 0, options.s) < 0)
		return err_sys(e, errno, "overlay of %zu layers", count);
	tree = mnt_clone(work, mount_point, false);
	saved = errno;
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlinkat(work, mount_point, AT_REMOVEDIR);
	return tree < 0 ? err_sys(e, saved, "overlay: open_tree") : tree;
}

/* Overlay wants two layers, or an upper; a single read-only one is a plain bind. */
static int bind_layer(int layer, struct err *e)
{
	int tree = mnt_clone(layer, "", false);

	if (tree < 0)
		return err_sys(e, errno, "open_tree of the only layer");
	if (mnt_attr(tree, false, MOUNT_ATTR_RDONLY) < 0) {
		int saved = errno;

		(void)close(tree);
		return err_sys(e, saved, "make the only layer read-only");
	}
	return tree;
}

int rootfs_overlay(const int *layer_fds, size_t layer_count, int upper_fd, int work_fd,
                   struct err *e)
{
	const char *how =
		getenv("KUBEPLAY_OVERLAY"); /* "mount": tests of the old way on new kernels */
	int fd = -2;

	if (!layer_count)
		return err_set(e, ERR_IMAGE, "the image has no layers");
	if (upper_fd < 0 && layer_count == 1)
		return bind_layer(layer_fds[0], e);
	if (!how || !streq(how, "mount"))
		fd = overlay_by_fd(layer_fds, layer_count, upper_fd, work_fd, e);
	if (fd != -2)
		return fd;
	if (upper_fd < 0)
		return err_set(e, ERR_HOST, "a read-only overlay needs Linux 6.13");
	log_debug("overlay: by name");
	return overlay_by_name(layer_fds, layer_count, upper_fd, work_fd, e);
}
