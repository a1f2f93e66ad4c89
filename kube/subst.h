/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subst.h - variables in the values of a document
 *
 * ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME?message}; with a colon an
 * empty value counts as unset. $${ is the text ${; $NAME and $(NAME) mean nothing here. Only values
 * that the tree has found are looked at, never keys and never the text of a file, so no value can
 * change the structure of a document. A plain scalar gets its type after that, a quoted one stays a
 * string.
 */
#pragma once

#include "kube/names.h"
#include "kube/tree.h"

enum { SUBST_MAX_TEXT = 16 << 20 /* bytes of all that was replaced in one run */ };

struct subst {
	bool on;
	const struct kube_var *vars;
	struct names index; /* name -> number of the variable */
	size_t spent;
	size_t failed; /* values that could not be made (reported) */
};

/* vars are borrowed. */
void subst_init(struct subst *s, const struct kube_options *o);
void subst_done(struct subst *s);
/* Replace in all values below root, once; new text lives in memory. Returns the changed root. */
struct node *subst_tree(struct subst *s, struct arena *memory, struct node *root, struct diags *d,
                        size_t file);
