/* SPDX-License-Identifier: Apache-2.0 */
/* diag.c - see diag.h */
#include "kube/diag.h"

#include <ctype.h>

#include "kube/tree.h"

enum { MAX_DIAGS = 1000, QUOTE_BYTES = 60 };

static void free_item(struct kube_diag *d)
{
	free(d->file);
	free(d->path);
	free(d->text);
}

void diags_done(struct diags *d)
{
	for (size_t i = 0; i < d->len; i++)
		free_item(&d->v[i].d);
	free(d->v);
	strv_done(&d->files);
	*d = (struct diags){0};
}

size_t diags_file(struct diags *d, const char *name)
{
	strv_add(&d->files, name);
	return d->files.len - 1;
}

uint32_t diags_origin(struct diags *d, const char *name)
{
	return (uint32_t)diags_file(d, name) + 1;
}

static void add_segment(struct strbuf *out, const struct at *at)
{
	bool plain = true;

	if (at->up)
		add_segment(out, at->up);
	if (!at->key) {
		strbuf_addf(out, "[%u]", at->index);
		return;
	}
	for (const char *p = at->key; *p; p++)
		plain &= isalnum((unsigned char)*p) || *p == '_' || *p == '-';
	if (!plain || !*at->key) {
		autofree char *key = diag_quote(at->key);

		strbuf_addf(out, "['%s']", key);
	} else {
		strbuf_addf(out, "%s%.*s%s", out->len ? "." : "", QUOTE_BYTES, at->key,
		            strlen(at->key) > QUOTE_BYTES ? "..." : "");
	}
}

char *diag_path(const struct at *at)
{
	struct strbuf out = {0};

	if (at)
		add_segment(&out, at);
	return strbuf_take(&out);
}

char *diag_quote(const char *text)
{
	size_t len = strlen(text);
	size_t cut = MIN(len, (size_t)QUOTE_BYTES);
	struct strbuf out = {0};

	while (cut < len && cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--; /* not in the middle of a character */
	autofree char *clean = str_sanitize(text, cut);

	strbuf_adds(&out, clean);
	if (cut < len)
		strbuf_adds(&out, "...");
	return strbuf_take(&out);
}

/* The problems of reading and loading have no rules: their ids follow from their words. */
static const struct {
	const char *words, *id;
} ids[] = {
	{"unknown field", "unknown-field"},
	{"missing field", "missing-field"},
	{"not supported", "not-supported"},
	{"is not supported", "not-supported"},
	{"of line %zu%s", "syntax"},
	{"not valid text", "syntax"},
	{"a key ", "syntax"},
	{"expected ", "wrong-type"},
	{"too large a number", "wrong-type"},
	{"not one of the allowed values", "wrong-word"},
	{"null is not allowed", "null-item"},
	{"this key is already set", "duplicate-key"},
	{"apiVersion", "kind"},
	{"has no kind", "kind"},
	{"no Kubernetes object: ", "kind"},
	{"belongs to", "kind"},
	{"is old, write", "old-version"},
	{"is not run here", "kind-skipped"},
	{"(limit: ", "limit"},
	{"larger than", "limit"},
	{"variable", "variable"},
	{"${", "variable"},
	{"too much data", "limit"},
};

/* The words of our own only: what is quoted from the file must not choose. */
static const char *id_of(const char *fmt, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (strstr(fmt, ids[i].words) || starts_with(text, ids[i].words))
			return ids[i].id;
	return "load";
}

void diag_vadd(struct diags *d, enum kube_severity severity, size_t file, uint32_t line,
               uint32_t column, const struct at *at, const char *fmt, va_list ap)
{
	struct diag_item *item;

	if (!line && column) { /* an origin */
		file = column - 1;
		column = 0;
	}
	if (severity == KUBE_ERROR)
		d->errors++;
	if (d->len >= MAX_DIAGS) {
		if (!d->full)
			d->v[d->len++] = (struct diag_item){
				.d = {.severity = severity,
			              .file = xstrdup(d->files.v[file]),
			              .path = xstrdup(""),
			              .text = xstrdup("too many problems; the rest is not shown"),
			              .rule = "limit"},
				.file = file,
				.order = SIZE_MAX,
			};
		d->full = true;
		return;
	}
	if ((d->len & (d->len - 1)) == 0)
		d->v = xrealloc(d->v, (MAX(d->len * 2, (size_t)1) + 1) * sizeof(*d->v));
	item = &d->v[d->len];
	*item = (struct diag_item){
		.d = {.severity = severity,
	              .file = xstrdup(d->files.v[file]),
	              .line = (int)line,
	              .column = (int)column,
	              .path = diag_path(at),
	              .text = xvasprintf(fmt, ap)},
		.file = file,
		.order = d->len,
	};
	item->d.rule = d->rule ? d->rule : id_of(fmt, item->d.text);
	d->len++;
}

void diag_add(struct diags *d, enum kube_severity severity, size_t file, uint32_t line,
              uint32_t column, const struct at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_vadd(d, severity, file, line, column, at, fmt, ap);
	va_end(ap);
}

static int by_place(const void *a, const void *b)
{
	const struct diag_item *x = a, *y = b;

	if ((x->order == SIZE_MAX) != (y->order == SIZE_MAX)) /* "too many problems" */
		return x->order == SIZE_MAX ? 1 : -1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->d.line != y->d.line)
		return x->d.line < y->d.line ? -1 : 1;
	if (x->d.column != y->d.column)
		return x->d.column < y->d.column ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool same(const struct kube_diag *a, const struct kube_diag *b)
{
	return a->severity == b->severity && a->line == b->line && a->column == b->column &&
	       streq(a->file, b->file) && streq(a->path, b->path) && streq(a->text, b->text);
}

void diags_take(struct diags *d, struct kube_diag **ret, size_t *ret_count)
{
	size_t kept = 0;

	if (d->len)
		qsort(d->v, d->len, sizeof(*d->v), by_place);
	*ret = xcalloc(MAX(d->len, (size_t)1), sizeof(**ret));
	for (size_t i = 0; i < d->len; i++) {
		if (kept && same(&(*ret)[kept - 1], &d->v[i].d))
			free_item(&d->v[i].d);
		else
			(*ret)[kept++] = d->v[i].d;
	}
	*ret_count = kept;
	d->len = 0;
}

static const struct node *step(const struct node *n, const struct at *at)
{
	if (at->key)
		return n->kind == NODE_MAP ? node_get(n, at->key) : NULL;
	return n->kind == NODE_LIST && at->index < n->len ? n->item[at->index] : NULL;
}

/* *exact is false once a segment was missing: deeper ones must not match by accident. */
static const struct node *locate(const struct node *root, const struct at *at, bool *exact)
{
	const struct node *up, *n;

	if (!at)
		return root;
	up = locate(root, at->up, exact);
	n = *exact ? step(up, at) : NULL;
	*exact = n != NULL;
	return n ? n : up;
}

const struct node *diag_locate(const struct node *root, const struct at *at)
{
	bool exact = true;

	return locate(root, at, &exact);
}

void guess_offer(struct guess *g, const char *word, const char *candidate)
{
	size_t limit = 1 + strlen(word) / 4;
	size_t distance = str_distance(word, candidate, limit);

	if (distance > limit || distance >= strlen(candidate) || streq(word, candidate))
		return;
	if (!g->best || distance < g->distance)
		*g = (struct guess){candidate, distance};
}

char *guess_text(const struct guess *g)
{
	return g->best ? xasprintf("; did you mean \"%s\"?", g->best) : xstrdup("");
}

char *kube_diag_text(const struct kube_diag *d)
{
	static const char *const word[] = {
		[KUBE_ERROR] = "", [KUBE_WARNING] = "warning: ", [KUBE_NOTE] = "note: "};
	autofree char *file = str_sanitize(d->file, strlen(d->file));
	autofree char *path = str_sanitize(d->path, strlen(d->path));
	autofree char *text = str_sanitize(d->text, strlen(d->text));
	autofree char *place = d->line ? xasprintf(":%d:%d", d->line, d->column) : xstrdup("");

	return xasprintf("%s%s: %s%s%s%s", file, place, word[d->severity], path, *path ? ": " : "",
	                 text);
}
