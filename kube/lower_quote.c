/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_quote.c - a text in quotes, as a kubelet writes labels and annotations to files
 *
 * Programs that read such files undo exactly this: the escapes of C for seven control characters,
 * \xNN for other bytes, \uNNNN for characters that do not print.
 */
#include "kube/lowering.h"

/* Characters from U+0080 on that do not print: controls, blanks, formatting, private, none at all.
 */
static const struct {
	uint32_t first, last;
} invisible[] = {
	{0x80, 0xa0},          {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
	{0x6dd, 0x6dd},        {0x70f, 0x70f},     {0x1680, 0x1680},   {0x180e, 0x180e},
	{0x2000, 0x200f},      {0x2028, 0x202f},   {0x205f, 0x206f},   {0x3000, 0x3000},
	{0xd800, 0xf8ff},      {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},
	{0xfffe, 0xffff},      {0x1d173, 0x1d17a}, {0x1fffe, 0x1ffff}, {0xe0000, 0xe00ff},
	{0xe01f0, UINT32_MAX},
};

static bool prints(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(invisible); i++)
		if (c >= invisible[i].first && c <= invisible[i].last)
			return false;
	return true;
}

/* The character that s begins with; its length, 0 if it is none of UTF-8. */
static size_t decode(const unsigned char *s, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;
	uint32_t c = len ? *s & (0xffU >> (len + 1)) : 0;

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	*ret = c;
	return len && c >= least[len] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? len : 0;
}

/* One byte below 0x80. */
static void put_ascii(unsigned char c, struct strbuf *out)
{
	static const char plain[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
	const char *escape = c ? strchr(plain, c) : NULL;

	if (escape)
		strbuf_addf(out, "\\%c", letters[escape - plain]);
	else if (c < ' ' || c == 0x7f)
		strbuf_addf(out, "\\x%02x", c);
	else
		strbuf_addc(out, (char)c);
}

void lower_quote(const char *text, struct strbuf *out)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t c = 0;

	strbuf_addc(out, '"');
	for (size_t len; *s; s += len) {
		len = *s < 0x80 ? 1 : decode(s, &c);
		if (*s < 0x80)
			put_ascii(*s, out);
		else if (!len)
			strbuf_addf(out, "\\x%02x", *s);
		else if (prints(c))
			strbuf_add(out, s, len);
		else
			strbuf_addf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
		len = MAX(len, (size_t)1);
	}
	strbuf_addc(out, '"');
}
