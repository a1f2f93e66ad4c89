/* SPDX-License-Identifier: Apache-2.0 */
/* forward_udp.h - UDP flows of forward.h */
#pragma once

#include "net/forward.h"

/* Make a socket ready to tell which address was asked. */
void forward_udp_prepare(int fd, int family);
/* ready() of a UDP listener. */
void forward_udp_ready(struct source *s, uint32_t events);
/* End every flow of a listener. */
void forward_udp_drop(struct listener *l);
/* End flows that have been silent for too long. */
void forward_udp_sweep(struct forward *f, int64_t now_s);
void forward_udp_done(struct forward *f);
