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

#include "kube/load_hint.h"
#include "kube/load_scalar.h"
#include "kube/raw.h"
#include "kube/scalar.h"

enum { VALUE_COST = 32 };

static void load_value(struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                       const struct node *n, char *data, char *count);

bool load_strictness(enum kube_validate mode, enum kube_severity *ret)
{
	*ret = mode == KUBE_STRICT ? KUBE_ERROR : KUBE_WARNING;
	return mode != KUBE_IGNORE;
}

static bool spend(struct load *l, const struct node *n, size_t memory)
{
	l->spent += VALUE_COST + memory + (n->kind == NODE_SCALAR ? n->len : 0);
	if (l->spent > LOAD_BUDGET && !l->stop) {
		load_report(l, KUBE_ERROR, NULL, n,
		            "too much data after aliases are followed (limit: %d MiB)",
		            LOAD_BUDGET >> 20);
		l->stop = true;
	}
	return !l->stop;
}

static void expected_mapping(const struct load *l, const struct at *at,
                             const cyaml_schema_field_t *fields, const struct node *n)
{
	autofree char *hint = load_hint_mapping(fields, n);

	load_expected(l, at, n, "a mapping", hint);
}

/* The value of a free key: of a selector that is one mapping people write it as the other kind. */
static char *load_value_of_key(struct load *l, const struct at *at, const struct node *n)
{
	if (n->kind == NODE_MAP && streq(at->key, "matchLabels")) {
		load_expected(l, at, n, "a string", "; write the labels here, without matchLabels");
		return NULL;
	}
	return load_string(l, at, n);
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
		expected_mapping(l, at, NULL, n);
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
			text = load_quantity(l, &here, val);
		else if (!node_is_null(val))
			text = load_value_of_key(l, &here, val);
		if (text) {
			pairs[len].key = load_keep(l, n->pair[i].key);
			pairs[len++].value = text;
		}
	}
	load_put_pointer(data, pairs);
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
		autofree char *hint = load_hint_list(entry, n);

		load_expected(l, at, n, "a list", hint);
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
		else if (entry->type != CYAML_STRING || load_strictness(l->mode, &severity))
			load_report(l, entry->type == CYAML_STRING ? severity : KUBE_ERROR, &here,
			            n->item[i], "null is not allowed in a list");
		len++;
	}
	for (uint32_t i = 0; entry->type == CYAML_STRING && i < len; i++) {
		static char nothing[] = "";
		void *p;

		memcpy(&p, items + i * size, sizeof(p));
		if (!p)
			load_put_pointer(items + i * size, nothing);
	}
	load_put_pointer(data, items);
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

/*
 * A field whose meaning would be lost is as much of a problem as the user wants. True if it was
 * reported: nothing of the kind is said about what stands in it.
 */
static bool not_supported(const struct load *l, const struct at *at, const struct node *key,
                          const struct schema_info *info, const struct node *val)
{
	const char *what = info->verdict == SCHEMA_LATER ? "not supported yet" : "not supported";
	enum kube_severity severity;

	if ((info->verdict != SCHEMA_LATER && info->verdict != SCHEMA_NO) || l->muted ||
	    load_means_unset(info, val) || !load_strictness(l->mode, &severity))
		return false;
	load_report(l, severity, at, key, "%s%s%s%s", what,
	            severity == KUBE_ERROR ? "" : ", ignored", *info->why ? "; " : "", info->why);
	return true;
}

/* A source of a volume that becomes a directory instead, if the user wants so. */
static bool substituted(const struct load *l, const struct schema_type *type,
                        const struct schema_info *info)
{
	return l->substitute_volumes && info->verdict == SCHEMA_NO && streq(type->name, "Volume");
}

/* Returns the field that the key seems to be if that is all that needs to be said about it. */
static const cyaml_schema_field_t *unknown(const struct load *l, const struct at *at,
                                           const struct node *key)
{
	const cyaml_schema_field_t *meant = NULL;
	enum kube_severity severity;

	if (!load_strictness(l->mode, &severity))
		return NULL;
	autofree char *hint =
		l->d->full ? xstrdup("") : load_hint_field(l->frame, key->text, &meant);

	load_report(l, severity, at, key, "unknown field%s", hint);
	return severity == KUBE_ERROR ? meant : NULL;
}

/* Most words differ in their first letter: no call for those. */
static bool same_word(const char *a, const char *b)
{
	return *a == *b && streq(a, b);
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
	for (; fields->key; fields++)
		if (same_word(fields->key, key))
			return fields;
	return NULL;
}

static void load_field(struct load *l, const struct at *at, const cyaml_schema_field_t *f,
                       const struct node_pair *pair, char *obj)
{
	const struct schema_type *type = schema_type_of(l->frame->fields);
	const struct schema_info *info = &type->info[f - type->fields];
	bool mute = info->verdict != SCHEMA_YES && !substituted(l, type, info) &&
	            not_supported(l, at, pair->key, info, pair->val);

	if (f->value.type == CYAML_IGNORE)
		return;
	l->muted += mute;
	load_value(l, at, &f->value, pair->val, obj + f->data_offset, obj + f->count_offset);
	l->muted -= mute;
}

static void load_mapping(struct load *l, const struct at *at, const cyaml_schema_field_t *fields,
                         const struct node *n, char *obj)
{
	const struct load_frame frame = {l->frame, at, fields};
	const cyaml_schema_field_t *f;
	uint64_t seen = 0;

	l->frame = &frame;
	for (uint32_t i = 0; i < n->len && !l->stop; i++) {
		const struct node *key = n->pair[i].key;
		const struct at here = {.up = at, .key = key->text};

		f = find_field(fields, key->text);
		if (!f)
			f = unknown(l, &here, key);
		else if (!node_is_null(n->pair[i].val))
			load_field(l, &here, f, &n->pair[i], obj);
		else if (!(f->value.flags & CYAML_FLAG_OPTIONAL))
			load_report(l, KUBE_ERROR, at, key, "missing field \"%s\"", f->key);
		if (f)
			seen |= UINT64_C(1) << (f - fields);
	}
	for (f = fields; f->key && !l->stop; f++)
		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) && !(seen >> (f - fields) & 1))
			load_report(l, KUBE_ERROR, at, n, "missing field \"%s\"", f->key);
	l->frame = frame.up;
}

/* What a value costs with everything in it: aliases are followed as often as they stand there. */
static bool spend_all(struct load *l, const struct node *n)
{
	bool ok = spend(l, n, 0);

	for (uint32_t i = 0; ok && n->kind != NODE_SCALAR && i < n->len; i++)
		ok = spend_all(l, n->kind == NODE_LIST ? n->item[i] : n->pair[i].val) &&
		     (n->kind == NODE_LIST || spend(l, n->pair[i].key, 0));
	return ok;
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
		expected_mapping(l, at, fields, n);
		return;
	}
	if (s->flags & CYAML_FLAG_POINTER) {
		if (!spend(l, n, s->data_size))
			return;
		obj = arena_alloc(l->arena, s->data_size);
		load_put_pointer(data, obj);
	}
	if (fields == schema_quantity_fields)
		load_put_pointer(obj, load_quantity(l, at, n));
	else if (fields == schema_int_or_string_fields)
		load_int_or_string(l, at, n, (void *)obj);
	else if (fields == schema_raw_fields && spend_all(l, n))
		load_put_pointer(obj, raw_of(l, n));
	else if (!special)
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
		load_put_pointer(data, load_string(l, at, n));
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

/* A kind that is not run loses nothing when one of its fields is not supported. */
static bool runs(const cyaml_schema_value_t *schema)
{
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++)
		if (schema_kinds[i].schema == schema)
			return schema_kinds[i].verdict == SCHEMA_YES ||
			       schema_kinds[i].verdict == SCHEMA_APPROX;
	return true;
}

void *load_object(struct load *l, const struct at *at, const cyaml_schema_value_t *schema,
                  const struct node *n)
{
	void *obj = NULL;
	uint32_t none; /* nor a list at its top */

	l->frame = NULL;
	l->muted = !runs(schema);
	load_value(l, at, schema, n, (char *)&obj, (char *)&none);
	return obj;
}
