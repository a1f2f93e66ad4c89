/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.h - the distribution API: manifests and blobs of a registry
 *
 * Anonymous, Basic, and Bearer with a token fetched for each repository. https always, but for
 * registries on this machine's loopback (plain http first) and, with tls_no_verify, those whose
 * https fails. Redirects are followed five times, with credentials to the same host only. What may
 * pass (429, 5xx, a broken connection) is tried three times, a blob goes on where it stopped.
 *
 * All functions may be called from any thread.
 */
#pragma once

#include "pkg/image/auth.h"
#include "pkg/image/digest.h"
#include "pkg/image/http.h"
#include "pkg/image/stream.h"
#include "pkg/store/reference.h"

struct registry;

struct registry_options {
	const struct auths *auths; /* a loan for the registry's life */
	bool tls_no_verify;
	const char *auth_places; /* for messages: where credentials were looked for */
};

struct registry *registry_new(const struct registry_options *o, struct err *e);
void registry_free(struct registry *g);
/* Make everything fail at once (an interrupt, or another error that ends it all). */
void registry_cancel(struct registry *g);

/* The digest that ref names now, without its content. "" if the registry does not tell. */
int registry_resolve(struct registry *g, const struct reference *ref, char ret[DIGEST_SIZE],
                     struct err *e);
/*
 * The manifest or index with this tag or digest (what: NULL means what ref names). Its digest is
 * computed, compared with `what` or ref's digest if it is one, and returned.
 */
int registry_manifest(struct registry *g, const struct reference *ref, const char *what,
                      struct strbuf *ret, char ret_digest[DIGEST_SIZE], struct err *e);
/* A small blob (a config) into memory, its size and digest checked. */
int registry_blob(struct registry *g, const struct reference *ref, const char *digest, int64_t size,
                  struct strbuf *ret, struct err *e);

/* A large blob, read by another thread through `stream` while it comes. */
struct registry_download {
	struct registry *registry;
	const struct reference *ref;
	const char *digest;
	int64_t size; /* more than this is an error */
	void (*progress)(int64_t done, void *arg);
	void *arg;

	struct stream stream;
	pthread_t thread;
	struct http_request request;
	int64_t done, skip, told;
	bool started, too_long;
};

/* Fields above `stream` are set by the caller. The reader uses stream_peek and stream_consume. */
int registry_download_start(struct registry_download *d, struct err *e);
/* End it, complete or not. */
void registry_download_end(struct registry_download *d);
