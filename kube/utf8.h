/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - which character stands here? */
#pragma once

#include "pkg/util/base.h"

/* The length of the character at s (at most `left` bytes), its number in *ret; 0 if it is none. */
size_t utf8_next(const char *s, size_t left, uint32_t *ret);
