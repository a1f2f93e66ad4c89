/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - files of an image archive by name: a directory, or a tar whose members are read in
 * place
 *
 * A tar that is compressed, or comes through a pipe, is first unpacked to a temporary file below
 * the store (deleted already). The index of a tar is one pass over its headers; nothing is
 * extracted.
 */
#pragma once

#include <stdatomic.h>

#include "pkg/util/err.h"
#include "pkg/util/str.h"

struct source_member {
	char *name; /* cleaned: no "./" in front */
	char *link; /* of a link: the member meant, or NULL */
	int64_t offset, size;
};

struct source {
	int dir_fd;  /* a loan, or -1 */
	int file_fd; /* of the tar: a loan, or ours when it was spooled */
	bool own;
	struct source_member *members; /* sorted by name */
	size_t len;
};

struct source_range {
	int fd; /* owned if `own` */
	bool own;
	int64_t offset, size;
};

/* fd is a loan. spill_fd: a directory for a temporary file. */
int source_open(struct source *s, int fd, int spill_fd, const atomic_bool *stop, struct err *e);
void source_done(struct source *s);
bool source_has(const struct source *s, const char *name);
/* Where a file is; ERR_IMAGE if it is not there. */
int source_find(const struct source *s, const char *name, struct source_range *ret, struct err *e);
void source_range_done(struct source_range *r);
/* A whole small file. */
int source_read(const struct source *s, const char *name, size_t max, struct strbuf *ret,
                struct err *e);
