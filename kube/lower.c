/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower.c - what exactly is to run? Objects become the plan, and no Kubernetes type is left.
 *
 * Theory of operation: claims come first, so that references find those that are declared, then
 * each object makes its pods (workload.c says how many and what they are called) and its entry
 * among controllers, jobs, cron jobs or services. Defaults are applied here and nowhere else.
 * Names, uids and hashes depend only on what is written, so that the same files give the same plan.
 */
#include "kube/lower.h"

#include "kube/document.h"
#include "kube/lowering.h"

enum { POD_COST = 1024, MAX_ATTEMPTS = 100 };

bool lower_spend_on(struct lowering *l, const struct object *o, const struct at *at, size_t bytes)
{
	l->spent += bytes;
	if (l->spent > LOWER_MAX_TEXT && !l->stop) {
		run_report(l->r, o, KUBE_ERROR, at, "the plan becomes larger than %d MiB",
		           LOWER_MAX_TEXT >> 20);
		l->stop = true;
	}
	return !l->stop;
}

bool lower_spend(struct lower_pod *p, const struct at *at, size_t bytes)
{
	return lower_spend_on(p->l, p->v->o, at, bytes);
}

void *lower_grow(void **list, uint32_t *count, size_t size)
{
	char *item;

	if ((*count & (*count - 1)) == 0)
		*list = xrealloc(*list, MAX(*count * 2, (uint32_t)1) * size);
	item = (char *)*list + *count * size;
	memset(item, 0, size);
	++*count;
	return item;
}

char *lower_text(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

int64_t *lower_number(int64_t n)
{
	int64_t *copy = xmalloc(sizeof(*copy));

	*copy = n;
	return copy;
}

void lower_strings(struct lowering *l, const struct object *o, const struct at *at,
                   char *const *from, uint32_t count, char ***to, uint32_t *to_count)
{
	for (uint32_t i = 0; i < count; i++) {
		char **slot;

		if (!lower_spend_on(l, o, at, LOWER_SMALL + strlen(text_of(from[i]))))
			return;
		slot = LOWER_ADD(*to, *to_count);
		*slot = xstrdup(text_of(from[i]));
	}
}

void lower_numbers(const int64_t *from, uint32_t count, int64_t **to, uint32_t *to_count)
{
	for (uint32_t i = 0; i < count; i++) {
		int64_t *slot = LOWER_ADD(*to, *to_count);

		*slot = from[i];
	}
}

void lower_label(struct plan_label **list, uint32_t *count, const char *key, const char *value)
{
	struct plan_label *l = LOWER_ADD(*list, *count);

	l->key = xstrdup(key);
	l->value = value ? xstrdup(value) : NULL;
}

void lower_pairs(struct lowering *l, const struct object *o, const struct at *at,
                 const struct k8s_pair *from, uint32_t count, struct plan_label **to,
                 uint32_t *to_count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!lower_spend_on(l, o, at, LOWER_SMALL + strlen(from[i].value)))
			return;
		lower_label(to, to_count, from[i].key, from[i].value);
	}
}

/* --- pods --------------------------------------------------------------------------------- */

/* Two objects that make a pod of one name; of two Pods this has been said. */
static void report_twin(struct lowering *l, const struct object *o, const char *name, uint32_t old)
{
	const struct object *other = &l->r->objects[old];

	if (o->type == other->type)
		return;
	autofree char *shown = diag_quote(name);

	run_report(l->r, o, KUBE_ERROR, AT(AT(o->at, "metadata"), "name"),
	           "its pod \"%s\" has the name of a pod of the %s in %s:%u; rename one of them",
	           shown, kind_name(other->type), l->r->d.files.v[other->file], other->line);
}

static void name_pod(struct lowering *l, const struct workload *w, int64_t i, struct plan_pod *pod)
{
	const struct object *o = w->o;
	bool fixed = o->type == OBJECT_POD || o->type == OBJECT_STATEFUL_SET;
	uint32_t me = (uint32_t)(o - l->r->objects), old = 0;

	pod->pod_namespace = xstrdup(o->ns);
	for (unsigned int attempt = 0;; attempt++) {
		autofree char *name = workload_pod_name(l->r, w, i, attempt);
		char *key = arena_printf(&l->r->arena, "%s/%s", o->ns, name);
		bool is_new = names_add(&l->pods, key, me, &old);

		if (!is_new && !fixed && attempt < MAX_ATTEMPTS)
			continue;
		if (!is_new)
			report_twin(l, o, name, old);
		pod->name = take_ptr(name);
		break;
	}
	pod->uid = workload_uid(l->r, o->ns, NULL, pod->name);
}

/* Pods that differ only in their names: what is to be said of one is said of the first. */
static void make_pods(struct lowering *l, const struct workload *w)
{
	size_t errors = l->r->d.errors;

	for (int64_t i = 0; i < w->pods && l->r->d.errors == errors; i++) {
		struct plan_pod *pod;

		if (!lower_spend_on(l, w->o, w->o->at, POD_COST))
			break;
		l->r->muted = i > 0;
		pod = LOWER_ADD(l->plan->pods, l->plan->pods_count);
		name_pod(l, w, i, pod);
		lower_pod(l, w, i, pod);
	}
	l->r->muted = false;
}

/* Nothing of it runs, but its references are looked at all the same. */
static void make_nothing(struct lowering *l, struct workload *w)
{
	struct plan *real = l->plan;
	struct names claims = l->claims, pods = l->pods;
	int64_t none = w->pods;

	l->plan = xcalloc(1, sizeof(*l->plan));
	l->claims = l->pods = (struct names){0};
	w->pods = 1;
	make_pods(l, w);
	w->pods = none;
	plan_free(l->plan);
	names_done(&l->claims);
	names_done(&l->pods);
	l->plan = real;
	l->claims = claims;
	l->pods = pods;
}

static void check_count(struct lowering *l, struct workload *w)
{
	const struct at *spec = AT(w->o->at, "spec");
	const struct at *of_cron_job = AT(AT(spec, "jobTemplate"), "spec");

	if (w->pods <= WORKLOAD_MAX_PODS)
		return;
	run_report(l->r, w->o, KUBE_ERROR,
	           AT(w->o->type == OBJECT_CRON_JOB ? of_cron_job : spec, w->count_field),
	           "%lld pods are too many for one machine: at most %d of one %s",
	           (long long)w->pods, WORKLOAD_MAX_PODS, kind_name(w->o->type));
	w->pods = 1;
}

static void lower_object(struct lowering *l, const struct object *o)
{
	uint32_t first = l->plan->pods_count;
	struct workload w;

	if (o->type == OBJECT_SERVICE)
		lower_service(l, o);
	if (!workload_of(l->r, o, &w))
		return;
	check_count(l, &w);
	if (o->type == OBJECT_CRON_JOB) {
		lower_cron_job(l, &w);
		return;
	}
	if (w.pods)
		make_pods(l, &w);
	else
		make_nothing(l, &w);
	if (o->type == OBJECT_JOB)
		lower_job(l, &w, first);
	else if (o->type != OBJECT_POD)
		lower_controller(l, &w, first);
}

void lower(struct run *r, struct plan **ret, struct plan_data *ret_data)
{
	struct lowering l = {.r = r, .configs = {.data = ret_data}};

	l.plan = xcalloc(1, sizeof(*l.plan));
	l.plan->version = PLAN_VERSION;
	l.plan->project = xstrdup(r->project);
	l.plan->project_namespace = xstrdup(r->o->namespace_default);
	for (size_t i = 0; i < r->objects_count; i++)
		if (r->objects[i].type == OBJECT_CLAIM && *r->objects[i].name)
			lower_claim(&l, r->objects[i].ns, r->objects[i].name, &r->objects[i], NULL,
			            NULL);
	for (size_t i = 0; i < r->objects_count && !l.stop; i++) {
		lower_object(&l, &r->objects[i]);
		documents_release(r, i + 1);
	}
	plan_data_sort(ret_data);
	configs_done(&l.configs);
	names_done(&l.claims);
	names_done(&l.pods);
	*ret = l.plan;
}
