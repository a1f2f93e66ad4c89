/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_annotation.c - what do the annotations of a pod ask for?
 *
 * Those of the template are the pod's. Podman's own are also looked for at the controller, where
 * podman itself reads them. Each known one is checked; what nothing here does yet is said, and kept
 * as a hint in the plan.
 */
#include "kube/annotation.h"
#include "kube/lowering.h"

/* One list of annotations under inspection. */
struct annotated {
	struct lowering *l;
	const struct object *o;
	const struct at *at; /* of the list */
	const struct lower_pod *p;
	const struct names *containers; /* of p: their number * 2, + 1 if they are for the start */
};

/* --- where they stand --------------------------------------------------------------------- */

static bool is_podmans(const char *key)
{
	return starts_with(key, "io.podman.annotations.") || starts_with(key, "io.containers.");
}

static void index_list(struct lower_pod *p, const struct k8s_meta *m, bool podmans)
{
	for (uint32_t i = 0; m && i < m->annotations_count; i++)
		if (!podmans || is_podmans(m->annotations[i].key))
			(void)names_add(&p->annotations, m->annotations[i].key, i * 2 + podmans,
			                NULL);
}

void lower_index_annotations(struct lower_pod *p)
{
	index_list(p, p->v->meta, false);
	index_list(p, p->v->o->head->metadata, true);
}

const char *lower_annotation(const struct lower_pod *p, const char *key, const char *suffix)
{
	autofree char *whole = suffix ? xasprintf("%s/%s", key, suffix) : xstrdup(key);
	const struct k8s_meta *m = p->v->meta;
	uint32_t i;

	if (!names_find(&p->annotations, whole, &i))
		return NULL;
	if (i % 2)
		m = p->v->o->head->metadata;
	return m->annotations[i / 2].value;
}

/* --- what is wrong with them -------------------------------------------------------------- */

static void report_value(const struct annotated *x, const struct annotation *a, const char *key,
                         const char *value)
{
	autofree char *shown = diag_quote(value);

	run_report(x->l->r, x->o, KUBE_ERROR, AT(x->at, key), "expected %s, got \"%s\"", a->value,
	           shown);
}

static void report_unknown(const struct annotated *x, const char *key)
{
	const struct annotation *table;
	struct guess g = {0};
	size_t count;

	if (!annotation_is_family(key))
		return;
	table = annotation_table(&count);
	for (size_t i = 0; i < count; i++)
		guess_offer(&g, key, table[i].key);
	autofree char *hint = guess_text(&g);

	run_report(x->l->r, x->o, KUBE_WARNING, AT(x->at, key), "unknown annotation, ignored%s",
	           hint);
}

static struct plan_container *container_of(const struct annotated *x, const char *name)
{
	const struct plan_pod *pod = x->p->pod;
	uint32_t i;

	if (!names_find(x->containers, name, &i))
		return NULL;
	return i % 2 ? &pod->init_containers[i / 2] : &pod->containers[i / 2];
}

static void offer_names(struct guess *g, const char *name, const struct plan_container *list,
                        uint32_t count)
{
	for (uint32_t i = 0; list && i < count; i++)
		guess_offer(g, name, list[i].name);
}

static void report_container(const struct annotated *x, const char *key, const char *name)
{
	const struct plan_pod *pod = x->p->pod;
	autofree char *shown = diag_quote(name), *hint = NULL;
	struct guess g = {0};

	if (!x->l->r->d.full) {
		offer_names(&g, name, pod->init_containers, pod->init_containers_count);
		offer_names(&g, name, pod->containers, pod->containers_count);
	}
	hint = guess_text(&g);
	run_report_strict(x->l->r, x->o, AT(x->at, key), "the pod has no container \"%s\"%s", shown,
	                  hint);
}

/* The profile that is in force anyway needs no word. */
static bool is_default(const char *value)
{
	return streq(value, "runtime/default") || streq(value, "docker/default");
}

static void report_verdict(const struct annotated *x, const struct annotation *a, const char *key,
                           const char *value)
{
	if (a->verdict == SCHEMA_LATER && x->l->r->o->validate != KUBE_IGNORE && !is_default(value))
		run_report(x->l->r, x->o, KUBE_WARNING, AT(x->at, key),
		           "annotation not supported yet, ignored");
}

/* --- what they mean ----------------------------------------------------------------------- */

static void add_hint(const struct annotated *x, const struct annotation *a,
                     struct plan_container *c, const char *value)
{
	struct plan_pod *pod = x->p->pod;

	if (!a->hint || !lower_spend_on(x->l, x->o, x->at, LOWER_SMALL + strlen(value)))
		return;
	if (c)
		lower_label(&c->hints, &c->hints_count, a->hint, value);
	else
		lower_label(&pod->hints, &pod->hints_count, a->hint, value);
}

/* False if it is meant for somebody else. */
static bool find_target(const struct annotated *x, const struct annotation *a, const char *key,
                        const char *suffix, struct plan_container **ret)
{
	*ret = NULL;
	if (a->form == ANNOTATION_CLAIM)
		return false;
	if (a->form == ANNOTATION_NAMED_POD)
		return !suffix || streq(suffix, x->p->pod->name) || streq(suffix, x->o->name);
	if (!suffix)
		return a->form != ANNOTATION_CONTAINER;
	*ret = container_of(x, suffix);
	if (!*ret)
		report_container(x, key, suffix);
	return *ret;
}

static void lower_one(const struct annotated *x, const char *key, const char *value)
{
	const char *suffix;
	const struct annotation *a = annotation_find(key, &suffix);
	struct plan_container *c;

	if (!a) {
		report_unknown(x, key);
		return;
	}
	if (!find_target(x, a, key, suffix, &c))
		return;
	if (a->valid && !a->valid(a, value)) {
		report_value(x, a, key, value);
		return;
	}
	report_verdict(x, a, key, value);
	add_hint(x, a, c, value);
	if (!streq(key, "kubectl.kubernetes.io/default-container"))
		return;
	if (container_of(x, value))
		x->p->pod->default_container = xstrdup(value);
	else
		report_container(x, key, value);
}

static void index_containers(const struct plan_pod *pod, struct names *n)
{
	for (uint32_t i = 0; i < pod->containers_count; i++)
		(void)names_add(n, pod->containers[i].name, i * 2, NULL);
	for (uint32_t i = 0; i < pod->init_containers_count; i++)
		(void)names_add(n, pod->init_containers[i].name, i * 2 + 1, NULL);
}

void lower_annotations(struct lower_pod *p)
{
	const struct k8s_meta *own = p->v->meta, *theirs = p->v->o->head->metadata;
	autonames struct names containers = {0};
	struct annotated x = {.l = p->l, .o = p->v->o, .p = p, .containers = &containers};
	uint32_t found;

	index_containers(p->pod, &containers);
	x.at = AT(AT(p->v->at, "metadata"), "annotations");
	for (uint32_t i = 0; own && i < own->annotations_count; i++)
		lower_one(&x, own->annotations[i].key, own->annotations[i].value);
	if (theirs == own)
		return;
	x.at = AT(AT(p->v->o->at, "metadata"), "annotations");
	for (uint32_t i = 0; theirs && i < theirs->annotations_count; i++)
		if (names_find(&p->annotations, theirs->annotations[i].key, &found) &&
		    found == i * 2 + 1)
			lower_one(&x, theirs->annotations[i].key, theirs->annotations[i].value);
}

void lower_claim_annotations(struct lowering *l, const struct object *o, const struct at *at,
                             const struct k8s_meta *m, struct plan_claim *out)
{
	struct annotated x = {.l = l, .o = o, .at = AT(at, "annotations")};

	for (uint32_t i = 0; i < m->annotations_count; i++) {
		const char *key = m->annotations[i].key, *value = m->annotations[i].value, *suffix;
		const struct annotation *a = annotation_find(key, &suffix);

		if (!a && starts_with(key, "volume.podman.io/"))
			report_unknown(&x, key);
		if (!a || a->form != ANNOTATION_CLAIM)
			continue;
		if (a->valid && !a->valid(a, value)) {
			report_value(&x, a, key, value);
			continue;
		}
		report_verdict(&x, a, key, value);
		if (a->hint && lower_spend_on(l, o, x.at, LOWER_SMALL + strlen(value)))
			lower_label(&out->hints, &out->hints_count, a->hint, value);
	}
}
