/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb.h - what a verb is: a row with its options, its words for help, and a function
 *
 * Each verb is one file, verb_NAME.c, that defines `const struct verb verb_NAME`; main.c lists
 * them.
 */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "cmd/kubeplay/options.h"

struct verb {
	const char *name;
	const char *usage;   /* the arguments, as in the synopsis */
	const char *summary; /* one line for the list of verbs */
	const char *text;    /* more for its own help; NULL: nothing */
	const struct option_def *options;
	size_t option_count;
	const void *defaults; /* initial values of the options, values_size bytes */
	size_t values_size;
	int min_args, max_args; /* max_args -1: any number */
	bool has_command;       /* a command to run follows after max_args arguments */
	/* args: NULL-terminated. Returns the exit code, or -1 with *e, whose kind then picks it. */
	int (*run)(struct cli *c, const void *values, char **args, struct err *e);
};

#define VERB_OPTIONS(table, values)                                                                \
	.options = (table), .option_count = ARRAY_LEN(table), .defaults = &(values),               \
	.values_size = sizeof(values)

extern const struct verb verb_up, verb_down, verb_ps, verb_logs, verb_exec, verb_port, verb_plan,
	verb_pull, verb_load, verb_images, verb_rmi, verb_volume, verb_unshare, verb_doctor,
	verb_info, verb_version, verb_check, verb_explain, verb_get, verb_tag, verb_image,
	verb_history;
