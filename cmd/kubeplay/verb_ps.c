/* SPDX-License-Identifier: Apache-2.0 */
/* verb_ps.c - what runs? */
#include <inttypes.h>

#include "cmd/kubeplay/podjson.h"
#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/status.h"
#include "cmd/kubeplay/verb.h"
#include "kube/kube.h"
#include "pkg/pod/project.h"
#include "pkg/util/clock.h"

enum output { OUT_TABLE, OUT_WIDE, OUT_NAME, OUT_JSON };
static const char *const outputs[] = {"table", "wide", "name", "json", NULL};

struct values {
	int output;
	bool all, containers, no_headings;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"all", 'A', OPTION_FLAG, offsetof(struct values, all), NULL,
         "show the project column even if there is one project", NULL, 0, 0},
	{"containers", 'c', OPTION_FLAG, offsetof(struct values, containers), NULL,
         "a line for each container", NULL, 0, 0},
	{"no-headers", 0, OPTION_FLAG, offsetof(struct values, no_headings), NULL,
         "no line of headings", NULL, 0, 0},
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "table, wide, name or json (a List of Pod objects)", outputs, 0, 0},
};

struct view {
	struct projects ps;
	struct strv names; /* pods to show; empty: all */
	const struct values *values;
	bool project_column;
	int64_t now;
	struct table table;
	struct strbuf text;
	json_t *items;
};

static bool is_wanted(const struct view *v, const struct state_pod *pod)
{
	return !v->names.len || strv_has(&v->names, pod->name);
}

static void age_cell(struct view *v, int64_t since)
{
	char age[REPORT_AGE_SIZE];

	report_age(v->now - since, age);
	table_cell(&v->table, since ? age : "");
}

static void restarts_cell(struct view *v, int64_t count, int64_t last_ns)
{
	char age[REPORT_AGE_SIZE];

	report_age(v->now - last_ns, age);
	if (count && last_ns)
		table_cellf(&v->table, "%" PRId64 " (%s ago)", count, age);
	else
		table_cellf(&v->table, "%" PRId64, count);
}

/* Published ports as in "8080->80/tcp, 127.0.0.1:53->53/udp". */
static void ports_text(const struct plan_pod *pod, struct strbuf *out)
{
	for (uint32_t i = 0; i < pod->containers_count; i++) {
		for (uint32_t j = 0; j < pod->containers[i].ports_count; j++) {
			const struct plan_port *p = &pod->containers[i].ports[j];

			if (!p->host_port)
				continue;
			strbuf_addf(out, "%s%s%s%" PRId64 "->%" PRId64 "/%s", out->len ? "," : "",
			            p->host_ip ? p->host_ip : "", p->host_ip ? ":" : "",
			            p->host_port, p->container_port,
			            p->protocol == PLAN_UDP ? "udp" : "tcp");
		}
	}
}

static void wide_cells(struct view *v, const struct state_pod *pod, const struct plan_pod *plan)
{
	autostrbuf struct strbuf images = {0};

	for (uint32_t i = 0; i < pod->containers_count; i++)
		if (!pod->containers[i].init && pod->containers[i].image)
			strbuf_addf(&images, "%s%s", images.len ? "," : "",
			            pod->containers[i].image);
	table_cell(&v->table, pod->pod_namespace);
	if (plan && plan->owner_kind && plan->owner_name)
		table_cellf(&v->table, "%s/%s", plan->owner_kind, plan->owner_name);
	else
		table_cell(&v->table, NULL);
	table_cell(&v->table, images.s);
}

static void pod_row(struct view *v, struct project *p, const struct state_pod *pod)
{
	const struct plan_pod *plan = projects_plan_pod(&v->ps, p, pod);
	autostrbuf struct strbuf ports = {0};
	struct status s;

	status_of_pod(pod, &s);
	if (plan)
		ports_text(plan, &ports);
	if (v->project_column)
		table_cell(&v->table, p->name);
	table_cell(&v->table, pod->name);
	table_cellf(&v->table, "%u/%u", s.ready, s.total);
	table_cell(&v->table, s.word);
	restarts_cell(v, s.restarts, s.last_restart_ns);
	age_cell(v, pod->created_ns);
	table_cell(&v->table, pod->pod_ip);
	table_cell(&v->table, ports.s);
	if (v->values->output == OUT_WIDE)
		wide_cells(v, pod, plan);
}

static void container_rows(struct view *v, struct project *p, const struct state_pod *pod)
{
	for (uint32_t i = 0; i < pod->containers_count; i++) {
		const struct state_container *c = &pod->containers[i];
		char word[STATUS_WORD_SIZE];

		status_of_container(c, word);
		if (v->project_column)
			table_cell(&v->table, p->name);
		table_cells(&v->table, pod->name, c->name, c->init ? "init" : "app",
		            c->ready ? "true" : "false", word, NULL);
		restarts_cell(v, c->restart_count, c->restart_count ? c->last.finished_ns : 0);
		age_cell(v, c->now.started_ns);
		table_cell(&v->table, c->image);
	}
}

static void headings(struct view *v)
{
	struct table *t = &v->table;

	t->columns = v->project_column;
	if (v->project_column && !v->values->no_headings)
		table_cell(t, "PROJECT");
	t->columns += v->values->containers ? 8 : v->values->output == OUT_WIDE ? 10 : 7;
	if (v->values->no_headings)
		return;
	if (v->values->containers) {
		table_cells(t, "POD", "CONTAINER", "TYPE", "READY", "STATUS", "RESTARTS", "AGE",
		            "IMAGE", NULL);
		return;
	}
	table_cells(t, "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "PORTS", NULL);
	if (v->values->output == OUT_WIDE)
		table_cells(t, "NAMESPACE", "OWNER", "IMAGES", NULL);
}

static void name_line(struct view *v, struct project *p, const struct state_pod *pod)
{
	autofree char *clean = str_sanitize(pod->name, strlen(pod->name));

	UNUSED(p);
	strbuf_addf(&v->text, "pod/%s\n", clean);
}

/* --- JSON
 * -------------------------------------------------------------------------------------------------------
 */

static struct kube_objects *load_objects(const struct view *v, const struct project *p)
{
	autostrbuf struct strbuf text = {0};
	struct kube_objects *o = NULL;
	struct err ignored = {0};

	if (project_objects(v->ps.dirs, p->name, &text, &ignored) == 0)
		(void)kube_objects_load(text.s, text.len, &o, &ignored);
	return o;
}

static json_t *saved_object(const struct kube_objects *objects, const struct plan_pod *plan)
{
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};

	if (!objects || !plan || kube_objects_pod_json(objects, plan, &text, &ignored) < 0 ||
	    !text.s)
		return NULL;
	return json_loadb(text.s, text.len, 0, NULL);
}

static void json_project(struct view *v, struct project *p)
{
	struct kube_objects *objects = load_objects(v, p);

	for (uint32_t i = 0; i < p->state->pods_count; i++) {
		const struct state_pod *pod = &p->state->pods[i];
		const struct plan_pod *plan = projects_plan_pod(&v->ps, p, pod);
		json_t *object;

		if (!is_wanted(v, pod))
			continue;
		object = saved_object(objects, plan);
		(void)json_array_append_new(v->items, podjson_pod(p->state, pod, plan, object));
		json_decref(object);
	}
	kube_objects_free(objects);
}

static void show_json(struct view *v)
{
	v->items = json_array();
	for (size_t i = 0; i < v->ps.len; i++)
		if (v->ps.v[i].state)
			json_project(v, &v->ps.v[i]);
	report_json(json_pack("{s:s, s:s, s:{s:s}, s:o}", "apiVersion", "v1", "kind", "List",
	                      "metadata", "resourceVersion", "", "items", v->items));
}

/* --- the verb
 * ---------------------------------------------------------------------------------------------------
 */

static void show_lines(struct view *v)
{
	void (*row)(struct view *, struct project *, const struct state_pod *) =
		v->values->output == OUT_NAME ? name_line
		: v->values->containers       ? container_rows
					      : pod_row;

	headings(v);
	for (size_t i = 0; i < v->ps.len; i++) {
		struct project *p = &v->ps.v[i];

		for (uint32_t j = 0; p->state && j < p->state->pods_count; j++)
			if (is_wanted(v, &p->state->pods[j]))
				row(v, p, &p->state->pods[j]);
	}
	if (v->values->output == OUT_NAME)
		(void)fwrite(v->text.s ? v->text.s : "", 1, v->text.len, stdout);
	else
		table_print(&v->table);
}

static size_t count_shown(const struct view *v, size_t *ret_pods)
{
	size_t projects = 0;

	for (size_t i = 0; i < v->ps.len; i++) {
		const struct state_project *s = v->ps.v[i].state;
		size_t before = *ret_pods;

		for (uint32_t j = 0; s && j < s->pods_count; j++)
			*ret_pods += is_wanted(v, &s->pods[j]);
		projects += *ret_pods > before;
	}
	return projects;
}

static int find_names(struct view *v, char *const *args, struct err *e)
{
	for (; *args; args++) {
		struct pod_refs list;

		if (projects_find_pods(&v->ps, *args, &list, e) < 0)
			return -1;
		for (size_t i = 0; i < list.len; i++)
			strv_add(&v->names, list.v[i].pod->name);
		pod_refs_done(&list);
	}
	return 0;
}

static int show(struct view *v, char *const *args, struct err *e)
{
	size_t pods = 0;

	if (find_names(v, args, e) < 0)
		return -1;
	v->project_column = count_shown(v, &pods) > 1 || v->values->all;
	if (v->values->output == OUT_JSON) {
		show_json(v);
		return 0;
	}
	if (!pods && v->values->output != OUT_NAME) {
		(void)fputs("No pods found.\n", stderr);
		return 0;
	}
	show_lines(v);
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	struct view v = {.values = values, .now = clock_real_ns()};
	int r = projects_load(c, &v.ps, e);

	if (r == 0)
		r = show(&v, args, e);
	table_done(&v.table);
	strbuf_done(&v.text);
	strv_done(&v.names);
	projects_done(&v.ps);
	return r;
}

const struct verb verb_ps = {
	.name = "ps",
	.usage = "[POD]...",
	.summary = "list pods with their state",
	.text = "Without -p NAME the pods of all projects are shown, with their project when there is more than one.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
