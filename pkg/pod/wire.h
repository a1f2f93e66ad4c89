/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - messages on the control socket: one JSON object and some descriptors each
 *
 * A message above CTL_MAX_MESSAGE travels as a sealed memfd (at most WIRE_MAX), announced by
 * {"memfd": true}, as the first of its descriptors. Everything that comes in is hostile.
 */
#pragma once

#include <jansson.h>

#include "pkg/util/err.h"

enum { WIRE_MAX = 16 << 20 };

/* Send msg (taken over, also on failure) with nfds descriptors (loans). -1: e->sys says why. */
int wire_send(int sock, json_t *msg, const int *fds, size_t nfds, struct err *e);
/*
 * Receive one message: 1 with *ret (owned) and *ret_nfds descriptors (the caller's, room for
 * FD_MAX_PASS), 0 at end of file, -1 with e (e->sys EAGAIN: nothing there).
 */
int wire_recv(int sock, json_t **ret, int *fds, size_t *ret_nfds, struct err *e);
/* {"error": {"kind": ..., "sys": ..., "text": ...}} */
json_t *wire_error(const struct err *e);
/* If msg is such an error: fill *e and return true. */
bool wire_is_error(const json_t *msg, struct err *e);
