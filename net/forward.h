/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.h - published ports: from listeners of the host's namespace into pods
 *
 * Runs in kubeplay-net, which lives in the holder namespace; the listeners were made in the host's
 * and stay there. A connection to a pod is made from the client's own address (IP_TRANSPARENT)
 * wherever a reply can find its way back; otherwise the pod sees the bridge's gateway.
 *
 * forward.c keeps the listeners, forward_tcp.c and forward_udp.c what comes through them.
 */
#pragma once

#include "net/control.h"
#include "pkg/loop/loop.h"

enum {
	FORWARD_MAX_FLOWS = 4096, /* UDP */
	FORWARD_FLOW_BUCKETS = 1024,
	FORWARD_FLOW_NEW_S = 60,      /* idle time of a flow that the pod never answered */
	FORWARD_FLOW_SEEN_S = 180,    /* and of one that it did */
	FORWARD_HALF_CLOSED_S = 3600, /* idle time of a TCP connection closed in one direction */
	FORWARD_SWEEP_MS = 10000,
	FORWARD_PAUSE_MS = 100, /* no accept() for so long when descriptors ran out */
	FORWARD_POOL = 32,      /* pipes kept for the next transfer */
};

struct forward;
struct conn;
struct flow;

/* One published port. */
struct listener {
	struct source src;
	struct listener *next;
	struct forward *f;
	uint32_t id;
	int family; /* of the socket */
	struct control_listen to;
	struct conn *conns; /* TCP, doubly linked */
};

struct forward {
	struct loop *loop;
	struct control_config cfg;
	struct listener *listeners;
	struct timer sweep, pause;
	bool sweeping;
	int64_t now_s; /* as of the last sweep or new entry: cheap time stamps */
	/* TCP */
	size_t conns, max_conns;
	struct conn *runnable; /* had more to do than its turn allowed */
	int pool[FORWARD_POOL][2];
	size_t pooled;
	/* UDP */
	struct flow **buckets; /* made with the first flow */
	struct flow *newest, *oldest;
	size_t flows, max_flows;
	uint64_t hash_key;
	uint8_t *buf; /* one datagram */
};

void forward_init(struct forward *f, struct loop *l, const struct control_config *cfg);
void forward_done(struct forward *f);
/* Serve fd (taken over, also on failure). */
int forward_listen(struct forward *f, uint32_t id, const struct control_listen *to, int fd,
                   struct err *e);
/* Close a listener and reset what came through it; fine if there is none. */
void forward_unlisten(struct forward *f, uint32_t id);
/* True while connections wait for another turn: call forward_turn() after each batch of events. */
static inline bool forward_busy(const struct forward *f)
{
	return f->runnable != NULL;
}
void forward_turn(struct forward *f);

/*
 * How a client reaches the pod: fills *ret with the pod's address to use and says whether the
 * client's own address may be the source. attempt 1 is the second choice after a refusal: an IPv6
 * client may be served by a pod that listens on IPv4 only. -1: there is no (further) way.
 */
int forward_route(const struct control_config *cfg, const struct control_listen *to,
                  const struct in6_addr *client, int attempt, struct in6_addr *ret_pod,
                  bool *ret_transparent);
/*
 * A non-blocking socket of the holder's namespace towards pod:port, from the client's address if
 * transparent (then from the gateway's, should the kernel refuse). connect() has been called; -1
 * with errno set.
 */
int forward_connect(int type, const struct in6_addr *pod, uint16_t port,
                    const struct in6_addr *client, bool transparent);
/* Arm the sweep; called when something that can grow old is added. */
void forward_arm(struct forward *f);
/* Stop accepting for a moment: descriptors or memory ran out. */
void forward_pause(struct forward *f);
