/* SPDX-License-Identifier: Apache-2.0 */
/* lower_volume.c - volumes of a pod: directories, claims, and files from ConfigMaps and Secrets */
#include "kube/lowering.h"
#include "kube/pathname.h"
#include "kube/quantity.h"

enum { DEFAULT_MODE = 0644, FILE_COST = 128 };

static void add_file(struct lower_pod *p, const struct at *at, struct plan_volume *out,
                     const struct config *c, struct config_entry *e, const char *path,
                     const int32_t *mode)
{
	struct plan_file *f;

	if (!lower_spend(p, at, FILE_COST + strlen(path)))
		return;
	f = LOWER_ADD(out->files, out->files_count);
	f->path = path_clean(path);
	f->mode = mode ? *mode : out->default_mode;
	f->data = config_use(&p->l->configs, c, e);
}

static void add_items(struct lower_pod *p, const struct at *at, struct plan_volume *out,
                      const struct config *c, const struct k8s_key_to_path *items, uint32_t count,
                      const bool *optional)
{
	for (uint32_t i = 0; i < count && !p->l->stop; i++) {
		const struct at *here = AT_ITEM(AT(at, "items"), i);
		struct config_entry *e = config_find(c, text_of(items[i].key));

		if (!items[i].key || !items[i].path)
			continue;
		if (e) {
			add_file(p, here, out, c, e, items[i].path, items[i].mode);
		} else if (!optional || !*optional) {
			autofree char *key = diag_quote(items[i].key);
			autofree char *name = diag_quote(c->o->name), *keys = config_keys(c);

			run_report(p->l->r, p->v->o, KUBE_ERROR, AT(here, "key"),
			           "%s \"%s\" has no key \"%s\"%s", kind_name(c->o->type), name,
			           key, keys);
		}
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct plan_file *)a)->path, ((const struct plan_file *)b)->path);
}

/* A path that is a file cannot also be a directory of another. */
static void check_tree(struct lower_pod *p, const struct at *at, const struct plan_volume *out)
{
	autonames struct names files = {0};
	uint32_t old;

	for (uint32_t i = 0; i < out->files_count; i++)
		(void)names_add(&files, out->files[i].path, i, NULL);
	for (uint32_t i = 0; i < out->files_count; i++) {
		autofree char *path = xstrdup(out->files[i].path);

		for (char *s = strrchr(path, '/'); s; s = strrchr(path, '/')) {
			*s = '\0';
			if (!names_find(&files, path, &old))
				continue;
			autofree char *shown = diag_quote(path);

			run_report(p->l->r, p->v->o, KUBE_ERROR, at,
			           "\"%s\" would be a file and a directory", shown);
			break;
		}
	}
}

static void fill_files(struct lower_pod *p, const struct at *at, struct plan_volume *out,
                       enum object_type type, const char *name, const struct k8s_key_to_path *items,
                       uint32_t count, const int32_t *mode, const bool *optional)
{
	struct config *c;

	out->type = PLAN_FILES;
	out->secret = type == OBJECT_SECRET;
	out->default_mode = mode ? *mode : DEFAULT_MODE;
	if (!name)
		return;
	c = lower_config(p, at, type, name, optional);
	if (!c)
		return;
	add_items(p, at, out, c, items, count, optional);
	for (size_t i = 0; !items && i < c->count && !p->l->stop; i++)
		add_file(p, at, out, c, &c->entry[i], c->entry[i].key, NULL);
	if (out->files_count)
		qsort(out->files, out->files_count, sizeof(*out->files), by_path);
	check_tree(p, at, out);
}

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

static bool has_source(const struct k8s_volume *v)
{
	return v->emptyDir || v->hostPath || v->configMap || v->secret || v->persistentVolumeClaim;
}

static void lower_volume(struct lower_pod *p, const struct at *at, const struct k8s_volume *v)
{
	struct plan_volume *out = LOWER_ADD(p->pod->volumes, p->pod->volumes_count);

	out->name = xstrdup(v->name);
	(void)names_add(&p->volumes, out->name, 0, NULL);
	if (v->emptyDir)
		fill_empty_dir(out, v->emptyDir);
	else if (v->hostPath)
		fill_host_path(out, v->hostPath, p->v->o->dir);
	else if (v->configMap)
		fill_files(p, AT(at, "configMap"), out, OBJECT_CONFIG_MAP, v->configMap->name,
		           v->configMap->items, v->configMap->items_count,
		           v->configMap->defaultMode, v->configMap->optional);
	else if (v->secret)
		fill_files(p, AT(at, "secret"), out, OBJECT_SECRET, v->secret->secretName,
		           v->secret->items, v->secret->items_count, v->secret->defaultMode,
		           v->secret->optional);
	else
		fill_claim(p, at, out, v->persistentVolumeClaim);
}

void lower_volumes(struct lower_pod *p)
{
	const struct k8s_pod_spec *s = p->v->spec;

	for (uint32_t i = 0; i < s->volumes_count && !p->l->stop; i++) {
		const struct at *at = AT_ITEM(AT(p->v->spec_at, "volumes"), i);

		if (s->volumes[i].name && has_source(&s->volumes[i]) &&
		    lower_spend(p, at, FILE_COST))
			lower_volume(p, at, &s->volumes[i]);
	}
}
