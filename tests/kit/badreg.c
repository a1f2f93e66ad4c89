/* SPDX-License-Identifier: Apache-2.0
 *
 * badreg -u PORT [-p PORT] [-l LOG] [-s SECONDS] [-m MODE]: a registry on loopback that misbehaves,
 * in front of a good one on PORT.
 *
 * How it misbehaves is the first part of the repository's name: 127.0.0.1:N/429/busybox:1.35 is the
 * good registry's busybox:1.35 behind a wall of "429 Too Many Requests". Prints its own port when
 * it listens. LOG gets a line for each request: METHOD PATH STATUS SCHEME (Basic, Bearer or -). It
 * answers one request per connection.
 *
 *   pass                      nothing: the good registry's answers
 *   401 403 404 429 500 503   always that (429 and 503 with Retry-After: 1; 401 offers nothing to
 * log in with) 429once 503once           that for the first request of each path, then pass reset
 * closes the connection without an answer token                     needs a bearer token for this
 * repository, from /token (anonymous) tokenbasic                the same, and /token wants
 * kp:secret tokendenied               the same, and /token answers 401 basic needs the password
 * kp:secret redirect                  blobs are elsewhere (another host name, and no Authorization
 * may come along), and there loop                      a redirect to itself slow blobs come at 64
 * bytes each 200 ms stall                     blobs stop in their middle for -s seconds (default
 * 3600) truncate                  blobs end in their middle truncateonce              the first
 * answer for each blob does; later ones, also for a Range, are whole wrongdigest               one
 * byte of each blob is another wrongmanifest             one byte (a space at the end) more in each
 * manifest toolong                   blobs go on after their length, which is not told notjson
 * manifests are text html                      manifests are a login page with status 200 endless
 * manifests never end
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int upstream, port;
static unsigned stall_for = 3600;
static const char *mode_of_all;
static FILE *journal;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *seen[4096];
static size_t nseen;

struct req {
	int fd;
	char method[16], path[2048], accept[4096], range[128], auth[8192];
	char mode[64], repo[1024];
	char up[2048]; /* path at the good registry */
	bool blob, manifest;
};

static bool send_all(int fd, const void *p, size_t n)
{
	for (const char *c = p; n;) {
		ssize_t w = send(fd, c, n, MSG_NOSIGNAL);
		if (w <= 0)
			return false;
		c += w;
		n -= (size_t)w;
	}
	return true;
}

static void note(const struct req *r, int status)
{
	if (!journal)
		return;
	pthread_mutex_lock(&lock);
	fprintf(journal, "%s %s %d %.*s\n", r->method, r->path, status,
	        r->auth[0] ? (int)strcspn(r->auth, " ") : 1, r->auth[0] ? r->auth : "-");
	fflush(journal);
	pthread_mutex_unlock(&lock);
}

/* Has this path been asked for before? Notes it. */
static bool again(const char *path)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nseen && !found; i++)
		found = !strcmp(seen[i], path);
	if (!found && nseen < sizeof seen / sizeof seen[0])
		seen[nseen++] = strdup(path);
	pthread_mutex_unlock(&lock);
	return found;
}

/* An answer of our own: status line, the headers given (each with its \r\n), body. */
static void reply(const struct req *r, int status, const char *headers, const char *body)
{
	char head[8192];
	int n = snprintf(head, sizeof head,
	                 "HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n",
	                 status, strlen(body), headers);

	note(r, status);
	if (send_all(r->fd, head, (size_t)n) && strcmp(r->method, "HEAD"))
		send_all(r->fd, body, strlen(body));
}

static void error_reply(const struct req *r, int status, const char *headers, const char *code)
{
	char body[256], all[4096];

	snprintf(body, sizeof body,
	         "{\"errors\":[{\"code\":\"%s\",\"message\":\"badreg says %d\"}]}\n", code, status);
	snprintf(all, sizeof all, "Content-Type: application/json\r\n%s", headers);
	reply(r, status, all, body);
}

static int dial(int to)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)to)};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s >= 0 && connect(s, (void *)&a, sizeof a)) {
		close(s);
		return -1;
	}
	return s;
}

/* Read up to the empty line; returns the bytes read, and in *head how many of them are the head. */
static size_t read_head(int fd, char *buf, size_t size, size_t *head)
{
	size_t n = 0;

	while (n < size - 1) {
		ssize_t got = recv(fd, buf + n, size - 1 - n, 0);
		if (got <= 0)
			return 0;
		n += (size_t)got;
		buf[n] = '\0';
		if (buf[0] < 'A')
			return 0; /* TLS, not HTTP: hang up at once, as others do */
		char *end = strstr(buf, "\r\n\r\n");
		if (end) {
			*head = (size_t)(end - buf) + 4;
			return n;
		}
	}
	return 0;
}

/* Value of a header in a head that ends with an empty line; repeated ones are joined by ", ". */
static void header(const char *head, const char *name, char *out, size_t size)
{
	size_t len = strlen(name), used = 0;

	out[0] = '\0';
	for (const char *p = strstr(head, "\r\n"); p && p[2] != '\r' && p[2];
	     p = strstr(p + 2, "\r\n")) {
		const char *h = p + 2;
		if (strncasecmp(h, name, len) || h[len] != ':')
			continue;
		h += len + 1;
		h += strspn(h, " ");
		int w = snprintf(out + used, size - used, "%s%.*s", used ? ", " : "",
		                 (int)strcspn(h, "\r"), h);
		if (w < 0 || (size_t)w >= size - used)
			return;
		used += (size_t)w;
	}
}

static void nap(unsigned milliseconds)
{
	nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000,
	                             .tv_nsec = milliseconds % 1000 * 1000000L},
	          NULL);
}

/* The good registry's answer to r, spoiled as the mode says. */
static void proxy(const struct req *r)
{
	static const char *const spoils[] = {"slow",         "stall",       "truncate",
	                                     "truncateonce", "wrongdigest", "toolong"};
	char out[16384], buf[65536], value[64];
	size_t head, n;
	bool spoil = false;
	int s = dial(upstream);

	if (s < 0) {
		error_reply(r, 502, "", "UPSTREAM");
		return;
	}
	for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++)
		spoil = spoil || (r->blob && !strcmp(r->mode, spoils[i]));
	if (!strcmp(r->mode, "truncateonce") && again(r->path))
		spoil = false;
	int w = snprintf(out, sizeof out,
	                 "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n", r->method,
	                 r->up, upstream);
	if (r->accept[0])
		w += snprintf(out + w, sizeof out - (size_t)w, "Accept: %s\r\n", r->accept);
	if (r->range[0] && !spoil)
		w += snprintf(out + w, sizeof out - (size_t)w, "Range: %s\r\n", r->range);
	w += snprintf(out + w, sizeof out - (size_t)w, "\r\n");
	if (!send_all(s, out, (size_t)w) || !(n = read_head(s, buf, sizeof buf, &head))) {
		error_reply(r, 502, "", "UPSTREAM");
		goto done;
	}
	note(r, atoi(buf + 9));
	header(buf, "Content-Length", value, sizeof value);
	long long total = value[0] ? atoll(value) : -1, at = 0, middle = total / 2;
	bool good = atoi(buf + 9) / 100 == 2 && total >= 0 && strcmp(r->method, "HEAD");
	bool longer = good && ((r->manifest && !strcmp(r->mode, "wrongmanifest")) ||
	                       (spoil && !strcmp(r->mode, "toolong")));
	if (longer) {
		/* Without a length: the end of the connection is the end of the body. */
		char *line = strcasestr(buf, "\r\nContent-Length:"),
		     *end = line ? strstr(line + 2, "\r\n") : NULL;
		if (end) {
			memmove(line, end, n - (size_t)(end - buf) + 1);
			n -= (size_t)(end - line);
			head -= (size_t)(end - line);
		}
	}
	if (!send_all(r->fd, buf, head))
		goto done;
	n -= head;
	memmove(buf, buf + head, n);
	for (;;) {
		if (!n) {
			ssize_t got = recv(s, buf, sizeof buf, 0);
			if (got <= 0)
				break;
			n = (size_t)got;
		}
		if (spoil && good) {
			bool crosses = at <= middle && middle < at + (long long)n;
			if (!strcmp(r->mode, "wrongdigest") && crosses)
				buf[middle - at] ^= 1;
			if ((!strncmp(r->mode, "truncate", 8) || !strcmp(r->mode, "stall")) &&
			    crosses) {
				send_all(r->fd, buf, (size_t)(middle - at));
				if (!strcmp(r->mode, "stall"))
					nap(stall_for * 1000);
				goto done;
			}
			if (!strcmp(r->mode, "slow")) {
				for (size_t i = 0; i < n; i += 64) {
					if (!send_all(r->fd, buf + i, n - i < 64 ? n - i : 64))
						goto done;
					nap(200);
				}
				at += (long long)n;
				n = 0;
				continue;
			}
		}
		if (!send_all(r->fd, buf, n))
			goto done;
		at += (long long)n;
		n = 0;
	}
	if (longer)
		send_all(r->fd, " ", 1);
done:
	close(s);
}

/* The token for a scope is the scope itself in hexadecimal: easily checked, nobody else's business.
 */
static void token_for(const char *scope, char *out, size_t size)
{
	size_t n = 0;

	for (; *scope && n + 3 < size; scope++, n += 2)
		snprintf(out + n, size - n, "%02x", (unsigned char)*scope);
	out[n] = '\0';
}

static bool has_password(const struct req *r)
{
	return !strcmp(r->auth, "Basic a3A6c2VjcmV0");
}

static void challenge(const struct req *r)
{
	char h[4096];

	snprintf(
		h, sizeof h,
		"WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"badreg\",scope=\"repository:%s:pull\"\r\n",
		port, r->repo);
	error_reply(r, 401, h, "UNAUTHORIZED");
}

/* /token?service=badreg&scope=repository:NAME:pull; NAME may come percent-encoded. */
static void give_token(const struct req *r)
{
	char scope[1024] = "", token[2100], body[8192];
	const char *p = strstr(r->path, "scope=");
	size_t n = 0;

	for (p = p ? p + 6 : ""; *p && *p != '&' && n + 1 < sizeof scope; p++) {
		if (*p == '%' && p[1] && p[2]) {
			char hex[3] = {p[1], p[2], '\0'};
			scope[n++] = (char)strtol(hex, NULL, 16);
			p += 2;
		} else {
			scope[n++] = *p;
		}
	}
	scope[n] = '\0';
	bool denied = !strncmp(scope, "repository:tokendenied/", 23) ||
	              (mode_of_all && !strcmp(mode_of_all, "tokendenied"));
	bool basic = !strncmp(scope, "repository:tokenbasic/", 22) ||
	             (mode_of_all && !strcmp(mode_of_all, "tokenbasic"));
	if (denied || (basic && !has_password(r))) {
		error_reply(r, 401, "", "UNAUTHORIZED");
		return;
	}
	token_for(scope, token, sizeof token);
	snprintf(body, sizeof body,
	         "{\"token\":\"%s\",\"access_token\":\"%s\",\"expires_in\":300}\n", token, token);
	reply(r, 200, "Content-Type: application/json\r\n", body);
}

static void misbehave(struct req *r)
{
	const char *m = r->mode;
	char h[4096];
	int status = atoi(m);

	if (!strncmp(m, "token", 5)) {
		char scope[2048], token[4096];
		snprintf(scope, sizeof scope, "repository:%s:pull", r->repo);
		token_for(scope, token, sizeof token);
		if (strncmp(r->auth, "Bearer ", 7) || (r->repo[0] && strcmp(r->auth + 7, token))) {
			challenge(r);
			return;
		}
	} else if (!strcmp(m, "basic")) {
		if (!has_password(r)) {
			error_reply(r, 401, "WWW-Authenticate: Basic realm=\"badreg\"\r\n",
			            "UNAUTHORIZED");
			return;
		}
	} else if (status >= 400 && (!strstr(m, "once") || !again(r->path))) {
		error_reply(r, status, status == 429 || status == 503 ? "Retry-After: 1\r\n" : "",
		            status == 404       ? "MANIFEST_UNKNOWN"
		            : status == 429     ? "TOOMANYREQUESTS"
		            : status / 100 == 4 ? "DENIED"
		                                : "UNKNOWN");
		return;
	} else if (!strcmp(m, "reset")) {
		struct linger l = {.l_onoff = 1};
		note(r, 0);
		setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
		return;
	} else if (r->blob && !strcmp(m, "redirect")) {
		snprintf(h, sizeof h, "Location: http://localhost:%d/elsewhere%s\r\n", port, r->up);
		reply(r, 307, h, "");
		return;
	} else if (r->blob && !strcmp(m, "loop")) {
		snprintf(h, sizeof h, "Location: %s\r\n", r->path);
		reply(r, 307, h, "");
		return;
	} else if (r->manifest && !strcmp(m, "notjson")) {
		reply(r, 200, "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n",
		      "{\"schemaVersion\": 2, oops");
		return;
	} else if (r->manifest && !strcmp(m, "html")) {
		reply(r, 200, "Content-Type: text/html\r\n",
		      "<!DOCTYPE html><title>Log in to the hotel's network</title>\n");
		return;
	} else if (r->manifest && !strcmp(m, "endless")) {
		static const char start[] =
			"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"
			"Connection: close\r\n\r\n{\"schemaVersion\":2,\"annotations\":{\"a\":\"";
		char fill[65536];
		note(r, 200);
		memset(fill, 'a', sizeof fill);
		if (send_all(r->fd, start, sizeof start - 1))
			while (send_all(r->fd, fill, sizeof fill))
				;
		return;
	}
	proxy(r);
}

static void *serve(void *arg)
{
	struct req r = {.fd = (int)(long)arg};
	char buf[65536];
	size_t head;

	if (!read_head(r.fd, buf, sizeof buf, &head) ||
	    sscanf(buf, "%15s %2047s", r.method, r.path) != 2)
		goto done;
	header(buf, "Accept", r.accept, sizeof r.accept);
	header(buf, "Range", r.range, sizeof r.range);
	header(buf, "Authorization", r.auth, sizeof r.auth);
	r.blob = strstr(r.path, "/blobs/") != NULL;
	r.manifest = strstr(r.path, "/manifests/") != NULL;
	snprintf(r.up, sizeof r.up, "%s", r.path);
	if (!strncmp(r.path, "/token", 6)) {
		give_token(&r);
	} else if (!strncmp(r.path, "/elsewhere/", 11)) {
		snprintf(r.up, sizeof r.up, "%.2000s", r.path + 10);
		if (r.auth[0])
			error_reply(&r, 400, "", "AUTHORIZATION_CAME_ALONG");
		else
			proxy(&r);
	} else if (mode_of_all && !strncmp(r.path, "/v2/", 4)) {
		const char *end = strstr(r.path, r.blob       ? "/blobs/"
		                                 : r.manifest ? "/manifests/"
		                                              : "/tags/");
		snprintf(r.mode, sizeof r.mode, "%s", mode_of_all);
		if (end)
			snprintf(r.repo, sizeof r.repo, "%.*s", (int)(end - r.path - 4),
			         r.path + 4);
		misbehave(&r);
	} else if (!strncmp(r.path, "/v2/", 4) && r.path[4]) {
		const char *rest = strchr(r.path + 4, '/');
		const char *end = strstr(r.path, r.blob       ? "/blobs/"
		                                 : r.manifest ? "/manifests/"
		                                              : "/tags/");
		if (!rest || !end || rest >= end || (size_t)(rest - r.path - 4) >= sizeof r.mode) {
			error_reply(&r, 404, "", "NAME_UNKNOWN");
			goto done;
		}
		memcpy(r.mode, r.path + 4, (size_t)(rest - r.path - 4));
		snprintf(r.repo, sizeof r.repo, "%.*s", (int)(end - r.path - 4), r.path + 4);
		snprintf(r.up, sizeof r.up, "/v2%s", rest);
		misbehave(&r);
	} else {
		reply(&r, 200,
		      "Docker-Distribution-Api-Version: registry/2.0\r\nContent-Type: application/json\r\n",
		      "{}");
	}
done:
	if (strcmp(r.mode, "reset"))
		shutdown(r.fd, SHUT_WR);
	close(r.fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof a;
	pthread_attr_t attr;
	int c, one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	while ((c = getopt(argc, argv, "u:p:l:s:m:")) != -1) {
		switch (c) {
		case 'u':
			upstream = atoi(optarg);
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 's':
			stall_for = (unsigned)atoi(optarg);
			break;
		case 'm':
			mode_of_all = optarg;
			break;
		case 'l':
			journal = fopen(optarg, "ae");
			break;
		default:
			return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((unsigned short)port);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (s < 0 || bind(s, (void *)&a, sizeof a) || listen(s, 128) ||
	    getsockname(s, (void *)&a, &len)) {
		fprintf(stderr, "badreg: %s\n", strerror(errno));
		return 1;
	}
	port = ntohs(a.sin_port);
	printf("%d\n", port);
	fflush(stdout);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 1 << 20);
	for (;;) {
		pthread_t t;
		int fd = accept4(s, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && pthread_create(&t, &attr, serve, (void *)(long)fd))
			close(fd);
	}
}
