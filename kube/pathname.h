/* SPDX-License-Identifier: Apache-2.0 */
/* pathname.h - paths as text: nothing here looks at a file system */
#pragma once

#include "pkg/util/base.h"

/* Without "//", "/./", "x/.." and a "/" at the end; an absolute path never leaves "/". Owned. */
char *path_clean(const char *path) MUST_USE;
