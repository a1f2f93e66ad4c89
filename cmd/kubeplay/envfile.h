/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envfile.h - files of variables, as docker compose reads them
 *
 * A line is NAME=value, with or without "export " in front; empty lines and lines that begin with #
 * count for nothing. A value without quotes ends at the end of the line or before " #"; one in
 * single quotes is taken as it is, in double quotes \n, \r, \t, \", \\ and \$ mean what they say;
 * both may go on over lines. Nothing else is replaced in values.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum { ENVFILE_MAX = 1 << 20 };

/* Append name, value, name, value, ... to *ret. ERR_INPUT with file:line. */
int envfile_read(const char *path, struct strv *ret, struct err *e);
/* The same from memory. */
int envfile_parse(const char *name, const char *text, size_t len, struct strv *ret, struct err *e);
