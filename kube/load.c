/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - how does text become typed?
 *
 * Theory of operation: one walk down the schema and the tree side by side. A member is written only
 * if its node has the right shape; whatever is wrong is reported with the node's place and path,
 * and the walk goes on. Aliases are walked once for each place where they stand, so the work is
 * bounded by a budget and not by the size of the file.
 */
#include "kube/load.h"

#include "kube/quantity.h"
#include "kube/raw.h"
#include "kube/scalar.h"

enum { VALUE_COST = 32 };

static void load_value(struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                       const struct node *n, char *data, char *count);

static void report(const struct load *l, enum kube_severity severity, const struct at *at,
                   const struct node *n, const char *fmt, ...) PRINTF(5, 6);

static void report(const struct load *l, enum kube_severity severity, const struct at *at,
                   const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_vadd(l->d, severity, l->file, n->line, n->column, at, fmt, ap);
	va_end(ap);
}

bool load_strictness(enum kube_validate mode, enum kube_severity *ret)
{
	*ret = mode == KUBE_STRICT ? KUBE_ERROR : KUBE_WARNING;
	return mode != KUBE_IGNORE;
}

char *load_describe(const struct node *n)
{
	static const char *const names[] = {[SCALAR_STRING] = "a string",
	                                    [SCALAR_BOOL] = "a boolean",
	                                    [SCALAR_NUMBER] = "a number"};
	enum scalar_kind kind;

	if (n->kind != NODE_SCALAR)
		return xstrdup(n->kind == NODE_LIST ? "a list" : "a mapping");
	kind = n->quoted ? SCALAR_STRING : scalar_kind(n->text);
	if (kind == SCALAR_NULL)
		return xstrdup("null");
	autofree char *text = diag_quote(n->text);

	if (kind == SCALAR_STRING)
		return xasprintf("a string \"%s\"", text);
	return xasprintf("%s %s", names[kind], text);
}

static void expected(const struct load *l, const struct at *at, const struct node *n,
                     const char *what)
{
	autofree char *got = load_describe(n);

	report(l, KUBE_ERROR, at, n, "expected %s, got %s", what, got);
}

static bool spend(struct load *l, const struct node *n, size_t memory)
{
	l->spent += VALUE_COST + memory + (n->kind == NODE_SCALAR ? n->len : 0);
	if (l->spent > LOAD_BUDGET && !l->stop) {
		report(l, KUBE_ERROR, NULL, n,
		       "too much data after aliases are followed (limit: %d MiB)",
		       LOAD_BUDGET >> 20);
		l->stop = true;
	}
	return !l->stop;
}

static void put_pointer(char *data, void *p)
{
	memcpy(data, &p, sizeof(p));
}

/* The text of a node, which outlives the tree. */
static char *keep(const struct load *l, const struct node *n)
{
	char *text = arena_alloc(l->arena, (size_t)n->len + 1);

	memcpy(text, n->text, (size_t)n->len + 1);
	return text;
}

/* A string: what is quoted or looks like nothing else. Others are taken as written if allowed. */
static char *string_of(const struct load *l, const struct at *at, const struct node *n)
{
	enum kube_severity severity;

	if (n->kind != NODE_SCALAR) {
		expected(l, at, n, "a string");
		return NULL;
	}
	if (!n->quoted && scalar_kind(n->text) != SCALAR_STRING &&
	    load_strictness(l->mode, &severity)) {
		autofree char *got = load_describe(n);

		report(l, severity, at, n, "expected a string, got %s; quote it", got);
	}
	return keep(l, n);
}

static void load_int(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                     const struct node *n, char *data)
{
	enum scalar_result r;
	int64_t v = 0;
	int32_t small;
	void *p;

	if (n->kind != NODE_SCALAR || n->quoted || scalar_kind(n->text) != SCALAR_NUMBER) {
		expected(l, at, n, "a whole number");
		return;
	}
	r = scalar_int(n->text, &v);
	if (r == SCALAR_SYNTAX) {
		autofree char *got = diag_quote(n->text);

		report(l, KUBE_ERROR, at, n, "expected a whole number in plain digits, got %s",
		       got);
		return;
	}
	small = (int32_t)v;
	if (r == SCALAR_RANGE || (s->data_size == sizeof(small) && small != v)) {
		autofree char *got = diag_quote(n->text);

		report(l, KUBE_ERROR, at, n, "%s is too large a number", got);
		return;
	}
	p = s->flags & CYAML_FLAG_POINTER ? arena_alloc(l->arena, s->data_size) : data;
	if (s->data_size == sizeof(small))
		memcpy(p, &small, sizeof(small));
	else
		memcpy(p, &v, sizeof(v));
	if (s->flags & CYAML_FLAG_POINTER)
		put_pointer(data, p);
}

static void load_bool(const struct load *l, const struct at *at, const struct node *n, char *data)
{
	bool v, *p;

	if (n->kind != NODE_SCALAR || n->quoted || scalar_bool(n->text, &v) < 0) {
		expected(l, at, n, "true or false");
		return;
	}
	p = arena_alloc(l->arena, sizeof(*p));
	*p = v;
	put_pointer(data, p);
}

static void wrong_choice(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                         const struct node *n)
{
	autostrbuf struct strbuf choices = {0};
	autofree char *text = diag_quote(n->text), *hint = NULL;
	struct guess g = {0};

	for (uint32_t i = 0; i < s->enumeration.count; i++) {
		const char *choice = s->enumeration.strings[i].str;

		guess_offer(&g, n->text, choice);
		if (*choice)
			strbuf_addf(&choices, "%s%s", choices.len ? ", " : "", choice);
	}
	hint = guess_text(&g);
	report(l, KUBE_ERROR, at, n, "\"%s\" is not one of the allowed values (%s)%s", text,
	       choices.s, hint);
}

static void load_enum(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                      const struct node *n, char *data)
{
	const char *text = string_of(l, at, n);

	if (!text)
		return;
	for (uint32_t i = 0; i < s->enumeration.count; i++) {
		int v = (int)s->enumeration.strings[i].val;

		if (!streq(s->enumeration.strings[i].str, text))
			continue;
		memcpy(data, &v, sizeof(v));
		return;
	}
	wrong_choice(l, at, s, n);
}

/* A quantity may be a number or a string; other spellings of whole numbers become decimal. */
static char *quantity_of(const struct load *l, const struct at *at, const struct node *n)
{
	int64_t v;

	if (n->kind == NODE_SCALAR && quantity_valid(n->text) &&
	    (n->quoted || n->text[0] != '0' || !n->text[1] || n->text[1] == '.' ||
	     scalar_int(n->text, &v) != SCALAR_OK))
		return keep(l, n);
	if (n->kind == NODE_SCALAR && !n->quoted && scalar_int(n->text, &v) == SCALAR_OK)
		return arena_printf(l->arena, "%lld", (long long)v);
	expected(l, at, n, "a quantity such as 500m, 1.5 or 64Mi");
	return NULL;
}

/* A mapping with free keys becomes an array of pairs; both kinds of pair have this layout. */
static void load_pairs(struct load *l, const struct at *at, bool quantities, const struct node *n,
                       char *data, char *count)
{
	struct k8s_pair_layout {
		char *key, *value;
	} * pairs;
	uint32_t len = 0;

	if (n->kind != NODE_MAP) {
		expected(l, at, n, "a mapping");
		return;
	}
	if (!spend(l, n, n->len * sizeof(*pairs)))
		return;
	pairs = arena_alloc(l->arena, n->len * sizeof(*pairs));
	for (uint32_t i = 0; i < n->len && !l->stop; i++) {
		const struct node *val = n->pair[i].val;
		const struct at here = {.up = at, .key = n->pair[i].key->text};
		static char nothing[] = "";
		char *text = nothing;

		if (!spend(l, val, 0))
			break;
		if (quantities)
			text = quantity_of(l, &here, val);
		else if (!node_is_null(val))
			text = string_of(l, &here, val);
		if (text) {
			pairs[len].key = keep(l, n->pair[i].key);
			pairs[len++].value = text;
		}
	}
	put_pointer(data, pairs);
	memcpy(count, &len, sizeof(len));
}

static void load_list(struct load *l, const struct at *at, const cyaml_schema_value_t *entry,
                      const struct node *n, char *data, char *count)
{
	size_t size = entry->flags & CYAML_FLAG_POINTER ? sizeof(void *) : entry->data_size;
	uint32_t len = 0, none; /* no schema has lists of lists: their length has no place */
	enum kube_severity severity;
	char *items;

	if (n->kind != NODE_LIST) {
		expected(l, at, n, "a list");
		return;
	}
	if (!spend(l, n, n->len * size))
		return;
	items = arena_alloc(l->arena, n->len * size);
	for (uint32_t i = 0; i < n->len && !l->stop; i++) {
		const struct at here = {.up = at, .index = i};

		/* A wrong item leaves an empty one, so that indices in later messages stay true. */
		if (!node_is_null(n->item[i]))
			load_value(l, &here, entry, n->item[i], items + len * size, (char *)&none);
		else if (load_strictness(l->mode, &severity))
			report(l, severity, &here, n->item[i], "null is not allowed in a list");
		len++;
	}
	for (uint32_t i = 0; entry->type == CYAML_STRING && i < len; i++) {
		static char nothing[] = "";
		void *p;

		memcpy(&p, items + i * size, sizeof(p));
		if (!p)
			put_pointer(items + i * size, nothing);
	}
	put_pointer(data, items);
	memcpy(count, &len, sizeof(len));
}

bool load_means_unset(const struct schema_info *info, const struct node *n)
{
	bool v, w;

	if (n->kind != NODE_SCALAR)
		return n->len == 0;
	if (node_is_null(n))
		return true;
	if (!info->unset)
		return false;
	if (!n->quoted && scalar_bool(n->text, &v) == 0 && scalar_bool(info->unset, &w) == 0)
		return v == w;
	return streq(n->text, info->unset);
}

/* A field whose meaning would be lost is as much of a problem as the user wants. */
static void not_supported(const struct load *l, const struct at *at, const struct node *key,
                          const struct schema_info *info, const struct node *val)
{
	const char *what = info->verdict == SCHEMA_LATER ? "not supported yet" : "not supported";
	enum kube_severity severity;

	if ((info->verdict != SCHEMA_LATER && info->verdict != SCHEMA_NO) ||
	    load_means_unset(info, val) || !load_strictness(l->mode, &severity))
		return;
	report(l, severity, at, key, "%s%s%s%s", what, severity == KUBE_ERROR ? "" : ", ignored",
	       *info->why ? "; " : "", info->why);
}

/* A source of a volume that becomes a directory instead, if the user wants so. */
static bool substituted(const struct load *l, const struct schema_type *type,
                        const struct schema_info *info)
{
	return l->substitute_volumes && info->verdict == SCHEMA_NO && streq(type->name, "Volume");
}

static void unknown(const struct load *l, const struct at *at, const struct node *key,
                    const cyaml_schema_field_t *fields)
{
	enum kube_severity severity;
	struct guess g = {0};

	if (!load_strictness(l->mode, &severity))
		return;
	for (const cyaml_schema_field_t *f = fields; f->key; f++)
		guess_offer(&g, key->text, f->key);
	autofree char *hint = guess_text(&g);

	report(l, severity, at, key, "unknown field%s", hint);
}

/* Most words differ in their first letter: no call for those. */
static bool same_word(const char *a, const char *b)
{
	return *a == *b && streq(a, b);
}

static void load_mapping(struct load *l, const struct at *at, const cyaml_schema_field_t *fields,
                         const struct node *n, char *obj)
{
	const struct schema_type *type = schema_type_of(fields);
	const struct schema_info *info = type->info;
	const cyaml_schema_field_t *f;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < n->len && !l->stop; i++) {
		const struct node *key = n->pair[i].key, *val = n->pair[i].val;
		const struct at here = {.up = at, .key = key->text};

		for (f = fields; f->key && !same_word(f->key, key->text); f++)
			;
		if (!f->key) {
			unknown(l, &here, key, fields);
			continue;
		}
		if (info[f - fields].verdict != SCHEMA_YES &&
		    !substituted(l, type, &info[f - fields]))
			not_supported(l, &here, key, &info[f - fields], val);
		if (f->value.type != CYAML_IGNORE && !node_is_null(val)) {
			seen |= UINT64_C(1) << (f - fields);
			load_value(l, &here, &f->value, val, obj + f->data_offset,
			           obj + f->count_offset);
		}
	}
	for (f = fields; f->key && !l->stop; f++)
		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) && !(seen >> (f - fields) & 1))
			report(l, KUBE_ERROR, at, n, "missing field \"%s\"", f->key);
}

/* A whole number, or a string that is left as it is. */
static void load_int_or_string(const struct load *l, const struct at *at, const struct node *n,
                               struct k8s_int_or_string *out)
{
	int64_t v;

	if (n->kind == NODE_SCALAR && (n->quoted || scalar_kind(n->text) == SCALAR_STRING)) {
		out->string = keep(l, n);
	} else if (n->kind == NODE_SCALAR && scalar_kind(n->text) == SCALAR_NUMBER &&
	           scalar_int(n->text, &v) != SCALAR_SYNTAX) {
		out->number = (int32_t)v;
		if (out->number != v) {
			autofree char *got = diag_quote(n->text);

			report(l, KUBE_ERROR, at, n, "%s is too large a number", got);
		}
	} else {
		expected(l, at, n, "a whole number or a string");
	}
}

static char *raw_of(const struct load *l, const struct node *n)
{
	autostrbuf struct strbuf text = {0};

	raw_json(n, &text);
	return arena_strdup(l->arena, text.s);
}

static void load_mapping_value(struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                               const struct node *n, char *data)
{
	const cyaml_schema_field_t *fields = s->mapping.fields;
	bool special = schema_is_special(fields);
	char *obj = data;

	if (!special && n->kind != NODE_MAP) {
		expected(l, at, n, "a mapping");
		return;
	}
	if (s->flags & CYAML_FLAG_POINTER) {
		if (!spend(l, n, s->data_size))
			return;
		obj = arena_alloc(l->arena, s->data_size);
		put_pointer(data, obj);
	}
	if (fields == schema_quantity_fields)
		put_pointer(obj, quantity_of(l, at, n));
	else if (fields == schema_int_or_string_fields)
		load_int_or_string(l, at, n, (void *)obj);
	else if (fields == schema_raw_fields)
		put_pointer(obj, raw_of(l, n));
	else
		load_mapping(l, at, fields, n, obj);
}

static void load_value(struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                       const struct node *n, char *data, char *count)
{
	const cyaml_schema_value_t *entry;

	if (!spend(l, n, 0))
		return;
	switch ((int)s->type) {
	case CYAML_STRING:
		put_pointer(data, string_of(l, at, n));
		break;
	case CYAML_INT:
		load_int(l, at, s, n, data);
		break;
	case CYAML_BOOL:
		load_bool(l, at, n, data);
		break;
	case CYAML_ENUM:
		load_enum(l, at, s, n, data);
		break;
	case CYAML_SEQUENCE:
		entry = s->sequence.entry;
		if (entry->type == CYAML_MAPPING && entry->mapping.fields == schema_pair_fields)
			load_pairs(l, at, false, n, data, count);
		else if (entry->type == CYAML_MAPPING &&
		         entry->mapping.fields == schema_quantity_pair_fields)
			load_pairs(l, at, true, n, data, count);
		else
			load_list(l, at, entry, n, data, count);
		break;
	default:
		load_mapping_value(l, at, s, n, data);
		break;
	}
}

void *load_object(struct load *l, const struct at *at, const cyaml_schema_value_t *schema,
                  const struct node *n)
{
	void *obj = NULL;
	uint32_t none; /* nor a list at its top */

	load_value(l, at, schema, n, (char *)&obj, (char *)&none);
	return obj;
}
