/* SPDX-License-Identifier: Apache-2.0 */
/* resolv.c - see resolv.h */
#include "net/resolv.h"

#include <fcntl.h>
#include <net/if.h>

#include "net/dns.h"
#include "pkg/util/fd.h"

static bool next_word(const char **at, const char *end, char *out, size_t room)
{
	const char *p = *at;
	size_t len;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	for (len = 0; p + len < end && !strchr(" \t\r", p[len]) && p[len]; len++)
		;
	*at = p + len;
	if (len == 0 || p[0] == '#' || p[0] == ';')
		return false;
	if (len >= room) {
		out[0] = '\0';
		return true;
	}
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

static void add_server(struct resolv *r, char *word)
{
	struct control_upstreams *u = &r->servers;
	char *zone = strchr(word, '%');
	struct in6_addr ip;

	if (zone)
		*zone++ = '\0';
	if (u->count >= CONTROL_MAX_UPSTREAMS || addr_parse(word, &ip) < 0)
		return;
	u->scope[u->count] = zone ? if_nametoindex(zone) : 0;
	u->ip[u->count++] = ip;
}

static bool is_domain(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

static void parse_line(struct resolv *r, const char *p, const char *end)
{
	char key[32], word[DNS_MAX_NAME];

	if (!next_word(&p, end, key, sizeof(key)))
		return;
	if (streq(key, "nameserver")) {
		if (next_word(&p, end, word, sizeof(word)))
			add_server(r, word);
	} else if (streq(key, "search") || streq(key, "domain")) {
		strv_done(&r->search); /* the last one counts */
		while (next_word(&p, end, word, sizeof(word)))
			if (is_domain(word) && !streq(word, ".") && r->search.len < DNS_MAX_SEARCH)
				strv_add(&r->search, word);
	} else if (streq(key, "options")) {
		while (next_word(&p, end, word, sizeof(word)))
			if (is_domain(word) && r->options.len < 32)
				strv_add(&r->options, word);
	}
}

void resolv_parse(const char *text, size_t len, struct resolv *ret)
{
	const char *end = text + len;

	*ret = (struct resolv){0};
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = nl ? nl : end;

		parse_line(ret, text, line_end);
		text = line_end + 1;
	}
	if (!ret->servers.count) {
		ret->servers.ip[0] = addr_from_v4(INADDR_LOOPBACK);
		ret->servers.count = 1;
	}
}

void resolv_read(const char *path, struct resolv *ret)
{
	autostrbuf struct strbuf b = STRBUF_MAX(RESOLV_MAX_FILE);
	struct err ignored = {0};

	if (fd_read_file(AT_FDCWD, path, RESOLV_MAX_FILE, &b, &ignored) < 0)
		strbuf_clear(&b);
	resolv_parse(b.s ? b.s : "", b.len, ret);
}

void resolv_done(struct resolv *r)
{
	strv_done(&r->search);
	strv_done(&r->options);
	r->servers.count = 0;
}

static bool same_list(const struct strv *a, const struct strv *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!streq(a->v[i], b->v[i]))
			return false;
	return true;
}

bool resolv_equal(const struct resolv *a, const struct resolv *b)
{
	return a->servers.count == b->servers.count &&
	       memcmp(a->servers.ip, b->servers.ip, sizeof(a->servers.ip)) == 0 &&
	       memcmp(a->servers.scope, b->servers.scope, sizeof(a->servers.scope)) == 0 &&
	       same_list(&a->search, &b->search) && same_list(&a->options, &b->options);
}

/* How names are tried and how long one waits concerns pods too; features of the host's stub do not.
 */
static bool option_for_pods(const char *o)
{
	return starts_with(o, "ndots:") || starts_with(o, "timeout:") ||
	       starts_with(o, "attempts:");
}

char *resolv_render(const struct resolv *host, const char *nameserver)
{
	autostrbuf struct strbuf b = {0};
	bool any = false;

	if (host->search.len) {
		strbuf_adds(&b, "search");
		for (size_t i = 0; i < host->search.len; i++)
			strbuf_addf(&b, " %s", host->search.v[i]);
		strbuf_addc(&b, '\n');
	}
	if (*nameserver)
		strbuf_addf(&b, "nameserver %s\n", nameserver);
	for (size_t i = 0; i < host->options.len; i++) {
		if (!option_for_pods(host->options.v[i]))
			continue;
		strbuf_addf(&b, any ? " %s" : "options %s", host->options.v[i]);
		any = true;
	}
	if (any)
		strbuf_addc(&b, '\n');
	return strbuf_take(&b);
}
