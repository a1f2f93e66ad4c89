/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - sha256 as "sha256:HEX" (libcrypto) */
#pragma once

#include "pkg/util/err.h"

enum { DIGEST_SIZE = 7 + 64 + 1 };

struct digest {
	void *ctx; /* EVP_MD_CTX */
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t len);
/* Finish and free; out is "sha256:" and 64 hexadecimal digits. */
void digest_end(struct digest *d, char out[DIGEST_SIZE]);
/* Free without a result; fine on a zeroed or ended one. */
void digest_done(struct digest *d);
/* All in one. */
void digest_of(const void *data, size_t len, char out[DIGEST_SIZE]);
