/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h - which manifests are meant when none is named? */
#pragma once

#include "pkg/util/err.h"

/* kube.yaml, pod.yaml, or the only *.yaml or *.yml of the working directory. Owned; ERR_USAGE says
 * what was found. */
int sources_default(char **ret, struct err *e);
