/* SPDX-License-Identifier: Apache-2.0 */
/* loading.h - read manifests for up, plan, check: choose the files, show every problem, say what it
 * all came to */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "cmd/kubeplay/options.h"
#include "kube/kube.h"

struct loading_values {
	int validate; /* enum kube_validate */
	bool recursive, env_subst, substitute_volumes;
	struct option_strings env_files, sets;
	struct option_strings config_maps, secrets, from_files, from_envs;
};

extern const char *const loading_validate_words[];

/* A row of an option that may be repeated. */
#define LOADING_LIST(v, name, member, arg, help)                                                   \
	{                                                                                          \
		name, 0, OPTION_STRINGS, offsetof(v, loading.member), arg,                         \
			help " (may be repeated)", NULL, 0, 0                                      \
	}

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
		LOADING_LIST(v, "env-file", env_files, "FILE",                                     \
	                     "replace ${NAME} by this file too"),                                  \
		LOADING_LIST(v, "set", sets, "PATH=VALUE",                                         \
	                     "change a field, KIND/NAME:PATH of one object"),                      \
		LOADING_LIST(v, "configmap", config_maps, "FILE", "ConfigMaps of this file too"),  \
		LOADING_LIST(v, "secret-file", secrets, "FILE", "Secrets of this file too"),       \
		LOADING_LIST(v, "configmap-from-file", from_files, "NAME=[KEY=]PATH",              \
	                     "make a ConfigMap of a file or the files of a directory"),            \
		LOADING_LIST(v, "configmap-from-env", from_envs, "NAME=FILE",                      \
	                     "make a ConfigMap of the lines KEY=VALUE of a file"),                 \
	{                                                                                          \
		"substitute-volumes", 0, OPTION_FLAG, offsetof(v, loading.substitute_volumes),     \
			NULL, "cloud and network volumes become empty directories, for testing",   \
			NULL, 0, 0                                                                 \
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
