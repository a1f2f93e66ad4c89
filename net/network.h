/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.h - struct net: everything that the network of one project is (inside net/ only)
 *
 * net.c fills it in the command line and answers for it, network.c runs it in the supervisor.
 */
#pragma once

#include "net/minder.h"
#include "net/netns.h"
#include "net/publish.h"
#include "net/relay.h"
#include "net/resolv.h"
#include "net/uplink.h"
#include "pkg/pod/net_ops.h"

enum {
	NETWORK_READY_MS = 1000, /* then pods start without what is missing */
	NETWORK_SETTLE_MS = 200, /* changes of the host come in bursts */
	NETWORK_MAX_PODS = 4096,
};

enum part_state { PART_NONE, PART_PENDING, PART_OK, PART_FAILED };

struct network_pod {
	char *name;
	struct strv names;   /* in DNS */
	uint32_t id, number; /* number 0: no address */
	struct ns_set ns;
	int rtnl;  /* routing socket of its network until it is wired, or -1 */
	bool host; /* hostNetwork */
	char ip[ADDR_TEXT_SIZE], ip6[ADDR_TEXT_SIZE];
};

struct net {
	/* decided by prepare() */
	enum net_mode mode;
	uid_t uid; /* of the user, as the host sees it */
	char *bind_address;
	struct subnets subnets;
	struct uplink uplink;
	bool tun;            /* /dev/net/tun can be used */
	char no_uplink[500]; /* why there is none; "" if there is one */
	bool wanted;         /* some pod needs the holder */

	/* the supervisor's */
	struct loop *loop;
	struct holder holder;
	struct publish publish;
	struct relay relay;
	struct minder up; /* the uplink */
	bool started;
	bool wired; /* what exists has its links and addresses, and so has what comes */
	struct network_pod **pods;
	size_t pod_count;
	uint32_t last_id;
	char gateway[ADDR_TEXT_SIZE];

	enum part_state rules;
	struct err rules_err;
	struct source up_ready; /* slirp4netns' ready pipe, or link messages of the holder */
	struct timer late, settle;
	bool is_late;
	struct source host_watch, resolv_watch;
	int resolv_dirs[2]; /* what resolv_watch hears about, or -1 */
	struct resolv resolv;
	char host_ip[ADDR_TEXT_SIZE]; /* of the host's default route, "" if there is none */
	int last_ready;

	void (*changed)(void *arg);
	void *changed_arg;
};

/* Does this mode have a bridge, a forwarder and an uplink? */
static inline bool network_bridged(const struct net *n)
{
	return n->mode != NET_HOST && n->mode != NET_NONE;
}
/* Address that pods reach the host at: its own, or the uplink's gateway for its loopback; "" if
 * none. */
const char *network_host_name_ip(const struct net *n, char out[ADDR_TEXT_SIZE]);
/* Read the host's default address and resolv.conf. */
void network_look_at_host(struct net *n);
/* The holder namespace with its devices. */
int network_make_holder(struct net *n, struct err *e);
/* kubeplay-net, uplink, and the watches of the host's routes and resolv.conf. They start while the
 * rest goes on: kubeplay-net waits for what it is told once the holder is wired. */
int network_start(struct net *n, struct err *e);
/* Packet rules, links, addresses and routes of the holder and of the pods that there are; then tell
 * kubeplay-net. */
int network_wire(struct net *n, struct err *e);
/* ... of one pod. */
int network_wire_pod(struct net *n, struct network_pod *p, struct err *e);
/* As net_ops.ready. */
int network_ready(const struct net *n, struct err *e);
/* Tell kubeplay-net a pod's names (again). */
void network_tell_names(struct net *n, const struct network_pod *p);
void network_forget_names(struct net *n, const struct network_pod *p);
/* Stop the processes and close what network.c opened. */
void network_stop(struct net *n);
