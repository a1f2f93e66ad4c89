/* SPDX-License-Identifier: Apache-2.0 */
/* objects.c - see objects.h */
#include "kube/objects.h"

#include "kube/print.h"
#include "kube/run.h"
#include "pkg/util/record.h"

struct kube_objects {
	struct k8s_objects *all;
	struct objects_entry *list;
	size_t count;
};

/* --- reading -------------------------------------------------------------------------------
 */

static bool has_namespace(enum object_type kind)
{
	return kind != OBJECT_NAMESPACE && kind != OBJECT_PERSISTENT_VOLUME;
}

static int kind_called(const char *name)
{
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++)
		if (streq(schema_kinds[i].name, name))
			return i;
	return -1;
}

/* Give every object its place in the order of the files. */
static void make_list(struct kube_objects *o)
{
	uint32_t next[OBJECT_TYPE_COUNT] = {0}, count;
	char *items;

	o->list = xcalloc(o->all->order_count + 1, sizeof(*o->list));
	for (uint32_t i = 0; i < o->all->order_count; i++) {
		int kind = kind_called(o->all->order[i]);
		const struct schema_kind *k = &schema_kinds[MAX(kind, 0)];
		const struct k8s_head *head;

		memcpy(&items, (char *)o->all + k->list_offset, sizeof(items));
		memcpy(&count, (char *)o->all + k->count_offset, sizeof(count));
		if (kind < 0 || next[kind] >= count)
			continue;
		head = (void *)(items + next[kind]++ * k->size);
		o->list[o->count++] = (struct objects_entry){
			.kind = (enum object_type)kind,
			.ns = has_namespace((enum object_type)kind) && head->metadata
		                      ? text_of(head->metadata->namespace)
		                      : "",
			.name = head->metadata ? text_of(head->metadata->name) : "",
			.data = head,
		};
	}
}

int kube_objects_load(const char *text, size_t len, struct kube_objects **ret, struct err *e)
{
	struct kube_objects *o;
	void *all = NULL;

	if (record_load(&schema_objects, text, len, &all, e) < 0)
		return err_wrap(e, "objects");
	o = xcalloc(1, sizeof(*o));
	o->all = all;
	make_list(o);
	*ret = o;
	return 0;
}

void kube_objects_free(struct kube_objects *o)
{
	if (!o)
		return;
	record_free(&schema_objects, o->all);
	free(o->list);
	free(o);
}

const struct objects_entry *objects_list(const struct kube_objects *o, size_t *ret_count)
{
	*ret_count = o->count;
	return o->list;
}

static const struct objects_entry *find(const struct kube_objects *o, enum object_type kind,
                                        const char *ns, const char *name)
{
	for (size_t i = 0; o && i < o->count; i++)
		if (o->list[i].kind == kind && streq(o->list[i].ns, ns) &&
		    streq(o->list[i].name, name))
			return &o->list[i];
	return NULL;
}

/* --- printing objects ----------------------------------------------------------------------
 */

/* What stands for a value that is not shown: such that the Secret is still one of its type. */
static char *placeholder(const char *key)
{
	static char secret[] = "<secret>", config[] = "{\"auths\":{}}", old[] = "{}";

	if (streq(key, ".dockerconfigjson"))
		return config;
	return streq(key, ".dockercfg") ? old : secret;
}

static void add_hidden(struct k8s_secret *s, const struct k8s_pair *pairs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		char *key = pairs[i].key;

		if (key)
			s->stringData[s->stringData_count++] =
				(struct k8s_pair){key, placeholder(key)};
	}
}

/* All keys as stringData, which takes any text. A key of both stays one, stringData wins. */
static void hide_values(struct arena *a, struct k8s_secret *s)
{
	const struct k8s_secret was = *s;
	uint32_t kept = 0;

	s->data = NULL;
	s->data_count = s->stringData_count = 0;
	s->stringData = arena_alloc(a, ((size_t)was.data_count + was.stringData_count) *
	                                       sizeof(*s->stringData));
	add_hidden(s, was.stringData, was.stringData_count);
	kept = s->stringData_count;
	add_hidden(s, was.data, was.data_count);
	for (uint32_t i = kept; i < s->stringData_count; i++) {
		bool again = false;

		for (uint32_t j = 0; j < was.stringData_count && !again; j++)
			again = streq(s->stringData[j].key, s->stringData[i].key);
		if (!again)
			s->stringData[kept++] = s->stringData[i];
	}
	s->stringData_count = kept;
	if (!kept)
		s->stringData = NULL;
}

void objects_json(const struct objects_entry *x, const struct kube_objects *secrets,
                  struct strbuf *out)
{
	const struct schema_kind *k = &schema_kinds[x->kind];
	const struct objects_entry *known = NULL;
	struct arena a = {0};
	struct k8s_head *head = arena_alloc(&a, k->size);
	struct k8s_meta *meta = arena_alloc(&a, sizeof(*meta));

	if (x->kind == OBJECT_SECRET)
		known = find(secrets, x->kind, x->ns, x->name);
	memcpy(head, known ? known->data : x->data, k->size);
	head->apiVersion = arena_strdup(&a, k->version);
	head->kind = arena_strdup(&a, k->name);
	if (head->metadata)
		*meta = *head->metadata;
	if (!has_namespace(x->kind))
		meta->namespace = NULL;
	head->metadata = meta;
	if (x->kind == OBJECT_SECRET && !known)
		hide_values(&a, (struct k8s_secret *)head);
	print_json(k->schema, head, out);
	arena_done(&a);
}

/* --- printing pods -------------------------------------------------------------------------
 */

static void put_string(struct strbuf *out, const char *key, const char *value)
{
	if (!value)
		return;
	strbuf_addf(out, "%s\"%s\":", out->s[out->len - 1] == '{' ? "" : ",", key);
	record_json_string(value, out);
}

static void put_labels(struct strbuf *out, const char *key, const struct plan_label *l,
                       uint32_t count)
{
	if (!count)
		return;
	strbuf_addf(out, ",\"%s\":{", key);
	for (uint32_t i = 0; i < count; i++) {
		strbuf_adds(out, i ? "," : "");
		record_json_string(text_of(l[i].key), out);
		strbuf_addc(out, ':');
		record_json_string(text_of(l[i].value), out);
	}
	strbuf_addc(out, '}');
}

static void put_owner(struct strbuf *out, const struct plan_owner *o)
{
	if (!o)
		return;
	strbuf_adds(out, ",\"ownerReferences\":[{");
	put_string(out, "apiVersion", o->api_version);
	put_string(out, "kind", o->kind);
	put_string(out, "name", o->name);
	put_string(out, "uid", o->uid);
	strbuf_adds(out, ",\"controller\":true,\"blockOwnerDeletion\":true}]");
}

/* The object that the pod was made from. */
static const struct objects_entry *source_of(const struct kube_objects *o,
                                             const struct plan_pod *pod)
{
	int kind = kind_called(pod->owner_kind ? pod->owner_kind : "Pod");

	if (kind < 0)
		return NULL;
	return find(o, (enum object_type)kind, text_of(pod->pod_namespace),
	            text_of(pod->owner_kind ? pod->owner_name : pod->name));
}

/* The volumes of a pod of a StatefulSet: its claims come before, and instead of, the template's. */
static void add_claims(struct arena *a, const struct k8s_stateful_set_spec *set, const char *pod,
                       struct k8s_pod_spec *spec)
{
	uint32_t all = set->volumeClaimTemplates_count + spec->volumes_count, n = 0;
	struct k8s_volume *list = arena_alloc(a, all * sizeof(*list));

	for (uint32_t i = 0; i < set->volumeClaimTemplates_count; i++) {
		const struct k8s_claim *t = &set->volumeClaimTemplates[i];
		struct k8s_claim_volume *source = arena_alloc(a, sizeof(*source));
		const char *name = text_of(t->metadata ? t->metadata->name : NULL);

		source->claimName = arena_printf(a, "%s-%s", name, pod);
		list[n].name = arena_strdup(a, name);
		list[n++].persistentVolumeClaim = source;
	}
	for (uint32_t i = 0; i < spec->volumes_count; i++) {
		uint32_t same = 0;

		while (same < set->volumeClaimTemplates_count &&
		       !streq(list[same].name, text_of(spec->volumes[i].name)))
			same++;
		if (same == set->volumeClaimTemplates_count)
			list[n++] = spec->volumes[i];
	}
	spec->volumes = list;
	spec->volumes_count = n;
}

static void add_index(struct arena *a, struct k8s_container *c)
{
	struct k8s_env *list = arena_alloc(a, (c->env_count + 1) * sizeof(*list));
	struct k8s_env_source *source = arena_alloc(a, sizeof(*source));

	for (uint32_t i = 0; i < c->env_count; i++) {
		list[i] = c->env[i];
		if (streq(text_of(c->env[i].name), "JOB_COMPLETION_INDEX"))
			return;
	}
	source->fieldRef = arena_alloc(a, sizeof(*source->fieldRef));
	source->fieldRef->fieldPath =
		arena_strdup(a, "metadata.annotations['batch.kubernetes.io/job-completion-index']");
	list[c->env_count].name = arena_strdup(a, "JOB_COMPLETION_INDEX");
	list[c->env_count].valueFrom = source;
	c->env = list;
	c->env_count++;
}

/* The variable that containers of an indexed Job have. */
static struct k8s_container *add_indexes(struct arena *a, const struct k8s_container *c,
                                         uint32_t count)
{
	struct k8s_container *list = arena_alloc(a, count * sizeof(*list));

	for (uint32_t i = 0; i < count; i++) {
		list[i] = c[i];
		add_index(a, &list[i]);
	}
	return count ? list : NULL;
}

/* The spec as this pod of a controller has it. */
static void complete(struct arena *a, const struct objects_entry *from, const struct plan_pod *pod,
                     struct k8s_pod_spec *spec)
{
	const struct k8s_stateful_set *set = from->data;

	if (!pod->index)
		return;
	if (pod->hostname)
		spec->hostname = arena_strdup(a, pod->hostname);
	if (pod->subdomain)
		spec->subdomain = arena_strdup(a, pod->subdomain);
	if (from->kind == OBJECT_STATEFUL_SET && set->spec) {
		add_claims(a, set->spec, text_of(pod->name), spec);
	} else if (from->kind == OBJECT_JOB) {
		spec->containers = add_indexes(a, spec->containers, spec->containers_count);
		spec->initContainers =
			add_indexes(a, spec->initContainers, spec->initContainers_count);
	}
}

static const struct k8s_pod_spec *spec_of(const struct objects_entry *from)
{
	struct object o = {.type = from->kind};
	struct at at[POD_VIEW_DEPTH];
	struct pod_view v;

	memcpy(&o.data, &from->data, sizeof(o.data));
	return run_pod_view(&o, at, &v) ? v.spec : NULL;
}

int objects_pod_json(const struct kube_objects *o, const struct plan_pod *pod, const char *created,
                     struct strbuf *out, struct err *e)
{
	const struct objects_entry *from = source_of(o, pod);
	const struct k8s_pod_spec *spec = from ? spec_of(from) : NULL;
	struct k8s_pod_spec copy;
	struct arena a = {0};

	if (!spec)
		return err_set(e, ERR_ABSENT, "pod %s is not among the saved objects", pod->name);
	strbuf_adds(out, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{");
	put_string(out, "name", text_of(pod->name));
	put_string(out, "namespace", text_of(pod->pod_namespace));
	put_string(out, "uid", pod->uid);
	put_string(out, "creationTimestamp", created);
	put_labels(out, "labels", pod->labels, pod->labels_count);
	put_labels(out, "annotations", pod->annotations, pod->annotations_count);
	put_owner(out, pod->controller);
	strbuf_adds(out, "},\"spec\":");
	copy = *spec;
	complete(&a, from, pod, &copy);
	print_json(&schema_pod_spec, &copy, out);
	strbuf_addc(out, '}');
	arena_done(&a);
	return 0;
}

int kube_objects_pod_json(const struct kube_objects *o, const struct plan_pod *pod,
                          struct strbuf *out, struct err *e)
{
	return objects_pod_json(o, pod, NULL, out, e);
}
