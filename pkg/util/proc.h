/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - processes: identified by pidfd, or by pid and start time across program runs
 */
#pragma once

#include "pkg/util/err.h"

/* clone3(2) like fork(): returns 0 in the child, the pid in the parent (*ret_pidfd is its pidfd),
 * or -1. */
pid_t proc_clone(uint64_t flags, int *ret_pidfd);
/* pidfd_open(2); -1 with errno set. */
int proc_pidfd(pid_t pid);
/* Send a signal by pidfd; -1 with errno set (ESRCH: it has ended). */
int proc_signal(int pidfd, int sig);
/* Wait until the process has ended, at most timeout_ms (-1: for ever). 1 ended, 0 time-out. No
 * reaping. */
int proc_wait_end(int pidfd, int timeout_ms);
/* waitid(P_PIDFD): reap a child, returns its exit code, or 128 + signal; -1 with errno set. */
int proc_reap(int pidfd);
/* Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat); 0 if there is
 * none. */
uint64_t proc_start_time(pid_t pid);

struct proc_cmd {
	const char *const *argv; /* argv[0] is looked up in PATH unless it has a slash */
	const char *const *env;  /* NULL: ours */
	int in, out, err;        /* 0 or below: /dev/null for in, ours for out and err */
};

/* vfork-like start of a helper program with default signals; returns its pid and pidfd in
 * *ret_pidfd. */
pid_t proc_spawn(const struct proc_cmd *cmd, int *ret_pidfd, struct err *e);
/*
 * Run a helper program to its end; its stderr is captured (at most 4 KiB) and goes into the error
 * text when it exits non-zero. Returns its exit code, or -1 if it could not be run.
 */
int proc_run(const char *const *argv, char **ret_stderr, struct err *e);
/* Full path of a program in PATH (plus /usr/sbin, /sbin, /usr/local/bin), or NULL. Owned. */
char *proc_find(const char *name);
