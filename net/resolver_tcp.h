/* SPDX-License-Identifier: Apache-2.0 */
/* resolver_tcp.h - the resolver's TCP side: a pod asks again by TCP when an answer was cut short */
#pragma once

#include "net/resolver.h"

/* A pod connected: ready() of resolver.tcp. */
void resolver_tcp_accept(struct source *s, uint32_t events);
/* A fresh TCP socket of the host's namespace came in (taken over). */
void resolver_tcp_give(struct resolver *r, int fd);
/* Close what has been idle or has waited too long. */
void resolver_tcp_tick(struct resolver *r, int64_t now);
void resolver_tcp_done(struct resolver *r);
