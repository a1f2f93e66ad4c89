/* SPDX-License-Identifier: Apache-2.0 */
/* reference.c - see reference.h */
#include "pkg/store/reference.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "pkg/store/store.h"
#include "pkg/util/str.h"

enum { REPOSITORY_MAX = 255, TAG_MAX = 128 };

static const char default_domain[] = "docker.io";

static bool lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool letter_or_digit(char c)
{
	return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* One part of a path: letters and digits, between them ".", "_", "__" or any number of "-". */
static bool valid_component(const char *s, size_t len)
{
	size_t i = 0;

	if (!len || !lower_or_digit(s[0]) || !lower_or_digit(s[len - 1]))
		return false;
	while (i < len) {
		size_t start;

		while (i < len && lower_or_digit(s[i]))
			i++;
		if (i == len)
			break;
		start = i;
		while (i < len && !lower_or_digit(s[i]))
			i++;
		size_t run = i - start;

		if (strspn(s + start, "-") >= run)
			continue;
		if (run == 1 && (s[start] == '.' || s[start] == '_'))
			continue;
		if (run == 2 && s[start] == '_' && s[start + 1] == '_')
			continue;
		return false;
	}
	return true;
}

static bool valid_path(const char *path)
{
	for (const char *p = path;; p++) {
		size_t len = strcspn(p, "/");

		if (!valid_component(p, len))
			return false;
		p += len;
		if (!*p)
			return true;
	}
}

static bool valid_tag(const char *tag)
{
	size_t len = strlen(tag);

	if (!len || len > TAG_MAX || tag[0] == '.' || tag[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!letter_or_digit(tag[i]) && !strchr("_.-", tag[i]))
			return false;
	return true;
}

static bool valid_port(const char *port)
{
	int64_t n;

	return strspn(port, "0123456789") == strlen(port) && str_parse_int(port, 1, 65535, &n) == 0;
}

static bool valid_host_name(const char *host, size_t len)
{
	if (!len || len > 253 || !letter_or_digit(host[0]) || !letter_or_digit(host[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!letter_or_digit(host[i]) && host[i] != '.' && host[i] != '-')
			return false;
		if (host[i] == '.' && host[i + 1] == '.')
			return false;
	}
	return true;
}

static bool valid_domain(const char *domain)
{
	if (domain[0] == '[') {
		const char *end = strchr(domain, ']');
		struct in6_addr addr;

		if (!end || (end[1] && (end[1] != ':' || !valid_port(end + 2))))
			return false;
		autofree char *text = xstrndup(domain + 1, (size_t)(end - domain - 1));

		return inet_pton(AF_INET6, text, &addr) == 1;
	}
	const char *colon = strchr(domain, ':');

	if (colon && !valid_port(colon + 1))
		return false;
	return valid_host_name(domain, colon ? (size_t)(colon - domain) : strlen(domain));
}

static bool looks_like_domain(const char *part, size_t len)
{
	if (len == strlen("localhost") && memcmp(part, "localhost", len) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (part[i] == '.' || part[i] == ':' || part[i] == '[' ||
		    (part[i] >= 'A' && part[i] <= 'Z'))
			return true;
	return false;
}

/* Take "domain/" off the front of rest and fill domain and path. */
static void split_domain(const char *rest, struct reference *r)
{
	const char *slash = strchr(rest, '/');

	if (slash && looks_like_domain(rest, (size_t)(slash - rest))) {
		r->domain = xstrndup(rest, (size_t)(slash - rest));
		r->path = xstrdup(slash + 1);
	} else {
		r->domain = xstrdup(default_domain);
		r->path = xstrdup(rest);
		r->short_name = true;
	}
	if (streq(r->domain, "index.docker.io") || streq(r->domain, "registry-1.docker.io")) {
		free(r->domain);
		r->domain = xstrdup(default_domain);
	}
	if (streq(r->domain, default_domain) && !strchr(r->path, '/')) {
		char *full = xasprintf("library/%s", r->path);

		free(r->path);
		r->path = full;
	}
}

static const char *what_is_wrong(const struct reference *r)
{
	if (!valid_domain(r->domain))
		return "the registry is not a host name with an optional port";
	for (const char *p = r->path; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			return "the repository must be lower case";
	if (!valid_path(r->path))
		return "the repository may have a-z, 0-9 and single . _ - / between them";
	if (strlen(r->domain) + 1 + strlen(r->path) > REPOSITORY_MAX)
		return "the name is longer than 255 characters";
	if (r->tag && !valid_tag(r->tag))
		return "the tag may have up to 128 of A-Z a-z 0-9 _ . -";
	if (r->digest && !store_valid_digest(r->digest))
		return "the digest is not sha256: and 64 lower-case hexadecimal digits";
	return NULL;
}

static int bad(const char *text, const char *why, struct err *e)
{
	autofree char *shown = str_sanitize(text, MIN(strlen(text), (size_t)200));

	return err_set(e, ERR_INPUT, "\"%s\" is not an image reference: %s", shown, why);
}

int reference_parse(const char *text, struct reference *ret, struct err *e)
{
	struct reference r = {0};
	const char *why;
	char *at, *colon;

	if (!*text)
		return err_set(e, ERR_INPUT, "the image reference is empty");
	if (strlen(text) > REFERENCE_MAX)
		return bad(text, "it is longer than 1024 characters", e);
	if (strstr(text, "://"))
		return bad(text, "it must not have a scheme such as docker://", e);
	autofree char *copy = xstrdup(text);

	at = strchr(copy, '@');
	if (at) {
		*at = '\0';
		r.digest = xstrdup(at + 1);
	}
	colon = strrchr(copy, ':');
	if (colon && !strchr(colon, '/')) {
		*colon = '\0';
		r.tag = xstrdup(colon + 1);
	} else if (!r.digest) {
		r.tag = xstrdup("latest");
	}
	split_domain(copy, &r);
	why = what_is_wrong(&r);
	if (why) {
		reference_done(&r);
		return bad(text, why, e);
	}
	*ret = r;
	return 0;
}

void reference_done(struct reference *r)
{
	free(r->domain);
	free(r->path);
	free(r->tag);
	free(r->digest);
	*r = (struct reference){0};
}

char *reference_repository(const struct reference *r)
{
	return xasprintf("%s/%s", r->domain, r->path);
}

char *reference_tagged(const struct reference *r)
{
	return r->tag ? xasprintf("%s/%s:%s", r->domain, r->path, r->tag) : NULL;
}

char *reference_canonical(const struct reference *r)
{
	if (!r->digest)
		return reference_tagged(r);
	return xasprintf("%s/%s@%s", r->domain, r->path, r->digest);
}

bool reference_loopback(const char *domain)
{
	const char *colon = strrchr(domain, ':');
	struct in_addr addr;

	if (starts_with(domain, "[")) {
		const char *end = strchr(domain, ']');
		struct in6_addr addr6;

		if (!end)
			return false;
		autofree char *text = xstrndup(domain + 1, (size_t)(end - domain - 1));

		return inet_pton(AF_INET6, text, &addr6) == 1 && IN6_IS_ADDR_LOOPBACK(&addr6);
	}
	autofree char *host = xstrndup(domain, colon ? (size_t)(colon - domain) : strlen(domain));

	if (streq(host, "localhost"))
		return true;
	return inet_pton(AF_INET, host, &addr) == 1 && (ntohl(addr.s_addr) >> 24) == 127;
}
