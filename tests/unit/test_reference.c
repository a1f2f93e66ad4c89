/* SPDX-License-Identifier: Apache-2.0 */
/* test_reference.c - what people write for an image, in full or refused */
#include "tests/unit/test.h"

#include "pkg/store/reference.h"

static const char hex64[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(short_and_long_spellings_mean_the_same)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"nginx", "docker.io/library/nginx:latest"},
		{"nginx:1.25", "docker.io/library/nginx:1.25"},
		{"library/nginx", "docker.io/library/nginx:latest"},
		{"team/app", "docker.io/team/app:latest"},
		{"docker.io/nginx", "docker.io/library/nginx:latest"},
		{"index.docker.io/nginx", "docker.io/library/nginx:latest"},
		{"registry-1.docker.io/team/app:2", "docker.io/team/app:2"},
		{"quay.io/a/b/c:v1", "quay.io/a/b/c:v1"},
		{"localhost/app", "localhost/app:latest"},
		{"localhost:5000/app", "localhost:5000/app:latest"},
		{"127.0.0.1:5000/a/b:x_y.z-1", "127.0.0.1:5000/a/b:x_y.z-1"},
		{"[::1]:5000/app", "[::1]:5000/app:latest"},
		{"Registry/app", "Registry/app:latest"},
		{"a__b/c---d/e.f_g", "docker.io/a__b/c---d/e.f_g:latest"},
		{"app:UPPER", "docker.io/library/app:UPPER"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoreference struct reference r = {0};
		struct err e = {0};

		if (reference_parse(rows[i].text, &r, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.msg);
		autofree char *got = reference_canonical(&r);

		assert_string_equal(got, rows[i].want);
	}
}

TEST(what_is_no_reference_is_refused)
{
	static const char *const rows[] = {
		"",
		" ",
		"a b",
		"UPPER",
		"docker.io/Upper",
		"nginx:",
		"nginx:-x",
		"nginx:.x",
		"nginx:a/b",
		"/nginx",
		"nginx/",
		"a//b",
		"../etc",
		"a/../b",
		"a/./b",
		"a_-b",
		"a___b",
		"a..b",
		"-a",
		"a-",
		"docker://nginx",
		"https://quay.io/a",
		"host:99999/a",
		"host:/a",
		"host:0/a",
		"[::1/a",
		"[zz]:1/a",
		"nginx@sha256:abc",
		"nginx@",
		"nginx@md5:0123456789abcdef0123456789abcdef",
		"nginx@sha256:../../../../etc/passwd",
		"a\nb",
		"a\033[31m",
		"caf\xc3\xa9",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoreference struct reference r = {0};
		struct err e = {0};

		if (reference_parse(rows[i], &r, &e) == 0)
			fail_msg("\"%s\" was accepted", rows[i]);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_null(strpbrk(e.msg, "\n\033"));
	}
}

TEST(lengths_have_limits)
{
	char tag[200] = "a:", path[400] = "", all[3000] = "";
	struct reference r = {0};
	struct err e = {0};

	memset(tag + 2, 't', 128);
	assert_int_equal(reference_parse(tag, &r, &e), 0);
	reference_done(&r);
	tag[130] = 't';
	assert_int_equal(reference_parse(tag, &r, &e), -1);
	memset(path, 'p', 300);
	assert_int_equal(reference_parse(path, &r, &e), -1);
	memset(all, 'p', 2900);
	assert_int_equal(reference_parse(all, &r, &e), -1);
}

TEST(a_digest_wins_over_a_tag)
{
	autofree char *text = xasprintf("nginx:1.25@sha256:%s", hex64);
	autofree char *want = xasprintf("docker.io/library/nginx@sha256:%s", hex64);
	autoreference struct reference r = {0};
	struct err e = {0};

	assert_int_equal(reference_parse(text, &r, &e), 0);
	autofree char *got = reference_canonical(&r);
	autofree char *tagged = reference_tagged(&r);

	assert_string_equal(got, want);
	assert_string_equal(tagged, "docker.io/library/nginx:1.25");
}

TEST(a_digest_alone_has_no_tag)
{
	autofree char *text = xasprintf("nginx@sha256:%s", hex64);
	autoreference struct reference r = {0};
	struct err e = {0};

	assert_int_equal(reference_parse(text, &r, &e), 0);
	assert_null(r.tag);
	assert_null(reference_tagged(&r));
}

TEST(only_this_machine_is_loopback)
{
	static const struct {
		const char *domain;
		bool want;
	} rows[] = {
		{"localhost", true},
		{"localhost:5000", true},
		{"127.0.0.1", true},
		{"127.9.8.7:80", true},
		{"[::1]", true},
		{"[::1]:5000", true},
		{"docker.io", false},
		{"10.0.0.1", false},
		{"localhost.evil.com", false},
		{"127.0.0.1.evil.com", false},
		{"[::2]", false},
		{"1270.0.0.1", false},
		{"127.1", false},
		{"[::ffff:10.0.0.1]", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (reference_loopback(rows[i].domain) != rows[i].want)
			fail_msg("%s", rows[i].domain);
}

RUN_TESTS(CASE(short_and_long_spellings_mean_the_same), CASE(what_is_no_reference_is_refused),
          CASE(lengths_have_limits), CASE(a_digest_wins_over_a_tag),
          CASE(a_digest_alone_has_no_tag), CASE(only_this_machine_is_loopback))
