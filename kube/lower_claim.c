/* SPDX-License-Identifier: Apache-2.0 */
/* lower_claim.c - which directories that outlive pods does the plan need? */
#include "kube/lowering.h"
#include "kube/quantity.h"

static int64_t storage_of(const struct k8s_claim_spec *s)
{
	const struct k8s_resources *res = s ? s->resources : NULL;
	int64_t n;

	for (uint32_t i = 0; res && i < res->requests_count; i++)
		if (streq(res->requests[i].key, "storage") &&
		    quantity_parse(res->requests[i].value, 1, &n) == SCALAR_OK)
			return MAX(n, (int64_t)0);
	return 0;
}

/* An entry of the plan; NULL if it has one of this name already. */
static struct plan_claim *add_claim(struct lowering *l, const char *ns, const char *name)
{
	struct plan_claim *c;

	if (!names_add(&l->claims, arena_printf(&l->r->arena, "%s/%s", ns, name), 0, NULL))
		return NULL;
	c = LOWER_ADD(l->plan->claims, l->plan->claims_count);
	c->name = xstrdup(name);
	c->claim_namespace = xstrdup(ns);
	return c;
}

static void fill_claim(struct lowering *l, const struct object *o, const struct at *at,
                       const struct k8s_claim *from, struct plan_claim *c)
{
	const struct k8s_claim_spec *s = from->spec;

	c->declared = true;
	if (from->metadata)
		lower_claim_annotations(l, o, AT(at, "metadata"), from->metadata, c);
	if (!s)
		return;
	c->storage = storage_of(s);
	lower_strings(l, o, at, s->accessModes, s->accessModes_count, &c->access_modes,
	              &c->access_modes_count);
	c->block = s->volumeMode == K8S_VOLUME_MODE_BLOCK;
	c->volume = lower_text(s->volumeName);
}

void lower_claim(struct lowering *l, const char *ns, const char *name,
                 const struct object *declared, const struct pod_view *v, const struct at *at)
{
	struct plan_claim *c = add_claim(l, ns, name);

	if (!c)
		return;
	if (declared)
		fill_claim(l, declared, declared->at, declared->claim, c);
	else
		run_report(l->r, v->o, KUBE_NOTE, at,
		           "no PersistentVolumeClaim of this name is in these files; it is made "
		           "if it does not exist yet");
}

static void set_owner(const struct lower_pod *p, struct plan_claim *c)
{
	struct plan_owner *o = xcalloc(1, sizeof(*o));

	o->api_version = xstrdup(kind_version(OBJECT_STATEFUL_SET));
	o->kind = xstrdup(kind_name(OBJECT_STATEFUL_SET));
	o->name = xstrdup(p->w->o->name);
	o->uid = xstrdup(p->w->uid);
	c->owner = o;
}

static void add_volume(struct lower_pod *p, const char *volume, const char *claim)
{
	struct plan_volume *v;
	uint32_t old;

	if (names_find(&p->volumes, volume, &old))
		return;
	v = LOWER_ADD(p->pod->volumes, p->pod->volumes_count);
	v->name = xstrdup(volume);
	v->type = PLAN_CLAIM;
	v->claim = xstrdup(claim);
	(void)names_add(&p->volumes, v->name, (p->pod->volumes_count - 1) * 2, NULL);
}

void lower_claim_volumes(struct lower_pod *p)
{
	const struct workload *w = p->w;
	const struct at *list = AT(AT(w->o->at, "spec"), "volumeClaimTemplates");

	for (uint32_t i = 0; i < w->claims_count; i++) {
		const struct k8s_claim *t = &w->claims[i];
		const char *volume = t->metadata ? t->metadata->name : NULL;
		autofree char *name = workload_claim_name(t, p->pod->name);
		struct plan_claim *c;

		if (!volume || !*volume ||
		    !lower_spend(p, AT_ITEM(list, i), (size_t)LOWER_SMALL * 3))
			continue;
		c = add_claim(p->l, p->pod->pod_namespace, name);
		if (c) {
			fill_claim(p->l, w->o, AT_ITEM(list, i), t, c);
			set_owner(p, c);
		}
		add_volume(p, volume, name);
	}
}
