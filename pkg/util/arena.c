/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - blocks of 16 KiB, newest first, and large ones; see arena.h */
#include "pkg/util/arena.h"

enum { BLOCK = 16384, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t len, cap;
	_Alignas(ALIGN) char data[];
};

/* A size that wraps around becomes one that no machine has, and ends here. */
static struct arena_block *new_block(size_t cap, size_t size)
{
	struct arena_block *b =
		xcalloc(1, size > SIZE_MAX / 2 ? SIZE_MAX : sizeof(struct arena_block) + cap);

	b->cap = cap;
	return b;
}

/* What is large gets a block of its own behind the newest, which goes on being filled. */
static void *alloc_large(struct arena *a, size_t size)
{
	struct arena_block *b = new_block(size, size);

	b->len = size;
	b->next = a->head->next;
	a->head->next = b;
	a->used += size;
	return b->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
	/* The size of every type is a multiple of its alignment: text needs none. */
	size_t align = MIN(size & -size, (size_t)ALIGN);
	struct arena_block *b = a->head;
	size_t at;

	align = MAX(align, (size_t)1);
	at = b ? (b->len + align - 1) & ~(align - 1) : 0;
	if (!b || at > b->cap || b->cap - at < size) {
		if (b && size > BLOCK / 4)
			return alloc_large(a, size);
		b = new_block(MAX(size, (size_t)BLOCK), size);
		b->next = a->head;
		a->head = b;
		at = 0;
	}
	a->used += at + size - b->len;
	b->len = at + size;
	return b->data + at;
}

char *arena_memdup(struct arena *a, const void *data, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	memcpy(p, data, len);
	p[len] = '\0';
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	return arena_memdup(a, s, strnlen(s, n));
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	autofree char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return arena_strdup(a, s);
}

void arena_done(struct arena *a)
{
	while (a->head) {
		struct arena_block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	a->used = 0;
}
