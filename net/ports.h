/* SPDX-License-Identifier: Apache-2.0 */
/* ports.h - listeners for hostPorts in the host's network namespace, with exact errors */
#pragma once

#include "net/addr.h"
#include "pkg/plan/plan.h"

/* One published port; pod and container are loans. */
struct port {
	const char *pod, *container;
	const struct plan_port *spec;
	struct in6_addr ip; /* :: all addresses, IPv4 and IPv6 */
};

struct port_list {
	struct port *v;
	size_t len;
};

/*
 * Append the ports with a hostPort of a pod in the order of the plan (none for hostNetwork pods,
 * which bind for themselves). bind_address: for those without hostIP, or NULL.
 */
int port_list_add(struct port_list *l, const struct plan_pod *pod, const char *bind_address,
                  struct err *e);
void port_list_done(struct port_list *l);
/* Fails with both names if two ports of the list want the same place. */
int port_list_check(const struct port_list *l, struct err *e);
/* True if both are the same protocol, address and port of the host. */
bool port_same(const struct port *a, const struct port *b);
/*
 * A listening TCP or bound UDP socket, non-blocking. EADDRINUSE names who holds it, EACCES the
 * sysctl, each with pod, container and port.
 */
int port_bind(const struct port *p, struct err *e);

/*
 * Find sockets bound to the port in the text of /proc/net/{tcp,tcp6,udp,udp6} that exclude ip:
 * *ret_inode and *ret_uid of the first. v6: the text is of an IPv6 table. False if there is none.
 */
bool port_find_socket(const char *table, bool v6, bool tcp, const struct in6_addr *ip,
                      uint16_t port, uint64_t *ret_inode, uint32_t *ret_uid);
