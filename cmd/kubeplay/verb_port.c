/* SPDX-License-Identifier: Apache-2.0 */
/* verb_port.c - which ports of this machine lead where? */
#include <inttypes.h>

#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"

static const char *const outputs[] = {"table", "json", NULL};

struct values {
	int output;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT", "table or json",
         outputs, 0, 0},
};

struct list {
	struct table table;
	json_t *json;
};

static const char *protocol(const struct plan_port *p)
{
	return p->protocol == PLAN_UDP ? "udp" : "tcp";
}

static void add_port(struct list *l, const char *pod, const char *container,
                     const struct plan_port *p)
{
	bool six = p->host_ip && strchr(p->host_ip, ':');
	json_t *o;

	table_cells(&l->table, pod, container, NULL);
	table_cellf(&l->table, "%" PRId64 "/%s", p->container_port, protocol(p));
	table_cellf(&l->table, "%s%s%s:%" PRId64, six ? "[" : "", p->host_ip ? p->host_ip : "*",
	            six ? "]" : "", p->host_port);
	o = json_pack("{s:o, s:o, s:I, s:s, s:I}", "pod", report_string(pod), "container",
	              report_string(container), "containerPort", (json_int_t)p->container_port,
	              "protocol", protocol(p), "hostPort", (json_int_t)p->host_port);
	report_set(o, "hostIP", p->host_ip);
	report_set(o, "name", p->name);
	(void)json_array_append_new(l->json, o);
}

static void add_pod(struct list *l, const struct plan_pod *pod)
{
	for (uint32_t i = 0; i < pod->containers_count; i++)
		for (uint32_t j = 0; j < pod->containers[i].ports_count; j++)
			if (pod->containers[i].ports[j].host_port)
				add_port(l, pod->name, pod->containers[i].name,
				         &pod->containers[i].ports[j]);
}

static void add_project(struct list *l, const struct projects *ps, struct project *p)
{
	for (uint32_t i = 0; p->alive && p->state && i < p->state->pods_count; i++) {
		const struct plan_pod *pod = projects_plan_pod(ps, p, &p->state->pods[i]);

		if (pod)
			add_pod(l, pod);
	}
}

static int gather(struct list *l, struct projects *ps, char **args, struct err *e)
{
	const struct plan_pod *plan;
	struct pod_ref ref;

	if (!args[0]) {
		for (size_t i = 0; i < ps->len; i++)
			add_project(l, ps, &ps->v[i]);
		return 0;
	}
	if (projects_find_pod(ps, args[0], &ref, e) < 0)
		return -1;
	plan = projects_plan_pod(ps, ref.project, ref.pod);
	if (plan && ref.project->alive)
		add_pod(l, plan);
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	autoprojects struct projects ps = {0};
	struct list l = {.table = {.columns = 4}, .json = json_array()};
	int r;

	table_cells(&l.table, "POD", "CONTAINER", "PORT", "HOST", NULL);
	r = projects_load(c, &ps, e);
	if (r == 0)
		r = gather(&l, &ps, args, e);
	if (r == 0 && v->output)
		report_json(json_incref(l.json));
	else if (r == 0 && json_array_size(l.json))
		table_print(&l.table);
	json_decref(l.json);
	table_done(&l.table);
	return r;
}

const struct verb verb_port = {
	.name = "port",
	.usage = "[POD]",
	.summary = "list published ports",
	VERB_OPTIONS(options, defaults),
	.max_args = 1,
	.run = run,
};
