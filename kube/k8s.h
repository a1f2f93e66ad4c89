/* SPDX-License-Identifier: Apache-2.0 */
/*
 * k8s.h - Kubernetes objects as C structs, made from k8s.def
 *
 * Unset is visible everywhere: pointers are NULL, enums 0, lists NULL (a list that was written but
 * is empty has a pointer and count 0). Defaults are applied in lower, not here. Objects that were
 * loaded from people's files live in the arena of the run; saved ones belong to record_free().
 */
#pragma once

#include "pkg/util/base.h"

/* Every enum has its unset value first. */
#define BEGIN_ENUM(e, unset) enum e { unset,
#define WORD(value, word)    value,
#define ALIAS(value, word)
#define END_ENUM                                                                                   \
	}                                                                                          \
	;

#include "kube/enum.def"

#undef BEGIN_ENUM
#undef WORD
#undef ALIAS
#undef END_ENUM

/* What a mapping with free keys becomes. */
struct k8s_pair {
	char *key;
	char *value;
};

/* A quantity keeps its text; kube/quantity gives its value. */
struct k8s_quantity {
	char *text;
};

struct k8s_quantity_pair {
	char *key;
	char *value;
};

/* A number or a string: a number if there is no string. */
struct k8s_int_or_string {
	char *string;
	int32_t number;
};

/* Any value, as JSON. */
struct k8s_raw {
	char *json;
};

/* clang-format off */
#define BEGIN(name, doc)            struct T {
#define STR(f, q, v, def, doc)      char *f;
#define INT(f, q, v, def, doc)      int32_t *f;
#define MODE(f, v, def, doc)        int32_t *f;
#define LONG(f, q, v, def, doc)     int64_t *f;
#define BOOL(f, v, def, doc)        bool *f;
#define ENUM(f, e, v, def, doc)     enum e f;
#define QTY(f, v, def, doc)         struct k8s_quantity *f;
#define IOS(f, q, v, def, doc)      struct k8s_int_or_string *f;
#define RAW(f, v, def, doc)         struct k8s_raw *f;
#define SUB(f, t, q, v, def, doc)   struct t *f;
#define LIST(f, t, q, v, def, doc)  K8S_ARRAY(struct t, f)
#define STRS(f, v, def, doc)        K8S_ARRAY(char *, f)
#define LONGS(f, v, def, doc)       K8S_ARRAY(int64_t, f)
#define MAP(f, v, def, doc)         K8S_ARRAY(struct k8s_pair, f)
#define QMAP(f, v, def, doc)        K8S_ARRAY(struct k8s_quantity_pair, f)
#define NONE(f, v, def, doc)
#define EMPTY                       char none;
#define END                         };
/* clang-format on */
#define K8S_ARRAY(type, f)                                                                         \
	type *f;                                                                                   \
	uint32_t f##_count;

#include "kube/k8s.def"

#include "kube/k8s_end.h"

#undef K8S_ARRAY

/* Every kind that is loaded begins like this. */
struct k8s_head {
	char *apiVersion, *kind;
	struct k8s_meta *metadata;
};
