/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - see program.h */
#include "pkg/image/program.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sys/stat.h>

#include "pkg/image/load.h"
#include "pkg/image/protocol.h"
#include "pkg/image/pull.h"
#include "pkg/image/registry.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_BAD_REQUEST };

struct program {
	int store_fd;
	json_t *request;
	struct events events;
	struct platform platform;
	struct auths auths;
	struct strbuf auth_places;
	atomic_bool stop;
	pthread_mutex_t lock; /* around registry */
	void *registry;
};

/* --- stopping ----------------------------------------------------------------------------------
 */

static void *signal_thread(void *arg)
{
	struct program *p = arg;
	sigset_t set;
	int sig;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigwait(&set, &sig);
	p->stop = true;
	pthread_mutex_lock(&p->lock);
	registry_cancel(p->registry);
	pthread_mutex_unlock(&p->lock);
	(void)sigwait(&set, &sig);
	_exit(128 + sig);
}

/* SIGTERM and SIGINT go to a thread of their own, so that what was being written is removed. */
static int watch_signals(struct program *p, struct err *e)
{
	pthread_t thread;
	sigset_t set;
	int num;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	num = pthread_create(&thread, NULL, signal_thread, p);
	if (num)
		return err_sys(e, num, "start a thread");
	(void)pthread_detach(thread);
	return 0;
}

static void keep_registry(void *registry, void *arg)
{
	struct program *p = arg;

	pthread_mutex_lock(&p->lock);
	p->registry = registry;
	if (p->stop)
		registry_cancel(registry);
	pthread_mutex_unlock(&p->lock);
}

/* --- the request -------------------------------------------------------------------------------
 */

static int bad_request(struct err *e, const char *why)
{
	return err_set(e, ERR_USAGE, "kubeplay-image: bad request: %s", why);
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int read_request(struct program *p, int fd, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	const json_t *version;

	if (fd_read_all(fd, IMAGE_REQUEST_MAX, &text, e) < 0)
		return err_wrap(e, "kubeplay-image: request");
	p->request = json_loadb(text.s ? text.s : "", text.len, JSON_REJECT_DUPLICATES, NULL);
	version = json_object_get(p->request, "version");
	if (!json_is_object(p->request) || json_integer_value(version) != IMAGE_PROTOCOL)
		return bad_request(e, "not JSON of this version");
	if (!text_of(p->request, "verb"))
		return bad_request(e, "no verb");
	return platform_parse(text_of(p->request, "platform"), &p->platform, e);
}

/* Files that hold credentials were opened by kubeplay, as the user. */
static void read_auths(struct program *p)
{
	const json_t *list = json_object_get(p->request, "auth"), *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		const char *path = text_of(o, "path");
		int fd = (int)json_integer_value(json_object_get(o, "fd"));
		autostrbuf struct strbuf text = {0};
		struct err e = {0};

		if (!path || fd <= 2)
			continue;
		strbuf_addf(&p->auth_places, "%s%s", p->auth_places.len ? ", " : "", path);
		if (fd_read_all(fd, AUTH_FILE_MAX, &text, &e) < 0 ||
		    auths_add(&p->auths, text.s ? text.s : "", text.len, &e) < 0)
			event_warning(&p->events, "%s is ignored: %s", path, e.msg);
		if (text.s)
			explicit_bzero(text.s, text.len);
		(void)close(fd);
	}
}

static const struct {
	const char *name;
	enum pull_policy policy;
} policies[] = {
	{"IfNotPresent", PULL_IF_NOT_PRESENT}, {"Always", PULL_ALWAYS}, {"Never", PULL_NEVER}};

static int read_image(const json_t *o, struct pull_image *ret, struct err *e)
{
	const char *policy = text_of(o, "policy");

	ret->ref = text_of(o, "ref");
	if (!ret->ref)
		return bad_request(e, "an image without a reference");
	for (size_t i = 0; policy && i < ARRAY_LEN(policies); i++)
		if (streq(policy, policies[i].name)) {
			ret->policy = policies[i].policy;
			return 0;
		}
	return bad_request(e, "an unknown policy");
}

/* --- verbs -------------------------------------------------------------------------------------
 */

static int run_pull(struct program *p, struct err *e)
{
	const json_t *list = json_object_get(p->request, "images");
	size_t n = json_array_size(list);
	autofree struct pull_image *images = xcalloc(n + 1, sizeof(*images));

	if (n > IMAGE_IMAGES_MAX)
		return bad_request(e, "too many images");
	for (size_t i = 0; i < n; i++)
		if (read_image(json_array_get(list, i), &images[i], e) < 0)
			return -1;
	read_auths(p);
	const struct pull_request r = {
		.store_fd = p->store_fd,
		.images = images,
		.len = n,
		.platform = p->platform,
		.auths = &p->auths,
		.auth_places = p->auth_places.len ? p->auth_places.s : "no file",
		.tls_no_verify = json_is_true(json_object_get(p->request, "tls_no_verify")),
		.ignore_owner = json_is_true(json_object_get(p->request, "ignore_owner")),
		.events = &p->events,
		.stop = &p->stop,
		.on_registry = keep_registry,
		.arg = p,
	};

	return pull(&r, e);
}

static int run_load(struct program *p, struct err *e)
{
	const char *path = text_of(p->request, "path");
	const struct load_request r = {
		.store_fd = p->store_fd,
		.fd = (int)json_integer_value(json_object_get(p->request, "fd")),
		.path = path,
		.tag = text_of(p->request, "tag"),
		.platform = p->platform,
		.ignore_owner = json_is_true(json_object_get(p->request, "ignore_owner")),
		.events = &p->events,
		.stop = &p->stop,
	};

	if (!path)
		return bad_request(e, "no path");
	return load(&r, e);
}

static const struct {
	const char *verb;
	int (*run)(struct program *p, struct err *e);
} verbs[] = {{"pull", run_pull}, {"load", run_load}};

static int run_verb(struct program *p, struct err *e)
{
	const char *verb = text_of(p->request, "verb");

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (streq(verb, verbs[i].verb))
			return verbs[i].run(p, e);
	return bad_request(e, "an unknown verb");
}

int image_program(int store_fd, int request_fd, int events_fd)
{
	struct program p = {.store_fd = store_fd};
	struct err e = {0};
	int r = EXIT_DONE;

	events_init(&p.events, events_fd);
	pthread_mutex_init(&p.lock, NULL);
	(void)umask(0);
	if (read_request(&p, request_fd, &e) < 0)
		r = EXIT_BAD_REQUEST;
	else if (watch_signals(&p, &e) < 0 || run_verb(&p, &e) < 0)
		r = e.kind == ERR_USAGE ? EXIT_BAD_REQUEST : EXIT_FAILED;
	if (p.stop && r != EXIT_DONE)
		(void)err_set(&e, ERR_INTERRUPTED, "interrupted");
	if (r != EXIT_DONE)
		event_error(&p.events, &e);
	auths_done(&p.auths);
	strbuf_done(&p.auth_places);
	json_decref(p.request);
	return r;
}
