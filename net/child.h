/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - execute a helper program in another network namespace, without waiting for it */
#pragma once

#include "pkg/util/err.h"

struct child {
	const char *path; /* for messages; what is executed if there is no program_fd */
	int program_fd;   /* the program, opened (O_PATH) where we could reach it; -1: none */
	char *const *argv;
	int join_net; /* namespace to run in; -1: ours */
	int show_net; /* namespace to show as a file at show_path, in a mount namespace of the
	                 child's own; -1: none */
	const char *show_dir,
		*show_path; /* an existing directory (covered for the child), and a file in it */
	int output;         /* becomes stdout and stderr; -1: /dev/null */
	int pass, pass_as;  /* one more descriptor and its number there; pass -1: none */
};

/*
 * Start it: signals at their defaults, stdin /dev/null, SIGKILL when we die. Returns the pid,
 * *ret_pidfd is its pidfd. Fails only if there can be no process; one that could not be executed
 * says so in one line on `output` and ends with code 127.
 */
pid_t child_start(const struct child *c, int *ret_pidfd, struct err *e);
