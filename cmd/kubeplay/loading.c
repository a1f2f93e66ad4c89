/* SPDX-License-Identifier: Apache-2.0 */
/* loading.c - see loading.h */
#include "cmd/kubeplay/loading.h"

#include <sys/utsname.h>

#include "cmd/kubeplay/envfile.h"
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

/* --- variables ---------------------------------------------------------------------------------
 */

struct vars {
	struct strv strings; /* name, value, name, value, ... */
	struct kube_var *v;
	size_t len;
};

static void vars_done(struct vars *vars)
{
	strv_done(&vars->strings);
	free(vars->v);
}

static void add_environment(struct strv *strings)
{
	for (char **entry = environ; *entry; entry++) {
		size_t name = strcspn(*entry, "=");

		if (!(*entry)[name])
			continue;
		strv_take(strings, xstrndup(*entry, name));
		strv_add(strings, *entry + name + 1);
	}
}

/* The environment counts before the files, a later line or file before an earlier one. */
static int collect(const struct loading_values *v, struct vars *vars, struct err *e)
{
	autostrv struct strv files = {0};

	for (size_t i = 0; i < v->env_files.len; i++)
		if (envfile_read(v->env_files.v[i], &files, e) < 0)
			return -1;
	if (!v->env_subst && !v->env_files.len)
		return 0;
	add_environment(&vars->strings);
	for (size_t i = files.len; i; i -= 2) {
		strv_add(&vars->strings, files.v[i - 2]);
		strv_add(&vars->strings, files.v[i - 1]);
	}
	vars->v = xcalloc(vars->strings.len / 2 + 1, sizeof(*vars->v));
	for (size_t i = 0; i + 1 < vars->strings.len; i += 2)
		vars->v[vars->len++] =
			(struct kube_var){vars->strings.v[i], vars->strings.v[i + 1]};
	return 0;
}

/* --- ConfigMaps and Secrets without a manifest ------------------------------------------------ */

static struct kube_generator *generators(const struct loading_values *v, size_t *ret_count)
{
	const struct {
		enum kube_generator_type type;
		const struct option_strings *values;
	} lists[] = {
		{KUBE_CONFIG_MAP_FILE, &v->config_maps},
		{KUBE_SECRET_FILE, &v->secrets},
		{KUBE_CONFIG_MAP_FROM_FILE, &v->from_files},
		{KUBE_CONFIG_MAP_FROM_ENV, &v->from_envs},
	};
	struct kube_generator *g = xcalloc(ARRAY_LEN(lists) * OPTION_STRINGS_MAX, sizeof(*g));

	*ret_count = 0;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t j = 0; j < lists[i].values->len; j++)
			g[(*ret_count)++] =
				(struct kube_generator){lists[i].type, lists[i].values->v[j]};
	return g;
}

/* --- sources -----------------------------------------------------------------------------------
 */

/* Those on the network are fetched; kube/ reads the others itself. */
static int read_sources(struct cli *c, const char *const *names, size_t count,
                        const struct kube_options *o, struct kube_result *ret, struct err *e)
{
	autofree struct kube_source *list = xcalloc(count, sizeof(*list));
	autofree struct strbuf *texts = xcalloc(count, sizeof(*texts));
	autostrv struct strv shown = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		list[i].name = names[i];
		if (!kube_is_url(names[i]))
			continue;
		r = sources_fetch(cli_libexec(c), names[i], &texts[i], e);
		strv_take(&shown, sources_url_shown(names[i]));
		list[i].name = shown.v[shown.len - 1];
		list[i].text = texts[i].s ? texts[i].s : "";
		list[i].len = texts[i].len;
	}
	if (r == 0)
		r = kube_load_sources(list, count, o, ret, e);
	for (size_t i = 0; i < count; i++)
		strbuf_done(&texts[i]);
	return r;
}

int loading_read(struct cli *c, const struct loading_values *v, char **sources, unsigned int flags,
                 struct kube_result *ret, struct err *e)
{
	autofree struct kube_generator *extra = NULL;
	autofree char *source = NULL;
	const char *const *list = (const char *const *)sources;
	const char *chosen[1];
	struct vars vars = {0};
	struct utsname host;
	struct kube_options o = {
		.validate = (enum kube_validate)v->validate,
		.project = c->project,
		.namespace_default = "default",
		.node_name = "localhost",
		.no_objects = flags & LOADING_NO_OBJECTS,
		.fates = flags & LOADING_FATES,
		.recursive = v->recursive,
		.substitute_volumes = v->substitute_volumes,
		.substitute = v->env_subst || v->env_files.len,
		.sets = v->sets.v,
		.sets_count = v->sets.len,
	};
	size_t n = 0;
	int r;

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
	extra = generators(v, &o.generators_count);
	o.generators = extra;
	r = collect(v, &vars, e);
	o.vars = vars.v;
	o.vars_count = vars.len;
	if (r == 0)
		r = read_sources(c, list, n, &o, ret, e);
	vars_done(&vars);
	return r;
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
