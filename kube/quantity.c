/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.c - what number is "1.5Gi"?
 *
 * Theory of operation: a quantity is digits x 10^ten x 2^two. The digits are never made a floating
 * point number. Where the decimal point leaves a fraction, its first 18 digits are scaled by 2^two
 * in 128 bits and whatever is left over rounds up, as Kubernetes does.
 */
#include "kube/quantity.h"

__extension__ typedef unsigned __int128 u128;

enum { FRACTION_DIGITS = 18, MAX_EXPONENT = 400 };

struct parts {
	bool negative;
	const char *whole, *fraction;
	size_t whole_len, fraction_len;
	int ten, two;
};

struct suffix {
	char text[3];
	int ten, two;
};

static const struct suffix suffixes[] = {
	{"", 0, 0},    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"k", 3, 0},   {"M", 6, 0},
	{"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
	{"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

static bool parse_exponent(const char *p, int *ret)
{
	bool negative = *p == '-';
	int v = 0;

	p += *p == '-' || *p == '+';
	if (!*p)
		return false;
	for (; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		v = MIN(v * 10 + (*p - '0'), (int)MAX_EXPONENT);
	}
	*ret = negative ? -v : v;
	return true;
}

static bool split(const char *p, struct parts *ret)
{
	struct parts q = {.negative = *p == '-'};

	p += *p == '-' || *p == '+';
	q.whole = p;
	q.whole_len = strspn(p, "0123456789");
	p += q.whole_len;
	if (*p == '.') {
		q.fraction = ++p;
		q.fraction_len = strspn(p, "0123456789");
		p += q.fraction_len;
	}
	if (!q.whole_len && !q.fraction_len)
		return false;
	*ret = q;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (streq(p, suffixes[i].text)) {
			ret->ten = suffixes[i].ten;
			ret->two = suffixes[i].two;
			return true;
		}
	return (*p == 'e' || *p == 'E') && parse_exponent(p + 1, &ret->ten);
}

/* Digit i of whole and fraction written as one string, 0 beyond both ends. */
static unsigned digit_at(const struct parts *q, ptrdiff_t i)
{
	if (i < 0 || (size_t)i >= q->whole_len + q->fraction_len)
		return 0;
	if ((size_t)i < q->whole_len)
		return (unsigned)(q->whole[i] - '0');
	return (unsigned)(q->fraction[(size_t)i - q->whole_len] - '0');
}

static enum scalar_result magnitude(const struct parts *q, int scale_ten, u128 *ret)
{
	static const u128 unit = (u128)1000000000000000000;
	ptrdiff_t all = (ptrdiff_t)(q->whole_len + q->fraction_len);
	ptrdiff_t point =
		(ptrdiff_t)q->whole_len + q->ten + scale_ten; /* digits before the point */
	u128 whole = 0, fraction = 0, limit = (u128)INT64_MAX >> q->two;
	bool rest = false;

	for (ptrdiff_t i = 0; i < point; i++) {
		whole = whole * 10 + digit_at(q, i);
		if (whole > limit)
			return SCALAR_RANGE;
		if (i >= all && !whole)
			break;
	}
	for (ptrdiff_t i = point; i < point + FRACTION_DIGITS; i++)
		fraction = fraction * 10 + digit_at(q, i);
	for (ptrdiff_t i = MAX(point + FRACTION_DIGITS, (ptrdiff_t)0); i < all && !rest; i++)
		rest = digit_at(q, i) != 0;
	fraction <<= q->two;
	*ret = (whole << q->two) + fraction / unit + (fraction % unit || rest);
	return *ret > (u128)INT64_MAX ? SCALAR_RANGE : SCALAR_OK;
}

enum scalar_result quantity_parse(const char *text, int scale, int64_t *ret)
{
	struct parts q;
	u128 v;

	if (!split(text, &q))
		return SCALAR_SYNTAX;
	if (magnitude(&q, scale == 1000 ? 3 : 0, &v) != SCALAR_OK)
		return SCALAR_RANGE;
	*ret = q.negative ? -(int64_t)v : (int64_t)v;
	return SCALAR_OK;
}

bool quantity_valid(const char *text)
{
	struct parts q;

	return split(text, &q);
}
