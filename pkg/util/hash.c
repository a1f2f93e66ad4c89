/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - see hash.h */
#include "pkg/util/hash.h"

uint32_t hash_fnv32a(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t h = 0x811c9dc5u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x01000193u;
	return h;
}

uint64_t hash_fnv64a(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

void hash_safe_encode(uint32_t n, char out[11])
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789"; /* apimachinery's util/rand */

	(void)snprintf(out, 11, "%u", n);
	for (; *out; out++)
		*out = alphabet[(unsigned char)*out % (sizeof(alphabet) - 1)];
}
