/* SPDX-License-Identifier: Apache-2.0 */
/* sarif.h - diagnostics as a SARIF 2.1.0 log, which code review tools show beside the lines */
#pragma once

#include <jansson.h>

#include "kube/kube.h"

/* The whole log. Owned. */
json_t *sarif_log(const struct kube_result *k);
