/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - the last steps of becoming a container's process, the same for its first process and
 * for exec
 *
 * Order (DESIGN section 10): bounding set, groups, ids; then without no_new_privs the filter while
 * CAP_SYS_ADMIN is effective and the capabilities after it, with it the filter last.
 */
#pragma once

#include "pkg/runtime/user.h"

struct process {
	char *const *argv, *const *env;
	const struct user_ids *who;
	uint64_t caps;
	bool no_new_privs, no_seccomp;
	uint64_t nofile;  /* soft limit of descriptors, 0: 1024 */
	int cwd_fd;       /* opened inside the container's root */
	const int *gate;  /* as in struct spawn_spec; NULL: execute at once */
	int in, out, err; /* become 0, 1, 2 */
	int tty;          /* controlling terminal, -1: none; is in, out and err too */
};

/* Open cwd inside the container's root; make: with missing parts. An O_PATH descriptor. */
int process_open_cwd(int rootfd, const char *cwd, bool make, struct err *e);
/* Session, descriptors, limits, signals, identity, capabilities, filter, exec. Returns only with an
 * error. */
int process_become(const struct process *p, struct err *e);
