/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time as numbers, and as RFC 3339 text */
#pragma once

#include "pkg/util/base.h"

/* Bytes for "2026-11-23T04:05:06.123456789Z" and its NUL. */
#define CLOCK_RFC3339_SIZE 31

/* Milliseconds of CLOCK_MONOTONIC: for intervals. */
int64_t clock_mono_ms(void);
/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t clock_mono_ns(void);
/* Nanoseconds since the epoch: for stamps. */
int64_t clock_real_ns(void);
/* Sleep for so many milliseconds, or until a signal. Never in an event loop. */
void clock_pause_ms(int ms);
/* Write a stamp with nanoseconds, always 30 characters, UTC ("Z"). */
void clock_rfc3339(int64_t real_ns, char out[CLOCK_RFC3339_SIZE]);
/* Write a stamp with whole seconds, as in Kubernetes objects: "2026-11-23T04:05:06Z". */
void clock_rfc3339_s(int64_t real_ns, char out[CLOCK_RFC3339_SIZE]);
/* Parse RFC 3339 (fraction and any offset allowed) to nanoseconds; -1 if it is not a stamp. */
int clock_parse_rfc3339(const char *text, int64_t *ret_ns);
