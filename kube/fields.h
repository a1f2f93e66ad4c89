/* SPDX-License-Identifier: Apache-2.0 */
/* fields.h - what becomes of each field that a file writes? For `explain -f` */
#pragma once

#include "kube/run.h"

/* Look at all objects of the run, in the order of the files. Owned: fields_free(). */
void fields_collect(struct run *r, struct kube_object **ret, size_t *ret_count);
void fields_free(struct kube_object *objects, size_t count);
