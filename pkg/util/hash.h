/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - FNV-1a, as Kubernetes uses it for template hashes; not for anything that must resist an
 * attacker */
#pragma once

#include "pkg/util/base.h"

#define HASH_FNV64_INIT UINT64_C(0xcbf29ce484222325)

uint32_t hash_fnv32a(const void *data, size_t len);
/* Continue from h (start with HASH_FNV64_INIT). */
uint64_t hash_fnv64a(uint64_t h, const void *data, size_t len);
/* The number as Kubernetes writes pod-template-hash: decimal digits in its alphabet without vowels.
 */
void hash_safe_encode(uint32_t n, char out[11]);
