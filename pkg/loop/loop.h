/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - one thread, one epoll
 *
 * A struct source is embedded in its owner; the loop owns no descriptor. A source removed while a
 * batch of events is handled gets none of the rest of that batch. Handlers never block.
 */
#pragma once

#include <sys/epoll.h>

#include "pkg/util/err.h"

struct loop;

struct source {
	int fd;
	uint32_t events;                                  /* EPOLLIN ... as last set */
	void (*ready)(struct source *s, uint32_t events); /* owner by CONTAINER_OF */
	struct loop *loop;                                /* NULL while not in a loop */
};

struct timer {
	struct source src; /* a timerfd of CLOCK_MONOTONIC, made at the first timer_set() */
	void (*fired)(struct timer *t);
};

struct loop {
	int epfd;
	bool stop;
	struct epoll_event batch[64];
	int batch_len, batch_at;
};

int loop_init(struct loop *l, struct err *e);
void loop_done(struct loop *l);
/* Watch s->fd for events (EPOLLIN, EPOLLOUT, EPOLLET ...). */
int loop_add(struct loop *l, struct source *s, uint32_t events, struct err *e);
/* Change what is watched; 0 pauses the source. */
void loop_mod(struct source *s, uint32_t events);
/* Stop watching; fine if it is not in a loop. Does not close the descriptor. */
void loop_del(struct source *s);
/* Handle events until loop_stop(). */
int loop_run(struct loop *l, struct err *e);
/* Handle one batch, waiting at most timeout_ms (-1: for ever). */
int loop_once(struct loop *l, int timeout_ms, struct err *e);
void loop_stop(struct loop *l);

/* Fire once after ms milliseconds (0: at the next turn of the loop); -1 disarms. */
int timer_set_ms(struct loop *l, struct timer *t, int64_t ms, struct err *e);
/* Close the timer; fine on a zeroed one. */
void timer_done(struct timer *t);
