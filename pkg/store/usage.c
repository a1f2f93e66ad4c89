/* SPDX-License-Identifier: Apache-2.0 */
/* usage.c - see usage.h */
#include "pkg/store/usage.h"

/* All layers of all images, sorted, so that those of one diffID stand side by side. */
struct entry {
	const char *diff_id;
	uint32_t image;
	int64_t size;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcmp(x->diff_id, y->diff_id);

	return r ? r : (x->image > y->image) - (x->image < y->image);
}

/* Owned; each diffID at most once for an image. */
static struct entry *sorted_layers(const struct store_index *x, size_t *ret_len)
{
	struct entry *list;
	size_t n = 0, kept = 0;

	for (uint32_t i = 0; i < x->images_count; i++)
		n += x->images[i].layers_count;
	list = xcalloc(n + 1, sizeof(*list));
	n = 0;
	for (uint32_t i = 0; i < x->images_count; i++)
		for (uint32_t j = 0; j < x->images[i].layers_count; j++)
			list[n++] = (struct entry){x->images[i].layers[j].diff_id, i,
			                           x->images[i].layers[j].size};
	qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || compare(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	*ret_len = kept;
	return list;
}

/* The number of entries from `at` on that are of one layer. */
static size_t group(const struct entry *list, size_t len, size_t at)
{
	size_t n = 1;

	while (at + n < len && streq(list[at].diff_id, list[at + n].diff_id))
		n++;
	return n;
}

const char *store_user(const struct store_use *uses, size_t count, const char *image_id)
{
	for (size_t i = 0; i < count; i++)
		if (streq(uses[i].image_id, image_id))
			return uses[i].who;
	return NULL;
}

struct store_size *store_sizes(const struct store_index *x)
{
	struct store_size *sizes = xcalloc(x->images_count + 1, sizeof(*sizes));
	size_t len;
	autofree struct entry *list = sorted_layers(x, &len);

	for (size_t at = 0, n; at < len; at += n) {
		n = group(list, len, at);
		for (size_t i = at; i < at + n; i++) {
			sizes[list[i].image].size += list[i].size;
			sizes[list[i].image].shared += n > 1 ? list[i].size : 0;
		}
	}
	return sizes;
}

void store_totals(const struct store_index *x, const struct store_use *uses, size_t count,
                  struct store_totals *ret)
{
	autofree bool *active = xcalloc(x->images_count + 1, sizeof(*active));
	size_t len;
	autofree struct entry *list = sorted_layers(x, &len);

	*ret = (struct store_totals){.images = x->images_count};
	for (uint32_t i = 0; i < x->images_count; i++) {
		active[i] = store_user(uses, count, x->images[i].config);
		ret->active += active[i];
	}
	for (size_t at = 0, n; at < len; at += n) {
		bool used = false;

		n = group(list, len, at);
		for (size_t i = at; i < at + n; i++)
			used |= active[list[i].image];
		ret->layers++;
		ret->size += list[at].size;
		ret->reclaimable += used ? 0 : list[at].size;
	}
}
