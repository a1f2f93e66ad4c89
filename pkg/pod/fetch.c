/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c - see fetch.h
 *
 * Theory of operation: what the index already answers is answered here, without any process. Else
 * kubeplay-image is executed as root of a mapped user namespace, with descriptors instead of paths:
 * the store, a sealed request, the user's credential files, a pipe for its JSON lines. Whatever it
 * says is bounded and checked: it has spoken with strangers.
 */
#include "pkg/pod/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "pkg/image/protocol.h"
#include "pkg/pod/fetch_show.h"
#include "pkg/runtime/probe.h"
#include "pkg/runtime/userns.h"
#include "pkg/store/reference.h"
#include "pkg/store/store.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"
#include "pkg/util/proc.h"

enum { AUTH_FILES_MAX = 4, STOP_MS = 5000, TICK_MS = 100 };

static const char helper_name[] = "kubeplay-image";

/* --- starting the helper -----------------------------------------------------------------------
 */

struct helper {
	/* for the child */
	int exe_fd, store_fd, request_fd, events_fd;
	int given[AUTH_FILES_MAX + 1]; /* descriptors that the request names */
	size_t given_len;
	/* for the parent */
	int pidfd, lines_fd, signals_fd;
	sigset_t old_mask;
	bool stopped;
	struct err err;
};

static void helper_init(struct helper *h)
{
	*h = (struct helper){.exe_fd = -1,
	                     .store_fd = -1,
	                     .request_fd = -1,
	                     .events_fd = -1,
	                     .pidfd = -1,
	                     .lines_fd = -1,
	                     .signals_fd = -1};
}

static void helper_done(struct helper *h)
{
	int *const fds[] = {&h->exe_fd,   &h->store_fd, &h->request_fd, &h->events_fd,
	                    &h->lines_fd, &h->pidfd,    &h->signals_fd};

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close_fd(fds[i]);
	fd_close_many(h->given, h->given_len);
	h->given_len = 0;
}

/* In the child, as root of the namespace. A group of its own: Ctrl-C is for us to pass on. */
static int exec_helper(void *arg)
{
	const struct helper *h = arg;
	char store[32], request[32], events[32];
	char name[] = "kubeplay-image", debug[] = "--debug";
	char *argv[] = {name, store, request, events, NULL, NULL};
	const int keep[] = {h->store_fd, h->request_fd, h->events_fd};
	sigset_t none;

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	for (size_t i = 0; i < ARRAY_LEN(keep); i++)
		fd_set_cloexec(keep[i], false);
	for (size_t i = 0; i < h->given_len; i++)
		fd_set_cloexec(h->given[i], false);
	(void)snprintf(store, sizeof(store), "--store-fd=%d", h->store_fd);
	(void)snprintf(request, sizeof(request), "--request-fd=%d", h->request_fd);
	(void)snprintf(events, sizeof(events), "--events-fd=%d", h->events_fd);
	if (getenv("KUBEPLAY_IMAGE_DEBUG"))
		argv[4] = debug;
	(void)execveat(h->exe_fd, "", argv, environ, AT_EMPTY_PATH);
	return 127;
}

static int open_helper(const struct fetch_request *r, struct helper *h, struct err *e)
{
	autofree char *path = xasprintf("%s/%s", r->libexec, helper_name);

	h->exe_fd = open(path, O_PATH | O_CLOEXEC);
	if (h->exe_fd < 0) {
		(void)err_sys(e, errno, "%s", path);
		return err_hint(
			e, "kubeplay's helper programs are not where they belong: install again");
	}
	return 0;
}

static int open_store(const struct fetch_request *r, struct helper *h, struct err *e)
{
	struct storage_probe p;
	int fd = dirs_open_data(r->dirs, "store", true, e);

	if (fd < 0)
		return -1;
	h->store_fd = fd;
	autofree char *path = xasprintf("%s/store", r->dirs->root);

	if (storage_probe_run(r->idmap, fd, path, &p, e) < 0)
		return -1;
	return storage_probe_verdict(&p, r->idmap, r->dirs->root, e);
}

static int open_pipes(struct helper *h, json_t *request, struct err *e)
{
	autofree char *text = json_dumps(request, JSON_COMPACT);
	int fds[2];

	if (!text)
		return err_set(e, ERR_INPUT, "an image name is not valid UTF-8");
	if (strlen(text) > IMAGE_REQUEST_MAX)
		return err_set(e, ERR_INPUT, "too many images");
	h->request_fd = fd_memfd("request", text, strlen(text), e);
	if (h->request_fd < 0)
		return -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	h->lines_fd = fds[0];
	h->events_fd = fds[1];
	return 0;
}

/* The signals that end us; not those that somebody (nohup) wants ignored. */
static void signals_meant(sigset_t *ret)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;

	(void)sigemptyset(ret);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void)sigaddset(ret, signals[i]);
}

static int start_helper(const struct fetch_request *r, struct helper *h, struct err *e)
{
	sigset_t set;

	signals_meant(&set);
	h->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->signals_fd < 0)
		return err_sys(e, errno, "signalfd");
	(void)sigprocmask(SIG_BLOCK, &set, &h->old_mask);
	if (userns_fork(r->idmap, 0, exec_helper, h, &h->pidfd, e) < 0) {
		(void)sigprocmask(SIG_SETMASK, &h->old_mask, NULL);
		return -1;
	}
	close_fd(&h->events_fd);
	return 0;
}

/* --- what it says ------------------------------------------------------------------------------
 */

struct answer {
	struct fetch_show show;
	struct fetch_image **images; /* as in the request */
	size_t images_len;
	struct strv *names;
	struct err err;
	bool bad;
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int64_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void on_image(struct answer *a, const json_t *o)
{
	fetch_show_image(&a->show, text_of(o, "ref"), text_of(o, "state"));
}

static void on_layer(struct answer *a, const json_t *o)
{
	fetch_show_layer(&a->show, text_of(o, "id"), text_of(o, "state"), number_of(o, "done"),
	                 number_of(o, "total"));
}

static void on_warning(struct answer *a, const json_t *o)
{
	fetch_show_warning(&a->show, text_of(o, "text"));
}

static void on_result(struct answer *a, const json_t *o)
{
	int64_t i = number_of(o, "i");
	const char *id = text_of(o, "id");

	if (i >= 0 && (uint64_t)i < a->images_len && store_valid_digest(id))
		(void)snprintf(a->images[i]->image_id, sizeof(a->images[i]->image_id), "%s", id);
	else
		a->bad = true;
}

static void on_name(struct answer *a, const json_t *o)
{
	if (a->names)
		strv_add(a->names, text_of(o, "name"));
}

/* Lines stay lines (hints stand on their own), everything else that could drive a terminal does
 * not. */
static void on_error(struct answer *a, const json_t *o)
{
	int64_t kind = number_of(o, "kind");
	autostrbuf struct strbuf text = {0};
	const char *p = text_of(o, "msg");

	for (;; p++) {
		size_t len = strcspn(p, "\n");
		autofree char *line = str_sanitize(p, len);

		strbuf_addf(&text, "%s%s", text.len ? "\n" : "", line);
		p += len;
		if (!*p)
			break;
	}
	if (kind <= ERR_NONE || kind >= ERR_KIND_COUNT)
		kind = ERR_IMAGE;
	(void)err_set(&a->err, (enum err_kind)kind, "%s", text.s ? text.s : "");
	a->err.sys = (int)number_of(o, "sys");
}

static const struct {
	const char *ev;
	void (*handle)(struct answer *a, const json_t *o);
} events[] = {
	{"image", on_image},   {"layer", on_layer}, {"warning", on_warning},
	{"result", on_result}, {"name", on_name},   {"error", on_error},
};

static void on_line(struct answer *a, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *ev = text_of(o, "ev");
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (streq(ev, events[i].ev)) {
			events[i].handle(a, o);
			known = true;
		}
	/* Its libraries' own words may come in between; only a broken line is a broken protocol. */
	a->bad |= !o || !known;
	json_decref(o);
}

static void take_lines(struct answer *a, struct strbuf *buf)
{
	size_t at = 0;
	const char *end;

	while (at < buf->len && (end = memchr(buf->s + at, '\n', buf->len - at))) {
		size_t len = (size_t)(end - (buf->s + at));

		on_line(a, buf->s + at, len);
		at += len + 1;
	}
	strbuf_consume(buf, at);
	if (buf->len > IMAGE_LINE_MAX) {
		a->bad = true;
		strbuf_clear(buf);
	}
}

/* --- waiting -----------------------------------------------------------------------------------
 */

static void stop_helper(struct helper *h, enum err_kind kind, const char *why)
{
	if (h->stopped)
		return;
	h->stopped = true;
	(void)err_set(&h->err, kind, "%s", why);
	(void)proc_signal(h->pidfd, SIGTERM);
}

static void take_signal(struct helper *h)
{
	struct signalfd_siginfo si;

	while (read(h->signals_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (h->stopped)
			(void)proc_signal(h->pidfd, SIGKILL);
		stop_helper(h, ERR_INTERRUPTED, "interrupted while fetching images");
	}
}

/* 1 more may come, 0 end of file. */
static int read_some(struct helper *h, struct answer *a, struct strbuf *buf)
{
	char part[16384];
	ssize_t n = read(h->lines_fd, part, sizeof(part));

	if (n < 0 && errno == EINTR)
		return 1;
	if (n <= 0)
		return 0;
	strbuf_add(buf, part, (size_t)n);
	take_lines(a, buf);
	return 1;
}

static void listen_to(struct helper *h, struct answer *a, int64_t timeout_ms)
{
	int64_t end = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
	int64_t kill_at = INT64_MAX;
	autostrbuf struct strbuf buf = {0};

	for (;;) {
		struct pollfd p[] = {{h->lines_fd, POLLIN, 0}, {h->signals_fd, POLLIN, 0}};
		bool waits = h->stopped || timeout_ms >= 0 || a->show.changed;

		(void)poll(p, ARRAY_LEN(p), waits ? TICK_MS : -1);
		if (p[1].revents)
			take_signal(h);
		if (p[0].revents && read_some(h, a, &buf) == 0)
			break;
		fetch_show_draw(&a->show, false);
		if (clock_mono_ms() >= end)
			stop_helper(h, ERR_TIMEOUT, "time-out while fetching images");
		if (h->stopped && kill_at == INT64_MAX)
			kill_at = clock_mono_ms() + STOP_MS;
		if (clock_mono_ms() >= kill_at)
			(void)proc_signal(h->pidfd, SIGKILL);
	}
	fetch_show_draw(&a->show, true);
}

static int judge(const struct helper *h, const struct answer *a, int code, struct err *e)
{
	if (h->stopped && code != 0) {
		*e = h->err;
		return -1;
	}
	if (code == 0 && !a->bad)
		return 0;
	if (a->err.kind != ERR_NONE) {
		*e = a->err;
		return -1;
	}
	if (code == 127)
		return err_set(e, ERR_HOST, "%s cannot be executed in the user namespace",
		               helper_name);
	if (code > 128)
		return err_set(e, ERR_HOST, "%s was ended by signal %d (%s)", helper_name,
		               code - 128, strsignal(code - 128));
	return err_set(e, ERR_HOST, "%s failed with code %d%s", helper_name, code,
	               a->bad ? " and spoke nonsense" : "");
}

/* Run a request (taken) to its end. Descriptors in h->given are what it names. */
static int run_helper(const struct fetch_request *r, struct helper *h, json_t *request,
                      struct answer *a, struct err *e)
{
	int result = -1, code;

	if (h->store_fd >= 0 || open_store(r, h, e) == 0)
		if (open_helper(r, h, e) == 0 && open_pipes(h, request, e) == 0 &&
		    start_helper(r, h, e) == 0)
			result = 0;
	json_decref(request);
	if (result < 0)
		return -1;
	fetch_show_init(&a->show, r->progress, r->progress_fd);
	listen_to(h, a, r->timeout_ms);
	code = proc_reap(h->pidfd);
	fetch_show_done(&a->show);
	(void)sigprocmask(SIG_SETMASK, &h->old_mask, NULL);
	return judge(h, a, code, e);
}

static json_t *new_request(const struct fetch_request *r, const char *verb)
{
	json_t *o = json_pack("{si,ss,sb,sb}", "version", IMAGE_PROTOCOL, "verb", verb,
	                      "tls_no_verify", r->tls_no_verify, "ignore_owner", r->idmap->single);

	if (r->platform)
		(void)json_object_set_new(o, "platform", json_string(r->platform));
	return o;
}

/* --- credentials -------------------------------------------------------------------------------
 */

static void try_auth(struct helper *h, json_t *list, char *path)
{
	int fd = h->given_len < AUTH_FILES_MAX
	                 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
	                 : -1;

	if (fd >= 0) {
		h->given[h->given_len++] = fd;
		(void)json_array_append_new(list, json_pack("{ss,si}", "path", path, "fd", fd));
	}
	free(path);
}

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static void usual_auths(struct helper *h, json_t *list)
{
	const char *home = env("HOME"), *runtime = env("XDG_RUNTIME_DIR");
	const char *config = env("XDG_CONFIG_HOME"), *docker = env("DOCKER_CONFIG");

	if (env("REGISTRY_AUTH_FILE")) {
		try_auth(h, list, xstrdup(env("REGISTRY_AUTH_FILE")));
		return;
	}
	if (runtime)
		try_auth(h, list, xasprintf("%s/containers/auth.json", runtime));
	else
		try_auth(h, list, xasprintf("/run/containers/%d/auth.json", (int)getuid()));
	if (config)
		try_auth(h, list, xasprintf("%s/containers/auth.json", config));
	else if (home)
		try_auth(h, list, xasprintf("%s/.config/containers/auth.json", home));
	if (docker)
		try_auth(h, list, xasprintf("%s/config.json", docker));
	else if (home)
		try_auth(h, list, xasprintf("%s/.docker/config.json", home));
}

static int add_auths(const struct fetch_request *r, struct helper *h, json_t *request,
                     struct err *e)
{
	json_t *list = json_array();

	(void)json_object_set_new(request, "auth", list);
	if (!r->authfile) {
		usual_auths(h, list);
		return 0;
	}
	try_auth(h, list, xstrdup(r->authfile));
	return h->given_len ? 0 : err_sys_kind(e, ERR_USAGE, errno, "--authfile %s", r->authfile);
}

/* --- pulling -----------------------------------------------------------------------------------
 */

/* Is the image that we have for the platform that is asked for? */
static bool right_platform(const struct fetch_request *r, const struct store_image *img)
{
	const char *arch = r->platform ? strchr(r->platform, '/') : NULL;
	size_t len = arch ? strcspn(arch + 1, "/") : 0;

	return !arch || !img->architecture ||
	       (strlen(img->architecture) == len && !strncmp(img->architecture, arch + 1, len));
}

/* 1 answered from the index, 0 the helper is needed. */
static int answer_here(const struct fetch_request *r, int store_fd, const struct store_index *x,
                       struct fetch_image *image, struct err *e)
{
	autoreference struct reference ref = {0};
	const struct store_image *img;
	struct err bad = {0};

	if (reference_parse(image->reference, &ref, &bad) < 0) {
		/* An image id is no reference, but may name what is here. */
		img = x ? store_find(x, image->reference) : NULL;
		if (!img)
			return err_set(e, ERR_INPUT, "InvalidImageName: %s", bad.msg);
	} else {
		img = x ? store_find(x, image->reference) : NULL;
	}
	if (img && store_complete(store_fd, img) && right_platform(r, img) &&
	    (image->pull != PLAN_PULL_ALWAYS || ref.digest || !ref.domain)) {
		(void)snprintf(image->image_id, sizeof(image->image_id), "%s", img->config);
		return 1;
	}
	if (image->pull != PLAN_PULL_NEVER)
		return 0;
	(void)err_set(e, ERR_IMAGE,
	              "ErrImageNeverPull: image %s is not here and its imagePullPolicy is Never",
	              image->reference);
	return err_hint(e, "kubeplay pull %s, or kubeplay load FILE", image->reference);
}

/* Sort out what the store answers; the others are listed in *ret (owned). */
static int answer_all(const struct fetch_request *r, struct fetch_image *images, size_t count,
                      struct fetch_image ***ret, size_t *ret_len, struct err *e)
{
	autofree struct fetch_image **left = xcalloc(count + 1, sizeof(struct fetch_image *));
	struct store_index *x = NULL;
	size_t n = 0;
	int done = 0;
	autoclose int store_fd = dirs_open_data(r->dirs, "store", false, e);

	if (store_fd < 0 && e->kind != ERR_ABSENT)
		return -1;
	*e = (struct err){0};
	if (store_fd >= 0 && store_index_load(store_fd, &x, e) < 0)
		return -1;
	for (size_t i = 0; i < count && done >= 0; i++) {
		images[i].image_id[0] = '\0';
		done = answer_here(r, store_fd, x, &images[i], e);
		if (done == 0)
			left[n++] = &images[i];
	}
	store_index_free(x);
	if (done < 0)
		return -1;
	*ret = take_ptr(left);
	*ret_len = n;
	return 0;
}

static void add_images(json_t *request, const struct fetch_request *r,
                       struct fetch_image *const *images, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		/* Another platform than what is here: only the registry knows. */
		bool ask = images[i]->pull == PLAN_PULL_ALWAYS || r->platform;

		(void)json_array_append_new(list,
		                            json_pack("{ss,ss}", "ref", images[i]->reference,
		                                      "policy", ask ? "Always" : "IfNotPresent"));
	}
	(void)json_object_set_new(request, "images", list);
}

static int check_results(struct fetch_image *const *images, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (!images[i]->image_id[0])
			return err_set(e, ERR_HOST, "%s did not say what became of image %s",
			               helper_name, images[i]->reference);
	return 0;
}

static int pull_all(const struct fetch_request *r, struct fetch_image **images, size_t count,
                    struct err *e)
{
	struct answer a = {.images = images, .images_len = count};
	json_t *request = new_request(r, "pull");
	struct helper h;
	int result;

	helper_init(&h);
	add_images(request, r, images, count);
	if (add_auths(r, &h, request, e) < 0) {
		json_decref(request);
		return -1;
	}
	result = run_helper(r, &h, request, &a, e);
	helper_done(&h);
	return result < 0 ? -1 : check_results(images, count, e);
}

int fetch_images(const struct fetch_request *r, struct fetch_image *images, size_t count,
                 struct err *e)
{
	autofree struct fetch_image **left = NULL;
	size_t n = 0;

	if (answer_all(r, images, count, &left, &n, e) < 0)
		return -1;
	return n ? pull_all(r, left, n, e) : 0;
}

/* --- loading -----------------------------------------------------------------------------------
 */

int fetch_load(const struct fetch_request *r, const char *path, const char *tag, struct strv *ret,
               struct err *e)
{
	bool in = streq(path, "-");
	struct answer a = {.names = ret};
	json_t *request;
	struct helper h;
	int fd = in ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "open %s", in ? "standard input" : path);
	autofree char *shown = str_sanitize(path, strlen(path));

	helper_init(&h);
	h.given[h.given_len++] = fd;
	request = new_request(r, "load");
	(void)json_object_set_new(request, "fd", json_integer(fd));
	(void)json_object_set_new(request, "path", json_string(in ? "standard input" : shown));
	if (tag)
		(void)json_object_set_new(request, "tag", json_string(tag));
	result = run_helper(r, &h, request, &a, e);
	helper_done(&h);
	return result;
}
