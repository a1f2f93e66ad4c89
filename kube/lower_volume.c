/* SPDX-License-Identifier: Apache-2.0 */
/* lower_volume.c - volumes of a pod: directories, claims, and what stands for them */
#include "kube/lowering.h"
#include "kube/pathname.h"
#include "kube/quantity.h"
#include "kube/schema.h"

enum { VOLUME_COST = 256 };

static void fill_empty_dir(struct plan_volume *out, const struct k8s_empty_dir *d)
{
	int64_t size = 0;

	out->type = PLAN_EMPTY_DIR;
	out->memory = d->medium == K8S_MEDIUM_MEMORY;
	if (d->sizeLimit && d->sizeLimit->text)
		(void)quantity_parse(d->sizeLimit->text, 1, &size);
	out->size_limit = size;
}

static void fill_host_path(struct plan_volume *out, const struct k8s_host_path *h, const char *dir)
{
	static const enum plan_host_path_type types[] = {
		[K8S_HOST_PATH_UNSET] = PLAN_HOST_PATH_ANY,
		[K8S_HOST_PATH_DIRECTORY_OR_CREATE] = PLAN_HOST_PATH_DIRECTORY_OR_CREATE,
		[K8S_HOST_PATH_DIRECTORY] = PLAN_HOST_PATH_DIRECTORY,
		[K8S_HOST_PATH_FILE_OR_CREATE] = PLAN_HOST_PATH_FILE_OR_CREATE,
		[K8S_HOST_PATH_FILE] = PLAN_HOST_PATH_FILE,
		[K8S_HOST_PATH_SOCKET] = PLAN_HOST_PATH_SOCKET,
		[K8S_HOST_PATH_CHAR_DEVICE] = PLAN_HOST_PATH_CHAR_DEVICE,
		[K8S_HOST_PATH_BLOCK_DEVICE] = PLAN_HOST_PATH_BLOCK_DEVICE,
	};
	const char *path = text_of(h->path);
	autofree char *whole = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", dir, path);

	out->type = PLAN_HOST_PATH;
	out->host_path = path_clean(whole);
	out->host_path_type = types[h->type];
}

static void fill_claim(struct lower_pod *p, const struct at *at, struct plan_volume *out,
                       const struct k8s_claim_volume *c)
{
	out->type = PLAN_CLAIM;
	out->claim = xstrdup(text_of(c->claimName));
	out->read_only = c->readOnly && *c->readOnly;
	if (c->claimName)
		lower_claim(p->l, p->pod->pod_namespace, c->claimName, NULL, p->v,
		            AT(AT(at, "persistentVolumeClaim"), "claimName"));
}

/* A directory that the pod has to itself; in a cluster it is a claim of this name. */
static void fill_ephemeral(struct lower_pod *p, const struct at *at, struct plan_volume *out)
{
	struct run *r = p->l->r;
	const char *ns = p->pod->pod_namespace;

	out->type = PLAN_EPHEMERAL;
	out->claim = xasprintf("%s-%s", p->pod->name, out->name);
	if (!run_find(r, OBJECT_CLAIM, ns, out->claim))
		return;
	autofree char *name = diag_quote(out->claim);

	run_report(r, p->v->o, KUBE_ERROR, AT(at, "name"),
	           "the PersistentVolumeClaim of this volume would be \"%s\", which is another's; "
	           "give the volume another name",
	           name);
}

static void fill_image(struct plan_volume *out, const struct k8s_image_volume *i)
{
	out->type = PLAN_IMAGE;
	out->read_only = true;
	out->image = xcalloc(1, sizeof(*out->image));
	out->image->reference = xstrdup(text_of(i->reference));
	out->image->pull = lower_pull_policy(text_of(i->reference), i->pullPolicy);
}

static void substitute(struct lower_pod *p, const struct at *at, struct plan_volume *out,
                       const char *source)
{
	out->substitute = xstrdup(source);
	run_report(p->l->r, p->v->o, KUBE_NOTE, AT(at, source),
	           "replaced by an empty directory that goes with the pod");
}

/* A volume without a source that works is left out: that was reported. */
static bool fill(struct lower_pod *p, const struct at *at, const struct k8s_volume *v,
                 struct plan_volume *out, bool *complete)
{
	const char *foreign = p->l->r->o->substitute_volumes ? schema_refused("Volume", v) : NULL;

	if (v->emptyDir)
		fill_empty_dir(out, v->emptyDir);
	else if (v->hostPath)
		fill_host_path(out, v->hostPath, p->v->o->dir);
	else if (v->configMap || v->secret || v->projected || v->downwardAPI)
		*complete = lower_files(p, at, v, out);
	else if (v->persistentVolumeClaim)
		fill_claim(p, at, out, v->persistentVolumeClaim);
	else if (v->ephemeral)
		fill_ephemeral(p, at, out);
	else if (v->image)
		fill_image(out, v->image);
	else if (foreign)
		substitute(p, at, out, foreign);
	else
		return false;
	return true;
}

static void lower_volume(struct lower_pod *p, const struct at *at, const struct k8s_volume *v)
{
	struct plan_volume *out = LOWER_ADD(p->pod->volumes, p->pod->volumes_count);
	uint32_t number = p->pod->volumes_count - 1;
	bool complete = true;

	out->name = xstrdup(v->name);
	if (fill(p, at, v, out, &complete)) {
		(void)names_add(&p->volumes, out->name, number * 2 + !complete, NULL);
		return;
	}
	free(out->name);
	p->pod->volumes_count--;
}

void lower_volumes(struct lower_pod *p)
{
	const struct k8s_pod_spec *s = p->v->spec;
	uint32_t there;

	for (uint32_t i = 0; i < s->volumes_count && !p->l->stop; i++) {
		const struct at *at = AT_ITEM(AT(p->v->spec_at, "volumes"), i);

		/* a claim of a StatefulSet takes the place of its template's volume */
		if (s->volumes[i].name && !names_find(&p->volumes, s->volumes[i].name, &there) &&
		    lower_spend(p, at, VOLUME_COST))
			lower_volume(p, at, &s->volumes[i]);
	}
}
