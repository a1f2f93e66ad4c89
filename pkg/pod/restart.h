/* SPDX-License-Identifier: Apache-2.0 */
/* restart.h - does a dead container start again, and when? Pure: time comes in as a number */
#pragma once

#include "pkg/plan/plan.h"

/* The waits between restarts: initial, doubling up to cap; a run of reset_ms or more is forgiven.
 */
struct restart_curve {
	int64_t initial_ms, cap_ms, reset_ms;
};

/* One per container; zero is "never crashed". */
struct restart {
	unsigned int streak;
};

/* The kubelet's curve, or KUBEPLAY_BACKOFF_MS=initial,cap (for tests) when text is not NULL and
 * valid. */
struct restart_curve restart_curve(const char *text);
/*
 * Milliseconds until the next start, 0 for at once (the first crash in a row), or -1 if the policy
 * wants none. failed: exit code not 0. Init containers: give PLAN_RESTART_ON_FAILURE for Always.
 */
int64_t restart_after(struct restart *r, const struct restart_curve *c, enum plan_restart policy,
                      bool failed, int64_t ran_ms);
