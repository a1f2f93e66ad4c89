/* SPDX-License-Identifier: Apache-2.0 */
/* tree_problem.c - what is wrong with the text, and where exactly? */
#include "kube/tree_build.h"

uint32_t tree_line(const struct tree *t, const yaml_mark_t *mark)
{
	return t->origin ? 0 : t->section.line + (uint32_t)mark->line + 1;
}

uint32_t tree_column(const struct tree *t, const yaml_mark_t *mark)
{
	if (t->origin)
		return t->origin;
	return (mark->line ? 0 : t->section.column) + (uint32_t)mark->column + 1;
}

/* The characters that begin in eight bytes: all but 10xxxxxx. */
static size_t chars_in(const char *p)
{
	static const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return sizeof(w) - (size_t)__builtin_popcountll((w >> 7) & (~w >> 6) & ones);
}

size_t tree_offset(struct tree *t, const yaml_mark_t *mark)
{
	const char *text = t->text + t->section.offset;
	const size_t step = sizeof(uint64_t);

	while (t->chars + step < mark->index && t->bytes + step <= t->section_len) {
		t->chars += chars_in(text + t->bytes);
		t->bytes += step;
	}
	while (t->bytes < t->section_len) {
		bool starts = ((unsigned char)text[t->bytes] & 0xc0) != 0x80;

		if (starts && t->chars == mark->index)
			break;
		t->chars += starts;
		t->bytes++;
	}
	return t->section.offset + t->bytes;
}

/* The keys and indices of the open collections. */
const struct at *tree_path(const struct tree *t, struct at at[static TREE_MAX_DEPTH], size_t depth)
{
	const struct at *up = NULL;

	for (size_t i = 0; i < depth; i++) {
		size_t end = i + 1 < t->depth ? t->frame[i + 1].first : t->kids;
		size_t count = end - t->frame[i].first;

		at[i] = (struct at){.up = up, .index = (uint32_t)count};
		if (t->frame[i].node->kind == NODE_MAP)
			at[i].key = count % 2 ? t->kid[end - 1]->text : "?";
		up = &at[i];
	}
	return up;
}

void tree_problem(struct tree *t, uint32_t line, uint32_t column, const char *fmt, ...)
{
	struct at at[TREE_MAX_DEPTH];
	va_list ap;

	va_start(ap, fmt);
	diag_vadd(t->d, KUBE_ERROR, t->file, line, column,
	          t->depth ? tree_path(t, at, t->depth - 1) : NULL, fmt, ap);
	va_end(ap);
}

void tree_refuse(struct tree *t, const yaml_event_t *ev, const char *what, size_t limit)
{
	if (!t->stop)
		diag_add(t->d, KUBE_ERROR, t->file, tree_line(t, &ev->start_mark),
		         tree_column(t, &ev->start_mark), NULL, "%s (limit: %zu)", what, limit);
	t->stop = true;
}

/* libyaml knows only the offset of bad bytes. */
static void reader_problem(struct tree *t)
{
	const yaml_parser_t *p = &t->parser;
	const char *text = t->text + t->section.offset;
	size_t offset = MIN(p->problem_offset, t->section_len);
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	if (p->problem_value >= 0)
		diag_add(t->d, KUBE_ERROR, t->file, tree_line(t, &mark), tree_column(t, &mark),
		         NULL, "%s: not valid text (byte or character 0x%02x)", p->problem,
		         (unsigned)p->problem_value);
	else
		diag_add(t->d, KUBE_ERROR, t->file, tree_line(t, &mark), tree_column(t, &mark),
		         NULL, "%s: not valid text", p->problem);
}

static const char *syntax_hint(struct tree *t)
{
	const yaml_parser_t *p = &t->parser;
	size_t offset;

	if (!p->problem || !starts_with(p->problem, "found character that cannot"))
		return "";
	offset = tree_offset(t, &p->problem_mark);
	if (offset >= t->len)
		return "";
	if (t->text[offset] == '\t')
		return "; tabs cannot indent, use spaces";
	if (t->text[offset] == '%' && offset && t->text[offset - 1] == '{')
		return "; this looks like a template, render it first";
	return "; quote it";
}

void tree_syntax_problem(struct tree *t)
{
	const yaml_parser_t *p = &t->parser;
	uint32_t line = tree_line(t, &p->problem_mark), column = tree_column(t, &p->problem_mark);
	const char *what = p->problem ? p->problem : "cannot be parsed";

	t->stop = true;
	if (p->error == YAML_READER_ERROR)
		reader_problem(t);
	else if (p->context && !t->origin)
		diag_add(t->d, KUBE_ERROR, t->file, line, column, NULL, "%s %s of line %zu%s", what,
		         p->context, t->section.line + p->context_mark.line + 1, syntax_hint(t));
	else
		diag_add(t->d, KUBE_ERROR, t->file, line, column, NULL, "%s%s", what,
		         syntax_hint(t));
}
