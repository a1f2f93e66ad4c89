/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, ages and sizes; status words and Pod objects as kubectl knows them. */
#include "cmd/kubeplay/podjson.c"
#include "cmd/kubeplay/report.c"
#include "cmd/kubeplay/status.c"
#include "tests/unit/test.h"

#define SECONDS INT64_C(1000000000)

TEST(columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks)
{
	autotable struct table t = {.columns = 3};
	autostrbuf struct strbuf out = {0};

	table_cells(&t, "NAME", "READY", "IP", "w\xc3\xa4hrung", "1/1", "", NULL);
	table_cellf(&t, "%s-%d", "a", 7);
	table_cells(&t, "0/1", "10.244.0.2", NULL);
	table_format(&t, &out);
	assert_string_equal(out.s, "NAME      READY   IP\n"
	                           "w\xc3\xa4hrung   1/1     <none>\n"
	                           "a-7       0/1     10.244.0.2\n");
}

TEST(text_from_outside_cannot_drive_the_terminal)
{
	autotable struct table t = {.columns = 1};
	autostrbuf struct strbuf out = {0};

	table_cell(&t, "a\033[2Jb\nc");
	table_format(&t, &out);
	assert_string_equal(out.s, "a\\x1b[2Jb\\x0ac\n");
}

TEST(ages_are_written_as_kubectl_does)
{
	static const struct {
		int64_t s;
		const char *text;
	} rows[] = {
		{-5, "0s"},          {0, "0s"},         {119, "119s"},      {120, "2m"},
		{200, "3m20s"},      {600, "10m"},      {10799, "179m"},    {10800, "3h"},
		{11100, "3h5m"},     {28800, "8h"},     {172799, "47h"},    {172800, "2d"},
		{180000, "2d2h"},    {691200, "8d"},    {63071999, "729d"}, {63072000, "2y"},
		{70000000, "2y80d"}, {252288000, "8y"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char age[REPORT_AGE_SIZE];

		report_age(rows[i].s * SECONDS, age);
		assert_string_equal(age, rows[i].text);
	}
}

TEST(sizes_have_two_or_three_digits)
{
	static const struct {
		int64_t n;
		const char *text;
	} rows[] = {{0, "0B"},         {999, "999B"},        {1000, "1.0kB"},
	            {1250, "1.2kB"},   {184000000, "184MB"}, {1500000000, "1.5GB"},
	            {999999, "1.0MB"}, {INT64_MAX, "9.2EB"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char size[REPORT_SIZE_SIZE];

		report_size(rows[i].n, size);
		assert_string_equal(size, rows[i].text);
	}
}

TEST(bytes_that_are_not_utf8_become_json_all_the_same)
{
	json_t *s = report_string("a\xff"), *null = report_string(NULL);

	assert_string_equal(json_string_value(s), "a\\xff");
	assert_true(json_is_null(null));
	json_decref(s);
	json_decref(null);
}

/* --- status
 * -----------------------------------------------------------------------------------------------------
 */

static char app[] = "app", side[] = "side", prepare[] = "prepare", completed[] = "Completed",
	    error[] = "Error", creating[] = "ContainerCreating",
	    initializing_text[] = "PodInitializing", back_off[] = "CrashLoopBackOff",
	    unknown[] = "Unknown", uid[] = "11111111-2222-3333-4444-555555555555", web[] = "web",
	    ip[] = "10.244.0.2", image[] = "nginx", image_id[] = "sha256:00", space[] = "default",
	    host_ip[] = "192.0.2.10";

static struct state_container running(char *name)
{
	return (struct state_container){
		.name = name, .state = STATE_RUNNING, .ready = true, .now.started_ns = 2 * SECONDS};
}

static struct state_container waiting(char *name, char *reason)
{
	return (struct state_container){.name = name, .state = STATE_WAITING, .reason = reason};
}

static struct state_container ended(char *name, int code, int signal, char *reason)
{
	return (struct state_container){
		.name = name,
		.state = STATE_TERMINATED,
		.now = {.started_ns = 2 * SECONDS,
	                .finished_ns = 3 * SECONDS,
	                .exit_code = code,
	                .signal = signal,
	                .reason = reason},
	};
}

static struct state_container init(struct state_container c)
{
	c.init = true;
	return c;
}

struct status_row {
	enum state_pod_phase phase;
	char *reason;
	bool ready;
	struct state_container c[3];
	const char *word;
	unsigned int ready_count, total;
};

static void check_status(const struct status_row *r)
{
	struct state_container list[3];
	struct state_pod pod = {
		.phase = r->phase, .reason = r->reason, .ready = r->ready, .containers = list};
	struct status s;

	while (pod.containers_count < 3 && r->c[pod.containers_count].name) {
		list[pod.containers_count] = r->c[pod.containers_count];
		pod.containers_count++;
	}
	status_of_pod(&pod, &s);
	assert_string_equal(s.word, r->word);
	assert_int_equal(s.ready, r->ready_count);
	assert_int_equal(s.total, r->total);
}

TEST(status_words_are_those_of_kubectl)
{
	const struct status_row rows[] = {
		{STATE_POD_RUNNING, NULL, true, {running(app)}, "Running", 1, 1},
		{STATE_PENDING, NULL, false, {waiting(app, creating)}, "ContainerCreating", 0, 1},
		{STATE_PENDING, NULL, false, {waiting(app, NULL)}, "Pending", 0, 1},
		{STATE_POD_RUNNING,
	         NULL,
	         false,
	         {waiting(app, back_off), running(side)},
	         "CrashLoopBackOff",
	         1,
	         2},
		{STATE_SUCCEEDED, NULL, false, {ended(app, 0, 0, completed)}, "Completed", 0, 1},
		{STATE_FAILED, NULL, false, {ended(app, 1, 0, error)}, "Error", 0, 1},
		{STATE_FAILED, NULL, false, {ended(app, 3, 0, NULL)}, "ExitCode:3", 0, 1},
		{STATE_FAILED, NULL, false, {ended(app, 137, 9, NULL)}, "Signal:9", 0, 1},
		{STATE_POD_RUNNING,
	         NULL,
	         true,
	         {ended(app, 0, 0, completed), running(side)},
	         "Running",
	         1,
	         2},
		{STATE_POD_RUNNING,
	         NULL,
	         false,
	         {ended(app, 0, 0, completed), running(side)},
	         "NotReady",
	         1,
	         2},
		{STATE_PENDING,
	         NULL,
	         false,
	         {init(running(prepare)), waiting(app, initializing_text)},
	         "Init:0/1",
	         0,
	         1},
		{STATE_PENDING,
	         NULL,
	         false,
	         {init(waiting(prepare, initializing_text)), waiting(app, initializing_text)},
	         "Init:0/1",
	         0,
	         1},
		{STATE_PENDING,
	         NULL,
	         false,
	         {init(waiting(prepare, back_off)), waiting(app, initializing_text)},
	         "Init:CrashLoopBackOff",
	         0,
	         1},
		{STATE_PENDING,
	         NULL,
	         false,
	         {init(ended(prepare, 1, 0, error)), waiting(app, initializing_text)},
	         "Init:Error",
	         0,
	         1},
		{STATE_PENDING,
	         NULL,
	         false,
	         {init(ended(prepare, 2, 0, NULL)), waiting(app, initializing_text)},
	         "Init:ExitCode:2",
	         0,
	         1},
		{STATE_PENDING,
	         NULL,
	         false,
	         {init(ended(prepare, 0, 0, completed)), init(running(side)),
	          waiting(app, initializing_text)},
	         "Init:1/2",
	         0,
	         1},
		{STATE_PENDING,
	         NULL,
	         false,
	         {init(ended(prepare, 0, 0, completed)), waiting(app, initializing_text)},
	         "PodInitializing",
	         0,
	         1},
		{STATE_UNKNOWN, NULL, false, {ended(app, 0, 0, unknown)}, "Unknown", 0, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_status(&rows[i]);
}

TEST(restarts_are_added_up_and_the_latest_is_found)
{
	struct state_container list[] = {running(app), running(side)};
	struct state_pod pod = {
		.phase = STATE_POD_RUNNING, .containers = list, .containers_count = 2};
	struct status s;

	list[0].restart_count = 2;
	list[0].last.finished_ns = 50 * SECONDS;
	list[1].restart_count = 1;
	list[1].last.finished_ns = 70 * SECONDS;
	status_of_pod(&pod, &s);
	assert_int_equal(s.restarts, 3);
	assert_int_equal(s.last_restart_ns, 70 * SECONDS);
}

/* --- Pod objects
 * ------------------------------------------------------------------------------------------------
 */

static json_t *at(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (!v)
		fail_msg("no %s", key);
	return v;
}

static const char *condition(json_t *status, const char *type)
{
	size_t i;
	json_t *c;

	json_array_foreach(at(status, "conditions"), i,
	                   c) if (streq(json_string_value(at(c, "type")),
	                                type)) return json_string_value(at(c, "status"));
	return "absent";
}

static struct state_pod example(struct state_container *list, uint32_t count)
{
	return (struct state_pod){
		.name = web,
		.pod_namespace = space,
		.uid = uid,
		.phase = STATE_POD_RUNNING,
		.created_ns = SECONDS,
		.started_ns = 2 * SECONDS,
		.pod_ip = ip,
		.containers = list,
		.containers_count = count,
	};
}

TEST(a_running_pod_has_the_status_that_kubernetes_gives)
{
	struct state_container list[] = {init(ended(prepare, 0, 0, completed)), running(app)};
	struct state_pod pod = example(list, 2);
	struct state_project p = {.host_ip = host_ip};
	json_t *o, *s, *c;

	pod.ready = true;
	list[1].image = image;
	list[1].image_id = image_id;
	list[1].restart_count = 1;
	list[1].last = (struct state_run){
		.started_ns = SECONDS, .finished_ns = 2 * SECONDS, .exit_code = 1, .reason = error};
	o = podjson_pod(&p, &pod, NULL, NULL);
	s = at(o, "status");
	assert_string_equal(json_string_value(at(at(o, "metadata"), "uid")), uid);
	assert_string_equal(json_string_value(at(s, "phase")), "Running");
	assert_string_equal(json_string_value(at(s, "podIP")), ip);
	assert_string_equal(json_string_value(at(s, "hostIP")), host_ip);
	assert_string_equal(json_string_value(at(s, "startTime")), "1970-01-01T00:00:01Z");
	assert_string_equal(condition(s, "Ready"), "True");
	assert_string_equal(condition(s, "Initialized"), "True");
	assert_string_equal(condition(s, "PodScheduled"), "True");
	assert_int_equal(json_array_size(at(s, "initContainerStatuses")), 1);
	c = json_array_get(at(s, "containerStatuses"), 0);
	assert_string_equal(json_string_value(at(c, "imageID")), image_id);
	assert_int_equal(json_integer_value(at(c, "restartCount")), 1);
	assert_true(json_is_true(at(c, "ready")));
	assert_string_equal(json_string_value(at(at(at(c, "state"), "running"), "startedAt")),
	                    "1970-01-01T00:00:02Z");
	assert_int_equal(json_integer_value(at(at(at(c, "lastState"), "terminated"), "exitCode")),
	                 1);
	assert_string_not_equal(
		json_string_value(at(c, "containerID")),
		json_string_value(at(at(at(c, "lastState"), "terminated"), "containerID")));
	json_decref(o);
}

TEST(an_unready_container_is_named_in_the_conditions)
{
	struct state_container list[] = {running(app), waiting(side, back_off)};
	struct state_pod pod = example(list, 2);
	struct state_project p = {0};
	json_t *s = podjson_status(&p, &pod, NULL), *text;
	char *dump = json_dumps(s, 0);

	assert_string_equal(condition(s, "ContainersReady"), "False");
	assert_non_null(strstr(dump, "containers with unready status: [side]"));
	text = at(at(at(json_array_get(at(s, "containerStatuses"), 1), "state"), "waiting"),
	          "reason");
	assert_string_equal(json_string_value(text), back_off);
	free(dump);
	json_decref(s);
}

TEST(the_saved_object_is_completed_not_replaced)
{
	json_t *saved = json_pack("{s:s, s:{s:s, s:s}, s:{s:s}}", "kind", "Pod", "metadata", "name",
	                          "web", "uid", "mine", "spec", "hostname", "h");
	struct state_pod pod = example(NULL, 0);
	struct state_project p = {0};
	json_t *o = podjson_pod(&p, &pod, NULL, saved);

	assert_string_equal(json_string_value(at(at(o, "metadata"), "uid")), "mine");
	assert_string_equal(json_string_value(at(at(o, "spec"), "hostname")), "h");
	assert_non_null(at(o, "status"));
	assert_null(json_object_get(saved, "status"));
	json_decref(o);
	json_decref(saved);
}

RUN_TESTS(CASE(columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks),
          CASE(text_from_outside_cannot_drive_the_terminal), CASE(ages_are_written_as_kubectl_does),
          CASE(sizes_have_two_or_three_digits),
          CASE(bytes_that_are_not_utf8_become_json_all_the_same),
          CASE(status_words_are_those_of_kubectl),
          CASE(restarts_are_added_up_and_the_latest_is_found),
          CASE(a_running_pod_has_the_status_that_kubernetes_gives),
          CASE(an_unready_container_is_named_in_the_conditions),
          CASE(the_saved_object_is_completed_not_replaced))
