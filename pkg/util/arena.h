/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - many small things with one end
 *
 * Zero is a valid empty arena. Memory is zeroed and aligned for any type of that size, or an array
 * of it; arena_done() frees all of it.
 */
#pragma once

#include "pkg/util/base.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used; /* bytes handed out */
};

void *arena_alloc(struct arena *a, size_t size) MUST_USE;
/* len bytes, whatever they are, and a NUL. */
char *arena_memdup(struct arena *a, const void *data, size_t len) MUST_USE;
char *arena_strndup(struct arena *a, const char *s, size_t n) MUST_USE; /* as strndup(3) */
char *arena_strdup(struct arena *a, const char *s) MUST_USE;
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3) MUST_USE;
void arena_done(struct arena *a);
