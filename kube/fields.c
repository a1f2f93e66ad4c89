/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.c - see fields.h
 *
 * The walk goes down nodes and schema side by side, as loading does, and makes a row for every
 * field that has a fate of its own: a value, a list or mapping of values, or a whole object whose
 * verdict is not that it works. What loading has bounded (the same nodes) is bounded here.
 */
#include "kube/fields.h"

#include "kube/annotation.h"
#include "kube/explain.h"

enum { MAX_ROWS = 1000000 };

struct walk {
	struct kube_object *object;
	size_t *rows; /* of all objects */
};

static void walk_fields(struct walk *w, const struct at *at, const struct schema_type *type,
                        const struct node *n);

static void add_row(struct walk *w, const struct at *at, const struct node *key,
                    enum kube_fate fate, const char *why)
{
	struct kube_object *o = w->object;

	o->counts[fate]++;
	if (++*w->rows > MAX_ROWS)
		return;
	if ((o->fields_count & (o->fields_count - 1)) == 0)
		o->fields = xrealloc(o->fields,
		                     MAX(o->fields_count * 2, (size_t)1) * sizeof(*o->fields));
	o->fields[o->fields_count++] = (struct kube_field){
		.fate = fate,
		.line = (int)key->line,
		.column = key->line ? (int)key->column : 0,
		.path = diag_path(at),
		.why = why,
	};
}

static enum kube_fate fate_by_verdict(enum schema_verdict verdict)
{
	static const enum kube_fate fates[] = {
		[SCHEMA_YES] = KUBE_APPLIED,         [SCHEMA_QUIET] = KUBE_IGNORED,
		[SCHEMA_APPROX] = KUBE_APPROXIMATED, [SCHEMA_LATER] = KUBE_NOT_YET,
		[SCHEMA_NO] = KUBE_REFUSED,
	};

	return fates[verdict];
}

/* The def's verdict about a field, in the light of what was written. */
static enum kube_fate fate_of(const struct schema_info *info, const struct node *val)
{
	if (info->verdict == SCHEMA_QUIET && info->shape == SCHEMA_NONE)
		return KUBE_SERVER;
	if ((info->verdict == SCHEMA_LATER || info->verdict == SCHEMA_NO) &&
	    load_means_unset(info, val))
		return KUBE_APPLIED;
	return fate_by_verdict(info->verdict);
}

/* Annotations are free, but some of them are asked for to have an effect. */
static void walk_annotations(struct walk *w, const struct at *at, const struct node *map)
{
	for (uint32_t i = 0; map->kind == NODE_MAP && i < map->len; i++) {
		const struct node *key = map->pair[i].key;
		const char *suffix = NULL;
		const struct annotation *a = annotation_find(key->text, &suffix);

		if (a && a->verdict != SCHEMA_YES)
			add_row(w, AT(at, key->text), key, fate_by_verdict(a->verdict), a->why);
	}
}

static void walk_items(struct walk *w, const struct at *at, const struct schema_type *type,
                       const struct node *list)
{
	for (uint32_t i = 0; i < list->len; i++)
		walk_fields(w, AT_ITEM(at, i), type, list->item[i]);
}

static void walk_field(struct walk *w, const struct at *at, const struct schema_type *type,
                       uint32_t i, const struct node_pair *pair)
{
	const struct schema_info *info = &type->info[i];
	const struct schema_type *inner = explain_inner(&type->fields[i], info);
	enum kube_fate fate = fate_of(info, pair->val);

	if (streq(pair->key->text, "annotations") && info->shape == SCHEMA_MAP)
		walk_annotations(w, at, pair->val);
	if (node_is_null(pair->val))
		return;
	if (fate != KUBE_APPLIED || !inner || !pair->val->len)
		add_row(w, at, pair->key, fate, fate == KUBE_APPLIED ? "" : info->why);
	if (!inner || (fate != KUBE_APPLIED && fate != KUBE_APPROXIMATED))
		return; /* what is below shares its fate */
	if (info->shape == SCHEMA_OBJECT)
		walk_fields(w, at, inner, pair->val);
	else if (pair->val->kind == NODE_LIST)
		walk_items(w, at, inner, pair->val);
}

static void walk_fields(struct walk *w, const struct at *at, const struct schema_type *type,
                        const struct node *n)
{
	if (n->kind != NODE_MAP) /* reported by loading */
		return;
	for (uint32_t i = 0; i < n->len; i++) {
		const struct node_pair *pair = &n->pair[i];
		const struct at here = {.up = at, .key = pair->key->text};
		uint32_t f = 0;

		while (f < type->count && !streq(type->fields[f].key, pair->key->text))
			f++;
		if (f < type->count)
			walk_field(w, &here, type, f, pair);
		else
			add_row(w, &here, pair->key, KUBE_UNKNOWN, "no such field");
	}
}

static void look_at(struct run *r, const struct object *o, size_t *rows, struct kube_object *out)
{
	const struct schema_kind *k = &schema_kinds[o->type];
	const struct node *n = run_locate(r, o, o->at);
	struct walk w = {out, rows};
	enum kube_fate of_kind;

	of_kind = fate_of(
		&(const struct schema_info){.shape = SCHEMA_OBJECT, .verdict = k->verdict}, n);
	*out = (struct kube_object){
		.file = xstrdup(r->d.files.v[o->file]),
		.line = (int)n->line,
		.kind = k->name,
		.version = k->version,
		.ns = xstrdup(o->ns),
		.name = xstrdup(o->name),
		.fate = of_kind,
		.why = k->why,
	};
	walk_fields(&w, o->at, schema_type_of(k->schema->mapping.fields), n);
}

void fields_collect(struct run *r, struct kube_object **ret, size_t *ret_count)
{
	struct kube_object *v = xcalloc(r->objects_count + 1, sizeof(*v));
	size_t rows = 0;

	for (size_t i = 0; i < r->objects_count; i++)
		look_at(r, &r->objects[i], &rows, &v[i]);
	*ret = v;
	*ret_count = r->objects_count;
}

void fields_free(struct kube_object *objects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t f = 0; f < objects[i].fields_count; f++)
			free(objects[i].fields[f].path);
		free(objects[i].fields);
		free(objects[i].file);
		free(objects[i].ns);
		free(objects[i].name);
	}
	free(objects);
}
