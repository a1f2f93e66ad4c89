/* SPDX-License-Identifier: Apache-2.0 */
/* test_resolv.c - the host's resolv.conf as libc reads it, and the pods' as we write it */
#include "tests/unit/test.h"

#include "net/resolv.h"

static void parse(const char *text, struct resolv *r)
{
	resolv_parse(text, strlen(text), r);
}

TEST(servers_search_and_options_are_found)
{
	struct resolv r;
	char ip[ADDR_TEXT_SIZE];

	parse("# comment\n"
	      "nameserver 127.0.0.53\n"
	      "nameserver\t2001:db8::1   \n"
	      "search a.example b.example # end\n"
	      "options ndots:2 edns0 trust-ad\n",
	      &r);
	assert_int_equal(r.servers.count, 2);
	assert_string_equal(addr_text(&r.servers.ip[0], ip), "127.0.0.53");
	assert_string_equal(addr_text(&r.servers.ip[1], ip), "2001:db8::1");
	assert_int_equal(r.search.len, 2);
	assert_string_equal(r.search.v[1], "b.example");
	assert_int_equal(r.options.len, 3);
	resolv_done(&r);
}

TEST(no_server_means_the_one_on_this_machine)
{
	struct resolv r;
	char ip[ADDR_TEXT_SIZE];

	parse("", &r);
	assert_int_equal(r.servers.count, 1);
	assert_string_equal(addr_text(&r.servers.ip[0], ip), "127.0.0.1");
	resolv_done(&r);
}

TEST(no_more_than_three_servers_and_the_last_search_counts)
{
	struct resolv r;

	parse("nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n"
	      "search one.example\ndomain two.example",
	      &r);
	assert_int_equal(r.servers.count, 3);
	assert_int_equal(r.search.len, 1);
	assert_string_equal(r.search.v[0], "two.example");
	resolv_done(&r);
}

TEST(nonsense_is_skipped)
{
	struct resolv r;
	autofree char *text = NULL;
	static const char bytes[] =
		"nameserver x\nnameserver\nsearch \001\x7f . ok.example\n\0\xff\n;";

	resolv_parse(bytes, sizeof(bytes) - 1, &r);
	assert_int_equal(r.search.len, 1);
	text = resolv_render(&r, "10.244.0.1");
	assert_string_equal(text, "search ok.example\nnameserver 10.244.0.1\n");
	resolv_done(&r);
}

TEST(a_link_local_server_keeps_its_interface)
{
	struct resolv r;

	parse("nameserver fe80::1%lo\n", &r);
	assert_int_equal(r.servers.count, 1);
	assert_int_equal(r.servers.scope[0], 1);
	resolv_done(&r);
}

TEST(a_pod_gets_our_server_and_the_options_about_names)
{
	struct resolv r;
	autofree char *text = NULL;

	parse("nameserver 10.9.9.9\nsearch a.example b.example\noptions edns0 ndots:3 timeout:1\n",
	      &r);
	text = resolv_render(&r, "10.244.0.1");
	assert_string_equal(text, "search a.example b.example\n"
	                          "nameserver 10.244.0.1\n"
	                          "options ndots:3 timeout:1\n");
	resolv_done(&r);
}

TEST(a_change_of_any_part_is_seen)
{
	struct resolv a, b;
	static const char *const others[] = {"nameserver 10.0.0.2\nsearch x\n",
	                                     "nameserver 10.0.0.1\nsearch y\n",
	                                     "nameserver 10.0.0.1\n"};

	parse("nameserver 10.0.0.1\nsearch x\n", &a);
	parse("search x\nnameserver 10.0.0.1\n", &b);
	assert_true(resolv_equal(&a, &b));
	resolv_done(&b);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		parse(others[i], &b);
		assert_false(resolv_equal(&a, &b));
		resolv_done(&b);
	}
	resolv_done(&a);
}

RUN_TESTS(CASE(servers_search_and_options_are_found), CASE(no_server_means_the_one_on_this_machine),
          CASE(no_more_than_three_servers_and_the_last_search_counts), CASE(nonsense_is_skipped),
          CASE(a_link_local_server_keeps_its_interface),
          CASE(a_pod_gets_our_server_and_the_options_about_names),
          CASE(a_change_of_any_part_is_seen))
