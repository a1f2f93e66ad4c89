/* SPDX-License-Identifier: Apache-2.0 */
/* test_subnet.c - addresses, and subnets that no route of the host touches */
#include "tests/unit/test.h"

#include "net/subnet.h"

static void choose(const char *const *routes, size_t n, size_t pods, struct subnets *ret)
{
	struct addr_prefix taken[16];
	struct err e = {0};

	for (size_t i = 0; i < n; i++)
		assert_int_equal(addr_prefix_parse(routes[i], &taken[i]), 0);
	assert_int_equal(subnet_choose(taken, n, pods, 7, ret, &e), 0);
}

static void assert_prefix(const struct addr_prefix *p, const char *want)
{
	char text[ADDR_TEXT_SIZE + 8], ip[ADDR_TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "%s/%d", addr_text(&p->net, ip), addr_prefix_bits(p));
	assert_string_equal(text, want);
}

TEST(a_quiet_host_gets_the_usual_subnets)
{
	static const char *const routes[] = {"0.0.0.0/0", "192.0.2.0/24", "127.0.0.0/8", "::/0"};
	struct subnets s;

	choose(routes, ARRAY_LEN(routes), 3, &s);
	assert_prefix(&s.pods, "10.244.0.0/24");
	assert_prefix(&s.tap, "10.0.2.0/24");
	assert_prefix(&s.pods6, "fd00:6b70:0:7::/64");
}

TEST(a_virtual_machine_and_flannel_move_both)
{
	static const char *const routes[] = {"10.0.2.0/24", "10.244.0.0/16"};
	struct subnets s;

	choose(routes, ARRAY_LEN(routes), 3, &s);
	assert_prefix(&s.pods, "10.245.0.0/24");
	assert_prefix(&s.tap, "10.0.3.0/24");
}

TEST(a_vpn_that_takes_all_of_ten_moves_both_elsewhere)
{
	static const char *const routes[] = {"10.0.0.0/8", "172.16.3.4/32"};
	struct subnets s;

	choose(routes, ARRAY_LEN(routes), 3, &s);
	assert_prefix(&s.tap, "172.16.0.0/24");
	assert_prefix(&s.pods, "172.16.1.0/24");
}

TEST(routes_for_half_of_the_world_count_as_default_routes)
{
	static const char *const routes[] = {"0.0.0.0/1", "128.0.0.0/1"};
	struct subnets s;

	choose(routes, ARRAY_LEN(routes), 3, &s);
	assert_prefix(&s.pods, "10.244.0.0/24");
}

TEST(the_ula_avoids_routes_too)
{
	static const char *const routes[] = {"fd00:6b70:0:7::/64"};
	struct subnets s;

	choose(routes, ARRAY_LEN(routes), 3, &s);
	assert_prefix(&s.pods6, "fd00:6b70:0:8::/64");
}

TEST(many_pods_get_a_larger_subnet)
{
	struct subnets s;

	choose(NULL, 0, 200, &s);
	assert_prefix(&s.pods, "10.244.0.0/16");
	assert_true(subnet_capacity(&s) > 400);
}

TEST(nothing_left_is_an_error)
{
	static const char *const routes[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
	                                     "100.64.0.0/10"};
	struct addr_prefix taken[4];
	struct subnets s;
	struct err e = {0};

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(addr_prefix_parse(routes[i], &taken[i]), 0);
	assert_int_equal(subnet_choose(taken, 4, 1, 0, &s, &e), -1);
	assert_int_equal(e.kind, ERR_HOST);
}

TEST(addresses_of_a_subnet_are_numbered)
{
	struct addr_prefix v4, v6;
	char text[ADDR_TEXT_SIZE];
	struct in6_addr a;

	assert_int_equal(addr_prefix_parse("10.244.255.0/24", &v4), 0);
	assert_int_equal(addr_prefix_parse("fd00::/64", &v6), 0);
	a = addr_nth(&v4, 1);
	assert_string_equal(addr_text(&a, text), "10.244.255.1");
	a = addr_nth(&v6, 258);
	assert_string_equal(addr_text(&a, text), "fd00::102");
}

TEST(prefixes_compare_bit_by_bit)
{
	struct addr_prefix p;
	struct in6_addr in, out;

	assert_int_equal(addr_prefix_parse("10.0.2.128/25", &p), 0);
	assert_int_equal(addr_parse("10.0.2.129", &in), 0);
	assert_int_equal(addr_parse("10.0.2.127", &out), 0);
	assert_true(addr_prefix_has(&p, &in));
	assert_false(addr_prefix_has(&p, &out));
	assert_int_equal(addr_prefix_parse("10.0.0.0/33", &p), -1);
	assert_int_equal(addr_prefix_parse("10.0.0.0", &p), -1);
	assert_int_equal(addr_prefix_parse("x/8", &p), -1);
}

TEST(some_addresses_cannot_be_a_source_in_a_pod)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"198.51.100.9", true},     {"127.0.0.1", false},
		{"127.8.8.8", false},       {"169.254.1.1", false},
		{"0.0.0.0", false},         {"224.0.0.1", false},
		{"2001:db8::9", true},      {"::1", false},
		{"fe80::1", false},         {"ff02::1", false},
		{"255.255.255.255", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct in6_addr a;

		assert_int_equal(addr_parse(rows[i].text, &a), 0);
		assert_int_equal(addr_is_routable(&a), rows[i].want);
	}
}

RUN_TESTS(CASE(a_quiet_host_gets_the_usual_subnets), CASE(a_virtual_machine_and_flannel_move_both),
          CASE(a_vpn_that_takes_all_of_ten_moves_both_elsewhere),
          CASE(routes_for_half_of_the_world_count_as_default_routes),
          CASE(the_ula_avoids_routes_too), CASE(many_pods_get_a_larger_subnet),
          CASE(nothing_left_is_an_error), CASE(addresses_of_a_subnet_are_numbered),
          CASE(prefixes_compare_bit_by_bit), CASE(some_addresses_cannot_be_a_source_in_a_pod))
