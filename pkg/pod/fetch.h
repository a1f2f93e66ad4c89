/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - have images present: runs kubeplay-image in a mapped user namespace and shows its
 * progress
 *
 * kubeplay-image speaks JSON lines on a pipe (progress, warnings, one result); the protocol is in
 * pkg/image/protocol.h. Images that the store already has, by their pull policy, start no process
 * at all.
 */
#pragma once

#include "pkg/plan/plan.h"
#include "pkg/runtime/idmap.h"
#include "pkg/state/dirs.h"

enum fetch_progress { FETCH_QUIET, FETCH_PLAIN, FETCH_BARS };

struct fetch_request {
	const struct dirs *dirs;
	const struct idmap *idmap;
	const char *libexec;
	const char *authfile; /* NULL: the usual places */
	bool tls_no_verify;
	const char *platform; /* "linux/arm64", NULL: ours */
	enum fetch_progress progress;
	int progress_fd;    /* stderr */
	int64_t timeout_ms; /* -1: none */
};

struct fetch_image {
	const char *reference; /* as written */
	enum plan_pull pull;
	char image_id[80]; /* out: sha256:... of the config */
};

/* Pull what is missing or must be looked at (Always). ERR_IMAGE names each image and what was
 * tried. */
int fetch_images(const struct fetch_request *r, struct fetch_image *images, size_t count,
                 struct err *e);
/* Load an OCI layout (directory or tar) or a docker-archive; path "-" is stdin. Names loaded are
 * appended to *ret. */
struct strv;
int fetch_load(const struct fetch_request *r, const char *path, const char *tag, struct strv *ret,
               struct err *e);
