/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h - what every file of the program may assume
 *
 * Cleanup attributes (autofree, autoclose), hand-over helpers (take_fd, take_ptr), and allocation
 * that does not fail: sizes from outside are bounded before they come here, so running out of
 * memory is the end of the program, said on stderr.
 */
#pragma once

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "pkg/util/banned.h"

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define PRINTF(fmt, first)              __attribute__((format(printf, fmt, first)))
#define NORETURN                        __attribute__((noreturn))
#define MUST_USE                        __attribute__((warn_unused_result))
#define UNUSED(x)                       ((void)(x))
#define MIN(a, b)                       ((a) < (b) ? (a) : (b))
#define MAX(a, b)                       ((a) > (b) ? (a) : (b))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Called by the cleanup attribute; not for direct use. Both keep errno. */
void cleanup_free(void *p);
void cleanup_close(int *fd);

#define autofree  __attribute__((cleanup(cleanup_free)))
#define autoclose __attribute__((cleanup(cleanup_close)))

/* Hand over a descriptor: gives its value, leaves -1. */
static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

/* Hand over a pointer: gives its value, leaves NULL. */
#define take_ptr(p)                                                                                \
	__extension__({                                                                            \
		__typeof__(p) *take_at = &(p);                                                     \
		__typeof__(p) take_value = *take_at;                                               \
		*take_at = NULL;                                                                   \
		take_value;                                                                        \
	})

/* Close *fd if it is open and set it to -1; keeps errno. */
void close_fd(int *fd);

/* Allocation that aborts with a message when memory is out; all memory is zeroed or fully written.
 */
void *xcalloc(size_t n, size_t size) MUST_USE;
void *xmalloc(size_t size) MUST_USE;
void *xrealloc(void *p, size_t size) MUST_USE;
char *xstrdup(const char *s) MUST_USE;
char *xstrndup(const char *s, size_t n) MUST_USE;
void *xmemdup(const void *p, size_t n) MUST_USE;
char *xasprintf(const char *fmt, ...) PRINTF(1, 2) MUST_USE;
char *xvasprintf(const char *fmt, va_list ap) PRINTF(1, 0) MUST_USE;

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* True if s begins with prefix. */
bool starts_with(const char *s, const char *prefix);
/* True if s ends with suffix. */
bool ends_with(const char *s, const char *suffix);
