/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mnt.h - mounts as descriptors
 *
 * A mount is made detached (no path sees it), given its attributes, and then moved onto a target
 * that was opened safely: nobody can swap the target in between. <sys/mount.h> is used, never
 * <linux/mount.h> beside it.
 */
#pragma once

#include <sys/mount.h>

#include "pkg/util/err.h"

struct mnt_opt {
	const char *key, *value; /* value NULL: a flag */
};

/* Attributes that every mount of ours has which needs neither devices nor programs. */
#define MNT_PLAIN (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* A new file system, detached; opts ends with a NULL key and may be NULL. */
int mnt_new(const char *type, const struct mnt_opt *opts, unsigned int attrs, struct err *e);
/* A detached copy of what is mounted at path (below dirfd; "" for dirfd itself); -1 with errno set.
 */
int mnt_clone(int dirfd, const char *path, bool recursive);
/* Add attributes (MOUNT_ATTR_*) and make it private; -1 with errno set. */
int mnt_attr(int tree, bool recursive, uint64_t set);
/* Put a detached mount on path below dirfd ("" for dirfd itself), following no link; -1 with errno
 * set. */
int mnt_attach(int tree, int dirfd, const char *path);
/* What the kernel wrote to a file system context, without the letter in front; "" if nothing. */
void mnt_context_message(int fsfd, char *buf, size_t size);
