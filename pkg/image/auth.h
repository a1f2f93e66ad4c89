/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.h - who are we to this registry? auth.json and config.json, and the challenges of registries
 *
 * Credentials come from files in the form that podman login and docker login write ({"auths":
 * {...}}); the first file with a matching entry wins, in it the longest matching key (registry, or
 * registry/namespace/...). Credential helpers are not run.
 */
#pragma once

#include "pkg/util/err.h"

enum { AUTH_FILE_MAX = 1 << 20, AUTH_CHALLENGE_MAX = 8192 };

struct auth_entry {
	char *key; /* "docker.io", "quay.io/team" */
	char *user, *password;
	char *token; /* identity token: an OAuth2 refresh token, or NULL */
};

struct auths {
	struct auth_entry *entries;
	size_t len;
};

/* Add the entries of one file behind those that are there. */
int auths_add(struct auths *a, const char *text, size_t len, struct err *e);
/* The entry for a repository, or NULL. */
const struct auth_entry *auths_find(const struct auths *a, const char *domain, const char *path);
void auths_done(struct auths *a);

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char *realm, *service, *scope; /* NULL when absent */
};

/*
 * Parse a WWW-Authenticate header (several joined by commas are fine): Bearer is preferred. What is
 * not understood is CHALLENGE_NONE. ret must be zeroed or done.
 */
void challenge_parse(const char *header, struct challenge *ret);
void challenge_done(struct challenge *c);
/* May credentials go to this URL? Only by https, or to this machine's loopback, or if `insecure`.
 */
bool auth_realm_allowed(const char *url, bool insecure);
