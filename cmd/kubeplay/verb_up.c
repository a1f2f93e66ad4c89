/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_up.c - from files to running pods: load, have the images, hand the plan over
 *
 * Nothing is made until every file was found right; what is slow (images) comes before what is
 * visible (pods).
 */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "cmd/kubeplay/images.h"
#include "cmd/kubeplay/loading.h"
#include "cmd/kubeplay/logview.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "net/net.h"
#include "pkg/pod/project.h"
#include "pkg/util/clock.h"

enum { DEFAULT_TIMEOUT_MS = 5 * 60 * 1000 };

enum pull_option { PULL_AS_WRITTEN, PULL_ALWAYS, PULL_MISSING, PULL_NEVER };
static const char *const pull_words[] = {"as-written", "always", "missing", "never", NULL};

struct values {
	struct loading_values loading;
	struct image_values images;
	const char *network, *bind;
	bool host_loopback, replace, follow;
	int pull;
	int64_t timeout_ms;
};

static const struct values defaults = {
	.images = IMAGE_DEFAULTS,
	.network = "auto",
	.timeout_ms = DEFAULT_TIMEOUT_MS,
};

static const struct option_def options[] = {
	LOADING_OPTIONS(struct values),
	{"follow", 'f', OPTION_FLAG, offsetof(struct values, follow), NULL,
         "stay and show the logs; Ctrl-C means down", NULL, 0, 0},
	{"timeout", 0, OPTION_DURATION, offsetof(struct values, timeout_ms), "DURATION",
         "how long pods may take to be ready (5m)", NULL, 0, 0},
	{"replace", 0, OPTION_FLAG, offsetof(struct values, replace), NULL,
         "make all pods anew, changed or not", NULL, 0, 0},
	{"pull", 0, OPTION_CHOICE, offsetof(struct values, pull), "POLICY",
         "always, missing, never, or as-written (imagePullPolicy)", pull_words, 0, 0},
	IMAGE_OPTIONS(struct values),
	{"network", 0, OPTION_STRING, offsetof(struct values, network), "MODE",
         "auto, pasta[:OPTIONS], slirp4netns[:OPTIONS], host or none", NULL, 0, 0},
	{"host-loopback", 0, OPTION_FLAG, offsetof(struct values, host_loopback), NULL,
         "host.containers.internal reaches 127.0.0.1 of the host", NULL, 0, 0},
	{"bind", 0, OPTION_STRING, offsetof(struct values, bind), "ADDRESS",
         "publish ports without hostIP here (default: everywhere)", NULL, 0, 0},
};

/* --- network
 * ----------------------------------------------------------------------------------------------------
 */

static int parse_network(const struct values *v, struct net_config *ret, struct err *e)
{
	static const struct {
		const char *word;
		enum net_mode mode;
		bool has_options;
	} modes[] = {
		{"auto", NET_AUTO, false},        {"pasta", NET_PASTA, true},
		{"slirp4netns", NET_SLIRP, true}, {"host", NET_HOST, false},
		{"none", NET_NONE, false},
	};
	size_t len = strcspn(v->network, ":");

	*ret = (struct net_config){.host_loopback = v->host_loopback, .bind_address = v->bind};
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (strlen(modes[i].word) != len || strncmp(modes[i].word, v->network, len) != 0)
			continue;
		if (v->network[len] && !modes[i].has_options)
			break;
		ret->mode = modes[i].mode;
		ret->uplink_options = v->network[len] ? v->network + len + 1 : NULL;
		return 0;
	}
	return err_set(
		e, ERR_USAGE,
		"--network: \"%s\" is not one of auto, pasta[:OPTIONS], slirp4netns[:OPTIONS], host, "
		"none",
		v->network);
}

/* --- images
 * -----------------------------------------------------------------------------------------------------
 */

struct wanted {
	struct fetch_image *v;
	size_t len;
};

/* The eager one of two policies for the same image. */
static enum plan_pull stronger(enum plan_pull a, enum plan_pull b)
{
	if (a == PLAN_PULL_ALWAYS || b == PLAN_PULL_ALWAYS)
		return PLAN_PULL_ALWAYS;
	return a == PLAN_PULL_IF_NOT_PRESENT ? a : b;
}

static void want(struct wanted *w, const struct plan_container *list, uint32_t count,
                 enum pull_option option)
{
	static const enum plan_pull policies[] = {
		[PULL_ALWAYS] = PLAN_PULL_ALWAYS,
		[PULL_MISSING] = PLAN_PULL_IF_NOT_PRESENT,
		[PULL_NEVER] = PLAN_PULL_NEVER,
	};

	for (uint32_t i = 0; i < count; i++) {
		enum plan_pull pull = option == PULL_AS_WRITTEN ? list[i].pull : policies[option];
		size_t at = 0;

		while (at < w->len && !streq(w->v[at].reference, list[i].image))
			at++;
		if (at < w->len) {
			w->v[at].pull = stronger(w->v[at].pull, pull);
			continue;
		}
		w->v = xrealloc(w->v, (w->len + 1) * sizeof(*w->v));
		w->v[w->len++] = (struct fetch_image){.reference = list[i].image, .pull = pull};
	}
}

static int fetch(struct cli *c, const struct values *v, const struct plan *p, struct err *e)
{
	struct wanted w = {0};
	struct fetch_request r;
	int code;

	for (uint32_t i = 0; i < p->pods_count; i++) {
		want(&w, p->pods[i].init_containers, p->pods[i].init_containers_count,
		     (enum pull_option)v->pull);
		want(&w, p->pods[i].containers, p->pods[i].containers_count,
		     (enum pull_option)v->pull);
	}
	code = images_request(c, &v->images, &r, e);
	if (code == 0 && w.len)
		code = fetch_images(&r, w.v, w.len, e);
	free(w.v);
	return code;
}

/* --- the project
 * ------------------------------------------------------------------------------------------------
 */

static void print_pod(const char *pod, enum pod_change change, void *arg)
{
	static const char *const words[] = {
		[POD_CREATED] = "created",
		[POD_CONFIGURED] = "configured",
		[POD_UNCHANGED] = "unchanged",
		[POD_DELETED] = "deleted",
	};

	UNUSED(arg);
	(void)printf("pod/%s %s\n", pod, words[change]);
	(void)fflush(stdout); /* now, and not a second time by a forked child */
}

static void print_warning(const char *text, void *arg)
{
	UNUSED(arg);
	cli_warn(text);
}

static int start(struct cli *c, const struct values *v, struct kube_result *k, struct err *e)
{
	struct up_request r = {
		.plan = k->plan,
		.data = &k->data,
		.objects = k->objects.s ? k->objects.s : "",
		.objects_len = k->objects.len,
		.net = &kubeplay_net_ops,
		.timeout_ms = v->timeout_ms,
		.libexec = cli_libexec(c),
		.replace = v->replace,
		.project_given = c->project,
		.on_pod = print_pod,
		.on_warning = print_warning,
	};

	if (parse_network(v, &r.net_config, e) < 0 || cli_ids(c, &r.idmap, e) < 0)
		return -1;
	r.net_config.libexec = r.libexec;
	if (r.idmap->single)
		cli_warn(r.idmap->why_single);
	if (cli_dirs(c, &r.dirs, e) < 0)
		return -1;
	if (fetch(c, v, k->plan, e) < 0)
		return -1;
	return project_up(&r, e);
}

/* --- staying
 * ----------------------------------------------------------------------------------------------------
 */

static int down(struct cli *c, const char *project, struct err *e)
{
	struct down_request r = {.project = project, .grace_seconds = -1, .on_pod = print_pod};

	if (cli_dirs(c, &r.dirs, e) < 0 || cli_ids(c, &r.idmap, e) < 0)
		return -1;
	return project_down(&r, e) < 0 ? -1 : 0;
}

static struct logview_source *all_containers(const struct plan *p, size_t *ret_count)
{
	struct logview_source *list = NULL;
	size_t n = 0;

	for (uint32_t i = 0; i < p->pods_count; i++) {
		const struct plan_pod *pod = &p->pods[i];
		uint32_t count = pod->init_containers_count + pod->containers_count;

		list = xrealloc(list, (n + count + 1) * sizeof(*list));
		for (uint32_t j = 0; j < count; j++)
			list[n++] = (struct logview_source){
				p->project,
				pod->name,
				j < pod->init_containers_count
					? pod->init_containers[j].name
					: pod->containers[j - pod->init_containers_count].name,
			};
	}
	*ret_count = n;
	return list;
}

/* A descriptor that becomes readable on Ctrl-C and friends, which no longer end us. */
static int catch_signals(struct err *e)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, errno, "signalfd") : fd;
}

/* Show the logs from `since` on until a signal (then down) or until all pods have ended by
 * themselves. */
static int stay(struct cli *c, const struct plan *p, int64_t since, struct err *e)
{
	struct signalfd_siginfo si;
	autofree struct logview_source *sources = NULL;
	autoclose int stop = catch_signals(e);
	struct logview_options o = {
		.runs = CRILOG_ALL,
		.follow = true,
		.prefix = true,
		.tail = -1,
		.since_ns = since,
		.stop_fd = stop,
	};
	size_t count;

	if (stop < 0)
		return -1;
	sources = all_containers(p, &count);
	if (logview_run(&c->dirs, sources, count, &o, e) < 0)
		return -1;
	if (read(stop, &si, sizeof(si)) != sizeof(si))
		return 0;
	return down(c, p->project, e);
}

static int up(struct cli *c, const struct values *v, struct kube_result *k, struct err *e)
{
	int64_t since = clock_real_ns();
	int r = start(c, v, k, e);

	if (!v->follow || (r < 0 && e->kind != ERR_WORKLOAD && e->kind != ERR_TIMEOUT))
		return r;
	if (r < 0) { /* the workload has a problem: its logs are what is wanted now */
		struct err later = {0};

		report_error(e);
		r = err_exit_code(e);
		return stay(c, k->plan, since, &later) < 0 ? (*e = later, -1) : r;
	}
	return stay(c, k->plan, since, e);
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	struct net_config checked;
	struct kube_result k = {0};
	int r;

	if (parse_network(v, &checked, e) < 0)
		return -1;
	r = loading_run(c, &v->loading, args, v->images.quiet ? LOADING_QUIET : 0,
	                "nothing was created", &k, e);
	if (r == 0)
		r = up(c, v, &k, e);
	kube_result_done(&k);
	return r;
}

const struct verb verb_up = {
	.name = "up",
	.usage = "[FILE|DIR|URL|-]...",
	.summary = "bring pods up, or up to date; return when they are ready",
	.text = "Without an argument: kube.yaml, pod.yaml, or the only *.yaml of the working directory. Run again after an edit\n"
		"it changes only the pods whose definition changed.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
