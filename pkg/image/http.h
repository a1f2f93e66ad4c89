/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - requests over libcurl's multi interface, driven by one thread
 *
 * Any thread may call http_perform(), which waits until its request is done; all requests share
 * connections. A body goes into memory (bounded) or to a sink, which may ask for a pause:
 * http_resume() goes on. Redirects are never followed here: the caller judges where they lead.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

struct http;

struct http_request {
	const char *url;
	bool plain;     /* http is allowed, else only https */
	bool no_verify; /* certificates are not checked */
	bool no_proxy;
	bool head;
	const char *accept;          /* NULL: anything */
	const char *user, *password; /* Basic; NULL: none */
	const char *bearer;
	const char *form; /* POST this, NULL: GET */
	int64_t from;     /* Range: bytes=from-; 0: all */
	size_t max_body;  /* of what is kept in memory */
	/* NULL: keep it. 0 taken, 1 pause, -1 stop. Called only for status 200 and 206. */
	int (*sink)(void *arg, const void *data, size_t len);
	void *arg;

	/* results */
	long status;   /* 0: no answer */
	int curl_code; /* 0 the transfer went well */
	bool stopped;  /* by the sink */
	bool too_large, tls_failed, bad_certificate, cancelled;
	bool not_http;   /* whoever answered, or hung up without a word, may speak TLS */
	char error[256]; /* what went wrong, for people */
	struct strbuf body;
	char *location;                          /* absolute, of a redirect */
	char *content_type, *digest, *challenge; /* headers, NULL if absent */
	int64_t retry_after;                     /* seconds, -1: not said */
	int64_t length;                          /* Content-Length, -1: not said */

	struct http_transfer *transfer;
};

struct http *http_new(const char *user_agent, struct err *e);
void http_free(struct http *h);
/* Run one request to its end. 0 if there was an answer (whatever its status), -1 if not. */
int http_perform(struct http *h, struct http_request *r);
/* After the sink paused: go on. From any thread, also when the request is already over. */
void http_resume(struct http *h, struct http_request *r);
/* Make all requests, running and to come, fail at once. */
void http_cancel(struct http *h);
bool http_cancelled(struct http *h);
/* Wait ms milliseconds, or less if cancelled (then -1). */
int http_sleep(struct http *h, int64_t ms);
void http_request_done(struct http_request *r);
/* Append text in URL encoding. */
void http_escape(struct strbuf *out, const char *text);
/* "host:port" of a URL, port never empty. Owned; NULL if it has none. */
char *http_host(const char *url);
