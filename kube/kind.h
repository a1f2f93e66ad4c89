/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kind.h - which object is this? apiVersion and kind, and what we do with each
 */
#pragma once

#include "kube/load.h"

enum kind_action {
	KIND_LOAD,  /* one of our types */
	KIND_LIST,  /* its items are objects; type is theirs if the list has one (KIND_ANY: it has
	               none) */
	KIND_SKIP,  /* Kubernetes' or someone's, but nothing that we run */
	KIND_WRONG, /* reported */
};

enum { KIND_ANY = -1 };

struct kind {
	enum kind_action action;
	int type; /* enum object_type or KIND_ANY */
};

/* "Pod", "Deployment", ... as written in manifests. */
const char *kind_name(enum object_type type);
const char *kind_version(enum object_type type);
const cyaml_schema_value_t *kind_schema(enum object_type type);

/*
 * Look at a document (or an item of a list, whose own type is the default for items that say
 * nothing) and report what is wrong with its apiVersion and kind.
 */
struct kind kind_of(struct load *l, const struct at *at, const struct node *doc, int item_type);
