/* SPDX-License-Identifier: Apache-2.0 */
/* explain_view.c - see explain_view.h */
#include "cmd/kubeplay/explain_view.h"

#include <ctype.h>

#include "cmd/kubeplay/report.h"
#include "kube/alias.h"

/* "not supported yet: why" */
static char *support_text(enum schema_verdict verdict, const char *why)
{
	return xasprintf("%s%s%s", explain_verdict(verdict), *why ? ": " : "", why);
}

static char *type_text(const struct explain *x)
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

/* --- text
 * --------------------------------------------------------------------------------------------------------
 */

static void view_kind(const struct explain *x, struct strbuf *out)
{
	const struct schema_kind *k = &schema_kinds[x->kind];
	autofree char *support = support_text(k->verdict, k->why);

	row(out, "KIND", k->name);
	row(out, "VERSION", k->version);
	row(out, "SUPPORT", support);
	row(out, "MEANING", k->doc);
}

static void view_field(const char *path, const struct explain *x, struct strbuf *out)
{
	autofree char *type = type_text(x);
	autofree char *choices = explain_choices(x->field, x->info);
	autofree char *support = support_text(x->info->verdict, x->info->why);

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
		struct explain f = explain_field(x->kind, x->type, i);
		autofree char *type = type_text(&f);

		table_cells(&t, f.field->key, type, explain_verdict(f.info->verdict), f.info->doc,
		            NULL);
	}
	table_format(&t, out);
}

/* The def has no type that holds itself. */
static void add_tree(const struct explain *x, unsigned int depth, struct table *t)
{
	for (uint32_t i = 0; x->type && i < x->type->count; i++) {
		struct explain f = explain_field(x->kind, x->type, i);
		autofree char *type = type_text(&f);

		table_cellf(t, "%*s%s", (int)(2 * depth), "", f.field->key);
		table_cells(t, type, explain_verdict(f.info->verdict), NULL);
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
	report_set(o, "support", explain_verdict(x->info->verdict));
	report_set(o, "reason", x->info->why);
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
		struct explain f = explain_field(x->kind, x->type, i);
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

/* --- manual page
 * -------------------------------------------------------------------------------------------------
 */

/* Text of a macro line or of a line of its own, for mdoc. */
static void add_text(struct strbuf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		strbuf_adds(out, "\\&");
	for (const char *p = text; *p; p++) {
		if (*p == '\\')
			strbuf_adds(out, "\\e");
		else if (*p == '-' && p[1] >= '0' && p[1] <= '9' && (p == text || p[-1] == ' '))
			strbuf_adds(out, "\\-");
		else
			strbuf_addc(out, *p);
	}
}

/* A sentence of its own line: capital first letter, full stop. */
static void add_sentence(struct strbuf *out, const char *prefix, const char *text)
{
	size_t from = out->len;

	if (!*text)
		return;
	strbuf_adds(out, prefix);
	add_text(out, text);
	if (!*prefix && islower((unsigned char)out->s[from]) && !isupper((unsigned char)text[1]))
		out->s[from] = (char)toupper((unsigned char)out->s[from]);
	strbuf_adds(out, out->s[out->len - 1] == '.' ? "\n" : ".\n");
}

static void mdoc_support(struct strbuf *out, enum schema_verdict verdict, const char *why)
{
	autofree char *text = support_text(verdict, why);

	if (verdict != SCHEMA_YES)
		add_sentence(out, "", text);
}

static void mdoc_field(const struct explain *x, struct strbuf *out)
{
	autofree char *type = type_text(x);
	autofree char *choices = explain_choices(x->field, x->info);

	strbuf_addf(out, ".It Va %s Pq %s\n", x->field->key, type);
	add_sentence(out, "", x->info->doc);
	add_sentence(out, "One of ", choices);
	if (x->info->unset && *x->info->unset) {
		strbuf_adds(out, "Default: ");
		add_text(out, x->info->unset);
		strbuf_adds(out, ".\n");
	}
	mdoc_support(out, x->info->verdict, x->info->why);
}

/* These stand in every object: the page says once what they are. */
static bool is_head(const char *key)
{
	return streq(key, "apiVersion") || streq(key, "kind") || streq(key, "metadata");
}

static void mdoc_type(enum object_type kind, const struct schema_type *type, bool top,
                      struct strbuf *out)
{
	strbuf_adds(out, ".Bl -tag -width Ds\n");
	for (uint32_t i = 0; i < type->count; i++) {
		struct explain x = explain_field(kind, type, i);

		if (!top || !is_head(x.field->key))
			mdoc_field(&x, out);
	}
	strbuf_adds(out, ".El\n");
}

static const struct schema_type *top_type(int kind)
{
	return schema_type_of(schema_kinds[kind].schema->mapping.fields);
}

/* The type of a kind has been described with the kind; that of the saved objects is none of the
 * API. */
static bool is_inner(const struct schema_type *type)
{
	for (int k = 0; k < OBJECT_TYPE_COUNT; k++)
		if (top_type(k) == type)
			return false;
	return *type->name;
}

void explain_mdoc(struct strbuf *out)
{
	strbuf_adds(out, ".Sh KINDS\n");
	for (int k = 0; k < OBJECT_TYPE_COUNT; k++) {
		strbuf_addf(out, ".Ss %s\n.Ql apiVersion: %s\n.Pp\n", schema_kinds[k].name,
		            schema_kinds[k].version);
		add_sentence(out, "", schema_kinds[k].doc);
		mdoc_support(out, schema_kinds[k].verdict, schema_kinds[k].why);
		mdoc_type((enum object_type)k, top_type(k), true, out);
	}
	strbuf_adds(out, ".Sh TYPES\n");
	for (const struct schema_type *const *t = schema_types; *t; t++) {
		if (!is_inner(*t))
			continue;
		strbuf_addf(out, ".Ss %s\n", (*t)->name);
		add_sentence(out, "", (*t)->doc);
		mdoc_type(OBJECT_POD, *t, false, out);
	}
}
