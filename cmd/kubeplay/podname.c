/* SPDX-License-Identifier: Apache-2.0 */
/*
 * podname.c - which pods does the user mean by a name? See projects.h
 *
 * A pod's own name comes first, in whatever project it runs; then the name of what made it: its
 * controller, or the Job or ReplicaSet between the two.
 */
#include "cmd/kubeplay/options.h"
#include "cmd/kubeplay/projects.h"
#include "kube/alias.h"
#include "pkg/util/str.h"

int projects_cut_kind(const char **name)
{
	const char *slash = strchr(*name, '/');
	int kind;

	if (!slash)
		return ALIAS_NONE;
	autofree char *word = xstrndup(*name, (size_t)(slash - *name));

	kind = alias_kind(word);
	if (kind != ALIAS_NONE)
		*name = slash + 1;
	return kind;
}

/* kind: of the owner, NULL: any. */
static bool is_owned_by(const struct plan_pod *p, const char *kind, const char *name)
{
	if (p->owner_name && streq(p->owner_name, name) &&
	    (!kind || (p->owner_kind && streq(p->owner_kind, kind))))
		return true;
	return kind && p->controller && streq(p->controller->kind, kind) &&
	       streq(p->controller->name, name);
}

static void add(struct pod_refs *list, struct project *p, const struct state_pod *pod)
{
	list->v = xrealloc(list->v, (list->len + 1) * sizeof(*list->v));
	list->v[list->len++] = (struct pod_ref){p, pod};
}

void pod_refs_done(struct pod_refs *list)
{
	free(list->v);
	*list = (struct pod_refs){0};
}

static void search(struct projects *ps, bool by_owner, const char *kind, const char *name,
                   struct pod_refs *ret)
{
	for (size_t i = 0; i < ps->len; i++) {
		struct project *p = &ps->v[i];

		for (uint32_t j = 0; p->state && j < p->state->pods_count; j++) {
			const struct state_pod *pod = &p->state->pods[j];
			const struct plan_pod *plan =
				by_owner ? projects_plan_pod(ps, p, pod) : NULL;

			if (by_owner ? plan && is_owned_by(plan, kind, name)
			             : streq(pod->name, name))
				add(ret, p, pod);
		}
	}
}

static int pod_absent(const struct projects *ps, const char *name, struct err *e)
{
	autostrv struct strv names = {0};
	const char *near;

	for (size_t i = 0; i < ps->len; i++)
		for (uint32_t j = 0; ps->v[i].state && j < ps->v[i].state->pods_count; j++)
			strv_add(&names, ps->v[i].state->pods[j].name);
	(void)err_set(e, ERR_ABSENT, "there is no pod \"%s\"", name);
	near = option_nearest(name, (const char *const *)names.v, names.len);
	if (near)
		return err_hint(e, "did you mean %s?", near);
	return names.len ? err_hint(e, "kubeplay ps lists the pods")
	                 : err_hint(e, "no pod is running at all");
}

int projects_find_pods(struct projects *ps, const char *name, struct pod_refs *ret, struct err *e)
{
	const char *bare = name;
	int kind = projects_cut_kind(&bare);

	*ret = (struct pod_refs){0};
	if (kind == ALIAS_NONE || kind == OBJECT_POD)
		search(ps, false, NULL, bare, ret);
	if (!ret->len && kind != OBJECT_POD)
		search(ps, true,
		       kind == ALIAS_NONE ? NULL : schema_kinds[(enum object_type)kind].name, bare,
		       ret);
	return ret->len ? 0 : pod_absent(ps, bare, e);
}

/* --- one of several ----------------------------------------------------------------------- */

/* Equal pods of one controller: any of them will do. */
static bool are_alike(struct projects *ps, const struct pod_refs *list)
{
	const struct plan_pod *first = projects_plan_pod(ps, list->v[0].project, list->v[0].pod);

	for (size_t i = 1; i < list->len; i++) {
		const struct plan_pod *p =
			projects_plan_pod(ps, list->v[i].project, list->v[i].pod);

		if (list->v[i].project != list->v[0].project || !p || !first || !p->owner_kind ||
		    !first->owner_kind || !streq(p->owner_kind, first->owner_kind) ||
		    !streq(p->owner_name, first->owner_name) ||
		    !streq(p->pod_namespace, first->pod_namespace))
			return false;
	}
	return true;
}

/* The first that is ready, else the first that runs, else the first. */
static const struct pod_ref *choose(const struct pod_refs *list)
{
	const struct pod_ref *running = NULL;

	for (size_t i = 0; i < list->len; i++) {
		if (list->v[i].pod->ready)
			return &list->v[i];
		if (!running && list->v[i].pod->phase == STATE_POD_RUNNING)
			running = &list->v[i];
	}
	return running ? running : &list->v[0];
}

static int several(const struct pod_refs *list, const char *name, struct err *e)
{
	autostrbuf struct strbuf text = {0};

	for (size_t i = 0; i < list->len; i++)
		strbuf_addf(&text, "%s%s (project %s)", i ? ", " : "", list->v[i].pod->name,
		            list->v[i].project->name);
	(void)err_set(e, ERR_USAGE, "\"%s\" is more than one pod: %s", name, text.s);
	return list->v[0].project == list->v[list->len - 1].project
	               ? err_hint(e,
	                          "name one of them, or the kind of their controller: "
	                          "deployment/%s",
	                          name)
	               : err_hint(e, "-p NAME says whose is meant");
}

int projects_find_pod(struct projects *ps, const char *name, struct pod_ref *ret, struct err *e)
{
	struct pod_refs list;
	int r = 0;

	if (projects_find_pods(ps, name, &list, e) < 0)
		return -1;
	if (list.len > 1 && !are_alike(ps, &list)) {
		r = several(&list, name, e);
	} else {
		*ret = *choose(&list);
		if (list.len > 1)
			(void)fprintf(stderr, "Found %zu pods, using pod/%s\n", list.len,
			              ret->pod->name);
	}
	pod_refs_done(&list);
	return r;
}

int projects_find_container(const struct state_pod *pod, const char *name,
                            const struct state_container **ret, struct err *e)
{
	autostrbuf struct strbuf list = {0};

	for (uint32_t i = 0; i < pod->containers_count; i++) {
		if (streq(pod->containers[i].name, name)) {
			*ret = &pod->containers[i];
			return 0;
		}
		strbuf_addf(&list, "%s%s", i ? ", " : "", pod->containers[i].name);
	}
	return err_set(e, ERR_ABSENT, "pod %s has no container \"%s\", but %s", pod->name, name,
	               list.s ? list.s : "none at all");
}
