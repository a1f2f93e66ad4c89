/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "kube/quantity.h"

struct row {
	const char *text;
	int64_t milli, bytes;
};

TEST(quantities_are_exact)
{
	static const struct row rows[] = {
		{"0", 0, 0},
		{"1", 1000, 1},
		{"500m", 500, 1},
		{"0.5", 500, 1},
		{".5", 500, 1},
		{"1.", 1000, 1},
		{"+2", 2000, 2},
		{"-1", -1000, -1},
		{"1e3", 1000000, 1000},
		{"1E3", 1000000, 1000},
		{"1e-3", 1, 1},
		{"100u", 1, 1},
		{"1n", 1, 1},
		{"0.0001", 1, 1},
		{"1.0001", 1001, 2},
		{"1k", 1000000, 1000},
		{"1Ki", 1024000, 1024},
		{"64Mi", 67108864000, 67108864},
		{"1.5Gi", 1610612736000, 1610612736},
		{"0.1Ki", 102400, 103},
		{"0.000000000000000000000000001Gi", 1, 1},
		{"000000000000000000000000000000001", 1000, 1},
		{"1.000000000000000000000000000000", 1000, 1},
		{"123456789012345678e-17", 1235, 2},
		{"9G", 9000000000000, 9000000000},
		{"0E", 0, 0},
		{"0e400", 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t milli = -7, bytes = -7;

		if (quantity_parse(rows[i].text, 1000, &milli) != SCALAR_OK ||
		    quantity_parse(rows[i].text, 1, &bytes) != SCALAR_OK)
			fail_msg("%s is refused", rows[i].text);
		if (milli != rows[i].milli || bytes != rows[i].bytes)
			fail_msg("%s: %lld %lld", rows[i].text, (long long)milli, (long long)bytes);
	}
}

TEST(what_is_no_quantity_is_refused)
{
	static const char *const rows[] = {"",     "m",  "1 Gi", "1gi",  "1.2.3", "yes",
	                                   "0x10", "1e", "1e+",  "--1",  "1K",    "1KiB",
	                                   " 1",   "1 ", ".",    "1e3m", "Ki",    "1e1.5"};
	int64_t v;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (quantity_parse(rows[i], 1, &v) != SCALAR_SYNTAX || quantity_valid(rows[i]))
			fail_msg("\"%s\" is accepted", rows[i]);
}

TEST(the_largest_fit_and_larger_ones_do_not)
{
	int64_t v;

	assert_int_equal(quantity_parse("9223372036854775807", 1, &v), SCALAR_OK);
	assert_true(v == INT64_MAX);
	assert_int_equal(quantity_parse("9223372036854775808", 1, &v), SCALAR_RANGE);
	assert_int_equal(quantity_parse("7Ei", 1, &v), SCALAR_OK);
	assert_true(v == INT64_C(7) << 60);
	assert_int_equal(quantity_parse("8Ei", 1, &v), SCALAR_RANGE);
	assert_int_equal(quantity_parse("7.999999999999999999Ei", 1, &v), SCALAR_OK);
	assert_int_equal(quantity_parse("9223372036854775.807", 1000, &v), SCALAR_OK);
	assert_int_equal(quantity_parse("9223372036854775.808", 1000, &v), SCALAR_RANGE);
	assert_int_equal(quantity_parse("1e999999999999", 1, &v), SCALAR_RANGE);
	assert_int_equal(quantity_parse("1e-999999999999", 1, &v), SCALAR_OK);
	assert_int_equal(v, 1);
}

TEST(plain_text_has_the_type_kubectl_gives_it)
{
	static const struct {
		const char *text;
		enum scalar_kind kind;
	} rows[] = {
		{"yes", SCALAR_BOOL},
		{"y", SCALAR_BOOL},
		{"Off", SCALAR_BOOL},
		{"tRue", SCALAR_STRING},
		{"~", SCALAR_NULL},
		{"", SCALAR_NULL},
		{"null", SCALAR_NULL},
		{"nUll", SCALAR_STRING},
		{"1", SCALAR_NUMBER},
		{"0x10", SCALAR_NUMBER},
		{"010", SCALAR_NUMBER},
		{"08", SCALAR_NUMBER},
		{"0o10", SCALAR_NUMBER},
		{"1_000", SCALAR_NUMBER},
		{"0b11", SCALAR_NUMBER},
		{"1.50", SCALAR_NUMBER},
		{"1e3", SCALAR_NUMBER},
		{".5", SCALAR_NUMBER},
		{"12:30", SCALAR_STRING},
		{"2001-01-01", SCALAR_STRING},
		{".inf", SCALAR_STRING},
		{"1.2.3", SCALAR_STRING},
		{"-", SCALAR_STRING},
		{"1e", SCALAR_STRING},
		{"+1", SCALAR_NUMBER},
		{"-0.0", SCALAR_NUMBER},
		{"99999999999999999999", SCALAR_NUMBER},
		{"0xzz", SCALAR_STRING},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (scalar_kind(rows[i].text) != rows[i].kind)
			fail_msg("%s", rows[i].text);
}

TEST(whole_numbers_in_every_base)
{
	static const struct {
		const char *text;
		int64_t v;
	} rows[] = {{"8080", 8080},    {"0x1F90", 8080},
	            {"0o17620", 8080}, {"017620", 8080},
	            {"0b101", 5},      {"8_080", 8080},
	            {"+80", 80},       {"-5", -5},
	            {"0", 0},          {"-9223372036854775808", INT64_MIN}};
	static const char *const bad[] = {"", "-", "08", "0x", "80.0", "8e3", "_1", "1a", "0b2"};
	int64_t v;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (scalar_int(rows[i].text, &v) != SCALAR_OK || v != rows[i].v)
			fail_msg("%s", rows[i].text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (scalar_int(bad[i], &v) != SCALAR_SYNTAX)
			fail_msg("%s", bad[i]);
	assert_int_equal(scalar_int("9223372036854775808", &v), SCALAR_RANGE);
	assert_int_equal(scalar_int("99999999999999999999999", &v), SCALAR_RANGE);
}

TEST(names_follow_the_rules_of_kubernetes)
{
	char long_label[65];

	memset(long_label, 'a', 64);
	long_label[64] = '\0';
	assert_true(name_is_label("a-1"));
	assert_false(name_is_label("") || name_is_label("A") || name_is_label("-a") ||
	             name_is_label("a-") || name_is_label("a.b") || name_is_label(long_label));
	assert_true(name_is_label(long_label + 1));
	assert_true(name_is_subdomain("a.b-c.1"));
	assert_false(name_is_subdomain("a..b") || name_is_subdomain(".a") ||
	             name_is_subdomain("a.") || name_is_subdomain("a.-b"));
	assert_true(name_is_path_safe("Upper_Case.1"));
	assert_false(name_is_path_safe("../x") || name_is_path_safe("a/b") ||
	             name_is_path_safe(".x"));
	assert_true(name_is_qualified("example.com/Some_Name.x") && name_is_qualified("a"));
	assert_false(name_is_qualified("/a") || name_is_qualified("a/") ||
	             name_is_qualified("a/b/c") || name_is_qualified("A.com/b"));
	assert_true(name_is_label_value("") && name_is_label_value("1.0_x"));
	assert_false(name_is_label_value("a b") || name_is_label_value("-a"));
	assert_true(name_is_config_key(".dockerconfigjson") && name_is_config_key("a_b.c"));
	assert_false(name_is_config_key("..") || name_is_config_key("..a") ||
	             name_is_config_key("a/b") || name_is_config_key(""));
	assert_true(name_is_port("http-2") && name_is_port("a"));
	assert_false(name_is_port("80") || name_is_port("a--b") ||
	             name_is_port("sixteen-letters-") || name_is_port("Http"));
	assert_true(name_is_env("a b") && !name_is_env("a=b") && !name_is_env("\x01"));
	assert_true(name_is_classic_env("a.b-c") && !name_is_classic_env("9a"));
}

static void decodes(const char *text, const char *want)
{
	size_t len = 99;
	autofree unsigned char *bytes = base64_decode(text, &len);

	if (!want) {
		assert_null(bytes);
		return;
	}
	assert_non_null(bytes);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(bytes, want, len);
}

TEST(base64_is_strict)
{
	decodes("", "");
	decodes("aA==", "h");
	decodes("aGk=", "hi");
	decodes("aGlq", "hij");
	decodes("aGlq\naGk=\n", "hijhi");
	decodes("aGk", NULL);
	decodes("a===", NULL);
	decodes("aG=k", NULL);
	decodes("aGk=aGk=", NULL);
	decodes("aGk==", NULL);
	decodes("====", NULL);
	decodes("aG k", NULL);
	decodes("aGk-", NULL);
}

RUN_TESTS(CASE(quantities_are_exact), CASE(what_is_no_quantity_is_refused),
          CASE(the_largest_fit_and_larger_ones_do_not),
          CASE(plain_text_has_the_type_kubectl_gives_it), CASE(whole_numbers_in_every_base),
          CASE(names_follow_the_rules_of_kubernetes), CASE(base64_is_strict))
