/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - the one error value of the program
 *
 * The caller puts a zeroed struct err on its stack and lends it down as the last parameter. It owns
 * no memory: nothing to free, valid across fork(), and a container's set-up child sends it to its
 * parent in one write(). Functions return 0 or more on success and -1 with *e filled on failure.
 *
 * The kind picks the exit code of the command line (err_exit_code, DESIGN section 8).
 */
#pragma once

#include "pkg/util/base.h"

enum err_kind {
	ERR_NONE,
	ERR_WORKLOAD,    /* a container failed, crashed, or could not be started: exit 1 */
	ERR_ABSENT,      /* the named object does not exist: exit 1 */
	ERR_USAGE,       /* wrong options: exit 2 */
	ERR_INPUT,       /* a file of the user is wrong: exit 3 */
	ERR_UNSUPPORTED, /* right, but not supported here: exit 3 */
	ERR_IMAGE,       /* an image cannot be had: exit 4 */
	ERR_HOST,    /* this machine refuses: user namespace, cgroup, network, storage: exit 5 */
	ERR_TIMEOUT, /* took longer than allowed: exit 6 */
	ERR_INTERRUPTED, /* the user pressed Ctrl-C: exit 130 */
	ERR_KIND_COUNT,
};

struct err {
	enum err_kind kind;
	int sys; /* errno, or 0 */
	char msg[1000];
};
_Static_assert(sizeof(struct err) <= 4096, "struct err must travel in one write() (PIPE_BUF)");

/* Fill *e (first error wins is the caller's business) and return -1, so `return err_set(...)` is
 * one step. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
/* The same for ERR_HOST with ": strerror(num)" added and e->sys = num. */
int err_sys(struct err *e, int num, const char *fmt, ...) PRINTF(3, 4);
/* The same with a kind of your choice. */
int err_sys_kind(struct err *e, enum err_kind kind, int num, const char *fmt, ...) PRINTF(4, 5);
/* Put "context: " in front of an error that is already set; keeps kind and sys; returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* Put a line "\n  hint" behind the message: the fix, in words a user can act on; returns -1. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/*
 * Compilers and analysers see here what they cannot see in another file: that these return -1, so
 * that the caller of a function which failed does not use what it did not give.
 */
#define err_set(...)      (err_set(__VA_ARGS__), -1)
#define err_sys(...)      (err_sys(__VA_ARGS__), -1)
#define err_sys_kind(...) (err_sys_kind(__VA_ARGS__), -1)
#define err_wrap(...)     (err_wrap(__VA_ARGS__), -1)
#define err_hint(...)     (err_hint(__VA_ARGS__), -1)

/* The documented exit code for e->kind. */
int err_exit_code(const struct err *e);
