/* SPDX-License-Identifier: Apache-2.0 */
/* plan_view.h - a plan as text for people: one line for each thing that was written */
#pragma once

#include "pkg/plan/plan.h"

/* Print to a stream, pod by pod. What has its usual value is left out; Secrets are "<secret>". */
void plan_view(const struct plan *p, FILE *to);
