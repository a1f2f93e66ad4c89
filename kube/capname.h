/* SPDX-License-Identifier: Apache-2.0 */
/* capname.h - names of capabilities as manifests write them: with or without "CAP_", in any case */
#pragma once

#include "pkg/util/base.h"

/* True for every Linux capability and for ALL. */
bool capname_known(const char *name);
/* The i-th name, NULL past the end; for suggestions. */
const char *capname_nth(size_t i);
/* True if a name means this capability (upper case, without "CAP_"). */
bool capname_same(const char *name, const char *capability);
/* Upper case, without "CAP_": owned. */
char *capname_plain(const char *name) MUST_USE;
