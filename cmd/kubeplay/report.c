/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h */
#include "cmd/kubeplay/report.h"

#include <inttypes.h>

#include "pkg/util/fd.h"

static const int64_t ns_per_s = 1000000000;

void table_cell(struct table *t, const char *text)
{
	if (!text || !*text)
		text = "<none>";
	strv_take(&t->cells, str_sanitize(text, strlen(text)));
}

void table_cellf(struct table *t, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	table_cell(t, text);
}

void table_cells(struct table *t, const char *first, ...)
{
	va_list ap;

	va_start(ap, first);
	for (const char *text = first; text; text = va_arg(ap, const char *))
		table_cell(t, text);
	va_end(ap);
}

/* Characters, not bytes: UTF-8 continuation bytes take no room. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void table_format(const struct table *t, struct strbuf *out)
{
	autofree size_t *widths = xcalloc(t->columns, sizeof(*widths));

	for (size_t i = 0; i < t->cells.len; i++)
		widths[i % t->columns] = MAX(widths[i % t->columns], width(t->cells.v[i]));
	for (size_t i = 0; i < t->cells.len; i++) {
		const char *cell = t->cells.v[i];
		size_t column = i % t->columns;

		strbuf_adds(out, cell);
		if (column + 1 == t->columns)
			strbuf_addc(out, '\n');
		else
			strbuf_addf(out, "%*s", (int)(widths[column] - width(cell) + 3), "");
	}
}

void table_print(const struct table *t)
{
	autostrbuf struct strbuf text = {0};

	table_format(t, &text);
	if (text.len)
		(void)fwrite(text.s, 1, text.len, stdout);
}

void table_done(struct table *t)
{
	strv_done(&t->cells);
}

/* Two units, the second only while it says something: "3h25m", but "5h" and not "5h0m". */
static void two_units(int64_t big, char big_unit, int64_t small, char small_unit, char *out)
{
	if (small)
		(void)snprintf(out, REPORT_AGE_SIZE, "%" PRId64 "%c%" PRId64 "%c", big, big_unit,
		               small, small_unit);
	else
		(void)snprintf(out, REPORT_AGE_SIZE, "%" PRId64 "%c", big, big_unit);
}

void report_age(int64_t ns, char out[REPORT_AGE_SIZE])
{
	int64_t s = MAX(ns, 0) / ns_per_s, m = s / 60, h = m / 60, d = h / 24;

	if (s < 120)
		two_units(s, 's', 0, 0, out);
	else if (m < 10)
		two_units(m, 'm', s % 60, 's', out);
	else if (m < 180)
		two_units(m, 'm', 0, 0, out);
	else if (h < 8)
		two_units(h, 'h', m % 60, 'm', out);
	else if (h < 48)
		two_units(h, 'h', 0, 0, out);
	else if (d < 8)
		two_units(d, 'd', h % 24, 'h', out);
	else if (d < 730)
		two_units(d, 'd', 0, 0, out);
	else if (d < 2920)
		two_units(d / 365, 'y', d % 365, 'd', out);
	else
		two_units(d / 365, 'y', 0, 0, out);
}

void report_size(int64_t bytes, char out[REPORT_SIZE_SIZE])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double n = (double)bytes;
	size_t u = 0;

	while (n >= 999.5 && u + 1 < ARRAY_LEN(units)) {
		n /= 1000;
		u++;
	}
	(void)snprintf(out, REPORT_SIZE_SIZE, "%.*f%s", u && n < 9.95 ? 1 : 0, n, units[u]);
}

json_t *report_string(const char *text)
{
	json_t *value;

	if (!text)
		return json_null();
	value = json_string(text);
	if (!value) {
		autofree char *clean = str_sanitize(text, strlen(text));

		value = json_string(clean);
	}
	return value;
}

void report_set(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(object, key, report_string(text));
}

void report_json(json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout);
	json_decref(value);
}

void report_lines(const struct strv *lines)
{
	for (size_t i = 0; i < lines->len; i++) {
		autofree char *clean = str_sanitize(lines->v[i], strlen(lines->v[i]));

		(void)printf("%s\n", clean);
	}
}

void report_error(const struct err *e)
{
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};

	for (const char *p = e->msg, *first = p; p;) {
		size_t len = strcspn(p, "\n");
		size_t blanks = p == first ? 0 : strspn(p, " ");
		autofree char *line = str_sanitize(p + blanks, len - MIN(blanks, len));

		strbuf_addf(&text, "%s%s\n", p == first ? "kubeplay: error: " : "  ", line);
		p = p[len] ? p + len + 1 : NULL;
	}
	(void)fd_write_all(STDERR_FILENO, text.s, text.len, &ignored);
}
