/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_resources.c - how much may a container use, and how important does that make its pod?
 *
 * Amounts are whole numbers: thousandths for cpu, bytes or pieces for everything else, rounded up.
 * A request that is not written is its limit, as an API server fills it in.
 */
#include "kube/lowering.h"
#include "kube/quantity.h"

static int scale_of(const char *name)
{
	return streq(name, "cpu") ? 1000 : 1;
}

static struct plan_amount *find(const struct plan_resources *r, const char *name)
{
	for (uint32_t i = 0; i < r->all_count; i++)
		if (streq(r->all[i].name, name))
			return &r->all[i];
	return NULL;
}

static int64_t add_up(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static void set_number(int64_t **to, int64_t n)
{
	if (*to)
		**to = n;
	else
		*to = lower_number(n);
}

/* What the rules have found no fault with; a resource is written once, as a key of a mapping. */
static void add_amounts(struct lower_pod *p, const struct at *at, const struct k8s_quantity_pair *v,
                        uint32_t count, bool limit, struct plan_resources *out)
{
	for (uint32_t i = 0; i < count; i++) {
		struct plan_amount *a = find(out, v[i].key);
		int64_t n;

		if (quantity_parse(v[i].value, scale_of(v[i].key), &n) != SCALAR_OK || n < 0)
			continue;
		if (!a) {
			if (!lower_spend(p, at, LOWER_SMALL + strlen(v[i].key)))
				return;
			a = LOWER_ADD(out->all, out->all_count);
			a->name = xstrdup(v[i].key);
		}
		set_number(limit ? &a->limit : &a->request, n);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct plan_amount *)a)->name, ((const struct plan_amount *)b)->name);
}

static int64_t value_of(const int64_t *n)
{
	return n ? *n : -1;
}

/* The two that most ask for have members of their own. */
static void set_members(struct plan_resources *out)
{
	const struct plan_amount *cpu, *memory;

	if (out->all_count)
		qsort(out->all, out->all_count, sizeof(*out->all), by_name);
	cpu = find(out, "cpu");
	memory = find(out, "memory");
	out->cpu_request_m = cpu ? value_of(cpu->request) : -1;
	out->cpu_limit_m = cpu ? value_of(cpu->limit) : -1;
	out->memory_request = memory ? value_of(memory->request) : -1;
	out->memory_limit = memory ? value_of(memory->limit) : -1;
}

static void add_all(struct lower_pod *p, const struct at *at, const struct k8s_resources *r,
                    struct plan_resources *out)
{
	add_amounts(p, at, r->limits, r->limits_count, true, out);
	add_amounts(p, at, r->requests, r->requests_count, false, out);
}

static void default_requests(struct plan_resources *out)
{
	for (uint32_t i = 0; i < out->all_count; i++)
		if (out->all[i].limit && !out->all[i].request)
			out->all[i].request = lower_number(*out->all[i].limit);
}

void lower_resources(struct lower_pod *p, const struct at *at, const struct k8s_resources *r,
                     struct plan_resources *out)
{
	if (r)
		add_all(p, at, r, out);
	default_requests(out);
	set_members(out);
}

/* --- the pod's ---------------------------------------------------------------------------- */

static int64_t request_in(const struct plan_container *c, const char *name)
{
	const struct plan_amount *a = find(&c->resources, name);

	return a && a->request ? *a->request : -1;
}

/*
 * What all containers request of a resource, -1 if none does: the sum of those that run together,
 * or the most that the start takes, when init containers run beside the sidecars before them.
 */
static int64_t request_of_containers(const struct plan_pod *pod, const char *name)
{
	int64_t sum = 0, sidecars = 0, start = 0;
	bool any = false;

	for (uint32_t i = 0; i < pod->init_containers_count; i++) {
		const struct plan_container *c = &pod->init_containers[i];
		int64_t n = request_in(c, name);

		any |= n >= 0;
		start = MAX(start, add_up(sidecars, MAX(n, INT64_C(0))));
		if (c->restart == PLAN_CONTAINER_RESTART_ALWAYS)
			sidecars = add_up(sidecars, MAX(n, INT64_C(0)));
	}
	for (uint32_t i = 0; i < pod->containers_count; i++) {
		int64_t n = request_in(&pod->containers[i], name);

		any |= n >= 0;
		sum = add_up(sum, MAX(n, INT64_C(0)));
	}
	return any ? MAX(add_up(sum, sidecars), start) : -1;
}

/* Only if the pod has limits at all: what its containers request, else the limit. */
static void default_pod_requests(struct lower_pod *p, const struct at *at,
                                 struct plan_resources *out)
{
	static const char *const names[] = {"cpu", "memory"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct plan_amount *a = find(out, names[i]);
		int64_t n = request_of_containers(p->pod, names[i]);

		if ((a && a->request) || n < 0 || !lower_spend(p, at, LOWER_SMALL))
			continue;
		if (!a) {
			a = LOWER_ADD(out->all, out->all_count);
			a->name = xstrdup(names[i]);
		}
		a->request = lower_number(n);
	}
	default_requests(out);
}

/* --- the class ---------------------------------------------------------------------------- */

struct total {
	int64_t request, limit; /* 0: nobody says so */
};

struct totals {
	struct total cpu, memory;
	bool complete; /* each has limits of both */
};

static void add_total(struct total *t, const struct plan_amount *a)
{
	if (a && a->request)
		t->request = add_up(t->request, *a->request);
	if (a && a->limit)
		t->limit = add_up(t->limit, *a->limit);
}

static void add_resources(struct totals *t, const struct plan_resources *r)
{
	add_total(&t->cpu, find(r, "cpu"));
	add_total(&t->memory, find(r, "memory"));
	t->complete &= r->cpu_limit_m > 0 && r->memory_limit > 0;
}

static enum plan_qos class_of(const struct plan_pod *pod)
{
	struct totals t = {.complete = true};

	if (pod->resources) {
		add_resources(&t, pod->resources);
	} else {
		for (uint32_t i = 0; i < pod->init_containers_count; i++)
			add_resources(&t, &pod->init_containers[i].resources);
		for (uint32_t i = 0; i < pod->containers_count; i++)
			add_resources(&t, &pod->containers[i].resources);
	}
	if (!t.cpu.request && !t.cpu.limit && !t.memory.request && !t.memory.limit)
		return PLAN_QOS_BEST_EFFORT;
	return t.complete && t.cpu.request == t.cpu.limit && t.memory.request == t.memory.limit
	               ? PLAN_QOS_GUARANTEED
	               : PLAN_QOS_BURSTABLE;
}

void lower_pod_resources(struct lower_pod *p)
{
	const struct k8s_resources *from = p->v->spec->resources;
	const struct at *at = AT(p->v->spec_at, "resources");
	struct plan_resources *to;

	if (from && (from->limits_count || from->requests_count)) {
		to = p->pod->resources = xcalloc(1, sizeof(*to));
		add_all(p, at, from, to);
		if (from->limits_count)
			default_pod_requests(p, at, to);
		set_members(to);
	}
	p->pod->qos = class_of(p->pod);
}
