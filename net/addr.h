/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addr.h - one form for every address: 16 bytes, IPv4 as ::ffff:a.b.c.d
 *
 * So tables, messages and comparisons know a single type; the family comes back only where a socket
 * address is made. Prefix lengths count all 128 bits: 10.244.0.0/24 has length 120.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "pkg/util/base.h"

/* Bytes for any address as text and its NUL. */
#define ADDR_TEXT_SIZE INET6_ADDRSTRLEN

struct addr_prefix {
	struct in6_addr net;
	uint8_t len; /* of 128 */
};

static inline bool addr_is_v4(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a);
}

static inline bool addr_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* True for :: (no address given). */
static inline bool addr_is_unset(const struct in6_addr *a)
{
	return IN6_IS_ADDR_UNSPECIFIED(a);
}

/* Text ("10.0.0.1", "fe80::1") to address; -1 if it is none. */
int addr_parse(const char *text, struct in6_addr *ret);
/* Address to text; returns out. */
const char *addr_text(const struct in6_addr *a, char out[ADDR_TEXT_SIZE]);
/* From an IPv4 address in host byte order. */
struct in6_addr addr_from_v4(uint32_t host_order);
/* The IPv4 part in host byte order. */
uint32_t addr_to_v4(const struct in6_addr *a);

/* Take a socket address apart; -1 if it is neither IPv4 nor IPv6. */
int addr_from_sockaddr(const struct sockaddr_storage *ss, struct in6_addr *ret, uint16_t *ret_port);
/* Make a socket address of the address' own family; returns its length. */
socklen_t addr_to_sockaddr(const struct in6_addr *a, uint16_t port, struct sockaddr_storage *ret);
/* Make a socket address for a socket of this family (AF_INET6 takes IPv4 as mapped). */
socklen_t addr_to_family(const struct in6_addr *a, uint16_t port, int family,
                         struct sockaddr_storage *ret);

/* Prefix from text "10.0.0.0/8"; -1 if it is none. */
int addr_prefix_parse(const char *text, struct addr_prefix *ret);
bool addr_prefix_has(const struct addr_prefix *p, const struct in6_addr *a);
/* True if the two share an address. */
bool addr_prefix_overlap(const struct addr_prefix *a, const struct addr_prefix *b);
/* The prefix length as people write it: of 32 for IPv4. */
int addr_prefix_bits(const struct addr_prefix *p);
/* Address number n of the prefix. */
struct in6_addr addr_nth(const struct addr_prefix *p, uint32_t n);

/*
 * True if a packet of ours may carry this client's address into a pod: a unicast address that is
 * not loopback, link-local or unspecified.
 */
bool addr_is_routable(const struct in6_addr *a);
