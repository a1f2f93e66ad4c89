/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.h - Kubernetes quantities: 500m, 1.5, 64Mi, 1e3, exactly
 */
#pragma once

#include "kube/scalar.h"

/*
 * The value times `scale` (1: whole units such as bytes, 1000: thousandths of a core), rounded away
 * from zero to a whole number. SCALAR_SYNTAX if it is no quantity, SCALAR_RANGE if it does not fit.
 */
enum scalar_result quantity_parse(const char *text, int scale, int64_t *ret);
/* True if text is a quantity, whatever its size. */
bool quantity_valid(const char *text);
