/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - the types of k8s.def as libcyaml schemas: what load, print and the saved objects walk
 *
 * Types that are one scalar or a free-key mapping in YAML are ordinary mappings or sequences of
 * mappings for libcyaml (so it can save them) and are recognised by the address of their fields.
 */
#pragma once

#include <cyaml/cyaml.h>

#include "pkg/util/base.h"

/* What to say when a field without a member is met. */
enum schema_verdict { SCHEMA_QUIET, SCHEMA_LATER };

/* Most fields a type may have: load keeps one bit for each. */
enum { SCHEMA_MAX_FIELDS = 64 };

extern const cyaml_schema_value_t schema_pod, schema_deployment, schema_config_map, schema_secret,
	schema_claim, schema_objects, schema_pod_spec, schema_pod_template, schema_meta;
extern const cyaml_schema_field_t schema_pair_fields[], schema_quantity_fields[],
	schema_quantity_pair_fields[];

/* For a field of type CYAML_IGNORE: its verdict, its default (or NULL) and a hint (or NULL). */
enum schema_verdict schema_verdict(const cyaml_schema_field_t *f);
const char *schema_default(const cyaml_schema_field_t *f);
const char *schema_hint(const cyaml_schema_field_t *f);
