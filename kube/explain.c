/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - see explain.h */
#include "kube/explain.h"

#include "kube/alias.h"
#include "kube/diag.h"

const char *explain_verdict(enum schema_verdict verdict)
{
	static const char *const words[] = {
		[SCHEMA_YES] = "supported",       [SCHEMA_QUIET] = "ignored here",
		[SCHEMA_APPROX] = "approximated", [SCHEMA_LATER] = "not supported yet",
		[SCHEMA_NO] = "refused",
	};

	return words[verdict];
}

const struct schema_type *explain_inner(const cyaml_schema_field_t *f,
                                        const struct schema_info *info)
{
	if (info->shape == SCHEMA_OBJECT)
		return schema_type_of(f->value.mapping.fields);
	if (info->shape == SCHEMA_OBJECTS)
		return schema_type_of(f->value.sequence.entry->mapping.fields);
	return NULL;
}

char *explain_type_text(const struct schema_info *info, const struct schema_type *inner)
{
	static const char *const words[] = {
		[SCHEMA_STRING] = "string",
		[SCHEMA_INT] = "integer",
		[SCHEMA_MODE] = "mode",
		[SCHEMA_LONG] = "integer",
		[SCHEMA_BOOL] = "boolean",
		[SCHEMA_ENUM] = "word",
		[SCHEMA_QUANTITY] = "quantity",
		[SCHEMA_INT_OR_STRING] = "integer or string",
		[SCHEMA_RAW] = "any",
		[SCHEMA_STRINGS] = "[]string",
		[SCHEMA_LONGS] = "[]integer",
		[SCHEMA_MAP] = "mapping of strings",
		[SCHEMA_QUANTITIES] = "mapping of quantities",
		[SCHEMA_NONE] = "any",
	};

	if (inner)
		return xasprintf("%s%s", info->shape == SCHEMA_OBJECTS ? "[]" : "", inner->name);
	return xstrdup(words[info->shape]);
}

char *explain_choices(const cyaml_schema_field_t *f, const struct schema_info *info)
{
	struct strbuf out = {0};

	for (uint32_t i = 0; info->shape == SCHEMA_ENUM && i < f->value.enumeration.count; i++) {
		const cyaml_strval_t *word = &f->value.enumeration.strings[i];

		if (*word->str)
			strbuf_addf(&out, "%s%s", out.len ? ", " : "", word->str);
	}
	return strbuf_take(&out);
}

bool explain_required(const cyaml_schema_field_t *f)
{
	return !(f->value.flags & CYAML_FLAG_OPTIONAL);
}

/* A part shares the fate of the whole, unless its own is worse. */
static void inherit(struct explain *x, const struct explain *up)
{
	static const unsigned int weight[] = {
		[SCHEMA_YES] = 0,   [SCHEMA_APPROX] = 0, [SCHEMA_QUIET] = 1,
		[SCHEMA_LATER] = 2, [SCHEMA_NO] = 3,
	};

	if (weight[up->verdict] <= weight[x->verdict])
		return;
	x->verdict = up->verdict;
	x->why = up->why;
}

struct explain explain_field(const struct explain *up, uint32_t i)
{
	const struct schema_info *info = &up->type->info[i];
	struct explain x = {
		.kind = up->kind,
		.field = &up->type->fields[i],
		.info = info,
		.type = explain_inner(&up->type->fields[i], info),
		.verdict = info->verdict,
		.why = info->why,
	};

	inherit(&x, up);
	return x;
}

/* Free keys: whatever stands behind the dot is one of them. */
static bool has_free_keys(const struct schema_info *info)
{
	return info && (info->shape == SCHEMA_MAP || info->shape == SCHEMA_QUANTITIES ||
	                info->shape == SCHEMA_RAW);
}

static int absent(const struct explain *at, const char *word, size_t path_len, const char *path,
                  struct err *e)
{
	struct guess g = {0};
	autofree char *quoted = diag_quote(word), *up = xstrndup(path, path_len);
	autofree char *shown = diag_quote(up);

	if (!at->type)
		return err_set(e, ERR_ABSENT, "%s has no fields", shown);
	for (uint32_t i = 0; i < at->type->count; i++)
		guess_offer(&g, word, at->type->fields[i].key);
	(void)err_set(e, ERR_ABSENT, "%s (%s) has no field \"%s\"", shown, at->type->name, quoted);
	return g.best ? err_hint(e, "did you mean %s.%s?", shown, g.best)
	              : err_hint(e, "kubeplay explain %s lists its fields", shown);
}

/* One step down; the word has no index any more. */
static int step(struct explain *at, const char *word, size_t path_len, const char *path,
                struct err *e)
{
	for (uint32_t i = 0; at->type && i < at->type->count; i++)
		if (streq(at->type->fields[i].key, word)) {
			*at = explain_field(at, i);
			return 0;
		}
	return absent(at, word, path_len, path, e);
}

static int find_kind(const char *word, struct explain *ret, struct err *e)
{
	int kind = alias_kind(word);
	const char *near;
	autofree char *quoted = diag_quote(word);

	if (kind == ALIAS_NONE) {
		near = alias_nearest(word);
		(void)err_set(e, ERR_ABSENT, "there is no kind \"%s\" here", quoted);
		return near ? err_hint(e, "did you mean %s?", near)
		            : err_hint(e, "kubeplay explain lists the kinds");
	}
	*ret = (struct explain){
		.kind = (enum object_type)kind,
		.type = schema_type_of(schema_kinds[kind].schema->mapping.fields),
		.verdict = schema_kinds[kind].verdict,
		.why = schema_kinds[kind].why,
	};
	return 0;
}

/* Length of "deployments" or "deployments.apps" at the beginning of a path. */
static size_t kind_length(const char *path)
{
	size_t len = strcspn(path, ".["), longer = len + 1;

	if (path[len] != '.' || !path[longer] || path[longer] == '.')
		return len;
	longer += strcspn(path + longer, ".[");
	autofree char *whole = xstrndup(path, longer);

	return alias_kind(whole) == ALIAS_NONE ? len : longer;
}

int explain_find(const char *path, struct explain *ret, struct err *e)
{
	const char *p = path + kind_length(path);
	autofree char *kind = xstrndup(path, (size_t)(p - path));

	if (find_kind(kind, ret, e) < 0)
		return -1;
	while (*p && !has_free_keys(ret->info)) {
		const char *up = p;

		if (*p == '[') {
			p += strcspn(p, "].");
			p += *p == ']';
			continue;
		}
		p++;
		autofree char *word = xstrndup(p, strcspn(p, ".["));

		if (!*word && !*p)
			break;
		if (step(ret, word, (size_t)(up - path), path, e) < 0)
			return -1;
		p += strlen(word);
	}
	return 0;
}
