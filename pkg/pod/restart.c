/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart.c - does a dead container start again, and when?
 *
 * Theory of operation: the supervisor asks once per exit. The first crash in a row restarts at
 * once, as under a kubelet; each further one waits, doubling from initial to cap; a run of reset_ms
 * or more is forgiven and starts over. No clock is read here, so a test replays a day of crashes.
 */
#include "pkg/pod/restart.h"

static const struct restart_curve kubelet = {10000, 300000, 600000};

/* [policy][failed] */
static const bool wanted[][2] = {
	[PLAN_RESTART_ALWAYS] = {true, true},
	[PLAN_RESTART_ON_FAILURE] = {false, true},
	[PLAN_RESTART_NEVER] = {false, false},
};

struct restart_curve restart_curve(const char *text)
{
	struct restart_curve c = kubelet;
	char first[24];
	const char *comma = text ? strchr(text, ',') : NULL;

	if (!comma || (size_t)(comma - text) >= sizeof(first))
		return kubelet;
	memcpy(first, text, (size_t)(comma - text));
	first[comma - text] = '\0';
	if (str_parse_int(first, 1, kubelet.cap_ms, &c.initial_ms) < 0 ||
	    str_parse_int(comma + 1, c.initial_ms, kubelet.cap_ms, &c.cap_ms) < 0)
		return kubelet;
	return c;
}

int64_t restart_after(struct restart *r, const struct restart_curve *c, enum plan_restart policy,
                      bool failed, int64_t ran_ms)
{
	int64_t wait = 0;

	if (!wanted[policy][failed])
		return -1;
	if (ran_ms >= c->reset_ms)
		r->streak = 0;
	if (r->streak > 0) {
		wait = c->initial_ms;
		for (unsigned int i = 1; i < r->streak && wait < c->cap_ms; i++)
			wait *= 2;
	}
	r->streak++;
	return MIN(wait, c->cap_ms);
}
