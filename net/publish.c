/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - see publish.h */
#include "net/publish.h"

#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

static struct published *find(const struct publish *u, const struct port *p)
{
	for (size_t i = 0; i < u->len; i++) {
		struct published *x = &u->v[i];

		if (x->protocol == p->spec->protocol && x->host_port == p->spec->host_port &&
		    addr_equal(&x->host_ip, &p->ip))
			return x;
	}
	return NULL;
}

bool publish_has(const struct publish *u, const struct port *p)
{
	return find(u, p) != NULL;
}

void publish_add(struct publish *u, const struct port *p, int fd)
{
	u->v = xrealloc(u->v, (u->len + 1) * sizeof(*u->v));
	u->v[u->len++] = (struct published){.fd = fd,
	                                    .protocol = p->spec->protocol,
	                                    .host_ip = p->ip,
	                                    .host_port = (uint16_t)p->spec->host_port};
}

static void tell_listen(struct publish *u, const struct published *x)
{
	struct control_msg m;

	memset(&m, 0, sizeof(m));
	m.type = CONTROL_LISTEN;
	m.id = x->id;
	m.u.listen = x->to;
	relay_send(u->relay, &m, &x->fd, 1);
}

static void tell_unlisten(struct publish *u, uint32_t id)
{
	struct control_msg m;

	memset(&m, 0, sizeof(m));
	m.type = CONTROL_UNLISTEN;
	m.id = id;
	relay_send(u->relay, &m, NULL, 0);
}

static void leave(struct publish *u, struct published *x)
{
	if (x->pod != PUBLISH_NOBODY)
		tell_unlisten(u, x->id);
	x->pod = PUBLISH_NOBODY;
}

static void remove_at(struct publish *u, size_t i)
{
	close_fd(&u->v[i].fd);
	u->v[i] = u->v[--u->len];
}

static void expire(struct timer *t)
{
	struct publish *u = CONTAINER_OF(t, struct publish, expiry);
	int64_t now = clock_mono_ms();
	bool more = false;
	struct err e = {0};

	for (size_t i = u->len; i-- > 0;) {
		if (!u->v[i].parked)
			continue;
		if (now >= u->v[i].until_ms)
			remove_at(u, i);
		else
			more = true;
	}
	if (more)
		(void)timer_set_ms(u->loop, &u->expiry, PUBLISH_PARK_MS, &e);
}

void publish_leave(struct publish *u, uint32_t pod)
{
	struct err e = {0};
	bool any = false;

	for (size_t i = 0; i < u->len; i++) {
		struct published *x = &u->v[i];

		if (x->pod != pod)
			continue;
		leave(u, x);
		x->parked = any = true;
		x->until_ms = clock_mono_ms() + PUBLISH_PARK_MS;
	}
	u->expiry.fired = expire;
	if (any)
		(void)timer_set_ms(u->loop, &u->expiry, PUBLISH_PARK_MS + 10, &e);
}

int publish_pod(struct publish *u, const struct port_list *ports, uint32_t pod,
                const struct in6_addr *ip, const struct in6_addr *ip6, int *fds, size_t nfds,
                struct err *e)
{
	size_t used = 0;

	for (size_t i = 0; i < ports->len; i++) {
		const struct port *p = &ports->v[i];
		struct published *x = find(u, p);

		if (!x) {
			if (used == nfds)
				return err_set(
					e, ERR_HOST,
					"pod %s, container %s: no listener came for hostPort %d",
					p->pod, p->container, (int)p->spec->host_port);
			publish_add(u, p, take_fd(&fds[used++]));
			x = &u->v[u->len - 1];
		}
		leave(u, x); /* it may be another pod's until now */
		x->pod = pod;
		x->parked = false;
		x->id = ++u->last_id;
		x->to = (struct control_listen){
			.ip = *ip,
			.ip6 = *ip6,
			.port = (uint16_t)p->spec->container_port,
			.protocol = p->spec->protocol == PLAN_UDP ? CONTROL_UDP : CONTROL_TCP};
		tell_listen(u, x);
	}
	fd_close_many(fds + used, nfds - used);
	return 0;
}

void publish_tell(struct publish *u)
{
	for (size_t i = 0; i < u->len; i++)
		if (u->v[i].pod != PUBLISH_NOBODY)
			tell_listen(u, &u->v[i]);
}

void publish_done(struct publish *u)
{
	while (u->len)
		remove_at(u, u->len - 1);
	free(take_ptr(u->v));
	timer_done(&u->expiry);
}
