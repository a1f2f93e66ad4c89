/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup.h - what the steps of a container's set-up share
 *
 * Lives in the set-up child only; descriptors are never closed one by one: exec does that.
 */
#pragma once

#include "pkg/runtime/spawn.h"
#include "pkg/runtime/user.h"

struct setup {
	const struct spawn_spec *s;
	struct user_ids who;
	int *trees;                  /* the volumes, detached, as in s->mounts */
	int shm_tree;                /* -1: a tmpfs of its own */
	int sys_tree;                /* the host's /sys, -1: a new one */
	int root_fd;                 /* root of the container */
	int proc_fd, sys_fd, dev_fd; /* roots of its own kernel file systems */
	int null_fd;                 /* its /dev/null, verified: what masks files */
	int pty_fd;                  /* the slave of its terminal, -1: none */
	int cwd_fd;
};

/* dev.c: /dev with its nodes, links, pts, shm, mqueue, and the terminal. */
int dev_mount(struct setup *st, struct err *e);
/* kernfs.c: /proc, /sys, /sys/fs/cgroup; then what of them is hidden or read-only. */
int kernfs_mount(struct setup *st, struct err *e);
int kernfs_protect(struct setup *st, struct err *e);
/* Open (making it if need be) a directory of the image's root that must not be a link. */
int setup_open_root_dir(struct setup *st, const char *name, struct err *e);
