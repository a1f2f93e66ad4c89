/* SPDX-License-Identifier: Apache-2.0 */
/* podjson.h - a pod as the Kubernetes API would give it: the saved object plus its real status */
#pragma once

#include <jansson.h>

#include "pkg/plan/plan.h"
#include "pkg/state/state.h"

/* The status of a Pod object. plan may be NULL (then there is no qosClass). Owned. */
json_t *podjson_status(const struct state_project *s, const struct state_pod *pod,
                       const struct plan_pod *plan);
/*
 * The Pod: `object` is the saved one (apiVersion, kind, metadata, spec; a loan, may be NULL),
 * completed by uid, creationTimestamp and status. Owned.
 */
json_t *podjson_pod(const struct state_project *s, const struct state_pod *pod,
                    const struct plan_pod *plan, json_t *object);
/* "Guaranteed", "Burstable" or "BestEffort". */
const char *podjson_qos(const struct plan_pod *plan);
