/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver_tcp.c - see resolver_tcp.h
 *
 * One connection is one small machine: read a query, then answer it ourselves or carry it through a
 * socket of the host's namespace (asked from the supervisor, used once), then read the next.
 * Buffers exist only while a query is under way.
 */
#include "net/resolver_tcp.h"

#include <errno.h>

#include "pkg/util/clock.h"

enum { MAX_QUERY = 4096, MAX_MESSAGE = 65535, PREFIX = 2 };

enum stage { READ_QUERY, WAIT_SOCKET, CONNECT, SEND, READ_REPLY, WRITE_REPLY };

struct tcp_client {
	struct tcp_client *prev, *next;
	struct resolver *r;
	struct in6_addr ip;
	struct source client, up;
	enum stage stage;
	int64_t deadline;
	uint16_t id;
	uint32_t attempt;
	size_t have, query_len; /* query_len with its length prefix */
	uint8_t *buf;           /* the reply, allocated while there is one */
	size_t buf_have, buf_len;
	uint8_t query[PREFIX + MAX_QUERY];
};

static void client_free(struct tcp_client *c)
{
	struct resolver *r = c->r;

	loop_del(&c->client);
	loop_del(&c->up);
	close_fd(&c->client.fd);
	close_fd(&c->up.fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		r->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	r->conn_count--;
	free(c->buf);
	free(c);
}

static size_t prefix_of(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static void set_prefix(uint8_t *p, size_t len)
{
	p[0] = (uint8_t)(len >> 8);
	p[1] = (uint8_t)len;
}

static void drop_upstream(struct tcp_client *c)
{
	loop_del(&c->up);
	close_fd(&c->up.fd);
}

static void begin_write(struct tcp_client *c, size_t len)
{
	set_prefix(c->buf, len);
	c->buf_len = PREFIX + len;
	c->buf_have = 0;
	c->stage = WRITE_REPLY;
	loop_mod(&c->client, EPOLLOUT);
}

static void refuse(struct tcp_client *c, enum dns_rcode code)
{
	struct dns_query q;
	size_t n;

	drop_upstream(c);
	dns_set_id(c->query + PREFIX, c->id);
	(void)dns_parse(c->query + PREFIX, c->query_len - PREFIX, &q);
	n = dns_refuse(c->query + PREFIX, c->query_len - PREFIX, &q, code, c->buf + PREFIX,
	               MAX_MESSAGE);
	if (n)
		begin_write(c, n);
	else
		client_free(c);
}

static void next_upstream(struct tcp_client *c)
{
	drop_upstream(c);
	if (++c->attempt >= c->r->upstreams.count) {
		refuse(c, DNS_SERVFAIL);
		return;
	}
	c->stage = WAIT_SOCKET;
	c->r->want(c->r->want_arg, CONTROL_WANT_TCP, 1);
}

/* A whole query is here: answer it, or ask for a way to the host's resolvers. */
static void query_complete(struct tcp_client *c)
{
	struct resolver *r = c->r;
	uint8_t *msg = c->query + PREFIX;
	size_t len = c->query_len - PREFIX, n;
	struct dns_query q;
	int code = dns_parse(msg, len, &q);

	if (code < 0) {
		client_free(c);
		return;
	}
	c->id = q.id;
	c->attempt = 0;
	c->deadline = clock_mono_ms() + RESOLVER_TIMEOUT_MS;
	loop_mod(&c->client, 0);
	c->buf = xmalloc(PREFIX + MAX_MESSAGE);
	if (code) {
		refuse(c, (enum dns_rcode)code);
		return;
	}
	n = dns_answer(&r->names, msg, &q, c->buf + PREFIX, DNS_MAX_OWN);
	if (n) {
		begin_write(c, n);
	} else if (!r->upstreams.count) {
		refuse(c, DNS_SERVFAIL);
	} else {
		c->stage = WAIT_SOCKET;
		r->want(r->want_arg, CONTROL_WANT_TCP, 1);
	}
}

/* Read up to `target` bytes into buf; false if the connection is at its end (and freed by the
 * caller). */
static bool read_some(int fd, uint8_t *buf, size_t *have, size_t target)
{
	while (*have < target) {
		ssize_t n = recv(fd, buf + *have, target - *have, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		*have += (size_t)n;
	}
	return true;
}

static void read_query(struct tcp_client *c)
{
	if (!read_some(c->client.fd, c->query, &c->have, PREFIX))
		goto end;
	if (c->have < PREFIX)
		return;
	c->query_len = PREFIX + prefix_of(c->query);
	if (c->query_len < PREFIX + DNS_HEADER || c->query_len > sizeof(c->query))
		goto end;
	if (!read_some(c->client.fd, c->query, &c->have, c->query_len))
		goto end;
	if (c->have == c->query_len)
		query_complete(c);
	return;
end:
	client_free(c);
}

static void write_reply(struct tcp_client *c)
{
	while (c->buf_have < c->buf_len) {
		ssize_t n = send(c->client.fd, c->buf + c->buf_have, c->buf_len - c->buf_have,
		                 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			client_free(c);
			return;
		}
		c->buf_have += (size_t)n;
	}
	free(take_ptr(c->buf));
	c->have = 0;
	c->stage = READ_QUERY;
	c->deadline = clock_mono_ms() + RESOLVER_IDLE_MS;
	loop_mod(&c->client, EPOLLIN);
}

static void client_ready(struct source *s, uint32_t events)
{
	struct tcp_client *c = CONTAINER_OF(s, struct tcp_client, client);

	if (c->stage == READ_QUERY && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		read_query(c);
	else if (c->stage == WRITE_REPLY)
		write_reply(c);
	else
		client_free(c); /* hung up while it waited */
}

static void read_reply(struct tcp_client *c)
{
	uint8_t *msg = c->buf + PREFIX;
	size_t len;

	if (!read_some(c->up.fd, c->buf, &c->buf_have, PREFIX))
		goto fail;
	if (c->buf_have < PREFIX)
		return;
	len = prefix_of(c->buf);
	if (len < DNS_HEADER || !read_some(c->up.fd, c->buf, &c->buf_have, PREFIX + len))
		goto fail;
	if (c->buf_have < PREFIX + len)
		return;
	if (!dns_matches(c->query + PREFIX, c->query_len - PREFIX, msg, len))
		goto fail;
	drop_upstream(c);
	dns_set_id(msg, c->id);
	begin_write(c, len);
	return;
fail:
	next_upstream(c);
}

static void up_ready(struct source *s, uint32_t events)
{
	struct tcp_client *c = CONTAINER_OF(s, struct tcp_client, up);

	UNUSED(events);
	if (c->stage == CONNECT || c->stage == SEND) {
		/* The query fits the socket's buffer: one send or nothing. */
		if (send(s->fd, c->query, c->query_len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
		    (ssize_t)c->query_len) {
			next_upstream(c);
			return;
		}
		c->stage = READ_REPLY;
		c->buf_have = 0;
		loop_mod(s, EPOLLIN);
	} else {
		read_reply(c);
	}
}

static void connect_upstream(struct tcp_client *c, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = resolver_upstream(c->r, c->attempt, fd, &ss);
	struct err e = {0};

	c->up = (struct source){.fd = fd, .ready = up_ready};
	dns_set_id(c->query + PREFIX, resolver_random());
	if ((connect(fd, (const struct sockaddr *)(const void *)&ss, len) < 0 &&
	     errno != EINPROGRESS) ||
	    loop_add(c->r->loop, &c->up, EPOLLOUT, &e) < 0) {
		next_upstream(c);
		return;
	}
	c->stage = CONNECT;
}

void resolver_tcp_give(struct resolver *r, int fd)
{
	for (struct tcp_client *c = r->conns; c; c = c->next) {
		if (c->stage == WAIT_SOCKET && r->upstreams.count) {
			connect_upstream(c, fd);
			return;
		}
	}
	close_fd(&fd);
}

static bool too_many(const struct resolver *r, const struct in6_addr *ip)
{
	size_t n = 0;

	for (const struct tcp_client *c = r->conns; c; c = c->next)
		if (addr_equal(&c->ip, ip))
			n++;
	return n >= RESOLVER_POD_CLIENTS || r->conn_count >= RESOLVER_MAX_CLIENTS;
}

void resolver_tcp_accept(struct source *s, uint32_t events)
{
	struct resolver *r = CONTAINER_OF(s, struct resolver, tcp);
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct tcp_client *c;
	struct in6_addr ip;
	struct err e = {0};
	uint16_t port;
	int fd;

	UNUSED(events);
	fd = accept4(s->fd, (struct sockaddr *)(void *)&from, &from_len,
	             SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (addr_from_sockaddr(&from, &ip, &port) < 0 || !addr_prefix_has(&r->clients, &ip) ||
	    too_many(r, &ip)) {
		close_fd(&fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->r = r;
	c->ip = ip;
	c->client = (struct source){.fd = fd, .ready = client_ready};
	c->up.fd = -1;
	c->deadline = clock_mono_ms() + RESOLVER_IDLE_MS;
	c->next = r->conns;
	if (c->next)
		c->next->prev = c;
	r->conns = c;
	r->conn_count++;
	if (loop_add(r->loop, &c->client, EPOLLIN, &e) < 0)
		client_free(c);
	resolver_arm(r);
}

void resolver_tcp_tick(struct resolver *r, int64_t now)
{
	struct tcp_client *next;

	for (struct tcp_client *c = r->conns; c; c = next) {
		next = c->next;
		if (now < c->deadline)
			continue;
		if (c->stage == READ_QUERY || c->stage == WRITE_REPLY) {
			client_free(c);
		} else {
			c->deadline = now + RESOLVER_TIMEOUT_MS;
			refuse(c, DNS_SERVFAIL);
		}
	}
}

void resolver_tcp_done(struct resolver *r)
{
	while (r->conns)
		client_free(r->conns);
}
