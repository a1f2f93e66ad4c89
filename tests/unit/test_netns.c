/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_netns.c - the whole network of a project with two pods, as an ordinary user
 *
 * Everything runs in a child in a user namespace of its own with a single id, as the supervisor
 * would: no root, no newuidmap, no address added to the machine. A machine without user namespaces
 * skips.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "net/addr.h"
#include "net/net.h"
#include "pkg/runtime/ns.h"
#include "pkg/util/fd.h"
#include "pkg/util/proc.h"

static const struct net_ops *const ops = &kubeplay_net_ops;

static char web[] = "web", db[] = "db", app[] = "app", ns_name[] = "default", lo[] = "127.0.0.1";
static struct plan_port port = {.container_port = 80, .host_ip = lo};
static struct plan_container with_port = {.name = app, .ports = &port, .ports_count = 1};
static struct plan_container plain = {.name = app};
static struct plan_pod pods[] = {
	{.name = web,
         .hostname = web,
         .pod_namespace = ns_name,
         .containers = &with_port,
         .containers_count = 1},
	{.name = db,
         .hostname = db,
         .pod_namespace = ns_name,
         .containers = &plain,
         .containers_count = 1},
};
static struct plan plan = {.project = app, .pods = pods, .pods_count = 2};

/* Where the build left kubeplay-net: two folders above this test. */
static char *libexec_dir(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	return xstrdup(self);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(10);
	(void)close(fd);
}

static uint16_t free_port(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&sa, sizeof(sa)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&sa, &len), 0);
	return ntohs(sa.sin_port);
}

/* Sockets of a pod, made in its namespace */

struct want {
	int type;
	bool listen;
	const char *ip;
	uint16_t port;
	int fd;
};

static int make_socket(void *arg, struct err *e)
{
	struct want *w = arg;
	struct in6_addr ip = addr_from_v4(0);
	struct sockaddr_storage ss;
	socklen_t len;

	w->fd = socket(AF_INET, w->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->fd < 0 || (w->ip && addr_parse(w->ip, &ip) < 0))
		return err_sys(e, errno, "socket");
	len = addr_to_sockaddr(&ip, w->port, &ss);
	if (w->listen) {
		if (bind(w->fd, (struct sockaddr *)(void *)&ss, len) < 0 || listen(w->fd, 8) < 0)
			return err_sys(e, errno, "listen on %d", w->port);
	} else if (connect(w->fd, (struct sockaddr *)(void *)&ss, len) < 0 &&
	           errno != EINPROGRESS) {
		return err_sys(e, errno, "connect");
	}
	return 0;
}

static int in_pod(const struct net_pod *np, struct want w)
{
	struct err e = {0};

	if (ns_join_run(np->net_fd, CLONE_NEWNET, make_socket, &w, &e) < 0) {
		(void)fprintf(stderr, "# in pod: %s\n", e.msg);
		_exit(11);
	}
	return w.fd;
}

struct running {
	struct loop loop;
	struct net *net;
	struct net_pod np[2];
};

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			(void)fprintf(stderr, "# line %d: %s\n", __LINE__, #x);                    \
			_exit(12);                                                                 \
		}                                                                                  \
	} while (0)

static void wait_readable(struct running *r, int fd)
{
	bool readable = false;
	struct err e = {0};

	for (int i = 0; i < 500 && !readable; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};

		readable = poll(&p, 1, 0) > 0;
		CHECK(readable || loop_once(&r->loop, 10, &e) >= 0);
	}
	CHECK(readable); /* in five seconds */
}

static void expect_text(struct running *r, int fd, const char *want)
{
	char buf[64] = "";
	ssize_t n;

	wait_readable(r, fd);
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	CHECK(n == (ssize_t)strlen(want) && memcmp(buf, want, strlen(want)) == 0);
}

static int host_connect(uint16_t to)
{
	struct in6_addr ip = addr_from_v4(INADDR_LOOPBACK);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ip, to, &ss);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(connect(fd, (struct sockaddr *)(void *)&ss, len) == 0);
	return fd;
}

/* A client of the published port reaches the pod, and appears there as the gateway. */
static void through_host_port(struct running *r, int server)
{
	int c = host_connect((uint16_t)port.host_port), p;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char text[ADDR_TEXT_SIZE];
	struct in6_addr ip;
	uint16_t n;

	wait_readable(r, server);
	p = accept4(server, (struct sockaddr *)(void *)&from, &len, SOCK_CLOEXEC);
	CHECK(p >= 0 && addr_from_sockaddr(&from, &ip, &n) == 0);
	CHECK(streq(addr_text(&ip, text), r->np[0].gateway));
	CHECK(send(c, "hello", 5, 0) == 5);
	expect_text(r, p, "hello");
	CHECK(send(p, "there", 5, 0) == 5);
	expect_text(r, c, "there");
	close_fd(&c);
	close_fd(&p);
}

static void pod_to_pod(struct running *r, int server)
{
	int c = in_pod(&r->np[1],
	               (struct want){.type = SOCK_STREAM, .ip = r->np[0].ip, .port = 80}),
	    p;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char text[ADDR_TEXT_SIZE];
	struct in6_addr ip;
	uint16_t n;

	wait_readable(r, server);
	p = accept4(server, (struct sockaddr *)(void *)&from, &len, SOCK_CLOEXEC);
	CHECK(p >= 0 && addr_from_sockaddr(&from, &ip, &n) == 0);
	CHECK(streq(addr_text(&ip, text), r->np[1].ip));
	close_fd(&c);
	close_fd(&p);
}

/* The resolver at the gateway knows the pod "web". */
static void name_of_pod(struct running *r, int type)
{
	static const uint8_t q[] = "\0\x15\7\7\1\0\0\1\0\0\0\0\0\0\3wEb\0\0\1\0\1";
	bool tcp = type == SOCK_STREAM;
	int fd = in_pod(&r->np[1], (struct want){.type = type, .ip = r->np[1].gateway, .port = 53});
	const uint8_t *msg = tcp ? q : q + 2;
	size_t len = sizeof(q) - 1 - (tcp ? 0 : 2);
	uint8_t buf[128];
	struct in6_addr ip;
	ssize_t n;

	for (int i = 0; i < 100 && send(fd, msg, len, MSG_NOSIGNAL) < 0; i++)
		(void)poll(NULL, 0, 10);
	wait_readable(r, fd);
	n = recv(fd, buf, sizeof(buf), 0);
	CHECK(n > 20 && addr_parse(r->np[0].ip, &ip) == 0);
	CHECK(memcmp(buf + n - 4, &ip.s6_addr[12], 4) == 0);
	close_fd(&fd);
}

/* What one opens, another sees closed: the host's loopback is not a pod's. */
static void host_loopback_is_closed(struct running *r)
{
	static const char *const ways[] = {"10.0.2.2", "10.0.2.3", "127.0.0.1"};
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	CHECK(bind(s, (struct sockaddr *)(void *)&sa, sizeof(sa)) == 0 && listen(s, 8) == 0);
	CHECK(getsockname(s, (struct sockaddr *)(void *)&sa, &len) == 0);
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		int fd = in_pod(&r->np[1], (struct want){.type = SOCK_STREAM,
		                                         .ip = ways[i],
		                                         .port = ntohs(sa.sin_port)});
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		int num = 0;

		len = sizeof(num);
		(void)poll(&p, 1, 2000);
		CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &num, &len) == 0);
		CHECK(num != 0 || !(p.revents & POLLOUT));
		CHECK(accept4(s, NULL, NULL, 0) < 0);
		close_fd(&fd);
	}
	close_fd(&s);
}

static void wait_settled(struct running *r)
{
	struct err e = {0};

	for (int i = 0; i < 300 && ops->ready(r->net, &e) == 0; i++)
		CHECK(loop_once(&r->loop, 10, &e) >= 0);
	CHECK(ops->ready(r->net, &e) != 0);
	if (e.msg[0])
		(void)fprintf(stderr, "# degraded: %s\n", e.msg);
}

/* A pod that is replaced keeps its published port, and the new one is reached. */
static void replace_pod(struct running *r)
{
	struct err e = {0};
	int server;

	ops->pod_remove(r->net, web);
	CHECK(ops->pod_add(r->net, &pods[0], NULL, 0, &r->np[0], &e) == 0);
	server = in_pod(&r->np[0], (struct want){.type = SOCK_STREAM, .listen = true, .port = 80});
	through_host_port(r, server);
	close_fd(&server);
}

static void files_of_pod(struct running *r)
{
	struct net_files f = {0};
	struct err e = {0};
	char line[80];

	CHECK(ops->files(r->net, &pods[0], &r->np[0], &f, &e) == 0);
	(void)snprintf(line, sizeof(line), "\n%s\tweb\n", r->np[0].ip);
	CHECK(strstr(f.hosts, line) != NULL);
	(void)snprintf(line, sizeof(line), "nameserver %s\n", r->np[0].gateway);
	CHECK(strstr(f.resolv_conf, line) != NULL);
	CHECK(streq(f.hostname, "web\n"));
	free(f.hosts);
	free(f.resolv_conf);
	free(f.hostname);
}

/* Where the shared memory of two pods would meet: each has an ipc and a uts namespace of its own.
 */
static void own_namespaces(struct running *r)
{
	CHECK(r->np[0].net_fd >= 0 && r->np[0].ipc_fd >= 0 && r->np[0].uts_fd >= 0);
	CHECK(r->np[0].net_fd != r->np[1].net_fd);
}

static void all_of_it(struct running *r)
{
	struct err e = {0};
	int server;

	CHECK(loop_init(&r->loop, &e) == 0);
	if (ops->setup(r->net, &r->loop, &e) < 0) {
		(void)fprintf(stderr, "# setup: %s\n", e.msg);
		_exit(13);
	}
	for (int i = 0; i < 2; i++)
		if (ops->pod_add(r->net, &pods[i], NULL, 0, &r->np[i], &e) < 0) {
			(void)fprintf(stderr, "# pod_add: %s\n", e.msg);
			_exit(13);
		}
	CHECK(ops->start(r->net, &e) == 0);
	CHECK(ops->ready(r->net, &e) == 0); /* whatever the helpers say: nothing is wired */
	CHECK(ops->wire(r->net, &e) == 0);
	own_namespaces(r);
	server = in_pod(&r->np[0], (struct want){.type = SOCK_STREAM, .listen = true, .port = 80});
	wait_settled(r);
	through_host_port(r, server);
	pod_to_pod(r, server);
	close_fd(&server);
	name_of_pod(r, SOCK_DGRAM);
	name_of_pod(r, SOCK_STREAM);
	host_loopback_is_closed(r);
	files_of_pod(r);
	replace_pod(r);
	ops->stop(r->net);
}

static NORETURN void supervise(struct net *n)
{
	static struct running r;
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		_exit(77);
	write_text("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	write_text("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
	write_text("/proc/self/gid_map", map);
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		_exit(77);
	r.net = n;
	all_of_it(&r);
	_exit(0);
}

static int run_project(enum net_mode mode, struct err *e)
{
	autofree char *libexec = libexec_dir();
	struct net_config cfg = {.mode = mode, .libexec = libexec};
	struct net *n = NULL;
	int pidfd = -1, code;
	pid_t pid;

	port.host_port = free_port();
	if (ops->prepare(&cfg, &plan, &n, e) < 0)
		return -1;
	pid = proc_clone(0, &pidfd);
	if (pid == 0)
		supervise(n);
	assert_true(pid > 0);
	ops->free_unused(n);
	assert_int_equal(proc_wait_end(pidfd, 60000), 1);
	code = proc_reap(pidfd);
	close_fd(&pidfd);
	return code;
}

static void run_or_skip(enum net_mode mode)
{
	struct err e = {0};
	int code = run_project(mode, &e);

	if (code == 77 || (code < 0 && mode != NET_AUTO)) {
		print_message("# skipped: %s\n", code < 0 ? e.msg : "no user namespaces here");
		skip();
	}
	if (code < 0)
		fail_msg("prepare: %s", e.msg);
	assert_int_equal(code, 0);
}

TEST(two_pods_are_published_named_and_apart)
{
	run_or_skip(NET_AUTO);
}

TEST(the_same_with_slirp4netns)
{
	run_or_skip(NET_SLIRP);
}

TEST(the_same_with_pasta)
{
	run_or_skip(NET_PASTA);
}

TEST(a_port_that_is_taken_fails_before_anything_exists)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct net_config cfg = {.mode = NET_AUTO};
	socklen_t len = sizeof(sa);
	struct net *n = NULL;
	struct err e = {0};

	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&sa, &len), 0);
	port.host_port = ntohs(sa.sin_port);
	assert_int_equal(ops->prepare(&cfg, &plan, &n, &e), -1);
	assert_non_null(strstr(e.msg, "pod web, container app, hostPort"));
	assert_null(n);
}

TEST(a_live_pod_binds_only_what_the_project_does_not_hold)
{
	struct net_config cfg = {.mode = NET_AUTO};
	struct err e = {0};
	size_t count = 9;
	int *fds = NULL;

	port.host_port = free_port();
	assert_int_equal(ops->bind_pod(&cfg, &pods[0], &fds, &count, &e), 0);
	assert_int_equal(count, 1);
	cfg.live = &plan;
	{
		int *again = NULL;
		size_t none = 9;

		assert_int_equal(ops->bind_pod(&cfg, &pods[0], &again, &none, &e), 0);
		assert_int_equal(none, 0);
		free(again);
	}
	fd_close_many(fds, count);
	free(fds);
}

RUN_TESTS(CASE(a_port_that_is_taken_fails_before_anything_exists),
          CASE(a_live_pod_binds_only_what_the_project_does_not_hold),
          CASE(two_pods_are_published_named_and_apart), CASE(the_same_with_slirp4netns),
          CASE(the_same_with_pasta))
