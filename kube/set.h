/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set.h - "[KIND/NAME:]path.to[0].field=value": changes to objects before they are loaded
 *
 * They work on nodes. What is on the path is copied, so that other places which share it through
 * an alias stay as they are; the new nodes stand at an origin (diags_origin()), so that messages
 * about them name the option. A path is written as messages show it: keys after dots, numbers or
 * quoted keys in brackets, a backslash before what is meant as it is. A value is a plain scalar as
 * in YAML, or begins with a quote or bracket and is read as YAML.
 *
 * With KIND/NAME one object is meant, and what is missing on the way is made. Without, all objects
 * that have the place: everything but the last word of the path must exist.
 */
#pragma once

#include "kube/tree.h"

struct set;

struct sets {
	struct set *v;
	size_t len;
	struct arena memory;
};

/* Read the options; ERR_USAGE names the one that is none. What is wrong in a value goes to d. */
int sets_init(struct sets *s, const struct kube_options *o, struct diags *d, struct err *e);
/* Apply to an object of a kind; returns the changed copy (in memory), or the object itself. */
struct node *sets_apply(struct sets *s, struct arena *memory, const char *kind, struct node *object,
                        struct diags *d);
/* Report those that did not change anything. */
void sets_check_used(const struct sets *s, struct diags *d);
void sets_done(struct sets *s);
