/* SPDX-License-Identifier: Apache-2.0 */
/* fates.h - what becomes of the fields of a manifest, for `explain -f` */
#pragma once

#include <jansson.h>

#include "cmd/kubeplay/loading.h"

/*
 * Load manifests to look at all their fields. What has no place in that view (syntax, wrong types,
 * broken rules) is said on stderr. 0, the exit code if there was such an error, -1 with *e.
 */
int fates_load(struct cli *c, const struct loading_values *v, char **sources,
               struct kube_result *ret, struct err *e);
/* all: what is simply applied, too. */
void fates_print(const struct kube_result *k, bool all);
json_t *fates_json(const struct kube_result *k, bool all);
