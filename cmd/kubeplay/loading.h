/* SPDX-License-Identifier: Apache-2.0 */
/* loading.h - read manifests for up, plan, check: choose the files, show every problem, say what it
 * all came to */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "kube/kube.h"

struct loading_values {
	int validate; /* enum kube_validate */
};

extern const char *const loading_validate_words[];

/* Rows for the verb's table; v is the struct with the member `loading`. */
#define LOADING_OPTIONS(v)                                                                         \
	{                                                                                          \
		"validate", 0, OPTION_CHOICE, offsetof(v, loading.validate), "MODE",               \
			"strict (default): unknown fields are errors; warn; ignore",               \
			loading_validate_words, 0, 0                                               \
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
