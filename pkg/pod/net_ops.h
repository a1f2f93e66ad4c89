/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_ops.h - the one struct of functions by which pkg/pod uses a network; net/ implements it, cmd/
 * passes it in
 *
 * Life: prepare (command line, host namespaces, unprivileged: everything that can fail for the
 * user's reasons)
 * -> [fork of the supervisor; the struct net comes along] -> setup (supervisor, before its uid map
 * is written)
 * -> pod_add for each pod -> start (after the map: kubeplay-net, uplink) -> wire -> ready() reports
 * -> run -> pod_add / pod_remove live -> stop. All descriptors are the implementation's.
 *
 * A pod's namespaces and addresses are known from pod_add() on, so its containers can be prepared
 * while the helpers start and links are made; until ready() says so no program of them may run.
 */
#pragma once

#include "pkg/loop/loop.h"
#include "pkg/plan/plan.h"

struct net; /* the implementation's */

enum net_mode { NET_AUTO, NET_PASTA, NET_SLIRP, NET_HOST, NET_NONE };

struct net_config {
	enum net_mode mode;
	const char *uplink_options; /* text after "pasta:" or "slirp4netns:", or NULL */
	bool host_loopback;
	const char *bind_address; /* default host address of hostPorts without hostIP; NULL: all */
	const char *libexec;      /* directory of kubeplay-net */
	const struct plan
		*live; /* bind_pod: what the running project has; hostPorts that it holds
	                  already are not bound again, pod_add() hands them over. NULL: none */
};

/* Addresses and namespaces of one pod. Strings live as long as the pod. */
struct net_pod {
	int net_fd, ipc_fd,
		uts_fd;      /* loans; -1: share the supervisor's (hostNetwork, --network host) */
	const char *ip;      /* "" when it has none (--network none) */
	const char *ip6;     /* "" when it has none */
	const char *gateway; /* resolver's address, "" if none */
};

/* Content of files that every container of a pod gets; owned strings (free). */
struct net_files {
	char *hosts, *resolv_conf, *hostname;
};

struct net_ops {
	/* Choose subnets that no route of the host touches, find the uplink program, bind every
	 * hostPort of the plan's pods (EADDRINUSE names port, pod and the process that holds it;
	 * EACCES names ip_unprivileged_port_start), open sockets to the host's resolvers. Nothing
	 * is created. */
	int (*prepare)(const struct net_config *c, const struct plan *p, struct net **ret,
	               struct err *e);
	/* Bind the hostPorts of one more pod (live up): in the command line; *ret_fds are sent to
	 * the supervisor with the plan, in the order of the pod's ports with host_port. */
	int (*bind_pod)(const struct net_config *c, const struct plan_pod *pod, int **ret_fds,
	                size_t *ret_count, struct err *e);
	void (*free_unused)(struct net *n); /* close everything in the command line's copy */

	/* Supervisor, before the map: holder namespace, tap, bridge, rules. */
	int (*setup)(struct net *n, struct loop *l, struct err *e);
	/* Namespaces, hostname and addresses of a pod; live also its link and routes. fds:
	 * listeners for its hostPorts when it was not part of prepare() (taken over), else NULL. */
	int (*pod_add)(struct net *n, const struct plan_pod *pod, int *fds, size_t nfds,
	               struct net_pod *ret, struct err *e);
	void (*pod_remove)(struct net *n, const char *pod_name);
	/* After the map: exec kubeplay-net in the holder, start the uplink. */
	int (*start)(struct net *n, struct err *e);
	/* Links, addresses and routes of everything that was made so far. NULL: nothing to do. */
	int (*wire)(struct net *n, struct err *e);
	/* Called by the loop when network becomes ready or its state changes: 1 ready (or no
	 * network wanted), 0 not yet, -1 degraded with the reason in *e. changed() is called on
	 * each change. */
	int (*ready)(const struct net *n, struct err *e);
	void (*on_change)(struct net *n, void (*changed)(void *arg), void *arg);
	/* The files of one pod: /etc/hosts in the kubelet's layout, resolv.conf, hostname. host_ip
	 * may have changed. */
	int (*files)(const struct net *n, const struct plan_pod *pod, const struct net_pod *np,
	             struct net_files *ret, struct err *e);
	const char *(*uplink)(const struct net *n);  /* "pasta", "slirp4netns", "host", "none" */
	const char *(*host_ip)(const struct net *n); /* of the default route, "" if none */
	/* Polite end: TERM to kubeplay-net and uplink, close everything. */
	void (*stop)(struct net *n);
};
