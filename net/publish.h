/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.h - the published ports of a project: whose each listener is, and telling kubeplay-net
 *
 * A listener outlives its pod for a moment (PUBLISH_PARK_MS): a pod that is replaced finds its
 * ports still bound, so nobody else can take them and clients wait instead of being refused.
 */
#pragma once

#include "net/ports.h"
#include "net/relay.h"

enum { PUBLISH_PARK_MS = 2000, PUBLISH_NOBODY = 0 };

struct published {
	uint32_t id;  /* as kubeplay-net knows it */
	uint32_t pod; /* PUBLISH_NOBODY: bound before its pod exists, or parked */
	bool parked;
	int64_t until_ms;
	int fd;
	enum plan_protocol protocol;
	struct in6_addr host_ip;
	uint16_t host_port;
	struct control_listen to;
};

struct publish {
	struct relay *relay;
	struct loop *loop;
	struct published *v;
	size_t len;
	uint32_t last_id;
	struct timer expiry;
};

/* Take over a listener that was bound for p. */
void publish_add(struct publish *u, const struct port *p, int fd);
/* The project has this port already: nothing needs to be bound. */
bool publish_has(const struct publish *u, const struct port *p);
/*
 * Give the pod (any number but 0) with these addresses its ports: those known here, the others from
 * fds in order (taken over: set to -1). Fails if one is missing.
 */
int publish_pod(struct publish *u, const struct port_list *ports, uint32_t pod,
                const struct in6_addr *ip, const struct in6_addr *ip6, int *fds, size_t nfds,
                struct err *e);
/* The pod is gone: park its ports. */
void publish_leave(struct publish *u, uint32_t pod);
/* Tell a new kubeplay-net all. */
void publish_tell(struct publish *u);
void publish_done(struct publish *u);
