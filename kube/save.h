/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - loaded objects as text for the state folder, without the values of Secrets */
#pragma once

#include "kube/run.h"

/* Append objects.yaml. */
int save_objects(const struct run *r, struct strbuf *out, struct err *e);
/* Append the same of the Secrets alone, with their values; nothing if there are none. */
int save_secrets(const struct run *r, struct strbuf *out, struct err *e);
