/* SPDX-License-Identifier: Apache-2.0 */
/* alias.h - which kind does a word mean? pod, Pods, po, deployments.apps ... */
#pragma once

#include "kube/schema.h"

enum { ALIAS_NONE = -1 };

/* The kind (enum object_type) that a word names, in any case: its name, plural or short name, each
 * perhaps with ".GROUP"; ALIAS_NONE if it is none. */
int alias_kind(const char *word);
/* The likely spelling of a word that is no kind, or NULL. */
const char *alias_nearest(const char *word);
/* "deployments", and "deploy" or "" if there is no short name. */
const char *alias_plural(enum object_type kind);
const char *alias_short(enum object_type kind);
/* "apps" of apps/v1; "" for v1. Owned. */
char *alias_group(enum object_type kind) MUST_USE;
/* "deployment.apps/web" and "pod/web", as kubectl names objects. Owned. */
char *alias_object(enum object_type kind, const char *name) MUST_USE;
