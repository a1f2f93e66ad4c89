/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stores.h - what the command line does to the store by itself
 *
 * Layers belong to sub-ids, so each of these runs as root of a user namespace, in a child of its
 * own; what it has to tell comes back as lines. What must be inflated or hashed is kubeplay-image's
 * (fetch.h).
 */
#pragma once

#include "pkg/runtime/idmap.h"
#include "pkg/state/dirs.h"
#include "pkg/store/usage.h"

/* store_remove() of pkg/store/work.h. ERR_ABSENT if there is no store at all. */
int stores_remove(const struct dirs *d, const struct idmap *m, const char *reference, bool force,
                  const struct store_use *uses, size_t use_count, struct strv *ret, struct err *e);
/* store_tag() of pkg/store/work.h. */
int stores_tag(const struct dirs *d, const struct idmap *m, const char *reference, const char *name,
               struct strv *ret, struct err *e);
