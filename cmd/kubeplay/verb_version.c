/* SPDX-License-Identifier: Apache-2.0 */
/* verb_version.c - which kubeplay is this? */
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/pod/client.h"

static const char *const outputs[] = {"text", "json", NULL};

struct values {
	int output;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT", "text or json",
         outputs, 0, 0},
};

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;

	UNUSED(c);
	UNUSED(args);
	UNUSED(e);
	if (v->output)
		report_json(
			json_pack("{s:s, s:i}", "version", KP_VERSION, "protocol", CTL_PROTOCOL));
	else
		(void)printf("kubeplay %s\n", KP_VERSION);
	return 0;
}

const struct verb verb_version = {
	.name = "version",
	.usage = "",
	.summary = "print the version",
	VERB_OPTIONS(options, defaults),
	.run = run,
};
