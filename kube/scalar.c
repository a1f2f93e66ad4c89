/* SPDX-License-Identifier: Apache-2.0 */
/* scalar.c - see scalar.h */
#include "kube/scalar.h"

#include <ctype.h>
#include <float.h>

#include "pkg/util/clock.h"
#include "pkg/util/str.h"

#define DIGITS "0123456789"

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

int scalar_bool(const char *text, bool *ret)
{
	static const char *const words[2][12] = {
		{"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"},
		{"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"},
	};

	for (int v = 0; v < 2; v++)
		for (const char *const *w = words[v]; *w; w++)
			if (streq(text, *w)) {
				*ret = v;
				return 0;
			}
	return -1;
}

static unsigned digit_of(char c)
{
	if (digit(c))
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 99;
}

/*
 * A number without its "_", which count for nothing behind the first character. Text that has none
 * is not copied; *owned is what to free.
 */
static const char *plain(const char *text, char **owned)
{
	char *to;

	if (*text == '_' || !strchr(text, '_'))
		return text;
	to = *owned = xmalloc(strlen(text) + 1);
	for (; *text; text++)
		if (*text != '_')
			*to++ = *text;
	*to = '\0';
	return *owned;
}

/* The digits of a whole number without "_"; sets the base that they are in. */
static const char *digits_of(const char *p, unsigned *ret)
{
	char x;

	p += *p == '-' || *p == '+';
	*ret = 10;
	if (*p != '0' || !p[1])
		return p;
	x = (char)(p[1] | 0x20);
	*ret = x == 'x' ? 16 : x == 'b' ? 2 : 8;
	return p + 1 + (x == 'x' || x == 'b' || x == 'o');
}

/* A whole number without its sign. */
static enum scalar_result magnitude(const char *text, uint64_t *ret)
{
	unsigned base;
	const char *p = digits_of(text, &base);
	bool range = false;
	uint64_t v = 0;

	if (!*p)
		return SCALAR_SYNTAX;
	for (; *p; p++) {
		unsigned d = digit_of(*p);

		if (d >= base)
			return SCALAR_SYNTAX;
		range |= v > (UINT64_MAX - d) / base;
		v = v * base + d;
	}
	*ret = v;
	return range ? SCALAR_RANGE : SCALAR_OK;
}

enum scalar_result scalar_int(const char *text, int64_t *ret)
{
	autofree char *owned = NULL;
	bool negative = *text == '-';
	uint64_t v;
	enum scalar_result r = magnitude(plain(text, &owned), &v);

	if (r != SCALAR_OK)
		return r;
	if (v > (uint64_t)INT64_MAX + negative)
		return SCALAR_RANGE;
	*ret = (int64_t)(negative ? 0 - v : v);
	return SCALAR_OK;
}

/* A decimal number with a point or an exponent, or one such as 08 that YAML 1.1 reads as a float.
 */
static bool is_float(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+');
	size_t before = strspn(p, DIGITS), after = 0;
	double v;

	p += before;
	if (*p == '.') {
		after = strspn(++p, DIGITS);
		p += after;
	}
	if (!before && !after)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!digit(*p))
			return false;
		p += strspn(p, DIGITS);
	}
	if (*p)
		return false;
	v = strtod(text, NULL); /* 1e999, which no double holds, is text */
	return v >= -DBL_MAX && v <= DBL_MAX;
}

/* Behind a point in front, "_" has to stand between digits. */
static bool odd_fraction(const char *text)
{
	if (*text != '.')
		return false;
	for (const char *p = strchr(text, '_'); p; p = strchr(p + 1, '_'))
		if (!digit(p[-1]) || !digit(p[1]))
			return true;
	return false;
}

static bool is_number(const char *text)
{
	autofree char *owned = NULL;
	const char *p = plain(text, &owned);
	uint64_t v;

	if (odd_fraction(text))
		return false;
	/* decimal and octal numbers that are too large are floats, others are text */
	return (magnitude(p, &v) == SCALAR_OK && (*p != '-' || v <= (uint64_t)INT64_MAX + 1)) ||
	       is_float(p);
}

enum scalar_kind scalar_kind(const char *text)
{
	bool b;

	switch (*text) {
	case '\0':
	case '~':
		return text[*text != '\0'] ? SCALAR_STRING : SCALAR_NULL;
	case 'n':
	case 'N':
		if (streq(text, "null") || streq(text, "Null") || streq(text, "NULL"))
			return SCALAR_NULL;
		break;
	default:
		break;
	}
	if (isalpha((unsigned char)*text))
		return strlen(text) <= 5 && scalar_bool(text, &b) == 0 ? SCALAR_BOOL
		                                                       : SCALAR_STRING;
	if (!digit(*text) && !strchr("+-.", *text))
		return SCALAR_STRING;
	return is_number(text) ? SCALAR_NUMBER : SCALAR_STRING;
}

enum scalar_result scalar_percent(const char *text, int *ret)
{
	size_t digits = strspn(text, DIGITS);
	int64_t v = 0;

	if (!digits || !streq(text + digits, "%"))
		return SCALAR_SYNTAX;
	for (; digit(*text); text++)
		v = MIN(v * 10 + (*text - '0'), (int64_t)INT_MAX + 1);
	if (v > INT_MAX)
		return SCALAR_RANGE;
	*ret = (int)v;
	return SCALAR_OK;
}

int64_t scalar_round_percent(int percent, int total, bool up)
{
	return ((int64_t)percent * total + (up ? 99 : 0)) / 100;
}

bool scalar_time_valid(const char *text)
{
	autofree char *copy = xstrdup(text);
	int64_t year, ns;

	/* Go takes neither "t" nor "z" nor leap seconds */
	if (strspn(text, DIGITS) != 4 || strlen(text) < 20 || strpbrk(text, "tz") ||
	    text[17] == '6')
		return false;
	copy[4] = '\0';
	if (str_parse_int(copy, 0, 9999, &year) < 0)
		return false;
	/* dates repeat every 400 years; the clock knows only those around ours */
	year = 1700 + (year + 300) % 400;
	for (int i = 3; i >= 0; i--, year /= 10)
		copy[i] = (char)('0' + year % 10);
	copy[4] = text[4];
	return clock_parse_rfc3339(copy, &ns) == 0;
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

unsigned char *base64_decode(const char *text, size_t *ret_len)
{
	size_t len = strlen(text), out = 0;
	autofree unsigned char *bytes = xmalloc(len / 4 * 3 + 4);
	uint32_t word = 0;
	int have = 0, pad = 0;

	for (const char *p = text; *p; p++) {
		int v = sextet(*p);

		if (*p == '\n' || *p == '\r')
			continue;
		if (*p == '=' && have >= 2) { /* nothing but line breaks may follow */
			pad++;
			v = 0;
		} else if (v < 0 || pad) {
			return NULL;
		}
		word = word << 6 | (uint32_t)v;
		if (++have < 4)
			continue;
		for (int i = 0; i < 3 - pad; i++)
			bytes[out++] = (unsigned char)(word >> (16 - 8 * i));
		have = 0;
		word = 0;
	}
	if (have)
		return NULL;
	bytes[out] = '\0';
	*ret_len = out;
	return take_ptr(bytes);
}
