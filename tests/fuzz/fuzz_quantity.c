/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_quantity.c - scalars of all kinds: parsers agree with each other and never read past the end
 *
 * The input is one text, or two with a line break between them, which are then compared and
 * divided.
 */
#include "kube/duration.h"
#include "kube/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
	if (!holds)
		abort();
}

/* Both scales and quantity_valid() say the same about a text. */
static void check_parse(const char *text)
{
	int64_t milli, whole;
	enum scalar_result m = quantity_parse(text, 1000, &milli);
	enum scalar_result w = quantity_parse(text, 1, &whole);

	claim((m == SCALAR_SYNTAX) == (w == SCALAR_SYNTAX));
	claim(quantity_valid(text) == (w != SCALAR_SYNTAX));
	claim(m != SCALAR_OK || w == SCALAR_OK);
	if (m == SCALAR_OK)
		claim(whole == milli / 1000 + (milli % 1000 > 0) - (milli % 1000 < 0));
}

/* True if canonical text of `text` is its own canonical text; binary without a suffix may be not.
 */
static bool settles(const char *text, const char *once)
{
	autofree char *twice = quantity_canonical(once), *thrice = NULL;

	if (!twice || streq(once, twice))
		return twice;
	thrice = quantity_canonical(twice);
	return strchr(text, 'i') && !once[strspn(once, "-0123456789")] && thrice &&
	       streq(twice, thrice);
}

/* Canonical text has no point and the same value. */
static void check_canonical(const char *text)
{
	autofree char *once = quantity_canonical(text);
	int64_t a, b, one;
	int order;

	claim(!once == (quantity_parse(text, 1, &a) != SCALAR_OK));
	if (!once)
		return;
	claim(settles(text, once) && !strchr(once, '.') && once[0] != '+');
	claim(quantity_compare(text, once, &order) == SCALAR_OK && !order);
	claim(quantity_parse(once, 1, &b) == SCALAR_OK && a == b);
	claim(quantity_divide_up(text, once, &one) == (once[0] == '-' ? SCALAR_RANGE : SCALAR_OK));
	claim(once[0] == '-' || one == (once[0] != '0'));
}

static void check_pair(const char *a, const char *b)
{
	int forth = 0, back = 0;
	int64_t q, x, y;
	enum scalar_result r = quantity_compare(a, b, &forth);

	claim(r == quantity_compare(b, a, &back) && forth == -back);
	claim((r == SCALAR_SYNTAX) == !(quantity_valid(a) && quantity_valid(b)));
	if (quantity_divide_up(a, b, &q) == SCALAR_OK)
		claim(r == SCALAR_OK);
	if (r != SCALAR_OK)
		return;
	(void)quantity_parse(a, 1, &x);
	(void)quantity_parse(b, 1, &y);
	claim(!(x < y && forth >= 0) && !(x > y && forth <= 0));
	if (x > 0 && y > 0 && quantity_divide_up(a, b, &q) == SCALAR_OK)
		claim(q >= 1 && (q > 1) == (forth > 0));
}

/* What a span is printed as is that span again. */
static void check_duration(const char *text)
{
	int64_t ns, again;

	if (duration_parse(text, &ns) != SCALAR_OK)
		return;
	autofree char *back = duration_text(ns);

	claim(duration_parse(back, &again) == SCALAR_OK && again == ns);
}

static void check_scalar(const char *text)
{
	enum scalar_kind kind = scalar_kind(text);
	int64_t n;
	size_t len;
	bool b;
	int percent;

	claim((scalar_bool(text, &b) == 0) == (kind == SCALAR_BOOL));
	if (scalar_int(text, &n) == SCALAR_OK)
		claim(kind == SCALAR_NUMBER);
	if (scalar_percent(text, &percent) == SCALAR_OK)
		claim(scalar_round_percent(percent, 100, true) == percent);
	(void)scalar_time_valid(text);
	for (enum name_kind k = 0; k < NAME_KIND_COUNT; k++)
		(void)name_ok(k, text);
	free(base64_decode(text, &len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	char *next = strchr(text, '\n');

	check_scalar(text);
	if (next) {
		*next++ = '\0';
		check_pair(text, next);
	}
	check_parse(text);
	check_canonical(text);
	check_duration(text);
	return 0;
}
