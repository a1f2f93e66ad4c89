/* SPDX-License-Identifier: Apache-2.0 */
/* test_ctl.c - the control socket against friendly and hostile clients */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "pkg/pod/client.h"
#include "pkg/pod/ctl.h"
#include "pkg/pod/wire.h"
#include "pkg/util/fs.h"

struct server {
	char dir[64];
	int dirfd;
	struct loop loop;
	struct ctl ctl;
	int handled, closed;
	struct request last; /* strings are not kept */
	size_t fds;
};

static struct server *server_of(struct ctl_conn *c)
{
	return CONTAINER_OF(c->ctl, struct server, ctl);
}

static void handle(struct ctl_conn *c, struct request *r, int *fds, size_t nfds)
{
	struct server *s = server_of(c);

	s->handled++;
	s->last.op = r->op;
	s->last.grace = r->grace;
	s->fds = nfds + c->nfds;
	fd_close_many(fds, nfds);
	if (r->op == REQUEST_HELLO)
		ctl_send(c, json_pack("{s:b,s:i}", "ok", 1, "protocol", 9));
	else
		ctl_ok(c);
}

static void closed(struct ctl_conn *c)
{
	server_of(c)->closed++;
}

static void begin(struct server *s)
{
	struct err e = {0};

	*s = (struct server){.dir = "/tmp/kubeplay-test-XXXXXX"};
	assert_non_null(mkdtemp(s->dir));
	s->dirfd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(loop_init(&s->loop, &e), 0);
	s->ctl.any_peer = true;
	s->ctl.handle = handle;
	s->ctl.closed = closed;
	assert_int_equal(ctl_listen(&s->ctl, &s->loop, s->dirfd, &e), 0);
}

static void turn(struct server *s)
{
	struct err e = {0};

	while (loop_once(&s->loop, 0, &e) > 0)
		;
	ctl_sweep(&s->ctl);
}

static void end(struct server *s)
{
	struct err e = {0};

	ctl_done(&s->ctl);
	loop_done(&s->loop);
	(void)close(s->dirfd);
	assert_int_equal(fs_remove_tree(AT_FDCWD, s->dir, &e), 0);
}

/* A connected client that has said nothing yet. */
static int dial(struct server *s)
{
	struct err e = {0};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_non_null(ctl_add(&s->ctl, pair[0], &e));
	return pair[1];
}

/* The next answer, or NULL at the end of the connection. */
static json_t *answer(int fd, struct err *e)
{
	int fds[FD_MAX_PASS];
	json_t *msg = NULL;
	size_t n = 0;

	if (wire_recv(fd, &msg, fds, &n, e) <= 0)
		return NULL;
	assert_int_equal(n, 0);
	return msg;
}

static void expect_error(struct server *s, int fd)
{
	struct err e = {0};
	json_t *msg;

	turn(s);
	msg = answer(fd, &e);
	assert_non_null(msg);
	assert_true(wire_is_error(msg, &e));
	json_decref(msg);
}

TEST(a_request_is_decoded_and_answered)
{
	struct server s;
	struct err e = {0};
	json_t *msg;
	int fd;

	begin(&s);
	fd = dial(&s);
	assert_int_equal(
		wire_send(fd, json_pack("{s:s,s:i}", "op", "stop", "grace", 7), NULL, 0, &e), 0);
	turn(&s);
	assert_int_equal(s.handled, 1);
	assert_int_equal(s.last.op, REQUEST_STOP);
	assert_int_equal(s.last.grace, 7);
	msg = answer(fd, &e);
	assert_true(json_is_true(json_object_get(msg, "ok")));
	json_decref(msg);
	(void)close(fd);
	turn(&s);
	assert_int_equal(s.closed, 1);
	assert_int_equal(s.ctl.count, 0);
	end(&s);
}

static void *dial_in_thread(void *arg)
{
	struct server *s = arg;

	for (int i = 0; i < 200 && s->handled < 1; i++) {
		struct err e = {0};

		(void)loop_once(&s->loop, 10, &e);
	}
	return NULL;
}

TEST(a_client_connects_by_directory_and_learns_the_protocol)
{
	struct server s;
	struct client c = {.fd = -1};
	struct err e = {0};
	pid_t pid;

	begin(&s);
	pid = fork();
	if (pid == 0) {
		(void)dial_in_thread(&s);
		_exit(0);
	}
	assert_int_equal(client_connect(s.dirfd, &c, &e), 0);
	assert_int_equal(c.protocol, 9);
	client_close(&c);
	end(&s);
}

TEST(no_listener_is_reported_as_absent)
{
	char dir[] = "/tmp/kubeplay-test-XXXXXX";
	struct client c;
	struct err e = {0};
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(client_connect(fd, &c, &e), -1);
	assert_int_equal(e.kind, ERR_ABSENT);
	(void)close(fd);
	(void)rmdir(dir);
}

TEST(garbage_gets_an_error_and_never_reaches_the_handler)
{
	static const char *const bad[] = {
		"x",
		"[]",
		"{\"op\": 5}",
		"{\"op\": \"nonsense\"}",
		"{\"op\": \"stop\", \"grace\": \"soon\"}",
		"{\"op\": \"stop\", \"grace\": 99999999999}",
		"{\"op\": \"exec\"}",
		"{\"op\": \"exec\", \"pod\": \"a\", \"argv\": []}",
		"{\"op\": \"exec\", \"pod\": \"a\\u0000b\", \"argv\": [\"x\"]}",
		"{\"op\": \"exec\", \"pod\": \"a\", \"argv\": [1]}",
		"{\"op\": \"exec\", \"pod\": \"a\", \"argv\": [\"x\"], \"rows\": 70000}",
		"{\"op\": \"apply\", \"add\": [{\"pod\": \"a\"}]}",
		"{\"op\": \"apply\", \"add\": [{\"pod\": \"a\", \"listeners\": -1, \"trees\": 0}]}",
		"{\"op\": \"remove\", \"pods\": {}}",
		"{\"memfd\": true}",
		"{\"op\": \"ping\", \"op\": \"stop\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct server s;
		int fd;

		begin(&s);
		fd = dial(&s);
		assert_true(send(fd, bad[i], strlen(bad[i]), 0) > 0);
		expect_error(&s, fd);
		assert_int_equal(s.handled, 0);
		(void)close(fd);
		end(&s);
	}
}

TEST(an_oversized_message_closes_the_connection)
{
	autofree char *big = xcalloc(1, CTL_MAX_MESSAGE + 1);
	struct server s;
	int fd;

	memset(big, 'a', CTL_MAX_MESSAGE + 1);
	begin(&s);
	fd = dial(&s);
	assert_true(send(fd, big, CTL_MAX_MESSAGE + 1, 0) > 0);
	turn(&s);
	assert_int_equal(s.handled, 0);
	assert_int_equal(s.ctl.count, 0);
	(void)close(fd);
	end(&s);
}

TEST(a_large_request_travels_as_a_sealed_memfd)
{
	autofree char *arg = xmalloc(200001);
	struct server s;
	struct err e = {0};
	int fd;

	memset(arg, 'x', 200000);
	arg[200000] = '\0';
	begin(&s);
	fd = dial(&s);
	assert_int_equal(
		wire_send(fd, json_pack("{s:s,s:s,s:[s]}", "op", "exec", "pod", "p", "argv", arg),
	                  NULL, 0, &e),
		0);
	turn(&s);
	assert_int_equal(s.handled, 1);
	assert_int_equal(s.last.op, REQUEST_EXEC);
	assert_int_equal(s.fds, 0);
	(void)close(fd);
	end(&s);
}

TEST(a_memfd_that_can_still_change_is_refused)
{
	struct server s;
	int fd, pipefd[2];

	begin(&s);
	fd = dial(&s);
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	assert_true(fd_send_msg(fd, "{\"memfd\": true}", 15, pipefd, 1) > 0);
	expect_error(&s, fd);
	assert_int_equal(s.handled, 0);
	fd_close_many(pipefd, 2);
	(void)close(fd);
	end(&s);
}

TEST(descriptors_sent_ahead_are_kept_in_order_and_closed_with_the_connection)
{
	struct server s;
	struct err e = {0};
	int fd, pipefd[2];
	char c;

	begin(&s);
	fd = dial(&s);
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	assert_int_equal(wire_send(fd, json_pack("{s:s}", "op", "fds"), &pipefd[1], 1, &e), 0);
	turn(&s);
	assert_int_equal(s.handled, 0);
	assert_int_equal(s.ctl.conns->nfds, 1);
	(void)close(pipefd[1]);
	(void)close(fd);
	turn(&s);
	assert_int_equal(read(pipefd[0], &c, 1), 0); /* no writer is left */
	(void)close(pipefd[0]);
	end(&s);
}

TEST(a_client_that_does_not_read_is_dropped)
{
	struct server s;
	struct err e = {0};
	int fd;

	begin(&s);
	fd = dial(&s);
	for (int i = 0; i < 100000 && s.ctl.count; i++) {
		if (wire_send(fd, json_pack("{s:s}", "op", "ping"), NULL, 0, &e) < 0)
			break;
		turn(&s);
	}
	assert_int_equal(s.ctl.count, 0);
	(void)close(fd);
	end(&s);
}

TEST(peers_inside_our_pid_namespace_are_refused)
{
	struct server s;
	struct client c = {.fd = -1};
	struct err e = {0};
	pid_t pid;

	begin(&s);
	s.ctl.any_peer = false;
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 50; i++)
			(void)loop_once(&s.loop, 10, &e);
		_exit(0);
	}
	assert_int_equal(client_connect(s.dirfd, &c, &e), -1);
	end(&s);
}

TEST(only_harmless_descriptors_go_to_containers)
{
	struct err e = {0};
	const struct {
		const char *path;
		int flags, want;
	} rows[] = {
		{"/dev/null", O_RDWR, 0},
		{"/dev/zero", O_RDONLY, 0},
		{"/tmp", O_RDONLY, -1},
		{"/proc/self/exe", O_PATH, -1},
		{"/dev/ptmx", O_RDWR, -1},
		{"/proc/self/status", O_RDONLY, 0},
		{"/tmp", O_PATH | O_DIRECTORY, -1},
	};
	int p[2];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = open(rows[i].path, rows[i].flags | O_CLOEXEC | O_NOCTTY);

		if (fd < 0)
			continue;
		assert_int_equal(ctl_check_stdio(fd, &e), rows[i].want);
		(void)close(fd);
	}
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(ctl_check_stdio(p[0], &e), 0);
	fd_close_many(p, 2);
	assert_int_equal(ctl_check_stdio(-1, &e), -1);
}

TEST(errors_cross_the_wire_with_kind_and_text)
{
	struct err a = {0}, b = {0};
	json_t *msg;

	(void)err_sys_kind(&a, ERR_TIMEOUT, EWOULDBLOCK, "bad \xff bytes");
	msg = wire_error(&a);
	assert_non_null(msg);
	assert_true(wire_is_error(msg, &b));
	assert_int_equal(b.kind, ERR_TIMEOUT);
	assert_int_equal(b.sys, EWOULDBLOCK);
	assert_non_null(strstr(b.msg, "bad \\xff bytes"));
	json_decref(msg);
	msg = json_pack("{s:{s:i}}", "error", "kind", 12345);
	assert_true(wire_is_error(msg, &b));
	assert_int_equal(b.kind, ERR_HOST);
	json_decref(msg);
}

RUN_TESTS(CASE(a_request_is_decoded_and_answered),
          CASE(a_client_connects_by_directory_and_learns_the_protocol),
          CASE(no_listener_is_reported_as_absent),
          CASE(garbage_gets_an_error_and_never_reaches_the_handler),
          CASE(an_oversized_message_closes_the_connection),
          CASE(a_large_request_travels_as_a_sealed_memfd),
          CASE(a_memfd_that_can_still_change_is_refused),
          CASE(descriptors_sent_ahead_are_kept_in_order_and_closed_with_the_connection),
          CASE(a_client_that_does_not_read_is_dropped),
          CASE(peers_inside_our_pid_namespace_are_refused),
          CASE(only_harmless_descriptors_go_to_containers),
          CASE(errors_cross_the_wire_with_kind_and_text))
