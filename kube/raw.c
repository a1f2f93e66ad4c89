/* SPDX-License-Identifier: Apache-2.0 */
/* raw.c - see raw.h */
#include "kube/raw.h"

#include "kube/scalar.h"
#include "pkg/util/record.h"

/* A number as JSON spells it: digits, then perhaps a fraction and an exponent. */
static bool is_json_number(const char *s)
{
	size_t n;

	s += *s == '-';
	n = strspn(s, "0123456789");
	if (!n || (*s == '0' && n > 1))
		return false;
	s += n;
	if (*s == '.') {
		n = strspn(++s, "0123456789");
		if (!n)
			return false;
		s += n;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		n = strspn(s, "0123456789");
		if (!n)
			return false;
		s += n;
	}
	return !*s;
}

static void put_scalar(const struct node *n, struct strbuf *out)
{
	enum scalar_kind kind = n->quoted ? SCALAR_STRING : scalar_kind(n->text);
	int64_t number;
	bool truth;

	if (kind == SCALAR_NULL)
		strbuf_adds(out, "null");
	else if (kind == SCALAR_BOOL && scalar_bool(n->text, &truth) == 0)
		strbuf_adds(out, truth ? "true" : "false");
	else if (kind == SCALAR_NUMBER && scalar_int(n->text, &number) == SCALAR_OK)
		strbuf_addf(out, "%lld", (long long)number);
	else if (kind == SCALAR_NUMBER && is_json_number(n->text))
		strbuf_adds(out, n->text);
	else
		record_json_string(n->text, out);
}

void raw_json(const struct node *n, struct strbuf *out)
{
	if (n->kind == NODE_SCALAR) {
		put_scalar(n, out);
		return;
	}
	strbuf_addc(out, n->kind == NODE_LIST ? '[' : '{');
	for (uint32_t i = 0; i < n->len; i++) {
		strbuf_adds(out, i ? "," : "");
		if (n->kind == NODE_MAP) {
			record_json_string(n->pair[i].key->text, out);
			strbuf_addc(out, ':');
		}
		raw_json(n->kind == NODE_LIST ? n->item[i] : n->pair[i].val, out);
	}
	strbuf_addc(out, n->kind == NODE_LIST ? ']' : '}');
}
