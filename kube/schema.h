/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - the types of k8s.def as tables: what load, print, explain and the saved objects walk
 *
 * Each type is an array of libcyaml fields (shape, offsets) and beside it an array of words about
 * them (struct schema_info), in the same order. Types that are one scalar or a free-key mapping in
 * YAML are ordinary mappings or sequences of mappings for libcyaml (so it can save them) and are
 * recognised by the address of their fields.
 */
#pragma once

#include <cyaml/cyaml.h>

#include "pkg/util/base.h"

/* What becomes of a field or a kind; see k8s.def. */
enum schema_verdict {
	SCHEMA_YES,    /* as under a kubelet */
	SCHEMA_QUIET,  /* accepted, no effect */
	SCHEMA_APPROX, /* not exactly as in a cluster */
	SCHEMA_LATER,  /* not supported yet */
	SCHEMA_NO,     /* refused */
};

/* How a field is written. */
enum schema_shape {
	SCHEMA_STRING,
	SCHEMA_INT,
	SCHEMA_MODE,
	SCHEMA_LONG,
	SCHEMA_BOOL,
	SCHEMA_ENUM,
	SCHEMA_QUANTITY,
	SCHEMA_INT_OR_STRING,
	SCHEMA_RAW,
	SCHEMA_OBJECT,
	SCHEMA_OBJECTS, /* a list of them */
	SCHEMA_STRINGS,
	SCHEMA_LONGS, /* a list of whole numbers */
	SCHEMA_MAP,
	SCHEMA_QUANTITIES, /* free keys to quantities */
	SCHEMA_NONE,       /* not kept: any shape */
};

/* Most fields a type may have: load keeps one bit for each. */
enum { SCHEMA_MAX_FIELDS = 64 };

struct schema_info {
	enum schema_shape shape;
	enum schema_verdict verdict;
	const char *why;       /* of a verdict other than YES; may be "" */
	const char *unset;     /* what leaving it out means, or NULL */
	const char *doc;       /* what it means */
	const char *type_name; /* of an enum or object: its name in C, else NULL */
};

struct schema_type {
	const char *name; /* as the API calls it: "PodSpec" */
	const char *doc;
	const struct schema_info *info;     /* one for each field */
	const cyaml_schema_field_t *fields; /* ends with a NULL key */
	uint32_t count;
};

/* Kinds, in the order of kinds.def. */
#define KIND(id, type, list, version, name, verdict, doc) id,
enum object_type {
#include "kube/kinds.def"
	OBJECT_TYPE_COUNT,
};
#undef KIND

struct schema_kind {
	const char *version, *name;
	enum schema_verdict verdict;
	const char *why;
	const char *doc;
	const cyaml_schema_value_t *schema; /* of the object: a pointer to it */
	size_t size;                        /* of the struct */
	size_t list_offset, count_offset;   /* of its list in struct k8s_objects */
};

extern const struct schema_kind schema_kinds[OBJECT_TYPE_COUNT];
extern const cyaml_schema_value_t schema_objects, schema_pod_spec, schema_pod_template;
extern const cyaml_schema_field_t schema_pair_fields[], schema_quantity_fields[],
	schema_quantity_pair_fields[], schema_int_or_string_fields[], schema_raw_fields[];

/* All types, children before parents; ends with NULL. */
extern const struct schema_type *const schema_types[];

/* The type that a mapping of k8s.def belongs to; not for the special fields above. */
const struct schema_type *schema_type_of(const cyaml_schema_field_t *fields);
/* The words about a field of a type of k8s.def. */
const struct schema_info *schema_info_of(const cyaml_schema_field_t *fields,
                                         const cyaml_schema_field_t *f);
/* True if a mapping is none for people: a pair, a quantity, ... */
bool schema_is_special(const cyaml_schema_field_t *fields);
/* The first member of a struct of this type that was written although its verdict is NO: its name,
 * or NULL. For types whose members are all pointers. */
const char *schema_refused(const char *type, const void *object);
