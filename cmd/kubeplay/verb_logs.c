/* SPDX-License-Identifier: Apache-2.0 */
/* verb_logs.c - what did the containers say? */
#include "cmd/kubeplay/logview.h"
#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/pod/project.h"
#include "pkg/util/clock.h"

struct values {
	bool follow, timestamps, previous, all_containers, prefix;
	int64_t tail;
	const char *container, *since;
};

static const struct values defaults = {.tail = -1};

static const struct option_def options[] = {
	{"follow", 'f', OPTION_FLAG, offsetof(struct values, follow), NULL,
         "go on as more is written", NULL, 0, 0},
	{"container", 'c', OPTION_STRING, offsetof(struct values, container), "NAME",
         "this container only", NULL, 0, 0},
	{"all-containers", 0, OPTION_FLAG, offsetof(struct values, all_containers), NULL,
         "all containers of the pod, init containers too", NULL, 0, 0},
	{"previous", 'p', OPTION_FLAG, offsetof(struct values, previous), NULL,
         "the run before the latest restart", NULL, 0, 0},
	{"tail", 0, OPTION_INT, offsetof(struct values, tail), "LINES",
         "the last LINES of each container (-1: all)", NULL, -1, INT64_MAX},
	{"since", 0, OPTION_STRING, offsetof(struct values, since), "TIME",
         "a duration (10m) or a time (RFC 3339)", NULL, 0, 0},
	{"timestamps", 't', OPTION_FLAG, offsetof(struct values, timestamps), NULL,
         "the time before each line", NULL, 0, 0},
	{"prefix", 0, OPTION_FLAG, offsetof(struct values, prefix), NULL,
         "the pod and container before each line", NULL, 0, 0},
};

struct selection {
	struct projects ps;
	struct logview_source *v;
	size_t len;
};

static void add(struct selection *s, const struct project *p, const struct state_pod *pod,
                const char *container)
{
	s->v = xrealloc(s->v, (s->len + 1) * sizeof(*s->v));
	s->v[s->len++] = (struct logview_source){p->name, pod->name, container};
}

static void add_all(struct selection *s, const struct project *p, const struct state_pod *pod)
{
	for (uint32_t i = 0; i < pod->containers_count; i++)
		add(s, p, pod, pod->containers[i].name);
}

static const char *annotated(struct selection *s, const struct pod_ref *ref)
{
	const struct plan_pod *plan = projects_plan_pod(&s->ps, ref->project, ref->pod);

	return plan ? plan->default_container : NULL;
}

/* Without -c: the annotated container, else the first; said aloud if there was a choice. */
static void add_default(struct selection *s, const struct pod_ref *ref)
{
	const char *wish = annotated(s, ref), *chosen = NULL;
	autostrbuf struct strbuf list = {0};
	size_t n = 0;

	for (uint32_t i = 0; i < ref->pod->containers_count; i++) {
		const struct state_container *c = &ref->pod->containers[i];

		if (c->init)
			continue;
		if (!chosen || (wish && streq(c->name, wish)))
			chosen = c->name;
		strbuf_addf(&list, "%s%s", n++ ? ", " : "", c->name);
	}
	if (!chosen)
		return;
	add(s, ref->project, ref->pod, chosen);
	if (n > 1 && !wish)
		(void)fprintf(stderr, "Defaulted container \"%s\" out of: %s\n", chosen, list.s);
}

/* "pod/web/app" and "web/app" name a container, "pod/web" does not. */
static char *cut_container(char *name)
{
	const char *start = name;
	char *slash;

	(void)projects_cut_kind(&start);
	slash = strchr(name + (start - name), '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

static int select_pod(struct selection *s, const char *arg, const struct values *v, struct err *e)
{
	autofree char *name = xstrdup(arg);
	const char *container = cut_container(name);
	const struct state_container *c = NULL;
	struct pod_ref ref;

	if (!container)
		container = v->container;
	if (projects_find_pod(&s->ps, name, &ref, e) < 0)
		return -1;
	if (v->all_containers && !container) {
		add_all(s, ref.project, ref.pod);
	} else if (container) {
		if (projects_find_container(ref.pod, container, &c, e) < 0)
			return -1;
		add(s, ref.project, ref.pod, c->name);
	} else {
		add_default(s, &ref);
	}
	return 0;
}

/* No argument: everything of the project, or of the only project. */
static int select_project(struct selection *s, const struct values *v, struct err *e)
{
	const struct project *found = NULL;

	for (size_t i = 0; i < s->ps.len; i++) {
		if (!s->ps.v[i].state)
			continue;
		if (found)
			return err_set(
				e, ERR_USAGE,
				"more than one project: name a pod, or -p NAME before the verb");
		found = &s->ps.v[i];
	}
	if (!found)
		return err_set(e, ERR_ABSENT, "no pod is running");
	for (uint32_t i = 0; i < found->state->pods_count; i++) {
		const struct state_pod *pod = &found->state->pods[i];
		const struct state_container *c;
		struct err absent = {0};

		if (!v->container)
			add_all(s, found, pod);
		else if (projects_find_container(pod, v->container, &c, &absent) == 0)
			add(s, found, pod, c->name);
	}
	if (!s->len)
		return err_set(e, ERR_ABSENT, "no container \"%s\" in project %s", v->container,
		               found->name);
	return 0;
}

static int parse_since(const char *text, int64_t *ret, struct err *e)
{
	int64_t ms;

	if (option_parse_duration(text, &ms) == 0) {
		*ret = MAX(clock_real_ns() - ms * 1000000, 1);
		return 0;
	}
	if (clock_parse_rfc3339(text, ret) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	               "--since: \"%s\" is neither a duration such as 10m nor a time such as "
	               "2026-01-31T12:00:00Z",
	               text);
}

/* kubectl's words for a run that never was. */
static int check_previous(const struct selection *s, struct err *e)
{
	for (size_t i = 0; i < s->len; i++) {
		autoclose int dirfd = project_log_dir(s->ps.dirs, s->v[i].project, s->v[i].pod,
		                                      s->v[i].container, e);

		if (dirfd < 0 && e->kind != ERR_ABSENT)
			return -1;
		if (s->len == 1 && (dirfd < 0 || !crilog_has_previous(dirfd)))
			return err_set(e, ERR_ABSENT, "container %s of pod %s has no earlier run",
			               s->v[i].container, s->v[i].pod);
	}
	return 0;
}

static int show(struct selection *s, const struct values *v, char **args, struct err *e)
{
	struct logview_options o = {
		.runs = v->previous ? CRILOG_PREVIOUS : CRILOG_LATEST,
		.follow = v->follow,
		.timestamps = v->timestamps,
		.tail = v->tail,
		.stop_fd = -1,
	};

	if (v->since && parse_since(v->since, &o.since_ns, e) < 0)
		return -1;
	for (char **a = args; *a; a++)
		if (select_pod(s, *a, v, e) < 0)
			return -1;
	if (!args[0] && select_project(s, v, e) < 0)
		return -1;
	if (v->previous && check_previous(s, e) < 0)
		return -1;
	o.prefix = v->prefix || s->len > 1;
	return logview_run(s->ps.dirs, s->v, s->len, &o, e);
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	struct selection s = {0};
	int r = projects_load(c, &s.ps, e);

	if (r == 0)
		r = show(&s, values, args, e);
	free(s.v);
	projects_done(&s.ps);
	return r;
}

const struct verb verb_logs = {
	.name = "logs",
	.usage = "[POD[/CONTAINER]]...",
	.summary = "show what containers wrote",
	.text = "Without a pod: all containers of the project, merged by time. A pod may be named by its Deployment.\n"
		"Behind this verb -p means --previous; the project is named by -p before the verb, or by --project.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
