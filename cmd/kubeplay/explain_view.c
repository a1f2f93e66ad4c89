/* SPDX-License-Identifier: Apache-2.0 */
/* explain_view.c - see explain_view.h */
#include "cmd/kubeplay/explain_view.h"

#include "cmd/kubeplay/report.h"
#include "kube/alias.h"

/* "not supported yet: why" */
char *explain_support(enum schema_verdict verdict, const char *why)
{
	return xasprintf("%s%s%s", explain_verdict(verdict), *why ? ": " : "", why);
}

char *explain_full_type(const struct explain *x)
{
	autofree char *type = explain_type_text(x->info, x->type);

	return xasprintf("%s%s", type, explain_required(x->field) ? ", required" : "");
}

static void row(struct strbuf *out, const char *label, const char *text)
{
	if (text && *text)
		strbuf_addf(out, "%-8s  %s\n", label, text);
}

/* --- kinds
 * -------------------------------------------------------------------------------------------------------
 */

void explain_view_kinds(struct strbuf *out)
{
	autotable struct table t = {.columns = 5};

	table_cells(&t, "KIND", "SHORT", "APIVERSION", "SUPPORT", "MEANING", NULL);
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		table_cells(&t, k->name, alias_short((enum object_type)i), k->version,
		            explain_verdict(k->verdict), k->doc, NULL);
	}
	table_format(&t, out);
	strbuf_adds(out, "\nkubeplay explain KIND shows its fields, KIND.FIELD one of them.\n");
}

static json_t *json_kind(enum object_type kind)
{
	const struct schema_kind *k = &schema_kinds[kind];
	json_t *o = json_object();

	report_set(o, "kind", k->name);
	report_set(o, "apiVersion", k->version);
	report_set(o, "plural", alias_plural(kind));
	report_set(o, "short", alias_short(kind));
	report_set(o, "support", explain_verdict(k->verdict));
	report_set(o, "reason", k->why);
	report_set(o, "meaning", k->doc);
	return o;
}

json_t *explain_json_kinds(void)
{
	json_t *list = json_array();

	for (int i = 0; i < OBJECT_TYPE_COUNT; i++)
		(void)json_array_append_new(list, json_kind((enum object_type)i));
	return list;
}

/* --- annotations
 * -------------------------------------------------------------------------------------------------
 */

char *explain_annotation_key(const struct annotation *a)
{
	static const char *const forms[] = {
		[ANNOTATION_POD] = "",
		[ANNOTATION_CONTAINER] = "/CONTAINER",
		[ANNOTATION_EITHER] = "[/CONTAINER]",
		[ANNOTATION_NAMED_POD] = "[/POD]",
		[ANNOTATION_CLAIM] = "",
		[ANNOTATION_ANY] = "",
	};

	return xasprintf("%s%s", a->key, forms[a->form]);
}

void explain_view_annotations(struct strbuf *out)
{
	autotable struct table t = {.columns = 4};
	size_t count = 0;
	const struct annotation *list = annotation_table(&count);

	table_cells(&t, "ANNOTATION", "VALUE", "SUPPORT", "MEANING", NULL);
	for (size_t i = 0; i < count; i++) {
		autofree char *key = explain_annotation_key(&list[i]);

		table_cells(&t, key, list[i].value, explain_verdict(list[i].verdict), list[i].doc,
		            NULL);
	}
	table_format(&t, out);
}

json_t *explain_json_annotations(void)
{
	json_t *out = json_array();
	size_t count = 0;
	const struct annotation *list = annotation_table(&count);

	for (size_t i = 0; i < count; i++) {
		autofree char *key = explain_annotation_key(&list[i]);
		json_t *o = json_object();

		report_set(o, "key", key);
		report_set(o, "value", list[i].value);
		report_set(o, "support", explain_verdict(list[i].verdict));
		report_set(o, "reason", list[i].why);
		report_set(o, "meaning", list[i].doc);
		(void)json_array_append_new(out, o);
	}
	return out;
}

/* --- text
 * --------------------------------------------------------------------------------------------------------
 */

static void view_kind(const struct explain *x, struct strbuf *out)
{
	const struct schema_kind *k = &schema_kinds[x->kind];
	autofree char *support = explain_support(k->verdict, k->why);

	row(out, "KIND", k->name);
	row(out, "VERSION", k->version);
	row(out, "SUPPORT", support);
	row(out, "MEANING", k->doc);
}

static void view_field(const char *path, const struct explain *x, struct strbuf *out)
{
	autofree char *type = explain_full_type(x);
	autofree char *choices = explain_choices(x->field, x->info);
	autofree char *support = explain_support(x->verdict, x->why);

	row(out, "FIELD", path);
	row(out, "TYPE", type);
	row(out, "ONE OF", choices);
	row(out, "DEFAULT", x->info->unset);
	row(out, "SUPPORT", support);
	row(out, "MEANING", x->info->doc);
}

static void view_fields(const struct explain *x, struct strbuf *out)
{
	autotable struct table t = {.columns = 4};

	table_cells(&t, "NAME", "TYPE", "SUPPORT", "MEANING", NULL);
	for (uint32_t i = 0; i < x->type->count; i++) {
		struct explain f = explain_field(x, i);
		autofree char *type = explain_full_type(&f);

		table_cells(&t, f.field->key, type, explain_verdict(f.verdict), f.info->doc, NULL);
	}
	table_format(&t, out);
}

/* The def has no type that holds itself. */
static void add_tree(const struct explain *x, unsigned int depth, struct table *t)
{
	for (uint32_t i = 0; x->type && i < x->type->count; i++) {
		struct explain f = explain_field(x, i);
		autofree char *type = explain_full_type(&f);

		table_cellf(t, "%*s%s", (int)(2 * depth), "", f.field->key);
		table_cells(t, type, explain_verdict(f.verdict), NULL);
		add_tree(&f, depth + 1, t);
	}
}

void explain_view(const char *path, const struct explain *x, bool recursive, struct strbuf *out)
{
	if (x->field)
		view_field(path, x, out);
	else
		view_kind(x, out);
	if (!x->type)
		return;
	strbuf_addf(out, "\n%s\n\n", *x->type->doc ? x->type->doc : x->type->name);
	if (recursive) {
		autotable struct table t = {.columns = 3};

		table_cells(&t, "NAME", "TYPE", "SUPPORT", NULL);
		add_tree(x, 0, &t);
		table_format(&t, out);
	} else {
		view_fields(x, out);
	}
}

/* --- JSON
 * --------------------------------------------------------------------------------------------------------
 */

static void set_choices(json_t *o, const struct explain *x)
{
	autofree char *text = explain_choices(x->field, x->info);
	json_t *list = json_array();
	char *save = NULL;

	for (char *w = strtok_r(text, ", ", &save); w; w = strtok_r(NULL, ", ", &save))
		(void)json_array_append_new(list, report_string(w));
	(void)json_object_set_new(o, "values", list);
}

static json_t *json_field(const struct explain *x)
{
	autofree char *type = explain_type_text(x->info, x->type);
	json_t *o = json_object();

	report_set(o, "name", x->field->key);
	report_set(o, "type", type);
	(void)json_object_set_new(o, "required", json_boolean(explain_required(x->field)));
	if (x->info->shape == SCHEMA_ENUM)
		set_choices(o, x);
	if (x->info->unset)
		(void)json_object_set_new(o, "default", report_string(x->info->unset));
	report_set(o, "support", explain_verdict(x->verdict));
	report_set(o, "reason", x->why);
	report_set(o, "meaning", x->info->doc);
	return o;
}

static void set_fields(json_t *o, const struct explain *x, bool recursive)
{
	json_t *list;

	if (!x->type)
		return;
	list = json_array();
	for (uint32_t i = 0; i < x->type->count; i++) {
		struct explain f = explain_field(x, i);
		json_t *field = json_field(&f);

		if (recursive)
			set_fields(field, &f, true);
		(void)json_array_append_new(list, field);
	}
	(void)json_object_set_new(o, "fields", list);
}

json_t *explain_json(const char *path, const struct explain *x, bool recursive)
{
	json_t *o = x->field ? json_field(x) : json_kind(x->kind);

	if (x->field)
		report_set(o, "path", path);
	set_fields(o, x, recursive);
	return o;
}
