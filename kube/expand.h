/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expand.h - $(NAME) in commands and variables
 *
 * $(NAME) becomes the value of NAME, $$(NAME) the text $(NAME); an unknown name and any other use
 * of
 * "$" stay as they are.
 */
#pragma once

#include "pkg/plan/plan.h"

/* The value of a name, NULL if it is unknown. */
typedef const struct plan_value *expand_lookup(const char *name, void *arg);

/*
 * Append text with its references replaced; values that are secret or known late stay references.
 * False if more than `limit` bytes came out: out is then incomplete.
 */
bool expand(const char *text, expand_lookup *lookup, void *arg, size_t limit,
            struct plan_value *out);
