/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "pkg/image/url.h"

TEST(encryption_is_never_given_up)
{
	assert_true(url_may_follow("https://a/x", "https://b/y"));
	assert_true(url_may_follow("http://a/x", "http://b/y"));
	assert_true(url_may_follow("http://a/x", "HTTPS://b/y"));
	assert_false(url_may_follow("https://a/x", "http://b/y"));
	assert_false(url_may_follow("HTTPS://a/x", "http://b/y"));
	assert_false(url_may_follow("http://a/x", "file:///etc/passwd"));
	assert_false(url_may_follow("http://a/x", "ftp://b/y"));
	assert_false(url_may_follow("http://a/x", ""));
}

TEST(only_http_is_spoken)
{
	static const char *const rows[] = {"file:///etc/passwd", "ftp://127.0.0.1/x", "x"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autostrbuf struct strbuf text = {0};
		struct err e = {0};

		assert_int_equal(url_fetch(rows[i], NULL, &text, &e), -1);
		assert_int_equal(e.kind, ERR_IMAGE);
		assert_int_equal(text.len, 0);
	}
}

RUN_TESTS(CASE(encryption_is_never_given_up), CASE(only_http_is_spoken))
