/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - problems in people's files: collected, sorted, shown as file:line:column: path: text
 */
#pragma once

#include "kube/kube.h"

/* A path into a document, built on the stack while walking down; NULL is the document itself. */
struct at {
	const struct at *up;
	const char *key; /* NULL: an item of a list */
	uint32_t index;
};

struct node;

struct diag_item {
	struct kube_diag d;
	size_t file, order;
};

/* Zero is a valid empty collection. */
struct diags {
	struct strv files;
	struct diag_item *v;
	size_t len, errors;
	const char *rule; /* id of what is being checked; NULL: the text tells it (diag.c) */
	bool full;        /* so many that the rest is not kept */
};

void diags_done(struct diags *d);
/* Register a file under the name that messages show; returns its number. */
size_t diags_file(struct diags *d, const char *name);
/*
 * Register what is no file but has values (an option): returns an origin. A place with line 0 and
 * an origin as its column stands for it, whatever the file.
 */
uint32_t diags_origin(struct diags *d, const char *name);
/* Add one; line 0 is the whole file, or an origin. */
void diag_add(struct diags *d, enum kube_severity severity, size_t file, uint32_t line,
              uint32_t column, const struct at *at, const char *fmt, ...) PRINTF(7, 8);
void diag_vadd(struct diags *d, enum kube_severity severity, size_t file, uint32_t line,
               uint32_t column, const struct at *at, const char *fmt, va_list ap)
	__attribute__((format(printf, 7, 0)));
/* Sort and give away as a plain array. */
void diags_take(struct diags *d, struct kube_diag **ret, size_t *ret_count);

/* The node that at names below root, or its deepest existing parent. */
const struct node *diag_locate(const struct node *root, const struct at *at);
/* "spec.containers[0].image"; owned. */
char *diag_path(const struct at *at) MUST_USE;

/* Text from outside for a message: cut after some 60 bytes, control characters made visible; owned.
 */
char *diag_quote(const char *text) MUST_USE;

/* Collect the likely spelling of a word: start with zero, offer candidates, look at best. */
struct guess {
	const char *best;
	size_t distance;
};
void guess_offer(struct guess *g, const char *word, const char *candidate);
/* "; did you mean "x"?" or "": owned. */
char *guess_text(const struct guess *g) MUST_USE;
