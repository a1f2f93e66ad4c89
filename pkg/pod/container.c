/* SPDX-License-Identifier: Apache-2.0 */
/* container.c - the life of one container as a table; see container.h */
#include "pkg/pod/container.h"

struct cell {
	bool used;
	struct container_step step;
};

/* clang-format off */
#define GO(to, what) {true, {CONTAINER_##to, CONTAINER_##what}}
static const struct cell table[CONTAINER_STATE_COUNT][CONTAINER_EVENT_COUNT] = {
	[CONTAINER_WAITING] = {
		[CONTAINER_START]        = GO(STARTING, SPAWN),
		[CONTAINER_STOP]         = GO(STOPPED,  CANCEL),
	},
	[CONTAINER_STARTING] = {
		[CONTAINER_STARTED]      = GO(RUNNING,  ANNOUNCE),
		[CONTAINER_START_FAILED] = GO(FAILING,  REPORT),
		[CONTAINER_STOP]         = GO(STOPPING, KILL),
	},
	[CONTAINER_RUNNING] = {
		[CONTAINER_EXITED]       = GO(DEAD,     DECIDE),
		[CONTAINER_STOP]         = GO(STOPPING, TERM),
	},
	[CONTAINER_FAILING] = {
		[CONTAINER_EXITED]       = GO(DEAD,     DECIDE),
		[CONTAINER_STOP]         = GO(STOPPING, KILL),
	},
	[CONTAINER_DEAD] = {
		[CONTAINER_RETRY]        = GO(BACKOFF,  DELAY),
		[CONTAINER_GIVE_UP]      = GO(DONE,     NOTHING),
	},
	[CONTAINER_BACKOFF] = {
		[CONTAINER_TIMEOUT]      = GO(STARTING, SPAWN),
		[CONTAINER_STOP]         = GO(STOPPED,  CANCEL),
	},
	[CONTAINER_STOPPING] = {
		[CONTAINER_STARTED]      = GO(STOPPING, ANNOUNCE),
		[CONTAINER_START_FAILED] = GO(STOPPING, REPORT),
		[CONTAINER_EXITED]       = GO(STOPPED,  FINISH),
		[CONTAINER_TIMEOUT]      = GO(STOPPING, KILL),
	},
	[CONTAINER_DONE] = {
		[CONTAINER_STOP]         = GO(STOPPED,  NOTHING),
	},
};
#undef GO
/* clang-format on */

const struct container_step *container_next(enum container_state state, enum container_event event)
{
	const struct cell *c = &table[state][event];

	return c->used ? &c->step : NULL;
}

bool container_has_process(enum container_state state)
{
	return state == CONTAINER_STARTING || state == CONTAINER_RUNNING ||
	       state == CONTAINER_FAILING || state == CONTAINER_STOPPING;
}

bool container_is_over(enum container_state state)
{
	return state == CONTAINER_DONE || state == CONTAINER_STOPPED;
}

const char *container_state_text(enum container_state state)
{
	static const char *const names[CONTAINER_STATE_COUNT] = {
		[CONTAINER_WAITING] = "waiting",   [CONTAINER_STARTING] = "starting",
		[CONTAINER_RUNNING] = "running",   [CONTAINER_FAILING] = "failing",
		[CONTAINER_DEAD] = "dead",         [CONTAINER_BACKOFF] = "back-off",
		[CONTAINER_STOPPING] = "stopping", [CONTAINER_DONE] = "done",
		[CONTAINER_STOPPED] = "stopped",
	};

	return names[state];
}
