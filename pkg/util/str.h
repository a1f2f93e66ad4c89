/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str.h - growing strings with a ceiling, and lists of strings
 *
 * struct strbuf: zero is a valid empty buffer without a ceiling; STRBUF_MAX(n) gives one with. Past
 * the ceiling nothing is added and `overflow` is set, so hostile input cannot grow memory. `s` is
 * always NUL-terminated once something was added; it may hold NULs of its own (use len).
 */
#pragma once

#include "pkg/util/base.h"

struct strbuf {
	char *s;
	size_t len, cap, max;
	bool overflow;
};

#define STRBUF_MAX(n) ((struct strbuf){.max = (n)})

void strbuf_done(struct strbuf *b);
void strbuf_clear(struct strbuf *b); /* length 0, memory kept */
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) PRINTF(2, 3);
/* Drop n bytes from the front. */
void strbuf_consume(struct strbuf *b, size_t n);
/* Give the string away (never NULL); the buffer is empty again. */
char *strbuf_take(struct strbuf *b);

#define autostrbuf __attribute__((cleanup(strbuf_done)))

/* A NULL-terminated list of owned strings; zero is a valid empty list (v == NULL). */
struct strv {
	char **v;
	size_t len;
};

void strv_done(struct strv *v);
void strv_add(struct strv *v, const char *s);
void strv_addf(struct strv *v, const char *fmt, ...) PRINTF(2, 3);
/* Add a string that the list now owns. */
void strv_take(struct strv *v, char *s);
bool strv_has(const struct strv *v, const char *s);

#define autostrv __attribute__((cleanup(strv_done)))

/*
 * Copy text for people to a buffer, replacing control characters and invalid UTF-8 by \xNN, so that
 * nothing from outside can drive a terminal. Returns an owned string of at most 4 * len + 1 bytes.
 */
char *str_sanitize(const char *text, size_t len) MUST_USE;

/* Parse a whole decimal number within [min, max]; -1 if it is not one. */
int str_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret);
/* The next of several numbers with blanks between them: *at moves behind it. -1 if there is none.
 */
int str_next_int(const char **at, int64_t min, int64_t max, int64_t *ret);
/* Levenshtein distance without regard to case; stops counting past `limit`. */
size_t str_distance(const char *a, const char *b, size_t limit);
