/* SPDX-License-Identifier: Apache-2.0 */
/* test_forward.c - the forwarder over loopback: bytes, ends, resets, datagrams, and its choices */
#include "tests/unit/test.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "net/forward.h"
#include "pkg/util/fd.h"

struct world {
	struct loop loop;
	struct forward f;
	struct in6_addr lo;
	int server; /* what stands for the pod */
	uint16_t published;
};

static int bound(int type, uint16_t *ret_port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&sa, sizeof(sa)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&sa, &len), 0);
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

static int client(int type, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
	                         .sin_port = htons(port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&sa, sizeof(sa)), 0);
	fd_set_nonblock(fd, true);
	return fd;
}

static struct world *world_new(int type)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct control_config cfg = {.transparent = false};
	struct control_listen to = {.protocol = type == SOCK_STREAM ? CONTROL_TCP : CONTROL_UDP};
	struct err e = {0};
	int fd;

	assert_int_equal(loop_init(&w->loop, &e), 0);
	forward_init(&w->f, &w->loop, &cfg);
	w->server = bound(type, &to.port);
	to.ip = addr_from_v4(INADDR_LOOPBACK);
	fd = bound(type, &w->published);
	assert_int_equal(forward_listen(&w->f, 1, &to, fd, &e), 0);
	return w;
}

static void world_free(struct world *w)
{
	forward_done(&w->f);
	loop_done(&w->loop);
	close_fd(&w->server);
	free(w);
}

/* Let the forwarder work until fd is readable (or has ended). */
static void turn_until(struct world *w, int fd)
{
	struct err e = {0};

	for (int i = 0; i < 2000; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};

		if (poll(&p, 1, 0) > 0)
			return;
		assert_true(loop_once(&w->loop, forward_busy(&w->f) ? 0 : 1, &e) >= 0);
		forward_turn(&w->f);
	}
	fail_msg("nothing came in two seconds");
}

static int accept_pod(struct world *w)
{
	turn_until(w, w->server);
	return accept4(w->server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

TEST(bytes_pass_both_ways_and_each_end_of_file_alone)
{
	struct world *w = world_new(SOCK_STREAM);
	int c = client(SOCK_STREAM, w->published), p = accept_pod(w);
	char buf[16];

	assert_int_equal(send(c, "question", 8, 0), 8);
	assert_int_equal(shutdown(c, SHUT_WR), 0);
	turn_until(w, p);
	assert_int_equal(recv(p, buf, sizeof(buf), 0), 8);
	turn_until(w, p);
	assert_int_equal(recv(p, buf, sizeof(buf), 0), 0); /* the client's end of file */
	assert_int_equal(send(p, "answer", 6, 0), 6);      /* and still an answer */
	turn_until(w, c);
	assert_int_equal(recv(c, buf, sizeof(buf), 0), 6);
	assert_memory_equal(buf, "answer", 6);
	close_fd(&p);
	turn_until(w, c);
	assert_int_equal(recv(c, buf, sizeof(buf), 0), 0);
	assert_int_equal(w->f.conns, 0);
	close_fd(&c);
	world_free(w);
}

TEST(a_slow_reader_gets_every_byte)
{
	enum { TOTAL = 8 << 20 };
	struct world *w = world_new(SOCK_STREAM);
	int c = client(SOCK_STREAM, w->published), p = accept_pod(w);
	autofree uint8_t *data = xmalloc(TOTAL), *got = xmalloc(TOTAL);
	size_t sent = 0, have = 0;
	struct err e = {0};

	for (size_t i = 0; i < TOTAL; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	for (int round = 0; have < TOTAL && round < 100000; round++) {
		ssize_t n = sent < TOTAL ? send(c, data + sent, TOTAL - sent, MSG_DONTWAIT) : 0;

		sent += n > 0 ? (size_t)n : 0;
		(void)loop_once(&w->loop, forward_busy(&w->f) ? 0 : 1, &e);
		forward_turn(&w->f);
		n = round % 3 ? 0
		              : recv(p, got + have, MIN((size_t)TOTAL - have, (size_t)300000), 0);
		have += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(have, TOTAL);
	assert_memory_equal(data, got, TOTAL);
	close_fd(&c);
	close_fd(&p);
	world_free(w);
}

static void assert_reset(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	assert_int_equal(n, -1);
	assert_int_equal(errno, ECONNRESET);
}

static void reset(int *fd)
{
	const struct linger now = {.l_onoff = 1};

	(void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close_fd(fd);
}

TEST(a_reset_of_either_side_is_a_reset_of_the_other)
{
	for (int pod_first = 0; pod_first < 2; pod_first++) {
		struct world *w = world_new(SOCK_STREAM);
		int c = client(SOCK_STREAM, w->published), p = accept_pod(w);

		reset(pod_first ? &p : &c);
		turn_until(w, pod_first ? c : p);
		assert_reset(pod_first ? c : p);
		assert_int_equal(w->f.conns, 0);
		close_fd(&c);
		close_fd(&p);
		world_free(w);
	}
}

TEST(a_reset_after_the_end_of_file_is_seen_too)
{
	struct world *w = world_new(SOCK_STREAM);
	int c = client(SOCK_STREAM, w->published), p = accept_pod(w);
	char buf[4];

	assert_int_equal(shutdown(c, SHUT_WR), 0);
	turn_until(w, p);
	assert_int_equal(recv(p, buf, sizeof(buf), 0), 0);
	reset(&c);
	for (int i = 0; i < 1000 && w->f.conns; i++) {
		struct err e = {0};

		(void)loop_once(&w->loop, 1, &e);
	}
	assert_int_equal(w->f.conns, 0);
	assert_int_equal(send(p, "x", 1, MSG_NOSIGNAL), -1); /* the pod knows */
	close_fd(&p);
	world_free(w);
}

TEST(a_pod_that_does_not_listen_gives_a_reset)
{
	struct world *w = world_new(SOCK_STREAM);
	int c;

	close_fd(&w->server);
	c = client(SOCK_STREAM, w->published);
	turn_until(w, c);
	assert_reset(c);
	assert_int_equal(w->f.conns, 0);
	close_fd(&c);
	world_free(w);
}

TEST(removing_a_listener_resets_what_came_through_it)
{
	struct world *w = world_new(SOCK_STREAM);
	int c = client(SOCK_STREAM, w->published), p = accept_pod(w);

	forward_unlisten(&w->f, 99);
	assert_int_equal(w->f.conns, 1);
	forward_unlisten(&w->f, 1);
	assert_reset(c);
	assert_reset(p);
	assert_null(w->f.listeners);
	close_fd(&c);
	close_fd(&p);
	world_free(w);
}

TEST(at_the_limit_clients_wait_instead_of_failing)
{
	struct world *w = world_new(SOCK_STREAM);
	int a, b, p, q;

	w->f.max_conns = 1;
	a = client(SOCK_STREAM, w->published);
	p = accept_pod(w);
	b = client(SOCK_STREAM, w->published);
	for (int i = 0; i < 5; i++) {
		struct err e = {0};

		(void)loop_once(&w->loop, 1, &e);
	}
	assert_int_equal(w->f.conns, 1);
	reset(&a);
	q = accept_pod(w); /* after the pause */
	assert_true(q >= 0);
	close_fd(&b);
	close_fd(&p);
	close_fd(&q);
	world_free(w);
}

TEST(datagrams_of_each_client_are_a_flow_and_come_back)
{
	struct world *w = world_new(SOCK_DGRAM);
	int a = client(SOCK_DGRAM, w->published), b = client(SOCK_DGRAM, w->published);
	struct sockaddr_in from[2] = {0};
	char buf[16];

	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(from[i]);

		assert_int_equal(send(i ? b : a, i ? "B" : "A", 1, 0), 1);
		turn_until(w, w->server);
		assert_int_equal(recvfrom(w->server, buf, sizeof(buf), 0,
		                          (struct sockaddr *)(void *)&from[i], &len),
		                 1);
	}
	assert_int_not_equal(from[0].sin_port, from[1].sin_port);
	assert_int_equal(w->f.flows, 2);
	assert_int_equal(sendto(w->server, "to b", 4, 0, (struct sockaddr *)(void *)&from[1],
	                        sizeof(from[1])),
	                 4);
	turn_until(w, b);
	assert_int_equal(recv(b, buf, sizeof(buf), 0), 4);
	assert_int_equal(recv(a, buf, sizeof(buf), 0), -1);
	close_fd(&a);
	close_fd(&b);
	world_free(w);
}

TEST(the_longest_silent_flow_makes_room)
{
	struct world *w = world_new(SOCK_DGRAM);
	struct sockaddr_in from[4] = {0};
	int fds[4] = {-1, -1, -1, -1};
	char c[1];

	w->f.max_flows = 3;
	for (int i = 0; i < 4; i++) {
		socklen_t len = sizeof(from[i]);

		fds[i] = client(SOCK_DGRAM, w->published);
		assert_int_equal(send(fds[i], "x", 1, 0), 1);
		turn_until(w, w->server);
		assert_int_equal(
			recvfrom(w->server, c, 1, 0, (struct sockaddr *)(void *)&from[i], &len), 1);
	}
	assert_int_equal(w->f.flows, 3);
	for (int i = 0; i < 4; i++)
		(void)sendto(w->server, "y", 1, 0, (struct sockaddr *)(void *)&from[i],
		             sizeof(from[i]));
	turn_until(w, fds[3]);
	turn_until(w, fds[1]);
	assert_int_equal(recv(fds[0], c, 1, 0), -1); /* the first one had to go */
	for (int i = 0; i < 4; i++)
		close_fd(&fds[i]);
	world_free(w);
}

struct row {
	const char *client;
	const char *pod; /* NULL: no way */
	int attempt;
	bool transparent;
};

TEST(a_client_keeps_its_address_where_a_reply_can_come_back)
{
	static const struct row rows[] = {
		{"198.51.100.9", "10.244.0.2", 0, true},
		{"198.51.100.9", NULL, 1, false},
		{"127.0.0.1", "10.244.0.2", 0, false},
		{"10.244.0.77", "10.244.0.2", 0, false}, /* pod subnet */
		{"10.0.2.15", "10.244.0.2", 0, false},   /* tap subnet */
		{"2001:db8::9", "fd00::2", 0, true},
		{"2001:db8::9", "10.244.0.2", 1, false}, /* the pod listens on IPv4 only */
		{"2001:db8::9", NULL, 2, false},
		{"::1", "fd00::2", 0, false},
		{"fe80::1", "fd00::2", 0, false},
		{"fd00::77", "fd00::2", 0, false},
	};
	struct control_config cfg = {.transparent = true};
	struct control_listen to = {0};

	assert_int_equal(addr_prefix_parse("10.244.0.0/24", &cfg.pods), 0);
	assert_int_equal(addr_prefix_parse("fd00::/64", &cfg.pods6), 0);
	assert_int_equal(addr_prefix_parse("10.0.2.0/24", &cfg.tap), 0);
	assert_int_equal(addr_parse("10.244.0.2", &to.ip), 0);
	assert_int_equal(addr_parse("fd00::2", &to.ip6), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct in6_addr client_ip, pod;
		char text[ADDR_TEXT_SIZE];
		bool transparent;
		int r;

		assert_int_equal(addr_parse(rows[i].client, &client_ip), 0);
		r = forward_route(&cfg, &to, &client_ip, rows[i].attempt, &pod, &transparent);
		assert_int_equal(r, rows[i].pod ? 0 : -1);
		if (!rows[i].pod)
			continue;
		assert_string_equal(addr_text(&pod, text), rows[i].pod);
		assert_int_equal(transparent, rows[i].transparent);
	}
}

RUN_TESTS(CASE(bytes_pass_both_ways_and_each_end_of_file_alone),
          CASE(a_slow_reader_gets_every_byte), CASE(a_reset_of_either_side_is_a_reset_of_the_other),
          CASE(a_reset_after_the_end_of_file_is_seen_too),
          CASE(a_pod_that_does_not_listen_gives_a_reset),
          CASE(removing_a_listener_resets_what_came_through_it),
          CASE(at_the_limit_clients_wait_instead_of_failing),
          CASE(datagrams_of_each_client_are_a_flow_and_come_back),
          CASE(the_longest_silent_flow_makes_room),
          CASE(a_client_keeps_its_address_where_a_reply_can_come_back))
