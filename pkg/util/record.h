/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - files that kubeplay writes for itself: one schema saves, loads, frees and prints
 *
 * A record is a C struct described by a libcyaml schema. Schemas come from .def files (one line per
 * member, see def_struct.h and def_schema.h), so struct and schema cannot drift. Members are heap
 * memory owned by the record: record_free() releases all of it. Optional strings are NULL when
 * unset; an empty list is NULL with count 0.
 *
 * Only text that record_save() wrote may be given to record_load(): libcyaml's loader is not for
 * people's files.
 */
#pragma once

#include <cyaml/cyaml.h>

#include "pkg/util/err.h"
#include "pkg/util/str.h"

/* Append the record as YAML. schema is a CYAML_MAPPING with CYAML_FLAG_POINTER (REC_TOP of
 * def_schema.h). */
int record_save(const cyaml_schema_value_t *schema, const void *record, struct strbuf *out,
                struct err *e);
/* Parse what record_save() wrote; *ret is owned (record_free). Anything else is ERR_INPUT. */
int record_load(const cyaml_schema_value_t *schema, const char *text, size_t len, void **ret,
                struct err *e);
/* Free a record and everything in it; NULL is fine. */
void record_free(const cyaml_schema_value_t *schema, void *record);
/* Deep copy by save and load. */
void *record_copy(const cyaml_schema_value_t *schema, const void *record) MUST_USE;

/*
 * Called for each mapping before it is printed: append a JSON value to out and return true to
 * replace it, or return false to print its members.
 */
typedef bool record_json_hook(const cyaml_schema_field_t *fields, const void *data,
                              struct strbuf *out, void *arg);
/* Append the record as indented JSON: members in schema order; unset strings, empty lists, false
 * and unset enums (value 0 whose text is "") are left out. */
void record_json(const cyaml_schema_value_t *schema, const void *record, record_json_hook *hook,
                 void *arg, struct strbuf *out);
/* Append text as a JSON string with quotes. */
void record_json_string(const char *text, struct strbuf *out);
