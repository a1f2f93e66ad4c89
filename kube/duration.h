/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duration.h - spans of time as Kubernetes writes them: 1h30m, 300ms, 1.5s
 */
#pragma once

#include "kube/scalar.h"

/*
 * A span in nanoseconds: a sign, then numbers with a unit each (ns us ms s m h), or "0". What is
 * finer than a nanosecond is cut. SCALAR_SYNTAX for other text, SCALAR_RANGE for over 292 years.
 */
enum scalar_result duration_parse(const char *text, int64_t *ret_ns);
/* How a span is printed: 1h30m0s, 1.5s, 300ms, 0s. Owned. */
char *duration_text(int64_t ns) MUST_USE;
