/* SPDX-License-Identifier: Apache-2.0 */
/* print.h - objects back to Kubernetes JSON and YAML, by walking their schemas; what is unset is
 * left out */
#pragma once

#include "kube/schema.h"
#include "pkg/util/str.h"

/* Append a struct of a schema (see schema.h) as compact JSON. */
void print_json(const cyaml_schema_value_t *schema, const void *obj, struct strbuf *out);
/* Append compact JSON text of ours as block YAML, mappings in the same order. */
void print_yaml(const char *json, struct strbuf *out);
/* Append it as indented JSON. */
void print_pretty(const char *json, struct strbuf *out);
