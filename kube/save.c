/* SPDX-License-Identifier: Apache-2.0 */
/* save.c - objects.yaml, written by libcyaml; objects.c reads it */
#include "kube/save.h"

#include "pkg/util/record.h"

/* What is being saved, with the memory of copies. */
struct saving {
	struct arena arena;
	struct k8s_objects all;
	bool values; /* of Secrets; else they are left out */
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

/* kubectl keeps the whole object there, values of Secrets included. */
static void drop_last_applied(struct arena *a, struct k8s_meta *m)
{
	static const char key[] = "kubectl.kubernetes.io/last-applied-configuration";
	struct k8s_pair *kept = arena_alloc(a, m->annotations_count * sizeof(*kept));
	uint32_t count = 0;

	for (uint32_t i = 0; i < m->annotations_count; i++)
		if (!streq(text_of(m->annotations[i].key), key))
			kept[count++] = m->annotations[i];
	m->annotations = m->annotations ? kept : NULL;
	m->annotations_count = count;
}

/* The metadata with the name and namespace that count, so that who reads it needs no default. */
static struct k8s_meta *placed(struct arena *a, const struct object *o, const struct k8s_meta *m)
{
	struct k8s_meta *copy = arena_alloc(a, sizeof(*copy));

	if (m)
		*copy = *m;
	copy->name = arena_strdup(a, o->name);
	copy->namespace = arena_strdup(a, o->ns);
	if (o->type == OBJECT_SECRET)
		drop_last_applied(a, copy);
	return copy;
}

/* Copy the object into the list of its kind, which has room. */
static void add_object(struct saving *s, const struct object *o)
{
	const struct schema_kind *k = &schema_kinds[o->type];
	const void *data = o->data;
	struct k8s_head *copy;
	uint32_t count;
	char *list;

	if (o->type == OBJECT_SECRET && !s->values)
		data = hidden(&s->arena, o->secret);
	memcpy(&list, (char *)&s->all + k->list_offset, sizeof(list));
	memcpy(&count, (char *)&s->all + k->count_offset, sizeof(count));
	copy = (void *)(list + count++ * k->size);
	memcpy(copy, data, k->size);
	copy->metadata = placed(&s->arena, o, o->head->metadata);
	memcpy((char *)&s->all + k->count_offset, &count, sizeof(count));
	s->all.order[s->all.order_count++] = arena_strdup(&s->arena, k->name);
}

static bool is_saved(const struct object *o, bool secrets_only)
{
	return !secrets_only || o->type == OBJECT_SECRET;
}

static int save(const struct run *r, bool secrets_only, struct strbuf *out, struct err *e)
{
	struct saving s = {.values = secrets_only};
	size_t count[OBJECT_TYPE_COUNT] = {0}, sum = 0;
	int result = 0;

	for (size_t i = 0; i < r->objects_count; i++)
		if (is_saved(&r->objects[i], secrets_only)) {
			count[r->objects[i].type]++;
			sum++;
		}
	for (size_t i = 0; i < OBJECT_TYPE_COUNT; i++) {
		void *list = arena_alloc(&s.arena, count[i] * schema_kinds[i].size);

		memcpy((char *)&s.all + schema_kinds[i].list_offset, &list, sizeof(list));
	}
	s.all.order = arena_alloc(&s.arena, sum * sizeof(*s.all.order));
	for (size_t i = 0; i < r->objects_count; i++)
		if (is_saved(&r->objects[i], secrets_only))
			add_object(&s, &r->objects[i]);
	if (sum || !secrets_only)
		result = record_save(&schema_objects, &s.all, out, e);
	arena_done(&s.arena);
	return result;
}

int save_objects(const struct run *r, struct strbuf *out, struct err *e)
{
	return save(r, false, out, e);
}

int save_secrets(const struct run *r, struct strbuf *out, struct err *e)
{
	return save(r, true, out, e);
}
