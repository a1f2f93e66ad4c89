/* SPDX-License-Identifier: Apache-2.0 */
/* scalar.c - see scalar.h */
#include "kube/scalar.h"

#include <ctype.h>

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool alnum_lower(char c)
{
	return digit(c) || (c >= 'a' && c <= 'z');
}

static bool alnum(char c)
{
	return alnum_lower(c) || (c >= 'A' && c <= 'Z');
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

static int digit_of(char c)
{
	if (digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

enum scalar_result scalar_int(const char *text, int64_t *ret)
{
	bool negative = *text == '-', range = false;
	const char *p = text + (*text == '-' || *text == '+');
	uint64_t v = 0, max = (uint64_t)INT64_MAX + negative;
	int base = 10;

	if (*p == '0' && p[1]) {
		char x = (char)(p[1] | 0x20);

		base = x == 'x' ? 16 : x == 'b' ? 2 : 8;
		p += 1 + (x == 'x' || x == 'b' || x == 'o');
	}
	if (!*p || *p == '_')
		return SCALAR_SYNTAX;
	for (; *p; p++) {
		int d = digit_of(*p);

		if (*p == '_')
			continue;
		if (d >= base)
			return SCALAR_SYNTAX;
		if (v > (max - (unsigned)d) / (unsigned)base)
			range = true;
		v = v * (unsigned)base + (unsigned)d;
	}
	if (range)
		return SCALAR_RANGE;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return SCALAR_OK;
}

/* A decimal number with a point or an exponent, or one such as 08 that YAML 1.1 reads as a float.
 */
static bool is_float(const char *p)
{
	size_t before, after = 0;

	p += *p == '-' || *p == '+';
	before = strspn(p, "0123456789");
	p += before;
	if (*p == '.') {
		after = strspn(++p, "0123456789");
		p += after;
	}
	if (!before && !after)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!digit(*p))
			return false;
		p += strspn(p, "0123456789");
	}
	return !*p;
}

enum scalar_kind scalar_kind(const char *text)
{
	int64_t n;
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
	return scalar_int(text, &n) != SCALAR_SYNTAX || is_float(text) ? SCALAR_NUMBER
	                                                               : SCALAR_STRING;
}

/* One DNS-1123 label of len bytes. */
static bool label(const char *s, size_t len)
{
	if (!len || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!alnum_lower(s[i]) && s[i] != '-')
			return false;
	return true;
}

bool name_is_label(const char *s)
{
	return label(s, strlen(s));
}

static bool subdomain(const char *s, size_t len)
{
	size_t start = 0;

	if (!len || len > 253)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && s[i] != '.')
			continue;
		/* only the whole is bounded, not each part, in Kubernetes' rule */
		if (i == start || s[start] == '-' || s[i - 1] == '-')
			return false;
		start = i + 1;
	}
	for (size_t i = 0; i < len; i++)
		if (!alnum_lower(s[i]) && s[i] != '-' && s[i] != '.')
			return false;
	return true;
}

bool name_is_subdomain(const char *s)
{
	return subdomain(s, strlen(s));
}

bool name_is_path_safe(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > 253 || !alnum(s[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!alnum(s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

/* [A-Za-z0-9] at both ends, "-_." allowed between; at most 63. */
static bool word(const char *s, size_t len)
{
	if (!len || len > 63 || !alnum(s[0]) || !alnum(s[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!alnum(s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

bool name_is_qualified(const char *s)
{
	const char *slash = strchr(s, '/');

	if (slash && !subdomain(s, (size_t)(slash - s)))
		return false;
	s = slash ? slash + 1 : s;
	return word(s, strlen(s));
}

bool name_is_label_value(const char *s)
{
	return !*s || word(s, strlen(s));
}

bool name_is_config_key(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > 253 || streq(s, ".") || starts_with(s, ".."))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!alnum(s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

bool name_is_port(const char *s)
{
	size_t len = strlen(s);
	bool letter = false;

	if (!len || len > 15 || s[0] == '-' || s[len - 1] == '-' || strstr(s, "--"))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!alnum_lower(s[i]) && s[i] != '-')
			return false;
		letter |= !digit(s[i]) && s[i] != '-';
	}
	return letter;
}

bool name_is_env(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (*s < 0x20 || *s > 0x7e || *s == '=')
			return false;
	return true;
}

bool name_is_classic_env(const char *s)
{
	if (!*s || digit(*s) || streq(s, ".") || starts_with(s, ".."))
		return false;
	for (; *s; s++)
		if (!alnum(*s) && !strchr("-_.", *s))
			return false;
	return true;
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
		if (*p == '=' && have >= 2) {
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
		if (pad) {
			p += strspn(p + 1, "\r\n");
			if (p[1])
				return NULL;
		}
	}
	if (have)
		return NULL;
	bytes[out] = '\0';
	*ret_len = out;
	return take_ptr(bytes);
}
