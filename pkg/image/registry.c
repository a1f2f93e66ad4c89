/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - see registry.h */
#include "pkg/image/registry.h"

#include <jansson.h>
#include <pthread.h>

#include "pkg/image/manifest.h"
#include "pkg/store/store.h"
#include "pkg/util/log.h"

enum {
	TRIES = 3,
	REDIRECTS = 5,
	BACKOFF_MS = 500,
	RETRY_AFTER_MAX_S = 30,
	TOKEN_MAX = 64 << 10,
	SCOPE_MAX = 1024,
	RING = 1 << 20,
	PROGRESS_FORWARD = 1 << 20, /* so much progress forgives earlier failures */
	PROGRESS_STEP = 256 << 10,
};

static const char manifest_types[] = "application/vnd.oci.image.index.v1+json,"
				     "application/vnd.oci.image.manifest.v1+json,"
				     "application/vnd.docker.distribution.manifest.list.v2+json,"
				     "application/vnd.docker.distribution.manifest.v2+json";

/* What is known about one registry. */
struct host {
	char *domain;
	char *address; /* host[:port] to connect to */
	bool loopback;
	bool plain, settled; /* under the lock: scheme in use; it will not change */
	struct host *next;
};

struct token {
	char *domain, *scope, *text;
	struct token *next;
};

struct registry {
	struct http *http;
	struct registry_options o;
	pthread_mutex_t lock;
	struct host *hosts;
	struct token *tokens;
};

/* One thing wanted, over all tries. */
struct call {
	struct registry *g;
	const struct reference *ref;
	struct host *host;
	const struct auth_entry *auth;
	struct http_request *r;
	char *path;              /* "/v2/..." */
	const char *what;        /* for messages: "manifest", "blob" */
	const int64_t *progress; /* bytes delivered, or NULL */

	char *url;    /* of the attempt: ours, or where a redirect led */
	bool away;    /* the redirect led to another host: no credentials */
	char *bearer; /* a copy of the token in use */
	bool basic, token_refused;
	int redirects, tries;
	int64_t tried_at; /* *progress at the last failure */
};

/* --- life --------------------------------------------------------------------------------------
 */

struct registry *registry_new(const struct registry_options *o, struct err *e)
{
	struct http *http = http_new("kubeplay/" KP_VERSION, e);
	struct registry *g;

	if (!http)
		return NULL;
	g = xcalloc(1, sizeof(*g));
	g->http = http;
	g->o = *o;
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

void registry_free(struct registry *g)
{
	if (!g)
		return;
	http_free(g->http);
	for (struct host *h = g->hosts, *next; h; h = next) {
		next = h->next;
		free(h->domain);
		free(h->address);
		free(h);
	}
	for (struct token *t = g->tokens, *next; t; t = next) {
		next = t->next;
		free(t->domain);
		free(t->scope);
		free(t->text);
		free(t);
	}
	pthread_mutex_destroy(&g->lock);
	free(g);
}

void registry_cancel(struct registry *g)
{
	if (g)
		http_cancel(g->http);
}

static struct host *find_host(struct registry *g, const char *domain)
{
	struct host *h;

	pthread_mutex_lock(&g->lock);
	for (h = g->hosts; h && !streq(h->domain, domain); h = h->next)
		;
	if (!h) {
		h = xcalloc(1, sizeof(*h));
		h->domain = xstrdup(domain);
		h->address = xstrdup(streq(domain, "docker.io") ? "registry-1.docker.io" : domain);
		h->plain = h->loopback = reference_loopback(domain);
		h->next = g->hosts;
		g->hosts = h;
	}
	pthread_mutex_unlock(&g->lock);
	return h;
}

static bool host_plain(struct registry *g, const struct host *h)
{
	bool plain;

	pthread_mutex_lock(&g->lock);
	plain = h->plain;
	pthread_mutex_unlock(&g->lock);
	return plain;
}

/*
 * Go over to the other scheme, unless it is settled; true if a request made with `was` is to be
 * made again. `settle`: this was the last change.
 */
static bool switch_scheme(struct registry *g, struct host *h, bool was, bool settle)
{
	bool again;

	pthread_mutex_lock(&g->lock);
	if (!h->settled && h->plain == was) {
		h->plain = !was;
		h->settled = settle;
	}
	again = h->plain != was;
	pthread_mutex_unlock(&g->lock);
	return again;
}

static void settle_scheme(struct registry *g, struct host *h)
{
	pthread_mutex_lock(&g->lock);
	h->settled = true;
	pthread_mutex_unlock(&g->lock);
}

/* --- tokens ------------------------------------------------------------------------------------
 */

static struct token *token_at(const struct registry *g, const char *domain, const char *scope)
{
	struct token *t = g->tokens;

	while (t && !(streq(t->domain, domain) && streq(t->scope, scope)))
		t = t->next;
	return t;
}

/* A copy of the token for the repository of c, or NULL. */
static char *known_token(const struct call *c)
{
	const struct token *t;
	char *text;

	pthread_mutex_lock(&c->g->lock);
	t = token_at(c->g, c->ref->domain, c->ref->path);
	text = t && t->text ? xstrdup(t->text) : NULL;
	pthread_mutex_unlock(&c->g->lock);
	return text;
}

static void keep_token(const struct call *c, const char *text)
{
	struct token *t;

	pthread_mutex_lock(&c->g->lock);
	t = token_at(c->g, c->ref->domain, c->ref->path);
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->domain = xstrdup(c->ref->domain);
		t->scope = xstrdup(c->ref->path);
		t->next = c->g->tokens;
		c->g->tokens = t;
	}
	free(t->text);
	t->text = xstrdup(text);
	pthread_mutex_unlock(&c->g->lock);
}

static void add_query(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addf(out, "%s=", name);
	http_escape(out, value);
	strbuf_addc(out, '&');
}

static char *token_query(const struct call *c, const struct challenge *ch)
{
	autofree char *scope = NULL;
	struct strbuf out = {0};

	if (ch->scope && strlen(ch->scope) <= SCOPE_MAX)
		scope = xstrdup(ch->scope);
	else
		scope = xasprintf("repository:%s:pull", c->ref->path);
	if (ch->service)
		add_query(&out, "service", ch->service);
	add_query(&out, "scope", scope);
	if (c->auth && c->auth->token) {
		add_query(&out, "grant_type", "refresh_token");
		add_query(&out, "client_id", "kubeplay");
		add_query(&out, "refresh_token", c->auth->token);
	}
	out.s[--out.len] = '\0'; /* the last & */
	return strbuf_take(&out);
}

static int read_token(const struct call *c, const struct strbuf *body, struct err *e)
{
	json_t *root = json_loadb(body->s ? body->s : "", body->len, 0, NULL);
	const char *text = json_string_value(json_object_get(root, "token"));
	int r = -1;

	if (!text || !*text)
		text = json_string_value(json_object_get(root, "access_token"));
	if (!text || !*text || strpbrk(text, "\r\n")) {
		(void)err_set(e, ERR_IMAGE, "%s: the token service's answer has no token",
		              c->ref->domain);
	} else {
		keep_token(c, text);
		r = 0;
	}
	json_decref(root);
	return r;
}

static int token_error(const struct call *c, const struct http_request *t, struct err *e)
{
	if (t->cancelled)
		return err_set(e, ERR_INTERRUPTED, "stopped");
	if (!t->status)
		return err_set(e, ERR_IMAGE, "%s: the token service does not answer: %s",
		               c->ref->domain, t->error);
	(void)err_set(e, ERR_IMAGE, "%s: access denied: the token service answers %ld",
	              c->ref->domain, t->status);
	if (t->status == 401 || t->status == 403)
		return c->auth ? err_hint(e, "the user name or password in %s is wrong",
		                          c->g->o.auth_places)
		               : err_hint(e, "log in: podman login %s", c->ref->domain);
	return -1;
}

/* Get a token as the challenge says and keep it. */
static int fetch_token(const struct call *c, const struct challenge *ch, struct err *e)
{
	bool post = c->auth && c->auth->token;
	autofree char *query = token_query(c, ch);
	autofree char *url =
		post ? xstrdup(ch->realm)
		     : xasprintf("%s%c%s", ch->realm, strchr(ch->realm, '?') ? '&' : '?', query);
	struct http_request t = {
		.url = url,
		.plain = true, /* judged below */
		.no_verify = c->g->o.tls_no_verify,
		.no_proxy = c->host->loopback,
		.form = post ? query : NULL,
		.user = c->auth && !post ? c->auth->user : NULL,
		.password = c->auth && !post ? c->auth->password : NULL,
		.max_body = TOKEN_MAX,
	};
	int r;

	if (!auth_realm_allowed(ch->realm, c->g->o.tls_no_verify)) {
		autofree char *shown = str_sanitize(ch->realm, MIN(strlen(ch->realm), (size_t)200));

		return err_set(e, ERR_IMAGE,
		               "%s: its token service %s is not reached by https: refused",
		               c->ref->domain, shown);
	}
	r = http_perform(c->g->http, &t) == 0 && t.status == 200 ? read_token(c, &t.body, e)
	                                                         : token_error(c, &t, e);
	http_request_done(&t);
	return r;
}

/* --- what to make of an answer -----------------------------------------------------------------
 */

enum verdict { DONE, AGAIN, FAILED };

/* The first message of the registry's error document, sanitised; NULL if there is none. Owned. */
static char *registry_message(const struct strbuf *body)
{
	json_t *root = body->len ? json_loadb(body->s, body->len, 0, NULL) : NULL;
	const json_t *first = json_array_get(json_object_get(root, "errors"), 0);
	const char *text = json_string_value(json_object_get(first, "message"));
	char *shown = text && *text ? str_sanitize(text, MIN(strlen(text), (size_t)200)) : NULL;

	json_decref(root);
	return shown;
}

static const struct {
	long status;
	const char *text;
} statuses[] = {
	{401, "access denied, or no such repository"},
	{403, "access denied"},
	{404, "not found"},
	{416, "the registry cannot resume this blob"},
	{429, "the registry's rate limit is reached; try again later"},
	{500, "the registry has an internal error"},
	{502, "the registry's gateway fails"},
	{503, "the registry is unavailable"},
	{504, "the registry's gateway timed out"},
};

static enum verdict status_error(const struct call *c, struct err *e)
{
	autofree char *said = registry_message(&c->r->body);
	const char *text = "unexpected answer";

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == c->r->status)
			text = statuses[i].text;
	(void)err_set(e, ERR_IMAGE, "%s: %s: %s (HTTP %ld%s%s)", c->ref->domain, c->what, text,
	              c->r->status, said ? ": " : "", said ? said : "");
	if (c->r->status == 401 || c->r->status == 403) {
		if (c->auth)
			(void)err_hint(e, "the credentials for %s in %s may be wrong", c->auth->key,
			               c->g->o.auth_places);
		else
			(void)err_hint(e, "if the image is private: podman login %s",
			               c->ref->domain);
	}
	return FAILED;
}

static enum verdict transport_error(const struct call *c, struct err *e)
{
	autofree char *shown = str_sanitize(c->r->error, strlen(c->r->error));

	if (c->r->cancelled)
		(void)err_set(e, ERR_INTERRUPTED, "stopped");
	else if (c->r->too_large)
		(void)err_set(e, ERR_IMAGE, "%s: %s: larger than the limit of %zu bytes",
		              c->ref->domain, c->what, c->r->max_body);
	else
		(void)err_set(e, ERR_IMAGE, "%s: %s: %s", c->ref->domain, c->what, shown);
	return FAILED;
}

/* Something that may pass: wait and try again, but not for ever. */
static enum verdict later(struct call *c)
{
	int64_t wait;

	if (c->progress && *c->progress - c->tried_at >= PROGRESS_FORWARD)
		c->tries = 0;
	if (c->progress)
		c->tried_at = *c->progress;
	if (++c->tries >= TRIES)
		return FAILED;
	wait = (int64_t)BACKOFF_MS << (c->tries - 1);
	if (c->r->retry_after >= 0)
		wait = MIN(c->r->retry_after, (int64_t)RETRY_AFTER_MAX_S) * 1000;
	log_debug("registry %s: HTTP %ld %s: try %d in %lld ms", c->ref->domain, c->r->status,
	          c->r->error, c->tries + 1, (long long)wait);
	return http_sleep(c->g->http, wait) < 0 ? FAILED : AGAIN;
}

/*
 * https where we took it for http on loopback (and back, if that is none either), or http where
 * https fails and the user allows it. True: try again at once.
 */
static bool other_scheme(struct call *c)
{
	const struct http_request *r = c->r;
	bool wants_tls = r->status == 400 && r->body.len && strstr(r->body.s, "HTTPS");

	if (c->away || c->redirects)
		return false;
	if (r->plain && c->host->loopback && ((!r->status && r->not_http) || wants_tls))
		return switch_scheme(c->g, c->host, true, false);
	if (!r->plain && r->tls_failed && c->host->loopback && !c->g->o.tls_no_verify)
		/* What it says to plain http is the better message, unless it is a certificate. */
		(void)(r->bad_certificate || switch_scheme(c->g, c->host, false, true));
	else if (!r->plain && r->tls_failed && c->g->o.tls_no_verify)
		return switch_scheme(c->g, c->host, false, true);
	if (r->status)
		settle_scheme(c->g, c->host);
	return false;
}

static enum verdict follow(struct call *c, struct err *e)
{
	bool plain = host_plain(c->g, c->host);
	autofree char *base = xasprintf("%s://%s", plain ? "http" : "https", c->host->address);
	autofree char *from = http_host(base);
	autofree char *to = c->r->location ? http_host(c->r->location) : NULL;

	if (!to || ++c->redirects > REDIRECTS) {
		(void)err_set(e, ERR_IMAGE, "%s: %s: %s", c->ref->domain, c->what,
		              to ? "redirected too often" : "redirected to nowhere");
		return FAILED;
	}
	if (!starts_with(c->r->location, "https://") &&
	    !(plain && auth_realm_allowed(c->r->location, c->g->o.tls_no_verify))) {
		(void)err_set(e, ERR_IMAGE, "%s: %s: redirected to a place that is not https",
		              c->ref->domain, c->what);
		return FAILED;
	}
	/* Another host, port or a way back to plain text: what we know stays here. */
	c->away = !from || !streq(from, to) || (!plain && starts_with(c->r->location, "http:"));
	free(c->url);
	c->url = xstrdup(c->r->location);
	return AGAIN;
}

static enum verdict log_in(struct call *c, struct err *e)
{
	struct challenge ch = {0};
	enum verdict v = FAILED;

	challenge_parse(c->r->challenge, &ch);
	if (ch.scheme == CHALLENGE_BASIC && c->auth && !c->auth->token && !c->basic) {
		c->basic = true;
		v = AGAIN;
	} else if (ch.scheme == CHALLENGE_BEARER && !c->token_refused) {
		/* A token that we had may just have expired; one that is new is really refused. */
		c->token_refused = true;
		if (fetch_token(c, &ch, e) < 0) {
			challenge_done(&ch);
			return FAILED;
		}
		free(c->bearer);
		c->bearer = known_token(c);
		v = AGAIN;
	}
	challenge_done(&ch);
	return v == AGAIN ? AGAIN : status_error(c, e);
}

static bool passing(long status)
{
	return status == 429 || status == 408 || status >= 500;
}

static bool redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Give up, with the reason, or go on. */
static enum verdict judge(struct call *c, struct err *e)
{
	const struct http_request *r = c->r;
	bool answered = r->curl_code == 0;

	if (r->cancelled || r->too_large)
		return transport_error(c, e);
	if (r->stopped)
		return DONE; /* the sink knows why */
	if (other_scheme(c))
		return AGAIN;
	if (!answered)
		return later(c) == AGAIN ? AGAIN : transport_error(c, e);
	if (r->status == 200 || r->status == 206)
		return DONE;
	if (r->status == 401 && !c->away)
		return log_in(c, e);
	if (redirect(r->status))
		return follow(c, e);
	if (passing(r->status))
		return later(c) == AGAIN ? AGAIN : status_error(c, e);
	return status_error(c, e);
}

/* --- one call ----------------------------------------------------------------------------------
 */

static void prepare(struct call *c)
{
	struct http_request *r = c->r;
	bool plain = host_plain(c->g, c->host);

	http_request_done(r);
	if (!c->redirects) {
		free(c->url);
		c->url =
			xasprintf("%s://%s%s", plain ? "http" : "https", c->host->address, c->path);
	}
	r->url = c->url;
	r->plain = plain;
	r->no_verify = c->g->o.tls_no_verify;
	r->no_proxy = reference_loopback(c->ref->domain);
	r->bearer = c->away ? NULL : c->bearer;
	r->user = c->basic && !c->away ? c->auth->user : NULL;
	r->password = r->user ? c->auth->password : NULL;
	r->from = c->progress ? *c->progress : 0;
}

/* Run r until it is answered, refused or given up. path is taken. */
static int call(struct registry *g, const struct reference *ref, char *path, const char *what,
                struct http_request *r, const int64_t *progress, struct err *e)
{
	struct call c = {
		.g = g,
		.ref = ref,
		.host = find_host(g, ref->domain),
		.auth = auths_find(g->o.auths, ref->domain, ref->path),
		.r = r,
		.path = path,
		.what = what,
		.progress = progress,
	};
	enum verdict v;

	c.bearer = known_token(&c);
	do {
		int redirects = c.redirects;

		prepare(&c);
		(void)http_perform(g->http, r);
		v = judge(&c, e);
		if (v == AGAIN && c.redirects == redirects) {
			c.redirects = 0; /* from the start: the place may be good once only */
			c.away = false;
		}
	} while (v == AGAIN);
	free(c.url);
	free(c.path);
	free(c.bearer);
	r->url = r->bearer = r->user = r->password = NULL;
	return v == DONE ? 0 : -1;
}

static char *manifest_path(const struct reference *ref, const char *what)
{
	if (!what)
		what = ref->digest ? ref->digest : ref->tag;
	return xasprintf("/v2/%s/manifests/%s", ref->path, what);
}

int registry_resolve(struct registry *g, const struct reference *ref, char ret[DIGEST_SIZE],
                     struct err *e)
{
	struct http_request r = {.head = true, .accept = manifest_types, .max_body = MANIFEST_MAX};
	int result = call(g, ref, manifest_path(ref, NULL), "manifest", &r, NULL, e);

	ret[0] = '\0';
	if (result == 0 && store_valid_digest(r.digest))
		memcpy(ret, r.digest, DIGEST_SIZE);
	http_request_done(&r);
	return result;
}

static void move_body(struct http_request *r, struct strbuf *ret)
{
	strbuf_done(ret);
	*ret = r->body;
	r->body = (struct strbuf){0};
	strbuf_add(ret, "", 0); /* never NULL */
}

int registry_manifest(struct registry *g, const struct reference *ref, const char *what,
                      struct strbuf *ret, char ret_digest[DIGEST_SIZE], struct err *e)
{
	struct http_request r = {.accept = manifest_types, .max_body = MANIFEST_MAX};
	const char *want = what ? what : ref->digest;
	int result = call(g, ref, manifest_path(ref, what), "manifest", &r, NULL, e);

	if (result == 0) {
		digest_of(r.body.s ? r.body.s : "", r.body.len, ret_digest);
		if (store_valid_digest(want) && !streq(want, ret_digest))
			result = err_set(e, ERR_IMAGE,
			                 "%s: manifest %s has wrong content (its digest is %s)",
			                 ref->domain, want, ret_digest);
		else if (!want && store_valid_digest(r.digest) && !streq(r.digest, ret_digest))
			result = err_set(
				e, ERR_IMAGE,
				"%s: manifest has wrong content (digest %s, announced as %s)",
				ref->domain, ret_digest, r.digest);
		else
			move_body(&r, ret);
	}
	http_request_done(&r);
	return result;
}

int registry_blob(struct registry *g, const struct reference *ref, const char *digest, int64_t size,
                  struct strbuf *ret, struct err *e)
{
	struct http_request r = {.max_body = (size_t)size};
	char got[DIGEST_SIZE];
	int result =
		call(g, ref, xasprintf("/v2/%s/blobs/%s", ref->path, digest), "blob", &r, NULL, e);

	if (result == 0) {
		digest_of(r.body.s ? r.body.s : "", r.body.len, got);
		if (!streq(got, digest))
			result = err_set(e, ERR_IMAGE,
			                 "%s: blob %s has wrong content (its digest is %s)",
			                 ref->domain, digest, got);
		else
			move_body(&r, ret);
	}
	http_request_done(&r);
	return result;
}

/* --- large blobs -------------------------------------------------------------------------------
 */

/* Called by the net thread. */
static int take_bytes(void *arg, const void *data, size_t len)
{
	struct registry_download *d = arg;
	size_t skip;
	int r;

	/* A registry that knows no ranges begins anew: what we have is not wanted again. */
	if (d->request.from) {
		d->skip = d->request.status == 200 ? d->done : 0;
		d->request.from = 0;
	}
	skip = (size_t)MIN((int64_t)len, d->skip);
	if (len - skip > (uint64_t)(d->size - d->done)) {
		d->too_long = true;
		return -1;
	}
	if (len > skip) {
		r = stream_offer(&d->stream, (const char *)data + skip, len - skip);
		if (r)
			return r;
	}
	d->skip -= (int64_t)skip;
	d->done += (int64_t)(len - skip);
	if (d->progress && (d->done - d->told >= PROGRESS_STEP || d->done == d->size)) {
		d->told = d->done;
		d->progress(d->done, d->arg);
	}
	return 0;
}

static void room_again(void *arg)
{
	struct registry_download *d = arg;

	http_resume(d->registry->http, &d->request);
}

static int download(struct registry_download *d, struct err *e)
{
	d->request = (struct http_request){.sink = take_bytes, .arg = d, .max_body = 65536};
	d->skip = 0;
	if (call(d->registry, d->ref, xasprintf("/v2/%s/blobs/%s", d->ref->path, d->digest), "blob",
	         &d->request, &d->done, e) < 0)
		return -1;
	if (d->too_long)
		return err_set(e, ERR_IMAGE, "%s: the blob has more than the %lld bytes announced",
		               d->ref->domain, (long long)d->size);
	return 0;
}

static void *download_thread(void *arg)
{
	struct registry_download *d = arg;
	struct err e = {0};
	int r = download(d, &e);

	http_request_done(&d->request);
	stream_end(&d->stream, r < 0 ? &e : NULL);
	return NULL;
}

int registry_download_start(struct registry_download *d, struct err *e)
{
	int num;

	stream_init(&d->stream, RING);
	d->stream.on_space = room_again;
	d->stream.arg = d;
	num = pthread_create(&d->thread, NULL, download_thread, d);
	if (num) {
		stream_done(&d->stream);
		return err_sys(e, num, "start a thread");
	}
	d->started = true;
	return 0;
}

void registry_download_end(struct registry_download *d)
{
	if (!d->started)
		return;
	stream_abort(&d->stream);
	(void)pthread_join(d->thread, NULL);
	stream_done(&d->stream);
	d->started = false;
}
