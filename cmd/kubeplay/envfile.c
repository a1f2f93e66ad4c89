/* SPDX-License-Identifier: Apache-2.0 */
/* envfile.c - see envfile.h */
#include "cmd/kubeplay/envfile.h"

#include <errno.h>
#include <fcntl.h>

#include "pkg/util/fd.h"

struct reader {
	const char *name;
	const char *p, *end;
	int line;
	struct err *e;
};

static int wrong(const struct reader *r, int line, const char *what)
{
	return err_set(r->e, ERR_INPUT, "%s:%d: %s", r->name, line, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && is_blank(*r->p))
		r->p++;
}

static bool at_line_end(const struct reader *r)
{
	return r->p == r->end || *r->p == '\n' ||
	       (*r->p == '\r' && r->p + 1 < r->end && r->p[1] == '\n');
}

static void skip_line(struct reader *r)
{
	while (r->p < r->end && *r->p != '\n')
		r->p++;
	if (r->p < r->end)
		r->p++;
	r->line++;
}

static size_t name_length(const struct reader *r)
{
	size_t n = 0, left = (size_t)(r->end - r->p);

	while (n < left &&
	       (r->p[n] == '_' || (r->p[n] >= 'a' && r->p[n] <= 'z') ||
	        (r->p[n] >= 'A' && r->p[n] <= 'Z') ||
	        (n && ((r->p[n] >= '0' && r->p[n] <= '9') || r->p[n] == '.' || r->p[n] == '-'))))
		n++;
	return n;
}

/* What stands for itself is added; the backslash stays where it means nothing. */
static void add_escape(struct reader *r, struct strbuf *out)
{
	static const char from[] = "nrt\"\\$", to[] = "\n\r\t\"\\$";
	const char *found = r->p + 1 < r->end && r->p[1] ? strchr(from, r->p[1]) : NULL;

	if (!found) {
		strbuf_addc(out, '\\');
		r->p++;
		return;
	}
	strbuf_addc(out, to[found - from]);
	r->p += 2;
}

static int quoted_value(struct reader *r, struct strbuf *out)
{
	char quote = *r->p++;
	int start = r->line;

	while (r->p < r->end && *r->p != quote) {
		if (quote == '"' && *r->p == '\\') {
			add_escape(r, out);
			continue;
		}
		r->line += *r->p == '\n';
		strbuf_addc(out, *r->p++);
	}
	if (r->p == r->end)
		return wrong(r, start, "the quote is not closed");
	r->p++;
	skip_blanks(r);
	if (!at_line_end(r) && *r->p != '#')
		return wrong(r, r->line, "more text after the closing quote");
	return 0;
}

static void plain_value(struct reader *r, struct strbuf *out)
{
	const char *start = r->p, *stop = r->p;

	while (!at_line_end(r) && !(*r->p == '#' && (r->p == start || is_blank(r->p[-1])))) {
		r->p++;
		if (!is_blank(r->p[-1]))
			stop = r->p;
	}
	strbuf_add(out, start, (size_t)(stop - start));
}

static int read_entry(struct reader *r, struct strv *ret)
{
	static const char export[] = "export";
	const size_t skip = sizeof(export) - 1;
	struct strbuf value = {0};
	size_t n;

	if ((size_t)(r->end - r->p) > skip && memcmp(r->p, export, skip) == 0 &&
	    is_blank(r->p[skip])) {
		r->p += skip;
		skip_blanks(r);
	}
	n = name_length(r);
	autofree char *name = xstrndup(r->p, n);

	r->p += n;
	skip_blanks(r);
	if (!n || r->p == r->end || *r->p != '=')
		return wrong(r, r->line, "expected NAME=value");
	r->p++;
	skip_blanks(r);
	if (r->p < r->end && (*r->p == '"' || *r->p == '\'')) {
		if (quoted_value(r, &value) < 0) {
			strbuf_done(&value);
			return -1;
		}
	} else {
		plain_value(r, &value);
	}
	strv_take(ret, take_ptr(name));
	strv_take(ret, strbuf_take(&value));
	return 0;
}

int envfile_parse(const char *name, const char *text, size_t len, struct strv *ret, struct err *e)
{
	struct reader r = {.name = name, .p = text, .end = text + len, .line = 1, .e = e};
	static const char bom[] = "\xef\xbb\xbf";

	if (memchr(text, '\0', len))
		return err_set(e, ERR_INPUT, "%s: not a text file", name);
	if (len >= 3 && memcmp(text, bom, 3) == 0)
		r.p += 3;
	while (r.p < r.end) {
		skip_blanks(&r);
		if (!at_line_end(&r) && *r.p != '#' && read_entry(&r, ret) < 0)
			return -1;
		skip_line(&r);
	}
	return 0;
}

int envfile_read(const char *path, struct strv *ret, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	autostrbuf struct strbuf text = {0};

	if (fd < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "open %s", path);
	if (fd_read_all(fd, ENVFILE_MAX, &text, e) < 0)
		return err_wrap(e, "%s", path);
	return envfile_parse(path, text.s ? text.s : "", text.len, ret, e);
}
