/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - see digest.h */
#include "pkg/image/digest.h"

#include <openssl/evp.h>

void digest_init(struct digest *d)
{
	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx || EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
		abort(); /* out of memory, or a libcrypto without sha256 */
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	if (EVP_DigestUpdate(d->ctx, data, len) != 1)
		abort();
}

void digest_end(struct digest *d, char out[DIGEST_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(d->ctx, raw, &n) != 1 || n != 32)
		abort();
	memcpy(out, "sha256:", 7);
	for (unsigned int i = 0; i < n; i++) {
		out[7 + 2 * i] = hex[raw[i] >> 4];
		out[8 + 2 * i] = hex[raw[i] & 15];
	}
	out[DIGEST_SIZE - 1] = '\0';
	digest_done(d);
}

void digest_done(struct digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

void digest_of(const void *data, size_t len, char out[DIGEST_SIZE])
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, data, len);
	digest_end(&d, out);
}
