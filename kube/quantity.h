/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.h - Kubernetes quantities: 500m, 1.5, 64Mi, 1e3, exactly
 *
 * A quantity has a sign, digits with at most one point (.5 and 1. too), and then nothing, one of
 * n u m k M G T P E, one of Ki Mi Gi Ti Pi Ei, or e or E with a whole exponent; blanks around it do
 * not count. It is kept to billionths; what is finer rounds away from zero. Everything here answers
 * SCALAR_SYNTAX for other text and SCALAR_RANGE for more than 2^63-1.
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

/*
 * The spelling that Kubernetes gives to a value: no fraction, the largest suffix that leaves none,
 * of the family (Ki, k or e3) that it was written in; 1.5Gi is 1536Mi, 0.5 is 500m. A binary one
 * below 1024 or with a fraction becomes decimal. It is its own canonical text, except that binary
 * numbers which 1024 does not divide stay bare: 62.5Ki is 64000, which by itself is 64k. Owned;
 * NULL if text is no quantity in range.
 */
char *quantity_canonical(const char *text) MUST_USE;

/* Compare two quantities: *ret is less than, equal to or more than 0, as a is to b. */
enum scalar_result quantity_compare(const char *a, const char *b, int *ret);

/*
 * The value in units of `divisor`, rounded up, as a resourceFieldRef gives it. A divisor of zero is
 * one that was not set, and means 1. SCALAR_RANGE also if the divisor is negative.
 */
enum scalar_result quantity_divide_up(const char *text, const char *divisor, int64_t *ret);
/*
 * True if a resourceFieldRef may have this divisor: zero (not set), 1, and 1m for cpu, or 1k to 1E
 * and 1Ki to 1Ei for what is counted in bytes.
 */
bool quantity_is_divisor(const char *text, bool cpu);
