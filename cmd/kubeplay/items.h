/* SPDX-License-Identifier: Apache-2.0 */
/*
 * items.h - which objects of running projects does the user mean?
 *
 * TYPE[,TYPE...] [NAME...] or TYPE/NAME..., types as kubectl calls them. A pod is one that runs (or
 * ran), whatever made it; anything else is what was loaded.
 */
#pragma once

#include "cmd/kubeplay/projects.h"
#include "kube/objects.h"

struct item {
	struct project *project;
	enum object_type kind;
	const char *ns, *name;
	const struct objects_entry *entry; /* NULL: a pod */
	const struct state_pod *pod;       /* else NULL */
};

struct items {
	struct projects ps;
	struct kube_objects **objects; /* of each project; NULL: none were saved */
	struct kube_objects **secrets; /* the same, with values; NULL: not asked for */
	bool *asked;
	struct item *v;
	size_t len;
	bool one; /* exactly one object was named */
};

/*
 * Find them, in the order of the arguments, then of projects and files. namespace: only of this
 * one, NULL: all. ERR_USAGE, or ERR_ABSENT for a name that nothing has.
 */
int items_find(struct cli *c, char **args, const char *namespace, struct items *ret, struct err *e);
/* What was saved of the item's project, and the plan's view of a pod (or NULL). */
const struct kube_objects *items_objects(const struct items *x, const struct item *i);
const struct plan_pod *items_plan_pod(const struct items *x, const struct item *i);
/*
 * The Secrets of the item's project with their values, asked of its supervisor once; NULL with a
 * warning if that cannot be had.
 */
const struct kube_objects *items_secrets(struct items *x, const struct item *i);
void items_done(struct items *x);

#define autoitems __attribute__((cleanup(items_done)))
