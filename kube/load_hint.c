/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_hint.c - see load_hint.h
 *
 * Most unknown fields are either misspelt or stand one level too high or too low: the text of their
 * mapping's own fields, the names of those around it and the names of those below it are looked at
 * in the order in which they convince.
 */
#include "kube/load_hint.h"

#include <ctype.h>
#include <strings.h>

#include "kube/quantity.h"

enum { MAX_LEVELS = 4, FEW_FIELDS = 8 };

static const cyaml_schema_field_t *field_named(const cyaml_schema_field_t *fields, const char *key)
{
	for (; fields->key; fields++)
		if (streq(fields->key, key))
			return fields;
	return NULL;
}

/* The fields below a field, NULL if people write no mapping with fixed keys there. */
static const cyaml_schema_field_t *below(const cyaml_schema_field_t *f)
{
	const cyaml_schema_value_t *v = &f->value;

	if (v->type == CYAML_SEQUENCE)
		v = v->sequence.entry;
	if (v->type != CYAML_MAPPING || schema_is_special(v->mapping.fields))
		return NULL;
	return v->mapping.fields;
}

/* Find a field exactly so many levels below; the path there is added to out. Returns its first
 * step, NULL if there is none. */
static const cyaml_schema_field_t *find_below(const cyaml_schema_field_t *fields, const char *key,
                                              int levels, struct strbuf *out)
{
	size_t len = out->len;

	for (const cyaml_schema_field_t *f = fields; f->key; f++) {
		const cyaml_schema_field_t *inner = below(f);

		if (!inner)
			continue;
		strbuf_addf(out, "%s%s%s", len ? "." : "", f->key,
		            f->value.type == CYAML_SEQUENCE ? "[]" : "");
		if (levels == 1 ? field_named(inner, key) != NULL
		                : find_below(inner, key, levels - 1, out) != NULL)
			return f;
		out->s[out->len = len] = '\0';
	}
	return NULL;
}

/* *child: the field of `from` that leads there. */
static char *find_down(const struct load_frame *from, const char *key, int level, int last,
                       const cyaml_schema_field_t **child)
{
	for (; level <= last; level++) {
		autostrbuf struct strbuf path = {0};
		autofree char *start = diag_path(from->at);

		strbuf_adds(&path, start);
		*child = find_below(from->fields, key, level, &path);
		if (*child)
			return xasprintf("; it belongs to %s", path.s);
	}
	return NULL;
}

static char *find_up(const struct load_frame *here, const char *key)
{
	for (const struct load_frame *f = here->up; f; f = f->up) {
		if (!field_named(f->fields, key))
			continue;
		autofree char *path = diag_path(f->at);

		return f->at ? xasprintf("; it belongs to %s", path)
		             : xstrdup("; it belongs to the top level of the object");
	}
	return NULL;
}

/* A field that must be there and ends with the word: claimName for name. */
static const cyaml_schema_field_t *needed_like(const cyaml_schema_field_t *fields, const char *key)
{
	size_t len = strlen(key);

	for (; fields->key; fields++) {
		size_t whole = strlen(fields->key);

		if (!(fields->value.flags & CYAML_FLAG_OPTIONAL) && whole > len && len > 3 &&
		    strcasecmp(fields->key + whole - len, key) == 0)
			return fields;
	}
	return NULL;
}

/* The name of a resource right below `resources`. */
static char *find_resource(const struct load_frame *here, const char *key)
{
	static const char *const rows[][2] = {{"cpu", "limits"},
	                                      {"memory", "limits"},
	                                      {"ephemeral-storage", "limits"},
	                                      {"storage", "requests"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *path = diag_path(here->at);

		if (streq(key, rows[i][0]) && field_named(here->fields, rows[i][1]))
			return xasprintf("; it belongs to %s.%s", path, rows[i][1]);
	}
	return NULL;
}

/* Where else the word is known. */
static char *find_elsewhere(const struct load_frame *here, const char *key,
                            const cyaml_schema_field_t **child)
{
	const cyaml_schema_field_t *other;
	char *text = find_down(here, key, 2, MAX_LEVELS, child);

	for (const struct load_frame *f = here->up; f && !text; f = f->up)
		text = find_down(f, key, 1, 2, &other);
	return text ? text : find_resource(here, key);
}

/* All fields of a mapping that has few. */
static char *list_fields(const cyaml_schema_field_t *fields)
{
	struct strbuf out = {0};
	uint32_t count = 0;

	for (; fields->key; fields++, count++)
		strbuf_addf(&out, "%s%s", count ? ", " : "; the fields here are ", fields->key);
	if (count > FEW_FIELDS)
		strbuf_clear(&out);
	return strbuf_take(&out);
}

/* The kinds whose spec has the field: replicas of a Pod. */
static char *find_kind(const struct load_frame *here, const char *key)
{
	struct strbuf out = {0};
	int count = 0;

	if (!here->up || here->up->up || !here->at->key || !streq(here->at->key, "spec"))
		return list_fields(here->fields);
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++) {
		const cyaml_schema_field_t *spec =
			field_named(schema_kinds[i].schema->mapping.fields, "spec");
		const cyaml_schema_field_t *inner = spec ? below(spec) : NULL;

		if (inner && field_named(inner, key) && count++ < 3)
			strbuf_addf(&out, "%s%s", out.len ? ", " : "; it belongs to a ",
			            schema_kinds[i].name);
	}
	if (!count) {
		strbuf_done(&out);
		return list_fields(here->fields);
	}
	strbuf_adds(&out, count > 3 ? ", ..." : "");
	return strbuf_take(&out);
}

char *load_hint_field(const struct load_frame *here, const char *key,
                      const cyaml_schema_field_t **ret_field)
{
	struct guess g = {0};
	char *text;

	*ret_field = needed_like(here->fields, key);
	if (*ret_field)
		return xasprintf("; did you mean \"%s\"?", (*ret_field)->key);
	text = find_up(here, key);
	if (!text)
		text = find_down(here, key, 1, 1, ret_field);
	if (text)
		return text;
	for (const cyaml_schema_field_t *f = here->fields; f->key; f++)
		guess_offer(&g, key, f->key);
	if (!g.best || g.distance > 1 + strlen(key) / 8)
		text = find_elsewhere(here, key, ret_field);
	if (text)
		return text;
	*ret_field = g.best ? field_named(here->fields, g.best) : NULL;
	return g.best ? guess_text(&g) : find_kind(here, key);
}

/* "name: and mountPath:", the fields that must be there; "" if there are none. */
static char *needed_fields(const cyaml_schema_field_t *fields)
{
	struct strbuf out = {0};

	for (; fields->key; fields++)
		if (!(fields->value.flags & CYAML_FLAG_OPTIONAL))
			strbuf_addf(&out, "%s%s:", out.len ? " and " : "", fields->key);
	return strbuf_take(&out);
}

/* name:web, where name is one of the fields; NULL: any name may be one. */
static bool lacks_blank(const cyaml_schema_field_t *fields, const struct node *n)
{
	const char *colon = strchr(n->text, ':');

	if (n->quoted || !colon)
		return false;
	autofree char *key = xstrndup(n->text, (size_t)(colon - n->text));

	return !fields || field_named(fields, key);
}

char *load_hint_mapping(const cyaml_schema_field_t *fields, const struct node *n)
{
	if (n->kind == NODE_LIST)
		return xstrdup(n->len == 1 && n->item[0]->kind == NODE_MAP ? "; leave out the dash"
		                                                           : "");
	if (lacks_blank(fields, n))
		return xstrdup("; write a blank after the colon");
	if (!fields)
		return xstrdup("; write pairs such as key: value");
	autofree char *needed = needed_fields(fields);

	return *needed ? xasprintf("; write its fields, such as %s", needed)
	               : xstrdup("; write its fields, or {} for none");
}

char *load_hint_list(const cyaml_schema_value_t *entry, const struct node *n)
{
	if (n->kind == NODE_SCALAR && entry->type == CYAML_STRING) {
		autofree char *text = diag_quote(n->text);

		return strpbrk(text, " \t,") ? xstrdup("; write each word as an item: [a, b]")
		                             : xasprintf("; write [%s]", text);
	}
	if (entry->type == CYAML_MAPPING && !schema_is_special(entry->mapping.fields)) {
		autofree char *needed = needed_fields(entry->mapping.fields);

		needed[strcspn(needed, " ")] = '\0';
		return *needed ? xasprintf("; begin each item with \"- %s\"", needed)
		               : xstrdup("; begin each item with a dash");
	}
	return xstrdup("; begin each item with a dash");
}

char *load_hint_number(const char *text)
{
	size_t digits = strspn(text, "0123456789"), unit = strspn(text + digits, "smhdMGKi");

	return digits && unit && !text[digits + unit]
	               ? xasprintf("; write the number alone, such as %.*s",
	                           (int)MIN(digits, (size_t)20), text)
	               : xstrdup("");
}

char *load_hint_quantity(const char *text)
{
	size_t digits = strspn(text, "0123456789.");
	const char *unit = text + digits + strspn(text + digits, " ");
	char c = (char)toupper((unsigned char)*unit);
	bool binary = unit[0] && tolower((unsigned char)unit[1]) == 'i';
	const char *end = unit + 1 + binary, *comma = strchr(text, ',');

	if (comma && comma == text + digits && strspn(comma + 1, "0123456789"))
		return xasprintf("; write a point: %.*s.%.20s", (int)MIN(digits, (size_t)20), text,
		                 comma + 1);
	if (!digits || digits > 20 || !*unit || !strchr("KMGTPE", c))
		return xstrdup("");
	if (tolower((unsigned char)*end) == 'b')
		end++;
	if (*end)
		return xstrdup("");
	autofree char *right = xasprintf("%.*s%c%s", (int)digits, text,
	                                 c == 'K' && !binary ? 'k' : c, binary ? "i" : "");

	return quantity_valid(right) ? xasprintf("; did you mean %s?", right) : xstrdup("");
}
