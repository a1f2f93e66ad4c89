/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflate.h - a layer blob to tar bytes, both digests on the way
 *
 * What kind of compression it is shows in the first bytes, not in the media type: plain tar, gzip
 * (isa-l, any number of members), zstd (libzstd, any number of frames), and through libarchive's
 * filters xz, lzma, bzip2, lz4.
 */
#pragma once

#include "pkg/image/digest.h"
#include "pkg/image/stream.h"

enum { INFLATE_SNIFF = 512 }; /* a tar header: enough to tell what it is */

struct inflate {
	/* the compressed bytes: 1 with at least one, 0 at the end, -1; valid until the next call */
	int (*next)(void *arg, const uint8_t **ret, size_t *ret_len, struct err *e);
	void *arg;
	struct stream *out;
	char blob[DIGEST_SIZE];    /* out: of all compressed bytes; "" if they did not all come */
	char diff_id[DIGEST_SIZE]; /* out: of all tar bytes; valid on success */
	uint64_t in_bytes, out_bytes;

	/* working state */
	struct digest in_digest, out_digest;
	const uint8_t *at;
	size_t left;
	const uint8_t *rest;
	size_t rest_left;
	bool at_end, failed;
	uint8_t sniff[INFLATE_SNIFF];
};

/*
 * Run to the end of the input and end `out`. Also after an error the rest of the input is read, so
 * that the blob's digest can tell bad content from a bad transfer. 0, or -1 with *e.
 */
int inflate_run(struct inflate *f, struct err *e);
