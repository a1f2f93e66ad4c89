/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus.h - the cases of tests/golden/corpus: a few lines of a manifest, and what must come of
 * them
 *
 * tests/golden/corpus/README says how a file of cases is written. Reading is strict: what does not
 * fit fails the test, with its line.
 */
#pragma once

#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>

#include "kube/kube.h"
#include "pkg/util/fd.h"

#define CORPUS_DIR "tests/golden/corpus"

/* What stands around the lines of many cases. */
struct corpus_frame {
	char *name;
	char *plan;           /* where its lines are in the plan: what ".x" begins at */
	char *before, *after; /* whole lines */
	int lines, indent;    /* of `before`; what each line of a case is indented by */
};

struct corpus_case {
	const char *file; /* without directory and ".cases" */
	int line;         /* of its header */
	char *name, *says;
	const struct corpus_frame *frame;
	enum kube_validate validate;
	bool escaped, substitute_volumes, substitute;
	char *header, *lines, *want; /* as they stand in the file */
};

struct corpus_file {
	char *name, *head; /* what stands before the first case */
	struct corpus_case *cases;
	size_t len;
};

struct corpus {
	struct corpus_frame *frames;
	size_t frames_len;
	struct corpus_file *files;
	size_t files_len;
};

static void corpus_read(const char *name, struct strbuf *out)
{
	autofree char *path = xasprintf("%s/%s", CORPUS_DIR, name);
	struct err e = {0};

	if (fd_read_file(AT_FDCWD, path, 1 << 20, out, &e) < 0)
		fail_msg("%s", e.msg);
}

/* The next line without its end, NULL after the last one. */
static char *corpus_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!*line)
		return NULL;
	*at = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

/* "#### name" ... "plan: pods[0]" ... lines, one of them "%" where those of the case go. */
static void corpus_read_frames(struct corpus *c)
{
	autostrbuf struct strbuf text = {0}, lines = {0};
	struct corpus_frame *f = NULL;
	char *at, *line;

	corpus_read("frames", &text);
	at = text.s;
	while ((line = corpus_line(&at))) {
		char *mark = line + strspn(line, " ");

		if (starts_with(line, "#### ")) {
			if (f)
				f->after = strbuf_take(&lines);
			c->frames = xrealloc(c->frames, (c->frames_len + 1) * sizeof(*c->frames));
			f = &c->frames[c->frames_len++];
			*f = (struct corpus_frame){.name = xstrdup(line + 5)};
			strbuf_clear(&lines);
		} else if (f && starts_with(line, "plan: ")) {
			f->plan = xstrdup(line + 6);
		} else if (f && streq(mark, "%")) {
			f->indent = (int)(mark - line);
			f->before = strbuf_take(&lines);
		} else if (f) {
			f->lines += !f->before;
			strbuf_addf(&lines, "%s\n", line);
		}
	}
	if (f)
		f->after = strbuf_take(&lines);
}

static const struct corpus_frame *corpus_frame(const struct corpus *c, const char *name)
{
	for (size_t i = 0; i < c->frames_len; i++)
		if (streq(c->frames[i].name, name))
			return &c->frames[i];
	return NULL;
}

static void corpus_option(const struct corpus *c, struct corpus_case *x, const char *word)
{
	if (streq(word, "warn"))
		x->validate = KUBE_WARN;
	else if (streq(word, "ignore"))
		x->validate = KUBE_IGNORE;
	else if (streq(word, "escaped"))
		x->escaped = true;
	else if (streq(word, "substitute-volumes"))
		x->substitute_volumes = true;
	else if (streq(word, "substitute"))
		x->substitute = true;
	else
		x->frame = corpus_frame(c, word);
	if (!x->frame)
		fail_msg("%s:%d: no frame \"%s\"", x->file, x->line, word);
}

/* "#### name | frame and options | what must hold" */
static void corpus_header(const struct corpus *c, struct corpus_case *x)
{
	char *name, *options, *word, *save = NULL;
	autofree char *copy = xstrdup(x->header + 5);

	x->frame = corpus_frame(c, "file");
	name = copy;
	options = strstr(copy, " | ");
	x->says = options ? strstr(options + 3, " | ") : NULL;
	if (!x->says) {
		fail_msg("%s:%d: #### NAME | FRAME | WHAT MUST HOLD", x->file, x->line);
		return;
	}
	*options = '\0';
	*x->says = '\0';
	x->name = xstrdup(name);
	x->says = xstrdup(x->says + 3);
	for (word = strtok_r(options + 3, " ", &save); word; word = strtok_r(NULL, " ", &save))
		corpus_option(c, x, word);
}

static struct corpus_case *corpus_add(struct corpus_file *f)
{
	f->cases = xrealloc(f->cases, (f->len + 1) * sizeof(*f->cases));
	f->cases[f->len] = (struct corpus_case){.file = f->name};
	return &f->cases[f->len++];
}

static void corpus_end(struct corpus_case *x, struct strbuf *lines, bool expects)
{
	if (x && !expects)
		fail_msg("%s:%d: no line \"=>\"", x->file, x->line);
	while (x && lines->len > 1 && ends_with(lines->s, "\n\n"))
		lines->s[--lines->len] = '\0';
	if (x)
		x->want = lines->len && !streq(lines->s, "\n") ? strbuf_take(lines) : xstrdup("");
	strbuf_clear(lines);
}

static void corpus_read_file(const struct corpus *c, struct corpus_file *f, const char *name)
{
	autostrbuf struct strbuf text = {0}, lines = {0};
	struct corpus_case *x = NULL;
	bool expects = false;
	char *at, *line;
	int n = 0;

	f->name = xstrndup(name, strlen(name) - strlen(".cases"));
	corpus_read(name, &text);
	at = text.s;
	while ((line = corpus_line(&at))) {
		n++;
		if (starts_with(line, "#### ")) {
			if (x)
				corpus_end(x, &lines, expects);
			else
				f->head = lines.len ? strbuf_take(&lines) : xstrdup("");
			x = corpus_add(f);
			x->line = n;
			x->header = xstrdup(line);
			corpus_header(c, x);
			expects = false;
		} else if (x && !expects && streq(line, "=>")) {
			x->lines = lines.len ? strbuf_take(&lines) : xstrdup("");
			expects = true;
		} else {
			strbuf_addf(&lines, "%s\n", line);
		}
	}
	corpus_end(x, &lines, expects);
}

static int corpus_is_cases(const struct dirent *d)
{
	return ends_with(d->d_name, ".cases");
}

/* All files of cases; they stay in memory until the process ends. */
static struct corpus *corpus(void)
{
	static struct corpus c;
	struct dirent **entries = NULL;
	int n;

	if (c.files_len)
		return &c;
	corpus_read_frames(&c);
	n = scandir(CORPUS_DIR, &entries, corpus_is_cases, alphasort);
	assert_true(n > 0);
	c.files = xcalloc((size_t)n, sizeof(*c.files));
	for (int i = 0; i < n; i++) {
		corpus_read_file(&c, &c.files[c.files_len++], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return &c;
}

/* "*3(ab)" is ababab; returns what follows it. */
static const char *corpus_repeat(const char *s, struct strbuf *out)
{
	char *open;
	unsigned long n = strtoul(s + 1, &open, 10);
	size_t len = strcspn(open, ")");

	while (n--)
		strbuf_add(out, open + 1, len - 1);
	return open + len;
}

/* \t \r \n \\ \xHH \*N(...) of an escaped case become the bytes that they stand for. */
static void corpus_unescape(const char *s, struct strbuf *out)
{
	static const char from[] = "trn\\", to[] = "\t\r\n\\";

	for (; *s; s++) {
		const char *which = *s == '\\' && s[1] ? strchr(from, s[1]) : NULL;

		if (which) {
			strbuf_addc(out, to[which - from]);
			s++;
		} else if (*s == '\\' && s[1] == '*') {
			s = corpus_repeat(s + 1, out);
		} else if (*s == '\\' && s[1] == 'x') {
			char hex[3] = {s[2], s[2] ? s[3] : '\0', '\0'};

			strbuf_addc(out, (char)strtol(hex, NULL, 16));
			s += 1 + strlen(hex);
		} else {
			strbuf_addc(out, *s);
		}
	}
}

/* The whole manifest of a case. */
static void corpus_manifest(const struct corpus_case *x, struct strbuf *out)
{
	autofree char *copy = xstrdup(x->lines);
	char *at = copy, *line;

	strbuf_adds(out, x->frame->before ? x->frame->before : "");
	if (x->escaped)
		corpus_unescape(x->lines, out);
	while (!x->escaped && (line = corpus_line(&at)))
		strbuf_addf(out, "%*s%s\n", *line ? x->frame->indent : 0, "", line);
	strbuf_adds(out, x->frame->after ? x->frame->after : "");
}

/* Run the front end on a text as if it were the case. */
static struct kube_result corpus_load_text(const struct corpus_case *x, const char *text,
                                           size_t len)
{
	static const struct kube_var vars[] = {{"NAME", "web"}, {"EMPTY", ""}, {"N", "3"}};
	struct kube_options o = {.validate = x->validate,
	                         .project = "corpus",
	                         .namespace_default = "default",
	                         .node_name = "node",
	                         .substitute_volumes = x->substitute_volumes,
	                         .substitute = x->substitute,
	                         .vars = vars,
	                         .vars_count = ARRAY_LEN(vars),
	                         .fates = true};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/corpus/x.yaml", text, len, &o, &r, &e), 0);
	return r;
}

static struct kube_result corpus_load(const struct corpus_case *x)
{
	autostrbuf struct strbuf text = {0};

	corpus_manifest(x, &text);
	return corpus_load_text(x, text.s ? text.s : "", text.len);
}
