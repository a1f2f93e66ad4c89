/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.c - what number is "1.5Gi", and how is it spelt?
 *
 * Theory of operation: a quantity is digits x 10^ten x 2^two. All answers come from one form of it,
 * a count of billionths in 128 bits: the range of the API is 2^63-1 units, which is less than 2^93
 * of them. Digits behind the point are added from the last to the first, each step dividing by ten:
 * flooring at every step gives the same as flooring once, so the result is exact for any number of
 * digits, and a bit remembers whether anything was lost, which then rounds up.
 */
#include "kube/quantity.h"

__extension__ typedef unsigned __int128 u128;

/* More than the digits of any text, so that an exponent which is cut here means the same. */
enum { MAX_EXPONENT = 1 << 29 };

#define NANO     UINT64_C(1000000000)
#define MAX_NANO ((u128)INT64_MAX * NANO)

enum family { DECIMAL, BINARY, EXPONENT };

struct suffix {
	char text[3];
	enum family family;
	int ten, two;
};

struct parts {
	bool negative;
	const char *whole, *fraction;
	size_t whole_len, fraction_len;
	struct suffix unit;
};

/* Without sign: |value| x 10^9. */
struct amount {
	bool negative;
	enum family family;
	u128 nano;
};

static const struct suffix suffixes[] = {
	{"", DECIMAL, 0, 0},   {"n", DECIMAL, -9, 0}, {"u", DECIMAL, -6, 0}, {"m", DECIMAL, -3, 0},
	{"k", DECIMAL, 3, 0},  {"M", DECIMAL, 6, 0},  {"G", DECIMAL, 9, 0},  {"T", DECIMAL, 12, 0},
	{"P", DECIMAL, 15, 0}, {"E", DECIMAL, 18, 0}, {"Ki", BINARY, 0, 10}, {"Mi", BINARY, 0, 20},
	{"Gi", BINARY, 0, 30}, {"Ti", BINARY, 0, 40}, {"Pi", BINARY, 0, 50}, {"Ei", BINARY, 0, 60},
};

static bool parse_exponent(const char *p, size_t len, int *ret)
{
	bool negative = len && *p == '-', sign = len && (*p == '-' || *p == '+');
	int64_t v = 0;

	if (len == sign)
		return false;
	for (size_t i = sign; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = MIN(v * 10 + (p[i] - '0'), (int64_t)MAX_EXPONENT);
	}
	*ret = (int)(negative ? -v : v);
	return true;
}

static bool parse_suffix(const char *p, size_t len, struct suffix *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (len == strlen(suffixes[i].text) && !memcmp(p, suffixes[i].text, len)) {
			*ret = suffixes[i];
			return true;
		}
	*ret = (struct suffix){.family = EXPONENT};
	return (*p == 'e' || *p == 'E') && parse_exponent(p + 1, len - 1, &ret->ten);
}

static bool split(const char *p, struct parts *ret)
{
	struct parts q = {0};
	size_t len;

	p += strspn(p, " ");
	q.negative = *p == '-';
	p += *p == '-' || *p == '+';
	q.whole = p;
	q.whole_len = strspn(p, "0123456789");
	p += q.whole_len;
	if (*p == '.') {
		q.fraction = ++p;
		q.fraction_len = strspn(p, "0123456789");
		p += q.fraction_len;
	}
	len = strlen(p);
	while (len && p[len - 1] == ' ')
		len--;
	if ((!q.whole_len && !q.fraction_len) || !parse_suffix(p, len, &q.unit))
		return false;
	*ret = q;
	return true;
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

/* What the digits before `point` are in billionths; -1 if that is more than the API has. */
static int whole_nano(const struct parts *q, ptrdiff_t point, u128 *ret)
{
	const u128 limit = (u128)INT64_MAX >> q->unit.two;
	ptrdiff_t all = (ptrdiff_t)(q->whole_len + q->fraction_len);
	u128 v = 0;

	for (ptrdiff_t i = 0; i < point && (i < all || v); i++) {
		v = v * 10 + digit_at(q, i);
		if (v > limit)
			return -1;
	}
	*ret = (v << q->unit.two) * NANO;
	return 0;
}

/* What the digits from `point` on are in billionths, rounded up. */
static u128 fraction_nano(const struct parts *q, ptrdiff_t point)
{
	const u128 one = (u128)NANO << q->unit.two;
	u128 v = 0;
	bool rest = false;

	for (ptrdiff_t i = (ptrdiff_t)(q->whole_len + q->fraction_len) - 1;
	     i >= point && (i >= 0 || v); i--) {
		v += digit_at(q, i) * one;
		rest |= v % 10 != 0;
		v /= 10;
	}
	return v + rest;
}

static enum scalar_result amount_of(const char *text, struct amount *ret)
{
	struct parts q;
	ptrdiff_t point;

	if (!split(text, &q))
		return SCALAR_SYNTAX;
	point = (ptrdiff_t)q.whole_len + q.unit.ten;
	*ret = (struct amount){.negative = q.negative, .family = q.unit.family};
	if (whole_nano(&q, point, &ret->nano) < 0)
		return SCALAR_RANGE;
	ret->nano += fraction_nano(&q, point);
	ret->negative &= ret->nano != 0;
	return ret->nano > MAX_NANO ? SCALAR_RANGE : SCALAR_OK;
}

static u128 divide_up(u128 n, u128 by)
{
	return n / by + (n % by != 0);
}

enum scalar_result quantity_parse(const char *text, int scale, int64_t *ret)
{
	struct amount a;
	enum scalar_result r = amount_of(text, &a);
	u128 v;

	if (r != SCALAR_OK)
		return r;
	v = divide_up(a.nano * (unsigned)scale, NANO);
	if (v > (u128)INT64_MAX)
		return SCALAR_RANGE;
	*ret = a.negative ? -(int64_t)v : (int64_t)v;
	return SCALAR_OK;
}

bool quantity_valid(const char *text)
{
	struct parts q;

	return split(text, &q);
}

/* At most 28 digits: printed in two halves, since printf knows no 128 bits. */
static char *print(bool negative, u128 n, const char *suffix)
{
	const uint64_t half = UINT64_C(1000000000000000000);
	unsigned long long high = (unsigned long long)(n / half), low = (uint64_t)(n % half);
	const char *sign = negative ? "-" : "";

	return high ? xasprintf("%s%llu%018llu%s", sign, high, low, suffix)
	            : xasprintf("%s%llu%s", sign, low, suffix);
}

static char *print_binary(const struct amount *a)
{
	static const char units[][3] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	u128 n = a->nano / NANO;
	size_t i = 0;

	for (; n % 1024 == 0; i++)
		n /= 1024;
	return print(a->negative, n, units[i]);
}

static char *print_decimal(const struct amount *a)
{
	static const char units[][2][4] = {
		{"n", "e-9"}, {"u", "e-6"}, {"m", "e-3"}, {"", ""},     {"k", "e3"},
		{"M", "e6"},  {"G", "e9"},  {"T", "e12"}, {"P", "e15"}, {"E", "e18"},
	};
	u128 n = a->nano;
	size_t i = 0;

	for (; n % 1000 == 0; i++)
		n /= 1000;
	return print(a->negative, n, units[i][a->family == EXPONENT]);
}

char *quantity_canonical(const char *text)
{
	struct amount a;

	if (amount_of(text, &a) != SCALAR_OK)
		return NULL;
	if (!a.nano)
		return xstrdup("0");
	if (a.family == BINARY && a.nano >= (u128)1024 * NANO && a.nano % NANO == 0)
		return print_binary(&a);
	return print_decimal(&a);
}

enum scalar_result quantity_compare(const char *a, const char *b, int *ret)
{
	struct amount x, y;
	enum scalar_result rx = amount_of(a, &x), ry = amount_of(b, &y);
	int sign;

	if (rx != SCALAR_OK || ry != SCALAR_OK)
		return rx == SCALAR_SYNTAX || ry == SCALAR_SYNTAX ? SCALAR_SYNTAX : SCALAR_RANGE;
	sign = (x.nano > y.nano) - (x.nano < y.nano);
	if (x.negative != y.negative)
		*ret = x.negative ? -1 : 1;
	else
		*ret = x.negative ? -sign : sign;
	return SCALAR_OK;
}

enum scalar_result quantity_divide_up(const char *text, const char *divisor, int64_t *ret)
{
	struct amount a, by;
	enum scalar_result ra = amount_of(text, &a), rb = amount_of(divisor, &by);
	u128 v;

	if (ra != SCALAR_OK || rb != SCALAR_OK)
		return ra == SCALAR_SYNTAX || rb == SCALAR_SYNTAX ? SCALAR_SYNTAX : SCALAR_RANGE;
	if (by.negative)
		return SCALAR_RANGE;
	if (!by.nano)
		by.nano = NANO;
	/* up is toward zero for what is below it */
	v = a.negative ? a.nano / by.nano : divide_up(a.nano, by.nano);
	if (v > (u128)INT64_MAX)
		return SCALAR_RANGE;
	*ret = a.negative ? -(int64_t)v : (int64_t)v;
	return SCALAR_OK;
}

bool quantity_is_divisor(const char *text, bool cpu)
{
	autofree char *unit = quantity_canonical(text);

	if (!unit || streq(unit, "0") || streq(unit, "1"))
		return unit;
	if (cpu)
		return streq(unit, "1m");
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (unit[0] == '1' && streq(unit + 1, suffixes[i].text))
			return suffixes[i].ten >= 0;
	return false;
}
