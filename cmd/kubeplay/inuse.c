/* SPDX-License-Identifier: Apache-2.0 */
/* inuse.c - see inuse.h */
#include "cmd/kubeplay/inuse.h"

#include "cmd/kubeplay/projects.h"

/* Strings are owned by `strings`: their places do not change while it grows. */
static void add_pod(struct inuse *u, const char *project, const struct state_pod *pod)
{
	for (uint32_t i = 0; i < pod->containers_count; i++) {
		const char *id = pod->containers[i].image_id;

		if (!id || !*id || store_user(u->v, u->len, id))
			continue;
		strv_add(&u->strings, id);
		strv_addf(&u->strings, "project %s (pod %s)", project, pod->name);
		u->v = xrealloc(u->v, (u->len + 1) * sizeof(*u->v));
		u->v[u->len++] = (struct store_use){u->strings.v[u->strings.len - 2],
		                                    u->strings.v[u->strings.len - 1]};
	}
}

int inuse_load(struct cli *c, struct inuse *ret, struct err *e)
{
	autoprojects struct projects ps = {0};
	const char *only = c->project;
	int r;

	c->project = NULL;
	r = projects_load(c, &ps, e);
	c->project = only;
	if (r < 0)
		return -1;
	for (size_t i = 0; i < ps.len; i++) {
		const struct state_project *s = ps.v[i].alive ? ps.v[i].state : NULL;

		for (uint32_t j = 0; s && j < s->pods_count; j++)
			add_pod(ret, ps.v[i].name, &s->pods[j]);
	}
	return 0;
}

void inuse_done(struct inuse *u)
{
	free(u->v);
	strv_done(&u->strings);
	*u = (struct inuse){0};
}
