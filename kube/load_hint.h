/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_hint.h - what was meant by a field that its mapping does not know, or by a value of the
 * wrong shape?
 */
#pragma once

#include "kube/load.h"

/* A mapping that is being loaded, and those around it. */
struct load_frame {
	const struct load_frame *up;
	const struct at *at; /* its path, NULL for a document */
	const cyaml_schema_field_t *fields;
};

/*
 * What to say about an unknown key of a mapping: "; did you mean ...?", "; it belongs to ..." or
 * "". Owned. *ret_field is the field of this mapping that the key seems to be or to belong into, or
 * NULL.
 */
char *load_hint_field(const struct load_frame *here, const char *key,
                      const cyaml_schema_field_t **ret_field) MUST_USE;
/* What to do about something else where a mapping with these fields (NULL: of any keys) should be,
 * or "". Owned. */
char *load_hint_mapping(const cyaml_schema_field_t *fields, const struct node *n) MUST_USE;
/* The same where a list should be. Owned. */
char *load_hint_list(const cyaml_schema_value_t *entry, const struct node *n) MUST_USE;
/* "; write 30" for a number with a unit, or "". Owned. */
char *load_hint_number(const char *text) MUST_USE;
/* "; did you mean 1Gi?" for a quantity with another spelling of its unit, or "". Owned. */
char *load_hint_quantity(const char *text) MUST_USE;
