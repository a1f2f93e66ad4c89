/* SPDX-License-Identifier: Apache-2.0 */
/* verb_doctor.c - is this machine ready? One line for each prerequisite, each with its fix */
#include "cmd/kubeplay/checks.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"

enum { EXIT_HOST = 5 };

static const char *const outputs[] = {"text", "json", NULL};

struct values {
	int output;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT", "text or json",
         outputs, 0, 0},
};

static const char *const words[] = {
	[CHECK_OK] = "ok", [CHECK_WARN] = "warn", [CHECK_FAIL] = "fail"};

static void show(const char *name, const struct finding *f)
{
	autofree char *detail = str_sanitize(f->detail.s ? f->detail.s : "", f->detail.len);

	(void)printf("%-4s  %-17s  %s\n", words[f->status], name, detail);
	if (f->fix.len && f->status != CHECK_OK) {
		autofree char *fix = str_sanitize(f->fix.s, f->fix.len);

		(void)printf("      fix: %s\n", fix);
	}
}

static json_t *as_json(const char *name, const struct finding *f)
{
	json_t *o = json_object();

	report_set(o, "name", name);
	report_set(o, "status", words[f->status]);
	report_set(o, "detail", f->detail.s);
	report_set(o, "fix", f->fix.s);
	return o;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	json_t *list = json_array();
	bool failed = false;

	UNUSED(args);
	UNUSED(e);
	for (size_t i = 0; i < checks_count; i++) {
		struct finding f;

		check_run(&checks[i], c, &f);
		failed = failed || f.status == CHECK_FAIL;
		if (v->output)
			(void)json_array_append_new(list, as_json(checks[i].name, &f));
		else
			show(checks[i].name, &f);
		finding_done(&f);
		(void)fflush(stdout); /* some checks fork */
	}
	if (v->output)
		report_json(json_incref(list));
	json_decref(list);
	return failed ? EXIT_HOST : 0;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.usage = "",
	.summary = "check that this machine can run pods, and say what to do if not",
	.text = "ok: as it should be; warn: pods run, but something will be missing; fail: `up` cannot work (exit code 5).",
	VERB_OPTIONS(options, defaults),
	.run = run,
};
