/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - DNS messages: look at a query, answer our own names, compare replies (no I/O)
 *
 * Everything else about a message is none of our business: it is relayed byte for byte.
 */
#pragma once

#include "net/addr.h"

enum {
	DNS_HEADER = 12,
	DNS_MAX_NAME = 256,   /* as text with its NUL */
	DNS_MAX_UDP = 4096,   /* longest message taken or given over UDP */
	DNS_MAX_OWN = 1232,   /* longest answer that we build */
	DNS_TTL = 5,          /* of our own names, seconds: pods come and go */
	DNS_MAX_NAMES = 4096, /* names of one project */
	DNS_MAX_SEARCH = 32,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4
};

struct dns_query {
	uint16_t id;
	uint16_t type, class;
	char name[DNS_MAX_NAME]; /* lower case, no final dot; "" is the root */
	size_t question_end;     /* offset behind the question */
	bool edns;
};

struct dns_name {
	char *name;     /* lower case */
	uint32_t owner; /* pod */
	struct in6_addr ip, ip6;
};

/* Names of the project; zero is a valid empty table. */
struct dns_names {
	struct dns_name *v;
	size_t len;
	char *search[DNS_MAX_SEARCH];
	size_t search_len;
};

/* Add a name (lower-cased, copied); false when the table is full or the name is not one. */
bool dns_names_add(struct dns_names *n, const char *name, uint32_t owner, const struct in6_addr *ip,
                   const struct in6_addr *ip6);
void dns_names_remove(struct dns_names *n, uint32_t owner);
void dns_search_add(struct dns_names *n, const char *domain);
void dns_search_clear(struct dns_names *n);
void dns_names_done(struct dns_names *n);

/*
 * Take a query apart. 0, or the rcode to answer with (DNS_FORMERR, DNS_NOTIMP), or -1 for what
 * deserves no answer at all (too short, a reply).
 */
int dns_parse(const uint8_t *msg, size_t len, struct dns_query *ret);
/*
 * Answer from our own names into out (room bytes): length of the reply, or 0 if the name is not
 * ours. A name of ours has A and AAAA as far as it has addresses; other types get an empty answer,
 * never "no such name". A name is also ours with a search domain behind it, and as the reverse name
 * of its address.
 */
size_t dns_answer(const struct dns_names *n, const uint8_t *msg, const struct dns_query *q,
                  uint8_t *out, size_t room);
/* A reply without records: the query's header and (if parsed) its question, with this rcode. */
size_t dns_refuse(const uint8_t *msg, size_t len, const struct dns_query *q, enum dns_rcode rcode,
                  uint8_t *out, size_t room);
/* True if reply answers the query that was sent: a reply, same id, same question. */
bool dns_matches(const uint8_t *query, size_t query_len, const uint8_t *reply, size_t reply_len);
/* Response code of a reply that dns_matches() took. */
enum dns_rcode dns_rcode(const uint8_t *reply);
uint16_t dns_id(const uint8_t *msg);
void dns_set_id(uint8_t *msg, uint16_t id);
