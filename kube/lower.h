/* SPDX-License-Identifier: Apache-2.0 */
/* lower.h - checked objects to the plan; everything that is in the plan is copied */
#pragma once

#include "kube/run.h"

/*
 * Make the plan of all objects of the run. What only shows here (a reference to what is not there,
 * an expansion that explodes) is reported like everything else: look at r->d.errors. Both are the
 * caller's also then.
 */
void lower(struct run *r, struct plan **ret, struct plan_data *ret_data);
