/* SPDX-License-Identifier: Apache-2.0 */
/* items.c - see items.h */
#include "cmd/kubeplay/items.h"

#include "cmd/kubeplay/options.h"
#include "kube/alias.h"
#include "pkg/pod/client.h"
#include "pkg/pod/project.h"

/* What `all` is to kubectl: what runs, and what leads to it. */
static const enum object_type all_kinds[] = {
	OBJECT_POD,          OBJECT_REPLICATION_CONTROLLER,
	OBJECT_SERVICE,      OBJECT_DAEMON_SET,
	OBJECT_DEPLOYMENT,   OBJECT_REPLICA_SET,
	OBJECT_STATEFUL_SET, OBJECT_JOB,
	OBJECT_CRON_JOB,
};

struct want {
	enum object_type kind;
	const char *name; /* NULL: all of the kind */
};

struct wants {
	struct want *v;
	size_t len;
};

static void wants_done(struct wants *w)
{
	free(w->v);
}

static void add_want(struct wants *w, enum object_type kind, const char *name)
{
	w->v = xrealloc(w->v, (w->len + 1) * sizeof(*w->v));
	w->v[w->len++] = (struct want){kind, name};
}

static int find_kind(const char *word, struct err *e)
{
	int kind = alias_kind(word);
	const char *near;

	if (kind != ALIAS_NONE)
		return kind;
	near = alias_nearest(word);
	(void)err_set(e, ERR_USAGE, "there is no kind \"%s\" here", word);
	return near ? err_hint(e, "did you mean %s?", near)
	            : err_hint(e, "kubeplay explain lists the kinds");
}

/* TYPE/NAME */
static int parse_pair(struct wants *w, const char *arg, struct err *e)
{
	const char *slash = strchr(arg, '/');
	int kind;

	if (!slash || slash == arg || !slash[1])
		return err_set(e, ERR_USAGE, "\"%s\" is not TYPE/NAME, as the other arguments are",
		               arg);
	autofree char *word = xstrndup(arg, (size_t)(slash - arg));

	kind = find_kind(word, e);
	if (kind < 0)
		return -1;
	add_want(w, (enum object_type)kind, slash + 1);
	return 0;
}

static void want_names(struct wants *w, enum object_type kind, char **names)
{
	if (!*names)
		add_want(w, kind, NULL);
	for (; *names; names++)
		add_want(w, kind, *names);
}

/* TYPE[,TYPE...] [NAME...] */
static int parse_types(struct wants *w, const char *types, char **names, struct err *e)
{
	autofree char *copy = xstrdup(types);
	char *save = NULL;

	if (!copy[strspn(copy, ",")])
		return err_set(e, ERR_USAGE, "which kind of object?");
	for (char *t = strtok_r(copy, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
		int kind;

		if (streq(t, "all")) {
			for (size_t i = 0; i < ARRAY_LEN(all_kinds); i++)
				want_names(w, all_kinds[i], names);
			continue;
		}
		kind = find_kind(t, e);
		if (kind < 0)
			return -1;
		want_names(w, (enum object_type)kind, names);
	}
	return 0;
}

static int parse(struct wants *w, char **args, struct err *e)
{
	if (!strchr(args[0], '/'))
		return parse_types(w, args[0], args + 1, e);
	for (; *args; args++)
		if (parse_pair(w, *args, e) < 0)
			return -1;
	return 0;
}

/* --- what there is -------------------------------------------------------------------------
 */

static bool is_wanted(const struct want *w, const char *namespace, const char *ns, const char *name)
{
	return (!w->name || streq(w->name, name)) && (!namespace || !*ns || streq(namespace, ns));
}

static void add_item(struct items *x, struct item i)
{
	if ((x->len & (x->len - 1)) == 0)
		x->v = xrealloc(x->v, MAX(x->len * 2, (size_t)1) * sizeof(*x->v));
	x->v[x->len++] = i;
}

static void add_pods(struct items *x, struct project *p, const struct want *w,
                     const char *namespace)
{
	for (uint32_t i = 0; i < p->state->pods_count; i++) {
		const struct state_pod *pod = &p->state->pods[i];
		const char *ns = pod->pod_namespace ? pod->pod_namespace : "";

		if (is_wanted(w, namespace, ns, pod->name))
			add_item(x, (struct item){p, OBJECT_POD, ns, pod->name, NULL, pod});
	}
}

static void add_objects(struct items *x, size_t project, const struct want *w,
                        const char *namespace)
{
	const struct objects_entry *list;
	size_t count = 0;

	if (!x->objects[project])
		return;
	list = objects_list(x->objects[project], &count);
	for (size_t i = 0; i < count; i++)
		if (list[i].kind == w->kind && is_wanted(w, namespace, list[i].ns, list[i].name))
			add_item(x, (struct item){&x->ps.v[project], w->kind, list[i].ns,
			                          list[i].name, &list[i], NULL});
}

static void add_wanted(struct items *x, const struct want *w, const char *namespace)
{
	for (size_t i = 0; i < x->ps.len; i++) {
		if (!x->ps.v[i].state)
			continue;
		if (w->kind == OBJECT_POD)
			add_pods(x, &x->ps.v[i], w, namespace);
		else
			add_objects(x, i, w, namespace);
	}
}

static int absent(const struct items *x, const struct want *w, struct err *e)
{
	autofree char *shown = alias_object(w->kind, w->name);
	struct items all = {.ps = x->ps, .objects = x->objects};
	const struct want any = {w->kind, NULL};
	const char *near = NULL;

	add_wanted(&all, &any, NULL);
	const char **names = xcalloc(all.len + 1, sizeof(*names));

	for (size_t i = 0; i < all.len; i++)
		names[i] = all.v[i].name;
	near = option_nearest(w->name, names, all.len);
	(void)err_set(e, ERR_ABSENT, "there is no %s", shown);
	if (near)
		(void)err_hint(e, "did you mean %s?", near);
	free(names);
	free(all.v);
	return -1;
}

static void load_objects(struct items *x)
{
	x->objects = xcalloc(x->ps.len + 1, sizeof(*x->objects));
	x->secrets = xcalloc(x->ps.len + 1, sizeof(*x->secrets));
	x->asked = xcalloc(x->ps.len + 1, sizeof(*x->asked));
	for (size_t i = 0; i < x->ps.len; i++) {
		autostrbuf struct strbuf text = {0};
		struct err ignored = {0};

		if (project_objects(x->ps.dirs, x->ps.v[i].name, &text, &ignored) == 0 && text.len)
			(void)kube_objects_load(text.s, text.len, &x->objects[i], &ignored);
	}
}

static int find_all(struct items *x, const struct wants *w, const char *namespace, struct err *e)
{
	for (size_t i = 0; i < w->len; i++) {
		size_t before = x->len;

		add_wanted(x, &w->v[i], namespace);
		if (w->v[i].name && x->len == before)
			return absent(x, &w->v[i], e);
	}
	x->one = w->len == 1 && w->v[0].name && x->len == 1;
	return 0;
}

int items_find(struct cli *c, char **args, const char *namespace, struct items *ret, struct err *e)
{
	struct wants w = {0};
	int r = parse(&w, args, e);

	if (r == 0)
		r = projects_load(c, &ret->ps, e);
	if (r == 0) {
		load_objects(ret);
		r = find_all(ret, &w, namespace, e);
	}
	wants_done(&w);
	return r;
}

const struct kube_objects *items_objects(const struct items *x, const struct item *i)
{
	return x->objects[i->project - x->ps.v];
}

const struct plan_pod *items_plan_pod(const struct items *x, const struct item *i)
{
	return i->pod ? projects_plan_pod(&x->ps, i->project, i->pod) : NULL;
}

static int ask_secrets(const struct items *x, const struct project *p, struct kube_objects **ret,
                       struct err *e)
{
	autoclose int dirfd = dirs_open_project(x->ps.dirs, p->name, false, e);
	autostrbuf struct strbuf text = {0};
	struct client c;
	int r;

	if (!p->alive)
		return err_set(e, ERR_ABSENT, "its supervisor is gone");
	if (dirfd < 0 || client_connect(dirfd, &c, e) < 0)
		return -1;
	r = client_secrets(&c, &text, e);
	client_close(&c);
	if (r == 0 && text.len)
		r = kube_objects_load(text.s, text.len, ret, e);
	if (text.s)
		explicit_bzero(text.s, text.len);
	return r;
}

const struct kube_objects *items_secrets(struct items *x, const struct item *i)
{
	size_t n = (size_t)(i->project - x->ps.v);
	struct err e = {0};

	if (!x->asked[n] && ask_secrets(x, i->project, &x->secrets[n], &e) < 0) {
		autofree char *text =
			xasprintf("the values of Secrets of project %s are not known: %s",
		                  i->project->name, e.msg);

		cli_warn(text);
	}
	x->asked[n] = true;
	return x->secrets[n];
}

void items_done(struct items *x)
{
	for (size_t i = 0; x->objects && i < x->ps.len; i++) {
		kube_objects_free(x->objects[i]);
		kube_objects_free(x->secrets[i]);
	}
	free(x->objects);
	free(x->secrets);
	free(x->asked);
	free(x->v);
	projects_done(&x->ps);
	*x = (struct items){0};
}
