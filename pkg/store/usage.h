/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.h - how many bytes does an image take, and how many would its removal free? (pure)
 *
 * Sizes are those of the unpacked layers. A layer counts once for an image, and once for the store.
 */
#pragma once

#include "pkg/store/store.h"

/* An image that may not be removed, and who needs it: "project web". Loans. */
struct store_use {
	const char *image_id, *who;
};

struct store_size {
	int64_t size;   /* of all its layers */
	int64_t shared; /* of those that other images have too */
};

struct store_totals {
	uint32_t images, active; /* active: in use */
	uint32_t layers;
	int64_t size;        /* of all layers that an image has */
	int64_t reclaimable; /* of those that only images have which are not in use */
};

/* Who uses the image, or NULL. A loan. */
const char *store_user(const struct store_use *uses, size_t count, const char *image_id);
/* Sizes of the images, in the order of the index; owned. */
struct store_size *store_sizes(const struct store_index *x) MUST_USE;
/* What the store holds in all. */
void store_totals(const struct store_index *x, const struct store_use *uses, size_t count,
                  struct store_totals *ret);
