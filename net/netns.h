/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns.h - links, addresses and routes of the holder and pod namespaces (the only user of libnl)
 *
 * The supervisor stays in the host's network namespace. Namespaces are made by ns_make(); the child
 * there leaves NETLINK_ROUTE sockets in our descriptor table, and over those everything is built
 * and changed from outside, at any later time.
 */
#pragma once

#include "net/subnet.h"
#include "pkg/runtime/ns.h"

enum { NETNS_MTU = 65520, NETNS_TABLE = 100 };

struct nl_sock;

struct holder {
	struct ns_set ns;
	struct nl_sock *sk; /* routing socket of the holder; NULL: there is no holder */
	int links;          /* tells of link changes there, see holder_tap_up() */
	int bridge, tap;    /* ifindex; tap 0: none */
	bool shared;        /* no bridge or veth in this kernel: pods live in the holder itself */
	bool nft;           /* nf_tables is there */
	int nft_fd;         /* for nft_load(), -1 once it was used */
};

/* All prefixes that the host's routing tables know; owned. */
int netns_host_routes(struct addr_prefix **ret, size_t *ret_count, struct err *e);
/* The source address the host uses for its default route; false if it has none. No packet is sent.
 */
bool netns_host_ip(struct in6_addr *ret);
/* A socket that becomes readable when addresses or routes of the host change. */
int netns_watch_host(struct err *e);
/* Read away what netns_watch_host() or `links` tell. */
void netns_drain(int fd);

/* Make the namespace, a tap device if wanted, and the bridge (or see that there is none). */
int holder_make(struct holder *h, bool with_tap, struct err *e);
/* Addresses, rules and routes. */
int holder_wire(struct holder *h, const struct subnets *s, struct err *e);
/* Read the pending link messages: 1 the tap has a carrier (an uplink holds it), 0 nothing new. */
int holder_tap_up(struct holder *h);
/* Begin (true) or end to listen for link messages. */
void holder_listen_links(struct holder *h, bool on);
void holder_done(struct holder *h);

struct pod_ns {
	const char *hostname;
	bool own_net; /* false: the host's or the holder's; only ipc (and uts) are made */
	bool own_uts;
	bool wired; /* false: loopback only */
};

/* Make the namespaces of a pod; *ret_rtnl is a routing socket of its network, -1 if that is not its
 * own. */
int pod_ns_make(const struct holder *h, const struct pod_ns *p, struct ns_set *ret, int *ret_rtnl,
                struct err *e);
/* Wire them to the holder. number: address of the pod in its subnets, its veth is kpNUMBER; the
 * routing socket is taken over. */
int pod_ns_wire(struct holder *h, const struct subnets *s, uint32_t number, int net_fd, int *rtnl,
                struct err *e);
/* Take a pod's link or addresses away; the namespaces end with their descriptors. */
void pod_ns_unwire(struct holder *h, const struct subnets *s, uint32_t number);
/* Settings that need the id maps: who may use ping sockets. To be called once the map is there. */
int pod_ns_after_map(const int *net_fds, size_t count, struct err *e);
