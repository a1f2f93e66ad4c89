/* SPDX-License-Identifier: Apache-2.0 */
/* verb_tag.c - give an image further names */
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/pod/stores.h"

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct idmap *m;
	const struct dirs *d;

	UNUSED(values);
	if (cli_ids(c, &m, e) < 0 || cli_dirs(c, &d, e) < 0)
		return -1;
	for (char **name = args + 1; *name; name++) {
		autostrv struct strv said = {0};

		if (stores_tag(d, m, args[0], *name, &said, e) < 0)
			return -1;
		report_lines(&said);
	}
	return 0;
}

const struct verb verb_tag = {
	.name = "tag",
	.usage = "IMAGE NAME...",
	.summary = "give an image further names",
	.text = "IMAGE is as for rmi. A NAME without registry is docker.io's, without tag :latest. Another image "
		"that has the name loses it.",
	.min_args = 2,
	.max_args = -1,
	.run = run,
};
