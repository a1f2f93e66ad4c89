/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minder.h - a helper process that is started again when it ends
 *
 * Watched by pidfd in the supervisor's loop. Its output is read so that it never blocks, and the
 * last line of it explains its end. Three tries in a row with growing pauses; one that stayed up
 * for a minute is forgiven. Whoever reaps it (the supervisor is an init) does not matter here.
 */
#pragma once

#include "pkg/loop/loop.h"

enum minder_state { MINDER_OFF, MINDER_STARTING, MINDER_UP, MINDER_PAUSED, MINDER_FAILED };

struct minder {
	const char *name; /* of the program, for messages */
	struct loop *loop;
	struct source process, output;
	struct timer again;
	enum minder_state state;
	int tries;
	int64_t up_ms;
	char line[240]; /* last line of output */
	size_t line_len;
	bool line_ended;
	char why[400]; /* why it is not up */
	/* Execute the program with this output; gives its pidfd, or -1. */
	int (*start)(struct minder *m, int output, struct err *e);
	/* The process has ended (or its state changed otherwise); `state` and `why` tell. */
	void (*changed)(struct minder *m);
};

/* Start; failures end in MINDER_PAUSED or MINDER_FAILED, never here. name, start, changed are set.
 */
void minder_start(struct minder *m, struct loop *l);
/* The program said that it is ready. */
void minder_up(struct minder *m);
/* SIGTERM and forget. */
void minder_stop(struct minder *m);
