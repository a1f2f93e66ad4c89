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

/* The character where the text cannot be read on, 0 at its end. */
static char stuck_at(struct tree *t)
{
	size_t offset = tree_offset(t, &t->parser.problem_mark);

	return offset < t->len ? t->text[offset] : '\0';
}

/*
 * What libyaml says and while it does what, in words that help: with the number of the line where
 * that began for %zu. begins: the place to look at is there, and not where it could not go on.
 */
static const struct {
	const char *problem, *context;
	bool begins;
	const char *words;
} sentences[] = {
	{"mapping values are not allowed", "", false,
         "a \":\" cannot stand here; look at the indentation of this line, or quote the text"},
	{"did not find expected key", "block mapping", false,
         "this line does not belong to the mapping that begins in line %zu; look at its "
         "indentation"},
	{"did not find expected '-'", "block collection", false,
         "this line does not belong to the list that begins in line %zu; look at its indentation"},
	{"block sequence entries are not allowed", "", false,
         "an item of a list cannot begin here; write it in a line of its own"},
	{"did not find expected ',' or ']'", "flow sequence", false,
         "the list that begins in line %zu has no \"]\"; write it, or a comma, before this"},
	{"did not find expected ',' or '}'", "flow mapping", false,
         "the mapping that begins in line %zu has no \"}\"; write it, or a comma, before this"},
	{"found unexpected end of stream", "quoted scalar", true, "this quote is never closed"},
	{"found unexpected document indicator", "quoted scalar", true,
         "this quote is not closed before the document ends"},
	{"found unknown escape character", "", false,
         "no such escape in a text with double quotes; write \\\\ for \\, or use single quotes"},
	{"could not find expected ':'", "simple key", true,
         "a \":\" is missing behind this word, or this line has the wrong indentation"},
	{"did not find expected alphabetic", "alias", true,
         "a text that begins with * has to be quoted"},
	{"did not find expected alphabetic", "anchor", true,
         "a text that begins with & has to be quoted"},
	{"found a tab character", "", false, "a tab cannot indent; write spaces"},
};

static bool says(const char *text, const char *words)
{
	return text ? strstr(text, words) != NULL : !*words;
}

static const char *sentence(struct tree *t, bool *begins)
{
	const yaml_parser_t *p = &t->parser;

	*begins = false;
	if (says(p->problem, "found character that cannot")) {
		char c = stuck_at(t);

		if (c == '\t')
			return "a tab cannot indent; write spaces";
		if (c == '%')
			return "a text cannot begin with this character; quote it, or render this "
			       "if it is a template";
		return "a text cannot begin with this character; quote it";
	}
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++)
		if (p->problem && says(p->problem, sentences[i].problem) &&
		    (!*sentences[i].context || says(p->context, sentences[i].context))) {
			*begins = sentences[i].begins;
			return sentences[i].words;
		}
	return NULL;
}

static void report_syntax(struct tree *t)
{
	const yaml_parser_t *p = &t->parser;
	bool begins;
	const char *words = sentence(t, &begins);
	const yaml_mark_t *mark = begins ? &p->context_mark : &p->problem_mark;
	uint32_t line = tree_line(t, mark), column = tree_column(t, mark);
	size_t began = t->section.line + p->context_mark.line + 1;
	const char *number = words ? strstr(words, "%zu") : NULL;

	if (number && !t->origin)
		diag_add(t->d, KUBE_ERROR, t->file, line, column, NULL, "%.*s%zu%s",
		         (int)(number - words), words, began, number + strlen("%zu"));
	else if (words && !number)
		diag_add(t->d, KUBE_ERROR, t->file, line, column, NULL, "%s", words);
	else if (p->problem && p->context && !t->origin)
		diag_add(t->d, KUBE_ERROR, t->file, line, column, NULL, "%s %s of line %zu",
		         p->problem, p->context, began);
	else
		diag_add(t->d, KUBE_ERROR, t->file, line, column, NULL, "%s",
		         p->problem ? p->problem : "cannot be parsed");
}

void tree_syntax_problem(struct tree *t)
{
	const char *rule = t->d->rule;

	t->stop = true;
	t->d->rule = "syntax";
	if (t->parser.error == YAML_READER_ERROR)
		reader_problem(t);
	else
		report_syntax(t);
	t->d->rule = rule;
}
