/* SPDX-License-Identifier: Apache-2.0 */
/*
 * banned.h - functions that nobody in this program may call
 *
 * Each of them has no bound, hidden state, or both. base.h includes this file everywhere.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Under clang, fortified libc makes macros of these. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll gmtime localtime tmpnam
#pragma GCC poison mktemp system popen strncpy strncat
