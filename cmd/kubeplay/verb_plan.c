/* SPDX-License-Identifier: Apache-2.0 */
/* verb_plan.c - what would `up` run? Nothing is made; Secret values are never shown */
#include "cmd/kubeplay/loading.h"
#include "cmd/kubeplay/plan_view.h"
#include "cmd/kubeplay/verb.h"

static const char *const outputs[] = {"text", "json", NULL};

struct values {
	struct loading_values loading;
	int output;
};

static const struct values defaults;

static const struct option_def options[] = {
	LOADING_OPTIONS(struct values),
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "text or json (stable, for programs)", outputs, 0, 0},
};

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	struct kube_result k = {0};
	int r = loading_run(c, &v->loading, args, LOADING_NO_OBJECTS, "there is no plan", &k, e);

	if (r == 0) {
		if (v->output)
			plan_write_json(k.plan, stdout);
		else
			plan_view(k.plan, stdout);
	}
	kube_result_done(&k);
	return r;
}

const struct verb verb_plan = {
	.name = "plan",
	.usage = "[FILE|DIR|URL|-]...",
	.summary = "check manifests and show what they come to",
	.text = "Makes nothing and needs no image. Values of Secrets are shown as <secret>.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
