/* SPDX-License-Identifier: Apache-2.0 */
/* test_auth.c - credentials from files, challenges from registries */
#include "tests/unit/test.h"

#include "pkg/image/auth.h"

TEST(challenges_are_read_as_registries_write_them)
{
	static const struct {
		const char *header;
		enum challenge_scheme scheme;
		const char *realm, *service, *scope;
	} rows[] = {
		{"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
	         "scope=\"repository:library/nginx:pull\"",
	         CHALLENGE_BEARER, "https://auth.docker.io/token", "registry.docker.io",
	         "repository:library/nginx:pull"},
		{"bearer REALM=\"https://a/t\" , Service=x", CHALLENGE_BEARER, "https://a/t", "x",
	         NULL},
		{"Bearer realm=https://a/t", CHALLENGE_BEARER, "https://a/t", NULL, NULL},
		{"Basic realm=\"x\"", CHALLENGE_BASIC, "x", NULL, NULL},
		{"Basic", CHALLENGE_BASIC, NULL, NULL, NULL},
		{"Basic realm=\"a, Bearer realm=b\"", CHALLENGE_BASIC, "a, Bearer realm=b", NULL,
	         NULL},
		{"Basic realm=\"x\", Bearer realm=\"https://a/t\",service=\"s\"", CHALLENGE_BEARER,
	         "https://a/t", "s", NULL},
		{"Bearer realm=\"https://a/t\", Basic realm=\"x\"", CHALLENGE_BEARER, "https://a/t",
	         NULL, NULL},
		{"Negotiate, Basic realm=\"x\"", CHALLENGE_BASIC, "x", NULL, NULL},
		{"Bearer realm=\"a\\\"b\"", CHALLENGE_BEARER, "a\"b", NULL, NULL},
		{"Bearer realm=\"a\",realm=\"b\"", CHALLENGE_BEARER, "a", NULL, NULL},
		{"Bearer service=\"x\"", CHALLENGE_NONE, NULL, NULL, NULL},
		{"Bearer realm=\"never closed", CHALLENGE_NONE, NULL, NULL, NULL},
		{"Digest realm=\"x\"", CHALLENGE_NONE, NULL, NULL, NULL},
		{"", CHALLENGE_NONE, NULL, NULL, NULL},
		{",,, ,", CHALLENGE_NONE, NULL, NULL, NULL},
		{"=\"x\"", CHALLENGE_NONE, NULL, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct challenge c = {0};

		challenge_parse(rows[i].header, &c);
		if (c.scheme != rows[i].scheme)
			fail_msg("%s: scheme %d", rows[i].header, c.scheme);
		const char *const got[] = {c.realm, c.service, c.scope};
		const char *const want[] = {rows[i].realm, rows[i].service, rows[i].scope};

		for (size_t j = 0; c.scheme != CHALLENGE_NONE && j < 3; j++) {
			if (!want[j])
				assert_null(got[j]);
			else
				assert_string_equal(got[j], want[j]);
		}
		challenge_done(&c);
	}
}

TEST(a_giant_challenge_is_ignored)
{
	autofree char *big = xcalloc(1, 100000);
	struct challenge c = {0};

	(void)snprintf(big, 100, "Bearer realm=\"");
	memset(big + strlen(big), 'a', 90000);
	challenge_parse(big, &c);
	assert_int_equal(c.scheme, CHALLENGE_NONE);
}

TEST(credentials_go_only_where_they_are_safe)
{
	static const struct {
		const char *url;
		bool want, insecure;
	} rows[] = {
		{"https://auth.example.com/token", true, true},
		{"http://127.0.0.1:5000/token", true, true},
		{"http://localhost/token?x", true, true},
		{"http://[::1]:80/token", true, true},
		{"http://auth.example.com/token", false, true},
		{"http://127.0.0.1@evil.com/token", false, false},
		{"http://localhost.evil.com/", false, true},
		{"ftp://127.0.0.1/", false, false},
		{"file:///etc/passwd", false, false},
		{"", false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (auth_realm_allowed(rows[i].url, false) != rows[i].want)
			fail_msg("%s", rows[i].url);
		if (auth_realm_allowed(rows[i].url, true) != rows[i].insecure)
			fail_msg("insecure %s", rows[i].url);
	}
}

static void add(struct auths *a, const char *text)
{
	struct err e = {0};

	if (auths_add(a, text, strlen(text), &e) < 0)
		fail_msg("%s", e.msg);
}

TEST(files_of_podman_and_docker_are_understood)
{
	struct auths a = {0};
	const struct auth_entry *x;

	add(&a, "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"bWU6czpjcmV0\"},"
	        "\"quay.io/team\": {\"auth\": \"dGVhbTpwdw==\"},"
	        "\"quay.io\": {\"username\": \"all\", \"password\": \"pw2\"},"
	        "\"ghcr.io\": {\"auth\": \"PHRva2VuPjo=\", \"identitytoken\": \"id\"},"
	        "\"empty.io\": {}}, \"credsStore\": \"desktop\"}");
	x = auths_find(&a, "docker.io", "library/nginx");
	assert_non_null(x);
	assert_string_equal(x->user, "me");
	assert_string_equal(x->password, "s:cret");
	assert_string_equal(auths_find(&a, "quay.io", "team/app")->user, "team");
	assert_string_equal(auths_find(&a, "quay.io", "teammate/app")->user, "all");
	assert_string_equal(auths_find(&a, "ghcr.io", "x")->token, "id");
	assert_null(auths_find(&a, "empty.io", "x"));
	assert_null(auths_find(&a, "quay.io.evil.com", "x"));
	auths_done(&a);
}

TEST(the_first_file_wins)
{
	struct auths a = {0};

	add(&a, "{\"auths\": {\"r.io\": {\"auth\": \"YTpi\"}}}");
	add(&a, "{\"auths\": {\"r.io\": {\"auth\": \"Yzpk\"}}}");
	assert_string_equal(auths_find(&a, "r.io", "x")->user, "a");
	auths_done(&a);
}

TEST(bad_files_are_refused_without_quoting_them)
{
	static const char *const bad[] = {"", "[", "{\"auths\": 3}",
	                                  "{\"auths\": {\"a\": {}, \"a\": {}}}",
	                                  "{\"auths\": secret}"};
	static const char *const empty[] = {"{}", "{\"auths\": {\"r.io\": 7}}",
	                                    "{\"auths\": {\"r.io\": {\"auth\": \"!!\"}}}",
	                                    "{\"auths\": {\"r.io\": {\"auth\": \"YWI=\"}}}",
	                                    "{\"auths\": {\"r.io\": {\"auth\": \"AAAA\"}}}"};
	struct auths a = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};

		assert_int_equal(auths_add(&a, bad[i], strlen(bad[i]), &e), -1);
		assert_null(strstr(e.msg, "secret"));
	}
	for (size_t i = 0; i < ARRAY_LEN(empty); i++)
		add(&a, empty[i]);
	assert_int_equal(a.len, 0);
	auths_done(&a);
}

RUN_TESTS(CASE(challenges_are_read_as_registries_write_them), CASE(a_giant_challenge_is_ignored),
          CASE(credentials_go_only_where_they_are_safe),
          CASE(files_of_podman_and_docker_are_understood), CASE(the_first_file_wins),
          CASE(bad_files_are_refused_without_quoting_them))
