/* SPDX-License-Identifier: Apache-2.0 */
/* verb_down.c - stop and remove what `up` made, by file or by name, also when the file is gone */
#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/pod/project.h"

struct values {
	bool volumes, quiet;
	int64_t grace;
};

static const struct values defaults = {.grace = -1};

static const struct option_def options[] = {
	{"volumes", 0, OPTION_FLAG, offsetof(struct values, volumes), NULL,
         "remove the claims that this project made, too", NULL, 0, 0},
	{"grace", 0, OPTION_INT, offsetof(struct values, grace), "SECONDS",
         "time to end by themselves (default: what the pods say)", NULL, 0, 86400},
	{"quiet", 'q', OPTION_FLAG, offsetof(struct values, quiet), NULL, "say nothing", NULL, 0,
         0},
};

static void print_pod(const char *pod, enum pod_change change, void *arg)
{
	const struct values *v = arg;

	UNUSED(change);
	if (!v->quiet)
		(void)printf("pod/%s deleted\n", pod);
	(void)fflush(stdout);
}

static void print_volume(const char *claim, void *arg)
{
	const struct values *v = arg;

	if (!v->quiet)
		(void)printf("persistentvolumeclaim/%s deleted\n", claim);
	(void)fflush(stdout);
}

static int down(struct cli *c, const struct values *v, const char *project, struct err *e)
{
	struct values copy = *v;
	struct down_request r = {
		.project = project,
		.volumes = v->volumes,
		.grace_seconds = v->grace,
		.on_pod = print_pod,
		.on_volume = print_volume,
		.arg = &copy,
	};
	int code;

	if (cli_dirs(c, &r.dirs, e) < 0 || cli_ids(c, &r.idmap, e) < 0)
		return -1;
	code = project_down(&r, e);
	if (code > 0 && !v->quiet)
		(void)fprintf(stderr, "project %s: there is nothing to remove\n", project);
	return code < 0 ? -1 : 0;
}

/* Every project that the arguments name, each once. */
static int resolve(struct cli *c, char **args, struct strv *ret, struct err *e)
{
	autoprojects struct projects ps = {0};

	if (c->project) {
		strv_add(ret, c->project);
		return 0;
	}
	if (projects_load(c, &ps, e) < 0)
		return -1;
	do {
		autofree char *name = projects_resolve(&ps, c, args[0], e);

		if (!name)
			return -1;
		if (!dirs_valid_project(name))
			return err_set(e, ERR_USAGE, "\"%s\" is neither a file nor a project",
			               name);
		if (!strv_has(ret, name))
			strv_add(ret, name);
	} while (args[0] && *++args);
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	autostrv struct strv names = {0};

	if (resolve(c, args, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.len; i++)
		if (down(c, values, names.v[i], e) < 0)
			return err_wrap(e, "project %s", names.v[i]);
	return 0;
}

const struct verb verb_down = {
	.name = "down",
	.usage = "[FILE|PROJECT]...",
	.summary = "stop and remove a project; its volumes stay",
	.text = "Without an argument: the project of the manifest here, else the only one that runs. A file may have been\n"
		"edited or deleted since.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
