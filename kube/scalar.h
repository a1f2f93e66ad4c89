/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalar.h - what plain text means: types as kubectl reads them, percentages, times, base64
 */
#pragma once

#include "kube/name_rule.h"

enum scalar_kind { SCALAR_STRING, SCALAR_NULL, SCALAR_BOOL, SCALAR_NUMBER };

/* What an unquoted scalar is to kubectl. */
enum scalar_kind scalar_kind(const char *text);
/* A boolean word (true, yes, on, y, ... in three casings): 0, or -1. */
int scalar_bool(const char *text, bool *ret);

enum scalar_result { SCALAR_OK = 0, SCALAR_SYNTAX = -1, SCALAR_RANGE = -2 };

/* A whole number: decimal, 0x, 0o, 0b, 0 (octal), with a sign; "_" counts for nothing but in front.
 */
enum scalar_result scalar_int(const char *text, int64_t *ret);

/* "25%": 0 and more, written with digits only. */
enum scalar_result scalar_percent(const char *text, int *ret);
/* That many percent of total (both 0 or more), rounded up or down, as maxSurge and its like are. */
int64_t scalar_round_percent(int percent, int total, bool up);

/* True for a date with time and zone as Kubernetes writes it: 2006-01-02T15:04:05Z (RFC 3339). */
bool scalar_time_valid(const char *text);

/*
 * Decode standard base64 with padding as Go does: line breaks are skipped, and bits that are left
 * over need not be zero. Owned bytes with a NUL behind them, NULL if it is no base64.
 */
unsigned char *base64_decode(const char *text, size_t *ret_len);
