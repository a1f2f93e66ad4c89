/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.c - see resolver.h
 *
 * Theory of operation: a datagram from a pod is parsed just far enough to know its question. Our
 * own names are answered at once. Anything else becomes a `struct forwarded`: the query with a
 * fresh id, a socket of the host's namespace connected to an upstream. A reply is taken only if id
 * and question agree; it goes back with the pod's id and is otherwise untouched. An upstream that
 * is silent for RESOLVER_TRY_MS, refuses or fails is followed by the next; after
 * RESOLVER_TIMEOUT_MS the pod gets SERVFAIL. Every table is bounded; one tick looks after all
 * deadlines and does not run while nothing waits.
 */
#include "net/resolver.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <sys/random.h>

#include "net/resolver_tcp.h"
#include "pkg/util/clock.h"

struct forwarded {
	struct forwarded *prev, *next;
	struct resolver *r;
	struct source src; /* fd -1 while it waits for a socket */
	struct sockaddr_storage client;
	socklen_t client_len;
	int64_t deadline, try_until;
	uint32_t attempt, failures;
	uint16_t client_id;
	size_t len;
	uint8_t query[];
};

uint16_t resolver_random(void)
{
	uint16_t v = 0;

	if (getrandom(&v, sizeof(v), 0) != sizeof(v))
		abort(); /* a guessable id is worse than a restart */
	return v;
}

socklen_t resolver_upstream(const struct resolver *r, uint32_t i, int fd,
                            struct sockaddr_storage *ret)
{
	uint32_t n = i % r->upstreams.count;
	socklen_t size = sizeof(int), len;
	int family = AF_INET6;

	(void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
	len = addr_to_family(&r->upstreams.ip[n], 53, family, ret);
	if (family == AF_INET6)
		((struct sockaddr_in6 *)(void *)ret)->sin6_scope_id = r->upstreams.scope[n];
	return len;
}

void resolver_arm(struct resolver *r)
{
	struct err e = {0};

	if (r->ticking || (!r->query_count && !r->conn_count))
		return;
	r->ticking = timer_set_ms(r->loop, &r->tick, RESOLVER_TICK_MS, &e) == 0;
}

static void want_sockets(struct resolver *r)
{
	if (r->udp_wanted || r->udp_total >= RESOLVER_MAX_QUERIES)
		return;
	r->udp_wanted = true;
	r->want(r->want_arg, CONTROL_WANT_UDP, CONTROL_SOCKETS);
}

/* Take the socket away from a query; it goes back to the pool. */
static void release_socket(struct forwarded *f)
{
	struct resolver *r = f->r;

	if (f->src.fd < 0)
		return;
	loop_del(&f->src);
	r->free_udp[r->free_udp_count++] = take_fd(&f->src.fd);
}

static void forwarded_free(struct forwarded *f)
{
	struct resolver *r = f->r;

	release_socket(f);
	if (f->prev)
		f->prev->next = f->next;
	else
		r->queries = f->next;
	if (f->next)
		f->next->prev = f->prev;
	r->query_count--;
	free(f);
}

static void reply_to(struct resolver *r, const struct sockaddr_storage *to, socklen_t to_len,
                     const uint8_t *msg, size_t len)
{
	if (len)
		(void)sendto(r->udp.fd, msg, len, MSG_DONTWAIT,
		             (const struct sockaddr *)(const void *)to, to_len);
}

static void give_up(struct forwarded *f)
{
	struct dns_query q;

	dns_set_id(f->query, f->client_id);
	if (dns_parse(f->query, f->len, &q) == 0) {
		uint8_t out[NS_PACKETSZ];

		reply_to(f->r, &f->client, f->client_len, out,
		         dns_refuse(f->query, f->len, &q, DNS_SERVFAIL, out, sizeof(out)));
	}
	forwarded_free(f);
}

/* Connect the query's socket to its current upstream under a new port and send; false: not
 * possible. */
static bool send_once(struct forwarded *f)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_storage ss;
	socklen_t len = resolver_upstream(f->r, f->attempt, f->src.fd, &ss);
	uint8_t scrap[1];

	if (connect(f->src.fd, &none, sizeof(none)) < 0)
		return false;
	while (recv(f->src.fd, scrap, sizeof(scrap), MSG_DONTWAIT | MSG_TRUNC) >= 0 ||
	       errno == ECONNREFUSED)
		; /* late answers to an earlier query, and its error */
	if (connect(f->src.fd, (const struct sockaddr *)(const void *)&ss, len) < 0)
		return false;
	dns_set_id(f->query, resolver_random());
	return send(f->src.fd, f->query, f->len, MSG_DONTWAIT) == (ssize_t)f->len;
}

/* Ask the upstreams one after the other from f->attempt on; gives up when each has failed. */
static void try_next(struct forwarded *f)
{
	while (f->failures < f->r->upstreams.count) {
		f->try_until = clock_mono_ms() + RESOLVER_TRY_MS;
		if (send_once(f))
			return;
		f->attempt++;
		f->failures++;
	}
	give_up(f);
}

static void upstream_failed(struct forwarded *f)
{
	f->attempt++;
	f->failures++;
	try_next(f);
}

static void upstream_ready(struct source *s, uint32_t events)
{
	struct forwarded *f = CONTAINER_OF(s, struct forwarded, src);
	struct resolver *r = f->r;
	ssize_t n = recv(s->fd, r->buf, DNS_MAX_UDP, MSG_DONTWAIT | MSG_TRUNC);

	UNUSED(events);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		upstream_failed(f);
		return;
	}
	if (n > DNS_MAX_UDP || !dns_matches(f->query, f->len, r->buf, (size_t)n))
		return;
	if (dns_rcode(r->buf) == DNS_SERVFAIL && f->failures + 1 < r->upstreams.count) {
		upstream_failed(f);
		return;
	}
	dns_set_id(r->buf, f->client_id);
	reply_to(r, &f->client, f->client_len, r->buf, (size_t)n);
	forwarded_free(f);
}

/* Give the query a socket and send it; without a free one it waits for the supervisor. */
static void start(struct forwarded *f)
{
	struct resolver *r = f->r;
	struct err e = {0};

	if (!r->free_udp_count) {
		want_sockets(r);
		return;
	}
	f->src = (struct source){.fd = r->free_udp[--r->free_udp_count], .ready = upstream_ready};
	if (loop_add(r->loop, &f->src, EPOLLIN, &e) < 0) {
		give_up(f);
		return;
	}
	try_next(f);
}

/* True if this pod has as many queries under way as one pod may have. */
static bool too_many(const struct resolver *r, const struct sockaddr_storage *from)
{
	struct in6_addr ip, other;
	uint16_t port;
	size_t n = 0;

	if (r->query_count < RESOLVER_POD_QUERIES)
		return false;
	(void)addr_from_sockaddr(from, &ip, &port);
	for (const struct forwarded *f = r->queries; f; f = f->next)
		if (addr_from_sockaddr(&f->client, &other, &port) == 0 && addr_equal(&ip, &other))
			n++;
	return n >= RESOLVER_POD_QUERIES;
}

static void forward(struct resolver *r, const uint8_t *msg, size_t len, const struct dns_query *q,
                    const struct sockaddr_storage *from, socklen_t from_len)
{
	struct forwarded *f;

	if (!r->upstreams.count || r->query_count >= RESOLVER_MAX_QUERIES || too_many(r, from)) {
		uint8_t out[NS_PACKETSZ];

		reply_to(r, from, from_len, out,
		         dns_refuse(msg, len, q, DNS_SERVFAIL, out, sizeof(out)));
		return;
	}
	f = xcalloc(1, sizeof(*f) + len);
	f->r = r;
	f->src.fd = -1;
	f->client = *from;
	f->client_len = from_len;
	f->client_id = q->id;
	f->deadline = clock_mono_ms() + RESOLVER_TIMEOUT_MS;
	f->len = len;
	memcpy(f->query, msg, len);
	f->next = r->queries;
	if (f->next)
		f->next->prev = f;
	r->queries = f;
	r->query_count++;
	resolver_arm(r);
	start(f);
}

static void serve(struct resolver *r, const uint8_t *msg, size_t len,
                  const struct sockaddr_storage *from, socklen_t from_len)
{
	uint8_t out[DNS_MAX_OWN];
	struct dns_query q;
	size_t n;
	int code = dns_parse(msg, len, &q);

	if (code < 0)
		return;
	n = code ? dns_refuse(msg, len, &q, (enum dns_rcode)code, out, sizeof(out))
	         : dns_answer(&r->names, msg, &q, out, sizeof(out));
	if (n)
		reply_to(r, from, from_len, out, n);
	else if (!code)
		forward(r, msg, len, &q, from, from_len);
}

static void udp_ready(struct source *s, uint32_t events)
{
	struct resolver *r = CONTAINER_OF(s, struct resolver, udp);

	UNUSED(events);
	for (int i = 0; i < 32; i++) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		struct in6_addr ip;
		uint16_t port;
		ssize_t n = recvfrom(s->fd, r->buf, DNS_MAX_UDP, MSG_DONTWAIT | MSG_TRUNC,
		                     (struct sockaddr *)(void *)&from, &from_len);

		if (n < 0)
			return;
		if (n > DNS_MAX_UDP || addr_from_sockaddr(&from, &ip, &port) < 0)
			continue;
		if (addr_prefix_has(&r->clients, &ip))
			serve(r, r->buf, (size_t)n, &from, from_len);
	}
}

static void tick(struct timer *t)
{
	struct resolver *r = CONTAINER_OF(t, struct resolver, tick);
	int64_t now = clock_mono_ms();
	struct forwarded *next;

	r->ticking = false;
	for (struct forwarded *f = r->queries; f; f = next) {
		next = f->next;
		if (now >= f->deadline) {
			give_up(f);
		} else if (f->src.fd >= 0 && now >= f->try_until) {
			f->attempt++; /* silence is not failure: all are asked until the deadline */
			try_next(f);
		}
	}
	resolver_tcp_tick(r, now);
	resolver_arm(r);
}

void resolver_give(struct resolver *r, enum control_type what, int fd)
{
	if (what == CONTROL_TCP_SOCKETS) {
		resolver_tcp_give(r, fd);
		return;
	}
	r->udp_wanted = false;
	if (r->udp_total >= RESOLVER_MAX_QUERIES) {
		close_fd(&fd);
		return;
	}
	r->udp_total++;
	r->free_udp[r->free_udp_count++] = fd;
	for (struct forwarded *f = r->queries; f; f = f->next) {
		if (f->src.fd < 0) {
			start(f);
			break;
		}
	}
}

void resolver_set_upstreams(struct resolver *r, const struct control_upstreams *u)
{
	r->upstreams = *u;
	r->upstreams.count = MIN(u->count, (uint32_t)CONTROL_MAX_UPSTREAMS);
	while (!r->upstreams.count && r->queries)
		give_up(r->queries);
}

static int bind_53(const struct in6_addr *ip, int type, struct err *e)
{
	autoclose int fd = -1;
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(ip, 53, &ss);
	int one = 1;

	fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, errno, "resolver: socket");
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)(const void *)&ss, len) < 0)
		return err_sys(e, errno, "resolver: bind port 53");
	if (type == SOCK_STREAM && listen(fd, 64) < 0)
		return err_sys(e, errno, "resolver: listen on port 53");
	return take_fd(&fd);
}

int resolver_init(struct resolver *r, struct loop *l, const struct control_config *c, struct err *e)
{
	r->loop = l;
	r->self = c->gateway;
	r->clients = c->pods;
	r->buf = xmalloc(DNS_MAX_UDP);
	r->tick.fired = tick;
	r->udp = (struct source){.fd = bind_53(&c->gateway, SOCK_DGRAM, e), .ready = udp_ready};
	r->tcp = (struct source){.fd = -1};
	if (r->udp.fd < 0)
		return -1;
	r->tcp = (struct source){.fd = bind_53(&c->gateway, SOCK_STREAM, e),
	                         .ready = resolver_tcp_accept};
	if (r->tcp.fd < 0)
		return -1;
	if (loop_add(l, &r->udp, EPOLLIN, e) < 0 || loop_add(l, &r->tcp, EPOLLIN, e) < 0)
		return -1;
	return 0;
}

void resolver_done(struct resolver *r)
{
	if (!r->loop)
		return;
	while (r->queries)
		forwarded_free(r->queries);
	resolver_tcp_done(r);
	while (r->free_udp_count)
		close_fd(&r->free_udp[--r->free_udp_count]);
	loop_del(&r->udp);
	loop_del(&r->tcp);
	timer_done(&r->tick);
	close_fd(&r->udp.fd);
	close_fd(&r->tcp.fd);
	dns_names_done(&r->names);
	free(r->buf);
	r->buf = NULL;
	r->loop = NULL;
}
