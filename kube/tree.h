/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a YAML or JSON stream as nodes that know where they stand, one document at a time
 *
 * Scalars stay text: no type is guessed here. Aliases share the node they name (never copied);
 * merge keys are already merged (a mapping's own key wins). Every limit against hostile input that
 * can be checked without knowing types is checked here. Nodes and their text live until the next
 * document is asked for, so a stream of any length needs the memory of one document.
 */
#pragma once

#include "kube/diag.h"
#include "pkg/util/arena.h"

enum {
	TREE_MAX_BYTES = 64 << 20,
	TREE_MAX_NODES = 1000000, /* per document, and per stream before ... */
	TREE_CHARS_PER_NODE = 4,  /* ... one more for so many characters that were read */
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
	uint32_t line, column; /* 1-based; line 0: column is an origin (diags_origin()) */
	uint8_t kind;          /* enum node_kind */
	uint8_t height;        /* 0 for a scalar */
	bool quoted;           /* a scalar that cannot be anything but a string */
	bool seen;             /* for whoever walks a tree once: false in a new one */
};

/* Where a document begins in its text: enough to read it again. Zero is the text's beginning. */
struct tree_place {
	size_t offset;
	uint32_t line, column; /* of that byte, 0-based */
};

struct tree_document {
	struct node *root;
	struct tree_place place;
};

struct tree;

/*
 * Read text (as tree_text_prepare() left it, at most TREE_MAX_BYTES) from a place on; the text must
 * outlive the tree. Problems go to d, under the file number. origin, if it is not 0, is the place
 * of all nodes and problems instead of lines and columns.
 */
struct tree *tree_open(const char *text, size_t len, struct tree_place from, struct diags *d,
                       size_t file, uint32_t origin);
/*
 * The next document that is not empty; the one before is gone. False at the end, or after a
 * problem beyond which nothing can be read (said).
 */
bool tree_next(struct tree *t, struct tree_document *ret);
/* Memory that lives as long as the nodes of the last document. */
struct arena *tree_memory(struct tree *t);
/* How many characters were read so far. */
size_t tree_chars(const struct tree *t);
void tree_close(struct tree *t); /* NULL is fine */

/* The value of a key of a mapping, NULL if it is no mapping or has none. */
struct node *node_get(const struct node *map, const char *key);
/* Plain null, ~, empty: the same as unset. */
bool node_is_null(const struct node *n);
