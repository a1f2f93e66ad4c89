/* SPDX-License-Identifier: Apache-2.0 */
/*
 * annotation.h - the annotations that mean something here: one table for lowering, `explain` and
 * the manual page
 *
 * Annotations are free text to Kubernetes; a few are asked for by kubectl, older kubelets, podman,
 * or kubeplay itself. What stands in no row is kept and shown, and means nothing.
 */
#pragma once

#include "kube/schema.h"

/* Where it stands. */
enum annotation_form {
	ANNOTATION_POD,       /* KEY, on a pod or its template */
	ANNOTATION_CONTAINER, /* KEY/CONTAINER */
	ANNOTATION_EITHER,    /* KEY for all containers, KEY/CONTAINER for one */
	ANNOTATION_NAMED_POD, /* KEY or KEY/POD */
	ANNOTATION_CLAIM,     /* KEY, on a PersistentVolumeClaim */
	ANNOTATION_ANY,       /* KEY, on every object */
};

struct annotation {
	const char *key; /* without "/CONTAINER" */
	enum annotation_form form;
	enum schema_verdict verdict;
	const char *why;   /* of a verdict other than YES */
	const char *value; /* what may stand there, for people */
	bool (*valid)(const struct annotation *a, const char *value); /* NULL: any text */
	const char *hint; /* its name in plan_pod.hints or plan_container.hints, or NULL */
	const char *doc;
};

/* All of them, sorted by key. */
const struct annotation *annotation_table(size_t *count);
/*
 * The row of a key as it is written; NULL if there is none. *ret_suffix becomes what follows
 * "KEY/", or NULL.
 */
const struct annotation *annotation_find(const char *key, const char **ret_suffix);
/* True if a key looks like one of a family of which all members are in the table: then one that is
 * not is a slip of the pen. */
bool annotation_is_family(const char *key);
