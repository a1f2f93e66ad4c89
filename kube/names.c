/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - open addressing, at most half full; see names.h */
#include "kube/names.h"

#include "pkg/util/hash.h"

static struct names_slot *slot_of(const struct names *n, const char *key)
{
	uint64_t h = hash_fnv64a(HASH_FNV64_INIT, key, strlen(key));
	size_t i = (size_t)(h ^ h >> 29) & (n->cap - 1);

	while (n->slot[i].key && !streq(n->slot[i].key, key))
		i = (i + 1) & (n->cap - 1);
	return &n->slot[i];
}

static void grow(struct names *n)
{
	struct names bigger = {.cap = MAX(n->cap * 2, (size_t)16), .len = n->len};

	bigger.slot = xcalloc(bigger.cap, sizeof(*bigger.slot));
	for (size_t i = 0; i < n->cap; i++)
		if (n->slot[i].key)
			*slot_of(&bigger, n->slot[i].key) = n->slot[i];
	free(n->slot);
	*n = bigger;
}

bool names_add(struct names *n, const char *key, uint32_t value, uint32_t *ret_old)
{
	struct names_slot *s;

	if (n->len * 2 >= n->cap)
		grow(n);
	s = slot_of(n, key);
	if (s->key) {
		if (ret_old)
			*ret_old = s->value;
		return false;
	}
	*s = (struct names_slot){key, value};
	n->len++;
	return true;
}

bool names_find(const struct names *n, const char *key, uint32_t *ret)
{
	const struct names_slot *s = n->cap ? slot_of(n, key) : NULL;

	if (!s || !s->key)
		return false;
	*ret = s->value;
	return true;
}

void names_done(struct names *n)
{
	free(n->slot);
	*n = (struct names){0};
}
