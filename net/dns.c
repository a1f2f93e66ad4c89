/* SPDX-License-Identifier: Apache-2.0 */
/* dns.c - see dns.h; names are taken apart with libc's ns_*, dn_* and counted, never trusted */
#include "net/dns.h"

#include <arpa/nameser.h>
#include <ctype.h>
#include <resolv.h>

#include "pkg/util/base.h"

enum {
	FLAG_QR = 0x80,     /* byte 2 */
	FLAG_OPCODE = 0x78, /* byte 2 */
	FLAG_AA = 0x04,     /* byte 2 */
	FLAG_RD = 0x01,     /* byte 2 */
	FLAG_RA = 0x80,     /* byte 3 */
	MAX_RECORDS = 16,   /* addresses in one answer */
	POINTER_TO_QUESTION = 0xc000 | DNS_HEADER,
	OPT_SIZE = 11,
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint8_t *put16(uint8_t *p, uint32_t v)
{
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

uint16_t dns_id(const uint8_t *msg)
{
	return get16(msg);
}

void dns_set_id(uint8_t *msg, uint16_t id)
{
	(void)put16(msg, id);
}

enum dns_rcode dns_rcode(const uint8_t *reply)
{
	return reply[3] & 0xf;
}

static bool lower(const char *name, char out[DNS_MAX_NAME])
{
	size_t len = strlen(name);

	if (len && name[len - 1] == '.')
		len--;
	if (len == 0 || len >= DNS_MAX_NAME)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[len] = '\0';
	return true;
}

bool dns_names_add(struct dns_names *n, const char *name, uint32_t owner, const struct in6_addr *ip,
                   const struct in6_addr *ip6)
{
	char text[DNS_MAX_NAME];

	if (n->len >= DNS_MAX_NAMES || !lower(name, text))
		return false;
	if (n->len % 16 == 0)
		n->v = xrealloc(n->v, (n->len + 16) * sizeof(*n->v));
	n->v[n->len++] = (struct dns_name){xstrdup(text), owner, *ip, *ip6};
	return true;
}

void dns_names_remove(struct dns_names *n, uint32_t owner)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->len; i++) {
		if (n->v[i].owner == owner)
			free(n->v[i].name);
		else
			n->v[kept++] = n->v[i];
	}
	n->len = kept;
}

void dns_search_add(struct dns_names *n, const char *domain)
{
	char text[DNS_MAX_NAME];

	if (n->search_len < DNS_MAX_SEARCH && lower(domain, text))
		n->search[n->search_len++] = xstrdup(text);
}

void dns_search_clear(struct dns_names *n)
{
	for (size_t i = 0; i < n->search_len; i++)
		free(n->search[i]);
	n->search_len = 0;
}

void dns_names_done(struct dns_names *n)
{
	for (size_t i = 0; i < n->len; i++)
		free(n->v[i].name);
	free(n->v);
	dns_search_clear(n);
	*n = (struct dns_names){0};
}

/* The name of the question as plain lower-case text; false if it has bytes that no host name has.
 */
static bool question_name(const uint8_t *msg, size_t len, char out[DNS_MAX_NAME], size_t *ret_end)
{
	size_t at = DNS_HEADER, used = 0;

	for (;;) {
		uint8_t label;

		if (at >= len)
			return false;
		label = msg[at++];
		if (label == 0)
			break;
		if (label > 63 || at + label > len || used + label + 1u >= 255)
			return false; /* compression has nothing to point at in the first name */
		if (used)
			out[used++] = '.';
		for (; label; label--) {
			uint8_t c = msg[at++];

			/* a dot or NUL inside a label would make two names look alike */
			out[used++] = c == '.' || c == '\0' ? '?' : (char)tolower(c);
		}
	}
	out[used] = '\0';
	*ret_end = at;
	return true;
}

static bool has_edns(const uint8_t *msg, size_t len, size_t at)
{
	/* The only additional record of a plain query: root name, type OPT. */
	return get16(msg + 6) == 0 && get16(msg + 8) == 0 && get16(msg + 10) == 1 &&
	       at + OPT_SIZE <= len && msg[at] == 0 && get16(msg + at + 1) == ns_t_opt;
}

int dns_parse(const uint8_t *msg, size_t len, struct dns_query *ret)
{
	size_t end;

	*ret = (struct dns_query){0};
	if (len < DNS_HEADER || (msg[2] & FLAG_QR))
		return -1;
	ret->id = get16(msg);
	if (msg[2] & FLAG_OPCODE)
		return DNS_NOTIMP;
	if (get16(msg + 4) != 1 || !question_name(msg, len, ret->name, &end) || end + 4 > len)
		return DNS_FORMERR;
	ret->type = get16(msg + end);
	ret->class = get16(msg + end + 2);
	ret->question_end = end + 4;
	ret->edns = has_edns(msg, len, ret->question_end);
	return 0;
}

/* True if text is name, or name and one of the search domains. */
static bool names_match(const struct dns_names *n, const char *text, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(text, name, len) != 0)
		return false;
	if (text[len] == '\0')
		return true;
	if (text[len] != '.')
		return false;
	for (size_t i = 0; i < n->search_len; i++)
		if (streq(text + len + 1, n->search[i]))
			return true;
	return false;
}

/* The reverse name of an address: 2.0.244.10.in-addr.arpa, or nibbles under ip6.arpa. */
static void reverse_name(const struct in6_addr *a, char out[DNS_MAX_NAME])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	if (addr_is_v4(a)) {
		(void)snprintf(out, DNS_MAX_NAME, "%u.%u.%u.%u.in-addr.arpa", a->s6_addr[15],
		               a->s6_addr[14], a->s6_addr[13], a->s6_addr[12]);
		return;
	}
	for (int i = 15; i >= 0; i--) {
		out[at++] = hex[a->s6_addr[i] & 0xf];
		out[at++] = '.';
		out[at++] = hex[a->s6_addr[i] >> 4];
		out[at++] = '.';
	}
	(void)snprintf(out + at, DNS_MAX_NAME - at, "ip6.arpa");
}

struct reply {
	uint8_t *start, *at, *end;
	uint32_t answers;
	bool full;
};

static void put_record(struct reply *r, uint16_t type, const void *data, size_t len)
{
	uint8_t *p = r->at;

	if (r->answers >= MAX_RECORDS || (size_t)(r->end - p) < 12 + len) {
		r->full = true;
		return;
	}
	p = put16(p, POINTER_TO_QUESTION);
	p = put16(p, type);
	p = put16(p, ns_c_in);
	p = put16(p, 0);
	p = put16(p, DNS_TTL);
	p = put16(p, (uint32_t)len);
	memcpy(p, data, len);
	r->at = p + len;
	r->answers++;
}

static void put_address(struct reply *r, const struct dns_query *q, const struct dns_name *d)
{
	if ((q->type == ns_t_a || q->type == ns_t_any) && !addr_is_unset(&d->ip))
		put_record(r, ns_t_a, &d->ip.s6_addr[12], 4);
	if ((q->type == ns_t_aaaa || q->type == ns_t_any) && !addr_is_unset(&d->ip6))
		put_record(r, ns_t_aaaa, &d->ip6, 16);
}

static void put_pointer(struct reply *r, const struct dns_query *q, const struct dns_name *d)
{
	uint8_t packed[DNS_MAX_NAME];
	int len;

	if (q->type != ns_t_ptr && q->type != ns_t_any)
		return;
	len = dn_comp(d->name, packed, sizeof(packed), NULL, NULL);
	if (len > 0)
		put_record(r, ns_t_ptr, packed, (size_t)len);
}

static bool collect(const struct dns_names *n, const struct dns_query *q, struct reply *r)
{
	bool reverse = ends_with(q->name, ".arpa"), found = false;
	char name[DNS_MAX_NAME];

	for (size_t i = 0; i < n->len; i++) {
		const struct dns_name *d = &n->v[i];

		if (!reverse) {
			if (names_match(n, q->name, d->name)) {
				found = true;
				put_address(r, q, d);
			}
			continue;
		}
		for (int v6 = 0; v6 < 2; v6++) {
			const struct in6_addr *a = v6 ? &d->ip6 : &d->ip;

			if (addr_is_unset(a))
				continue;
			reverse_name(a, name);
			if (streq(name, q->name)) {
				found = true;
				put_pointer(r, q, d);
			}
		}
	}
	return found;
}

/* Header, question and EDNS of a reply around the records that are already there. */
static size_t finish(struct reply *r, const uint8_t *msg, const struct dns_query *q,
                     enum dns_rcode rcode)
{
	memcpy(r->start, msg, 2);
	r->start[2] = (uint8_t)(FLAG_QR | (msg[2] & (FLAG_OPCODE | FLAG_RD)));
	r->start[3] = (uint8_t)(FLAG_RA | rcode);
	(void)put16(r->start + 4, q->question_end ? 1 : 0);
	(void)put16(r->start + 6, r->answers);
	(void)put16(r->start + 8, 0);
	(void)put16(r->start + 10, 0);
	if (q->edns && r->end - r->at >= OPT_SIZE) {
		memset(r->at, 0, OPT_SIZE);
		(void)put16(r->at + 1, ns_t_opt);
		(void)put16(r->at + 3, DNS_MAX_OWN);
		r->at += OPT_SIZE;
		(void)put16(r->start + 10, 1);
	}
	return (size_t)(r->at - r->start);
}

static bool begin(struct reply *r, const uint8_t *msg, const struct dns_query *q, uint8_t *out,
                  size_t room)
{
	size_t head = q->question_end ? q->question_end : DNS_HEADER;

	if (head > room)
		return false;
	*r = (struct reply){.start = out, .at = out + head, .end = out + room};
	memcpy(out, msg, head);
	return true;
}

size_t dns_answer(const struct dns_names *n, const uint8_t *msg, const struct dns_query *q,
                  uint8_t *out, size_t room)
{
	struct reply r;

	if (q->class != ns_c_in && q->class != ns_c_any)
		return 0;
	if (!begin(&r, msg, q, out, q->edns ? room - OPT_SIZE : MIN(room, NS_PACKETSZ)))
		return 0;
	if (!collect(n, q, &r))
		return 0;
	if (q->edns)
		r.end = out + room;
	out[2] = 0;
	(void)finish(&r, msg, q, DNS_NOERROR);
	out[2] |= FLAG_AA;
	return (size_t)(r.at - out);
}

size_t dns_refuse(const uint8_t *msg, size_t len, const struct dns_query *q, enum dns_rcode rcode,
                  uint8_t *out, size_t room)
{
	struct reply r;

	if (len < DNS_HEADER || q->question_end > len || !begin(&r, msg, q, out, room))
		return 0;
	return finish(&r, msg, q, rcode);
}

bool dns_matches(const uint8_t *query, size_t query_len, const uint8_t *reply, size_t reply_len)
{
	struct dns_query q;

	if (dns_parse(query, query_len, &q) != 0)
		return false;
	if (reply_len < DNS_HEADER || !(reply[2] & FLAG_QR) || dns_id(reply) != dns_id(query))
		return false;
	/* A server that failed early may leave the question out. */
	if (get16(reply + 4) == 0 && dns_rcode(reply) != DNS_NOERROR)
		return reply_len == DNS_HEADER;
	if (get16(reply + 4) != 1 || reply_len < q.question_end)
		return false;
	for (size_t i = DNS_HEADER; i < q.question_end - 4; i++)
		if (tolower(query[i]) != tolower(reply[i]))
			return false;
	return memcmp(query + q.question_end - 4, reply + q.question_end - 4, 4) == 0;
}
