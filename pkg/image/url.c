/* SPDX-License-Identifier: Apache-2.0 */
/* url.c - see url.h */
#include "pkg/image/url.h"

#include <strings.h>

#include "pkg/image/digest.h"
#include "pkg/image/http.h"

enum { HEX = 64 };

static bool is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

bool url_may_follow(const char *from, const char *to)
{
	return is_https(to) || (!is_https(from) && strncasecmp(to, "http://", 7) == 0);
}

static bool is_redirect(const struct http_request *r)
{
	return r->location && (r->status == 301 || r->status == 302 || r->status == 303 ||
	                       r->status == 307 || r->status == 308);
}

static int failed(const struct http_request *r, struct err *e)
{
	if (r->too_large)
		return err_set(e, ERR_INPUT, "larger than %d MiB", URL_MAX_BYTES >> 20);
	if (r->bad_certificate)
		return err_set(e, ERR_IMAGE, "the server's certificate is not trusted: %s",
		               r->error);
	return err_set(e, ERR_IMAGE, "cannot be fetched: %s", r->error);
}

/* One request: 0 when *ret has the text, 1 when *url is where to look instead. */
static int ask(struct http *h, char **url, struct strbuf *ret, struct err *e)
{
	struct http_request r = {.url = *url, .plain = !is_https(*url), .max_body = URL_MAX_BYTES};
	int result = 0;

	if (http_perform(h, &r) < 0 || r.too_large) {
		result = failed(&r, e);
	} else if (is_redirect(&r)) {
		autofree char *host = http_host(r.location);

		result = 1;
		if (!url_may_follow(*url, r.location))
			result = err_set(e, ERR_IMAGE,
			                 "leads to %s without encryption: not followed",
			                 host ? host : "another place");
		free(*url);
		*url = take_ptr(r.location);
	} else if (r.status != 200) {
		result = err_set(e, ERR_IMAGE, "cannot be fetched: the server answers %ld",
		                 r.status);
	} else {
		*ret = r.body;
		r.body = (struct strbuf){0};
	}
	http_request_done(&r);
	return result;
}

static int check_pin(const char *sha256, const struct strbuf *text, struct err *e)
{
	char digest[DIGEST_SIZE];

	digest_of(text->s ? text->s : "", text->len, digest);
	if (strcasecmp(digest + strlen("sha256:"), sha256) == 0)
		return 0;
	return err_set(e, ERR_INPUT, "not what is pinned: its sha256 is %s",
	               digest + strlen("sha256:"));
}

int url_fetch(const char *url, const char *sha256, struct strbuf *ret, struct err *e)
{
	struct http *h = http_new("kubeplay/" KP_VERSION, e);
	char *at = xstrdup(url);
	int r = 1;

	for (int i = 0; h && r == 1 && i <= URL_MAX_REDIRECTS; i++)
		r = ask(h, &at, ret, e);
	if (!h)
		r = -1;
	else if (r == 1)
		r = err_set(e, ERR_IMAGE, "more than %d redirects", URL_MAX_REDIRECTS);
	http_free(h);
	free(at);
	return r == 0 && sha256 ? check_pin(sha256, ret, e) : r;
}
