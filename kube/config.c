/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - see config.h */
#include "kube/config.h"

#include "kube/scalar.h"

enum { MAX_LISTED = 10 };

static void add_pairs(struct config *c, const struct k8s_pair *pairs, uint32_t count, bool base64,
                      bool binary)
{
	for (uint32_t i = 0; i < count; i++)
		c->entry[c->count++] = (struct config_entry){.key = pairs[i].key,
		                                             .text = pairs[i].value,
		                                             .base64 = base64,
		                                             .binary = binary};
}

static int by_key(const void *a, const void *b)
{
	const struct config_entry *x = a, *y = b;
	int r = strcmp(x->key, y->key);

	return r ? r : x->base64 - y->base64; /* stringData before data of the same key */
}

static struct config *build(struct run *r, const struct object *o)
{
	struct config *c = arena_alloc(&r->arena, sizeof(*c));
	const struct k8s_config_map *m = o->config_map;
	const struct k8s_secret *s = o->secret;
	bool secret = o->type == OBJECT_SECRET;
	size_t all = secret ? (size_t)s->data_count + s->stringData_count
	                    : (size_t)m->data_count + m->binaryData_count;
	size_t kept = 0;

	c->o = o;
	c->entry = arena_alloc(&r->arena, all * sizeof(*c->entry));
	if (secret) {
		add_pairs(c, s->stringData, s->stringData_count, false, false);
		add_pairs(c, s->data, s->data_count, true, false);
	} else {
		add_pairs(c, m->data, m->data_count, false, false);
		add_pairs(c, m->binaryData, m->binaryData_count, true, true);
	}
	if (c->count)
		qsort(c->entry, c->count, sizeof(*c->entry), by_key);
	for (size_t i = 0; i < c->count; i++)
		if (!kept || !streq(c->entry[kept - 1].key, c->entry[i].key))
			c->entry[kept++] = c->entry[i];
	c->count = kept;
	return c;
}

struct config *configs_get(struct run *r, struct configs *c, const struct object *o)
{
	size_t i = (size_t)(o - r->objects);

	if (!c->of)
		c->of = xcalloc(r->objects_count, sizeof(struct config *));
	if (!c->of[i])
		c->of[i] = build(r, o);
	return c->of[i];
}

void configs_done(struct configs *c)
{
	free(c->of);
	c->of = NULL;
}

static int compare_key(const void *key, const void *entry)
{
	return strcmp(key, ((const struct config_entry *)entry)->key);
}

struct config_entry *config_find(const struct config *c, const char *key)
{
	if (!c->count)
		return NULL;
	return bsearch(key, c->entry, c->count, sizeof(*c->entry), compare_key);
}

char *config_use(struct configs *all, const struct config *c, struct config_entry *e)
{
	bool secret = c->o->type == OBJECT_SECRET;
	char *name = xasprintf("%s/%s/%s/%s", secret ? "secret" : "configmap", c->o->ns, c->o->name,
	                       e->key);
	size_t len = strlen(e->text);

	if (e->added)
		return name;
	e->added = true;
	if (!e->base64) {
		plan_data_add(all->data, name, secret, e->text, len);
		return name;
	}
	autofree unsigned char *bytes = base64_decode(e->text, &len);

	if (bytes) { /* else it is reported */
		plan_data_add(all->data, name, secret, bytes, len);
		explicit_bzero(bytes, len);
	}
	return name;
}

char *config_keys(const struct config *c)
{
	struct strbuf out = {0};

	for (size_t i = 0; i < c->count && i < MAX_LISTED; i++) {
		autofree char *key = diag_quote(c->entry[i].key);

		strbuf_addf(&out, "%s%s", i ? ", " : "; it has: ", key);
	}
	if (c->count > MAX_LISTED)
		strbuf_adds(&out, ", ...");
	if (!c->count)
		strbuf_adds(&out, "; it is empty");
	return strbuf_take(&out);
}
