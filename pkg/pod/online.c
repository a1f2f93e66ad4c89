/* SPDX-License-Identifier: Apache-2.0 */
/*
 * online.c - when programs may run: the network as the supervisor sees it
 *
 * Theory of operation: the network says whether it is ready, degraded or neither yet. Until it is
 * one of the first two, or late, the gate of the containers is shut; later changes only go into the
 * state and into the pods' files.
 */
#include <errno.h>

#include "pkg/pod/supervisor.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"

enum { NET_MS = 3000 };

static void warn_waiters(struct supervisor *sup, const char *text)
{
	log_warn("%s", text);
	for (struct ctl_conn *c = sup->ctl.conns; c; c = c->next)
		if (c->waiting)
			ctl_send(c, json_pack("{s:s}", "warning", text));
}

static void network_state(struct supervisor *sup, const char *name, const char *message)
{
	bool news = message &&
	            (!sup->state->network_message || !streq(sup->state->network_message, message));

	state_set(&sup->state->network, name);
	state_set(&sup->state->network_message, message);
	state_set(&sup->state->host_ip, sup->net_ops->host_ip(sup->net));
	if (news) {
		autofree char *text = xasprintf("network degraded: %s", message);

		warn_waiters(sup, text);
	}
}

static void refresh_files(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->pod_count; i++) {
		struct pod *p = sup->pods[i];
		struct net_files f = {0};
		struct err e = {0};

		if (p->volumes_made &&
		    (sup->net_ops->files(sup->net, p->plan, &p->net, &f, &e) < 0 ||
		     volumes_etc(&p->volumes, &f, &e) < 0))
			log_warn("pod %s: %s", p->plan->name, e.msg);
		free(f.hosts);
		free(f.resolv_conf);
		free(f.hostname);
	}
}

/* Programs may run: those that are prepared, and whatever starts from now on. */
static void open_gate(struct supervisor *sup)
{
	if (sup->net_ready)
		return;
	sup->net_ready = true;
	if (write(sup->gate[1], "g", 1) != 1) /* it cannot be full */
		log_error("open the gate of the containers: errno %d", errno);
	fd_close_many(sup->gate, ARRAY_LEN(sup->gate));
	for (size_t i = 0; i < sup->pod_count; i++)
		for (size_t j = 0; j < sup->pods[i]->count; j++)
			sup->pods[i]->containers[j].at_gate = false;
}

static void network_changed(void *arg)
{
	struct supervisor *sup = arg;
	struct err e = {0};
	int r = sup->net_ops->ready(sup->net, &e);

	if (r == 0)
		return;
	if (sup->net_ready)
		refresh_files(sup);
	open_gate(sup);
	timer_done(&sup->net_timer);
	network_state(sup, r < 0 ? "degraded" : sup->net_ops->uplink(sup->net),
	              r < 0 ? e.msg : NULL);
	sup_changed(sup);
}

static void network_late(struct timer *t)
{
	struct supervisor *sup = CONTAINER_OF(t, struct supervisor, net_timer);

	if (sup->net_ready)
		return;
	open_gate(sup);
	network_state(sup, "degraded", "the network is not ready in time; pods start without it");
	sup_changed(sup);
}

int online_begin(struct supervisor *sup, struct err *e)
{
	sup->net_ops->on_change(sup->net, network_changed, sup);
	if (sup->net_ops->start(sup->net, e) < 0)
		return -1;
	sup->net_timer.fired = network_late;
	return timer_set_ms(&sup->loop, &sup->net_timer, NET_MS, e);
}

int online_finish(struct supervisor *sup, struct err *e)
{
	if (sup->net_ops->wire && sup->net_ops->wire(sup->net, e) < 0)
		return -1;
	network_changed(sup);
	return 0;
}
