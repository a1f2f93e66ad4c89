/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - what a client may ask of a supervisor, decoded and bounded
 *
 *   op       members                                 descriptors
 *   hello    -                                       -                      answer: protocol,
 * project ping     -                                       - wait     - - answer: ready or an
 * error, later fds      -                                       any: kept for the next apply of
 * this connection remove   pods                                    -                      stop and
 * forget these pods apply    add [{pod, listeners, trees}], claims   plan, data, objects, then of
 * each pod its listeners and its hostPath trees stop     grace (-1: each pod's own)              -
 * the whole project exec     pod, container, argv, tty, rows, cols   stdin, stdout, stderr; with
 * tty: a socket for the pty
 *
 *   secrets  -                                       -                      answer: secrets, the
 * Secrets of the newest plan as text (PLAN_DATA_SECRETS)
 *
 * Answers are {"ok": true, ...} or {"error": ...} (wire.h); exec adds {"exit": code} later.
 */
#pragma once

#include <jansson.h>

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum request_op {
	REQUEST_HELLO,
	REQUEST_PING,
	REQUEST_WAIT,
	REQUEST_FDS,
	REQUEST_REMOVE,
	REQUEST_APPLY,
	REQUEST_STOP,
	REQUEST_EXEC,
	REQUEST_SECRETS,
	REQUEST_OP_COUNT,
};

struct request_pod {
	char *name;
	uint32_t listeners, trees; /* descriptors that belong to it */
};

struct request {
	enum request_op op;
	char *pod, *container;
	struct strv argv, pods, claims;
	struct request_pod *add;
	size_t add_count;
	int64_t grace; /* seconds, -1: each pod's own */
	bool tty;
	uint16_t rows, cols;
};

/* Decode one message; ERR_INPUT names the member that is wrong. */
int request_parse(const json_t *msg, struct request *ret, struct err *e);
void request_done(struct request *r);
