/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - one text from a URL that a person named: fetched, bounded, compared with its pin */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum { URL_MAX_BYTES = 64 << 20, URL_MAX_REDIRECTS = 5 };

/*
 * Fetch http:// or https:// (certificates are checked); sha256 is 64 hexadecimal digits or NULL. At
 * most URL_MAX_REDIRECTS redirects are followed, never from https to http. ERR_IMAGE if it cannot
 * be had, ERR_INPUT if it is too large or not what the pin says. Errors do not name the URL.
 */
int url_fetch(const char *url, const char *sha256, struct strbuf *ret, struct err *e);
/* True if a redirect may lead from one URL to the other. */
bool url_may_follow(const char *from, const char *to);
