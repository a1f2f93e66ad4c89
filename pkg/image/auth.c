/* SPDX-License-Identifier: Apache-2.0 */
/* auth.c - see auth.h */
#include "pkg/image/auth.h"

#include <jansson.h>
#include <strings.h>

#include "pkg/store/reference.h"
#include "pkg/util/str.h"

enum { ENTRIES_MAX = 1000 };

/* --- files -------------------------------------------------------------------------------------
 */

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Owned text, or NULL if it is not base64 or holds a NUL. */
static char *base64_text(const char *s)
{
	size_t n = 0, len = strcspn(s, "=");
	autofree char *out = xcalloc(1, len + 1);
	uint32_t acc = 0;
	int bits = 0;

	for (size_t i = 0; i < len; i++) {
		int d = base64_digit(s[i]);

		if (d < 0)
			return NULL;
		acc = (acc << 6 | (uint32_t)d) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n] = (char)(acc >> bits & 0xff);
			if (!out[n++])
				return NULL;
		}
	}
	return take_ptr(out);
}

/* The registry a key of the file means: without scheme and API path, Docker Hub under one name. */
static char *clean_key(const char *key)
{
	static const char *const schemes[] = {"https://", "http://"};
	static const char *const tails[] = {"/", "/v1", "/v2", "/v1/users"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (starts_with(key, schemes[i]))
			key += strlen(schemes[i]);
	autofree char *copy = xstrdup(key);

	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		if (ends_with(copy, tails[i]))
			copy[strlen(copy) - strlen(tails[i])] = '\0';
	if (streq(copy, "index.docker.io") || streq(copy, "registry-1.docker.io"))
		return xstrdup("docker.io");
	return take_ptr(copy);
}

static void add_entry(struct auths *a, const char *key, const json_t *o)
{
	const char *user = json_string_value(json_object_get(o, "username"));
	const char *password = json_string_value(json_object_get(o, "password"));
	const char *token = json_string_value(json_object_get(o, "identitytoken"));
	const char *auth = json_string_value(json_object_get(o, "auth"));
	autofree char *pair = auth && *auth ? base64_text(auth) : NULL;
	char *colon = pair ? strchr(pair, ':') : NULL;

	if (colon) {
		*colon = '\0';
		user = pair;
		password = colon + 1;
	}
	if ((!user || !password) && !token)
		return;
	a->entries = xrealloc(a->entries, (a->len + 1) * sizeof(*a->entries));
	a->entries[a->len++] = (struct auth_entry){
		.key = clean_key(key),
		.user = xstrdup(user ? user : ""),
		.password = xstrdup(password ? password : ""),
		.token = token && *token ? xstrdup(token) : NULL,
	};
}

int auths_add(struct auths *a, const char *text, size_t len, struct err *e)
{
	json_error_t je;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je), *list, *o;
	const char *key;

	/* Not je.text: it quotes from the file. */
	if (!root)
		return err_set(e, ERR_INPUT, "line %d, column %d: not good JSON", je.line,
		               je.column);
	list = json_object_get(root, "auths");
	if (list && !json_is_object(list)) {
		json_decref(root);
		return err_set(e, ERR_INPUT, "\"auths\" is not an object");
	}
	json_object_foreach(list, key, o) if (a->len < ENTRIES_MAX) add_entry(a, key, o);
	json_decref(root);
	return 0;
}

/* Length of key if it is repo or a parent of it, else 0. */
static size_t match(const char *key, const char *repo)
{
	size_t len = strlen(key);

	if (!len || !starts_with(repo, key) || (repo[len] && repo[len] != '/'))
		return 0;
	return len;
}

const struct auth_entry *auths_find(const struct auths *a, const char *domain, const char *path)
{
	autofree char *repo = xasprintf("%s/%s", domain, path);
	const struct auth_entry *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < a->len; i++) {
		size_t len = match(a->entries[i].key, repo);

		if (len > best_len) {
			best_len = len;
			best = &a->entries[i];
		}
	}
	return best;
}

static void free_secret(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void auths_done(struct auths *a)
{
	for (size_t i = 0; i < a->len; i++) {
		free(a->entries[i].key);
		free(a->entries[i].user);
		free_secret(a->entries[i].password);
		free_secret(a->entries[i].token);
	}
	free(a->entries);
	*a = (struct auths){0};
}

/* --- challenges --------------------------------------------------------------------------------
 */

/* RFC 7230 token characters. */
static size_t token_len(const char *p)
{
	return strspn(p, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
	                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t,");
}

/* A value, quoted or not; moves *at behind it. Owned, NULL if it is malformed. */
static char *take_value(const char **at)
{
	const char *p = *at;
	struct strbuf out = STRBUF_MAX(AUTH_CHALLENGE_MAX);

	if (*p != '"') {
		size_t len = strcspn(p, " \t,");

		*at = p + len;
		return xstrndup(p, len);
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		strbuf_addc(&out, *p);
	}
	if (*p != '"') {
		strbuf_done(&out);
		return NULL;
	}
	*at = p + 1;
	return strbuf_take(&out);
}

static void set_param(struct challenge *c, const char *name, size_t len, char *value)
{
	const struct {
		const char *name;
		char **to;
	} params[] = {{"realm", &c->realm}, {"service", &c->service}, {"scope", &c->scope}};

	for (size_t i = 0; i < ARRAY_LEN(params); i++)
		if (len == strlen(params[i].name) && !strncasecmp(name, params[i].name, len) &&
		    !*params[i].to) {
			*params[i].to = value;
			return;
		}
	free(value);
}

/* key=value pairs of one challenge; stops at the next scheme. NULL if malformed. */
static const char *take_params(const char *p, struct challenge *c)
{
	for (;;) {
		const char *name = p = skip_blanks(p);
		size_t len = token_len(p);
		char *value;

		p += len;
		p += strspn(p, " \t");
		if (!len || *p != '=')
			return name;
		p++;
		p += strspn(p, " \t");
		value = take_value(&p);
		if (!value)
			return NULL;
		set_param(c, name, len, value);
	}
}

static enum challenge_scheme scheme_of(const char *p, size_t len)
{
	if (len == 6 && !strncasecmp(p, "Bearer", 6))
		return CHALLENGE_BEARER;
	if (len == 5 && !strncasecmp(p, "Basic", 5))
		return CHALLENGE_BASIC;
	return CHALLENGE_NONE;
}

void challenge_parse(const char *header, struct challenge *ret)
{
	struct challenge best = {0};

	if (!header || strlen(header) > AUTH_CHALLENGE_MAX)
		return;
	for (const char *p = skip_blanks(header); p && *p;) {
		struct challenge c = {0};
		size_t len = token_len(p);

		if (!len)
			break;
		c.scheme = scheme_of(p, len);
		p = take_params(p + len, &c);
		if (c.scheme == CHALLENGE_BEARER && (!p || !c.realm))
			c.scheme = CHALLENGE_NONE;
		if (c.scheme > best.scheme) {
			challenge_done(&best);
			best = c;
		} else {
			challenge_done(&c);
		}
	}
	*ret = best;
}

void challenge_done(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	*c = (struct challenge){0};
}

bool auth_realm_allowed(const char *url, bool insecure)
{
	const char *host = url + strlen("http://");
	size_t len;

	if (starts_with(url, "https://"))
		return true;
	if (!starts_with(url, "http://"))
		return false;
	len = strcspn(host, "/?#");
	/* "http://127.0.0.1@evil/" is evil's. */
	if (memchr(host, '@', len))
		return false;
	autofree char *domain = xstrndup(host, len);

	return insecure || reference_loopback(domain);
}
