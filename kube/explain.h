/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - what is a kind, a type, a field? The def (kube/k8s.def) as answers
 *
 * Everything here is constant data: loans, nothing to free but the texts that say so.
 */
#pragma once

#include "kube/schema.h"
#include "pkg/util/err.h"
#include "pkg/util/str.h"

/* What a path names: a kind, or a field somewhere below it. */
struct explain {
	enum object_type kind;
	const cyaml_schema_field_t *field; /* NULL: the kind itself */
	const struct schema_info *info;    /* of the field */
	const struct schema_type *type;    /* that it holds; NULL: a value without fields */
	/* What becomes of it, as a part of what it stands in: of a kind that is not run nothing is.
	 */
	enum schema_verdict verdict;
	const char *why;
};

/*
 * Look up "pod", "deploy.spec.template", "pod.spec.containers[0].image" (indices do not matter).
 * ERR_ABSENT if there is no such kind or field; the message has the likely spelling.
 */
int explain_find(const char *path, struct explain *ret, struct err *e);
/* The i-th field below, as explain_find() would give it. */
struct explain explain_field(const struct explain *up, uint32_t i);
/* The type that a field's value, or each item of it, has; NULL: it has no fields. */
const struct schema_type *explain_inner(const cyaml_schema_field_t *f,
                                        const struct schema_info *info);

/* "string", "integer", "[]Container", "mapping of strings", "quantity" ... : owned. */
char *explain_type_text(const struct schema_info *info, const struct schema_type *inner) MUST_USE;
/* "Always, OnFailure, Never" for a field that takes one of these words, else "". Owned. */
char *explain_choices(const cyaml_schema_field_t *f, const struct schema_info *info) MUST_USE;
bool explain_required(const cyaml_schema_field_t *f);
/* "supported", "approximated", "ignored here", "not supported yet", "refused" */
const char *explain_verdict(enum schema_verdict verdict);
