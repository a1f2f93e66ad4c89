/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.h - find a command in the container's PATH, run it, or say exactly why not */
#pragma once

#include "pkg/util/err.h"

/*
 * execve(argv[0]) by the PATH of env. Returns only on failure, with ERR_WORKLOAD: sys is ENOENT
 * when there is no such command, EACCES or ENOEXEC when there is one that cannot run.
 */
int lookup_exec(char *const *argv, char *const *env, uint32_t uid, struct err *e);
/* Value of a variable in env, NULL if unset. */
const char *lookup_env(char *const *env, const char *name);
/* A new list of the same strings with HOME=home behind them if it is unset: the only thing that an
 * image's passwd file adds to the environment. For a process that goes on to exec. */
char **lookup_env_with_home(char *const *env, const char *home) MUST_USE;
