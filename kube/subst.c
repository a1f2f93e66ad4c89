/* SPDX-License-Identifier: Apache-2.0 */
/* subst.c - what is the value of ${NAME}? see subst.h */
#include "kube/subst.h"

#include "kube/utf8.h"

enum { MAX_NESTED = 8 };

struct change {
	struct subst *s;
	struct arena *memory;
	struct diags *d;
	size_t file;
	/* The value that is being made, and where it stands. */
	const struct node *node;
	const struct at *at;
	struct strbuf out;
	bool failed;
};

void subst_init(struct subst *s, const struct kube_options *o)
{
	*s = (struct subst){.on = o->substitute, .vars = o->vars};
	for (size_t i = 0; s->on && i < o->vars_count; i++)
		(void)names_add(&s->index, o->vars[i].name, (uint32_t)i, NULL);
}

void subst_done(struct subst *s)
{
	names_done(&s->index);
}

/* Values of the environment may be any bytes; what people wrote in YAML is UTF-8. */
static bool is_utf8(const char *s)
{
	size_t left = strlen(s), len = 1;
	uint32_t c;

	for (; left && len; s += len, left -= len)
		len = utf8_next(s, left, &c);
	return len;
}

/* --- one value ---------------------------------------------------------------------------------
 */

static void problem(struct change *c, const char *fmt, ...) PRINTF(2, 3);

static void problem(struct change *c, const char *fmt, ...)
{
	va_list ap;

	c->failed = true;
	c->s->failed++;
	va_start(ap, fmt);
	diag_vadd(c->d, KUBE_ERROR, c->file, c->node->line, c->node->column, c->at, fmt, ap);
	va_end(ap);
}

static void put(struct change *c, const char *text, size_t len)
{
	c->s->spent += len;
	if (c->s->spent > SUBST_MAX_TEXT && !c->failed)
		problem(c, "variables make more than %d MiB of text", SUBST_MAX_TEXT >> 20);
	if (!c->failed)
		strbuf_add(&c->out, text, len);
}

static bool is_name(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

/* The brace that closes, with those of variables in a default counted; end if there is none. */
static const char *closing(const char *p, const char *end)
{
	size_t depth = 1;

	for (; p < end; p++) {
		if (*p == '$' && p + 1 < end && p[1] == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
	return end;
}

static void expand(struct change *c, const char *p, const char *end, int level);

static void unset(struct change *c, const char *name, char how, const char *word, size_t len)
{
	autofree char *message = xstrndup(word, len), *text = diag_quote(message);

	if (how == '?' && *text)
		problem(c, "variable \"%s\" is not set: %s", name, text);
	else
		problem(c,
		        "variable \"%s\" is not set; give it a default with ${%s:-...}, or write "
		        "$${%s} for the text",
		        name, name, name);
}

/* From behind "${" to the closing brace. */
static void variable(struct change *c, const char *p, const char *close, int level)
{
	const char *name_end = p, *value = NULL;
	uint32_t i;
	bool colon;
	char how;

	while (name_end < close && is_name(*name_end, name_end == p))
		name_end++;
	autofree char *name = xstrndup(p, (size_t)(name_end - p));

	colon = name_end < close && *name_end == ':';
	p = name_end + colon;
	how = p < close ? *p : '\0';
	if (!*name || (how && how != '-' && how != '?') || (!how && colon)) {
		problem(c, "what follows ${ is no NAME}, NAME:-default} or NAME:?message}; write "
		           "$${ for the text");
		return;
	}
	if (names_find(&c->s->index, name, &i))
		value = c->s->vars[i].value;
	if (value && !is_utf8(value))
		problem(c, "the value of variable \"%s\" is not UTF-8 text", name);
	else if (value && (*value || !colon))
		put(c, value, strlen(value));
	else if (how == '-' && level < MAX_NESTED)
		expand(c, p + 1, close, level + 1);
	else
		unset(c, name, how, p + (how != 0), (size_t)(close - p - (how != 0)));
}

static void expand(struct change *c, const char *p, const char *end, int level)
{
	while (p < end && !c->failed) {
		const char *dollar = memmem(p, (size_t)(end - p), "${", 2), *close;

		if (!dollar) {
			put(c, p, (size_t)(end - p));
			return;
		}
		if (dollar > p && dollar[-1] == '$') {
			put(c, p, (size_t)(dollar - p - 1));
			put(c, "${", 2);
			p = dollar + 2;
			continue;
		}
		put(c, p, (size_t)(dollar - p));
		close = closing(dollar + 2, end);
		if (close == end) {
			problem(c, "${ without }; write $${ for the text");
			return;
		}
		variable(c, dollar + 2, close, level);
		p = close + 1;
	}
}

/* A new node: the old one may be a key, or stand in other places too. */
static struct node *change_scalar(struct change *c, struct node *n, const struct at *at)
{
	struct node *copy;

	if (n->len < 3 || !memmem(n->text, n->len, "${", 2))
		return n;
	c->node = n;
	c->at = at;
	c->failed = false;
	strbuf_clear(&c->out);
	expand(c, n->text, n->text + n->len, 0);
	if (c->failed)
		return n;
	copy = arena_alloc(c->memory, sizeof(*copy));
	*copy = *n;
	copy->text = arena_memdup(c->memory, c->out.s ? c->out.s : "", c->out.len);
	copy->len = (uint32_t)c->out.len;
	return copy;
}

/* --- a document --------------------------------------------------------------------------------
 */

static struct node *change(struct change *c, struct node *n, const struct at *at)
{
	if (n->kind == NODE_SCALAR)
		return change_scalar(c, n, at);
	if (n->seen) /* an alias: done where it stood first */
		return n;
	n->seen = true;
	for (uint32_t i = 0; i < n->len; i++) {
		const struct at here = {at, n->kind == NODE_MAP ? n->pair[i].key->text : NULL, i};
		struct node **slot = n->kind == NODE_MAP ? &n->pair[i].val : &n->item[i];

		*slot = change(c, *slot, &here);
	}
	return n;
}

struct node *subst_tree(struct subst *s, struct arena *memory, struct node *root, struct diags *d,
                        size_t file)
{
	struct change c = {.s = s, .memory = memory, .d = d, .file = file};

	if (!s->on)
		return root;
	root = change(&c, root, NULL);
	strbuf_done(&c.out);
	return root;
}
