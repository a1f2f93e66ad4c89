/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.h - one layer's way from compressed bytes to store/layers
 *
 *   source -> [inflate, sha256 of blob and tar: a thread of its own] -> [tar -> files: the
 * caller's]
 *
 * The layer becomes visible by one rename after both digests match and its files are synced.
 */
#pragma once

#include "pkg/image/inflate.h"
#include "pkg/image/layer.h"
#include "pkg/store/work.h"

struct unpack_request {
	struct store_work *work;
	const char *diff_id;
	const char *digest; /* of the blob; NULL: not known (docker-archive) */
	int64_t size;       /* of the blob; -1: not known */
	/* compressed bytes, as in struct inflate */
	int (*next)(void *arg, const uint8_t **ret, size_t *ret_len, struct err *e);
	void (*stop)(void *arg); /* makes a waiting next() return; from another thread */
	void *arg;
	struct layer_options options;
};

/* *ret_size: bytes unpacked. Nothing is left behind on failure but in the working directory. */
int unpack_layer(const struct unpack_request *r, int64_t *ret_size, struct err *e);
