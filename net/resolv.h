/* SPDX-License-Identifier: Apache-2.0 */
/* resolv.h - resolv.conf: the host's is read, the pods' is written */
#pragma once

#include "net/control.h"
#include "pkg/util/str.h"

enum { RESOLV_MAX_FILE = 64 * 1024 };

struct resolv {
	struct control_upstreams servers; /* 127.0.0.1 if the file names none, as libc does */
	struct strv search;               /* at most DNS_MAX_SEARCH */
	struct strv options;
};

/* Parse the text of a resolv.conf; what is not understood is skipped, as libc does. */
void resolv_parse(const char *text, size_t len, struct resolv *ret);
/* Read and parse a file; an unreadable one is like an empty one. */
void resolv_read(const char *path, struct resolv *ret);
void resolv_done(struct resolv *r);
bool resolv_equal(const struct resolv *a, const struct resolv *b);
/* The file of a pod: our resolver, the host's search domains and those options that concern names.
 */
char *resolv_render(const struct resolv *host, const char *nameserver) MUST_USE;
