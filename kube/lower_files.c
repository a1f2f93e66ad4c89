/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_files.c - volumes of files: from ConfigMaps, Secrets and the pod itself, one or several
 *
 * Theory of operation: sources are taken in order into one list of files by path; a later one takes
 * the place of an earlier one, as under a kubelet. Contents of ConfigMaps and Secrets go beside the
 * plan (config.h), what a pod says of itself stands in it.
 */
#include "kube/lowering.h"
#include "kube/pathname.h"

enum { DEFAULT_MODE = 0644, FILE_COST = 128 };

struct config *lower_config(struct lower_pod *p, const struct at *at, enum object_type type,
                            const char *name, const bool *optional)
{
	struct run *r = p->l->r;
	const struct object *o = run_find(r, type, p->pod->pod_namespace, name);

	if (o)
		return configs_get(r, &p->l->configs, o);
	if (optional && *optional)
		return NULL;
	autofree char *shown = diag_quote(name);
	autofree char *names = run_names(r, type, p->pod->pod_namespace);

	run_report(r, p->v->o, KUBE_ERROR, at, "there is no %s \"%s\"%s", kind_name(type), shown,
	           names);
	return NULL;
}

/* The volume that is being filled. */
struct files {
	struct lower_pod *p;
	struct plan_volume *out;
	struct names index; /* path -> number in out->files */
	const char **from;  /* of each file: whose whole content it is a part of; NULL: an item */
	uint32_t from_count;
	bool may_miss; /* something optional is not there */
};

/* The file at a path: a new one, or that of an earlier source, emptied. NULL: too much. */
static struct plan_file *add_file(struct files *f, const struct at *at, const char *path,
                                  const int32_t *mode, const char *from)
{
	autofree char *clean = path_clean(path);
	struct plan_file *file;
	uint32_t old;

	if (!lower_spend(f->p, at, FILE_COST + strlen(path)))
		return NULL;
	if (names_find(&f->index, clean, &old)) {
		file = &f->out->files[old];
		if (from || (f->from &&
		             f->from[old])) { /* two items of one path are an error of their own */
			autofree char *shown = diag_quote(clean);

			run_report(f->p->l->r, f->p->v->o, KUBE_WARNING, at,
			           "file \"%s\" also comes from an earlier source, which it hides",
			           shown);
		}
		free(file->data);
		if (file->text)
			plan_value_done(file->text);
		free(file->text);
		file->data = NULL;
		file->text = NULL;
	} else {
		file = LOWER_ADD(f->out->files, f->out->files_count);
		file->path = take_ptr(clean);
		*LOWER_ADD(f->from, f->from_count) = from;
		(void)names_add(&f->index, file->path, f->out->files_count - 1, NULL);
	}
	file->mode = mode ? *mode : f->out->default_mode;
	return file;
}

static void add_entry(struct files *f, const struct at *at, const struct config *c,
                      struct config_entry *e, const char *path, const int32_t *mode,
                      const char *from)
{
	struct plan_file *file = add_file(f, at, path, mode, from);

	if (file)
		file->data = config_use(&f->p->l->configs, c, e);
}

static void add_item(struct files *f, const struct at *at, const struct config *c,
                     const struct k8s_key_to_path *item, const bool *optional)
{
	struct config_entry *e = item->key ? config_find(c, item->key) : NULL;

	if (!item->key || !item->path)
		return;
	if (e) {
		add_entry(f, at, c, e, item->path, item->mode, NULL);
		return;
	}
	f->may_miss = true;
	if (optional && *optional)
		return;
	autofree char *key = diag_quote(item->key), *name = diag_quote(c->o->name);
	autofree char *keys = config_keys(c);

	run_report(f->p->l->r, f->p->v->o, KUBE_ERROR, AT(at, "key"),
	           "%s \"%s\" has no key \"%s\"%s", kind_name(c->o->type), name, key, keys);
}

/* A ConfigMap or Secret: its items, or all of it. */
struct config_source {
	enum object_type type;
	const char *name_key, *name;
	const struct k8s_key_to_path *items;
	uint32_t items_count;
	const bool *optional;
};

static void add_config(struct files *f, const struct at *at, const struct config_source *s)
{
	struct config *c = NULL;

	if (s->name)
		c = lower_config(f->p, AT(at, s->name_key), s->type, s->name, s->optional);

	f->out->secret |= s->type == OBJECT_SECRET;
	if (!c) {
		f->may_miss = true;
		return;
	}
	for (uint32_t i = 0; i < s->items_count && !f->p->l->stop; i++)
		add_item(f, AT_ITEM(AT(at, "items"), i), c, &s->items[i], s->optional);
	for (size_t i = 0; !s->items_count && i < c->count && !f->p->l->stop; i++)
		add_entry(f, at, c, &c->entry[i], c->entry[i].key, NULL, c->o->name);
}

static void add_downward(struct files *f, const struct at *at,
                         const struct k8s_downward_file *items, uint32_t count)
{
	for (uint32_t i = 0; i < count && !f->p->l->stop; i++) {
		const struct k8s_downward_file *from = &items[i];
		const struct at *here = AT_ITEM(AT(at, "items"), i);
		struct plan_value text = {0};
		struct plan_file *file;
		bool ok = false;

		if (from->fieldRef)
			ok = lower_field(f->p, AT(here, "fieldRef"), from->fieldRef, true, &text);
		else if (from->resourceFieldRef)
			ok = lower_resource(f->p, AT(here, "resourceFieldRef"),
			                    from->resourceFieldRef, NULL, &text);
		file = ok && from->path ? add_file(f, here, from->path, from->mode, NULL) : NULL;
		if (!file) {
			plan_value_done(&text);
			continue;
		}
		file->text = xcalloc(1, sizeof(*file->text));
		*file->text = text;
	}
}

static void add_projection(struct files *f, const struct at *at,
                           const struct k8s_volume_projection *s)
{
	if (s->configMap)
		add_config(f, AT(at, "configMap"),
		           &(struct config_source){OBJECT_CONFIG_MAP, "name", s->configMap->name,
		                                   s->configMap->items, s->configMap->items_count,
		                                   s->configMap->optional});
	if (s->secret)
		add_config(f, AT(at, "secret"),
		           &(struct config_source){OBJECT_SECRET, "name", s->secret->name,
		                                   s->secret->items, s->secret->items_count,
		                                   s->secret->optional});
	if (s->downwardAPI)
		add_downward(f, AT(at, "downwardAPI"), s->downwardAPI->items,
		             s->downwardAPI->items_count);
	f->may_miss |= s->serviceAccountToken || s->clusterTrustBundle || s->podCertificate;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct plan_file *)a)->path, ((const struct plan_file *)b)->path);
}

/* A path that is a file cannot also be a directory of another. */
static void check_tree(struct files *f, const struct at *at)
{
	uint32_t old;

	for (uint32_t i = 0; i < f->out->files_count; i++) {
		autofree char *path = xstrdup(f->out->files[i].path);

		if (strlen(path) >=
		    PATH_MAX) /* reported; each of its parts would cost its length */
			continue;
		for (char *s = strrchr(path, '/'); s; s = strrchr(path, '/')) {
			*s = '\0';
			if (!names_find(&f->index, path, &old))
				continue;
			autofree char *shown = diag_quote(path);

			run_report(f->p->l->r, f->p->v->o, KUBE_ERROR, at,
			           "\"%s\" would be a file and a directory", shown);
			break;
		}
	}
}

bool lower_files(struct lower_pod *p, const struct at *at, const struct k8s_volume *v,
                 struct plan_volume *out)
{
	const struct k8s_config_map_volume *c = v->configMap;
	const struct k8s_secret_volume *s = v->secret;
	const struct k8s_downward_volume *d = v->downwardAPI;
	const struct k8s_projected_volume *all = v->projected;
	const int32_t *mode = c     ? c->defaultMode
	                      : s   ? s->defaultMode
	                      : d   ? d->defaultMode
	                      : all ? all->defaultMode
	                            : NULL;
	struct files f = {.p = p, .out = out};

	out->type = PLAN_FILES;
	out->default_mode = mode ? *mode : DEFAULT_MODE;
	out->memory = d || all;
	if (c)
		add_config(&f, AT(at, "configMap"),
		           &(struct config_source){OBJECT_CONFIG_MAP, "name", c->name, c->items,
		                                   c->items_count, c->optional});
	else if (s)
		add_config(&f, AT(at, "secret"),
		           &(struct config_source){OBJECT_SECRET, "secretName", s->secretName,
		                                   s->items, s->items_count, s->optional});
	else if (d)
		add_downward(&f, AT(at, "downwardAPI"), d->items, d->items_count);
	for (uint32_t i = 0; all && i < all->sources_count && !p->l->stop; i++)
		add_projection(&f, AT_ITEM(AT(AT(at, "projected"), "sources"), i),
		               &all->sources[i]);
	check_tree(&f, AT(at, c ? "configMap" : s ? "secret" : d ? "downwardAPI" : "projected"));
	if (out->files_count)
		qsort(out->files, out->files_count, sizeof(*out->files), by_path);
	names_done(&f.index);
	free(f.from);
	return !f.may_miss;
}
