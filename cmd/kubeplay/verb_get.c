/* SPDX-License-Identifier: Apache-2.0 */
/* verb_get.c - the objects of running projects, as manifests that can be loaded again */
#include <inttypes.h>

#include "cmd/kubeplay/items.h"
#include "cmd/kubeplay/podjson.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/status.h"
#include "cmd/kubeplay/verb.h"
#include "kube/alias.h"
#include "kube/k8s.h"
#include "kube/print.h"
#include "pkg/util/clock.h"

enum output { OUT_TABLE, OUT_YAML, OUT_JSON, OUT_NAME };
static const char *const outputs[] = {"table", "yaml", "json", "name", NULL};

struct values {
	int output;
	const char *namespace;
	bool show_secrets, no_headings;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "table, yaml, json or name", outputs, 0, 0},
	{"namespace", 'n', OPTION_STRING, offsetof(struct values, namespace), "NAME",
         "only what is in this namespace", NULL, 0, 0},
	{"show-secrets", 0, OPTION_FLAG, offsetof(struct values, show_secrets), NULL,
         "the values of Secrets, instead of <secret>", NULL, 0, 0},
	{"no-headers", 0, OPTION_FLAG, offsetof(struct values, no_headings), NULL,
         "no line of headings", NULL, 0, 0},
};

struct view {
	struct items x;
	const struct values *values;
	int64_t now;
};

/* --- tables --------------------------------------------------------------------------------
 */

static void ready_of_pod(const struct view *v, const struct item *i, struct strbuf *out)
{
	struct status s;

	UNUSED(v);
	status_of_pod(i->pod, &s);
	strbuf_addf(out, "%u/%u", s.ready, s.total);
}

static void status_word(const struct view *v, const struct item *i, struct strbuf *out)
{
	struct status s;

	UNUSED(v);
	status_of_pod(i->pod, &s);
	strbuf_adds(out, s.word);
}

static void restarts(const struct view *v, const struct item *i, struct strbuf *out)
{
	struct status s;

	UNUSED(v);
	status_of_pod(i->pod, &s);
	strbuf_addf(out, "%" PRId64, s.restarts);
}

/* Pods that are ready, of those that the controller has. */
static void ready_of_controller(const struct view *v, const struct item *i, struct strbuf *out)
{
	const struct state_project *state = i->project->state;
	unsigned int ready = 0, all = 0;

	for (uint32_t p = 0; p < state->pods_count; p++) {
		const struct plan_pod *pod =
			projects_plan_pod(&v->x.ps, i->project, &state->pods[p]);

		if (!pod || !pod->owner_kind || !pod->owner_name || !pod->pod_namespace ||
		    !streq(pod->owner_kind, schema_kinds[i->kind].name) ||
		    !streq(pod->owner_name, i->name) || !streq(pod->pod_namespace, i->ns))
			continue;
		all++;
		ready += state->pods[p].ready;
	}
	strbuf_addf(out, "%u/%u", ready, all);
}

static void keys_of_config_map(const struct view *v, const struct item *i, struct strbuf *out)
{
	const struct k8s_config_map *m = i->entry->data;

	UNUSED(v);
	strbuf_addf(out, "%" PRIu32, m->data_count + m->binaryData_count);
}

static void keys_of_secret(const struct view *v, const struct item *i, struct strbuf *out)
{
	const struct k8s_secret *s = i->entry->data;

	UNUSED(v);
	strbuf_addf(out, "%" PRIu32, s->data_count + s->stringData_count);
}

static void type_of_secret(const struct view *v, const struct item *i, struct strbuf *out)
{
	const struct k8s_secret *s = i->entry->data;

	UNUSED(v);
	strbuf_adds(out, s->type && *s->type ? s->type : "Opaque");
}

struct column {
	const char *heading;
	void (*cell)(const struct view *v, const struct item *i, struct strbuf *out);
};

/* What stands between NAME and AGE. */
enum { MAX_COLUMNS = 3 };
static const struct column controller_columns[MAX_COLUMNS] = {{"READY", ready_of_controller}};
static const struct column pod_columns[MAX_COLUMNS] = {
	{"READY", ready_of_pod}, {"STATUS", status_word}, {"RESTARTS", restarts}};
static const struct column config_map_columns[MAX_COLUMNS] = {{"DATA", keys_of_config_map}};
static const struct column secret_columns[MAX_COLUMNS] = {{"TYPE", type_of_secret},
                                                          {"DATA", keys_of_secret}};
static const struct column no_columns[MAX_COLUMNS];

static const struct column *columns_of(enum object_type kind)
{
	static const struct column *const of[OBJECT_TYPE_COUNT] = {
		[OBJECT_POD] = pod_columns,
		[OBJECT_REPLICATION_CONTROLLER] = controller_columns,
		[OBJECT_REPLICA_SET] = controller_columns,
		[OBJECT_DEPLOYMENT] = controller_columns,
		[OBJECT_STATEFUL_SET] = controller_columns,
		[OBJECT_DAEMON_SET] = controller_columns,
		[OBJECT_JOB] = controller_columns,
		[OBJECT_CONFIG_MAP] = config_map_columns,
		[OBJECT_SECRET] = secret_columns,
	};

	return of[kind] ? of[kind] : no_columns;
}

/* Which columns tell the items apart. */
struct shape {
	bool project, ns, kind;
};

static struct shape shape_of(const struct items *x)
{
	struct shape s = {0};

	for (size_t i = 1; i < x->len; i++) {
		s.project |= x->v[i].project != x->v[0].project;
		s.ns |= !streq(x->v[i].ns, x->v[0].ns);
		s.kind |= x->v[i].kind != x->v[0].kind;
	}
	return s;
}

static void headings(struct table *t, const struct shape *s, const struct column *c, bool shown)
{
	t->columns = (size_t)s->project + s->ns + 2;
	for (size_t i = 0; i < MAX_COLUMNS && c[i].heading; i++)
		t->columns++;
	if (!shown)
		return;
	if (s->project)
		table_cell(t, "PROJECT");
	if (s->ns)
		table_cell(t, "NAMESPACE");
	table_cell(t, "NAME");
	for (size_t i = 0; i < MAX_COLUMNS && c[i].heading; i++)
		table_cell(t, c[i].heading);
	table_cell(t, "AGE");
}

static void row(const struct view *v, const struct item *i, const struct shape *s, struct table *t)
{
	const struct column *c = columns_of(i->kind);
	autofree char *whole = alias_object(i->kind, i->name);
	int64_t since = i->pod ? i->pod->created_ns : i->project->state->created_ns;
	char age[REPORT_AGE_SIZE];

	if (s->project)
		table_cell(t, i->project->name);
	if (s->ns)
		table_cell(t, i->ns);
	table_cell(t, s->kind ? whole : i->name);
	for (size_t k = 0; k < MAX_COLUMNS && c[k].heading; k++) {
		autostrbuf struct strbuf text = {0};

		c[k].cell(v, i, &text);
		table_cell(t, text.s);
	}
	report_age(v->now - since, age);
	table_cell(t, since ? age : "");
}

/* A table for each run of items of one kind. */
static void show_tables(const struct view *v)
{
	const struct shape s = shape_of(&v->x);

	for (size_t i = 0, end; i < v->x.len; i = end) {
		autotable struct table t = {0};

		headings(&t, &s, columns_of(v->x.v[i].kind), !v->values->no_headings);
		for (end = i; end < v->x.len && v->x.v[end].kind == v->x.v[i].kind; end++)
			row(v, &v->x.v[end], &s, &t);
		if (i && !v->values->no_headings)
			(void)fputc('\n', stdout);
		table_print(&t);
	}
	if (!v->x.len)
		(void)fputs("Nothing found.\n", stderr);
}

static void show_names(const struct view *v)
{
	for (size_t i = 0; i < v->x.len; i++) {
		autofree char *name = alias_object(v->x.v[i].kind, v->x.v[i].name);
		autofree char *clean = str_sanitize(name, strlen(name));

		(void)fprintf(stdout, "%s\n", clean);
	}
}

/* --- manifests -----------------------------------------------------------------------------
 */

static int add_pod(const struct view *v, const struct item *i, struct strbuf *out, struct err *e)
{
	const struct plan_pod *plan = items_plan_pod(&v->x, i);
	const struct kube_objects *objects = items_objects(&v->x, i);
	char created[CLOCK_RFC3339_SIZE];
	json_t *status;
	char *text;

	if (!plan || !objects)
		return err_set(e, ERR_ABSENT, "what pod %s was made from is not known any more",
		               i->name);
	clock_rfc3339_s(i->pod->created_ns, created);
	if (objects_pod_json(objects, plan, i->pod->created_ns > 0 ? created : NULL, out, e) < 0)
		return -1;
	status = podjson_status(i->project->state, i->pod, plan);
	text = json_dumps(status, JSON_COMPACT);
	out->len--; /* the last brace */
	strbuf_addf(out, ",\"status\":%s}", text ? text : "{}");
	free(text);
	json_decref(status);
	return 0;
}

/* All items as one JSON text: the object that was named, or a List. */
static int add_all(struct view *v, struct strbuf *out, struct err *e)
{
	bool values = v->values->show_secrets;

	if (!v->x.one)
		strbuf_adds(out, "{\"apiVersion\":\"v1\",\"kind\":\"List\","
		                 "\"metadata\":{\"resourceVersion\":\"\"},\"items\":[");
	for (size_t i = 0; i < v->x.len; i++) {
		const struct item *x = &v->x.v[i];

		strbuf_adds(out, i ? "," : "");
		if (x->entry)
			objects_json(x->entry,
			             values && x->kind == OBJECT_SECRET ? items_secrets(&v->x, x)
			                                                : NULL,
			             out);
		else if (add_pod(v, x, out, e) < 0)
			return -1;
	}
	if (!v->x.one)
		strbuf_adds(out, "]}");
	return 0;
}

static int show_manifests(struct view *v, struct err *e)
{
	autostrbuf struct strbuf json = {0}, out = {0};

	if (add_all(v, &json, e) < 0)
		return -1;
	if (v->values->output == OUT_YAML)
		print_yaml(json.s, &out);
	else
		print_pretty(json.s, &out);
	(void)fwrite(out.s, 1, out.len, stdout);
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	struct view v = {.values = values, .now = clock_real_ns()};
	int r = items_find(c, args, v.values->namespace, &v.x, e);

	if (r == 0) {
		if (v.values->output == OUT_TABLE)
			show_tables(&v);
		else if (v.values->output == OUT_NAME)
			show_names(&v);
		else
			r = show_manifests(&v, e);
	}
	items_done(&v.x);
	return r;
}

const struct verb verb_get = {
	.name = "get",
	.usage = "TYPE[,TYPE...] [NAME]... | TYPE/NAME...",
	.summary = "list objects, or print them as manifests",
	.text = "Types are called as kubectl calls them: pods, deploy, cm, all ...\n"
		"What -o yaml and -o json print can be loaded again and gives the same pods.",
	VERB_OPTIONS(options, defaults),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
