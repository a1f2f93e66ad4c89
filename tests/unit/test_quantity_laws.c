/* SPDX-License-Identifier: Apache-2.0 */
/* test_quantity_laws.c - what holds for any quantity, tried with random ones */
#include "tests/unit/test.h"

#include "kube/quantity.h"
#include "pkg/util/clock.h"
#include "pkg/util/str.h"

static unsigned draw(uint64_t *state, unsigned below)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(*state >> 33) % below;
}

/* A quantity of any form, mostly one that is in range. */
static char *any_quantity(uint64_t *state)
{
	static const char *const ends[] = {
		"",   "n",  "u",  "m",  "k",  "M",  "G",  "T",  "P",   "E",   "Ki",  "Mi",  "Gi",
		"Ti", "Pi", "Ei", "e0", "e1", "e7", "E3", "e9", "E+2", "e-1", "e-3", "E-8", "e-12"};
	static const char *const signs[] = {"", "", "", "-", "+"};
	autostrbuf struct strbuf b = {0};

	strbuf_adds(&b, signs[draw(state, ARRAY_LEN(signs))]);
	strbuf_addc(&b, (char)('0' + draw(state, 10)));
	for (unsigned n = draw(state, 8); n; n--)
		strbuf_addc(&b, draw(state, 3) ? (char)('0' + draw(state, 10)) : '0');
	if (draw(state, 2))
		strbuf_addc(&b, '.');
	for (unsigned n = strchr(b.s, '.') ? draw(state, 14) : 0; n; n--)
		strbuf_addc(&b, draw(state, 3) ? (char)('0' + draw(state, 10)) : '0');
	strbuf_adds(&b, ends[draw(state, ARRAY_LEN(ends))]);
	return strbuf_take(&b);
}

/* A binary quantity that is canonical without a suffix is a decimal one when it is read again. */
static bool bare_binary(const char *text, const char *canonical)
{
	return strchr(text, 'i') && !canonical[strspn(canonical, "-0123456789")];
}

/* Canonical text has the same value and is its own canonical text. */
static void check_canonical(const char *text)
{
	autofree char *once = quantity_canonical(text), *twice = NULL;
	int64_t a = 1, b = 2;
	int order;

	if (!once)
		return;
	twice = quantity_canonical(once);
	if (!twice || strchr(once, '.') || (!streq(once, twice) && !bare_binary(text, once)))
		fail_msg("%s: %s, then %s", text, once, twice ? twice : "nothing");
	if (quantity_compare(text, once, &order) != SCALAR_OK || order)
		fail_msg("%s is not %s", text, once);
	for (int scale = 1; scale <= 1000; scale *= 1000)
		if (quantity_parse(text, scale, &a) != quantity_parse(once, scale, &b) ||
		    (a != b && quantity_parse(once, scale, &b) == SCALAR_OK))
			fail_msg("%s and %s: %lld, %lld", text, once, (long long)a, (long long)b);
}

/* The order is antisymmetric, and agrees with the difference that parsing sees. */
static void check_order(const char *a, const char *b)
{
	int forth = 0, back = 0;
	int64_t x, y;

	if (quantity_compare(a, b, &forth) != quantity_compare(b, a, &back) || forth != -back)
		fail_msg("%s and %s: %d, %d", a, b, forth, back);
	if (quantity_parse(a, 1, &x) != SCALAR_OK || quantity_parse(b, 1, &y) != SCALAR_OK)
		return;
	if ((x < y && forth >= 0) || (x > y && forth <= 0))
		fail_msg("%s and %s: %d", a, b, forth);
}

/* q = a / b rounded up: b times q reaches a, b times q - 1 does not. */
static void check_quotient(const char *text, unsigned divisor)
{
	autofree char *by = xasprintf("%um", divisor);
	int64_t q, whole;

	if (quantity_divide_up(text, "1", &q) == SCALAR_OK && q > 0) {
		assert_int_equal(quantity_parse(text, 1, &whole), SCALAR_OK);
		assert_true(q == whole);
	}
	if (quantity_divide_up(text, by, &q) != SCALAR_OK || q <= 0 || q > INT64_MAX / 100000)
		return;
	autofree char *reaches = xasprintf("%lldm", (long long)q * divisor);
	autofree char *below = xasprintf("%lldm", (long long)(q - 1) * divisor);
	int high, low;

	assert_int_equal(quantity_compare(reaches, text, &high), SCALAR_OK);
	assert_int_equal(quantity_compare(below, text, &low), SCALAR_OK);
	if (high < 0 || low >= 0)
		fail_msg("%s / %s: %lld", text, by, (long long)q);
}

TEST(laws_hold_for_whatever_comes)
{
	const char *given = getenv("KP_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_real_ns();
	uint64_t draws = seed;

	print_message("KP_TEST_SEED=%llu repeats this\n", (unsigned long long)seed);
	for (int i = 0; i < 20000; i++) {
		autofree char *a = any_quantity(&draws), *b = any_quantity(&draws);

		assert_true(quantity_valid(a));
		check_canonical(a);
		check_order(a, b);
		check_order(a, a);
		check_quotient(a, 1 + draw(&draws, 99999));
	}
}

RUN_TESTS(CASE(laws_hold_for_whatever_comes))
