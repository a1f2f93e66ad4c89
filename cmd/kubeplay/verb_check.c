/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_check.c - are these manifests right? Findings are the result here, so they go to standard
 * output
 */
#include "cmd/kubeplay/loading.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/sarif.h"
#include "cmd/kubeplay/verb.h"

enum { EXIT_FOUND = 3 };

enum output { OUT_TEXT, OUT_JSON, OUT_SARIF };
static const char *const outputs[] = {"text", "json", "sarif", NULL};

struct values {
	struct loading_values loading;
	int output;
	bool quiet;
};

static const struct values defaults;

static const struct option_def options[] = {
	LOADING_OPTIONS(struct values),
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "text, json (a list) or sarif (2.1.0, for code review tools)", outputs, 0, 0},
	{"quiet", 'q', OPTION_FLAG, offsetof(struct values, quiet), NULL,
         "no notes, and no summary", NULL, 0, 0},
};

static const char *severity_text(enum kube_severity s)
{
	static const char *const words[] = {
		[KUBE_ERROR] = "error", [KUBE_WARNING] = "warning", [KUBE_NOTE] = "note"};

	return words[s];
}

static void add_count(struct strbuf *out, size_t n, const char *word)
{
	strbuf_addf(out, "%zu %s%s", n, word, n == 1 ? "" : "s");
}

/* "3 files, 12 objects: 2 errors, 1 warning" */
static void add_summary(const struct kube_result *k, struct strbuf *out)
{
	size_t warnings = 0, errors = 0;

	for (size_t i = 0; i < k->diag_count; i++) {
		warnings += k->diags[i].severity == KUBE_WARNING;
		errors += k->diags[i].severity == KUBE_ERROR;
	}
	add_count(out, k->files, "file");
	strbuf_adds(out, ", ");
	add_count(out, k->objects_count, "object");
	strbuf_adds(out, ": ");
	add_count(out, MAX(errors, k->errors), "error");
	strbuf_adds(out, ", ");
	add_count(out, warnings, "warning");
	strbuf_addc(out, '\n');
}

static void show_text(const struct kube_result *k, bool quiet)
{
	autostrbuf struct strbuf out = {0};

	for (size_t i = 0; i < k->diag_count; i++) {
		autofree char *line = NULL;

		if (quiet && k->diags[i].severity == KUBE_NOTE)
			continue;
		line = kube_diag_text(&k->diags[i]);
		strbuf_addf(&out, "%s\n", line);
	}
	if (!quiet)
		add_summary(k, &out);
	(void)fputs(out.s ? out.s : "", stdout);
}

static void show_json(const struct kube_result *k)
{
	json_t *list = json_array();

	for (size_t i = 0; i < k->diag_count; i++) {
		const struct kube_diag *d = &k->diags[i];

		(void)json_array_append_new(
			list, json_pack("{s:o, s:i, s:i, s:o, s:s, s:s, s:o}", "file",
		                        report_string(d->file), "line", d->line, "column",
		                        d->column, "path", report_string(d->path), "severity",
		                        severity_text(d->severity), "rule", d->rule, "text",
		                        report_string(d->text)));
	}
	report_json(list);
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	struct kube_result k = {0};
	int r = loading_read(c, &v->loading, args, LOADING_NO_OBJECTS, &k, e);

	if (r == 0) {
		if (v->output == OUT_JSON)
			show_json(&k);
		else if (v->output == OUT_SARIF)
			report_json(sarif_log(&k));
		else
			show_text(&k, v->quiet);
		r = k.errors ? EXIT_FOUND : 0;
	}
	kube_result_done(&k);
	return r;
}

const struct verb verb_check = {
	.name = "check",
	.usage = "[FILE|DIR|URL|-]...",
	.summary = "check manifests and list what is wrong with them",
	.text = "Makes nothing, needs neither image nor user namespace. Exit code 3 if there is an error.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
