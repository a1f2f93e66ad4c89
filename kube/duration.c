/* SPDX-License-Identifier: Apache-2.0 */
/* duration.c - numbers with units, summed without floating point; see duration.h */
#include "kube/duration.h"

#include "pkg/util/str.h"

#define DIGITS "0123456789"

struct unit {
	char text[4];
	uint64_t ns;
};

/* Both signs for micro: U+00B5 and U+03BC. Longer ones stand first. */
static const struct unit units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000},
	{"\xce\xbcs", 1000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", UINT64_C(60) * 1000000000},
	{"h", UINT64_C(3600) * 1000000000},
};

/* Which unit stands at *at, up to the next number or the end; moves behind it. NULL if none. */
static const struct unit *next_unit(const char **at)
{
	size_t len = strcspn(*at, DIGITS ".");

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (len == strlen(units[i].text) && !memcmp(*at, units[i].text, len)) {
			*at += len;
			return &units[i];
		}
	return NULL;
}

/* The number at *at, without its unit yet, is added to *sum; moves behind the unit. */
static enum scalar_result add_part(const char **at, uint64_t *sum)
{
	const char *whole = *at, *fraction;
	size_t whole_len = strspn(whole, DIGITS), fraction_len = 0;
	const struct unit *unit;
	uint64_t v = 0, part = 0;
	bool range = false;

	*at += whole_len;
	fraction = *at + (**at == '.');
	if (**at == '.')
		fraction_len = strspn(fraction, DIGITS);
	*at = fraction + fraction_len;
	if ((!whole_len && !fraction_len) || !(unit = next_unit(at)))
		return SCALAR_SYNTAX;
	for (size_t i = 0; i < whole_len; i++) {
		range |= __builtin_mul_overflow(v, 10U, &v);
		range |= __builtin_add_overflow(v, (unsigned)(whole[i] - '0'), &v);
	}
	range |= __builtin_mul_overflow(v, unit->ns, &v);
	for (size_t i = fraction_len; i-- > 0;)
		part = (part + (unsigned)(fraction[i] - '0') * unit->ns) / 10;
	range |= __builtin_add_overflow(v, part, &v);
	range |= __builtin_add_overflow(*sum, v, sum);
	return range ? SCALAR_RANGE : SCALAR_OK;
}

enum scalar_result duration_parse(const char *text, int64_t *ret_ns)
{
	bool negative = *text == '-';
	enum scalar_result r = SCALAR_OK;
	uint64_t sum = 0;

	text += *text == '-' || *text == '+';
	if (streq(text, "0"))
		text++; /* the only number that needs no unit */
	else if (!*text)
		return SCALAR_SYNTAX;
	while (*text) {
		enum scalar_result part = add_part(&text, &sum);

		if (part == SCALAR_SYNTAX)
			return part;
		r = MIN(r, part);
	}
	if (r != SCALAR_OK || sum > (uint64_t)INT64_MAX + negative)
		return SCALAR_RANGE;
	*ret_ns = (int64_t)(negative ? 0 - sum : sum);
	return SCALAR_OK;
}

/* n in units of `one`, without the zeros at the end of the fraction. */
static void add_decimal(struct strbuf *out, uint64_t n, uint64_t one, const char *unit)
{
	uint64_t rest = n % one;

	strbuf_addf(out, "%llu", (unsigned long long)(n / one));
	if (rest)
		strbuf_addc(out, '.');
	for (; rest && one > 1; rest %= one) {
		one /= 10;
		strbuf_addc(out, (char)('0' + rest / one));
	}
	strbuf_adds(out, unit);
}

char *duration_text(int64_t ns)
{
	static const uint64_t us = 1000, ms = 1000000, s = 1000000000;
	autostrbuf struct strbuf out = {0};
	uint64_t n = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns, minutes = n / s / 60;

	if (ns < 0)
		strbuf_addc(&out, '-');
	if (minutes >= 60)
		strbuf_addf(&out, "%lluh", (unsigned long long)(minutes / 60));
	if (minutes)
		strbuf_addf(&out, "%llum", (unsigned long long)(minutes % 60));
	if (!n || n >= s)
		add_decimal(&out, n % (60 * s), s, "s");
	else if (n >= ms)
		add_decimal(&out, n, ms, "ms");
	else if (n >= us)
		add_decimal(&out, n, us, "\xc2\xb5s");
	else
		add_decimal(&out, n, 1, "ns");
	return strbuf_take(&out);
}
