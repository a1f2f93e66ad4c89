/* SPDX-License-Identifier: Apache-2.0 */
/* print.h - objects back to Kubernetes JSON, by walking their schemas; what is unset is left out */
#pragma once

#include "kube/schema.h"
#include "pkg/util/str.h"

/* Append a struct of a schema (see schema.h) as compact JSON. */
void print_json(const cyaml_schema_value_t *schema, const void *obj, struct strbuf *out);
