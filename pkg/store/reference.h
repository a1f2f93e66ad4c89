/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h - image references: what people write, in full
 *
 *   nginx                          docker.io/library/nginx:latest
 *   localhost:5000/a/b@sha256:...  registry localhost:5000, repository a/b, by digest
 *
 * The first part is a registry if it has a dot or a colon, is "localhost", or has an upper-case
 * letter; else docker.io is meant. A digest wins over a tag.
 */
#pragma once

#include "pkg/util/err.h"

enum { REFERENCE_MAX = 1024 };

struct reference {
	char *domain;    /* "docker.io", "localhost:5000" */
	char *path;      /* "library/nginx" */
	char *tag;       /* NULL when only a digest was given */
	char *digest;    /* "sha256:...", or NULL */
	bool short_name; /* no registry was written */
};

/* Parse; ERR_INPUT says what is wrong with it. *ret must be zeroed or done. */
int reference_parse(const char *text, struct reference *ret, struct err *e);
void reference_done(struct reference *r);
#define autoreference __attribute__((cleanup(reference_done)))
/* "domain/path": the repository. Owned. */
char *reference_repository(const struct reference *r) MUST_USE;
/* "domain/path:tag", NULL without a tag. Owned. */
char *reference_tagged(const struct reference *r) MUST_USE;
/* "domain/path@digest", or tagged when there is no digest. Owned. */
char *reference_canonical(const struct reference *r) MUST_USE;
/* True for a registry on this machine's loopback: localhost, 127.x.y.z, [::1], each with or without
 * port. */
bool reference_loopback(const char *domain);
