/* SPDX-License-Identifier: Apache-2.0 */
/* tree_text.c - see tree_text.h */
#include "kube/tree_text.h"

#define BOM "\xef\xbb\xbf"

enum { BOM_LEN = 3, ESCAPE = 6 /* \uXXXX */, PAIR = 2 * ESCAPE };

/* --- UTF-16 ------------------------------------------------------------------------------------
 */

static void put_utf8(struct strbuf *out, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char head[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)(head[n] | c);
	strbuf_add(out, b, n);
}

static uint32_t unit(const char *s, bool big)
{
	unsigned char a = (unsigned char)s[0], b = (unsigned char)s[1];

	return big ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

static bool is_high(uint32_t c)
{
	return c >= 0xd800 && c <= 0xdbff;
}

static bool is_low(uint32_t c)
{
	return c >= 0xdc00 && c <= 0xdfff;
}

static uint32_t join(uint32_t high, uint32_t low)
{
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Half a character or half a unit becomes a byte that is no UTF-8, so that its place is reported.
 */
static void from_utf16(struct strbuf *text)
{
	bool big = text->s[0] == '\xfe';
	struct strbuf out = {0};

	for (size_t i = 2; i + 1 < text->len; i += 2) {
		uint32_t c = unit(text->s + i, big), next = 0;

		if (is_high(c) && i + 3 < text->len)
			next = unit(text->s + i + 2, big);
		if (is_low(next)) {
			c = join(c, next);
			i += 2;
		}
		if (is_high(c) || is_low(c))
			strbuf_addc(&out, '\xff');
		else
			put_utf8(&out, c);
	}
	if (text->len % 2)
		strbuf_addc(&out, '\xff');
	strbuf_done(text);
	*text = out;
}

/* --- JSON --------------------------------------------------------------------------------------
 */

static int32_t hex4(const char *s)
{
	int32_t v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
		            : c >= 'a' && c <= 'f' ? c - 'a' + 10
		            : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                                   : -1;

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* The character of \uXXXX\uXXXX, 0 if that is not what stands here. */
static uint32_t surrogates(const char *s, size_t left)
{
	int32_t high, low;

	if (left < PAIR || s[1] != 'u' || s[ESCAPE] != '\\' || s[ESCAPE + 1] != 'u')
		return 0;
	high = hex4(s + 2);
	low = hex4(s + ESCAPE + 2);
	return high >= 0 && low >= 0 && is_high((uint32_t)high) && is_low((uint32_t)low)
	               ? join((uint32_t)high, (uint32_t)low)
	               : 0;
}

static bool is_json(const char *text, size_t len)
{
	return len && (text[0] == '{' || text[0] == '[');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What JSON has outside of its strings. */
static bool is_json_byte(char c)
{
	return is_blank(c) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr("{}[]:,+-._", c));
}

/* Just after a string that begins at i, or len. */
static size_t skip_string(const char *text, size_t i, size_t len)
{
	for (i++; i < len && text[i] != '"'; i++)
		i += text[i] == '\\';
	return MIN(i + 1, len);
}

size_t tree_text_section(const char *text, size_t len)
{
	size_t depth = 0, i = 0;

	if (!is_json(text, len))
		return len;
	do {
		char c = text[i];

		if (c == '"') {
			i = skip_string(text, i, len);
			continue;
		}
		if (!is_json_byte(c))
			return len; /* YAML in flow style */
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		i++;
	} while (depth && i < len);
	while (i < len && is_blank(text[i]))
		i++;
	return i < len && is_json(text + i, len - i) ? i : len;
}

/* --- both --------------------------------------------------------------------------------------
 */

/* Leave out what makes libyaml stumble; from and to are the same memory, to never overtakes. */
static size_t squeeze(char *text, size_t len, bool json)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		uint32_t c;

		if ((!to || text[to - 1] == '\n') && len - i >= BOM_LEN &&
		    memcmp(text + i, BOM, BOM_LEN) == 0) {
			i += BOM_LEN - 1;
			continue;
		}
		c = json && text[i] == '\\' ? surrogates(text + i, len - i) : 0;
		if (c) {
			struct strbuf one = {0};

			put_utf8(&one, c);
			memcpy(text + to, one.s, one.len);
			to += one.len;
			strbuf_done(&one);
			i += PAIR - 1;
			continue;
		}
		text[to++] = text[i];
		if (json && text[i] == '\\' && i + 1 < len)
			text[to++] = text[++i]; /* what is escaped begins no escape of its own */
	}
	return to;
}

void tree_text_prepare(struct strbuf *text)
{
	bool json;

	if (text->len < 2)
		return;
	if (memcmp(text->s, "\xff\xfe", 2) == 0 || memcmp(text->s, "\xfe\xff", 2) == 0)
		from_utf16(text);
	if (!text->len)
		return;
	json = is_json(text->s, text->len) ||
	       (text->len > BOM_LEN && memcmp(text->s, BOM, BOM_LEN) == 0 &&
	        is_json(text->s + BOM_LEN, text->len - BOM_LEN));
	if (!memmem(text->s, text->len, BOM, BOM_LEN) &&
	    !(json &&
	      (memmem(text->s, text->len, "\\ud", 3) || memmem(text->s, text->len, "\\uD", 3))))
		return;
	text->len = squeeze(text->s, text->len, json);
	text->s[text->len] = '\0';
}
