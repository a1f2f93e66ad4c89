/* SPDX-License-Identifier: Apache-2.0 */
/* Files of variables: cmd/ is no library, so its file is taken in whole. */
#include "cmd/kubeplay/envfile.c"
#include "tests/unit/test.h"

TEST(lines_are_read_as_compose_does)
{
	static const struct {
		const char *text, *name, *value;
	} rows[] = {
		{"A=b", "A", "b"},
		{"  A = b  \n", "A", "b"},
		{"export A=b\n", "A", "b"},
		{"export\tA=b\n", "A", "b"},
		{"export=b\n", "export", "b"},
		{"A=\n", "A", ""},
		{"A= # c\n", "A", ""},
		{"A=b # c\n", "A", "b"},
		{"A=b#c\n", "A", "b#c"},
		{"A=b c\r\n", "A", "b c"},
		{"A=b=c\n", "A", "b=c"},
		{"A='b # \"c\\n'\n", "A", "b # \"c\\n"},
		{"A=\"b # 'c'\" # d\n", "A", "b # 'c'"},
		{"A=\"\\n\\t\\r\\\"\\\\\\$\\x\"\n", "A", "\n\t\r\"\\$\\x"},
		{"A=\"one\ntwo\"\n", "A", "one\ntwo"},
		{"A=${B} $C\n", "A", "${B} $C"},
		{"\xef\xbb\xbf# c\n\n \t\nA_1.x-y=b", "A_1.x-y", "b"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autostrv struct strv v = {0};
		struct err e = {0};

		if (envfile_parse("f", rows[i].text, strlen(rows[i].text), &v, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.msg);
		assert_int_equal(v.len, 2);
		assert_string_equal(v.v[0], rows[i].name);
		assert_string_equal(v.v[1], rows[i].value);
	}
}

TEST(problems_have_a_line)
{
	static const char *const rows[][2] = {
		{"A=b\nC\n", "f:2: expected NAME=value"},
		{"=b\n", "f:1: expected NAME"},
		{"1A=b\n", "f:1: expected NAME"},
		{"A B=b\n", "f:1: expected NAME"},
		{"\n\nA='b\nc\n", "f:3: the quote is not closed"},
		{"A=\"b\\\"\n", "f:1: the quote is not closed"},
		{"A='x\ny' z\n", "f:2: more text after the closing quote"},
		{"A=b\nC: d\n", "f:2: expected NAME"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autostrv struct strv v = {0};
		struct err e = {0};

		assert_int_equal(envfile_parse("f", rows[i][0], strlen(rows[i][0]), &v, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		if (!strstr(e.msg, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], e.msg);
	}
}

TEST(a_file_must_be_there_and_be_text)
{
	autostrv struct strv v = {0};
	struct err e = {0};

	assert_int_equal(envfile_read("/nonexistent/env", &v, &e), -1);
	assert_non_null(strstr(e.msg, "/nonexistent/env"));
	assert_int_equal(envfile_read("/proc/self/exe", &v, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(envfile_parse("f", "A=b\0c", 5, &v, &e), -1);
	assert_int_equal(v.len, 0);
}

RUN_TESTS(CASE(lines_are_read_as_compose_does), CASE(problems_have_a_line),
          CASE(a_file_must_be_there_and_be_text))
