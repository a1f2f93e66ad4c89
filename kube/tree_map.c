/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_map.c - which keys does a mapping have, with merge keys followed and repeated ones found?
 *
 * An own key wins over merged ones, an earlier merge over a later one. Few keys are compared each
 * with each, many are sorted.
 */
#include "kube/tree_build.h"

enum { FEW = 12 };

/* Keys are compared often and differ mostly in length. */
static bool same_key(const struct node *a, const struct node *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

bool tree_is_merge(const struct node *key)
{
	return key->len == 2 && !key->quoted && streq(key->text, "<<");
}

/* A pair of a mapping that is being put together. */
struct candidate {
	struct node_pair pair;
	size_t rank; /* own keys come first, then merged ones in their order */
	bool drop;
};

static void repeated(struct tree *t, const struct candidate *first, struct candidate *again,
                     size_t own)
{
	again->drop = true;
	if (again->rank >= own)
		return; /* a merged key gives way */
	struct at at[TREE_MAX_DEPTH];
	const struct at *up = tree_path(t, at, t->depth - 1);
	const struct at here = {.up = up, .key = again->pair.key->text};

	bool head = !up && (streq(here.key, "apiVersion") || streq(here.key, "kind"));

	diag_add(t->d, KUBE_ERROR, t->file, again->pair.key->line, again->pair.key->column, &here,
	         "this key is already set in line %u; %s", first->pair.key->line,
	         head ? "if another object begins here, write --- above it"
	              : "leave one of them out");
}

static int by_key(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	int r = strcmp(a->pair.key->text, b->pair.key->text);

	return r ? r : a->rank < b->rank ? -1 : 1;
}

static int by_rank(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	return a->rank < b->rank ? -1 : 1;
}

static void drop_repeats(struct tree *t, struct candidate *c, size_t count, size_t own)
{
	if (count <= FEW) {
		for (size_t i = 1; i < count; i++)
			for (size_t j = 0; j < i && !c[i].drop; j++)
				if (!c[j].drop && same_key(c[i].pair.key, c[j].pair.key))
					repeated(t, &c[j], &c[i], own);
		return;
	}
	qsort(c, count, sizeof(*c), by_key);
	for (size_t i = 1, first = 0; i < count; i++)
		if (streq(c[i].pair.key->text, c[first].pair.key->text))
			repeated(t, &c[first], &c[i], own);
		else
			first = i;
	qsort(c, count, sizeof(*c), by_rank);
}

/* The number of pairs that a merge value brings; complains about what cannot be merged. */
static size_t merge_count(struct tree *t, const struct node *v)
{
	size_t count = 0;

	if (v->kind == NODE_MAP)
		return v->len;
	if (v->kind == NODE_LIST) {
		for (uint32_t i = 0; i < v->len; i++) {
			if (v->item[i]->kind != NODE_MAP)
				break;
			count += v->item[i]->len;
			if (i + 1 == v->len)
				return count;
		}
		if (!v->len)
			return 0;
	}
	tree_problem(t, v->line, v->column, "<< needs a mapping or a list of mappings");
	return 0;
}

static void add_pairs(struct candidate *c, size_t *count, const struct node *map)
{
	for (uint32_t i = 0; i < map->len; i++) {
		c[*count] = (struct candidate){.pair = map->pair[i], .rank = *count};
		++*count;
	}
}

static void add_merged(struct candidate *c, size_t *count, const struct node *v)
{
	if (v->kind == NODE_MAP)
		add_pairs(c, count, v);
	for (uint32_t i = 0; v->kind == NODE_LIST && i < v->len; i++)
		add_pairs(c, count, v->item[i]);
}

void tree_close_map(struct tree *t, const yaml_event_t *ev, struct node *n, struct node **kid,
                    size_t kids)
{
	struct candidate few[FEW];
	autofree struct candidate *many = NULL;
	struct candidate *c;
	size_t total = 0, own = 0, kept = 0, merged = 0;

	for (size_t i = 0; i + 1 < kids; i += 2)
		if (tree_is_merge(kid[i]))
			merged += merge_count(t, kid[i + 1]);
	t->merged += merged;
	if (t->merged > TREE_MAX_MERGED) {
		tree_refuse(t, ev, "too many keys merged with << in one file", TREE_MAX_MERGED);
		return;
	}
	if (kids / 2 + merged > FEW)
		many = xcalloc(kids / 2 + merged, sizeof(*c));
	c = many ? many : few;
	for (size_t i = 0; i + 1 < kids; i += 2)
		if (!tree_is_merge(kid[i])) {
			c[own] = (struct candidate){{kid[i], kid[i + 1]}, own, false};
			own++;
		}
	total = own;
	for (size_t i = 0; i + 1 < kids; i += 2)
		if (tree_is_merge(kid[i]) && merge_count(t, kid[i + 1]))
			add_merged(c, &total, kid[i + 1]);
	drop_repeats(t, c, total, own);
	for (size_t i = 0; i < total; i++)
		kept += !c[i].drop;
	n->pair = arena_alloc(&t->arena, kept * sizeof(*n->pair));
	for (size_t i = 0; i < total; i++)
		if (!c[i].drop)
			n->pair[n->len++] = c[i].pair;
}
