/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "kube/duration.h"
#include "kube/scalar.h"

/* As kubectl 1.32 has it; .inf and .nan, which it cannot carry, are text here. */
TEST(plain_text_has_the_type_kubectl_gives_it)
{
	static const char *const kinds[][80] = {
		[SCALAR_NULL] = {"", "~", "null", "Null", "NULL"},
		[SCALAR_BOOL] = {"y",    "Y",    "yes",  "Yes",   "YES",   "n",    "N",   "no",
	                         "No",   "NO",   "on",   "On",    "ON",    "off",  "Off", "OFF",
	                         "true", "True", "TRUE", "false", "False", "FALSE"},
		[SCALAR_NUMBER] = {"0",
	                           "1",
	                           "-0",
	                           "+0",
	                           "+1",
	                           "-5",
	                           "00",
	                           "010",
	                           "-010",
	                           "08",
	                           "09",
	                           "-08",
	                           "0_8",
	                           "08_0",
	                           "0x10",
	                           "0X1F",
	                           "-0x1F",
	                           "+0x1f",
	                           "0x_1",
	                           "0x1_F",
	                           "0o10",
	                           "0O7",
	                           "-0o7",
	                           "0b11",
	                           "0B1",
	                           "-0b11",
	                           "+0b11",
	                           "0b_1",
	                           "1_000",
	                           "1_",
	                           "1__0",
	                           "+1_0",
	                           "-_1",
	                           "1.0",
	                           "1.50",
	                           "1.",
	                           ".5",
	                           "-.5",
	                           "+.5",
	                           "-0.0",
	                           "1e3",
	                           "1E3",
	                           "1.e5",
	                           "1.5E3",
	                           ".5e3",
	                           "1e-999",
	                           "1_0.5",
	                           "1_0e5",
	                           "1._5",
	                           "1e1_0",
	                           ".5_0",
	                           "08.5",
	                           "08e1",
	                           "99999999999999999999",
	                           "18446744073709551616",
	                           "0x8000000000000000",
	                           "0777777777777777777777777",
	                           "-0x8000000000000000"},
		[SCALAR_STRING] = {"tRue",
	                           "nUll",
	                           "nil",
	                           "none",
	                           "yess",
	                           "truee",
	                           "12:30",
	                           "12:30:45",
	                           "2001-01-01",
	                           "2001-1-1",
	                           "2001-01-01T00:00:00Z",
	                           ".inf",
	                           "-.inf",
	                           ".nan",
	                           "inf",
	                           "nan",
	                           "NaN",
	                           "Infinity",
	                           "1.2.3",
	                           "-",
	                           "+",
	                           ".",
	                           "-.",
	                           "+.",
	                           "1e",
	                           "1e+",
	                           "1-",
	                           "0x",
	                           "0b",
	                           "0o",
	                           "0xzz",
	                           "0b102",
	                           "0o8",
	                           "_1",
	                           "._5",
	                           ".5_",
	                           ".5__0",
	                           ".e5",
	                           "1e5.",
	                           "0x1p3",
	                           "1,000",
	                           "1d",
	                           "1e999",
	                           "-1e999",
	                           "0xFFFFFFFFFFFFFFFFF",
	                           "-0x8000000000000001",
	                           "=",
	                           "~~",
	                           "a",
	                           "1 ",
	                           " 1",
	                           "1a",
	                           "+_",
	                           "http",
	                           "v1",
	                           "1.2.3.4"},
	};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (const char *const *text = kinds[k]; *text; text++)
			if (scalar_kind(*text) != (enum scalar_kind)k)
				fail_msg("%s: %d", *text, (int)scalar_kind(*text));
}

TEST(words_are_true_or_false)
{
	static const char *const yes[] = {"y",  "Y",  "yes",  "Yes",  "YES", "on",
	                                  "On", "ON", "true", "True", "TRUE"};
	static const char *const no[] = {"n",   "N",   "no",    "No",    "NO",   "off",
	                                 "Off", "OFF", "false", "False", "FALSE"};
	static const char *const bad[] = {"",  "1",  "0",   "tRue",  "t",
	                                  "f", "oN", "yES", "true ", "~"};
	bool b;

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		assert_int_equal(scalar_bool(yes[i], &b), 0);
		assert_true(b);
		assert_int_equal(scalar_bool(no[i], &b), 0);
		assert_false(b);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (scalar_bool(bad[i], &b) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
}

TEST(whole_numbers_in_every_base)
{
	static const struct {
		const char *text;
		int64_t v;
	} rows[] = {
		{"8080", 8080},
		{"0x1F90", 8080},
		{"0o17620", 8080},
		{"017620", 8080},
		{"0b101", 5},
		{"8_080", 8080},
		{"+80", 80},
		{"-5", -5},
		{"0", 0},
		{"-0", 0},
		{"00", 0},
		{"0644", 420},
		{"0o644", 420},
		{"420", 420},
		{"0_644", 420},
		{"0x_1F", 31},
		{"-0x1F", -31},
		{"0X1f", 31},
		{"-010", -8},
		{"1_", 1},
		{"-_1", -1},
		{"-0b11", -3},
		{"0O7", 7},
		{"007", 7},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
		{"0x7fffffffffffffff", INT64_MAX},
		{"-0x8000000000000000", INT64_MIN},
		{"0777777777777777777777", INT64_MAX},
	};
	static const char *const bad[] = {"",     "-",   "+",    "08",  "0x",  "0b",   "0o",
	                                  "80.0", "8e3", "_1",   "1a",  "0b2", "0o8",  "0xg",
	                                  "--1",  "+-1", "http", "1 ",  " 1",  "1:30", "0x-1",
	                                  "+_",   "_",   "1.",   "0b_", "\xff"};
	static const char *const large[] = {
		"9223372036854775808",     "-9223372036854775809",    "18446744073709551616",
		"99999999999999999999999", "0x8000000000000000",      "0xfffffffffffffffffffff",
		"-0x8000000000000001",     "07777777777777777777777",
	};
	int64_t v;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (scalar_int(rows[i].text, &v) != SCALAR_OK || v != rows[i].v)
			fail_msg("%s", rows[i].text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (scalar_int(bad[i], &v) != SCALAR_SYNTAX)
			fail_msg("%s", bad[i]);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		if (scalar_int(large[i], &v) != SCALAR_RANGE)
			fail_msg("%s", large[i]);
}

TEST(percentages_are_digits_and_a_sign)
{
	static const struct {
		const char *text;
		int v;
	} rows[] = {{"0%", 0},     {"25%", 25}, {"100%", 100},
	            {"250%", 250}, {"007%", 7}, {"2147483647%", INT_MAX}};
	static const char *const bad[] = {"",     "%",    "25",    "25 %", " 25%", "-5%", "+5%",
	                                  "2.5%", "25%%", "0x10%", "a%",   "%25",  "25%a"};
	int v;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (scalar_percent(rows[i].text, &v) != SCALAR_OK || v != rows[i].v)
			fail_msg("%s", rows[i].text);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (scalar_percent(bad[i], &v) != SCALAR_SYNTAX)
			fail_msg("%s", bad[i]);
	assert_int_equal(scalar_percent("2147483648%", &v), SCALAR_RANGE);
	assert_int_equal(scalar_percent("99999999999999999999999%", &v), SCALAR_RANGE);
}

TEST(a_share_is_rounded_as_asked)
{
	static const struct {
		int percent, total;
		int64_t down, up;
	} rows[] = {{25, 4, 1, 1},
	            {25, 3, 0, 1},
	            {25, 10, 2, 3},
	            {0, 10, 0, 0},
	            {100, 7, 7, 7},
	            {1, 1, 0, 1},
	            {99, 1, 0, 1},
	            {50, 5, 2, 3},
	            {33, 3, 0, 1},
	            {34, 3, 1, 2},
	            {150, 3, 4, 5},
	            {25, 0, 0, 0},
	            {30, 10, 3, 3},
	            {1, 100, 1, 1},
	            {1, 101, 1, 2},
	            {INT_MAX, 100, INT_MAX, INT_MAX},
	            {INT_MAX, INT_MAX, INT64_C(46116860141324206), INT64_C(46116860141324207)}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t down = scalar_round_percent(rows[i].percent, rows[i].total, false);
		int64_t up = scalar_round_percent(rows[i].percent, rows[i].total, true);

		if (down != rows[i].down || up != rows[i].up)
			fail_msg("%d%% of %d: %lld, %lld", rows[i].percent, rows[i].total,
			         (long long)down, (long long)up);
	}
}

TEST(stamps_are_dates_with_a_time_and_a_zone)
{
	static const char *const good[] = {
		"2006-01-02T15:04:05Z",      "2006-01-02T15:04:05.1Z",
		"2006-01-02T00:00:00+01:00", "2006-01-02T23:59:59.123456789-23:59",
		"0001-01-01T00:00:00Z",      "9999-12-31T23:59:59Z",
		"2004-02-29T00:00:00Z",      "2000-02-29T00:00:00Z",
		"0000-02-29T00:00:00Z",      "1600-02-29T00:00:00Z",
	};
	static const char *const bad[] = {
		"",
		"2006",
		"2006-01-02",
		"2006-01-02T15:04:05",
		"2006-01-02T15:04Z",
		"2006-01-02 15:04:05Z",
		"2006-01-02t15:04:05Z",
		"2006-01-02T15:04:05z",
		"2006-01-02T15:04:60Z",
		"2006-01-02T15:60:05Z",
		"2006-01-02T24:00:00Z",
		"2006-13-02T15:04:05Z",
		"2006-00-02T15:04:05Z",
		"2006-01-00T15:04:05Z",
		"2006-04-31T00:00:00Z",
		"2006-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2006-01-02T15:04:05.Z",
		"2006-01-02T15:04:05+0100",
		"2006-01-02T15:04:05+01:60",
		"12006-01-02T15:04:05Z",
		"206-01-02T15:04:05Z0",
		"2006-01-02T15:04:05Zx",
		" 2006-01-02T15:04:05Z",
		"2006/01/02T15:04:05Z",
		"2006-1-2T15:04:05+00:00",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!scalar_time_valid(good[i]))
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (scalar_time_valid(bad[i]))
			fail_msg("%s is taken", bad[i]);
}

TEST(spans_are_summed_from_their_units)
{
	static const struct {
		const char *text;
		int64_t ns;
		const char *back;
	} rows[] = {
		{"0", 0, "0s"},
		{"-0", 0, "0s"},
		{"0s", 0, "0s"},
		{"1h30m", INT64_C(5400000000000), "1h30m0s"},
		{"300ms", 300000000, "300ms"},
		{"1.5s", 1500000000, "1.5s"},
		{"-1.5h", INT64_C(-5400000000000), "-1h30m0s"},
		{"+5s", INT64_C(5000000000), "5s"},
		{".5s", 500000000, "500ms"},
		{"1.s", 1000000000, "1s"},
		{"1ns", 1, "1ns"},
		{"1us", 1000, "1\xc2\xb5s"},
		{"1\xc2\xb5s", 1000, "1\xc2\xb5s"},
		{"1.5\xce\xbcs", 1500, "1.5\xc2\xb5s"},
		{"1m", INT64_C(60000000000), "1m0s"},
		{"24h", INT64_C(86400000000000), "24h0m0s"},
		{"1s1h", INT64_C(3601000000000), "1h0m1s"},
		{"1h1h", INT64_C(7200000000000), "2h0m0s"},
		{"100000s", INT64_C(100000000000000), "27h46m40s"},
		{"1.23456789012s", 1234567890, "1.23456789s"},
		{"0.9ns", 0, "0s"},
		{"0.1h", INT64_C(360000000000), "6m0s"},
		{"1.000000001s", 1000000001, "1.000000001s"},
		{"9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s"},
		{"-9223372036854775808ns", INT64_MIN, "-2562047h47m16.854775808s"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ns = -7;
		enum scalar_result r = duration_parse(rows[i].text, &ns);
		autofree char *back = duration_text(ns);

		if (r != SCALAR_OK || ns != rows[i].ns || !streq(back, rows[i].back))
			fail_msg("%s: %d, %lld, %s", rows[i].text, (int)r, (long long)ns, back);
	}
}

TEST(what_is_no_span_is_refused)
{
	static const char *const bad[] = {"",
	                                  "-",
	                                  "1",
	                                  "1.5",
	                                  "s",
	                                  ".s",
	                                  "1x",
	                                  "1d",
	                                  "1h30",
	                                  "1h0",
	                                  "0h1",
	                                  "00",
	                                  "1 s",
	                                  " 1s",
	                                  "1s ",
	                                  "1h-1m",
	                                  "--1s",
	                                  "1S",
	                                  "1e3s",
	                                  "1..s",
	                                  "1,5s",
	                                  "99999999999999999999",
	                                  "9999999999999999999h1"};
	static const char *const large[] = {"9223372036854775808ns",
	                                    "2562048h",
	                                    "99999999999999999999s",
	                                    "-9223372036854775809ns",
	                                    "9223372036s9223372036s",
	                                    "2562047h47m16.854775808s",
	                                    "18446744073709551615ns18446744073709551615ns2ns"};
	int64_t ns;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (duration_parse(bad[i], &ns) != SCALAR_SYNTAX)
			fail_msg("%s", bad[i]);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		if (duration_parse(large[i], &ns) != SCALAR_RANGE)
			fail_msg("%s", large[i]);
}

static void decodes(const char *text, const char *want)
{
	size_t len = 99;
	autofree unsigned char *bytes = base64_decode(text, &len);

	if (!bytes != !want)
		fail_msg("\"%s\" is %s", text, bytes ? "taken" : "refused");
	if (!want)
		return;
	assert_int_equal(len, strlen(want));
	assert_memory_equal(bytes, want, len + 1);
}

/* As kubectl 1.32 reads a Secret. */
TEST(base64_is_what_go_takes)
{
	static const char *const bad[] = {
		"a",        "aG",      "aGk",   "a===",   "aG=k",  "aGk==",      "====",  "=",
		"aGk=aGk=", "aG k",    "aGk-",  "_Gk=",   " aGk=", "aA=",        "aA=\n", "aA==\na",
		"aA=a",     "aGk=\n=", "aGk= ", "aGk=\t", "aGlq=", "aGk\xc3\xa4"};

	decodes("", "");
	decodes("\n", "");
	decodes("aA==", "h");
	decodes("aGk=", "hi");
	decodes("aGlq", "hij");
	decodes("aGlq\naGk=\n", "hijhi");
	decodes("aA=\n=", "h");
	decodes("aA==\r\n\n", "h");
	decodes("a\nG\r\nk\n=", "hi");
	decodes("aGl=", "hi"); /* bits that are left over need not be zero */
	decodes("aB==", "h");
	decodes("/+/+", "\xff\xef\xfe");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		decodes(bad[i], NULL);
}

TEST(base64_may_hold_any_byte)
{
	size_t len = 0;
	autofree unsigned char *bytes = base64_decode("AAEA/w==", &len);

	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "\0\1\0\xff", 5);
}

RUN_TESTS(CASE(plain_text_has_the_type_kubectl_gives_it), CASE(words_are_true_or_false),
          CASE(whole_numbers_in_every_base), CASE(percentages_are_digits_and_a_sign),
          CASE(a_share_is_rounded_as_asked), CASE(stamps_are_dates_with_a_time_and_a_zone),
          CASE(spans_are_summed_from_their_units), CASE(what_is_no_span_is_refused),
          CASE(base64_is_what_go_takes), CASE(base64_may_hold_any_byte))
