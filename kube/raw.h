/* SPDX-License-Identifier: Apache-2.0 */
/* raw.h - a node as JSON: for values that nothing here looks into */
#pragma once

#include "kube/tree.h"
#include "pkg/util/str.h"

/*
 * Append the node as one line of JSON. Plain scalars are what they are to kubectl (numbers in other
 * spellings become decimal); what JSON has no word for (.inf) becomes a string.
 */
void raw_json(const struct node *n, struct strbuf *out);
