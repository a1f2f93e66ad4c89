/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - blocks of at least 16 KiB, newest first; see arena.h */
#include "pkg/util/arena.h"

enum { BLOCK = 16384, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t len, cap;
	_Alignas(ALIGN) char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct arena_block *b = a->head;
	void *p;

	if (!b || b->cap - b->len < need || size > SIZE_MAX / 2) {
		size_t cap = MAX(need, (size_t)BLOCK);

		/* A size that wraps around becomes one that no machine has, and ends here. */
		b = xcalloc(1, size > SIZE_MAX / 2 ? SIZE_MAX : sizeof(*b) + cap);
		b->cap = cap;
		b->next = a->head;
		a->head = b;
	}
	p = b->data + b->len;
	b->len += need;
	a->used += need;
	return p;
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
