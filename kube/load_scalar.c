/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_scalar.c - see load_scalar.h
 *
 * kubectl decides by how a word is written whether it is a string, a number or a bool, and takes
 * nothing else for the one that a field wants. So do we; where people trip, the message says what
 * to write.
 */
#include "kube/load_scalar.h"

#include "kube/load_hint.h"
#include "kube/quantity.h"
#include "kube/scalar.h"

void load_report(const struct load *l, enum kube_severity severity, const struct at *at,
                 const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_vadd(l->d, severity, l->file, n->line, n->column, at, fmt, ap);
	va_end(ap);
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

void load_expected(const struct load *l, const struct at *at, const struct node *n,
                   const char *what, const char *hint)
{
	autofree char *got = load_describe(n);

	load_report(l, KUBE_ERROR, at, n, "expected %s, got %s%s", what, got, hint);
}

char *load_keep(const struct load *l, const struct node *n)
{
	char *text = arena_alloc(l->arena, (size_t)n->len + 1);

	memcpy(text, n->text, (size_t)n->len + 1);
	return text;
}

void load_put_pointer(char *data, void *p)
{
	memcpy(data, &p, sizeof(p));
}

char *load_string(const struct load *l, const struct at *at, const struct node *n)
{
	enum kube_severity severity;

	if (n->kind != NODE_SCALAR) {
		load_expected(l, at, n, "a string", "");
		return NULL;
	}
	if (!n->quoted && scalar_kind(n->text) != SCALAR_STRING &&
	    load_strictness(l->mode, &severity)) {
		autofree char *got = load_describe(n);

		load_report(l, severity, at, n, "expected a string, got %s; quote it", got);
	}
	return load_keep(l, n);
}

/* What a scalar is as a whole number; everything else is reported, as none of `what`. */
static bool whole_number(const struct load *l, const struct at *at, const struct node *n,
                         const char *what, int64_t *ret)
{
	enum scalar_result r;
	bool is_int;

	if (n->kind != NODE_SCALAR) {
		load_expected(l, at, n, what, "");
		return false;
	}
	r = scalar_int(n->text, ret);
	is_int = r != SCALAR_SYNTAX;
	if (n->quoted || scalar_kind(n->text) != SCALAR_NUMBER) {
		autofree char *hint = n->quoted && is_int ? xstrdup("; remove the quotes")
		                                          : load_hint_number(n->text);

		load_expected(l, at, n, what, hint);
		return false;
	}
	autofree char *got = diag_quote(n->text);

	if (r == SCALAR_SYNTAX)
		load_report(l, KUBE_ERROR, at, n,
		            "expected a whole number in plain digits, got %s%s", got,
		            n->text[0] == '0' && !strpbrk(n->text, ".eE")
		                    ? "; what begins with 0 is octal"
		                    : "");
	else if (r == SCALAR_RANGE)
		load_report(l, KUBE_ERROR, at, n, "%s is too large a number", got);
	return r == SCALAR_OK;
}

static bool fits(const struct load *l, const struct at *at, const struct node *n, int64_t v)
{
	if (v >= INT32_MIN && v <= INT32_MAX)
		return true;
	load_report(l, KUBE_ERROR, at, n, "%lld is too large a number", (long long)v);
	return false;
}

void load_int(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
              const struct node *n, char *data)
{
	int64_t v = 0;
	int32_t small;
	void *p = data;

	if (!whole_number(l, at, n, "a whole number", &v) ||
	    (s->data_size == sizeof(small) && !fits(l, at, n, v)))
		return;
	if (s->flags & CYAML_FLAG_POINTER) {
		p = arena_alloc(l->arena, s->data_size);
		load_put_pointer(data, p);
	}
	small = (int32_t)v;
	if (s->data_size == sizeof(small))
		memcpy(p, &small, sizeof(small));
	else
		memcpy(p, &v, sizeof(v));
}

void load_bool(const struct load *l, const struct at *at, const struct node *n, char *data)
{
	bool v = false, is_word = n->kind == NODE_SCALAR && scalar_bool(n->text, &v) == 0;
	bool *p;

	if (!is_word || n->quoted) {
		load_expected(l, at, n, "true or false", is_word ? "; remove the quotes" : "");
		return;
	}
	p = arena_alloc(l->arena, sizeof(*p));
	*p = v;
	load_put_pointer(data, p);
}

static void wrong_choice(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
                         const struct node *n)
{
	autostrbuf struct strbuf choices = {0};
	autofree char *text = diag_quote(n->text), *hint = NULL;
	struct guess g = {0};
	int64_t last = 0; /* unset: another spelling of a value follows it */

	for (uint32_t i = 0; i < s->enumeration.count; i++) {
		const cyaml_strval_t *choice = &s->enumeration.strings[i];

		guess_offer(&g, n->text, choice->str);
		if (choice->val != 0 && choice->val != last)
			strbuf_addf(&choices, "%s%s", choices.len ? ", " : "", choice->str);
		last = choice->val;
	}
	hint = guess_text(&g);
	load_report(l, KUBE_ERROR, at, n, "\"%s\" is not one of the allowed values (%s)%s", text,
	            choices.s, hint);
}

void load_enum(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
               const struct node *n, char *data)
{
	const char *text = load_string(l, at, n);

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
char *load_quantity(const struct load *l, const struct at *at, const struct node *n)
{
	static char zero[] = "0";
	const char *digits;
	int64_t v;
	bool other_base;

	if (n->kind != NODE_SCALAR) {
		load_expected(l, at, n, "a quantity such as 500m, 1.5 or 64Mi", "");
		return NULL;
	}
	if (node_is_null(n))
		return zero;
	digits = n->text + (n->text[0] == '-' || n->text[0] == '+');
	other_base = !n->quoted && scalar_int(n->text, &v) == SCALAR_OK &&
	             ((digits[0] == '0' && digits[1]) || strchr(digits, '_'));
	if (other_base)
		return arena_printf(l->arena, "%lld", (long long)v);
	if (quantity_valid(n->text))
		return load_keep(l, n);
	autofree char *hint = load_hint_quantity(n->text);

	load_expected(l, at, n, "a quantity such as 500m, 1.5 or 64Mi", hint);
	return NULL;
}

void load_int_or_string(const struct load *l, const struct at *at, const struct node *n,
                        struct k8s_int_or_string *out)
{
	int64_t v = 0;

	if (n->kind == NODE_SCALAR && (n->quoted || scalar_kind(n->text) == SCALAR_STRING))
		out->string = load_keep(l, n);
	else if (whole_number(l, at, n, "a whole number or a string", &v) && fits(l, at, n, v))
		out->number = (int32_t)v;
}
