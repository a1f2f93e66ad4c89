/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generator.h - ConfigMaps and Secrets that stand in no manifest: --configmap, --secret-file,
 * --configmap-from-file, --configmap-from-env
 */
#pragma once

#include "kube/source.h"

/*
 * Add what the options name behind the manifests: files in which only ConfigMaps or only Secrets
 * may stand, and texts of ConfigMaps that are made as `kubectl create configmap` makes them.
 * ERR_USAGE or ERR_INPUT with the option and the file.
 */
int generators_add(struct source_list *list, const struct kube_options *o, struct err *e);
