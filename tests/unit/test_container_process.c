/* SPDX-License-Identifier: Apache-2.0 */
/* test_container_process.c - the plan joined with an image's config (pkg/pod/process.c) */
#include "tests/unit/test.h"

#include <signal.h>

#include "pkg/pod/node.h"
#include "pkg/pod/process.h"

static void put(struct plan_value **v, uint32_t *n, const char *text)
{
	*v = xrealloc(*v, (*n + 1) * sizeof(**v));
	(*v)[*n] = (struct plan_value){0};
	plan_value_set(&(*v)[(*n)++], text);
}

static void free_values(struct plan_value *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < v[i].parts_count; j++) {
			free(v[i].parts[j].text);
			free(v[i].parts[j].secret);
			free(v[i].parts[j].field);
		}
		free(v[i].parts);
	}
	free(v);
}

static char *join(const struct strv *v)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < v->len; i++)
		strbuf_addf(&b, "%s%s", i ? " " : "", v->v[i]);
	return strbuf_take(&b);
}

struct row {
	const char *entrypoint, *cmd, *command, *args, *want;
};

/* The table of the Kubernetes documentation, and its edges. */
static const struct row matrix[] = {
	{"/ep", "foo", NULL, NULL, "/ep foo"},  {"/ep", "foo", "/cmd", NULL, "/cmd"},
	{"/ep", "foo", NULL, "bar", "/ep bar"}, {"/ep", "foo", "/cmd", "bar", "/cmd bar"},
	{NULL, "foo", NULL, NULL, "foo"},       {NULL, "foo", NULL, "bar", "bar"},
	{"/ep", NULL, NULL, NULL, "/ep"},       {NULL, NULL, "/cmd", NULL, "/cmd"},
	{NULL, NULL, NULL, NULL, NULL},
};

static int make(const struct row *r, struct process *p, struct err *e)
{
	struct image_config img = {0};
	struct plan_container c = {0};
	struct plan_pod pod = {.name = (char[]){"pod"}};
	int n;

	c.image = (char[]){"img"};
	if (r->entrypoint)
		strv_add(&img.entrypoint, r->entrypoint);
	if (r->cmd)
		strv_add(&img.cmd, r->cmd);
	if (r->command)
		put(&c.command, &c.command_count, r->command);
	if (r->args)
		put(&c.args, &c.args_count, r->args);
	n = process_make(&pod, &c, &img, NULL, NULL, NULL, p, e);
	free_values(c.command, c.command_count);
	free_values(c.args, c.args_count);
	image_config_done(&img);
	return n;
}

TEST(argv_follows_the_kubernetes_matrix)
{
	for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
		struct process p = {0};
		struct err e = {0};
		int n = make(&matrix[i], &p, &e);
		autofree char *got = NULL;

		if (!matrix[i].want) {
			assert_int_equal(n, -1);
			assert_int_equal(e.kind, ERR_WORKLOAD);
			continue;
		}
		assert_int_equal(n, 0);
		got = join(&p.argv);
		assert_string_equal(got, matrix[i].want);
		process_done(&p);
	}
}

static const char *lookup(const char *field, void *arg)
{
	(void)arg;
	return streq(field, "status.podIP") ? "10.1.2.3" : NULL;
}

static const char *get(const struct process *p, const char *name)
{
	const char *found = NULL;
	size_t len = strlen(name), count = 0;

	for (size_t i = 0; i < p->env.len; i++)
		if (strncmp(p->env.v[i], name, len) == 0 && p->env.v[i][len] == '=') {
			found = p->env.v[i] + len + 1;
			count++;
		}
	assert_true(count <= 1);
	return found;
}

TEST(the_plans_environment_wins_and_late_parts_are_filled_in)
{
	struct image_config img = {0};
	struct plan_env env[3] = {
		{.name = (char[]){"A"}}, {.name = (char[]){"IP"}}, {.name = (char[]){"SECRET"}}};
	struct plan_pod pod = {.name = (char[]){"pod"}, .hostname = (char[]){"host"}};
	struct plan_container c = {.image = (char[]){"img"}};
	struct plan_data data = {0};
	struct process p = {0};
	struct err e = {0};

	strv_add(&img.cmd, "/bin/true");
	strv_add(&img.env, "A=image");
	strv_add(&img.env, "B=image");
	strv_add(&img.env, "NOEQUALS");
	strv_add(&img.env, "=odd");
	plan_data_add(&data, "s", true, "hush", 4);
	plan_value_add(&env[0].value, "plan", NULL, NULL);
	plan_value_add(&env[1].value, NULL, NULL, "status.podIP");
	plan_value_add(&env[2].value, NULL, "s", NULL);
	c.env = env;
	c.env_count = 3;
	assert_int_equal(process_make(&pod, &c, &img, &data, lookup, NULL, &p, &e), 0);
	assert_string_equal(get(&p, "A"), "plan");
	assert_string_equal(get(&p, "B"), "image");
	assert_string_equal(get(&p, "IP"), "10.1.2.3");
	assert_string_equal(get(&p, "SECRET"), "hush");
	assert_string_equal(get(&p, "HOSTNAME"), "host");
	assert_non_null(get(&p, "PATH"));
	assert_null(get(&p, ""));
	assert_false(strv_has(&p.env, "NOEQUALS")); /* the host's value must not be asked for */
	assert_string_equal(p.cwd, "/");
	process_done(&p);
	for (size_t i = 0; i < 3; i++)
		for (uint32_t j = 0; j < env[i].value.parts_count; j++) {
			free(env[i].value.parts[j].text);
			free(env[i].value.parts[j].secret);
			free(env[i].value.parts[j].field);
		}
	for (size_t i = 0; i < 3; i++)
		free(env[i].value.parts);
	plan_data_done(&data);
	image_config_done(&img);
}

static int sub_path(const struct plan_value *v, struct process *p, struct err *e)
{
	struct image_config img = {0};
	struct plan_mount mounts[2] = {{.path = (char[]){"/a"}, .sub_path = (char[]){"fixed"}},
	                               {.path = (char[]){"/b"}}};
	struct plan_pod pod = {.name = (char[]){"pod"}};
	struct plan_container c = {.image = (char[]){"img"}, .mounts = mounts, .mounts_count = 2};
	struct plan_value copy = *v;
	struct plan_data data = {0};
	int r;

	plan_data_add(&data, "s", true, "hush/..", 7);
	strv_add(&img.cmd, "x");
	mounts[1].sub_path_expr = &copy;
	r = process_make(&pod, &c, &img, &data, lookup, NULL, p, e);
	image_config_done(&img);
	plan_data_done(&data);
	return r;
}

TEST(a_sub_path_is_resolved_with_the_container_and_stays_below)
{
	static const struct {
		const char *before, *field, *secret, *after, *want;
	} rows[] = {
		{"x/", "status.podIP", NULL, "/y", "x/10.1.2.3/y"},
		{"a..b", NULL, NULL, NULL, "a..b"},
		{"/", "status.podIP", NULL, NULL, NULL},
		{"x/", NULL, "s", NULL, NULL},
		{"..", NULL, NULL, NULL, NULL},
		{"x/../", "status.podIP", NULL, NULL, NULL},
		{"x", "status.none", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan_value v = {0};
		struct process p = {0};
		struct err e = {0};

		plan_value_set(&v, rows[i].before);
		if (rows[i].field)
			plan_value_add(&v, NULL, NULL, rows[i].field);
		if (rows[i].secret)
			plan_value_add(&v, NULL, rows[i].secret, NULL);
		if (rows[i].after)
			plan_value_set(&v, rows[i].after);
		if (rows[i].want) {
			assert_int_equal(sub_path(&v, &p, &e), 0);
			assert_string_equal(p.sub_paths.v[0], "fixed");
			assert_string_equal(p.sub_paths.v[1], rows[i].want);
		} else {
			assert_int_equal(sub_path(&v, &p, &e), -1);
			assert_non_null(strstr(e.msg, "mount /b: subPathExpr"));
			assert_null(strstr(e.msg, "hush")); /* messages end up in logs */
		}
		process_done(&p);
		plan_value_done(&v);
	}
}

TEST(what_the_machine_has_is_divided_and_rounded_up)
{
	char a[24], b[24];
	int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN), n;

	assert_non_null(node_field("node.cpu/1000", a));
	assert_int_equal(str_parse_int(a, 1, INT64_MAX, &n), 0);
	assert_int_equal(n, cpus);
	assert_non_null(node_field("node.cpu/1", a));
	assert_int_equal(str_parse_int(a, 1, INT64_MAX, &n), 0);
	assert_int_equal(n, cpus * 1000);
	assert_non_null(node_field("node.memory/1", a));
	assert_int_equal(str_parse_int(a, 1, INT64_MAX, &n), 0);
	assert_int_equal(n, bytes);
	assert_non_null(node_field("node.memory/1000000007", b));
	assert_int_equal(str_parse_int(b, 1, INT64_MAX, &n), 0);
	assert_int_equal(n, (bytes + 1000000006) / 1000000007);
	assert_non_null(node_field("node.ephemeral-storage/1", a));
	assert_null(node_field("node.cpu/0", a));
	assert_null(node_field("node.cpu/", a));
	assert_null(node_field("node.cpu", a));
	assert_null(node_field("status.podIP", a));
}

TEST(the_images_path_and_directory_are_kept_unless_the_plan_says_otherwise)
{
	struct image_config img = {.working_dir = xstrdup("/srv")};
	struct plan_pod pod = {.name = (char[]){"pod"}};
	struct plan_container c = {.image = (char[]){"img"}};
	struct process p = {0};
	struct err e = {0};

	strv_add(&img.cmd, "x");
	strv_add(&img.env, "PATH=/only");
	assert_int_equal(process_make(&pod, &c, &img, NULL, NULL, NULL, &p, &e), 0);
	assert_string_equal(get(&p, "PATH"), "/only");
	assert_string_equal(p.cwd, "/srv");
	process_done(&p);
	c.working_dir = (char[]){"/w"};
	assert_int_equal(process_make(&pod, &c, &img, NULL, NULL, NULL, &p, &e), 0);
	assert_string_equal(p.cwd, "/w");
	process_done(&p);
	image_config_done(&img);
}

TEST(stop_signals_are_read_as_images_write_them)
{
	assert_int_equal(process_stop_signal(NULL), SIGTERM);
	assert_int_equal(process_stop_signal("SIGQUIT"), SIGQUIT);
	assert_int_equal(process_stop_signal("quit"), SIGQUIT);
	assert_int_equal(process_stop_signal("3"), SIGQUIT);
	assert_int_equal(process_stop_signal("SIGRTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(process_stop_signal("RTMIN"), SIGRTMIN);
	assert_int_equal(process_stop_signal("SIGRTMIN+900"), SIGTERM);
	assert_int_equal(process_stop_signal("0"), SIGTERM);
	assert_int_equal(process_stop_signal("-9"), SIGTERM);
	assert_int_equal(process_stop_signal("NONSENSE"), SIGTERM);
}

RUN_TESTS(CASE(argv_follows_the_kubernetes_matrix),
          CASE(the_plans_environment_wins_and_late_parts_are_filled_in),
          CASE(a_sub_path_is_resolved_with_the_container_and_stays_below),
          CASE(what_the_machine_has_is_divided_and_rounded_up),
          CASE(the_images_path_and_directory_are_kept_unless_the_plan_says_otherwise),
          CASE(stop_signals_are_read_as_images_write_them))
