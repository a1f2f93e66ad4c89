/* SPDX-License-Identifier: Apache-2.0 */
/* test_hosts.c - /etc/hosts in the kubelet's layout */
#include "tests/unit/test.h"

#include "net/hosts.h"

static char web[] = "web", name[] = "web-0", sub[] = "peers", ns[] = "prod", ip[] = "192.0.2.9";
static char one[] = "one.example", two[] = "two.example";
static char *both[] = {one, two};
static struct plan_host_alias alias = {.ip = ip, .hostnames = both, .hostnames_count = 2};

#define LOCALHOST                                                                                  \
	"127.0.0.1\tlocalhost\n"                                                                   \
	"::1\tlocalhost ip6-localhost ip6-loopback\n"                                              \
	"fe00::0\tip6-localnet\n"                                                                  \
	"fe00::0\tip6-mcastprefix\n"                                                               \
	"fe00::1\tip6-allnodes\n"                                                                  \
	"fe00::2\tip6-allrouters\n"

TEST(a_plain_pod_has_localhost_itself_and_the_host)
{
	struct plan_pod pod = {.name = web};
	struct hosts h = {.pod = &pod, .ip = "10.244.0.2", .host_ip = "198.51.100.1"};
	autofree char *text = NULL;
	struct err e = {0};

	assert_int_equal(hosts_render(&h, &text, &e), 0);
	assert_string_equal(text, "# Kubernetes-managed hosts file.\n" LOCALHOST "10.244.0.2\tweb\n"
	                          "198.51.100.1\thost.containers.internal host.docker.internal\n");
}

TEST(subdomain_and_aliases_stand_where_a_kubelet_puts_them)
{
	struct plan_pod pod = {.name = web,
	                       .hostname = name,
	                       .subdomain = sub,
	                       .pod_namespace = ns,
	                       .host_aliases = &alias,
	                       .host_aliases_count = 1};
	struct hosts h = {.pod = &pod, .ip = "10.244.0.2", .host_ip = ""};
	autofree char *text = NULL;
	struct err e = {0};

	assert_int_equal(hosts_render(&h, &text, &e), 0);
	assert_string_equal(text, "# Kubernetes-managed hosts file.\n" LOCALHOST
	                          "10.244.0.2\tweb-0.peers.prod.svc.cluster.local\tweb-0\n"
	                          "\n# Entries added by HostAliases.\n"
	                          "192.0.2.9\tone.example\ttwo.example\n");
}

TEST(a_pod_of_the_host_network_sees_the_host_file)
{
	struct plan_pod pod = {.name = web, .host_network = true};
	struct hosts h = {.pod = &pod, .ip = "", .host_ip = "127.0.0.1", .host_file = "1.2.3.4\tx"};
	autofree char *text = NULL;
	struct err e = {0};

	assert_int_equal(hosts_render(&h, &text, &e), 0);
	assert_string_equal(text, "# Kubernetes-managed hosts file (host network).\n1.2.3.4\tx\n"
	                          "127.0.0.1\thost.containers.internal host.docker.internal\n");
}

TEST(a_pod_without_network_still_finds_its_own_name)
{
	struct plan_pod pod = {.name = web};
	struct hosts h = {.pod = &pod, .ip = "", .host_ip = ""};
	autofree char *text = NULL;
	struct err e = {0};

	assert_int_equal(hosts_render(&h, &text, &e), 0);
	assert_non_null(strstr(text, "\n127.0.0.1\tweb\n"));
	assert_null(strstr(text, "host.containers.internal"));
}

TEST(an_alias_cannot_smuggle_lines)
{
	static char evil[] = "x\n6.6.6.6\tbank.example";
	char *names[] = {evil};
	struct plan_host_alias bad = {.ip = ip, .hostnames = names, .hostnames_count = 1};
	struct plan_pod pod = {.name = web, .host_aliases = &bad, .host_aliases_count = 1};
	struct hosts h = {.pod = &pod, .ip = "10.244.0.2", .host_ip = ""};
	char *text = NULL;
	struct err e = {0};

	assert_int_equal(hosts_render(&h, &text, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_null(text);
}

RUN_TESTS(CASE(a_plain_pod_has_localhost_itself_and_the_host),
          CASE(subdomain_and_aliases_stand_where_a_kubelet_puts_them),
          CASE(a_pod_of_the_host_network_sees_the_host_file),
          CASE(a_pod_without_network_still_finds_its_own_name), CASE(an_alias_cannot_smuggle_lines))
