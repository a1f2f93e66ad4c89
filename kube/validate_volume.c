/* SPDX-License-Identifier: Apache-2.0 */
/* validate_volume.c - volumes: exactly one source, and what each source needs */
#include "kube/pathname.h"
#include "kube/quantity.h"
#include "kube/rule.h"

enum { MODE_MAX = 0777, TOKEN_MIN_S = 600 };

static void walk_projection(const struct check *x, const struct at *at,
                            const struct k8s_volume_projection *p)
{
	if (p->configMap) {
		const struct files f = {p->configMap->items, p->configMap->items_count, NULL};

		check_thing(x, ON_FILES, AT(at, "configMap"), &f);
	}
	if (p->secret) {
		const struct files f = {p->secret->items, p->secret->items_count, NULL};

		check_thing(x, ON_FILES, AT(at, "secret"), &f);
	}
	if (p->downwardAPI) {
		const struct downward d = {p->downwardAPI->items, p->downwardAPI->items_count,
		                           NULL};

		check_thing(x, ON_DOWNWARD, AT(at, "downwardAPI"), &d);
	}
}

static void walk_volume(const struct check *x, const struct at *at, const struct k8s_volume *v)
{
	check_thing(x, ON_VOLUME, at, v);
	if (v->configMap) {
		const struct files f = {v->configMap->items, v->configMap->items_count,
		                        v->configMap->defaultMode};

		check_thing(x, ON_FILES, AT(at, "configMap"), &f);
	}
	if (v->secret) {
		const struct files f = {v->secret->items, v->secret->items_count,
		                        v->secret->defaultMode};

		check_thing(x, ON_FILES, AT(at, "secret"), &f);
	}
	if (v->downwardAPI) {
		const struct downward d = {v->downwardAPI->items, v->downwardAPI->items_count,
		                           v->downwardAPI->defaultMode};

		check_thing(x, ON_DOWNWARD, AT(at, "downwardAPI"), &d);
	}
	for (uint32_t i = 0; v->projected && i < v->projected->sources_count; i++)
		walk_projection(x, AT_ITEM(AT(AT(at, "projected"), "sources"), i),
		                &v->projected->sources[i]);
	if (v->ephemeral && v->ephemeral->volumeClaimTemplate) {
		const struct k8s_claim_template *t = v->ephemeral->volumeClaimTemplate;
		const struct at *template = AT(AT(at, "ephemeral"), "volumeClaimTemplate");

		walk_meta(x, AT(template, "metadata"), t->metadata, true);
		walk_claim(x, AT(template, "spec"), t->spec);
	}
}

void walk_volumes(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	for (uint32_t i = 0; i < s->volumes_count; i++)
		walk_volume(x, AT_ITEM(AT(x->at, "volumes"), i), &s->volumes[i]);
}

void rule_volume_name(const struct check *x)
{
	check_name(x, AT(x->at, "name"), NAME_LABEL, "a volume's name", x->volume->name);
}

/* Sources by number: what stands in the struct but the name. */
static int sources(const struct k8s_volume *v)
{
	const void *const all[] = {
		v->emptyDir,
		v->hostPath,
		v->configMap,
		v->secret,
		v->persistentVolumeClaim,
		v->projected,
		v->downwardAPI,
		v->ephemeral,
		v->image,
		v->nfs,
		v->csi,
		v->iscsi,
		v->fc,
		v->rbd,
		v->cephfs,
		v->glusterfs,
		v->gitRepo,
		v->flexVolume,
		v->flocker,
		v->quobyte,
		v->scaleIO,
		v->storageos,
		v->portworxVolume,
		v->awsElasticBlockStore,
		v->azureDisk,
		v->azureFile,
		v->cinder,
		v->gcePersistentDisk,
		v->photonPersistentDisk,
		v->vsphereVolume,
	};
	int count = 0;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		count += all[i] != NULL;
	return count;
}

void rule_volume_sources(const struct check *x)
{
	if (sources(x->volume) > 1)
		broken(x, x->at, "more than one source; leave all but one out");
}

void rule_volume_no_source(const struct check *x)
{
	static const char *const fields[] = {"name", NULL};

	if (!sources(x->volume) && !others_stand_at(x, x->at, fields))
		broken(x, x->at,
		       "a volume needs a source; write emptyDir: {} for an empty directory");
}

void rule_volume_size_limit(const struct check *x)
{
	const struct k8s_empty_dir *d = x->volume->emptyDir;
	const struct at *at = AT(AT(x->at, "emptyDir"), "sizeLimit");
	int64_t size = 0;

	if (!d || !d->sizeLimit || !d->sizeLimit->text)
		return;
	if (quantity_parse(d->sizeLimit->text, 1, &size) == SCALAR_RANGE)
		broken(x, at, "too large");
	else if (size < 0)
		broken(x, at, "cannot be negative");
}

void rule_volume_medium(const struct check *x)
{
	const struct k8s_empty_dir *d = x->volume->emptyDir;

	if (d && d->medium != K8S_MEDIUM_UNSET && d->medium != K8S_MEDIUM_MEMORY)
		broken(x, AT(AT(x->at, "emptyDir"), "medium"), "huge pages are not supported yet");
}

void rule_volume_host_path(const struct check *x)
{
	const char *path = x->volume->hostPath ? x->volume->hostPath->path : NULL;
	const struct at *at = AT(AT(x->at, "hostPath"), "path");

	if (!path)
		return;
	if (!*path)
		broken(x, at, "cannot be empty; write a path");
	else if (*path == '/' && has_dotdot(path))
		broken(x, at, "an absolute path cannot have \"..\"");
	else if (starts_with(path, "~"))
		broken(x, at,
		       "\"~\" is not expanded; write an absolute path, or one relative to this "
		       "file");
	else if (strlen(path) >= PATH_MAX)
		broken(x, at, "too long");
}

void rule_volume_reference(const struct check *x)
{
	const struct k8s_volume *v = x->volume;
	const struct {
		const char *source, *key, *name;
	} names[] = {
		{"persistentVolumeClaim", "claimName",
	         v->persistentVolumeClaim ? v->persistentVolumeClaim->claimName : NULL},
		{"configMap", "name", v->configMap ? v->configMap->name : NULL},
		{"secret", "secretName", v->secret ? v->secret->secretName : NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		check_name(x, AT(AT(x->at, names[i].source), names[i].key), NAME_SUBDOMAIN,
		           "the name of an object", names[i].name);
}

void rule_volume_image(const struct check *x)
{
	if (x->volume->image && !has_text(x->volume->image->reference))
		broken(x, AT(x->at, "image"), "missing field \"reference\": the image to mount");
}

void rule_projection_source(const struct check *x)
{
	const struct k8s_projected_volume *p = x->volume->projected;

	for (uint32_t i = 0; p && i < p->sources_count; i++) {
		const struct k8s_volume_projection *s = &p->sources[i];
		const struct at *at = AT_ITEM(AT(AT(x->at, "projected"), "sources"), i);
		int count = (s->configMap != NULL) + (s->secret != NULL) +
		            (s->downwardAPI != NULL) + (s->serviceAccountToken != NULL) +
		            (s->clusterTrustBundle != NULL) + (s->podCertificate != NULL);

		if (count > 1)
			broken(x, at, "more than one source in one entry; write two entries");
		else if (!count)
			broken(x, at,
			       "no source; write configMap, secret, downwardAPI or "
			       "serviceAccountToken");
	}
}

/* Add a path of a projection; false if another entry has it. */
static bool add_path(const struct check *x, struct names *seen, const char *path)
{
	if (!path || !fits_below(path))
		return true;
	autofree char *clean = path_clean(path);

	return names_add(seen, arena_strdup(&x->r->arena, clean), 0, NULL);
}

static void check_path(const struct check *x, const struct at *at, struct names *seen,
                       const char *path)
{
	if (!add_path(x, seen, path))
		broken(x, AT(at, "path"), "another source has this path; give it another");
}

void rule_projection_conflict(const struct check *x)
{
	const struct k8s_projected_volume *p = x->volume->projected;
	autonames struct names seen = {0};

	for (uint32_t i = 0; p && i < p->sources_count; i++) {
		const struct k8s_volume_projection *s = &p->sources[i];
		const struct at *at = AT_ITEM(AT(AT(x->at, "projected"), "sources"), i);

		for (uint32_t f = 0; s->configMap && f < s->configMap->items_count; f++)
			check_path(x, AT_ITEM(AT(AT(at, "configMap"), "items"), f), &seen,
			           s->configMap->items[f].path);
		for (uint32_t f = 0; s->secret && f < s->secret->items_count; f++)
			check_path(x, AT_ITEM(AT(AT(at, "secret"), "items"), f), &seen,
			           s->secret->items[f].path);
		for (uint32_t f = 0; s->downwardAPI && f < s->downwardAPI->items_count; f++)
			check_path(x, AT_ITEM(AT(AT(at, "downwardAPI"), "items"), f), &seen,
			           s->downwardAPI->items[f].path);
		if (s->serviceAccountToken)
			check_path(x, AT(at, "serviceAccountToken"), &seen,
			           s->serviceAccountToken->path);
	}
}

void rule_projection_token(const struct check *x)
{
	const struct k8s_projected_volume *p = x->volume->projected;

	for (uint32_t i = 0; p && i < p->sources_count; i++) {
		const struct k8s_token_projection *t = p->sources[i].serviceAccountToken;
		const struct at *at = AT(AT_ITEM(AT(AT(x->at, "projected"), "sources"), i),
		                         "serviceAccountToken");

		if (t && t->path && !fits_below(t->path))
			broken(x, AT(at, "path"), "must be a relative path without \"..\"");
		if (t && outside_long(t->expirationSeconds, TOKEN_MIN_S, INT64_C(1) << 32))
			broken(x, AT(at, "expirationSeconds"), "is %d seconds or more",
			       TOKEN_MIN_S);
	}
}

void rule_volume_mode(const struct check *x)
{
	const struct k8s_projected_volume *p = x->volume->projected;
	const struct k8s_empty_dir *d = x->volume->emptyDir;

	if (p && outside(p->defaultMode, 0, MODE_MAX))
		broken(x, AT(AT(x->at, "projected"), "defaultMode"),
		       "a mode is 0 to 0777 (511); write it in octal, such as 0644");
	if (d && outside(d->mode, 0, MODE_MAX))
		broken(x, AT(AT(x->at, "emptyDir"), "mode"),
		       "a mode is 0 to 0777 (511); write it in octal, such as 0777");
}

static void check_mode(const struct check *x, const struct at *at, const char *key,
                       const int32_t *mode)
{
	if (outside(mode, 0, MODE_MAX))
		broken(x, AT(at, key),
		       "a mode is 0 to 0777 (511); write it in octal, such as 0644");
}

void rule_files_mode(const struct check *x)
{
	const struct files *f = x->files;

	check_mode(x, x->at, "defaultMode", f->mode);
	for (uint32_t i = 0; i < f->items_count; i++)
		check_mode(x, AT_ITEM(AT(x->at, "items"), i), "mode", f->items[i].mode);
}

void rule_downward_mode(const struct check *x)
{
	const struct downward *d = x->downward;

	check_mode(x, x->at, "defaultMode", d->mode);
	for (uint32_t i = 0; i < d->items_count; i++)
		check_mode(x, AT_ITEM(AT(x->at, "items"), i), "mode", d->items[i].mode);
}

static void check_item_path(const struct check *x, uint32_t i, const char *path)
{
	if (path && (!fits_below(path) || starts_with(path, "..")))
		broken(x, AT(AT_ITEM(AT(x->at, "items"), i), "path"),
		       "must be a relative path without \"..\"");
}

static void check_item_repeated(const struct check *x, uint32_t i, struct names *seen,
                                const char *path)
{
	if (!add_path(x, seen, path))
		broken(x, AT(AT_ITEM(AT(x->at, "items"), i), "path"),
		       "another item has this path; give it another");
}

void rule_files_path(const struct check *x)
{
	for (uint32_t i = 0; i < x->files->items_count; i++)
		check_item_path(x, i, x->files->items[i].path);
}

void rule_files_path_repeated(const struct check *x)
{
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < x->files->items_count; i++)
		check_item_repeated(x, i, &seen, x->files->items[i].path);
}

void rule_files_key(const struct check *x)
{
	for (uint32_t i = 0; i < x->files->items_count; i++)
		check_name(x, AT(AT_ITEM(AT(x->at, "items"), i), "key"), NAME_CONFIG_KEY, "a key",
		           x->files->items[i].key);
}

void rule_downward_path(const struct check *x)
{
	for (uint32_t i = 0; i < x->downward->items_count; i++)
		check_item_path(x, i, x->downward->items[i].path);
}

void rule_downward_path_repeated(const struct check *x)
{
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < x->downward->items_count; i++)
		check_item_repeated(x, i, &seen, x->downward->items[i].path);
}

void rule_downward_source(const struct check *x)
{
	for (uint32_t i = 0; i < x->downward->items_count; i++) {
		const struct k8s_downward_file *f = &x->downward->items[i];

		if ((f->fieldRef != NULL) == (f->resourceFieldRef != NULL))
			broken(x, AT_ITEM(AT(x->at, "items"), i),
			       "needs one of fieldRef and resourceFieldRef");
	}
}

void rule_downward_field(const struct check *x)
{
	static const char *const fields[] = {"metadata.name", "metadata.namespace", "metadata.uid",
	                                     "metadata.labels", "metadata.annotations"};

	for (uint32_t i = 0; i < x->downward->items_count; i++) {
		const struct k8s_field_ref *f = x->downward->items[i].fieldRef;
		const char *path = f ? f->fieldPath : NULL;
		autofree char *hint = NULL;

		if (!path || is_subscript(path) ||
		    is_one_of(path, fields, ARRAY_LEN(fields), &hint))
			continue;
		autofree char *shown = diag_quote(path);
		bool late = starts_with(path, "status.") || starts_with(path, "spec.");

		broken(x, AT(AT(AT_ITEM(AT(x->at, "items"), i), "fieldRef"), "fieldPath"),
		       "no file can hold field \"%s\"%s", shown,
		       late ? "; a variable can (env)" : hint);
	}
}

void rule_downward_resource(const struct check *x)
{
	for (uint32_t i = 0; i < x->downward->items_count; i++) {
		const struct k8s_resource_field_ref *f = x->downward->items[i].resourceFieldRef;
		const struct at *at = AT(AT_ITEM(AT(x->at, "items"), i), "resourceFieldRef");

		if (!f)
			continue;
		if (!has_text(f->containerName))
			broken(x, at,
			       "missing field \"containerName\": a file belongs to no container");
		check_resource_field(x, at, f);
	}
}
