/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print_yaml.c - JSON text as block YAML that every reader takes for the same values
 *
 * Readers differ about plain words: YAML 1.1 knows yes, 0x1F, 12:30 and dates, YAML 1.2 does not.
 * So a string is left plain only if none of them can see anything else in it. Text of several lines
 * becomes a literal block, which shows it as it is; whatever is left is quoted.
 */
#include "kube/print.h"

#include <ctype.h>
#include <strings.h>

#include "kube/utf8.h"

enum { INDENT = 2, MAX_SIMPLE_KEY = 1000 }; /* libyaml: 1024 characters with the colon */

struct reader {
	const char *p;
	struct strbuf *out;
	struct strbuf text; /* the string that was read last */
};

static void put_node(struct reader *r, int column, bool started);

/* --- strings of JSON -----------------------------------------------------------------------
 */

static unsigned int hex4(const char *p)
{
	unsigned int v = 0;

	for (int i = 0; i < 4 && isxdigit((unsigned char)p[i]); i++)
		v = v * 16 + (unsigned)(isdigit((unsigned char)p[i]) ? p[i] - '0'
		                                                     : (p[i] | 0x20) - 'a' + 10);
	return v;
}

static void add_utf8(struct strbuf *out, unsigned int c)
{
	if (c < 0x80) {
		strbuf_addc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		strbuf_addc(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			strbuf_addc(out, (char)(0xe0 | c >> 12));
		} else {
			strbuf_addc(out, (char)(0xf0 | c >> 18));
			strbuf_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		strbuf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	strbuf_addc(out, (char)(0x80 | (c & 0x3f)));
}

/* Behind "\u": one code point, perhaps of two halves. */
static void read_unicode(struct reader *r)
{
	unsigned int c = hex4(r->p), low;

	r->p += strnlen(r->p, 4);
	if (c >= 0xd800 && c < 0xdc00 && r->p[0] == '\\' && r->p[1] == 'u') {
		low = hex4(r->p + 2);
		r->p += 2 + strnlen(r->p + 2, 4);
		c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
	}
	add_utf8(&r->text, c);
}

/* A string with its quotes into r->text. */
static void read_string(struct reader *r)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

	strbuf_clear(&r->text);
	strbuf_adds(&r->text, ""); /* never NULL */
	for (r->p++; *r->p && *r->p != '"';) {
		size_t plain = strcspn(r->p, "\"\\");
		const char *escape;

		strbuf_add(&r->text, r->p, plain);
		r->p += plain;
		if (*r->p != '\\' || !r->p[1])
			continue;
		r->p += 2;
		escape = strchr(from, r->p[-1]);
		if (r->p[-1] == 'u')
			read_unicode(r);
		else
			strbuf_addc(&r->text, escape ? to[escape - from] : r->p[-1]);
	}
	r->p += *r->p == '"';
}

/* --- strings of YAML -----------------------------------------------------------------------
 */

/* The character at s and its length. */
static uint32_t code_at(const char *s, size_t *len)
{
	uint32_t c = 0;

	*len = utf8_next(s, strnlen(s, 4), &c);
	if (*len)
		return c;
	*len = 1;
	return (unsigned char)*s;
}

/* Shown as it is, by everyone: no control character, no odd blank or line end, no byte order mark.
 */
static bool is_ordinary(uint32_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c > 0xa0 && c < 0x2000) || (c > 0x200f && c < 0x2028) ||
	       (c > 0x202f && c < 0xd800) || (c >= 0xe000 && c < 0xfeff) ||
	       (c > 0xfeff && c < 0xfffe) || c >= 0x10000;
}

static bool all_ordinary(const char *s, const char *besides)
{
	size_t len;

	for (; *s; s += len) {
		uint32_t c = code_at(s, &len);

		if (!is_ordinary(c) && (c >= 0x80 || !strchr(besides, (int)c)))
			return false;
	}
	return true;
}

/* Words that some reader takes for null, a boolean or a number. */
static bool is_word(const char *s)
{
	static const char *const words[] = {"null",  "true",  "false", "yes", "no",
	                                    "on",    "off",   "y",     "n",   ".inf",
	                                    "+.inf", "-.inf", ".nan",  "..."};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

/* Numbers in any base, dates, times, versions: what begins like a number and has nothing that none
 * of them has. */
static bool is_like_number(const char *s)
{
	s += *s == '+' || *s == '-';
	s += *s == '.';
	return isdigit((unsigned char)*s) && !s[strspn(s, "0123456789abcdefABCDEF_.:xXoO+-tTzZ ")];
}

static bool is_plain(const char *s)
{
	size_t len = strlen(s);
	bool dash = *s == '-' && (isalpha((unsigned char)s[1]) || (s[1] == '-' && s[2] != '-'));

	if (!len || !all_ordinary(s, "") || is_word(s) || is_like_number(s))
		return false;
	if (!isalnum((unsigned char)*s) && !strchr("/_.$(+", *s) && !dash && !(*s & 0x80))
		return false;
	return !strstr(s, ": ") && !strstr(s, " #") && s[len - 1] != ':' && s[len - 1] != ' ';
}

/* Several lines that a block can hold. */
static bool is_literal(const char *s)
{
	return strchr(s, '\n') && s[strspn(s, "\n")] && all_ordinary(s, "\n\t");
}

static void put_quoted(const char *s, struct strbuf *out)
{
	size_t len;

	strbuf_addc(out, '"');
	for (; *s; s += len) {
		uint32_t c = code_at(s, &len);

		if (c == '"' || c == '\\')
			strbuf_addf(out, "\\%c", (int)c);
		else if (c == '\n' || c == '\t')
			strbuf_adds(out, c == '\n' ? "\\n" : "\\t");
		else if (is_ordinary(c))
			strbuf_add(out, s, len);
		else
			strbuf_addf(out, c < 0x100 ? "\\x%02X" : "\\u%04X", c);
	}
	strbuf_addc(out, '"');
}

static void put_blanks(struct strbuf *out, int n)
{
	strbuf_addf(out, "%*s", n, "");
}

/* Lines stand at `column`; the parent of the block two to the left of it. */
static void put_literal(const char *s, int column, struct strbuf *out)
{
	size_t len = strlen(s);

	strbuf_addc(out, '|');
	if (strchr(" \t\n", *s)) /* else its blanks would be taken for indentation */
		strbuf_addf(out, "%d", INDENT);
	if (s[len - 1] != '\n')
		strbuf_addc(out, '-');
	else if (s[len - 2] == '\n')
		strbuf_addc(out, '+');
	strbuf_addc(out, '\n');
	while (*s) {
		size_t line = strcspn(s, "\n");

		if (line)
			put_blanks(out, column);
		strbuf_add(out, s, line);
		strbuf_addc(out, '\n');
		s += line + (s[line] == '\n');
	}
}

/* With the end of its line. */
static void put_string(const char *s, int column, struct strbuf *out)
{
	if (is_literal(s)) {
		put_literal(s, column, out);
		return;
	}
	if (is_plain(s))
		strbuf_adds(out, s);
	else
		put_quoted(s, out);
	strbuf_addc(out, '\n');
}

/* "key:", or "? key" and ":" on a line of its own where readers want that. */
static void put_key(const char *key, int column, struct strbuf *out)
{
	bool simple = strlen(key) <= MAX_SIMPLE_KEY;

	strbuf_adds(out, simple ? "" : "? ");
	if (is_plain(key))
		strbuf_adds(out, key);
	else
		put_quoted(key, out);
	if (!simple) {
		strbuf_addc(out, '\n');
		put_blanks(out, column);
	}
	strbuf_addc(out, ':');
}

/* --- structure -----------------------------------------------------------------------------
 */

static bool is_open(char c)
{
	return c == '{' || c == '[';
}

static bool is_close(char c)
{
	return c == '}' || c == ']';
}

static char next(struct reader *r)
{
	r->p += strspn(r->p, " \t\r\n,:");
	return *r->p;
}

/* What stands behind "key:" of a mapping at column. */
static void put_value(struct reader *r, int column)
{
	char c = next(r);

	if (is_open(c) && !is_close(r->p[1])) {
		strbuf_addc(r->out, '\n');
		put_node(r, c == '{' ? column + INDENT : column, false);
	} else {
		strbuf_addc(r->out, ' ');
		put_node(r, column + INDENT, true);
	}
}

static void put_members(struct reader *r, int column, bool started)
{
	bool mapping = *r->p == '{';

	for (r->p++; next(r) && !is_close(*r->p); started = false) {
		if (!started)
			put_blanks(r->out, column);
		if (mapping) {
			read_string(r);
			put_key(r->text.s, column, r->out);
			put_value(r, column);
		} else {
			strbuf_adds(r->out, "- ");
			put_node(r, column + INDENT, true);
		}
	}
	r->p += *r->p != '\0';
}

/*
 * A value whose lines begin at column; started: its first line has begun already. The depth is that
 * of the tree it was loaded from.
 */
static void put_node(struct reader *r, int column, bool started)
{
	size_t len;

	switch (next(r)) {
	case '"':
		read_string(r);
		put_string(r->text.s, column, r->out);
		break;
	case '{':
	case '[':
		if (is_close(r->p[1])) {
			strbuf_add(r->out, r->p, 2);
			strbuf_addc(r->out, '\n');
			r->p += 2;
		} else {
			put_members(r, column, started);
		}
		break;
	default:
		len = strcspn(r->p, ",]} \t\r\n");
		strbuf_add(r->out, r->p, len);
		strbuf_addc(r->out, '\n');
		r->p += len;
		break;
	}
}

void print_yaml(const char *json, struct strbuf *out)
{
	struct reader r = {.p = json, .out = out};

	put_node(&r, 0, true);
	strbuf_done(&r.text);
}

/* --- JSON for people -----------------------------------------------------------------------
 */

static void new_line(struct strbuf *out, int depth)
{
	strbuf_addc(out, '\n');
	put_blanks(out, depth * INDENT);
}

void print_pretty(const char *json, struct strbuf *out)
{
	int depth = 0;

	for (const char *p = json; *p; p++) {
		size_t len = 1;

		if (*p == '"') {
			while (p[len] && p[len] != '"')
				len += p[len] == '\\' && p[len + 1] ? 2 : 1;
			len += p[len] == '"';
		} else if (is_open(*p) && is_close(p[1])) {
			len = 2;
		} else if (is_close(*p)) {
			new_line(out, --depth);
		}
		strbuf_add(out, p, len);
		if (len == 1 && strchr("{[,", *p))
			new_line(out, depth += *p != ',');
		else if (*p == ':')
			strbuf_addc(out, ' ');
		p += len - 1;
	}
	strbuf_addc(out, '\n');
}
