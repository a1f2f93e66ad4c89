/* SPDX-License-Identifier: Apache-2.0 */
/* verb_explain.c - what does a field mean here, and what becomes of those of a file? */
#include "cmd/kubeplay/explain_view.h"
#include "cmd/kubeplay/fates.h"
#include "cmd/kubeplay/loading.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"

enum output { OUT_TEXT, OUT_JSON, OUT_MDOC };
static const char *const outputs[] = {"text", "json", "mdoc", NULL};

struct values {
	struct loading_values loading;
	int output;
	bool files, all, recursive;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"files", 'f', OPTION_FLAG, offsetof(struct values, files), NULL,
         "the arguments are manifests: what becomes of each field in them", NULL, 0, 0},
	{"all", 'v', OPTION_FLAG, offsetof(struct values, all), NULL,
         "with -f: fields that are simply applied, too", NULL, 0, 0},
	{"recursive", 'R', OPTION_FLAG, offsetof(struct values, recursive), NULL,
         "all fields below, as a tree; with -f: all files below", NULL, 0, 0},
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "text, json, or mdoc (the whole table, as in kubeplay.yaml(5))", outputs, 0, 0},
	LOADING_CHANGES(struct values),
};

static void print(struct strbuf *out)
{
	(void)fwrite(out->s ? out->s : "", 1, out->len, stdout);
}

static int explain_files(struct cli *c, const struct values *v, char **args, struct err *e)
{
	struct loading_values loading = v->loading;
	struct kube_result k = {0};
	int r;

	loading.recursive = v->recursive;
	r = fates_load(c, &loading, args, &k, e);

	if (r >= 0 && v->output == OUT_JSON)
		report_json(fates_json(&k, v->all));
	else if (r >= 0)
		fates_print(&k, v->all);
	kube_result_done(&k);
	return r;
}

static int explain_words(const struct values *v, char **args, struct err *e)
{
	autostrbuf struct strbuf out = {0};
	json_t *list = json_array();
	int r = 0;

	for (char **a = args; *a && r == 0; a++) {
		struct explain x;

		if (streq(*a, "annotations")) {
			if (v->output == OUT_JSON)
				(void)json_array_append_new(list, explain_json_annotations());
			else
				explain_view_annotations(&out);
			continue;
		}
		r = explain_find(*a, &x, e);
		if (r < 0)
			break;
		if (v->output == OUT_JSON) {
			(void)json_array_append_new(list, explain_json(*a, &x, v->recursive));
			continue;
		}
		strbuf_adds(&out, out.len ? "\n" : "");
		explain_view(*a, &x, v->recursive, &out);
	}
	if (r == 0 && v->output == OUT_JSON)
		report_json(json_incref(args[1] ? list : json_array_get(list, 0)));
	json_decref(list);
	print(&out);
	return r;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	autostrbuf struct strbuf out = {0};

	if (v->output == OUT_MDOC) {
		if (v->files || args[0])
			return err_set(e, ERR_USAGE, "-o mdoc is the whole table: no argument");
		explain_mdoc(&out);
	} else if (v->files) {
		return explain_files(c, v, args, e);
	} else if (args[0]) {
		return explain_words(v, args, e);
	} else if (v->output == OUT_JSON) {
		report_json(explain_json_kinds());
	} else {
		explain_view_kinds(&out);
	}
	print(&out);
	return 0;
}

const struct verb verb_explain = {
	.name = "explain",
	.usage = "[KIND[.FIELD...]|annotations]... | -f [FILE|DIR|URL|-]...",
	.summary = "say what a kind or field means here, or what becomes of those of a manifest",
	.text = "KIND may be short, and fields may have indices: deploy.spec.template, pod.spec.containers[0].image.\n"
		"With -f, the fields that are not simply applied are listed for each object, with the reason.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
