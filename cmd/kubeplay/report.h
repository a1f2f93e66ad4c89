/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - results for people and programs: tables, ages, sizes, JSON, errors
 *
 * Whatever came from outside (names, messages, paths) is sanitised here, so that no verb has to
 * remember it.
 */
#pragma once

#include <jansson.h>

#include "pkg/util/err.h"
#include "pkg/util/str.h"

/* Cells in reading order; the first `columns` of them are the heading. Zero plus `columns` is a
 * valid empty table. */
struct table {
	size_t columns;
	struct strv cells;
};

#define autotable __attribute__((cleanup(table_done)))

/* Add the next cell (sanitised); NULL and "" become "<none>". */
void table_cell(struct table *t, const char *text);
void table_cellf(struct table *t, const char *fmt, ...) PRINTF(2, 3);
/* Add a NULL-terminated list of cells. */
void table_cells(struct table *t, const char *first, ...) __attribute__((sentinel));
/* Columns as wide as their widest cell, three blanks between them, none at the end of a line. */
void table_format(const struct table *t, struct strbuf *out);
/* table_format() to stdout. */
void table_print(const struct table *t);
void table_done(struct table *t);

enum { REPORT_AGE_SIZE = 32, REPORT_SIZE_SIZE = 32 };

/* A span of time as kubectl writes ages: 59s, 3m12s, 47m, 5h10m, 3d4h, 200d. */
void report_age(int64_t ns, char out[REPORT_AGE_SIZE]);
/* Bytes as people read them: 184MB, 1.2GB (powers of ten, as image sizes are usually shown). */
void report_size(int64_t bytes, char out[REPORT_SIZE_SIZE]);

/* A JSON string; bytes that are not UTF-8 are escaped first. NULL gives null. */
json_t *report_string(const char *text);
/* Set key to a string, unless text is NULL or empty. */
void report_set(json_t *object, const char *key, const char *text);
/* Print with two blanks of indentation, then free it. */
void report_json(json_t *value);

/* Lines to stdout, sanitised. */
void report_lines(const struct strv *lines);

/* One line on stderr per line of the message: "kubeplay: error: ...", continuation lines indented.
 */
void report_error(const struct err *e);
