/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the command line as tables
 *
 * An option is a row: name, letter, type, where its value goes. Parsing, help and the test that
 * compares help with the manual page all read the same rows, so they cannot disagree.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum option_type {
	OPTION_FLAG,     /* bool: true when given */
	OPTION_BOOL,     /* bool: --name, --name=true or --name=false */
	OPTION_STRING,   /* const char * */
	OPTION_STRINGS,  /* struct option_strings: may be given several times */
	OPTION_INT,      /* int64_t within [min, max] */
	OPTION_DURATION, /* int64_t in milliseconds: 30 (seconds), 250ms, 1h30m */
	OPTION_CHOICE,   /* int: index of the word in choices */
};

enum { OPTION_STRINGS_MAX = 200 };

/* Loans from argv, in their order. */
struct option_strings {
	const char *v[OPTION_STRINGS_MAX];
	size_t len;
};

struct option_def {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	enum option_type type;
	size_t offset;   /* of the member in the values */
	const char *arg; /* what help calls the argument; NULL: none */
	const char *help;
	const char *const *choices; /* NULL-terminated */
	int64_t min, max;
};

/* A table of options and the struct that they are stored in. */
struct option_group {
	const struct option_def *defs;
	size_t count;
	void *values;
};

/*
 * Parse argv[1..] by groups; where two groups share a name or a letter the earlier one wins.
 * Options may stand anywhere until "--", or until `stop_after` arguments were seen and another one
 * comes: from there on all is argument (a command to run). stop_after -1: no such point. *ret_args
 * is a NULL-terminated list of loans from argv that the caller frees.
 */
int options_parse(const struct option_group *groups, size_t count, int argc, char **argv,
                  int stop_after, char ***ret_args, int *ret_used, struct err *e);
/* Append one line for each option, aligned. */
void options_help(const struct option_def *defs, size_t count, struct strbuf *out);
/* "30", "1.5h", "1h30m", "250ms" to milliseconds; -1 if it is not a duration. */
int option_parse_duration(const char *text, int64_t *ret_ms);

/* The candidate nearest to word, or NULL if none is near. */
const char *option_nearest(const char *word, const char *const *candidates, size_t count);
