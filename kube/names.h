/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - a set of names with a number each, for finding and for noticing repetition in linear
 * time
 */
#pragma once

#include "pkg/util/base.h"

struct names_slot {
	const char *key;
	uint32_t value;
};

/* Zero is a valid empty set. Keys are borrowed and must outlive it. */
struct names {
	struct names_slot *slot;
	size_t cap, len;
};

/* Add a name; if it is there already return false and its number in *ret_old (may be NULL). */
bool names_add(struct names *n, const char *key, uint32_t value, uint32_t *ret_old);
bool names_find(const struct names *n, const char *key, uint32_t *ret);
void names_done(struct names *n);

#define autonames __attribute__((cleanup(names_done)))
