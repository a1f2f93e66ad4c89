/* SPDX-License-Identifier: Apache-2.0 */
/* test_dns.c - own names, refusals, and which replies are believed */
#include "tests/unit/test.h"

#include "net/dns.h"

#include <arpa/nameser.h>

/* A query for name (text with dots) into msg; its length. */
static size_t query(uint8_t *msg, const char *name, uint16_t type, bool edns)
{
	static const uint8_t opt[11] = {0, 0, 41, 4, 0xd0};
	size_t at = DNS_HEADER;

	memset(msg, 0, DNS_HEADER);
	msg[0] = 0x12;
	msg[1] = 0x34;
	msg[2] = 1; /* RD */
	msg[5] = 1;
	while (*name) {
		size_t n = strcspn(name, ".");

		msg[at++] = (uint8_t)n;
		memcpy(msg + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	msg[at++] = 0;
	msg[at++] = 0;
	msg[at++] = (uint8_t)type;
	msg[at++] = 0;
	msg[at++] = 1;
	if (edns) {
		msg[11] = 1;
		memcpy(msg + at, opt, sizeof(opt));
		at += sizeof(opt);
	}
	return at;
}

static void one_pod(struct dns_names *n)
{
	struct in6_addr none = {0}, ip = addr_from_v4(0x0af40002);

	assert_true(dns_names_add(n, "Web", 1, &ip, &none));
}

static size_t ask(const struct dns_names *n, const char *name, uint16_t type, uint8_t *out)
{
	uint8_t msg[512];
	size_t len = query(msg, name, type, false);
	struct dns_query q;

	assert_int_equal(dns_parse(msg, len, &q), 0);
	return dns_answer(n, msg, &q, out, DNS_MAX_OWN);
}

TEST(a_pod_is_found_whatever_the_case_and_the_question_comes_back_as_asked)
{
	struct dns_names n = {0};
	uint8_t out[DNS_MAX_OWN], msg[512];
	static const uint8_t ip[] = {10, 244, 0, 2};
	size_t len, asked;

	one_pod(&n);
	len = ask(&n, "wEb", ns_t_a, out);
	asked = query(msg, "wEb", ns_t_a, false);
	assert_true(len > asked);
	assert_memory_equal(out + DNS_HEADER, msg + DNS_HEADER, asked - DNS_HEADER);
	assert_memory_equal(out + len - 4, ip, 4);
	assert_int_equal(dns_id(out), 0x1234);
	assert_int_equal(dns_rcode(out), DNS_NOERROR);
	assert_int_equal(out[2] & 0x80, 0x80);
	assert_int_equal(out[7], 1);
	dns_names_done(&n);
}

TEST(a_pod_without_ipv6_gives_an_empty_answer_not_no_such_name)
{
	struct dns_names n = {0};
	uint8_t out[DNS_MAX_OWN];

	one_pod(&n);
	assert_true(ask(&n, "web", ns_t_aaaa, out) > 0);
	assert_int_equal(dns_rcode(out), DNS_NOERROR);
	assert_int_equal(out[7], 0);
	assert_true(ask(&n, "web", ns_t_mx, out) > 0);
	assert_int_equal(out[7], 0);
	dns_names_done(&n);
}

TEST(other_names_are_not_ours)
{
	struct dns_names n = {0};
	uint8_t out[DNS_MAX_OWN];

	one_pod(&n);
	assert_int_equal(ask(&n, "webb", ns_t_a, out), 0);
	assert_int_equal(ask(&n, "we", ns_t_a, out), 0);
	assert_int_equal(ask(&n, "web.example.com", ns_t_a, out), 0);
	assert_int_equal(ask(&n, "", ns_t_a, out), 0);
	dns_names_done(&n);
}

TEST(a_search_domain_behind_a_name_makes_no_difference)
{
	struct dns_names n = {0};
	uint8_t out[DNS_MAX_OWN];

	one_pod(&n);
	dns_search_add(&n, "Corp.Example.");
	assert_true(ask(&n, "web.corp.example", ns_t_a, out) > 0);
	assert_int_equal(ask(&n, "web.corp.example.org", ns_t_a, out), 0);
	dns_search_clear(&n);
	assert_int_equal(ask(&n, "web.corp.example", ns_t_a, out), 0);
	dns_names_done(&n);
}

TEST(the_reverse_name_of_a_pod_is_its_name)
{
	struct dns_names n = {0};
	uint8_t out[DNS_MAX_OWN];
	size_t len;

	one_pod(&n);
	len = ask(&n, "2.0.244.10.in-addr.arpa", ns_t_ptr, out);
	assert_true(len > 5);
	assert_memory_equal(out + len - 5, "\3web\0", 5);
	assert_int_equal(ask(&n, "3.0.244.10.in-addr.arpa", ns_t_ptr, out), 0);
	dns_names_done(&n);
}

TEST(names_go_with_their_pod)
{
	struct dns_names n = {0};
	uint8_t out[DNS_MAX_OWN];
	struct in6_addr none = {0}, ip = addr_from_v4(0x0af40003);

	one_pod(&n);
	assert_true(dns_names_add(&n, "db", 2, &ip, &none));
	dns_names_remove(&n, 1);
	assert_int_equal(ask(&n, "web", ns_t_a, out), 0);
	assert_true(ask(&n, "db", ns_t_a, out) > 0);
	dns_names_done(&n);
}

TEST(the_table_of_names_is_bounded)
{
	struct dns_names n = {0};
	struct in6_addr ip = addr_from_v4(1);

	for (int i = 0; i < DNS_MAX_NAMES; i++)
		assert_true(dns_names_add(&n, "x", 1, &ip, &ip));
	assert_false(dns_names_add(&n, "x", 1, &ip, &ip));
	dns_names_done(&n);
}

TEST(many_addresses_stay_below_512_bytes_without_edns)
{
	struct dns_names n = {0};
	uint8_t out[DNS_MAX_OWN];
	struct in6_addr none = {0}, ip = addr_from_v4(0x0af40003);

	for (int i = 0; i < 200; i++)
		assert_true(dns_names_add(&n, "many", 1, &ip, &none));
	assert_in_range(ask(&n, "many", ns_t_a, out), 100, 512);
	dns_names_done(&n);
}

TEST(edns_is_answered_with_edns)
{
	struct dns_names n = {0};
	uint8_t msg[512], out[DNS_MAX_OWN];
	struct dns_query q;
	size_t len = query(msg, "web", ns_t_a, true), got;

	one_pod(&n);
	assert_int_equal(dns_parse(msg, len, &q), 0);
	assert_true(q.edns);
	got = dns_answer(&n, msg, &q, out, sizeof(out));
	assert_int_equal(out[11], 1);
	assert_int_equal(out[got - 10 + 1], 41);
	dns_names_done(&n);
}

TEST(hostile_messages_are_refused_or_ignored)
{
	static const struct {
		const char *bytes;
		size_t len;
		int want;
	} rows[] = {
		{"", 0, -1},
		{"\1\2\1\0\0\1\0\0\0\0\0", 11, -1},                                /* cut header */
		{"\1\2\x81\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, -1},                  /* a reply */
		{"\1\2\x29\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, DNS_NOTIMP},          /* an update */
		{"\1\2\1\0\0\0\0\0\0\0\0\0", 12, DNS_FORMERR},                     /* no question */
		{"\1\2\1\0\0\2\0\0\0\0\0\0\0\0\1\0\1\0\0\1\0\1", 22, DNS_FORMERR}, /* two */
		{"\1\2\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18,
	         DNS_FORMERR}, /* pointer to itself */
		{"\1\2\1\0\0\1\0\0\0\0\0\0\x3f"
	         "abc",
	         16, DNS_FORMERR},                                      /* label past the end */
		{"\1\2\1\0\0\1\0\0\0\0\0\0\1a\0\0\1", 17, DNS_FORMERR}, /* no class */
	};
	struct dns_query q;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(dns_parse((const uint8_t *)rows[i].bytes, rows[i].len, &q),
		                 rows[i].want);
}

TEST(a_dot_inside_a_label_does_not_make_another_name)
{
	struct dns_names n = {0};
	uint8_t msg[64] = {1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8}, out[DNS_MAX_OWN];
	static const uint8_t rest[] = {'w', 'e', 'b', '.', 'c', 'o', 'r', 'p', 0, 0, 1, 0, 1};
	struct dns_query q;

	one_pod(&n);
	dns_search_add(&n, "corp");
	memcpy(msg + 13, rest, sizeof(rest));
	assert_int_equal(dns_parse(msg, 26, &q), 0);
	assert_int_equal(dns_answer(&n, msg, &q, out, sizeof(out)), 0);
	dns_names_done(&n);
}

TEST(only_the_reply_to_what_was_asked_is_believed)
{
	uint8_t q[512], r[512];
	size_t len = query(q, "example.com", ns_t_a, false);

	memcpy(r, q, len);
	r[2] |= 0x80;
	assert_true(dns_matches(q, len, r, len));
	r[DNS_HEADER + 1] = 'E'; /* a server that changes the case */
	assert_true(dns_matches(q, len, r, len));
	r[DNS_HEADER + 1] = 'f';
	assert_false(dns_matches(q, len, r, len));
	r[DNS_HEADER + 1] = 'e';
	r[1]++;
	assert_false(dns_matches(q, len, r, len)); /* id */
	r[1]--;
	r[len - 3] = ns_t_aaaa;
	assert_false(dns_matches(q, len, r, len)); /* type */
	r[len - 3] = ns_t_a;
	r[2] &= 0x7f;
	assert_false(dns_matches(q, len, r, len)); /* a query */
	r[2] |= 0x80;
	assert_false(dns_matches(q, len, r, len - 1)); /* cut */
}

TEST(a_failure_is_told_with_id_and_question)
{
	uint8_t msg[512], out[512];
	size_t len = query(msg, "example.com", ns_t_a, false), n;
	struct dns_query q;

	assert_int_equal(dns_parse(msg, len, &q), 0);
	n = dns_refuse(msg, len, &q, DNS_SERVFAIL, out, sizeof(out));
	assert_int_equal(n, len);
	assert_int_equal(dns_rcode(out), DNS_SERVFAIL);
	assert_true(dns_matches(msg, len, out, n));
}

RUN_TESTS(CASE(a_pod_is_found_whatever_the_case_and_the_question_comes_back_as_asked),
          CASE(a_pod_without_ipv6_gives_an_empty_answer_not_no_such_name),
          CASE(other_names_are_not_ours), CASE(a_search_domain_behind_a_name_makes_no_difference),
          CASE(the_reverse_name_of_a_pod_is_its_name), CASE(names_go_with_their_pod),
          CASE(the_table_of_names_is_bounded),
          CASE(many_addresses_stay_below_512_bytes_without_edns), CASE(edns_is_answered_with_edns),
          CASE(hostile_messages_are_refused_or_ignored),
          CASE(a_dot_inside_a_label_does_not_make_another_name),
          CASE(only_the_reply_to_what_was_asked_is_believed),
          CASE(a_failure_is_told_with_id_and_question))
