/* SPDX-License-Identifier: Apache-2.0 */
/* explain_view.h - kinds and fields as text, as JSON, and as the table of kubeplay.yaml(5) */
#pragma once

#include <jansson.h>

#include "kube/explain.h"

/* The list of kinds. */
void explain_view_kinds(struct strbuf *out);
json_t *explain_json_kinds(void);
/* One kind or field, called by `path`; recursive: all that is below it, without meanings. */
void explain_view(const char *path, const struct explain *x, bool recursive, struct strbuf *out);
json_t *explain_json(const char *path, const struct explain *x, bool recursive);
/* Everything, as mdoc. */
void explain_mdoc(struct strbuf *out);
