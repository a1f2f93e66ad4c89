/* SPDX-License-Identifier: Apache-2.0 */
/* str.c - see str.h */
#include "pkg/util/str.h"

#include <ctype.h>
#include <errno.h>

void strbuf_done(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){.max = b->max};
}

void strbuf_clear(struct strbuf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->s)
		b->s[0] = '\0';
}

/* Room for `more` bytes and a NUL; false past the ceiling. */
static bool reserve(struct strbuf *b, size_t more)
{
	size_t need = b->len + more + 1;

	if (b->overflow || more > SIZE_MAX / 4 || (b->max && need - 1 > b->max)) {
		b->overflow = true;
		return false;
	}
	if (need > b->cap) {
		b->cap = MAX(need, b->cap * 2);
		b->cap = MAX(b->cap, (size_t)64);
		b->s = xrealloc(b->s, b->cap);
	}
	return true;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->s + b->len, data, len);
	b->len += len;
	b->s[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	autofree char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	strbuf_adds(b, s);
}

void strbuf_consume(struct strbuf *b, size_t n)
{
	n = MIN(n, b->len);
	if (!n)
		return;
	b->len -= n;
	memmove(b->s, b->s + n, b->len + 1);
}

char *strbuf_take(struct strbuf *b)
{
	char *s = b->s ? b->s : xstrdup("");

	*b = (struct strbuf){.max = b->max};
	return s;
}

void strv_done(struct strv *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->v[i]);
	free(v->v);
	*v = (struct strv){0};
}

void strv_take(struct strv *v, char *s)
{
	if (!v->v || (v->len & (v->len + 1)) == 0) /* grow at 0, 1, 3, 7, ... entries */
		v->v = xrealloc(v->v, (v->len * 2 + 2) * sizeof(*v->v));
	v->v[v->len++] = s;
	v->v[v->len] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
	strv_take(v, xstrdup(s));
}

void strv_addf(struct strv *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(v, xvasprintf(fmt, ap));
	va_end(ap);
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->len; i++)
		if (streq(v->v[i], s))
			return true;
	return false;
}

/* Surrogates, and marks that reorder or hide what a person sees. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
	{0xd800, 0xdfff}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

/* Length of the valid UTF-8 sequence of printable text at s, 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	uint32_t c;
	size_t n;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	n = (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
	if (!n || n > len)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < (uint32_t[]){0, 0, 0xa0, 0x800, 0x10000}[n] || c > 0x10ffff)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(unseen); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return 0;
	return n;
}

char *str_sanitize(const char *text, size_t len)
{
	struct strbuf out = {0};

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len((const unsigned char *)text + i, len - i);
		if (n) {
			strbuf_add(&out, text + i, n);
		} else {
			strbuf_addf(&out, "\\x%02x", (unsigned char)text[i]);
			n = 1;
		}
	}
	return strbuf_take(&out);
}

/* A decimal number and where it ends. */
static int parse_int(const char *text, int64_t min, int64_t max, int64_t *ret, const char **ret_end)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)text[*text == '-']))
		return -1;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || v < min || v > max)
		return -1;
	*ret = v;
	*ret_end = end;
	return 0;
}

int str_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	const char *end;
	int64_t v;

	if (parse_int(text, min, max, &v, &end) < 0 || *end)
		return -1;
	*ret = v;
	return 0;
}

int str_next_int(const char **at, int64_t min, int64_t max, int64_t *ret)
{
	return parse_int(*at + strspn(*at, " \t\n"), min, max, ret, at);
}

size_t str_distance(const char *a, const char *b, size_t limit)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t row[64];

	if (lb >= ARRAY_LEN(row) || (la > lb ? la - lb : lb - la) > limit)
		return limit + 1;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			bool same = tolower((unsigned char)a[i - 1]) ==
			            tolower((unsigned char)b[j - 1]);
			size_t best = MIN(diagonal + !same, MIN(row[j], row[j - 1]) + 1);

			diagonal = row[j];
			row[j] = best;
		}
	}
	return MIN(row[lb], limit + 1);
}
