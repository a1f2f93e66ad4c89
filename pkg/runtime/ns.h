/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ns.h - namespaces as descriptors, made without keeping a process alive
 *
 * ns_make(): a clone(CLONE_VM | CLONE_VFORK | CLONE_FILES | flags) child makes new namespaces, runs
 * in_ns(arg) there (small things only: sysctls, sethostname, sockets - it shares our memory and
 * descriptor table), opens /proc/self/ns/... into the shared table and exits. 0.5-0.8 ms.
 */
#pragma once

#include "pkg/util/err.h"

struct ns_set {
	int net, ipc, uts; /* -1 where not made */
};

/* flags: CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS. in_ns may be NULL; its -1 (with *e) fails the
 * call. */
int ns_make(int flags, int (*in_ns)(void *arg, struct err *e), void *arg, struct ns_set *ret,
            struct err *e);
/* Run in_ns(arg) in a CLONE_VM | CLONE_VFORK | CLONE_FILES child that joined the namespace(s) of fd
 * (setns). */
int ns_join_run(int nsfd, int nstype, int (*in_ns)(void *arg, struct err *e), void *arg,
                struct err *e);
void ns_close(struct ns_set *s);
