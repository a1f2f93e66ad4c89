/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward_tcp.c - see forward_tcp.h
 *
 * Theory of operation: a connection has two sides (client, pod) and two directions. Both sockets
 * are watched edge-triggered from the start; what an edge said is kept in can_read and can_write,
 * so epoll_ctl is not called again for the life of the connection. A direction moves bytes socket
 * -> pipe -> socket with splice(2) until one end says EAGAIN; it holds a pipe only while bytes are
 * in it, so an idle connection costs two descriptors. End of file is passed on with shutdown(2)
 * once the pipe is empty; an error on either side becomes a reset of the other (SO_LINGER 0).
 */
#include "net/forward_tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>

#include "pkg/util/fd.h"

enum {
	CLIENT,
	POD,
	CHUNK = 1 << 20, /* asked from splice; the pipe's size decides */
	ROUNDS = 16,     /* of one connection before the others have their turn */
	ACCEPTS = 64,    /* of one listener in a row */
	SYN_RETRIES = 3,
};

struct side {
	struct source src;
	struct conn *c;
	bool can_read, can_write;
};

struct direction {
	int pipe[2];    /* -1 while nothing is in it */
	size_t pending; /* bytes in the pipe */
	bool eof, shut;
};

struct conn {
	struct conn *prev, *next; /* of the listener */
	struct conn *run_next;
	struct listener *l;
	struct side side[2];
	struct direction dir[2]; /* index: the side it comes from */
	struct in6_addr client;
	int64_t last_s;
	uint8_t attempt;
	bool connected, queued;
};

static bool pipe_get(struct forward *f, int p[2])
{
	if (f->pooled) {
		memcpy(p, f->pool[--f->pooled], sizeof(f->pool[0]));
		return true;
	}
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0) {
		p[0] = p[1] = -1;
		return false;
	}
	return true;
}

/* Give an empty pipe back. */
static void pipe_put(struct forward *f, int p[2])
{
	if (f->pooled < FORWARD_POOL)
		memcpy(f->pool[f->pooled++], p, sizeof(f->pool[0]));
	else
		fd_close_many(p, 2);
	p[0] = p[1] = -1;
}

static void unqueue(struct conn *c)
{
	struct conn **at = &c->l->f->runnable;

	if (!c->queued)
		return;
	while (*at != c)
		at = &(*at)->run_next;
	*at = c->run_next;
	c->queued = false;
}

static void conn_free(struct conn *c)
{
	struct forward *f = c->l->f;

	unqueue(c);
	for (int i = 0; i < 2; i++) {
		loop_del(&c->side[i].src);
		close_fd(&c->side[i].src.fd);
		if (c->dir[i].pipe[0] >= 0 && c->dir[i].pending == 0)
			pipe_put(f, c->dir[i].pipe);
		fd_close_many(c->dir[i].pipe, 2);
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		c->l->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	f->conns--;
	free(c);
}

/* End with a reset on both sides: the peer must not take it for an orderly end. */
static void conn_abort(struct conn *c)
{
	const struct linger now = {.l_onoff = 1};

	for (int i = 0; i < 2; i++)
		if (c->side[i].src.fd >= 0)
			(void)setsockopt(c->side[i].src.fd, SOL_SOCKET, SO_LINGER, &now,
			                 sizeof(now));
	conn_free(c);
}

/* socket -> pipe. 1 something moved, 0 nothing to do, -1 error. */
static int fill(struct forward *f, struct direction *d, struct side *from)
{
	ssize_t n;

	if (d->eof || !from->can_read)
		return 0;
	if (d->pipe[0] < 0 && !pipe_get(f, d->pipe))
		return -1;
	n = splice(from->src.fd, NULL, d->pipe[1], NULL, CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0) {
		d->pending += (size_t)n;
		return 1;
	}
	if (n == 0) {
		d->eof = true;
		return 1;
	}
	if (errno != EAGAIN && errno != EINTR)
		return -1;
	if (!d->pending) /* else the pipe may be what is full */
		from->can_read = false;
	return 0;
}

/* pipe -> socket. */
static int drain(struct direction *d, struct side *to)
{
	ssize_t n;

	if (!d->pending || !to->can_write)
		return 0;
	n = splice(d->pipe[0], NULL, to->src.fd, NULL, d->pending,
	           SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0) {
		d->pending -= (size_t)n;
		return 1;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	to->can_write = false;
	return 0;
}

/* Move what can be moved. 1: its turn is over but there is more, 0: done for now, -1: error. */
static int pump(struct conn *c, int from)
{
	struct forward *f = c->l->f;
	struct direction *d = &c->dir[from];
	int moved = 1;

	for (int i = 0; i < ROUNDS && moved; i++) {
		int in = fill(f, d, &c->side[from]);
		int out = in < 0 ? -1 : drain(d, &c->side[!from]);

		if (out < 0)
			return -1;
		moved = in || out;
	}
	if (!d->pending && d->pipe[0] >= 0)
		pipe_put(f, d->pipe);
	if (d->eof && !d->pending && !d->shut) {
		d->shut = true;
		if (shutdown(c->side[!from].src.fd, SHUT_WR) < 0)
			return -1;
	}
	return moved;
}

static void conn_run(struct conn *c)
{
	struct forward *f = c->l->f;
	int up = pump(c, CLIENT), down = up < 0 ? -1 : pump(c, POD);

	if (up < 0 || down < 0) {
		conn_abort(c);
		return;
	}
	if (c->dir[CLIENT].shut && c->dir[POD].shut) {
		conn_free(c);
		return;
	}
	c->last_s = f->now_s;
	if ((up || down) && !c->queued) {
		c->queued = true;
		c->run_next = f->runnable;
		f->runnable = c;
	}
}

void forward_tcp_turn(struct forward *f)
{
	struct conn *list = f->runnable, *c;

	/* conn_run() may free only c itself, and queues it anew on f->runnable. */
	f->runnable = NULL;
	while ((c = list)) {
		list = c->run_next;
		c->queued = false;
		conn_run(c);
	}
}

static const uint32_t edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

static void side_ready(struct source *s, uint32_t events);

/* Begin connecting to the pod; ends the connection when there is no (further) way. */
static void conn_connect(struct conn *c)
{
	struct listener *l = c->l;
	struct side *pod = &c->side[POD];
	struct err e = {0};

	for (;; c->attempt++) {
		struct in6_addr ip;
		bool transparent;
		int n = SYN_RETRIES, one = 1;

		if (forward_route(&l->f->cfg, &l->to, &c->client, c->attempt, &ip, &transparent) <
		    0) {
			conn_abort(c);
			return;
		}
		pod->src.fd =
			forward_connect(SOCK_STREAM, &ip, l->to.port, &c->client, transparent);
		if (pod->src.fd < 0)
			continue;
		(void)setsockopt(pod->src.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		(void)setsockopt(pod->src.fd, IPPROTO_TCP, TCP_SYNCNT, &n, sizeof(n));
		if (loop_add(l->f->loop, &pod->src, edges, &e) < 0)
			conn_abort(c);
		return;
	}
}

/* The pod's side has news while we connect. */
static void connecting(struct conn *c)
{
	struct side *pod = &c->side[POD];
	socklen_t size = sizeof(int);
	struct err e = {0};
	int num = 0;

	(void)getsockopt(pod->src.fd, SOL_SOCKET, SO_ERROR, &num, &size);
	if (num) {
		loop_del(&pod->src);
		close_fd(&pod->src.fd);
		c->attempt++;
		conn_connect(c);
		return;
	}
	if (!pod->can_write)
		return;
	c->connected = true;
	if (loop_add(c->l->f->loop, &c->side[CLIENT].src, edges, &e) < 0)
		conn_abort(c);
}

static void side_ready(struct source *s, uint32_t events)
{
	struct side *side = CONTAINER_OF(s, struct side, src);
	struct conn *c = side->c;

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		side->can_read = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		side->can_write = true;
	if (!c->connected)
		connecting(c);
	else if ((events & EPOLLERR) && c->dir[s == &c->side[POD].src].eof)
		conn_abort(c); /* reset after its end of file: no read will tell */
	else
		conn_run(c);
}

static void conn_open(struct listener *l, int fd, const struct in6_addr *client)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	*c = (struct conn){.l = l, .client = *client, .next = l->conns};
	for (int i = 0; i < 2; i++) {
		c->side[i] = (struct side){.c = c, .src = {.fd = -1, .ready = side_ready}};
		c->dir[i].pipe[0] = c->dir[i].pipe[1] = -1;
	}
	if (c->next)
		c->next->prev = c;
	l->conns = c;
	l->f->conns++;
	forward_arm(l->f);
	c->last_s = l->f->now_s;
	c->side[CLIENT].src.fd = fd;
	conn_connect(c);
}

void forward_tcp_prepare(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},    {SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 300}, {IPPROTO_TCP, TCP_KEEPINTVL, 60},
		{IPPROTO_TCP, TCP_KEEPCNT, 5},
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
		                 sizeof(int));
}

void forward_tcp_accept(struct source *s, uint32_t events)
{
	struct listener *l = CONTAINER_OF(s, struct listener, src);
	struct forward *f = l->f;

	UNUSED(events);
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct in6_addr client;
		uint16_t port;
		int fd;

		if (f->conns >= f->max_conns) {
			forward_pause(f);
			return;
		}
		fd = accept4(s->fd, (struct sockaddr *)(void *)&ss, &len,
		             SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 &&
		    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
			forward_pause(f);
		if (fd < 0 && errno == ECONNABORTED)
			continue;
		if (fd < 0)
			return;
		if (addr_from_sockaddr(&ss, &client, &port) < 0)
			close_fd(&fd);
		else
			conn_open(l, fd, &client);
	}
}

void forward_tcp_drop(struct listener *l)
{
	while (l->conns)
		conn_abort(l->conns);
}

void forward_tcp_sweep(struct listener *l, int64_t now_s)
{
	struct conn *next;

	for (struct conn *c = l->conns; c; c = next) {
		next = c->next;
		if ((c->dir[CLIENT].shut || c->dir[POD].shut) &&
		    now_s - c->last_s > FORWARD_HALF_CLOSED_S)
			conn_abort(c);
	}
}

void forward_tcp_done(struct forward *f)
{
	while (f->pooled)
		fd_close_many(f->pool[--f->pooled], 2);
}
