/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "pkg/util/str.h"

TEST(a_zeroed_buffer_grows_and_stays_terminated)
{
	autostrbuf struct strbuf b = {0};

	for (int i = 0; i < 1000; i++) {
		strbuf_addf(&b, "%d,", i);
		assert_int_equal(strlen(b.s), b.len);
	}
	assert_true(starts_with(b.s, "0,1,2,"));
	assert_true(ends_with(b.s, ",998,999,"));
	assert_false(b.overflow);
}

TEST(nothing_is_added_past_the_ceiling)
{
	autostrbuf struct strbuf b = STRBUF_MAX(5);

	strbuf_adds(&b, "abc");
	strbuf_adds(&b, "defg");
	assert_true(b.overflow);
	assert_string_equal(b.s, "abc");
	strbuf_addc(&b, 'd');
	assert_string_equal(b.s, "abc"); /* a gap would be worse than an end */
	strbuf_clear(&b);
	assert_false(b.overflow);
	strbuf_adds(&b, "12345");
	assert_string_equal(b.s, "12345");
	assert_false(b.overflow);
}

TEST(an_absurd_length_is_an_overflow_not_a_crash)
{
	autostrbuf struct strbuf b = {0};

	strbuf_adds(&b, "x");
	strbuf_add(&b, "x", SIZE_MAX);
	assert_true(b.overflow);
	strbuf_clear(&b);
	strbuf_add(&b, "x", SIZE_MAX - 1);
	assert_true(b.overflow);
	assert_int_equal(b.len, 0);
}

TEST(bytes_that_are_zero_are_bytes)
{
	autostrbuf struct strbuf b = {0};

	strbuf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.s, "a\0b", 4);
}

TEST(consuming_drops_the_front_and_never_more_than_there_is)
{
	autostrbuf struct strbuf b = {0};

	strbuf_consume(&b, 5); /* also when nothing was ever added */
	strbuf_adds(&b, "abcdef");
	strbuf_consume(&b, 2);
	assert_string_equal(b.s, "cdef");
	strbuf_consume(&b, 0);
	assert_string_equal(b.s, "cdef");
	strbuf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.s, "");
}

TEST(taking_leaves_an_empty_buffer_with_its_ceiling)
{
	autostrbuf struct strbuf b = STRBUF_MAX(3);
	autofree char *s = NULL, *none = NULL;

	strbuf_adds(&b, "abc");
	s = strbuf_take(&b);
	assert_string_equal(s, "abc");
	none = strbuf_take(&b);
	assert_string_equal(none, "");
	strbuf_adds(&b, "abcd");
	assert_true(b.overflow);
}

TEST(a_list_is_null_terminated_at_every_length)
{
	autostrv struct strv v = {0};

	for (size_t i = 0; i < 100; i++) {
		strv_addf(&v, "s%zu", i);
		assert_int_equal(v.len, i + 1);
		assert_null(v.v[i + 1]);
	}
	assert_string_equal(v.v[99], "s99");
	assert_true(strv_has(&v, "s42"));
	assert_false(strv_has(&v, "s100"));
	strv_done(&v);
	assert_null(v.v);
	assert_false(strv_has(&v, "s42"));
	strv_done(&v);
}

static void sanitizes_to(const char *in, const char *want)
{
	autofree char *got = str_sanitize(in, strlen(in));

	assert_string_equal(got, want);
}

TEST(text_of_any_language_passes_the_sanitizer)
{
	sanitizes_to("", "");
	sanitizes_to("plain ~text~", "plain ~text~");
	sanitizes_to("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x8b",
	             "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x8b");
}

TEST(what_drives_a_terminal_is_shown_not_sent)
{
	sanitizes_to("\033[2J\a\r\n\t\x7f", "\\x1b[2J\\x07\\x0d\\x0a\\x09\\x7f");
	sanitizes_to("\xc2\x9b"
	             "31m",
	             "\\xc2\\x9b"
	             "31m"); /* CSI as one C1 character */
}

TEST(broken_utf8_is_shown_byte_by_byte)
{
	sanitizes_to("\xff\xc3", "\\xff\\xc3");
	sanitizes_to("\xc0\xaf", "\\xc0\\xaf");                   /* overlong slash */
	sanitizes_to("\xe0\x80\xaf", "\\xe0\\x80\\xaf");          /* the same in three */
	sanitizes_to("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* surrogate */
	sanitizes_to("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* past U+10FFFF */
	sanitizes_to("\xe6\x97", "\\xe6\\x97");                   /* cut off */
	sanitizes_to("\xe6"
	             "A",
	             "\\xe6"
	             "A");
}

TEST(marks_that_hide_or_reorder_text_are_shown)
{
	sanitizes_to("\xe2\x80\xae", "\\xe2\\x80\\xae"); /* right-to-left override NOLINT */
	sanitizes_to("\xe2\x80\x8b", "\\xe2\\x80\\x8b"); /* zero width space */
	sanitizes_to("\xd8\x9c", "\\xd8\\x9c");          /* Arabic letter mark */
	sanitizes_to("\xef\xbb\xbf", "\\xef\\xbb\\xbf"); /* byte order mark */
	sanitizes_to("\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81"); /* a tag letter */
}

TEST(the_sanitizer_sees_bytes_behind_a_zero)
{
	autofree char *got = str_sanitize("a\0b", 3);

	assert_string_equal(got, "a\\x00b");
}

TEST(every_pair_of_bytes_comes_out_printable)
{
	for (unsigned int i = 0; i < 65536; i++) {
		const char in[2] = {(char)(i >> 8), (char)i};
		autofree char *out = str_sanitize(in, 2);

		assert_true(strlen(out) <= 8);
		for (const char *p = out; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	}
}

TEST(a_number_is_digits_within_bounds_and_nothing_else)
{
	static const char *const bad[] = {
		"",
		"-",
		"+1",
		" 1",
		"1 ",
		"1x",
		"0x10",
		"--1",
		"1.0",
		"99999999999999999999",
		"-99999999999999999999",
		"11",
		"-6",
	};
	int64_t v = 77;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(str_parse_int(bad[i], -5, 10, &v), -1);
		assert_int_equal(v, 77); /* written on success only */
	}
	assert_int_equal(str_parse_int("10", -5, 10, &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(str_parse_int("-5", -5, 10, &v), 0);
	assert_int_equal(v, -5);
	assert_int_equal(str_parse_int("007", -5, 10, &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(str_parse_int("-9223372036854775808", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MIN);
}

TEST(numbers_in_a_row_are_taken_one_by_one)
{
	const char *at = "  0 1000\n4294967296 x";
	int64_t v = 77;

	assert_int_equal(str_next_int(&at, 0, UINT32_MAX, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(str_next_int(&at, 0, UINT32_MAX, &v), 0);
	assert_int_equal(v, 1000);
	assert_int_equal(str_next_int(&at, 0, UINT32_MAX, &v), -1); /* too large */
	assert_int_equal(v, 1000);
	assert_int_equal(str_next_int(&at, 0, INT64_MAX, &v), 0);
	assert_int_equal(str_next_int(&at, 0, INT64_MAX, &v), -1);
	assert_string_equal(at, " x");
}

TEST(distance_counts_edits_without_regard_to_case)
{
	assert_int_equal(str_distance("image", "image", 3), 0);
	assert_int_equal(str_distance("Image", "iMAGE", 3), 0);
	assert_int_equal(str_distance("imgae", "image", 3), 2);
	assert_int_equal(str_distance("imag", "image", 3), 1);
	assert_int_equal(str_distance("", "abc", 3), 3);
	assert_int_equal(str_distance("abc", "", 3), 3);
	assert_int_equal(str_distance("kitten", "sitting", 5), 3);
	assert_int_equal(str_distance("kitten", "sitting", 2),
	                 3); /* limit + 1: further than asked */
}

TEST(distance_of_long_strings_is_far_and_bounded)
{
	char a[200], b[200];

	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	a[199] = b[199] = '\0';
	assert_int_equal(str_distance(a, b, 3), 4);
	b[3] = '\0';
	assert_int_equal(str_distance(a, b, 3), 4);
	assert_int_equal(str_distance(b, a, 3), 4);
	a[63] = '\0';
	assert_int_equal(str_distance(a, a, 3), 0);
}

RUN_TESTS(CASE(a_zeroed_buffer_grows_and_stays_terminated), CASE(nothing_is_added_past_the_ceiling),
          CASE(an_absurd_length_is_an_overflow_not_a_crash), CASE(bytes_that_are_zero_are_bytes),
          CASE(consuming_drops_the_front_and_never_more_than_there_is),
          CASE(taking_leaves_an_empty_buffer_with_its_ceiling),
          CASE(a_list_is_null_terminated_at_every_length),
          CASE(text_of_any_language_passes_the_sanitizer),
          CASE(what_drives_a_terminal_is_shown_not_sent), CASE(broken_utf8_is_shown_byte_by_byte),
          CASE(marks_that_hide_or_reorder_text_are_shown),
          CASE(the_sanitizer_sees_bytes_behind_a_zero),
          CASE(every_pair_of_bytes_comes_out_printable),
          CASE(a_number_is_digits_within_bounds_and_nothing_else),
          CASE(numbers_in_a_row_are_taken_one_by_one),
          CASE(distance_counts_edits_without_regard_to_case),
          CASE(distance_of_long_strings_is_far_and_bounded))
