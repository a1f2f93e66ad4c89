/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a YAML or JSON stream as nodes that know where they stand
 *
 * Scalars stay text: no type is guessed here. Aliases share the node they name (never copied);
 * merge keys are already merged (a mapping's own key wins). Every limit against hostile input that
 * can be checked without knowing types is checked here. The tree owns all of its text.
 */
#pragma once

#include "kube/diag.h"
#include "pkg/util/arena.h"

enum {
	TREE_MAX_BYTES = 64 << 20,
	TREE_MAX_NODES = 1000000, /* per stream */
	TREE_MAX_DEPTH = 100,     /* aliases count with the depth of what they name */
	TREE_MAX_ANCHORS = 1000,  /* per document */
	TREE_MAX_MERGED = 10000,  /* keys that came by "<<", per stream */
};

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node_pair {
	struct node *key, *val;
};

struct node {
	union {
		char *text;             /* NODE_SCALAR: len bytes and a NUL, none inside */
		struct node **item;     /* NODE_LIST: len items */
		struct node_pair *pair; /* NODE_MAP: len pairs, keys are scalars and unique */
	};
	uint32_t len;
	uint32_t line, column; /* 1-based */
	uint8_t kind;          /* enum node_kind */
	uint8_t height;        /* 0 for a scalar */
	bool quoted;           /* a scalar that cannot be anything but a string */
};

/* Zero is a valid empty tree. */
struct tree {
	struct arena arena;
	struct node **docs; /* documents that are not empty, in order */
	size_t docs_count;
};

/*
 * Parse a whole stream. Problems go to d, under the file number; what was read before a syntax
 * error is kept. The text is not needed afterwards.
 */
void tree_parse(struct tree *t, const char *text, size_t len, struct diags *d, size_t file);
void tree_done(struct tree *t);

/* The value of a key of a mapping, NULL if it is no mapping or has none. */
struct node *node_get(const struct node *map, const char *key);
/* Plain null, ~, empty: the same as unset. */
bool node_is_null(const struct node *n);
