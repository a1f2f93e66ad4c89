/* SPDX-License-Identifier: Apache-2.0 */
/* explain_view.h - kinds and fields as text, as JSON, and as the table of kubeplay.yaml(5) */
#pragma once

#include <jansson.h>

#include "kube/annotation.h"
#include "kube/explain.h"

/* The list of kinds. */
void explain_view_kinds(struct strbuf *out);
json_t *explain_json_kinds(void);
/* The annotations that mean something here. */
void explain_view_annotations(struct strbuf *out);
json_t *explain_json_annotations(void);
/* One kind or field, called by `path`; recursive: all that is below it, without meanings. */
void explain_view(const char *path, const struct explain *x, bool recursive, struct strbuf *out);
json_t *explain_json(const char *path, const struct explain *x, bool recursive);
/* "not supported yet: why", "string, required", "KEY/CONTAINER": owned. */
char *explain_support(enum schema_verdict verdict, const char *why) MUST_USE;
char *explain_full_type(const struct explain *x) MUST_USE;
char *explain_annotation_key(const struct annotation *a) MUST_USE;
/* Everything, as mdoc (explain_mdoc.c). */
void explain_mdoc(struct strbuf *out);
