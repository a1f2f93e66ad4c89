/* SPDX-License-Identifier: Apache-2.0 */
/* explain_mdoc.c - the def as the table of kubeplay.yaml(5); see explain_view.h */
#include "cmd/kubeplay/explain_view.h"

#include <ctype.h>

#include "kube/alias.h"

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
	autofree char *text = explain_support(verdict, why);

	if (verdict != SCHEMA_YES)
		add_sentence(out, "", text);
}

static void mdoc_field(const struct explain *x, struct strbuf *out)
{
	autofree char *type = explain_full_type(x);
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

static void mdoc_type(const struct schema_type *type, bool top, struct strbuf *out)
{
	const struct explain up = {.type = type};

	strbuf_adds(out, ".Bl -tag -width Ds\n");
	for (uint32_t i = 0; i < type->count; i++) {
		struct explain x = explain_field(&up, i);

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

static void mdoc_annotations(struct strbuf *out)
{
	size_t count = 0;
	const struct annotation *list = annotation_table(&count);

	strbuf_adds(out, ".Sh ANNOTATIONS\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < count; i++) {
		autofree char *key = explain_annotation_key(&list[i]);

		strbuf_addf(out, ".It Va %s\n", key);
		add_sentence(out, "", list[i].doc);
		add_sentence(out, "Value: ", list[i].value);
		mdoc_support(out, list[i].verdict, list[i].why);
	}
	strbuf_adds(out, ".El\n");
}

void explain_mdoc(struct strbuf *out)
{
	strbuf_adds(out, ".Sh KINDS\n");
	for (int k = 0; k < OBJECT_TYPE_COUNT; k++) {
		strbuf_addf(out, ".Ss %s\n.Ql apiVersion: %s\n.Pp\n", schema_kinds[k].name,
		            schema_kinds[k].version);
		add_sentence(out, "", schema_kinds[k].doc);
		mdoc_support(out, schema_kinds[k].verdict, schema_kinds[k].why);
		mdoc_type(top_type(k), true, out);
	}
	strbuf_adds(out, ".Sh TYPES\n");
	for (const struct schema_type *const *t = schema_types; *t; t++) {
		if (!is_inner(*t))
			continue;
		strbuf_addf(out, ".Ss %s\n", (*t)->name);
		add_sentence(out, "", (*t)->doc);
		mdoc_type(*t, false, out);
	}
	mdoc_annotations(out);
}
