/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - which files are meant, and what stands in them? */
#pragma once

#include "kube/kube.h"

/* A text that was read, and where it came from. */
struct source {
	char *name; /* as messages show it */
	char *path; /* absolute, a URL, or "-" */
	char *dir;  /* for relative host paths */
	struct strbuf text;
	const char *option, *only; /* the option that names it, and the one kind it may have */
	bool made;                 /* by us, from other files: it has no variables */
};

struct source_list {
	struct source *v;
	size_t len;
	bool had_stdin;
};

/*
 * Read what one name means: a file or pipe, a directory (with what is below it if `recursive`), a
 * pattern when no such file exists, "-" for stdin (once). ERR_INPUT with the name.
 */
int source_list_read(struct source_list *list, const char *name, bool recursive, struct err *e);
/* Add a text that somebody else has read (copied). path may be NULL: the name is the path. */
void source_add_text(struct source_list *list, const char *name, const char *path, const char *text,
                     size_t len);
void sources_done(struct source_list *s);

#define autosources __attribute__((cleanup(sources_done)))
