/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_expand.c - $(NAME) comes to what a slow and obvious reading gives; quoted text comes back
 */
#include "kube/expand.h"
#include "kube/lowering.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 4096 };

static struct plan_part part_text[] = {{.text = (char[]){"a$(A)b"}}};
static struct plan_part part_late[] = {{.field = (char[]){"status.podIP"}}};
static const struct plan_value value_text = {.parts = part_text, .parts_count = 1};
static const struct plan_value value_late = {.parts = part_late, .parts_count = 1};

static void claim(bool holds)
{
	if (!holds)
		abort();
}

static const struct plan_value *lookup(const char *name, void *arg)
{
	UNUSED(arg);
	return streq(name, "A") ? &value_text : streq(name, "B") ? &value_late : NULL;
}

static const char *late(const char *field, void *arg)
{
	UNUSED(arg);
	return streq(field, "status.podIP") ? "10.0.0.1" : NULL;
}

/* One reference at p, which is "$(": its length, 0 if it has no end. */
static size_t reference(const char *p, struct strbuf *out)
{
	const char *end = strchr(p, ')');

	if (!end)
		return 0;
	if (end == p + 3 && p[2] == 'A')
		strbuf_adds(out, "a$(A)b");
	else if (end == p + 3 && p[2] == 'B')
		strbuf_adds(out, "10.0.0.1");
	else
		strbuf_add(out, p, (size_t)(end + 1 - p));
	return (size_t)(end + 1 - p);
}

static void slowly(const char *text, struct strbuf *out)
{
	for (const char *p = text; *p;) {
		size_t n = starts_with(p, "$(") ? reference(p, out) : 0;

		if (!n) {
			strbuf_addc(out, *p);
			n = starts_with(p, "$$") ? 2 : 1;
		}
		p += n;
	}
}

static void check_expand(const char *text)
{
	struct plan_value v = {0};
	autostrbuf struct strbuf want = {0};
	autofree char *got = NULL;
	struct err e = {0};

	if (expand(text, lookup, NULL, LIMIT, &v)) {
		slowly(text, &want);
		claim(v.parts_count > 0);
		claim(plan_value_resolve(&v, NULL, late, NULL, &got, &e) == 0);
		claim(streq(got, want.s ? want.s : ""));
	}
	plan_value_done(&v);
}

/* Undo the escapes of one byte each; others stand for characters and stay. */
static void check_quote(const char *text)
{
	autostrbuf struct strbuf quoted = {0};
	size_t quotes = 0;

	lower_quote(text, &quoted);
	claim(quoted.len >= 2 && quoted.s[0] == '"' && quoted.s[quoted.len - 1] == '"');
	for (size_t i = 0; i < quoted.len; i++) {
		claim((unsigned char)quoted.s[i] >= ' ' && quoted.s[i] != 0x7f);
		if (quoted.s[i] == '\\')
			i++;
		else
			quotes += quoted.s[i] == '"';
	}
	claim(quotes == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);

	check_expand(text);
	check_quote(text);
	return 0;
}
