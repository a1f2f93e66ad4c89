/* SPDX-License-Identifier: Apache-2.0 */
/* test_forward_ports.c - hostPorts: conflicts, who holds a port, and handing listeners over */
#include "tests/unit/test.h"

#include <arpa/inet.h>

#include "net/ports.h"
#include "net/publish.h"

static char web[] = "web", db[] = "db", app[] = "app", nginx[] = "nginx";

static struct plan_port port(int64_t host, int64_t inside, char *ip, enum plan_protocol proto)
{
	return (struct plan_port){
		.host_port = host, .container_port = inside, .host_ip = ip, .protocol = proto};
}

struct two_pods {
	struct plan_port ports[2];
	struct plan_container c[2];
	struct plan_pod pods[2];
};

static void two_pods(struct two_pods *t, struct plan_port a, struct plan_port b)
{
	*t = (struct two_pods){.ports = {a, b}};
	t->c[0] = (struct plan_container){.name = nginx, .ports = &t->ports[0], .ports_count = 1};
	t->c[1] = (struct plan_container){.name = app, .ports = &t->ports[1], .ports_count = 1};
	t->pods[0] = (struct plan_pod){.name = web, .containers = &t->c[0], .containers_count = 1};
	t->pods[1] = (struct plan_pod){.name = db, .containers = &t->c[1], .containers_count = 1};
}

static int check(struct plan_port a, struct plan_port b, struct err *e)
{
	struct two_pods t;
	struct port_list l = {0};
	int r;

	two_pods(&t, a, b);
	assert_int_equal(port_list_add(&l, &t.pods[0], NULL, e), 0);
	assert_int_equal(port_list_add(&l, &t.pods[1], NULL, e), 0);
	r = port_list_check(&l, e);
	port_list_done(&l);
	return r;
}

TEST(two_pods_that_want_one_port_are_both_named)
{
	struct err e = {0};

	assert_int_equal(check(port(8080, 80, NULL, PLAN_TCP), port(8080, 81, NULL, PLAN_TCP), &e),
	                 -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.msg, "pod web, container nginx"));
	assert_non_null(strstr(e.msg, "pod db, container app"));
}

TEST(ports_collide_only_where_they_overlap)
{
	static char lo[] = "127.0.0.1", other[] = "127.0.0.2", any[] = "0.0.0.0", lo6[] = "::1";
	struct err e = {0};

	assert_int_equal(check(port(53, 53, NULL, PLAN_TCP), port(53, 53, NULL, PLAN_UDP), &e), 0);
	assert_int_equal(check(port(53, 53, lo, PLAN_TCP), port(53, 53, other, PLAN_TCP), &e), 0);
	assert_int_equal(check(port(53, 53, lo, PLAN_TCP), port(53, 53, lo6, PLAN_TCP), &e), 0);
	assert_int_equal(check(port(53, 53, any, PLAN_TCP), port(53, 53, lo6, PLAN_TCP), &e), 0);
	assert_int_equal(check(port(53, 53, lo, PLAN_TCP), port(53, 53, NULL, PLAN_TCP), &e), -1);
	assert_int_equal(check(port(53, 53, lo, PLAN_TCP), port(53, 53, any, PLAN_TCP), &e), -1);
	assert_int_equal(check(port(53, 53, lo, PLAN_TCP), port(54, 53, lo, PLAN_TCP), &e), 0);
}

TEST(a_pod_of_the_host_network_binds_for_itself)
{
	struct two_pods t;
	struct port_list l = {0};
	struct err e = {0};

	two_pods(&t, port(80, 80, NULL, PLAN_TCP), port(0, 80, NULL, PLAN_TCP));
	t.pods[0].host_network = true;
	assert_int_equal(port_list_add(&l, &t.pods[0], NULL, &e), 0);
	assert_int_equal(port_list_add(&l, &t.pods[1], NULL, &e),
	                 0); /* hostPort 0: not published */
	assert_int_equal(l.len, 0);
	port_list_done(&l);
}

static const char tcp_table[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000  1000        0 11 1 x\n"
	"   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 22 1 x\n"
	"   2: garbage\n"
	"   3: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 33 1 x\n";

static const char tcp6_table[] =
	"  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 44 1 x\n"
	"   1: 00000000000000000000000001000000:0017 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 55 1 x\n";

TEST(the_socket_in_the_way_is_found)
{
	struct in6_addr lo, other, all = {0};
	uint64_t inode = 0;
	uint32_t uid = 0;

	assert_int_equal(addr_parse("127.0.0.1", &lo), 0);
	assert_int_equal(addr_parse("127.0.0.2", &other), 0);
	assert_true(port_find_socket(tcp_table, false, true, &lo, 8080, &inode, &uid));
	assert_int_equal(inode, 22); /* the listening one, not the connection */
	assert_int_equal(uid, 1000);
	assert_true(port_find_socket(tcp_table, false, true, &all, 8080, &inode, &uid));
	assert_false(port_find_socket(tcp_table, false, true, &other, 8080, &inode, &uid));
	assert_true(port_find_socket(tcp_table, false, true, &other, 80, &inode, &uid));
	assert_int_equal(inode, 33);
	assert_true(
		port_find_socket(tcp6_table, true, true, &lo, 22, &inode, &uid)); /* dual stack */
	assert_int_equal(inode, 44);
	assert_false(port_find_socket(tcp6_table, true, true, &lo, 23, &inode, &uid));
	assert_false(port_find_socket("", false, true, &lo, 80, &inode, &uid));
}

static struct port one(const struct plan_port *spec)
{
	return (struct port){.pod = web, .container = nginx, .spec = spec};
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct in6_addr ip;
	uint16_t n;

	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr(&ss, &ip, &n), 0);
	return n;
}

TEST(a_port_in_use_names_the_process)
{
	for (int udp = 0; udp < 2; udp++) {
		struct plan_port any = port(0, 80, NULL, udp ? PLAN_UDP : PLAN_TCP);
		struct port p = one(&any);
		struct err e = {0};
		int fd = port_bind(&p, &e); /* port 0: the kernel chooses */
		struct plan_port same = port(port_of(fd), 80, NULL, udp ? PLAN_UDP : PLAN_TCP);
		autofree char *want = xasprintf(
			"port %d%s (pod web, container nginx, hostPort) is in use by pid %d (",
			port_of(fd), udp ? "/udp" : "", (int)getpid());

		assert_true(fd >= 0);
		p = one(&same);
		assert_int_equal(port_bind(&p, &e), -1);
		assert_int_equal(e.kind, ERR_HOST);
		assert_non_null(strstr(e.msg, want));
		close_fd(&fd);
	}
}

TEST(an_address_that_is_not_ours_is_said_so)
{
	static char ip[] = "198.51.100.77";
	struct plan_port spec = port(0, 80, ip, PLAN_TCP);
	struct port p = one(&spec);
	struct err e = {0};

	assert_int_equal(addr_parse(ip, &p.ip), 0);
	assert_int_equal(port_bind(&p, &e), -1);
	assert_non_null(strstr(e.msg, "no interface of this machine has that address"));
}

TEST(a_replaced_pod_finds_its_port_still_bound)
{
	struct publish u = {0};
	struct relay r = {.control.fd = -1};
	struct loop loop;
	struct err e = {0};
	struct plan_port spec = port(0, 80, NULL, PLAN_TCP);
	struct port p = one(&spec);
	struct port_list l = {&p, 1};
	struct in6_addr ip = addr_from_v4(0x0af40002), none = {0};
	int fd = port_bind(&p, &e), kept = fd;

	assert_int_equal(loop_init(&loop, &e), 0);
	u.relay = &r;
	u.loop = &loop;
	assert_false(publish_has(&u, &p));
	assert_int_equal(publish_pod(&u, &l, 1, &ip, &none, &fd, 1, &e), 0);
	assert_int_equal(fd, -1); /* taken over */
	publish_leave(&u, 1);
	assert_true(publish_has(&u, &p));
	assert_int_equal(publish_pod(&u, &l, 2, &ip, &none, NULL, 0, &e), 0);
	assert_int_equal(u.v[0].fd, kept);
	assert_int_equal(u.v[0].pod, 2);
	publish_leave(&u, 2);
	u.v[0].until_ms = 0; /* time has passed */
	u.expiry.fired(&u.expiry);
	assert_false(publish_has(&u, &p));
	assert_int_equal(publish_pod(&u, &l, 3, &ip, &none, NULL, 0, &e),
	                 -1); /* nothing to listen on */
	publish_done(&u);
	loop_done(&loop);
}

RUN_TESTS(CASE(two_pods_that_want_one_port_are_both_named),
          CASE(ports_collide_only_where_they_overlap),
          CASE(a_pod_of_the_host_network_binds_for_itself), CASE(the_socket_in_the_way_is_found),
          CASE(a_port_in_use_names_the_process), CASE(an_address_that_is_not_ours_is_said_so),
          CASE(a_replaced_pod_finds_its_port_still_bound))
