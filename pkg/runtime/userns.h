/* SPDX-License-Identifier: Apache-2.0 */
/*
 * userns.h - make a user namespace and fill its maps
 *
 * newuidmap and newgidmap run in parallel (they are the largest single cost of a start: 2-3 ms).
 * The new process waits on a pipe until its maps are written (userns_wait_mapped), or does what
 * needs no map first.
 */
#pragma once

#include "pkg/runtime/idmap.h"

struct userns_mapping {
	pid_t uid_pid, gid_pid; /* the helpers; 0 when written directly */
	int uid_pidfd, gid_pidfd;
	int err_fds[2]; /* their stderr */
};

/* Begin mapping the user namespace of process pid; returns at once. */
int userns_map_start(const struct idmap *m, pid_t pid, struct userns_mapping *ret, struct err *e);
/* Wait for both; errors name the tool, its message and the fix (usermod --add-subuids ..., ENOSPC:
 * sysctl). */
int userns_map_finish(struct userns_mapping *w, struct err *e);
/* Both in one. */
int userns_map(const struct idmap *m, pid_t pid, struct err *e);

/* Explain why clone3(CLONE_NEWUSER) failed with this errno: sysctls, AppArmor, max_user_namespaces,
 * nesting. */
int userns_explain(int num, struct err *e);

/*
 * Fork a child in a new, mapped user namespace (and mount namespace) as its uid and gid 0, and run
 * fn(arg) there; its return value is the exit code. Returns the child's pid, *ret_pidfd its pidfd.
 * Descriptors are inherited as in fork(); PR_SET_PDEATHSIG SIGKILL is set. Used for kubeplay-image,
 * for removing what sub-ids own, for the storage probe and for `unshare`.
 */
pid_t userns_fork(const struct idmap *m, uint64_t clone_flags, int (*fn)(void *arg), void *arg,
                  int *ret_pidfd, struct err *e);
/* userns_fork and wait; fn reports failure through *child_err (sent over a pipe). */
int userns_run(const struct idmap *m, int (*fn)(void *arg, struct err *e), void *arg,
               struct err *e);
/*
 * The same, with early(arg) run before: in the new mount namespace, mapped, but still with your
 * identity, which can open your own closed directories as well as those of mapped ids. Open there
 * what must belong to a mount of that namespace.
 */
int userns_run_early(const struct idmap *m, int (*early)(void *arg, struct err *e),
                     int (*fn)(void *arg, struct err *e), void *arg, struct err *e);
/* rm -r of name below dirfd in such a child. */
int userns_remove_tree(const struct idmap *m, int dirfd, const char *name, struct err *e);
