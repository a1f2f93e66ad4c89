/* SPDX-License-Identifier: Apache-2.0 */
/* loading.h - read manifests for up, plan, check: choose the files, show every problem, say what it
 * all came to */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "cmd/kubeplay/options.h"
#include "kube/kube.h"

struct loading_values {
	int validate; /* enum kube_validate */
	bool recursive, env_subst;
	struct option_strings env_files, sets;
};

extern const char *const loading_validate_words[];

/* Rows for the verb's table; v is the struct with the member `loading`. */
#define LOADING_CHANGES(v)                                                                         \
	{"validate",                                                                               \
	 0,                                                                                        \
	 OPTION_CHOICE,                                                                            \
	 offsetof(v, loading.validate),                                                            \
	 "MODE",                                                                                   \
	 "strict (default): unknown fields are errors; warn; ignore",                              \
	 loading_validate_words,                                                                   \
	 0,                                                                                        \
	 0},                                                                                       \
		{"env-subst",                                                                      \
	         0,                                                                                \
	         OPTION_FLAG,                                                                      \
	         offsetof(v, loading.env_subst),                                                   \
	         NULL,                                                                             \
	         "replace ${NAME} in values by the environment",                                   \
	         NULL,                                                                             \
	         0,                                                                                \
	         0},                                                                               \
		{"env-file",                                                                       \
	         0,                                                                                \
	         OPTION_STRINGS,                                                                   \
	         offsetof(v, loading.env_files),                                                   \
	         "FILE",                                                                           \
	         "replace ${NAME} by this file too (may be repeated)",                             \
	         NULL,                                                                             \
	         0,                                                                                \
	         0},                                                                               \
	{                                                                                          \
		"set", 0, OPTION_STRINGS, offsetof(v, loading.sets), "PATH=VALUE",                 \
			"change a field, KIND/NAME:PATH of one object (may be repeated)", NULL, 0, \
			0                                                                          \
	}
#define LOADING_OPTIONS(v)                                                                         \
	LOADING_CHANGES(v),                                                                        \
	{                                                                                          \
		"recursive", 'R', OPTION_FLAG, offsetof(v, loading.recursive), NULL,               \
			"directories with all that are below them", NULL, 0, 0                     \
	}

enum {
	LOADING_QUIET = 1,      /* leave out the notes */
	LOADING_NO_OBJECTS = 2, /* leave ret->objects empty: for who only looks */
	LOADING_FATES = 4,      /* fill ret->fates */
};

/* Read and check, and say nothing: 0 and *ret (look at errors), -1 with *e. */
int loading_read(struct cli *c, const struct loading_values *v, char **sources, unsigned int flags,
                 struct kube_result *ret, struct err *e);
/*
 * 0 and *ret (with a plan), the exit code when the manifests are wrong (all was said), -1 with *e.
 * otherwise: the end of the summary, "nothing was created".
 */
int loading_run(struct cli *c, const struct loading_values *v, char **sources, unsigned int flags,
                const char *otherwise, struct kube_result *ret, struct err *e);
