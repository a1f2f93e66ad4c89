/* SPDX-License-Identifier: Apache-2.0 */
/* tree_build.h - what the files of the tree share (tree.c, tree_map.c, tree_problem.c) */
#pragma once

#include <yaml.h>

#include "kube/tree.h"

struct tree_anchor {
	char *name;
	struct node *node;
};

struct tree_frame {
	struct node *node;
	size_t first; /* its children begin here */
	char *anchor;
};

struct tree {
	const char *text;
	size_t len;
	struct diags *d;
	size_t file;
	uint32_t origin;
	struct arena arena; /* of the nodes and their text */
	yaml_parser_t parser;
	bool parsing;
	/* The section that is being parsed: all of the text, or one of several JSON texts. */
	struct tree_place section;
	size_t section_len;
	size_t passed; /* characters of sections before */
	/* The bytes up to a character, counted onwards from document to document. */
	size_t chars, bytes;
	struct tree_place place; /* of the document */
	struct node *root;       /* of the document, once it is finished */
	struct tree_frame frame[TREE_MAX_DEPTH + 1];
	size_t depth;
	struct node **kid;
	size_t kids, kid_cap;
	struct tree_anchor *anchor;
	size_t anchors;
	struct node *slab;
	size_t slab_left;
	char *free_text;
	size_t free_text_left;
	size_t nodes, stream_nodes, merged;
	bool stop; /* a limit was passed or the syntax is wrong: the rest is not read */
};

/* Where a mark of the parser stands, for a node or a message. */
uint32_t tree_line(const struct tree *t, const yaml_mark_t *mark);
uint32_t tree_column(const struct tree *t, const yaml_mark_t *mark);
/* The byte of the text that a mark of the parser stands at; marks may only go forward. */
size_t tree_offset(struct tree *t, const yaml_mark_t *mark);

/* Report at a place of the document, with the path of the open collections. */
void tree_problem(struct tree *t, uint32_t line, uint32_t column, const char *fmt, ...)
	PRINTF(4, 5);
/* A limit: say so once and read no further. */
void tree_refuse(struct tree *t, const yaml_event_t *ev, const char *what, size_t limit);
/* What the parser has to say about the text; nothing is read after it. */
void tree_syntax_problem(struct tree *t);
/* The path of the innermost of `depth` open collections. */
const struct at *tree_path(const struct tree *t, struct at at[static TREE_MAX_DEPTH], size_t depth);

/* True for a plain "<<". */
bool tree_is_merge(const struct node *key);
/* Children become pairs: merge keys are followed, repeated keys are reported. */
void tree_close_map(struct tree *t, const yaml_event_t *ev, struct node *n, struct node **kid,
                    size_t kids);
