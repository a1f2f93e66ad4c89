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

enum { MAX_LEVELS = 4 };

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

/* Find a field exactly so many levels below; the path there is added to out. */
static bool find_below(const cyaml_schema_field_t *fields, const char *key, int levels,
                       struct strbuf *out)
{
	size_t len = out->len;

	for (const cyaml_schema_field_t *f = fields; f->key; f++) {
		const cyaml_schema_field_t *inner = below(f);

		if (!inner)
			continue;
		strbuf_addf(out, "%s%s%s", len ? "." : "", f->key,
		            f->value.type == CYAML_SEQUENCE ? "[]" : "");
		if (levels == 1 ? field_named(inner, key) != NULL
		                : find_below(inner, key, levels - 1, out))
			return true;
		out->s[out->len = len] = '\0';
	}
	return false;
}

static char *find_down(const struct load_frame *from, const char *key, int level, int last)
{
	for (; level <= last; level++) {
		autostrbuf struct strbuf path = {0};
		autofree char *start = diag_path(from->at);

		strbuf_adds(&path, start);
		if (find_below(from->fields, key, level, &path))
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
static char *find_elsewhere(const struct load_frame *here, const char *key)
{
	char *text = find_down(here, key, 2, MAX_LEVELS);

	for (const struct load_frame *f = here->up; f && !text; f = f->up)
		text = find_down(f, key, 1, 2);
	return text ? text : find_resource(here, key);
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
		text = find_down(here, key, 1, 1);
	if (text)
		return text;
	for (const cyaml_schema_field_t *f = here->fields; f->key; f++)
		guess_offer(&g, key, f->key);
	if (!g.best || g.distance > 1 + strlen(key) / 8)
		text = find_elsewhere(here, key);
	if (text)
		return text;
	*ret_field = g.best ? field_named(here->fields, g.best) : NULL;
	return guess_text(&g);
}

char *load_hint_quantity(const char *text)
{
	size_t digits = strspn(text, "0123456789.");
	const char *unit = text + digits + strspn(text + digits, " ");
	char c = (char)toupper((unsigned char)*unit);
	bool binary = unit[0] && tolower((unsigned char)unit[1]) == 'i';
	const char *end = unit + 1 + binary;

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
