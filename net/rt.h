/* SPDX-License-Identifier: Apache-2.0 */
/* rt.h - one address, route, rule or link change over a routing socket (with netns.c, all of
 * libnl) */
#pragma once

#include "net/addr.h"
#include "pkg/util/err.h"

struct nl_addr;
struct nl_sock;

/* Fill *e from an error of libnl; sys is EOPNOTSUPP or EEXIST where it is that. Returns -1. */
int rt_fail(struct err *e, int r, const char *what);
/* A libnl socket around a routing socket made elsewhere (taken over, also on failure); NULL on
 * error. */
struct nl_sock *rt_adopt(int fd, struct err *e);
/* libnl's form of an address, and of the link-layer address of a place in the pod subnet. */
struct nl_addr *rt_addr(const struct in6_addr *a, int bits);
struct nl_addr *rt_mac(uint32_t number);

int rt_address(struct nl_sock *sk, int ifindex, const struct in6_addr *a, int bits, struct err *e);

struct rt_route {
	struct addr_prefix to;
	const struct in6_addr *via; /* NULL: none */
	int ifindex;
	uint32_t table;
	uint8_t type;
};

int rt_route(struct nl_sock *sk, const struct rt_route *w, struct err *e);
/* What carries NFT_MARK is looked up in NETNS_TABLE. */
int rt_rule(struct nl_sock *sk, int family, struct err *e);
/* Index of a link by name; -1 if there is none. */
int rt_find(struct nl_sock *sk, const char *name, struct err *e);
/* Set a link up; mtu 0 leaves it. */
int rt_up(struct nl_sock *sk, int index, unsigned mtu, struct err *e);
