/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_field.c - what may a container be told of its own pod? fieldRef and resourceFieldRef
 *
 * What depends on the files alone becomes text. Addresses are open until the pod starts; so is the
 * machine's size, which stands in for a limit that nobody set, so that a plan is the same on all
 * machines. Fields that do not exist are the rules' to report (kube/rule.def), not ours.
 */
#include "kube/lowering.h"
#include "kube/quantity.h"

enum { MILLI = 1000 };

/* --- fieldRef ----------------------------------------------------------------------------- */

static const char *pod_name(const struct lower_pod *p)
{
	return p->late ? NULL : p->pod->name;
}

static const char *pod_namespace(const struct lower_pod *p)
{
	return p->pod->pod_namespace;
}

static const char *pod_uid(const struct lower_pod *p)
{
	return p->late ? NULL : p->pod->uid;
}

static const char *account(const struct lower_pod *p)
{
	const struct k8s_pod_spec *s = p->v->spec;

	if (s->serviceAccountName && *s->serviceAccountName)
		return s->serviceAccountName;
	return s->serviceAccount && *s->serviceAccount ? s->serviceAccount : "default";
}

/* NULL: not said */
static const char *node_name(const struct lower_pod *p)
{
	const struct k8s_pod_spec *s = p->v->spec;

	return s->nodeName && *s->nodeName ? s->nodeName : p->l->r->o->node_name;
}

static const struct field {
	const char *path;
	bool in_env, in_file;
	/* NULL, or gives NULL: known when the pod starts */
	const char *(*early)(const struct lower_pod *p);
} fields[] = {
	{"metadata.name", true, true, pod_name},
	{"metadata.namespace", true, true, pod_namespace},
	{"metadata.uid", true, true, pod_uid},
	{"spec.nodeName", true, false, node_name},
	{"spec.serviceAccountName", true, false, account},
	{"status.hostIP", true, false, NULL},
	{"status.hostIPs", true, false, NULL},
	{"status.podIP", true, false, NULL},
	{"status.podIPs", true, false, NULL},
};

static const char *find_pair(const struct plan_label *l, uint32_t count, const char *key)
{
	for (uint32_t i = 0; i < count; i++)
		if (streq(l[i].key, key))
			return l[i].value;
	return "";
}

/* metadata.labels['x']: the value, "" if the pod has none; NULL if the path has another shape. */
static const char *subscript(const char *path, const char *what, const struct plan_label *l,
                             uint32_t count)
{
	size_t len = strlen(path), head = strlen(what);

	if (!starts_with(path, what) || len < head + 4 || memcmp(path + head, "['", 2) != 0 ||
	    !ends_with(path, "']"))
		return NULL;
	autofree char *key = xstrndup(path + head + 2, len - head - 4);

	return find_pair(l, count, key);
}

static int by_key(const void *a, const void *b)
{
	const struct plan_label *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* All labels or annotations as a kubelet writes them: key="value", a line each, sorted. */
static char *all_pairs(const struct plan_label *l, uint32_t count)
{
	autofree const struct plan_label **sorted =
		xcalloc(MAX(count, 1U), sizeof(struct plan_label *));
	struct strbuf out = {0};

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &l[i];
	qsort(sorted, count, sizeof(struct plan_label *), by_key);
	for (uint32_t i = 0; i < count; i++) {
		strbuf_addf(&out, "%s%s=", i ? "\n" : "", sorted[i]->key);
		lower_quote(sorted[i]->value, &out);
	}
	return strbuf_take(&out);
}

/* labels and annotations, whole or one of them; NULL: the path is no such. Owned. */
static char *pairs_field(const struct lower_pod *p, const char *path, bool file)
{
	const struct plan_pod *pod = p->pod;
	const char *v = subscript(path, "metadata.labels", pod->labels, pod->labels_count);

	if (!v)
		v = subscript(path, "metadata.annotations", pod->annotations,
		              pod->annotations_count);
	if (v)
		return xstrdup(v);
	if (file && streq(path, "metadata.labels"))
		return all_pairs(pod->labels, pod->labels_count);
	if (file && streq(path, "metadata.annotations"))
		return all_pairs(pod->annotations, pod->annotations_count);
	return NULL;
}

/* What a Job says about its pods, when the Job is not made yet. */
static bool is_late(const struct lower_pod *p, const char *path)
{
	static const char *const parts[] = {"metadata.name", "metadata.uid",
	                                    "['batch.kubernetes.io/", "['controller-uid']",
	                                    "['job-name']"};

	for (size_t i = 0; p->late && i < ARRAY_LEN(parts); i++)
		if (i < 2 ? streq(path, parts[i]) : strstr(path, parts[i]) != NULL)
			return true;
	return false;
}

bool lower_field(struct lower_pod *p, const struct at *at, const struct k8s_field_ref *ref,
                 bool file, struct plan_value *out)
{
	autofree char *pairs = ref->fieldPath ? pairs_field(p, ref->fieldPath, file) : NULL;

	if (pairs && is_late(p, ref->fieldPath)) {
		plan_value_add(out, NULL, NULL, ref->fieldPath);
		return lower_spend(p, at, LOWER_PART_COST);
	}
	if (pairs) {
		plan_value_set(out, pairs);
		return lower_spend(p, at, strlen(pairs));
	}
	for (size_t i = 0; ref->fieldPath && i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];
		const char *v;

		if (!streq(ref->fieldPath, f->path))
			continue;
		v = f->early && !is_late(p, f->path) ? f->early(p) : NULL;
		if (v)
			plan_value_set(out, v);
		else
			plan_value_add(out, NULL, NULL, f->path);
		return (file ? f->in_file : f->in_env) && lower_spend(p, at, LOWER_PART_COST);
	}
	return false;
}

/* --- resourceFieldRef --------------------------------------------------------------------- */

static const struct k8s_container *find_in(const struct k8s_container *list, uint32_t count,
                                           const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i].name && streq(list[i].name, name))
			return &list[i];
	return NULL;
}

static const struct k8s_container *find_container(const struct lower_pod *p, const char *name)
{
	const struct k8s_pod_spec *s = p->v->spec;
	const struct k8s_container *c = find_in(s->containers, s->containers_count, name);

	return c ? c : find_in(s->initContainers, s->initContainers_count, name);
}

/* The amount in units of `scale`, rounded up; 0 if it is not there. */
static int64_t amount(const struct k8s_quantity_pair *v, uint32_t count, const char *key, int scale)
{
	int64_t n;

	for (uint32_t i = 0; i < count; i++)
		if (streq(v[i].key, key) && quantity_parse(v[i].value, scale, &n) == SCALAR_OK)
			return MAX(n, INT64_C(0));
	return 0;
}

static int64_t limit_of(const struct k8s_resources *r, const char *key, int scale)
{
	return r ? amount(r->limits, r->limits_count, key, scale) : 0;
}

/* A request that is not written is the limit, as an API server fills it in. */
static int64_t request_of(const struct k8s_resources *r, const char *key, int scale)
{
	int64_t n = r ? amount(r->requests, r->requests_count, key, scale) : 0;

	return n ? n : limit_of(r, key, scale);
}

bool lower_resource(struct lower_pod *p, const struct at *at,
                    const struct k8s_resource_field_ref *ref, const struct k8s_container *own,
                    struct plan_value *out)
{
	static const char *const of_node[] = {"cpu", "memory", "ephemeral-storage"};
	const char *what = text_of(ref->resource), *dot = strchr(what, '.');
	const struct k8s_container *c = own;
	bool limit = starts_with(what, "limits.");
	const char *name = dot ? dot + 1 : "";
	int scale = streq(name, "cpu") ? MILLI : 1;
	int64_t divisor = 0, n;

	if (ref->containerName && *ref->containerName)
		c = find_container(p, ref->containerName);
	if (!c || (!limit && !starts_with(what, "requests.")))
		return false;
	if (ref->divisor && ref->divisor->text)
		(void)quantity_parse(ref->divisor->text, scale, &divisor);
	divisor = divisor > 0 ? divisor : scale;
	n = limit ? limit_of(c->resources, name, scale) : request_of(c->resources, name, scale);
	if (limit && !n)
		n = limit_of(p->v->spec->resources, name, scale);
	for (size_t i = 0; limit && !n && i < ARRAY_LEN(of_node); i++) {
		if (!streq(name, of_node[i]))
			continue;
		autofree char *field = xasprintf("node.%s/%lld", name, (long long)divisor);

		plan_value_add(out, NULL, NULL, field);
		return lower_spend(p, at, LOWER_PART_COST);
	}
	n = n / divisor + (n % divisor != 0);
	autofree char *text = xasprintf("%lld", (long long)n);

	plan_value_set(out, text);
	return lower_spend(p, at, LOWER_PART_COST);
}
