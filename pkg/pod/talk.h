/* SPDX-License-Identifier: Apache-2.0 */
/* talk.h - waiting for messages of a supervisor, with a deadline and Ctrl-C; used by up, down,
 * client */
#pragma once

#include <jansson.h>
#include <signal.h>

#include "pkg/util/err.h"

/* SIGINT, SIGTERM and SIGHUP as a descriptor for as long as an operation must be undone by them. */
struct talk_signals {
	int fd;
	sigset_t old;
};

int talk_signals_begin(struct talk_signals *s, struct err *e);
void talk_signals_end(struct talk_signals *s);
/*
 * Wait for the next message: 1 with *ret (owned), 0 at end of file, -1 with e: what the message
 * said
 * ({"error": ...}), ERR_TIMEOUT after deadline (monotonic ms, -1: none), ERR_INTERRUPTED when sigfd
 * (-1: none) reports a signal. Descriptors that come along are closed.
 */
int talk_next(int sock, int sigfd, int64_t deadline, json_t **ret, struct err *e);
/* Send a request and wait for {"ok": true ...}, which is returned if ret is not NULL. */
int talk_call(int sock, int sigfd, int64_t deadline, json_t *request, json_t **ret, struct err *e);
