/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_quote.c - a text in quotes, as a kubelet writes labels and annotations to files
 *
 * Programs that read such files undo exactly this: the escapes of C for seven control characters,
 * \xNN for other bytes, \uNNNN for characters that do not print.
 */
#include "kube/lowering.h"
#include "kube/utf8.h"

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

static void put(uint32_t c, const char *s, size_t len, struct strbuf *out)
{
	static const char plain[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
	const char *escape = c < 0x80 ? strchr(plain, (int)c) : NULL;

	if (escape)
		strbuf_addf(out, "\\%c", letters[escape - plain]);
	else if (c < ' ' || c == 0x7f)
		strbuf_addf(out, "\\x%02x", c);
	else if (prints(c))
		strbuf_add(out, s, len);
	else
		strbuf_addf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
}

void lower_quote(const char *text, struct strbuf *out)
{
	size_t left = strlen(text);
	uint32_t c = 0;

	strbuf_addc(out, '"');
	for (size_t len; left; text += len, left -= len) {
		len = utf8_next(text, left, &c);
		if (len) {
			put(c, text, len, out);
		} else {
			strbuf_addf(out, "\\x%02x", (unsigned char)*text);
			len = 1;
		}
	}
	strbuf_addc(out, '"');
}
