/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.h - the pods' name server: own names answered, everything else passed to the host's
 *
 * Runs in kubeplay-net. Upstream sockets belong to the host's network namespace: the supervisor
 * makes them and passes them here (resolver_give). A socket serves one query at a time; before each
 * it is disconnected and connected again, so every query has a source port and an id of its own.
 */
#pragma once

#include "net/control.h"
#include "net/dns.h"
#include "pkg/loop/loop.h"

enum {
	RESOLVER_MAX_QUERIES = 256, /* forwarded at a time */
	RESOLVER_MAX_CLIENTS = 32,  /* TCP connections of pods */
	RESOLVER_POD_QUERIES = 64,  /* forwarded for one pod */
	RESOLVER_POD_CLIENTS = 8,   /* connections of one pod */
	RESOLVER_TRY_MS = 1500,     /* then the next upstream is asked as well */
	RESOLVER_TIMEOUT_MS = 5000, /* then SERVFAIL */
	RESOLVER_IDLE_MS = 10000,   /* of a TCP connection */
	RESOLVER_TICK_MS = 250,
};

struct forwarded; /* one query over UDP that waits for its answer */
struct tcp_client;

struct resolver {
	struct loop *loop;
	struct dns_names names;
	struct control_upstreams upstreams;
	struct addr_prefix clients; /* only these are served */
	struct in6_addr self;
	struct source udp, tcp;
	struct timer tick;
	bool ticking;
	struct forwarded *queries; /* doubly linked */
	struct tcp_client *conns;
	size_t query_count, conn_count;
	int free_udp[RESOLVER_MAX_QUERIES];
	size_t free_udp_count, udp_total;
	/* Ask the supervisor for sockets: CONTROL_WANT_UDP or CONTROL_WANT_TCP. */
	void (*want)(void *arg, enum control_type what, uint32_t count);
	void *want_arg;
	bool udp_wanted;
	uint8_t *buf; /* DNS_MAX_UDP bytes */
};

/* Bind gateway:53 for UDP and TCP; before privileges are dropped. clients: who is answered. */
int resolver_init(struct resolver *r, struct loop *l, const struct control_config *c,
                  struct err *e);
void resolver_done(struct resolver *r);
/* A socket of the host's namespace (taken over); what: CONTROL_UDP_SOCKETS or CONTROL_TCP_SOCKETS.
 */
void resolver_give(struct resolver *r, enum control_type what, int fd);
void resolver_set_upstreams(struct resolver *r, const struct control_upstreams *u);

/* Inside the resolver: fill *ret with upstream number i (modulo) for a socket; its length. */
socklen_t resolver_upstream(const struct resolver *r, uint32_t i, int fd,
                            struct sockaddr_storage *ret);
/* Inside the resolver: a random number for ids. */
uint16_t resolver_random(void);
/* Make sure the tick runs while something waits. */
void resolver_arm(struct resolver *r);
