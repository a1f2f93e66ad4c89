/* SPDX-License-Identifier: Apache-2.0 */
/* layer.h - a tar stream to an unpacked layer (libarchive reads, writer.h writes) */
#pragma once

#include "pkg/image/stream.h"

struct layer_options {
	bool ignore_owner;
	void (*warn)(const char *text, void *arg);   /* may be NULL */
	void (*progress)(uint64_t bytes, void *arg); /* unpacked so far; may be NULL */
	void *arg;
};

struct layer_stats {
	uint64_t bytes, entries, skipped;
};

/*
 * Read a tar to its end from `in` and make its entries below dir_fd (O_RDONLY; mode 0755 unless the
 * tar sets one). spill_fd: where a temporary file may be made. Errors of the image's making are
 * ERR_IMAGE. What is left in `in` after the tar's end is not read.
 */
int layer_unpack(struct stream *in, int dir_fd, int spill_fd, const struct layer_options *o,
                 struct layer_stats *ret, struct err *e);
