/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_scalar.h - values that are one word in a file: what load.c does with its leaves
 *
 * Each function reports what is wrong with the node and leaves the value unset then.
 */
#pragma once

#include "kube/load.h"

void load_report(const struct load *l, enum kube_severity severity, const struct at *at,
                 const struct node *n, const char *fmt, ...) PRINTF(5, 6);
/* "expected WHAT, got ..." and a hint, which begins with "; " or is "". */
void load_expected(const struct load *l, const struct at *at, const struct node *n,
                   const char *what, const char *hint);

/* The text of a scalar, which outlives the tree. */
char *load_keep(const struct load *l, const struct node *n);
/* Write a pointer to where the schema says that one is. */
void load_put_pointer(char *data, void *p);

/* A string, NULL if it is none. What looks like something else is taken as written if allowed. */
char *load_string(const struct load *l, const struct at *at, const struct node *n);
/* A quantity, in plain digits if it was written in another base; NULL if it is none. */
char *load_quantity(const struct load *l, const struct at *at, const struct node *n);
/* The numbers, bools and words write what the schema of libcyaml wants at data. */
void load_int(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
              const struct node *n, char *data);
void load_bool(const struct load *l, const struct at *at, const struct node *n, char *data);
void load_enum(const struct load *l, const struct at *at, const cyaml_schema_value_t *s,
               const struct node *n, char *data);
void load_int_or_string(const struct load *l, const struct at *at, const struct node *n,
                        struct k8s_int_or_string *out);
