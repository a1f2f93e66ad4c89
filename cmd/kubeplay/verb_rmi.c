/* SPDX-License-Identifier: Apache-2.0 */
/* verb_rmi.c - let go of images, but not of those that run */
#include "cmd/kubeplay/inuse.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/pod/stores.h"

struct values {
	bool force;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"force", 'f', OPTION_FLAG, offsetof(struct values, force), NULL,
         "with all its names, only the names if it runs, and no error if it is not here", NULL, 0,
         0},
};

static int remove_one(const struct dirs *d, const struct idmap *m, const char *name, bool force,
                      const struct inuse *u, struct err *e)
{
	autostrv struct strv removed = {0};

	if (stores_remove(d, m, name, force, u->v, u->len, &removed, e) < 0)
		return force && e->kind == ERR_ABSENT ? 0 : -1;
	report_lines(&removed);
	return 0;
}

/* One that cannot go does not keep the others; the first failure picks the exit code. */
static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	autoinuse struct inuse u = {0};
	const struct idmap *m;
	const struct dirs *d;
	int code = 0;

	if (inuse_load(c, &u, e) < 0 || cli_ids(c, &m, e) < 0 || cli_dirs(c, &d, e) < 0)
		return -1;
	for (; *args; args++) {
		struct err failed = {0};

		if (remove_one(d, m, *args, v->force, &u, &failed) == 0)
			continue;
		(void)fflush(stdout);
		report_error(&failed);
		code = code ? code : err_exit_code(&failed);
	}
	return code;
}

const struct verb verb_rmi = {
	.name = "rmi",
	.usage = "IMAGE...",
	.summary = "remove images that no running project uses",
	.text = "IMAGE is a name, a digest, or the beginning of an image id. Layers that nothing else uses go too.",
	VERB_OPTIONS(options, defaults),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
