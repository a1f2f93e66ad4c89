/* SPDX-License-Identifier: Apache-2.0 */
/* subnet.h - which networks a project uses: such that no route of the host touches them */
#pragma once

#include "net/addr.h"
#include "pkg/util/err.h"

/* Places in the subnets. */
enum { SUBNET_GATEWAY = 1, SUBNET_FIRST_POD = 2, SUBNET_TAP_GATEWAY = 2, SUBNET_TAP_SELF = 100 };

struct subnets {
	struct addr_prefix pods;  /* 10.244.0.0/24: bridge .1, pods from .2 */
	struct addr_prefix pods6; /* fd00:6b70:xxxx:xxxx::/64 */
	struct addr_prefix tap;   /* 10.0.2.0/24: uplink .2, we .100 */
};

/*
 * Choose subnets that overlap none of the taken prefixes (routes and addresses of the host;
 * default-like routes shorter than /8 are ignored). The pod subnet has room for twice the pods. The
 * IPv6 prefix comes from seed, so that a project keeps it.
 */
int subnet_choose(const struct addr_prefix *taken, size_t count, size_t pods, uint64_t seed,
                  struct subnets *ret, struct err *e);
/* How many pods fit. */
uint32_t subnet_capacity(const struct subnets *s);
