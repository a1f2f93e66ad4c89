/* SPDX-License-Identifier: Apache-2.0 */
/* expand.c - see expand.h */
#include "kube/expand.h"

enum { PART_COST = 64 };

struct expander {
	struct plan_value *out;
	struct strbuf text; /* not yet in out */
	size_t cost, limit;
};

static void flush(struct expander *x)
{
	if (x->text.len)
		plan_value_add(x->out, x->text.s, NULL, NULL);
	strbuf_clear(&x->text);
}

static void put(struct expander *x, const char *s, size_t len)
{
	x->cost += len;
	if (x->cost <= x->limit)
		strbuf_add(&x->text, s, len);
}

static void put_value(struct expander *x, const struct plan_value *v)
{
	for (uint32_t i = 0; i < v->parts_count && x->cost <= x->limit; i++) {
		const struct plan_part *p = &v->parts[i];

		if (p->text) {
			put(x, p->text, strlen(p->text));
		} else {
			x->cost += PART_COST;
			flush(x);
			plan_value_add(x->out, NULL, p->secret, p->field);
		}
	}
}

/* What a "$" at p begins; returns its length. *close is the next ")" at or after p, or NULL. */
static size_t put_dollar(struct expander *x, const char *p, const char *close,
                         expand_lookup *lookup, void *arg)
{
	const struct plan_value *v;

	if (p[1] == '$') {
		put(x, "$", 1);
		return 2;
	}
	if (p[1] != '(' || !close) {
		put(x, "$", 1);
		return 1;
	}
	autofree char *name = xstrndup(p + 2, (size_t)(close - p - 2));

	v = lookup(name, arg);
	if (v)
		put_value(x, v);
	else
		put(x, p, (size_t)(close + 1 - p));
	return (size_t)(close + 1 - p);
}

bool expand(const char *text, expand_lookup *lookup, void *arg, size_t limit,
            struct plan_value *out)
{
	struct expander x = {.out = out, .limit = limit};
	const char *close = strchr(text, ')');
	size_t n;

	for (const char *p = text; *p && x.cost <= limit; p += n) {
		n = strcspn(p, "$");
		if (n) {
			put(&x, p, n);
			continue;
		}
		while (close && close < p)
			close = strchr(close + 1, ')');
		n = put_dollar(&x, p, close, lookup, arg);
	}
	flush(&x);
	strbuf_done(&x.text);
	if (!out->parts_count)
		plan_value_set(out, "");
	return x.cost <= limit;
}
