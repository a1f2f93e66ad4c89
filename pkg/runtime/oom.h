/* SPDX-License-Identifier: Apache-2.0 */
/* oom.h - who dies first when memory runs out */
#pragma once

#include "pkg/util/err.h"

/* Raise this process's oom_score_adj to adj; never lowers it, which would need a privilege of the
 * host. */
int oom_raise(int adj, struct err *e);
/* Raise it to that of another process of our pid namespace. */
int oom_follow(pid_t pid, struct err *e);
