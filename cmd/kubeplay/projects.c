/* SPDX-License-Identifier: Apache-2.0 */
/* projects.c - see projects.h */
#include "cmd/kubeplay/projects.h"

#include <errno.h>
#include <sys/stat.h>

#include "cmd/kubeplay/options.h"
#include "cmd/kubeplay/sources.h"
#include "kube/kube.h"
#include "pkg/pod/project.h"
#include "pkg/util/str.h"

static int load_names(struct cli *c, const struct dirs *d, struct strv *names, struct err *e)
{
	const char *near;

	if (dirs_list_projects(d, names, e) < 0)
		return -1;
	if (!c->project || strv_has(names, c->project))
		return 0;
	(void)err_set(e, ERR_ABSENT, "there is no project \"%s\"", c->project);
	near = option_nearest(c->project, (const char *const *)names->v, names->len);
	return near ? err_hint(e, "did you mean %s?", near) : -1;
}

int projects_load(struct cli *c, struct projects *ret, struct err *e)
{
	autostrv struct strv names = {0};

	if (cli_dirs(c, &ret->dirs, e) < 0 || load_names(c, ret->dirs, &names, e) < 0)
		return -1;
	ret->v = xcalloc(names.len + 1, sizeof(*ret->v));
	for (size_t i = 0; i < names.len; i++) {
		struct project *p = &ret->v[ret->len];
		struct err absent = {0};

		if (c->project && !streq(c->project, names.v[i]))
			continue;
		if (project_state(ret->dirs, names.v[i], &p->state, &p->alive, &absent) < 0 &&
		    absent.kind != ERR_ABSENT) {
			*e = absent;
			return err_wrap(e, "project %s", names.v[i]);
		}
		p->name = xstrdup(names.v[i]);
		ret->len++;
	}
	return 0;
}

void projects_done(struct projects *ps)
{
	for (size_t i = 0; i < ps->len; i++) {
		free(ps->v[i].name);
		state_free(ps->v[i].state);
		plan_free(ps->v[i].plan);
	}
	free(ps->v);
	*ps = (struct projects){0};
}

const struct plan *projects_plan(const struct projects *ps, struct project *p)
{
	struct err ignored = {0};

	if (!p->plan)
		(void)project_plan(ps->dirs, p->name, &p->plan, &ignored);
	return p->plan;
}

const struct plan_pod *projects_plan_pod(const struct projects *ps, struct project *p,
                                         const struct state_pod *pod)
{
	const struct plan *plan = projects_plan(ps, p);

	return plan ? plan_find_pod(plan, pod->name) : NULL;
}

/* --- projects by file
 * ------------------------------------------------------------------------------------------- */

/* Absolute and without "." and "..": the file may be gone, so links in what is left of its path are
 * followed only if the directory exists. Owned. */
static char *absolute(const char *path)
{
	autofree char *dir = xstrdup(path);
	char *slash, *whole = realpath(path, NULL);
	autofree char *real = NULL;
	const char *base;

	if (whole)
		return whole;
	slash = strrchr(dir, '/');
	base = slash ? path + (slash - dir) + 1 : path;
	if (slash)
		*slash = '\0';
	real = realpath(!slash ? "." : slash == dir ? "/" : dir, NULL);
	if (!real)
		return xstrdup(path);
	return xasprintf("%s/%s", streq(real, "/") ? "" : real, base);
}

/* True if the project was made from path, or from files in that directory. */
static bool made_from(const struct project *p, const char *path)
{
	size_t len = strlen(path);

	for (uint32_t i = 0; p->state && i < p->state->files_count; i++) {
		const char *file = p->state->files[i];

		if (streq(file, path) || (starts_with(file, path) && file[len] == '/'))
			return true;
	}
	return false;
}

/* 1 and an owned name, 0 none, -1 more than one. */
static int by_path(const struct projects *ps, const char *path, char **ret, struct err *e)
{
	const struct project *found = NULL;

	for (size_t i = 0; i < ps->len; i++) {
		if (!made_from(&ps->v[i], path))
			continue;
		if (found)
			return err_set(e, ERR_USAGE,
			               "%s belongs to the projects %s and %s: name one of them",
			               path, found->name, ps->v[i].name);
		found = &ps->v[i];
	}
	if (found)
		*ret = xstrdup(found->name);
	return found ? 1 : 0;
}

static const struct project *by_name(const struct projects *ps, const char *name)
{
	for (size_t i = 0; i < ps->len; i++)
		if (streq(ps->v[i].name, name))
			return &ps->v[i];
	return NULL;
}

/* A file that no project remembers: its default name, unless that project was made from something
 * else. */
static char *by_default_name(const struct projects *ps, const char *path, struct err *e)
{
	autofree char *name = kube_project_name(path);
	const struct project *p = by_name(ps, name);

	if (p && p->state && p->state->files_count) {
		(void)err_set(e, ERR_USAGE, "project %s was made from %s, not from %s", name,
		              p->state->files[0], path);
		(void)err_hint(e, "if it is meant all the same: kubeplay down -p %s", name);
		return NULL;
	}
	return take_ptr(name);
}

static char *only_project(const struct projects *ps, struct err *e)
{
	autostrbuf struct strbuf list = {0};
	const struct project *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ps->len; i++) {
		if (!ps->v[i].alive)
			continue;
		only = &ps->v[i];
		strbuf_addf(&list, "%s%s", n++ ? ", " : "", only->name);
	}
	if (n == 1)
		return xstrdup(only->name);
	if (n)
		(void)err_set(e, ERR_USAGE, "which project? These are running: %s", list.s);
	else
		(void)err_set(e, ERR_ABSENT, "no project is running");
	return NULL;
}

/* Without an argument: the project of the manifest here, of this directory, else the only one. */
static char *resolve_here(const struct projects *ps, struct err *e)
{
	autofree char *source = NULL, *here = realpath(".", NULL);
	struct err ignored = {0};
	char *name = NULL;
	int found = 0;

	if (sources_default(&source, &ignored) == 0) {
		autofree char *path = absolute(source);

		found = by_path(ps, path, &name, e);
	}
	if (!found && here)
		found = by_path(ps, here, &name, e);
	if (found)
		return name;
	return only_project(ps, e);
}

char *projects_resolve(const struct projects *ps, struct cli *c, const char *arg, struct err *e)
{
	autofree char *path = NULL;
	char *name = NULL;
	struct stat st;
	int found;

	if (c->project)
		return xstrdup(c->project);
	if (!arg)
		return resolve_here(ps, e);
	if (streq(arg, "-"))
		return kube_project_name(arg);
	if (!strchr(arg, '/') && by_name(ps, arg) && stat(arg, &st) < 0)
		return xstrdup(arg);
	path = kube_is_url(arg) ? sources_url_shown(arg) : absolute(arg);
	found = by_path(ps, path, &name, e);
	if (found)
		return name;
	if (by_name(ps, arg))
		return xstrdup(arg);
	if (stat(arg, &st) == 0 || strchr(arg, '/') || !dirs_valid_project(arg) ||
	    ends_with(arg, ".yaml") || ends_with(arg, ".yml") || ends_with(arg, ".json"))
		return by_default_name(ps, path, e);
	return xstrdup(arg);
}
