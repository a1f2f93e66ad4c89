/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "kube/name_rule.h"

#define N10  "a123456789"
#define N50  N10 N10 N10 N10 N10
#define N63  N50 "a123456789012"
#define N250 N50 N50 N50 N50 N50

static const struct {
	const char *good[16], *bad[32];
} rows[NAME_KIND_COUNT] = {
	[NAME_LABEL] = {{"a", "1", "a-1", "1a", "a--b", N63},
                        {"", "A", "-a", "a-", "a.b", "a_b", "a b", "\xc3\xa4", "a\n", "-",
                         N63 "a"}},
	[NAME_SUBDOMAIN] = {{"a", "a.b-c.1", "1.2.3", N63 "a.b", N250 "abc"},
                            {"", "a..b", ".a", "a.", "a.-b", "a-.b", "A.b", "a_b", "a/b", "..", ".",
                             "-", "a b", N250 "abcd"}},
	[NAME_SERVICE] = {{"a", "web-1", "a1", N63},
                          {"", "1a", "-a", "a-", "a.b", "A", "9", N63 "a"}},
	[NAME_PATH_SAFE] = {{"a", "Upper_Case.1", "1", "a..b", "a-", N250 "abc"},
                            {"", "../x", "a/b", ".x", "-x", "_x", "a b", "\xc3\xa4", N250 "abcd"}},
	[NAME_QUALIFIED] = {{"a", "A", "a_b.c-d", "example.com/Some_Name.x", "1/2",
                             N250 "abc/" N63},
                            {"", "/a", "a/", "a/b/c", "A.com/b", "-a", "a-", "a b", "a/.b", "a./b",
                             N63 "a", N250 "abcd/a", "x/" N63 "a"}},
	[NAME_LABEL_VALUE] = {{"", "a", "1.0_x", "A-b", N63},
                              {"a b", "-a", "a-", ".a", "a.", "a/b", "a:b", "_", N63 "a"}},
	[NAME_CONFIG_KEY] = {{"a", ".dockerconfigjson", "a_b.c", "-", "A..b", "_", ".a.",
                              N250 "abc"},
                             {"", ".", "..", "..a", "...", "a/b", "a b", "a:b", N250 "abcd"}},
	[NAME_PORT] = {{"a", "http-2", "1a", "a-b-c", "a12345678901234"},
                       {"", "80", "a--b", "-a", "a-", "Http", "a_b", "a.b", "1-2",
                        "a123456789012345"}},
	[NAME_ENV] = {{"A", "a b", "9", "a.b-c", "~", "a:b", N250 "abcdef"},
                      {"", "a=b", "=", "\x01", "a\nb", "\x7f", "\xc3\xa4"}},
	[NAME_CLASSIC_ENV] = {{"A", "a.b-c", "_9", ".a", "-a"},
                              {"", "9a", ".", "..", "..a", "a b", "a=b", "a/b"}},
	[NAME_IP] = {{"10.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fd00::1",
                      "FD00::00ff", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "1::8"},
                     {"",
                      "10.0.0",
                      "10.0.0.1.2",
                      "10.0.0.01",
                      "010.0.0.1",
                      "256.0.0.1",
                      "10.0.0.1 ",
                      " 10.0.0.1",
                      "10.0.0.1/8",
                      "1:2:3:4:5:6:7",
                      "1::2::3",
                      "fe80::1%eth0",
                      "[::1]",
                      ":::",
                      "12345::",
                      "0x10.0.0.1",
                      "10.0.0.-1",
                      "localhost",
                      "1:2:3:4:5:6:7::8",
                      "10.0.0.",
                      "::ffff:10.0.0.01"}},
	[NAME_CIDR] = {{"10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "10.1.2.3/8", "::/0", "fd00::/48",
                        "::1/128", "0000:0000:0000:0000:0000:ffff:255.255.255.255/1"},
                       {"",
                        "/",
                        "10.0.0.0",
                        "10.0.0.0/",
                        "/8",
                        "10.0.0.0/33",
                        "::/129",
                        "10.0.0.0/08",
                        "10.0.0.0/00",
                        "10.0.0.0/+8",
                        "10.0.0.0/-1",
                        "10.0.0.0/ 8",
                        "10.0.0.0/8 ",
                        "10.0.0.0/8/8",
                        "10.0.0/8",
                        "010.0.0.0/8",
                        "10.0.0.0/0x8",
                        "10.0.0.0/99999999999999999999",
                        "10.0.0.0/255.0.0.0",
                        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1"}},
};

TEST(names_follow_the_rules_of_kubernetes)
{
	for (enum name_kind k = 0; k < NAME_KIND_COUNT; k++) {
		assert_non_null(rows[k].bad[0]);
		for (const char *const *s = rows[k].good; *s; s++)
			if (!name_ok(k, *s))
				fail_msg("kind %d refuses \"%s\"", (int)k, *s);
		for (const char *const *s = rows[k].bad; *s; s++)
			if (name_ok(k, *s))
				fail_msg("kind %d takes \"%s\"", (int)k, *s);
	}
}

TEST(every_rule_completes_a_sentence)
{
	for (enum name_kind k = 0; k < NAME_KIND_COUNT; k++) {
		const char *rule = name_rule(k);

		assert_true(starts_with(rule, "has ") || starts_with(rule, "is "));
		assert_false(ends_with(rule, ".") || strchr(rule, '\n') || strchr(rule, '%'));
		for (enum name_kind other = 0; other < k; other++)
			assert_string_not_equal(rule, name_rule(other));
	}
}

TEST(the_questions_by_themselves_are_those_of_the_table)
{
	assert_true(name_is_label("a-1") && !name_is_label("a.b"));
	assert_true(name_is_subdomain("a.b") && !name_is_subdomain("a_b"));
	assert_true(name_is_service("a1") && !name_is_service("1a"));
	assert_true(name_is_path_safe("A_b") && !name_is_path_safe("/"));
	assert_true(name_is_qualified("a.b/c") && !name_is_qualified("a/b/c"));
	assert_true(name_is_label_value("") && !name_is_label_value("a b"));
	assert_true(name_is_config_key(".a") && !name_is_config_key("..a"));
	assert_true(name_is_port("http") && !name_is_port("80"));
	assert_true(name_is_env("a b") && !name_is_env("a=b"));
	assert_true(name_is_classic_env("a.b") && !name_is_classic_env("a b"));
	assert_true(name_is_ip("::1") && !name_is_ip("::1/128"));
	assert_true(name_is_cidr("::1/128") && !name_is_cidr("::1"));
}

RUN_TESTS(CASE(names_follow_the_rules_of_kubernetes), CASE(every_rule_completes_a_sentence),
          CASE(the_questions_by_themselves_are_those_of_the_table))
