/* SPDX-License-Identifier: Apache-2.0 */
/* forward.c - see forward.h: listeners, the choice of source address, time */
#include "net/forward.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "net/forward_tcp.h"
#include "net/forward_udp.h"
#include "pkg/util/clock.h"

enum { FDS_PER_CONN = 6, FDS_RESERVED = 512, MAX_CONNS = 32768, MIN_CONNS = 16 };

#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif

int forward_route(const struct control_config *cfg, const struct control_listen *to,
                  const struct in6_addr *client, int attempt, struct in6_addr *ret_pod,
                  bool *ret_transparent)
{
	bool v6 = !addr_is_v4(client) && !addr_is_unset(&to->ip6);

	if (attempt > (v6 ? 1 : 0))
		return -1;
	*ret_pod = v6 && attempt == 0 ? to->ip6 : to->ip;
	/* A reply to such an address would not come back through us, or to nobody. */
	*ret_transparent = cfg->transparent && addr_is_v4(client) == addr_is_v4(ret_pod) &&
	                   addr_is_routable(client) && !addr_prefix_has(&cfg->pods, client) &&
	                   !addr_prefix_has(&cfg->pods6, client) &&
	                   !addr_prefix_has(&cfg->tap, client);
	return 0;
}

/* Become the client: false if the kernel does not let us. */
static bool impersonate(int fd, int family, const struct in6_addr *client)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_family(client, 0, family, &ss);
	int one = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (family == AF_INET) {
		if (setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one)) < 0)
			return false;
	} else if (setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &one, sizeof(one)) < 0) {
		return false;
	}
	return bind(fd, (const struct sockaddr *)(const void *)&ss, len) == 0;
}

static int connect_from(int type, const struct in6_addr *pod, uint16_t port,
                        const struct in6_addr *client)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(pod, port, &ss);
	autoclose int fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (client && !impersonate(fd, ss.ss_family, client)) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)(const void *)&ss, len) < 0 &&
	    errno != EINPROGRESS)
		return -1;
	return take_fd(&fd);
}

int forward_connect(int type, const struct in6_addr *pod, uint16_t port,
                    const struct in6_addr *client, bool transparent)
{
	if (transparent) {
		int fd = connect_from(type, pod, port, client);

		if (fd >= 0 || errno != EADDRNOTAVAIL)
			return fd;
	}
	return connect_from(type, pod, port, NULL);
}

void forward_arm(struct forward *f)
{
	struct err e = {0};

	if (f->sweeping)
		return;
	f->sweeping = true;
	f->now_s = clock_mono_ms() / 1000;
	(void)timer_set_ms(f->loop, &f->sweep, FORWARD_SWEEP_MS, &e);
}

static void sweep(struct timer *t)
{
	struct forward *f = CONTAINER_OF(t, struct forward, sweep);

	f->now_s = clock_mono_ms() / 1000;
	forward_udp_sweep(f, f->now_s);
	for (struct listener *l = f->listeners; l; l = l->next)
		forward_tcp_sweep(l, f->now_s);
	f->sweeping = false;
	if (f->conns || f->flows)
		forward_arm(f);
}

static void resume(struct timer *t)
{
	struct forward *f = CONTAINER_OF(t, struct forward, pause);

	for (struct listener *l = f->listeners; l; l = l->next)
		if (l->to.protocol == CONTROL_TCP)
			loop_mod(&l->src, EPOLLIN);
}

void forward_pause(struct forward *f)
{
	struct err e = {0};

	for (struct listener *l = f->listeners; l; l = l->next)
		if (l->to.protocol == CONTROL_TCP)
			loop_mod(&l->src, 0);
	(void)timer_set_ms(f->loop, &f->pause, FORWARD_PAUSE_MS, &e);
}

void forward_init(struct forward *f, struct loop *l, const struct control_config *cfg)
{
	struct rlimit lim = {0};

	*f = (struct forward){.loop = l, .cfg = *cfg};
	f->sweep.fired = sweep;
	f->pause.fired = resume;
	(void)getrlimit(RLIMIT_NOFILE, &lim);
	f->max_conns =
		lim.rlim_cur > FDS_RESERVED ? (lim.rlim_cur - FDS_RESERVED) / FDS_PER_CONN : 0;
	f->max_conns = MAX(MIN(f->max_conns, (size_t)MAX_CONNS), (size_t)MIN_CONNS);
	f->max_flows = MIN((size_t)FORWARD_MAX_FLOWS, (size_t)lim.rlim_cur / 4);
	if (getrandom(&f->hash_key, sizeof(f->hash_key), 0) < 0)
		f->hash_key = (uint64_t)clock_mono_ns();
}

int forward_listen(struct forward *f, uint32_t id, const struct control_listen *to, int fd,
                   struct err *e)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	socklen_t size = sizeof(l->family);

	*l = (struct listener){.f = f, .id = id, .to = *to};
	l->src = (struct source){.fd = fd,
	                         .ready = to->protocol == CONTROL_TCP ? forward_tcp_accept
	                                                              : forward_udp_ready};
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &l->family, &size) < 0) {
		(void)err_sys(e, errno, "listener %u", id);
		goto fail;
	}
	if (to->protocol == CONTROL_UDP)
		forward_udp_prepare(fd, l->family);
	else
		forward_tcp_prepare(fd);
	if (loop_add(f->loop, &l->src, EPOLLIN, e) < 0)
		goto fail;
	l->next = f->listeners;
	f->listeners = l;
	return 0;
fail:
	close_fd(&fd);
	free(l);
	return -1;
}

static void listener_free(struct listener *l)
{
	if (l->to.protocol == CONTROL_TCP)
		forward_tcp_drop(l);
	else
		forward_udp_drop(l);
	loop_del(&l->src);
	close_fd(&l->src.fd);
	free(l);
}

void forward_unlisten(struct forward *f, uint32_t id)
{
	for (struct listener **at = &f->listeners; *at; at = &(*at)->next) {
		struct listener *l = *at;

		if (l->id == id) {
			*at = l->next;
			listener_free(l);
			return;
		}
	}
}

void forward_turn(struct forward *f)
{
	if (f->runnable)
		forward_tcp_turn(f);
}

void forward_done(struct forward *f)
{
	while (f->listeners) {
		struct listener *l = f->listeners;

		f->listeners = l->next;
		listener_free(l);
	}
	timer_done(&f->sweep);
	timer_done(&f->pause);
	forward_tcp_done(f);
	forward_udp_done(f);
}
