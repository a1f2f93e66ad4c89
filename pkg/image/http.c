/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - see http.h
 *
 * Theory of operation: curl handles belong to the net thread alone. Callers put a transfer into
 * `pending`, wake the thread and wait for `done`. Everything shared is under one lock, which is
 * never held while curl works; a sink is called by the net thread without it.
 */
#include "pkg/image/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <strings.h>

#include "pkg/util/clock.h"

enum {
	CONNECT_TIMEOUT_S = 10,
	STALL_S = 30, /* slower than STALL_BYTES for so long: broken */
	STALL_BYTES = 1000,
	SMALL_TIMEOUT_S = 120, /* for what is kept in memory */
	HEADER_MAX = 8192,
	RECEIVE_BUFFER = 256 << 10,
	HOST_CONNECTIONS = 6,
};

struct http_transfer {
	struct http *http;
	struct http_request *r;
	CURL *easy;
	struct curl_slist *headers;
	bool done, resume;
	char error[CURL_ERROR_SIZE];
	struct http_transfer *next; /* in pending or active */
};

struct http {
	CURLM *multi;
	char *user_agent;
	long stall_s;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change; /* a transfer is done, or all are cancelled */
	struct http_transfer *pending, *active;
	bool quit, cancelled;
};

/* --- callbacks from curl -----------------------------------------------------------------------
 */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	struct http_request *r = t->r;
	long status = 0;
	int told;

	n *= size;
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!r->sink || (status != 200 && status != 206)) {
		/* Of an error's text the beginning is enough. */
		if (r->body.len + n > r->max_body && (status == 200 || status == 206)) {
			r->too_large = true;
			return 0;
		}
		strbuf_add(&r->body, data, MIN(n, r->max_body - MIN(r->body.len, r->max_body)));
		return n;
	}
	r->status = status;
	told = r->sink(r->arg, data, n);
	if (told < 0)
		r->stopped = true;
	return told == 0 ? n : told > 0 ? CURL_WRITEFUNC_PAUSE : 0;
}

/* Value of the header line if it has this name; owned, NULL if it has not. */
static char *header_value(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	line += n + 1;
	len -= n + 1;
	while (len && strchr(" \t", *line)) {
		line++;
		len--;
	}
	while (len && strchr(" \t\r\n", line[len - 1]))
		len--;
	return xstrndup(line, len);
}

static void take_header(char **to, char *value)
{
	if (!value)
		return;
	free(*to);
	*to = value;
}

static void clear_headers(struct http_request *r)
{
	char **const all[] = {&r->content_type, &r->digest, &r->challenge};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		free(*all[i]);
		*all[i] = NULL;
	}
	r->retry_after = -1;
}

static void add_challenge(struct http_request *r, char *value)
{
	char *both;

	if (!value || !r->challenge || strlen(r->challenge) + strlen(value) > HEADER_MAX) {
		take_header(&r->challenge, value);
		return;
	}
	both = xasprintf("%s, %s", r->challenge, value);
	free(value);
	free(r->challenge);
	r->challenge = both;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_request *r = ((struct http_transfer *)arg)->r;
	size_t len = n * size;
	autofree char *after = NULL;

	if (len > HEADER_MAX)
		return len;
	if (len > 5 && !strncasecmp(line, "HTTP/", 5))
		clear_headers(r); /* a new answer: the one before was an interim one */
	take_header(&r->content_type, header_value(line, len, "Content-Type"));
	take_header(&r->digest, header_value(line, len, "Docker-Content-Digest"));
	add_challenge(r, header_value(line, len, "WWW-Authenticate"));
	after = header_value(line, len, "Retry-After");
	if (after && str_parse_int(after, 0, 86400, &r->retry_after) < 0)
		r->retry_after = -1;
	return len;
}

/* --- the net thread ----------------------------------------------------------------------------
 */

static void unlink_transfer(struct http_transfer **list, const struct http_transfer *t)
{
	while (*list && *list != t)
		list = &(*list)->next;
	if (*list)
		*list = t->next;
}

static bool transport_not_http(CURLcode code)
{
	return code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY ||
	       code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR;
}

static void describe_end(struct http_transfer *t, CURLcode code)
{
	struct http_request *r = t->r;
	curl_off_t length = -1;
	char *url = NULL;

	r->curl_code = (int)code;
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	r->length = length;
	if (curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url) == CURLE_OK && url)
		take_header(&r->location, xstrdup(url));
	r->too_large = r->too_large || code == CURLE_FILESIZE_EXCEEDED;
	r->tls_failed = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION;
	r->bad_certificate = code == CURLE_PEER_FAILED_VERIFICATION;
	r->not_http = transport_not_http(code);
	if (code != CURLE_OK)
		(void)snprintf(r->error, sizeof(r->error), "%s",
		               t->error[0] ? t->error : curl_easy_strerror(code));
}

static void finish(struct http *h, struct http_transfer *t, CURLcode code)
{
	(void)curl_multi_remove_handle(h->multi, t->easy);
	describe_end(t, code);
	pthread_mutex_lock(&h->lock);
	unlink_transfer(&h->active, t);
	t->done = true;
	t->r->transfer = NULL;
	pthread_cond_broadcast(&h->change);
	pthread_mutex_unlock(&h->lock);
}

static void fail_all(struct http *h)
{
	for (;;) {
		struct http_transfer *t;

		pthread_mutex_lock(&h->lock);
		t = h->active;
		pthread_mutex_unlock(&h->lock);
		if (!t)
			return;
		t->r->cancelled = true;
		finish(h, t, CURLE_ABORTED_BY_CALLBACK);
	}
}

static void start_pending(struct http *h)
{
	struct http_transfer *t, *next;

	pthread_mutex_lock(&h->lock);
	t = h->pending;
	h->pending = NULL;
	for (struct http_transfer *i = t; i; i = next) {
		next = i->next;
		i->next = h->active;
		h->active = i;
		if (curl_multi_add_handle(h->multi, i->easy) != CURLM_OK)
			abort(); /* out of memory */
	}
	pthread_mutex_unlock(&h->lock);
}

/* Continue what asked for it. curl calls the sink again from within. */
static void resume_paused(struct http *h)
{
	for (;;) {
		struct http_transfer *t;

		pthread_mutex_lock(&h->lock);
		for (t = h->active; t && !t->resume; t = t->next)
			;
		if (t)
			t->resume = false;
		pthread_mutex_unlock(&h->lock);
		if (!t)
			return;
		(void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
	}
}

static void finish_ended(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_transfer *t = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish(h, t, code);
	}
}

static void *net_thread(void *arg)
{
	struct http *h = arg;
	int running;

	for (;;) {
		bool quit, cancelled;

		start_pending(h);
		pthread_mutex_lock(&h->lock);
		quit = h->quit;
		cancelled = h->cancelled;
		pthread_mutex_unlock(&h->lock);
		if (quit || cancelled)
			fail_all(h);
		if (quit)
			return NULL;
		resume_paused(h);
		(void)curl_multi_perform(h->multi, &running);
		finish_ended(h);
		(void)curl_multi_poll(h->multi, NULL, 0, 1000, NULL);
	}
}

/* --- life --------------------------------------------------------------------------------------
 */

/* KUBEPLAY_HTTP_STALL_S makes tests of broken registries short. */
static long stall_limit(void)
{
	const char *text = getenv("KUBEPLAY_HTTP_STALL_S");
	int64_t n;

	return text && str_parse_int(text, 1, 3600, &n) == 0 ? (long)n : STALL_S;
}

struct http *http_new(const char *user_agent, struct err *e)
{
	struct http *h = xcalloc(1, sizeof(*h));
	int num;

	h->user_agent = xstrdup(user_agent);
	h->stall_s = stall_limit();
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->change, NULL);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(h->multi = curl_multi_init()))
		abort();
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTIONS);
	num = pthread_create(&h->thread, NULL, net_thread, h);
	if (num) {
		(void)err_sys(e, num, "start a thread");
		curl_multi_cleanup(h->multi);
		free(h->user_agent);
		free(h);
		return NULL;
	}
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->quit = true;
	pthread_mutex_unlock(&h->lock);
	(void)curl_multi_wakeup(h->multi);
	(void)pthread_join(h->thread, NULL);
	(void)curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->change);
	free(h->user_agent);
	free(h);
}

/* --- requests ----------------------------------------------------------------------------------
 */

#define SET(opt, value) (void)curl_easy_setopt(t->easy, opt, value)

static void set_limits(struct http_transfer *t, const struct http *h)
{
	const struct http_request *r = t->r;
	const char *protocols = r->plain ? "http,https" : "https";

	SET(CURLOPT_PROTOCOLS_STR, protocols);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, (long)MIN(CONNECT_TIMEOUT_S, h->stall_s));
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME, h->stall_s);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (!r->sink) {
		SET(CURLOPT_TIMEOUT, (long)SMALL_TIMEOUT_S);
		if (!r->head)
			SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_body);
	}
	if (r->no_proxy)
		SET(CURLOPT_PROXY, "");
	if (r->no_verify) {
		SET(CURLOPT_SSL_VERIFYPEER, 0L);
		SET(CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_auth(struct http_transfer *t)
{
	const struct http_request *r = t->r;

	if (r->bearer) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(CURLOPT_XOAUTH2_BEARER, r->bearer);
	} else if (r->user) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, r->user);
		SET(CURLOPT_PASSWORD, r->password);
	}
}

static void set_request(struct http_transfer *t, const struct http *h)
{
	const struct http_request *r = t->r;

	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_USERAGENT, h->user_agent);
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	if (r->head)
		SET(CURLOPT_NOBODY, 1L);
	if (r->form)
		SET(CURLOPT_POSTFIELDS, r->form);
	if (r->accept) {
		autofree char *line = xasprintf("Accept: %s", r->accept);

		t->headers = curl_slist_append(t->headers, line);
	}
	if (r->from > 0) {
		/* Not CURLOPT_RESUME_FROM: curl would take an answer with status 200 for an error.
		 */
		autofree char *line = xasprintf("Range: bytes=%lld-", (long long)r->from);

		t->headers = curl_slist_append(t->headers, line);
	}
	SET(CURLOPT_HTTPHEADER, t->headers);
}

static void wait_done(struct http *h, struct http_transfer *t)
{
	pthread_mutex_lock(&h->lock);
	t->next = h->pending;
	h->pending = t;
	t->r->transfer = t;
	pthread_mutex_unlock(&h->lock);
	(void)curl_multi_wakeup(h->multi);
	pthread_mutex_lock(&h->lock);
	while (!t->done)
		pthread_cond_wait(&h->change, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

int http_perform(struct http *h, struct http_request *r)
{
	struct http_transfer t = {.http = h, .r = r, .easy = curl_easy_init()};

	if (!t.easy)
		abort();
	r->retry_after = r->length = -1;
	set_limits(&t, h);
	set_auth(&t);
	set_request(&t, h);
	wait_done(h, &t);
	curl_easy_cleanup(t.easy);
	curl_slist_free_all(t.headers);
	return r->curl_code == CURLE_OK ? 0 : -1;
}

void http_resume(struct http *h, struct http_request *r)
{
	pthread_mutex_lock(&h->lock);
	if (r->transfer)
		r->transfer->resume = true;
	pthread_mutex_unlock(&h->lock);
	(void)curl_multi_wakeup(h->multi);
}

void http_cancel(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	h->cancelled = true;
	pthread_cond_broadcast(&h->change);
	pthread_mutex_unlock(&h->lock);
	(void)curl_multi_wakeup(h->multi);
}

bool http_cancelled(struct http *h)
{
	bool r;

	pthread_mutex_lock(&h->lock);
	r = h->cancelled;
	pthread_mutex_unlock(&h->lock);
	return r;
}

int http_sleep(struct http *h, int64_t ms)
{
	int64_t end = clock_real_ns() + ms * 1000000;
	struct timespec until = {end / 1000000000, end % 1000000000};
	int r = 0;

	pthread_mutex_lock(&h->lock);
	while (!h->cancelled && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&h->change, &h->lock, &until);
	r = h->cancelled ? -1 : 0;
	pthread_mutex_unlock(&h->lock);
	return r;
}

void http_request_done(struct http_request *r)
{
	clear_headers(r);
	strbuf_done(&r->body);
	free(r->location);
	r->location = NULL;
	r->status = 0;
	r->curl_code = 0;
	r->stopped = r->too_large = r->tls_failed = r->bad_certificate = r->not_http =
		r->cancelled = false;
	r->error[0] = '\0';
}

void http_escape(struct strbuf *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= 'a' && *p <= 'z') || strchr("-._~", *p))
			strbuf_addc(out, (char)*p);
		else
			strbuf_addf(out, "%%%02X", *p);
	}
}

char *http_host(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL, *both = NULL;

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		(void)curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
		both = xasprintf("%s:%s", host, port ? port : "");
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return both;
}
