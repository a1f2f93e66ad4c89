/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_corpus.c - hundreds of small manifests, one idea each, give the messages and the plan that
 * stand beside them
 *
 * KP_GOLDEN_UPDATE=1 writes what comes out instead: read all of it, a wrong line that is frozen is
 * worse than none. The other tests look at what the corpus has: every rule, kind, verdict and row
 * of what is supported is in it.
 */
#include "tests/unit/corpus.h"
#include "tests/unit/corpus_plan.h"

#include "kube/objects.h"
#include "kube/print.h"
#include "kube/validate.h"

enum { MIN_CASES = 300, MIN_MISTAKES = 30 };

static bool updating(void)
{
	const char *update = getenv("KP_GOLDEN_UPDATE");

	return update && *update == '1';
}

/* --- what a case gives ------------------------------------------------------------------------
 */

/* A place is told from the first line of the case, with @ from that of the frame. */
static void add_place(const struct corpus_case *x, const struct kube_diag *d, struct strbuf *out)
{
	int line = d->line - x->frame->lines, count = 0;

	for (const char *p = x->lines; *p; p++)
		count += *p == '\n';
	if (!d->line)
		strbuf_adds(out, "-");
	else if (line > 0 && line <= count && d->column > x->frame->indent)
		strbuf_addf(out, "%d:%d", line, d->column - x->frame->indent);
	else
		strbuf_addf(out, "@%d:%d", d->line, d->column);
}

static void add_diags(const struct corpus_case *x, const struct kube_result *r, struct strbuf *out)
{
	for (size_t i = 0; i < r->diag_count; i++) {
		struct kube_diag d = r->diags[i];

		add_place(x, &d, out);
		d.file = (char[]){""};
		d.line = 0;
		autofree char *text = kube_diag_text(&d);

		strbuf_addf(out, "%s [%s]\n", text, d.rule);
	}
}

static void add_plan_value(const struct corpus_case *x, json_t *plan, const char *path,
                           struct strbuf *out)
{
	autofree char *full = xasprintf(
		"%s%s", strchr(".[", *path) && x->frame->plan ? x->frame->plan : "", path);
	json_t *v = corpus_find(plan, full), *shown;

	if (!v) {
		strbuf_adds(out, plan ? "none" : "no plan");
		return;
	}
	shown = json_is_array(v) ? corpus_mapping(v) : json_incref(v);
	autofree char *text = json_dumps(shown, JSON_ENCODE_ANY | JSON_COMPACT);

	strbuf_adds(out, text);
	json_decref(shown);
}

static const char *fate_word(enum kube_fate fate)
{
	static const char *const words[] = {
		[KUBE_APPLIED] = "applied", [KUBE_APPROXIMATED] = "approximated",
		[KUBE_IGNORED] = "ignored", [KUBE_SERVER] = "server",
		[KUBE_NOT_YET] = "not yet", [KUBE_REFUSED] = "refused",
		[KUBE_UNKNOWN] = "unknown"};

	return words[fate];
}

/* What becomes of a field, in whatever object of the case has it. */
static void add_fate(const struct kube_result *r, const char *path, struct strbuf *out)
{
	for (size_t i = 0; i < r->objects_count && r->fates; i++)
		for (size_t f = 0; f < r->fates[i].fields_count; f++)
			if (streq(r->fates[i].fields[f].path, path)) {
				strbuf_adds(out, fate_word(r->fates[i].fields[f].fate));
				return;
			}
	strbuf_adds(out, "none");
}

static void add_data(const struct kube_result *r, const char *name, struct strbuf *out)
{
	const struct plan_datum *d = plan_data_get(&r->data, name);
	json_t *text = d ? json_stringn_nocheck(d->bytes, d->len) : NULL;

	if (!d) {
		strbuf_adds(out, "none");
		return;
	}
	autofree char *shown = json_dumps(text, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);

	strbuf_adds(out, shown ? shown : "no text");
	json_decref(text);
}

/* The lines of a case that are questions: "PATH = value", "fate PATH = word", "data NAME = text".
 */
static void answer(const struct corpus_case *x, const struct kube_result *r, json_t *plan,
                   const char *line, struct strbuf *out)
{
	const char *value = strstr(line, " =");
	autofree char *question = xstrndup(line, value ? (size_t)(value - line) : strlen(line));

	strbuf_addf(out, "%s = ", question);
	if (starts_with(question, "fate "))
		add_fate(r, question + strlen("fate "), out);
	else if (starts_with(question, "data "))
		add_data(r, question + strlen("data "), out);
	else
		add_plan_value(x, plan, question, out);
	strbuf_addc(out, '\n');
}

static bool is_diag(const char *line)
{
	return strchr("0123456789@-", *line) != NULL;
}

static void what_comes_of(const struct corpus_case *x, const struct kube_result *r,
                          struct strbuf *out)
{
	autofree char *copy = xstrdup(x->want);
	autostrbuf struct strbuf text = {0};
	json_t *plan = NULL;
	char *at = copy, *line;

	if (r->plan) {
		plan_json(r->plan, &text);
		plan = json_loads(text.s, 0, NULL);
		assert_non_null(plan);
	}
	add_diags(x, r, out);
	while ((line = corpus_line(&at)))
		if (*line && !is_diag(line))
			answer(x, r, plan, line, out);
	json_decref(plan);
}

static void write_file(const struct corpus_file *f, struct strbuf *const got)
{
	autofree char *path = xasprintf("%s/%s.cases", CORPUS_DIR, f->name);
	autostrbuf struct strbuf text = {0};
	struct err e = {0};

	strbuf_adds(&text, f->head);
	for (size_t i = 0; i < f->len; i++)
		strbuf_addf(&text, "%s\n%s=>\n%s%s", f->cases[i].header, f->cases[i].lines,
		            got[i].s ? got[i].s : "", i + 1 < f->len ? "\n" : "");
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(fd_write_all(fd, text.s, text.len, &e), 0);
}

static size_t check_file(const struct corpus_file *f)
{
	autofree struct strbuf *got = xcalloc(f->len, sizeof(*got));
	size_t wrong = 0;

	for (size_t i = 0; i < f->len; i++) {
		const struct corpus_case *x = &f->cases[i];
		struct kube_result r = corpus_load(x);

		what_comes_of(x, &r, &got[i]);
		if (!updating() && !streq(x->want, got[i].s ? got[i].s : "")) {
			print_error("%s.cases:%d: %s\n--- expected\n%s+++ got\n%s", f->name,
			            x->line, x->name, x->want, got[i].s ? got[i].s : "");
			wrong++;
		}
		kube_result_done(&r);
	}
	if (updating())
		write_file(f, got);
	for (size_t i = 0; i < f->len; i++)
		strbuf_done(&got[i]);
	return wrong;
}

TEST(every_case_gives_what_stands_beside_it)
{
	const struct corpus *c = corpus();
	size_t wrong = 0;

	for (size_t i = 0; i < c->files_len; i++)
		wrong += check_file(&c->files[i]);
	assert_int_equal(wrong, 0);
}

/* --- what the corpus has ----------------------------------------------------------------------
 */

static const struct corpus_case *find_case(const char *name)
{
	const struct corpus *c = corpus();

	for (size_t i = 0; i < c->files_len; i++)
		for (size_t n = 0; n < c->files[i].len; n++)
			if (streq(c->files[i].cases[n].name, name))
				return &c->files[i].cases[n];
	return NULL;
}

TEST(there_are_hundreds_of_cases_each_with_a_name)
{
	const struct corpus *c = corpus();
	size_t count = 0, wrong = 0;

	for (size_t i = 0; i < c->files_len; i++)
		for (size_t n = 0; n < c->files[i].len; n++) {
			const struct corpus_case *x = &c->files[i].cases[n];

			count++;
			if (find_case(x->name) != x || !*x->says) {
				print_error("%s.cases:%d: another case has the name %s\n", x->file,
				            x->line, x->name);
				wrong++;
			}
		}
	assert_int_equal(wrong, 0);
	assert_true(count >= MIN_CASES);
}

/* True if a case expects a problem with this id. */
static bool expects(const char *rule)
{
	autofree char *mark = xasprintf(" [%s]\n", rule);
	const struct corpus *c = corpus();

	for (size_t i = 0; i < c->files_len; i++)
		for (size_t n = 0; n < c->files[i].len; n++)
			if (strstr(c->files[i].cases[n].want, mark))
				return true;
	return false;
}

TEST(every_rule_is_broken_by_a_case)
{
	static const char *const reading[] = {
		"unknown-field", "missing-field", "not-supported", "syntax", "wrong-type",
		"wrong-word",    "null-item",     "duplicate-key", "kind",   "old-version",
		"kind-skipped",  "limit",         "variable",      "plan"};
	size_t count, wrong = 0;
	const struct validate_rule *rules = validate_rules(&count);

	for (size_t i = 0; i < count + ARRAY_LEN(reading); i++) {
		const char *id = i < count ? rules[i].id : reading[i - count];

		if (expects(id))
			continue;
		print_error("no case for %s: %s\n", id, i < count ? rules[i].doc : "");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* What was seen in all cases. */
struct seen {
	bool kinds[OBJECT_TYPE_COUNT], fates[KUBE_FATE_COUNT], kind_fates[KUBE_FATE_COUNT];
};

static void look(const struct corpus_case *x, struct seen *seen)
{
	struct kube_result r = corpus_load(x);

	for (size_t i = 0; i < r.objects_count && r.fates; i++) {
		for (int k = 0; k < OBJECT_TYPE_COUNT; k++)
			seen->kinds[k] |= streq(schema_kinds[k].name, r.fates[i].kind);
		seen->kind_fates[r.fates[i].fate] = true;
		for (size_t f = 0; f < r.fates[i].fields_count; f++)
			seen->fates[r.fates[i].fields[f].fate] = true;
	}
	kube_result_done(&r);
}

TEST(every_kind_and_every_verdict_has_a_case)
{
	const struct corpus *c = corpus();
	struct seen seen = {0};

	for (size_t i = 0; i < c->files_len; i++)
		for (size_t n = 0; n < c->files[i].len; n++)
			look(&c->files[i].cases[n], &seen);
	for (int k = 0; k < OBJECT_TYPE_COUNT; k++)
		if (!seen.kinds[k])
			fail_msg("no case has a %s", schema_kinds[k].name);
	for (int f = 0; f < KUBE_FATE_COUNT; f++)
		if (!seen.fates[f])
			fail_msg("in no case a field is %s", fate_word((enum kube_fate)f));
}

/* A line of `rows`: "1.4 row: case case..."; what is no case is a file of tests. */
static size_t check_row(char *line)
{
	char *names = strstr(line, ": "), *save = NULL;
	size_t wrong = 0;

	if (!names) {
		print_error("rows: %s: no case\n", line);
		return 1;
	}
	*names = '\0';
	for (char *name = strtok_r(names + 2, " ", &save); name;
	     name = strtok_r(NULL, " ", &save)) {
		autofree char *path = xasprintf("tests/%s", name);

		if (find_case(name) || (strchr(name, '/') && access(path, F_OK) == 0))
			continue;
		print_error("rows: %s: there is no case %s\n", line, name);
		wrong++;
	}
	return wrong;
}

TEST(every_row_of_what_is_supported_has_a_case)
{
	autostrbuf struct strbuf text = {0};
	size_t rows = 0, wrong = 0;
	char *at, *line;

	corpus_read("rows", &text);
	at = text.s;
	while ((line = corpus_line(&at)))
		if (*line && *line != '#') {
			rows++;
			wrong += check_row(line);
		}
	assert_int_equal(wrong, 0);
	assert_true(rows > 150);
}

/* --- mistakes that people make ----------------------------------------------------------------
 */

/* The first problem; what is only noted is printed too, but is none. */
static const struct kube_diag *first_problem(const struct kube_result *r)
{
	for (size_t i = 0; i < r->diag_count; i++)
		if (r->diags[i].severity != KUBE_NOTE)
			return &r->diags[i];
	return NULL;
}

TEST(the_first_line_about_a_mistake_has_a_place)
{
	const struct corpus *c = corpus();
	size_t count = 0;

	for (size_t i = 0; i < c->files_len; i++)
		for (size_t n = 0; n < c->files[i].len; n++) {
			const struct corpus_case *x = &c->files[i].cases[n];
			const struct kube_diag *d;
			struct kube_result r;

			if (!starts_with(x->file, "mistakes"))
				continue;
			r = corpus_load(x);
			d = first_problem(&r);
			if (!d || !d->line || !d->column)
				fail_msg("%s.cases:%d: %s", x->file, x->line, x->name);
			kube_result_done(&r);
			count++;
		}
	assert_true(count >= MIN_MISTAKES);
}

/* --- print and reload -------------------------------------------------------------------------
 */

/* All objects of a case as one List. */
static void print_list(const struct kube_result *r, struct strbuf *out)
{
	const struct plan_datum *d = plan_data_get(&r->data, PLAN_DATA_SECRETS);
	struct kube_objects *o = NULL, *secrets = NULL;
	const struct objects_entry *list;
	struct err e = {0};
	size_t count;

	assert_int_equal(kube_objects_load(r->objects.s, r->objects.len, &o, &e), 0);
	if (d)
		assert_int_equal(kube_objects_load(d->bytes, d->len, &secrets, &e), 0);
	list = objects_list(o, &count);
	strbuf_adds(out, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
	for (size_t i = 0; i < count; i++) {
		strbuf_adds(out, i ? "," : "");
		objects_json(&list[i], secrets, out);
	}
	strbuf_adds(out, "]}");
	kube_objects_free(o);
	kube_objects_free(secrets);
}

static bool same_again(const struct corpus_case *x, const struct kube_result *want,
                       const struct strbuf *text)
{
	struct kube_result got = corpus_load_text(x, text->s, text->len);
	autostrbuf struct strbuf a = {0}, b = {0};

	plan_json(want->plan, &a);
	if (got.plan)
		plan_json(got.plan, &b);
	else
		add_diags(x, &got, &b);
	kube_result_done(&got);
	if (b.s && streq(a.s, b.s))
		return true;
	print_error("%s.cases:%d: %s: another plan\n%s\n--- from\n%s\n--- instead of\n%s", x->file,
	            x->line, x->name, b.s ? b.s : "", text->s, a.s);
	return false;
}

static size_t reload(const struct corpus_case *x)
{
	struct kube_result r = corpus_load(x);
	autostrbuf struct strbuf json = {0}, yaml = {0};
	size_t wrong = 0;

	if (r.plan) {
		print_list(&r, &json);
		print_yaml(json.s, &yaml);
		wrong = !same_again(x, &r, &json) || !same_again(x, &r, &yaml);
	}
	kube_result_done(&r);
	return wrong;
}

TEST(printed_objects_give_the_same_plan)
{
	const struct corpus *c = corpus();
	size_t wrong = 0;

	for (size_t i = 0; i < c->files_len; i++)
		for (size_t n = 0; n < c->files[i].len; n++)
			wrong += reload(&c->files[i].cases[n]);
	assert_int_equal(wrong, 0);
}

RUN_TESTS(CASE(every_case_gives_what_stands_beside_it),
          CASE(there_are_hundreds_of_cases_each_with_a_name), CASE(every_rule_is_broken_by_a_case),
          CASE(every_kind_and_every_verdict_has_a_case),
          CASE(every_row_of_what_is_supported_has_a_case),
          CASE(the_first_line_about_a_mistake_has_a_place),
          CASE(printed_objects_give_the_same_plan))
