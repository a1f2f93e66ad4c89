/* SPDX-License-Identifier: Apache-2.0 */
/* loading.c - see loading.h */
#include "cmd/kubeplay/loading.h"

#include <sys/utsname.h>

#include "cmd/kubeplay/sources.h"

enum { EXIT_INVALID = 3 };

const char *const loading_validate_words[] = {"strict", "warn", "ignore", NULL};

static void show(const struct kube_result *k, bool quiet)
{
	for (size_t i = 0; i < k->diag_count; i++) {
		autofree char *line = NULL;

		if (quiet && k->diags[i].severity == KUBE_NOTE)
			continue;
		line = kube_diag_text(&k->diags[i]);
		(void)fprintf(stderr, "%s\n", line);
	}
}

static size_t count(const struct kube_result *k, enum kube_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < k->diag_count; i++)
		n += k->diags[i].severity == severity;
	return n;
}

static void summary(const struct kube_result *k, const char *otherwise)
{
	size_t errors = MAX(k->errors, count(k, KUBE_ERROR)), warnings = count(k, KUBE_WARNING);

	(void)fprintf(stderr, "%zu error%s", errors, errors == 1 ? "" : "s");
	if (warnings)
		(void)fprintf(stderr, ", %zu warning%s", warnings, warnings == 1 ? "" : "s");
	(void)fprintf(stderr, "; %s\n", otherwise);
}

int loading_read(struct cli *c, const struct loading_values *v, char **sources, unsigned int flags,
                 struct kube_result *ret, struct err *e)
{
	autofree char *source = NULL;
	const char *const *list = (const char *const *)sources;
	const char *chosen[1];
	struct utsname host;
	struct kube_options o = {
		.validate = (enum kube_validate)v->validate,
		.project = c->project,
		.namespace_default = "default",
		.node_name = "localhost",
		.no_objects = flags & LOADING_NO_OBJECTS,
		.fates = flags & LOADING_FATES,
	};
	size_t n = 0;

	while (sources[n])
		n++;
	if (!n) {
		if (sources_default(&source, e) < 0)
			return -1;
		chosen[n++] = source;
		list = chosen;
	}
	if (uname(&host) == 0)
		o.node_name = host.nodename;
	return kube_load(list, n, &o, ret, e);
}

int loading_run(struct cli *c, const struct loading_values *v, char **sources, unsigned int flags,
                const char *otherwise, struct kube_result *ret, struct err *e)
{
	if (loading_read(c, v, sources, flags, ret, e) < 0)
		return -1;
	show(ret, flags & LOADING_QUIET);
	if (!ret->errors && ret->plan)
		return 0;
	summary(ret, otherwise);
	return EXIT_INVALID;
}
