/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - nodes to typed objects, led by the schemas; every problem is reported, none stops the
 * rest
 */
#pragma once

#include "kube/k8s.h"
#include "kube/schema.h"
#include "kube/tree.h"

enum { LOAD_BUDGET = 64 << 20 }; /* per run: each value costs what it takes in memory */

struct load_frame;

/* That objects of a kind are skipped: said once, with their number. */
struct load_note {
	char what[160];
	size_t diag; /* its place in the diagnostics, before they are sorted */
	unsigned count;
};

/* What a run of loading shares. Objects and their strings live in the arena: the tree may go. */
struct load {
	struct arena *arena;
	struct diags *d;
	enum kube_validate mode;
	bool substitute_volumes; /* see kube_options */
	size_t file;             /* of the node that is being loaded */
	size_t spent;
	bool stop;                      /* the budget is used up: said once */
	const struct load_frame *frame; /* the mapping that is being loaded (load_hint.h) */
	struct load_note notes[32];
	size_t notes_len;
	unsigned muted; /* within what is not supported as a whole */
};

/*
 * Load a node by a schema (a mapping with CYAML_FLAG_POINTER); at is the node's own path. Returns
 * the struct, zeroed where nothing was written or what was written is wrong; NULL if n is no
 * mapping.
 */
void *load_object(struct load *l, const struct at *at, const cyaml_schema_value_t *schema,
                  const struct node *n);
/*
 * The severity of a field whose meaning would be lost: an error, a warning or nothing (false). For
 * rules that are as strict as the user wants (DESIGN section 8).
 */
bool load_strictness(enum kube_validate mode, enum kube_severity *ret);
/* "a number 8080", "a list": what a node is, for messages. Owned. */
char *load_describe(const struct node *n) MUST_USE;
/* True if writing this value means the same as leaving the field out. */
bool load_means_unset(const struct schema_info *info, const struct node *n);
