/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "pkg/util/clock.h"

static const int64_t second = 1000000000;

TEST(a_stamp_has_nine_digits_and_utc)
{
	char out[CLOCK_RFC3339_SIZE];

	clock_rfc3339(0, out);
	assert_string_equal(out, "1970-01-01T00:00:00.000000000Z");
	clock_rfc3339(INT64_C(1700000000123456789), out);
	assert_string_equal(out, "2023-11-14T22:13:20.123456789Z");
	clock_rfc3339_s(INT64_C(1700000000999999999), out);
	assert_string_equal(out, "2023-11-14T22:13:20Z");
}

TEST(the_ends_of_time_are_stamps_too)
{
	char out[CLOCK_RFC3339_SIZE];

	clock_rfc3339(INT64_MAX, out);
	assert_string_equal(out, "2262-04-11T23:47:16.854775807Z");
	clock_rfc3339(-1, out);
	assert_string_equal(out, "1969-12-31T23:59:59.999999999Z");
	clock_rfc3339(INT64_MIN + 1, out);
	assert_string_equal(out, "1677-09-21T00:12:43.145224193Z");
}

TEST(what_is_written_can_be_read)
{
	static const int64_t times[] = {0,        1, -1, 999999999, INT64_C(1700000000123456789),
	                                INT64_MAX};

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		char out[CLOCK_RFC3339_SIZE];
		int64_t got = 0;

		clock_rfc3339(times[i], out);
		assert_int_equal(clock_parse_rfc3339(out, &got), 0);
		assert_true(got == times[i]);
	}
}

static void parses_to(const char *text, int64_t want_ns)
{
	int64_t got = 0;

	if (clock_parse_rfc3339(text, &got) < 0)
		fail_msg("%s is refused", text);
	assert_true(got == want_ns);
}

TEST(offsets_and_fractions_are_understood)
{
	parses_to("1970-01-01T01:00:00+01:00", 0);
	parses_to("1969-12-31T18:30:00-05:30", 0);
	parses_to("1970-01-01T00:00:01.5Z", second + second / 2);
	parses_to("1970-01-01T00:00:01.000000001Z", second + 1);
	parses_to("1970-01-01T00:00:01.0000000019999Z", second + 1); /* more digits than we keep */
	parses_to("1970-01-01t00:00:01z", second);
	parses_to("2024-02-29T00:00:00Z", INT64_C(1709164800) * second);
	parses_to("2016-12-31T23:59:60Z", INT64_C(1483228800) * second); /* a leap second */
}

TEST(anything_else_is_refused_and_nothing_is_written)
{
	static const char *const bad[] = {
		"",
		"2024",
		"2024-02-29",
		"2024-02-29T00:00:00",
		"2024-02-29 00:00:00Z",
		" 2024-02-29T00:00:00Z",
		"2024-02-29T00:00:00Zx",
		"2024-2-9T00:00:00Z",
		"2024- 2- 9T00:00:00Z",
		"2024-00-01T00:00:00Z",
		"2024-13-01T00:00:00Z",
		"2024-01-00T00:00:00Z",
		"2024-02-30T00:00:00Z",
		"2023-02-29T00:00:00Z",
		"2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z",
		"2024-01-01T00:00:61Z",
		"2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00,5Z",
		"2024-01-01T00:00:00+1:00",
		"2024-01-01T00:00:00+0100",
		"2024-01-01T00:00:00+24:00",
		"2024-01-01T00:00:00+01:00x",
		"2024-01-01T00:00:00+-1:00",
		"+024-01-01T00:00:00Z",
		"9999-12-31T23:59:59Z", /* past what 64 bits of nanoseconds hold */
		"0000-01-01T00:00:00Z",
		"2262-04-11T23:47:17Z",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t got = 77;

		if (clock_parse_rfc3339(bad[i], &got) == 0)
			fail_msg("'%s' is taken for a stamp", bad[i]);
		assert_int_equal(got, 77);
	}
}

TEST(the_monotonic_clock_does_not_go_back)
{
	int64_t ms = clock_mono_ms(), ns = clock_mono_ns();

	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_mono_ns();

		assert_true(now >= ns);
		ns = now;
	}
	assert_true(clock_mono_ms() >= ms);
	assert_true(clock_mono_ms() - ns / 1000000 < 1000);
}

RUN_TESTS(CASE(a_stamp_has_nine_digits_and_utc), CASE(the_ends_of_time_are_stamps_too),
          CASE(what_is_written_can_be_read), CASE(offsets_and_fractions_are_understood),
          CASE(anything_else_is_refused_and_nothing_is_written),
          CASE(the_monotonic_clock_does_not_go_back))
