/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - what the supervisor and kubeplay-net say to each other
 *
 * SOCK_SEQPACKET on descriptor CONTROL_FD; each message is one struct control_msg of fixed size,
 * with descriptors by SCM_RIGHTS. The first is CONTROL_CONFIG; kubeplay-net answers CONTROL_READY
 * once it listens on the resolver's port and has given up its privileges.
 */
#pragma once

#include "net/addr.h"

enum {
	CONTROL_FD = 3,
	CONTROL_MAX_UPSTREAMS = 3,
	CONTROL_NAME_SIZE = 254,
	CONTROL_SOCKETS = 16, /* most sockets in one message */
};

enum control_type {
	/* supervisor -> kubeplay-net */
	CONTROL_CONFIG,
	CONTROL_LISTEN,      /* u.listen, one descriptor */
	CONTROL_UNLISTEN,    /* id: close the listener and everything that came through it */
	CONTROL_NAME,        /* u.name: one more name (several pods may have the same) */
	CONTROL_UNNAME,      /* id: forget the names of this pod */
	CONTROL_UPSTREAMS,   /* u.upstreams replaces the list */
	CONTROL_SEARCH,      /* u.name.name: one more search domain; "" empties the list */
	CONTROL_UDP_SOCKETS, /* fresh sockets of the host's namespace */
	CONTROL_TCP_SOCKETS,
	/* kubeplay-net -> supervisor */
	CONTROL_READY,
	CONTROL_WANT_UDP, /* id: how many */
	CONTROL_WANT_TCP,
	CONTROL_TYPE_COUNT,
};

enum control_protocol { CONTROL_TCP, CONTROL_UDP };

struct control_config {
	struct in6_addr gateway, gateway6;
	struct addr_prefix pods, pods6, tap;
	bool transparent; /* the pods have namespaces of their own: keep clients' addresses */
};

struct control_listen {
	struct in6_addr ip, ip6; /* of the pod; ip6 may be unset */
	uint16_t port;           /* in the pod */
	uint8_t protocol;
};

struct control_name {
	struct in6_addr ip, ip6; /* either may be unset */
	char name[CONTROL_NAME_SIZE];
};

struct control_upstreams {
	struct in6_addr ip[CONTROL_MAX_UPSTREAMS];
	uint32_t scope[CONTROL_MAX_UPSTREAMS];
	uint32_t count;
};

struct control_msg {
	uint32_t type;
	uint32_t id; /* of a listener or a pod */
	union {
		struct control_config config;
		struct control_listen listen;
		struct control_name name;
		struct control_upstreams upstreams;
	} u;
};
