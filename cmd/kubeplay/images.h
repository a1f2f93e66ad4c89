/* SPDX-License-Identifier: Apache-2.0 */
/* images.h - the options that verbs which fetch images share, and how progress is shown */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "pkg/pod/fetch.h"

/* Members of a verb's values, in a struct of that name. */
struct image_values {
	const char *authfile;
	bool tls_verify;
	bool quiet;
};

#define IMAGE_DEFAULTS                                                                             \
	{                                                                                          \
		.tls_verify = true                                                                 \
	}

/* Rows for the verb's table; v is the struct with the member `images`. */
#define IMAGE_OPTIONS(v)                                                                           \
	{"authfile",                                                                               \
	 0,                                                                                        \
	 OPTION_STRING,                                                                            \
	 offsetof(v, images.authfile),                                                             \
	 "FILE",                                                                                   \
	 "credentials for registries",                                                             \
	 NULL,                                                                                     \
	 0,                                                                                        \
	 0},                                                                                       \
		{"tls-verify",                                                                     \
	         0,                                                                                \
	         OPTION_BOOL,                                                                      \
	         offsetof(v, images.tls_verify),                                                   \
	         "[=true|false]",                                                                  \
	         "check registries' certificates",                                                 \
	         NULL,                                                                             \
	         0,                                                                                \
	         0},                                                                               \
	{                                                                                          \
		"quiet", 'q', OPTION_FLAG, offsetof(v, images.quiet), NULL, "no progress", NULL,   \
			0, 0                                                                       \
	}

/* Fill in a request: bars on a terminal, lines elsewhere. */
int images_request(struct cli *c, const struct image_values *v, struct fetch_request *ret,
                   struct err *e);
