/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - a pod's state in one word, as kubectl says it */
#pragma once

#include "pkg/state/state.h"

enum { STATUS_WORD_SIZE = 80 };

struct status {
	char word[STATUS_WORD_SIZE]; /* Running, Completed, CrashLoopBackOff, Init:0/1 ... */
	unsigned int ready, total;   /* containers, without the init containers */
	int64_t restarts;
	int64_t last_restart_ns; /* end of the latest run before a restart; 0: none */
};

/* What `kubectl get pods` would show. */
void status_of_pod(const struct state_pod *pod, struct status *ret);
/* The same for one container: Running, Completed, Error, Waiting or the reason of waiting. */
void status_of_container(const struct state_container *c, char word[STATUS_WORD_SIZE]);
