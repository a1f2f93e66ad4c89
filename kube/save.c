/* SPDX-License-Identifier: Apache-2.0 */
/* save.c - objects.yaml, written and read by libcyaml; and Pods of it as Kubernetes JSON */
#include "kube/save.h"

#include "kube/print.h"
#include "pkg/util/record.h"

struct kube_objects {
	struct k8s_objects *all;
};

/* Keys stay, values go: nobody who reads the file learns a Secret. */
static struct k8s_pair *without_values(struct arena *a, const struct k8s_pair *pairs,
                                       uint32_t count)
{
	static char nothing[] = "";
	struct k8s_pair *copy = arena_alloc(a, count * sizeof(*copy));

	for (uint32_t i = 0; i < count; i++)
		copy[i] = (struct k8s_pair){pairs[i].key, nothing};
	return copy;
}

static struct k8s_secret *hidden(struct arena *a, const struct k8s_secret *s)
{
	struct k8s_secret *copy = arena_alloc(a, sizeof(*copy));

	*copy = *s;
	copy->data = s->data ? without_values(a, s->data, s->data_count) : NULL;
	copy->stringData =
		s->stringData ? without_values(a, s->stringData, s->stringData_count) : NULL;
	return copy;
}

/* The metadata with the namespace that counts, so that who reads it needs no default. */
static struct k8s_meta *placed(struct arena *a, const struct object *o, const struct k8s_meta *m)
{
	struct k8s_meta *copy = arena_alloc(a, sizeof(*copy));

	if (m)
		*copy = *m;
	copy->namespace = arena_strdup(a, o->ns);
	return copy;
}

/* Copy the object into the list of its kind, which has room. */
static void add_object(struct arena *a, struct k8s_objects *all, const struct object *o)
{
	const struct schema_kind *k = &schema_kinds[o->type];
	struct k8s_head *copy;
	uint32_t count;
	char *list;

	memcpy(&list, (char *)all + k->list_offset, sizeof(list));
	memcpy(&count, (char *)all + k->count_offset, sizeof(count));
	copy = (void *)(list + count++ * k->size);
	memcpy(copy, o->type == OBJECT_SECRET ? (void *)hidden(a, o->secret) : o->data, k->size);
	copy->metadata = placed(a, o, o->head->metadata);
	memcpy((char *)all + k->count_offset, &count, sizeof(count));
}

int save_objects(const struct run *r, struct strbuf *out, struct err *e)
{
	size_t count[OBJECT_TYPE_COUNT] = {0};
	struct k8s_objects all = {0};
	struct arena a = {0};
	int result;

	for (size_t i = 0; i < r->objects_count; i++)
		count[r->objects[i].type]++;
	for (size_t i = 0; i < OBJECT_TYPE_COUNT; i++) {
		void *list = arena_alloc(&a, count[i] * schema_kinds[i].size);

		memcpy((char *)&all + schema_kinds[i].list_offset, &list, sizeof(list));
	}
	for (size_t i = 0; i < r->objects_count; i++)
		add_object(&a, &all, &r->objects[i]);
	result = record_save(&schema_objects, &all, out, e);
	arena_done(&a);
	return result;
}

int kube_objects_load(const char *text, size_t len, struct kube_objects **ret, struct err *e)
{
	struct kube_objects *o;
	void *all = NULL;

	if (record_load(&schema_objects, text, len, &all, e) < 0)
		return err_wrap(e, "objects");
	o = xcalloc(1, sizeof(*o));
	o->all = all;
	*ret = o;
	return 0;
}

void kube_objects_free(struct kube_objects *o)
{
	if (!o)
		return;
	record_free(&schema_objects, o->all);
	free(o);
}

static bool is(const struct k8s_meta *m, const char *ns, const char *name)
{
	return m && m->name && m->namespace && streq(m->name, name) && streq(m->namespace, ns);
}

static const struct k8s_pod_spec *find_spec(const struct k8s_objects *all,
                                            const struct plan_pod *pod)
{
	const struct k8s_deployment_spec *s;

	for (uint32_t i = 0; !pod->owner_kind && i < all->pods_count; i++)
		if (is(all->pods[i].metadata, pod->pod_namespace, pod->name))
			return all->pods[i].spec;
	for (uint32_t i = 0; pod->owner_kind && i < all->deployments_count; i++)
		if (pod->owner_name &&
		    is(all->deployments[i].metadata, pod->pod_namespace, pod->owner_name)) {
			s = all->deployments[i].spec;
			return s && s->template ? s->template->spec : NULL;
		}
	return NULL;
}

static void put_string(struct strbuf *out, const char *key, const char *value)
{
	strbuf_addf(out, ",\"%s\":", key);
	record_json_string(value ? value : "", out);
}

static void put_labels(struct strbuf *out, const char *key, const struct plan_label *l,
                       uint32_t count)
{
	if (!count)
		return;
	strbuf_addf(out, ",\"%s\":{", key);
	for (uint32_t i = 0; i < count; i++) {
		strbuf_adds(out, i ? "," : "");
		record_json_string(l[i].key, out);
		strbuf_addc(out, ':');
		record_json_string(l[i].value, out);
	}
	strbuf_addc(out, '}');
}

int kube_objects_pod_json(const struct kube_objects *o, const struct plan_pod *pod,
                          struct strbuf *out, struct err *e)
{
	const struct k8s_pod_spec *spec = find_spec(o->all, pod);

	if (!spec)
		return err_set(e, ERR_ABSENT, "pod %s is not among the saved objects", pod->name);
	strbuf_adds(out, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":");
	record_json_string(pod->name, out);
	put_string(out, "namespace", pod->pod_namespace);
	put_string(out, "uid", pod->uid);
	put_labels(out, "labels", pod->labels, pod->labels_count);
	put_labels(out, "annotations", pod->annotations, pod->annotations_count);
	strbuf_adds(out, "},\"spec\":");
	print_json(&schema_pod_spec, spec, out);
	strbuf_addc(out, '}');
	return 0;
}
