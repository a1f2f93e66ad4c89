/* SPDX-License-Identifier: Apache-2.0 */
/* forward_tcp.h - TCP connections of forward.h */
#pragma once

#include "net/forward.h"

/* Options of a listener that its connections inherit: keep-alive, no delay. */
void forward_tcp_prepare(int fd);
/* ready() of a TCP listener. */
void forward_tcp_accept(struct source *s, uint32_t events);
/* Reset every connection of a listener. */
void forward_tcp_drop(struct listener *l);
/* Give each runnable connection one turn. */
void forward_tcp_turn(struct forward *f);
/* Reset connections that were closed in one direction and have been silent for too long. */
void forward_tcp_sweep(struct listener *l, int64_t now_s);
/* Close the pooled pipes. */
void forward_tcp_done(struct forward *f);
