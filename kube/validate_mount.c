/* SPDX-License-Identifier: Apache-2.0 */
/* validate_mount.c - where volumes appear in a container: known volumes, clean paths, one per path
 */
#include "kube/rule.h"

/* What podman allows behind a mountPath; a cluster knows none of it. */
static const char *const suffix_words[] = {"ro", "rw", "z", "Z"};

/* The length of a mountPath without such a suffix, which must be made of known words. */
static size_t path_len(const char *path)
{
	const char *colon = strrchr(path, ':');

	if (!colon || !colon[1])
		return strlen(path);
	for (const char *p = colon + 1;; p++) {
		size_t len = strcspn(p, ","), w = 0;

		while (w < ARRAY_LEN(suffix_words) &&
		       (strlen(suffix_words[w]) != len || strncmp(suffix_words[w], p, len) != 0))
			w++;
		if (w == ARRAY_LEN(suffix_words))
			return strlen(path);
		p += len;
		if (!*p)
			return (size_t)(colon - path);
	}
}

/* The path of a mount in one spelling (no suffix, no "//", no "/" at its end), in the arena; NULL
 * if it is wrong. */
static const char *plain_path(const struct check *x, const struct k8s_mount *m)
{
	const char *path = text_of(m->mountPath);
	size_t len = path_len(path), out = 0;
	char *plain;

	if (*path != '/' || len >= PATH_MAX || memchr(path, ':', len))
		return NULL;
	plain = arena_strndup(&x->r->arena, path, len);
	if (has_dotdot(plain))
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (plain[i] != '/' || (out && plain[out - 1] != '/') || !out)
			plain[out++] = plain[i];
	if (out > 1 && plain[out - 1] == '/')
		out--;
	plain[out] = '\0';
	return plain;
}

/* Say which volume does not exist, and which could be meant. */
static void unknown_volume(const struct check *x, const char *name)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	struct guess g = {0};
	uint32_t found;

	if (!name || names_find(&x->pod->volumes, name, &found))
		return;
	for (uint32_t v = 0; v < s->volumes_count && !x->r->d.full; v++)
		guess_offer(&g, name, text_of(s->volumes[v].name));
	autofree char *shown = diag_quote(name), *hint = guess_text(&g);

	BROKEN(x, "name", "the pod has no volume \"%s\"%s", shown,
	       *hint ? hint : "; add it to spec.volumes");
}

void rule_mount_unknown_volume(const struct check *x)
{
	unknown_volume(x, x->mount->name);
}

void rule_mount_path(const struct check *x)
{
	const char *path = x->mount->mountPath;

	if (path && !plain_path(x, x->mount))
		BROKEN(x, "mountPath", "must be an absolute path without \":\" and \"..\"");
	else if (path && strspn(path, "/.") == path_len(path))
		BROKEN(x, "mountPath", "cannot be the root directory");
}

void rule_mount_path_suffix(const struct check *x)
{
	const char *path = x->mount->mountPath;

	if (path && path_len(path) < strlen(path)) {
		autofree char *shown = diag_quote(path + path_len(path));

		BROKEN(x, "mountPath",
		       "a cluster refuses \"%s\"; leave it out (readOnly: true for ro)", shown);
	}
}

void rule_container_mount_repeated(const struct check *x)
{
	const struct k8s_container *c = x->container;
	autonames struct names seen = {0};
	uint32_t first;

	for (uint32_t i = 0; i < c->volumeMounts_count; i++) {
		const char *path = plain_path(x, &c->volumeMounts[i]);

		if (path && !names_add(&seen, path, i, &first))
			broken(x, AT(AT_ITEM(AT(x->at, "volumeMounts"), i), "mountPath"),
			       "volumeMounts[%u] is mounted at this path too", first);
	}
}

/* A mount of a container, for finding the ones that lie within others. */
struct place {
	const char *path;
	uint32_t index;
	size_t outer; /* the nearest one around it, or NO_PLACE */
};

#define NO_PLACE SIZE_MAX

/* Parents stand directly before what lies within them: "/" comes before all other letters. */
static int by_path(const void *a, const void *b)
{
	const unsigned char *x = (const void *)((const struct place *)a)->path;
	const unsigned char *y = (const void *)((const struct place *)b)->path;

	for (; *x && *x == *y; x++, y++)
		;
	if (*x == *y)
		return 0;
	return !*x ? -1 : !*y ? 1 : *x == '/' ? -1 : *y == '/' ? 1 : *x < *y ? -1 : 1;
}

static bool is_within(const char *inner, const char *outer)
{
	return starts_with(inner, outer) && inner[strlen(outer)] == '/';
}

/* True if nothing can be made in the directory of this mount: a mount point within it neither. */
static bool is_read_only(const struct check *x, const struct k8s_mount *m)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	uint32_t i;

	if (!m->name || !names_find(&x->pod->volumes, m->name, &i) || i >= s->volumes_count)
		return false;
	return s->volumes[i].configMap || s->volumes[i].secret || s->volumes[i].projected ||
	       s->volumes[i].downwardAPI;
}

void rule_container_mount_within(const struct check *x)
{
	const struct k8s_container *c = x->container;
	autofree struct place *v = NULL;
	size_t len = 0;

	if (c->volumeMounts_count < 2)
		return;
	v = xcalloc(c->volumeMounts_count, sizeof(*v));
	for (uint32_t i = 0; i < c->volumeMounts_count; i++) {
		v[len].path = plain_path(x, &c->volumeMounts[i]);
		v[len].index = i;
		len += v[len].path != NULL;
	}
	if (len)
		qsort(v, len, sizeof(*v), by_path);
	for (size_t i = 0; i < len; i++) {
		size_t up = i ? i - 1 : NO_PLACE;

		while (up != NO_PLACE && !is_within(v[i].path, v[up].path))
			up = v[up].outer;
		v[i].outer = up;
		if (up != NO_PLACE && is_read_only(x, &c->volumeMounts[v[up].index]))
			broken(x, AT(AT_ITEM(AT(x->at, "volumeMounts"), v[i].index), "mountPath"),
			       "lies in volumeMounts[%u], a read-only volume: a cluster cannot "
			       "make this directory in it; mount it elsewhere",
			       v[up].index);
	}
}

void rule_mount_sub_path(const struct check *x)
{
	const struct k8s_mount *m = x->mount;

	if (has_text(m->subPath) && !fits_below(m->subPath))
		BROKEN(x, "subPath", "must be a relative path without \"..\"");
	if (has_text(m->subPathExpr) && !fits_below(m->subPathExpr))
		BROKEN(x, "subPathExpr", "must be a relative path without \"..\"");
}

void rule_mount_sub_path_twice(const struct check *x)
{
	if (has_text(x->mount->subPath) && has_text(x->mount->subPathExpr))
		BROKEN(x, "subPathExpr",
		       "subPath and subPathExpr cannot both be set; leave one of them out");
}

void rule_mount_propagation(const struct check *x)
{
	const struct k8s_security_context *s = x->container->securityContext;

	if (x->mount->mountPropagation == K8S_PROPAGATION_BIDIRECTIONAL &&
	    !(s && is_true(s->privileged)))
		BROKEN(x, "mountPropagation", "Bidirectional needs privileged: true");
}

void rule_mount_recursive(const struct check *x)
{
	const struct k8s_mount *m = x->mount;

	if (m->recursiveReadOnly != K8S_RECURSIVE_IF_POSSIBLE &&
	    m->recursiveReadOnly != K8S_RECURSIVE_ENABLED)
		return;
	if (!is_true(m->readOnly))
		BROKEN(x, "recursiveReadOnly", "needs readOnly: true");
	else if (m->mountPropagation != K8S_PROPAGATION_UNSET &&
	         m->mountPropagation != K8S_PROPAGATION_NONE)
		BROKEN(x, "recursiveReadOnly", "needs mountPropagation: None");
}

void rule_device_unknown_volume(const struct check *x)
{
	unknown_volume(x, x->device->name);
}

void rule_device_claim(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	uint32_t i;

	if (x->device->name && names_find(&x->pod->volumes, x->device->name, &i) &&
	    i < s->volumes_count && !s->volumes[i].persistentVolumeClaim &&
	    !s->volumes[i].ephemeral)
		BROKEN(x, "name", "a device must be a persistentVolumeClaim or ephemeral volume");
}

void rule_device_path(const struct check *x)
{
	const char *path = x->device->devicePath;

	if (path && (*path != '/' || has_dotdot(path) || strchr(path, ':') || !path[1]))
		BROKEN(x, "devicePath", "must be an absolute path without \":\" and \"..\"");
}

void rule_container_device_repeated(const struct check *x)
{
	const struct k8s_container *c = x->container;
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < c->volumeDevices_count; i++)
		if (c->volumeDevices[i].devicePath &&
		    !names_add(&seen, c->volumeDevices[i].devicePath, i, NULL))
			broken(x, AT(AT_ITEM(AT(x->at, "volumeDevices"), i), "devicePath"),
			       "another device is at this path; give it another");
}
