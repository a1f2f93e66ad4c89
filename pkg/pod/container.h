/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - the life of one container as a table
 *
 * container_next() is pure: what happens in `state` when `event` comes, or NULL if nothing does.
 * The supervisor's run.c performs the actions; only its container_step() changes a state.
 */
#pragma once

#include "pkg/util/base.h"

enum container_state {
	CONTAINER_WAITING,  /* not started yet: network, init containers before it */
	CONTAINER_STARTING, /* cloned; its child is building the root file system */
	CONTAINER_RUNNING,  /* exec succeeded */
	CONTAINER_FAILING,  /* could not be started; its child has yet to be reaped */
	CONTAINER_DEAD,     /* reaped; the restart policy is being asked */
	CONTAINER_BACKOFF,  /* waits for its next start */
	CONTAINER_STOPPING, /* told to end, not reaped yet */
	CONTAINER_DONE,     /* ended, and the policy wants no restart */
	CONTAINER_STOPPED,  /* ended because we were asked to stop it */
	CONTAINER_STATE_COUNT,
};

enum container_event {
	CONTAINER_START,        /* its turn has come */
	CONTAINER_STARTED,      /* the error pipe closed: exec succeeded */
	CONTAINER_START_FAILED, /* the error pipe brought an error, or there is no child at all */
	CONTAINER_EXITED,       /* reaped */
	CONTAINER_RETRY,        /* the policy says: again, later */
	CONTAINER_GIVE_UP,      /* the policy says: no more */
	CONTAINER_STOP,         /* stop, politely */
	CONTAINER_TIMEOUT,      /* back-off or grace period is over */
	CONTAINER_EVENT_COUNT,
};

enum container_action {
	CONTAINER_NOTHING,
	CONTAINER_SPAWN,    /* make the root file system and clone */
	CONTAINER_ANNOUNCE, /* it runs: record it */
	CONTAINER_REPORT,   /* record why it could not be started */
	CONTAINER_DECIDE,   /* record the end, ask the restart policy: RETRY or GIVE_UP */
	CONTAINER_DELAY,    /* arm the back-off timer */
	CONTAINER_TERM,     /* stop signal; the pod's clock runs */
	CONTAINER_KILL,     /* SIGKILL */
	CONTAINER_FINISH,   /* record the end; nothing follows */
	CONTAINER_CANCEL,   /* disarm the timer; nothing ran, nothing follows */
	CONTAINER_ACTION_COUNT,
};

struct container_step {
	enum container_state next;
	enum container_action action;
};

/* NULL: the event means nothing in this state. */
const struct container_step *container_next(enum container_state state, enum container_event event);
/* True for states with a process that must be reaped. */
bool container_has_process(enum container_state state);
/* True for DONE and STOPPED. */
bool container_is_over(enum container_state state);
/* For debug logs. */
const char *container_state_text(enum container_state state);
