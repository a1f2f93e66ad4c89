/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>

#include "pkg/util/err.h"

TEST(setting_an_error_returns_minus_one_and_fills_kind_and_text)
{
	struct err e = {.sys = 7};

	assert_int_equal(err_set(&e, ERR_INPUT, "line %d", 4), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(e.sys, 0);
	assert_string_equal(e.msg, "line 4");
}

TEST(a_system_error_carries_errno_and_its_text)
{
	struct err e = {0};

	assert_int_equal(err_sys(&e, ENOENT, "open %s", "x"), -1);
	assert_int_equal(e.kind, ERR_HOST);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.msg, "open x: No such file or directory");
	(void)err_sys_kind(&e, ERR_IMAGE, EIO, "blob");
	assert_int_equal(e.kind, ERR_IMAGE);
	assert_int_equal(e.sys, EIO);
}

TEST(wrapping_puts_context_in_front_and_keeps_kind_and_errno)
{
	struct err e = {0};

	(void)err_sys_kind(&e, ERR_IMAGE, EACCES, "mount /proc");
	assert_int_equal(err_wrap(&e, "pod %s", "web"), -1);
	assert_string_equal(e.msg, "pod web: mount /proc: Permission denied");
	assert_int_equal(e.kind, ERR_IMAGE);
	assert_int_equal(e.sys, EACCES);
}

TEST(a_hint_is_an_indented_line_behind_the_message)
{
	struct err e = {0};

	(void)err_set(&e, ERR_HOST, "no sub-ids");
	assert_int_equal(err_hint(&e, "run %s", "usermod"), -1);
	assert_string_equal(e.msg, "no sub-ids\n  run usermod");
}

TEST(the_old_text_may_be_an_argument_of_the_new_one)
{
	struct err e = {0};

	(void)err_set(&e, ERR_HOST, "old");
	(void)err_set(&e, ERR_HOST, "<%s><%s>", e.msg, e.msg);
	assert_string_equal(e.msg, "<old><old>");
	(void)err_wrap(&e, "again %s", e.msg);
	assert_string_equal(e.msg, "again <old><old>: <old><old>");
}

TEST(a_path_that_fills_the_message_does_not_push_out_the_reason)
{
	char path[5000];
	struct err e = {0};

	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	(void)err_sys(&e, ENAMETOOLONG, "open %s", path);
	assert_true(ends_with(e.msg, ": File name too long"));
	assert_true(starts_with(e.msg, "open aaa"));
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);

	(void)err_set(&e, ERR_INPUT, "the reason");
	(void)err_wrap(&e, "%s", path);
	assert_true(ends_with(e.msg, "a: the reason"));
	(void)err_hint(&e, "the fix");
	assert_true(ends_with(e.msg, "\n  the fix"));
	assert_true(strlen(e.msg) < sizeof(e.msg));
}

TEST(context_in_front_of_a_message_that_is_full_is_still_seen)
{
	char text[5000];
	struct err e = {0};

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&e, ERR_INPUT, "%s", text);
	for (int i = 0; i < 100; i++)
		(void)err_wrap(&e, "pod number %d", i);
	assert_true(starts_with(e.msg, "pod number 99: pod number 98: "));
	assert_true(strlen(e.msg) < sizeof(e.msg));
}

TEST(each_kind_has_the_documented_exit_code)
{
	static const struct {
		enum err_kind kind;
		int code;
	} want[] = {
		{ERR_NONE, 0},    {ERR_WORKLOAD, 1},      {ERR_ABSENT, 1}, {ERR_USAGE, 2},
		{ERR_INPUT, 3},   {ERR_UNSUPPORTED, 3},   {ERR_IMAGE, 4},  {ERR_HOST, 5},
		{ERR_TIMEOUT, 6}, {ERR_INTERRUPTED, 130},
	};

	assert_int_equal(ARRAY_LEN(want), ERR_KIND_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct err e = {.kind = want[i].kind};

		assert_int_equal(err_exit_code(&e), want[i].code);
	}
}

TEST(a_kind_that_does_not_exist_is_an_ordinary_failure)
{
	struct err e = {.kind = (enum err_kind)4711};

	assert_int_equal(err_exit_code(&e), 1);
	e.kind = (enum err_kind) - 1;
	assert_int_equal(err_exit_code(&e), 1);
}

RUN_TESTS(CASE(setting_an_error_returns_minus_one_and_fills_kind_and_text),
          CASE(a_system_error_carries_errno_and_its_text),
          CASE(wrapping_puts_context_in_front_and_keeps_kind_and_errno),
          CASE(a_hint_is_an_indented_line_behind_the_message),
          CASE(the_old_text_may_be_an_argument_of_the_new_one),
          CASE(a_path_that_fills_the_message_does_not_push_out_the_reason),
          CASE(context_in_front_of_a_message_that_is_full_is_still_seen),
          CASE(each_kind_has_the_documented_exit_code),
          CASE(a_kind_that_does_not_exist_is_an_ordinary_failure))
