/* SPDX-License-Identifier: Apache-2.0 */
/* lower_mount.c - which part of which volume stands where in a container? */
#include "kube/expand.h"
#include "kube/lowering.h"
#include "kube/pathname.h"

enum { MOUNT_COST = 96, MAX_LISTED = 10 };

/* The container whose mounts are made. */
struct mounts {
	struct lower_pod *p;
	struct plan_container *c;
	struct names env; /* name -> number in c->env; filled when an expression asks */
};

struct expression {
	struct mounts *m;
	const struct at *at;
	bool missing; /* a variable */
};

static void index_env(struct mounts *m)
{
	for (uint32_t i = m->env.len ? m->c->env_count : 0; i < m->c->env_count; i++)
		(void)names_add(&m->env, m->c->env[i].name, i, NULL);
}

/* What an environment does not have, or has empty, cannot be part of a path. */
static const struct plan_value *lookup(const char *name, void *arg)
{
	struct expression *x = arg;
	const struct plan_value *v = NULL;
	uint32_t i;

	if (names_find(&x->m->env, name, &i))
		v = &x->m->c->env[i].value;
	if (v && (v->parts_count > 1 || !v->parts[0].text || *v->parts[0].text))
		return v;
	autofree char *shown = diag_quote(name);

	run_report(x->m->p->l->r, x->m->p->v->o, KUBE_ERROR, x->at,
	           v ? "variable \"%s\" is empty, and a part of a path cannot be"
	             : "this container has no variable \"%s\" in its env",
	           shown);
	x->missing = true;
	return NULL;
}

/* Relative and without "..": other paths are reported by the rules, but not what an expression
 * comes to. */
static bool stays_below(const char *path)
{
	autofree char *clean = path_clean(path);

	return *path && *path != '/' && !streq(clean, "..") && !starts_with(clean, "../");
}

static void set_expression(struct mounts *m, const struct at *at, const char *text,
                           struct plan_mount *to)
{
	struct expression x = {.m = m, .at = at};
	struct run *r = m->p->l->r;
	const struct object *o = m->p->v->o;
	struct plan_value v = {0};

	index_env(m);
	if (!expand(text, lookup, &x, PATH_MAX, &v)) {
		run_report(r, o, KUBE_ERROR, at, "longer than a path can be");
	} else if (!x.missing && (v.parts_count > 1 || !v.parts[0].text)) {
		to->sub_path_expr = xcalloc(1, sizeof(*to->sub_path_expr));
		*to->sub_path_expr = v;
		return;
	} else if (!x.missing && stays_below(v.parts[0].text)) {
		to->sub_path = path_clean(v.parts[0].text);
	} else if (!x.missing) {
		autofree char *shown = diag_quote(v.parts[0].text);

		run_report(r, o, KUBE_ERROR, at,
		           "comes to \"%s\", but a sub path is relative and has no \"..\"", shown);
	}
	plan_value_done(&v);
}

/* The first file, in the order of their paths, that does not come before a path. */
static const struct plan_file *first_file(const struct plan_volume *v, const char *path)
{
	uint32_t low = 0, high = v->files_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(v->files[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < v->files_count ? &v->files[low] : NULL;
}

/* True for a file, and for a directory of files. */
static bool has_path(const struct plan_volume *v, const char *path)
{
	autofree char *below = xasprintf("%s/", path);
	const struct plan_file *file = first_file(v, path);

	if (file && streq(file->path, path))
		return true;
	file = first_file(v, below);
	return file && starts_with(file->path, below);
}

/* A cluster would mount an empty directory: never what was meant. */
static void check_file(struct mounts *m, const struct at *at, const struct plan_volume *v,
                       const char *path)
{
	autofree char *shown = diag_quote(path), *name = diag_quote(v->name);
	struct strbuf out = {0};

	if (!stays_below(path) || has_path(v, path))
		return;
	for (uint32_t i = 0; i < v->files_count && i < MAX_LISTED; i++) {
		autofree char *file = diag_quote(v->files[i].path);

		strbuf_addf(&out, "%s%s", i ? ", " : "; it has: ", file);
	}
	strbuf_adds(&out, v->files_count > MAX_LISTED ? ", ..." : "");
	run_report_strict(m->p->l->r, m->p->v->o, at, "volume \"%s\" has no file \"%s\"%s", name,
	                  shown, out.s ? out.s : "; it is empty");
	strbuf_done(&out);
}

/* Podman's "path:ro,z": ro counts, labels are of SELinux. */
static char *split_path(const char *path, bool *read_only)
{
	const char *colon = strchr(path, ':');
	autofree char *head = colon ? xstrndup(path, (size_t)(colon - path)) : xstrdup(path);

	for (const char *p = colon; p && *p; p += strcspn(p, ",")) {
		p++;
		*read_only |= strcspn(p, ",") == 2 && memcmp(p, "ro", 2) == 0;
	}
	return path_clean(head);
}

static void lower_mount(struct mounts *m, const struct at *at, const struct k8s_mount *from,
                        uint32_t number, struct plan_mount *to)
{
	static const enum plan_propagation propagations[] = {
		[K8S_PROPAGATION_UNSET] = PLAN_PROPAGATION_NONE,
		[K8S_PROPAGATION_NONE] = PLAN_PROPAGATION_NONE,
		[K8S_PROPAGATION_HOST_TO_CONTAINER] = PLAN_PROPAGATION_HOST_TO_CONTAINER,
		[K8S_PROPAGATION_BIDIRECTIONAL] = PLAN_PROPAGATION_BIDIRECTIONAL,
	};
	static const enum plan_recursive_read_only recursive[] = {
		[K8S_RECURSIVE_UNSET] = PLAN_RECURSIVE_UNSET,
		[K8S_RECURSIVE_DISABLED] = PLAN_RECURSIVE_UNSET,
		[K8S_RECURSIVE_IF_POSSIBLE] = PLAN_RECURSIVE_IF_POSSIBLE,
		[K8S_RECURSIVE_ENABLED] = PLAN_RECURSIVE_ENABLED,
	};
	const struct plan_volume *v = &m->p->pod->volumes[number / 2];
	bool expression = from->subPathExpr && *from->subPathExpr;
	const struct at *place = AT(at, expression ? "subPathExpr" : "subPath");

	to->volume = xstrdup(from->name);
	to->read_only = from->readOnly && *from->readOnly;
	to->path = split_path(from->mountPath, &to->read_only);
	to->propagation = propagations[from->mountPropagation];
	to->recursive_read_only = recursive[from->recursiveReadOnly];
	if (expression)
		set_expression(m, place, from->subPathExpr, to);
	else if (from->subPath && *from->subPath)
		to->sub_path = path_clean(from->subPath);
	if (to->sub_path && v->type == PLAN_FILES && !(number & 1))
		check_file(m, place, v, to->sub_path);
}

static void lower_devices(struct mounts *m, const struct at *at, const struct k8s_container *c)
{
	uint32_t known;

	for (uint32_t i = 0; i < c->volumeDevices_count; i++) {
		const struct k8s_device *from = &c->volumeDevices[i];
		struct plan_device *to;

		if (!from->name || !from->devicePath ||
		    !names_find(&m->p->volumes, from->name, &known) ||
		    !lower_spend(m->p, AT_ITEM(AT(at, "volumeDevices"), i), MOUNT_COST))
			continue;
		to = LOWER_ADD(m->c->devices, m->c->devices_count);
		to->volume = xstrdup(from->name);
		to->path = path_clean(from->devicePath);
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct plan_mount *)a)->path, ((const struct plan_mount *)b)->path);
}

/* Text order puts a directory before what is below it. */
void lower_mounts(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                  struct plan_container *out)
{
	struct mounts m = {.p = p, .c = out};
	uint32_t number;

	for (uint32_t i = 0; i < c->volumeMounts_count; i++) {
		const struct k8s_mount *from = &c->volumeMounts[i];
		struct plan_mount *to;
		const struct at *here = AT_ITEM(AT(at, "volumeMounts"), i);

		/* A volume of an unsupported kind that was only warned about is not there. */
		if (!from->mountPath || !from->name ||
		    !names_find(&p->volumes, from->name, &number))
			continue;
		if (!lower_spend(p, here, MOUNT_COST + strlen(from->mountPath)))
			break;
		to = LOWER_ADD(out->mounts, out->mounts_count);
		lower_mount(&m, here, from, number, to);
	}
	lower_devices(&m, at, c);
	if (out->mounts_count)
		qsort(out->mounts, out->mounts_count, sizeof(*out->mounts), by_path);
	names_done(&m.env);
}
