/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward_udp.c - see forward_udp.h
 *
 * A flow is (listener, client, address that the client used). It has one connected socket towards
 * the pod; what comes back through it leaves the listener from the address that was asked, or the
 * client would not know the answer. Flows are found by a keyed hash and kept in order of use: when
 * the table is full the longest silent one makes room.
 */
#include "net/forward_udp.h"

#include <errno.h>

#include "pkg/util/hash.h"

enum { MAX_DATAGRAM = 65536, BATCH = 64 };

struct flow {
	struct flow *chain;         /* of the bucket */
	struct flow *newer, *older; /* order of use */
	struct source src;          /* towards the pod */
	struct listener *l;
	struct sockaddr_storage client_ss;
	socklen_t client_len;
	struct in6_addr client, asked;
	uint16_t client_port;
	uint32_t ifindex; /* for link-local clients */
	int64_t last_s;
	uint8_t attempt;
	bool answered;
	uint8_t *first; /* first datagram, kept while there is another way to send it */
	size_t first_len;
};

struct packet {
	struct sockaddr_storage from;
	socklen_t from_len;
	struct in6_addr client, asked;
	uint16_t client_port;
	uint32_t ifindex;
	size_t len;
};

void forward_udp_prepare(int fd, int family)
{
	int one = 1;

	if (family == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
}

static size_t bucket_of(const struct forward *f, const struct listener *l, const struct packet *p)
{
	uint64_t h = hash_fnv64a(HASH_FNV64_INIT ^ f->hash_key, &l->id, sizeof(l->id));

	h = hash_fnv64a(h, &p->client, sizeof(p->client));
	h = hash_fnv64a(h, &p->client_port, sizeof(p->client_port));
	h = hash_fnv64a(h, &p->asked, sizeof(p->asked));
	return (size_t)((h ^ h >> 32) % FORWARD_FLOW_BUCKETS);
}

static void lru_remove(struct forward *f, struct flow *w)
{
	*(w->newer ? &w->newer->older : &f->newest) = w->older;
	*(w->older ? &w->older->newer : &f->oldest) = w->newer;
}

static void lru_push(struct forward *f, struct flow *w)
{
	w->newer = NULL;
	w->older = f->newest;
	*(f->newest ? &f->newest->newer : &f->oldest) = w;
	f->newest = w;
}

static void flow_touch(struct flow *w)
{
	struct forward *f = w->l->f;

	w->last_s = f->now_s;
	if (f->newest == w)
		return;
	lru_remove(f, w);
	lru_push(f, w);
}

static void flow_free(struct flow *w)
{
	struct forward *f = w->l->f;
	struct packet key = {.client = w->client, .asked = w->asked, .client_port = w->client_port};
	struct flow **at = &f->buckets[bucket_of(f, w->l, &key)];

	while (*at != w)
		at = &(*at)->chain;
	*at = w->chain;
	lru_remove(f, w);
	loop_del(&w->src);
	close_fd(&w->src.fd);
	f->flows--;
	free(w->first);
	free(w);
}

/* Receive one datagram of a listener, with the address it was sent to. */
static bool receive(struct listener *l, struct packet *p)
{
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	struct iovec iov = {l->f->buf, MAX_DATAGRAM};
	struct msghdr msg = {.msg_name = &p->from,
	                     .msg_namelen = sizeof(p->from),
	                     .msg_iov = &iov,
	                     .msg_iovlen = 1,
	                     .msg_control = control.buf,
	                     .msg_controllen = sizeof(control.buf)};
	ssize_t n = recvmsg(l->src.fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return false;
	p->len = (size_t)n;
	p->from_len = msg.msg_namelen;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			p->asked = addr_from_v4(ntohl(info.ipi_addr.s_addr));
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			p->asked = info.ipi6_addr;
			p->ifindex = info.ipi6_ifindex;
		}
	}
	return true;
}

/* Send a datagram of the pod to the client, from the address that the client used. */
static void answer(struct flow *w, void *data, size_t len)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {data, len};
	struct msghdr msg = {.msg_name = &w->client_ss,
	                     .msg_namelen = w->client_len,
	                     .msg_iov = &iov,
	                     .msg_iovlen = 1,
	                     .msg_control = control.buf};
	struct cmsghdr *c = &control.align;

	if (w->l->family == AF_INET) {
		struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(addr_to_v4(&w->asked))};

		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		msg.msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = {.ipi6_addr = w->asked};

		if (IN6_IS_ADDR_LINKLOCAL(&w->asked))
			info.ipi6_ifindex = w->ifindex;
		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		msg.msg_controllen = CMSG_SPACE(sizeof(info));
	}
	if (sendmsg(w->l->src.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN)
		return;
	/* A broadcast address was asked: no one can answer from that. */
	msg.msg_control = NULL;
	msg.msg_controllen = 0;
	(void)sendmsg(w->l->src.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void pod_ready(struct source *s, uint32_t events);

/* Connect the flow's socket by the next way there is; false: none is left. */
static bool flow_connect(struct flow *w)
{
	struct listener *l = w->l;
	struct err e = {0};

	loop_del(&w->src);
	close_fd(&w->src.fd);
	for (;; w->attempt++) {
		struct in6_addr ip;
		bool transparent;

		if (forward_route(&l->f->cfg, &l->to, &w->client, w->attempt, &ip, &transparent) <
		    0)
			return false;
		w->src.fd = forward_connect(SOCK_DGRAM, &ip, l->to.port, &w->client, transparent);
		if (w->src.fd >= 0)
			break;
	}
	w->src.ready = pod_ready;
	return loop_add(l->f->loop, &w->src, EPOLLIN, &e) == 0;
}

/* The pod refused (nothing listens): another way, if there is one. False: the flow has ended. */
static bool flow_refused(struct flow *w)
{
	if (errno == EAGAIN || errno == EINTR || errno == EMSGSIZE)
		return true;
	w->attempt++;
	if (w->answered || !flow_connect(w)) {
		flow_free(w);
		return false;
	}
	if (w->first)
		(void)send(w->src.fd, w->first, w->first_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	free(take_ptr(w->first));
	return true;
}

/* Keep the first datagram of a client that may have to be served another way. */
static void keep_first(struct flow *w, const struct packet *p)
{
	struct in6_addr ip;
	bool transparent;

	if (forward_route(&w->l->f->cfg, &w->l->to, &w->client, w->attempt + 1, &ip, &transparent) <
	    0)
		return;
	w->first = xmemdup(w->l->f->buf, p->len);
	w->first_len = p->len;
}

static void pod_ready(struct source *s, uint32_t events)
{
	struct flow *w = CONTAINER_OF(s, struct flow, src);
	uint8_t *buf = w->l->f->buf;

	UNUSED(events);
	for (int i = 0; i < BATCH; i++) {
		ssize_t n = recv(s->fd, buf, MAX_DATAGRAM, MSG_DONTWAIT);

		if (n < 0) {
			(void)flow_refused(w);
			return;
		}
		w->answered = true;
		free(take_ptr(w->first));
		flow_touch(w);
		answer(w, buf, (size_t)n);
	}
}

static struct flow *flow_find(struct listener *l, const struct packet *p)
{
	struct forward *f = l->f;

	for (struct flow *w = f->buckets[bucket_of(f, l, p)]; w; w = w->chain)
		if (w->l == l && w->client_port == p->client_port &&
		    addr_equal(&w->client, &p->client) && addr_equal(&w->asked, &p->asked))
			return w;
	return NULL;
}

static struct flow *flow_new(struct listener *l, const struct packet *p)
{
	struct forward *f = l->f;
	struct flow **bucket = &f->buckets[bucket_of(f, l, p)];
	struct flow *w;

	if (f->flows && f->flows >= f->max_flows)
		flow_free(f->oldest);
	w = xcalloc(1, sizeof(*w));
	*w = (struct flow){.l = l,
	                   .src.fd = -1,
	                   .client_ss = p->from,
	                   .client_len = p->from_len,
	                   .client = p->client,
	                   .client_port = p->client_port,
	                   .asked = p->asked,
	                   .ifindex = p->ifindex};
	w->chain = *bucket;
	*bucket = w;
	lru_push(f, w);
	f->flows++;
	forward_arm(f);
	w->last_s = f->now_s;
	if (!flow_connect(w)) {
		flow_free(w);
		return NULL;
	}
	keep_first(w, p);
	return w;
}

void forward_udp_ready(struct source *s, uint32_t events)
{
	struct listener *l = CONTAINER_OF(s, struct listener, src);
	struct forward *f = l->f;

	UNUSED(events);
	if (!f->buckets) {
		f->buckets = xcalloc(FORWARD_FLOW_BUCKETS, sizeof(struct flow *));
		f->buf = xmalloc(MAX_DATAGRAM);
	}
	for (int i = 0; i < BATCH; i++) {
		struct packet p = {0};
		struct flow *w;

		if (!receive(l, &p))
			return;
		if (addr_from_sockaddr(&p.from, &p.client, &p.client_port) < 0)
			continue;
		w = flow_find(l, &p);
		if (!w)
			w = flow_new(l, &p);
		if (!w)
			continue;
		flow_touch(w);
		/* An error is that of an earlier datagram: after it, send again, maybe elsewhere.
		 */
		if (send(w->src.fd, f->buf, p.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    flow_refused(w))
			(void)send(w->src.fd, f->buf, p.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

void forward_udp_drop(struct listener *l)
{
	struct flow *next;

	for (struct flow *w = l->f->newest; w; w = next) {
		next = w->older;
		if (w->l == l)
			flow_free(w);
	}
}

void forward_udp_sweep(struct forward *f, int64_t now_s)
{
	struct flow *next;

	for (struct flow *w = f->newest; w; w = next) {
		next = w->older;
		if (now_s - w->last_s > (w->answered ? FORWARD_FLOW_SEEN_S : FORWARD_FLOW_NEW_S))
			flow_free(w);
	}
}

void forward_udp_done(struct forward *f)
{
	free(f->buckets);
	free(f->buf);
	f->buckets = NULL;
	f->buf = NULL;
}
