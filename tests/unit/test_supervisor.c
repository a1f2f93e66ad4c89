/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_supervisor.c - up, change, kill, down with real namespaces, a busybox image and no network
 *
 * Skipped where user namespaces or busybox-static are missing.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pkg/pod/client.h"
#include "pkg/pod/output.h"
#include "pkg/pod/project.h"
#include "pkg/runtime/userns.h"
#include "pkg/store/store.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "tests/unit/fake_net.h"

#define HEX64(c)        c c c c c c c c c c c c c c c c
#define DIGEST_LAYER    HEX64("aaaa")
#define DIGEST_CONFIG   HEX64("bbbb")
#define DIGEST_MANIFEST HEX64("cccc")

static const char busybox[] = "/usr/bin/busybox";
static const char config_text[] =
	"{\"architecture\": \"amd64\", \"os\": \"linux\", \"config\": {\"Env\": [\"PATH=/bin\"]},"
	" \"rootfs\": {\"type\": \"layers\", \"diff_ids\": [\"sha256:" DIGEST_LAYER "\"]}}";

static char base[] = "/tmp/kubeplay-test-XXXXXX";
static struct idmap map;
static struct dirs dirs;
static const char *skip_because;

/* --- the place ---------------------------------------------------------------------------- */

static void put_file(int dir, const char *name, const void *data, size_t len, mode_t mode)
{
	struct err e = {0};

	assert_int_equal(fs_write_atomic(dir, name, data, len, mode, false, &e), 0);
	assert_int_equal(fchmodat(dir, name, mode, 0), 0);
	assert_int_equal(fchownat(dir, name, dirs.owner_uid, dirs.owner_gid, 0), 0);
}

static int open_dir(const char *path, mode_t mode)
{
	struct err e = {0};
	int fd = dirs_open_data(&dirs, path, true, &e);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	return fd;
}

static void make_layer(void)
{
	static const char *const names[] = {"sh", "sleep", "cat", "echo", "ls"};
	autostrbuf struct strbuf program = {0};
	struct err e = {0};
	int root = open_dir("store/layers/" DIGEST_LAYER, 0755);
	int bin = open_dir("store/layers/" DIGEST_LAYER "/bin", 0755);

	assert_int_equal(fd_read_file(AT_FDCWD, busybox, 64 << 20, &program, &e), 0);
	put_file(bin, "busybox", program.s, program.len, 0755);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(symlinkat("busybox", bin, names[i]), 0);
	(void)close(bin);
	(void)close(root);
}

static void make_store(void)
{
	static const char index[] = "version: 1\nimages:\n- names:\n  - \"localhost/box:1\"\n"
				    "  manifest: \"sha256:" DIGEST_MANIFEST "\"\n"
				    "  config: \"sha256:" DIGEST_CONFIG "\"\n"
				    "  layers:\n  - diff_id: \"sha256:" DIGEST_LAYER "\"\n";
	int blobs = open_dir("store/blobs/sha256", 0700), store = open_dir("store", 0700);

	put_file(blobs, DIGEST_CONFIG, config_text, sizeof(config_text) - 1, 0644);
	put_file(blobs, DIGEST_MANIFEST, "{}", 2, 0644);
	put_file(store, "images.yaml", index, sizeof(index) - 1, 0600);
	make_layer();
	(void)close(blobs);
	(void)close(store);
}

static int nothing(void *arg, struct err *e)
{
	UNUSED(arg);
	UNUSED(e);
	return 0;
}

static int begin(void **state)
{
	struct err e = {0};
	bool root = geteuid() == 0;

	UNUSED(state);
	(void)setenv("KUBEPLAY_BACKOFF_MS", "50,200", 1);
	(void)snprintf(base, sizeof(base), "/tmp/kubeplay-test-XXXXXX");
	if (!mkdtemp(base) || chmod(base, 0711) < 0)
		return -1;
	if (access(busybox, X_OK) < 0)
		skip_because = "no /usr/bin/busybox";
	else if (idmap_detect(&map, &e) < 0 || userns_run(&map, nothing, NULL, &e) < 0)
		skip_because = "no user namespaces";
	if (skip_because)
		return 0;
	autofree char *data = xasprintf("%s/data", base);
	autofree char *run = xasprintf("%s/run", base);

	if (dirs_open(&dirs, data, run, root ? (uid_t)idmap_host_uid(&map, 0) : geteuid(),
	              root ? (gid_t)idmap_host_gid(&map, 0) : getegid(), &e) < 0)
		return -1;
	make_store();
	return 0;
}

static int end(void **state)
{
	struct err e = {0};

	UNUSED(state);
	if (!skip_because)
		dirs_close(&dirs);
	if (fs_remove_tree(AT_FDCWD, base, &e) < 0)
		return userns_remove_tree(&map, AT_FDCWD, base, &e);
	return 0;
}

/* --- plans -------------------------------------------------------------------------------- */

struct box {
	const char *pod, *init, *script;
	enum plan_restart restart;
};

static void add_container(struct plan_container **list, uint32_t *count, const char *name,
                          const char *script)
{
	const char *argv[] = {"/bin/sh", "-c", script};
	struct plan_container *c;

	*list = xcalloc(1, sizeof(**list));
	*count = 1;
	c = *list;
	c->name = xstrdup(name);
	c->image = xstrdup("localhost/box:1");
	c->command = xcalloc(3, sizeof(*c->command));
	c->command_count = 3;
	for (int i = 0; i < 3; i++)
		plan_value_set(&c->command[i], argv[i]);
	c->security.run_as_user = c->security.run_as_group = -1;
	c->resources = (struct plan_resources){
		.cpu_request_m = -1, .cpu_limit_m = -1, .memory_request = -1, .memory_limit = -1};
	c->mounts = xcalloc(1, sizeof(*c->mounts));
	c->mounts_count = 1;
	c->mounts[0] = (struct plan_mount){.volume = xstrdup("data"), .path = xstrdup("/data")};
}

static struct plan *make_plan(const struct box *boxes, uint32_t n)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->version = PLAN_VERSION;
	p->project = xstrdup("test");
	p->project_namespace = xstrdup("default");
	p->files = xcalloc(1, sizeof(char *));
	p->files[0] = xstrdup("/x/test.yaml");
	p->files_count = 1;
	p->claims = xcalloc(1, sizeof(*p->claims));
	p->claims_count = 1;
	p->claims[0] = (struct plan_claim){
		.name = xstrdup("pg"), .claim_namespace = xstrdup("default"), .declared = true};
	p->pods = xcalloc(n, sizeof(*p->pods));
	p->pods_count = n;
	for (uint32_t i = 0; i < n; i++) {
		struct plan_pod *pod = &p->pods[i];

		pod->name = xstrdup(boxes[i].pod);
		pod->restart = boxes[i].restart;
		pod->volumes = xcalloc(1, sizeof(*pod->volumes));
		pod->volumes_count = 1;
		pod->volumes[0] = (struct plan_volume){
			.name = xstrdup("data"), .type = PLAN_CLAIM, .claim = xstrdup("pg")};
		if (boxes[i].init)
			add_container(&pod->init_containers, &pod->init_containers_count, "init",
			              boxes[i].init);
		add_container(&pod->containers, &pod->containers_count, "app", boxes[i].script);
	}
	return p;
}

struct changes {
	int count[4];
};

static void count_change(const char *pod, enum pod_change change, void *arg)
{
	struct changes *c = arg;

	UNUSED(pod);
	c->count[change]++;
}

static int up(const struct box *boxes, uint32_t n, struct changes *c, struct err *e)
{
	struct plan *plan = make_plan(boxes, n);
	struct plan_data data = {0};
	struct up_request r = {
		.dirs = &dirs,
		.idmap = &map,
		.plan = plan,
		.data = &data,
		.objects = "objects\n",
		.objects_len = 8,
		.net = &fake_net,
		.net_config = {.mode = NET_NONE},
		.timeout_ms = 20000,
		.on_pod = count_change,
		.arg = c,
	};
	int result;

	*c = (struct changes){0};
	*e = (struct err){0};
	result = project_up(&r, e);
	plan_free(plan);
	return result;
}

static int down(bool volumes)
{
	struct changes c = {0};
	struct down_request r = {.dirs = &dirs,
	                         .idmap = &map,
	                         .project = "test",
	                         .volumes = volumes,
	                         .grace_seconds = 0,
	                         .on_pod = count_change,
	                         .arg = &c};
	struct err e = {0};
	int result = project_down(&r, &e);

	while (waitpid(-1, NULL, WNOHANG) > 0)
		; /* supervisors that this process cloned */
	return result;
}

static struct state_project *look(bool *alive)
{
	struct state_project *s = NULL;
	struct err e = {0};

	assert_int_equal(project_state(&dirs, "test", &s, alive, &e), 0);
	return s;
}

static void expect_nothing_left(void)
{
	static const char *const gone[] = {"projects/test"};

	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		assert_int_equal(faccessat(dirs.root_fd, gone[i], F_OK, 0), -1);
		assert_int_equal(faccessat(dirs.runroot_fd, gone[i], F_OK, 0), -1);
	}
	assert_int_equal(faccessat(dirs.runroot_fd, "locks/test.lock", F_OK, 0), -1);
}

/* Exit code of a command in the container "app" of a pod. */
static int run_in(const char *pod, const char *script)
{
	char sh[] = "sh", c[] = "-c";
	autofree char *text = xstrdup(script);
	char *argv[] = {sh, c, text, NULL};
	struct client_exec x = {.pod = pod, .argv = argv, .in = -1, .out = -1, .err = -1};
	struct client client = {.fd = -1};
	struct err e = {0};
	int dir = dirs_open_project(&dirs, "test", false, &e), code = -1;

	assert_true(dir >= 0);
	assert_int_equal(client_connect(dir, &client, &e), 0);
	if (client_exec(&client, &x, &code, &e) < 0)
		code = -1;
	client_close(&client);
	(void)close(dir);
	return code;
}

#define NEEDS_NAMESPACES()                                                                         \
	do {                                                                                       \
		if (skip_because) {                                                                \
			print_message("skipped: %s\n", skip_because);                              \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* --- tests -------------------------------------------------------------------------------- */

TEST(a_project_comes_up_answers_and_goes_without_a_trace)
{
	const struct box web = {"web", NULL, "exec sleep 1000", PLAN_RESTART_ALWAYS};
	struct changes c;
	struct err e;
	bool alive;

	NEEDS_NAMESPACES();
	assert_int_equal(up(&web, 1, &c, &e), 0);
	assert_int_equal(c.count[POD_CREATED], 1);
	struct state_project *s = look(&alive);

	assert_true(alive);
	assert_int_equal(s->pods[0].phase, STATE_POD_RUNNING);
	assert_true(s->pods[0].ready);
	assert_string_equal(s->pods[0].pod_ip, "10.9.8.7");
	state_free(s);
	assert_int_equal(run_in("web", "exit 7"), 7);
	assert_int_equal(run_in("web", "test -e /data && echo x > /data/kept"), 0);
	assert_int_equal(run_in("web", "grep -q web /etc/hosts 2>/dev/null; cat /etc/hosts"), 0);
	assert_int_equal(run_in("none", "true"), -1);
	assert_int_equal(down(false), 0);
	expect_nothing_left();
	assert_int_equal(faccessat(dirs.root_fd, "volumes/default/pg/kept", F_OK, 0), 0);
	assert_int_equal(down(false), 1);
}

TEST(an_unchanged_up_does_nothing_and_a_change_touches_only_its_pod)
{
	struct box boxes[] = {{"a", NULL, "exec sleep 1000", PLAN_RESTART_ALWAYS},
	                      {"b", NULL, "exec sleep 1000", PLAN_RESTART_ALWAYS}};
	struct changes c;
	struct err e;
	bool alive;

	NEEDS_NAMESPACES();
	assert_int_equal(up(boxes, 2, &c, &e), 0);
	struct state_project *before = look(&alive);

	assert_int_equal(up(boxes, 2, &c, &e), 0);
	assert_int_equal(c.count[POD_UNCHANGED], 2);
	boxes[1].script = "exec sleep 1001";
	assert_int_equal(up(boxes, 2, &c, &e), 0);
	assert_int_equal(c.count[POD_UNCHANGED], 1);
	assert_int_equal(c.count[POD_CONFIGURED], 1);
	struct state_project *after = look(&alive);

	assert_int_equal(after->supervisor_pid, before->supervisor_pid);
	assert_int_equal(after->pods[0].containers[0].pid, before->pods[0].containers[0].pid);
	assert_int_not_equal(after->pods[1].containers[0].pid, before->pods[1].containers[0].pid);
	state_free(before);
	state_free(after);
	boxes[1].pod = "port-in-use"; /* refused before anything is touched */
	assert_int_equal(up(boxes, 2, &c, &e), -1);
	after = look(&alive);
	assert_int_equal(after->pods_count, 2);
	assert_true(after->pods[1].ready);
	state_free(after);
	assert_int_equal(up(boxes, 1, &c, &e), 0);
	assert_int_equal(c.count[POD_DELETED], 1);
	assert_int_equal(down(true), 0);
	expect_nothing_left();
}

TEST(a_crash_loop_is_reported_with_its_last_words_and_stays_for_inspection)
{
	const struct box bad = {"bad", NULL, "echo the reason; exit 3", PLAN_RESTART_ALWAYS};
	struct changes c;
	struct err e;
	bool alive;
	int r;

	NEEDS_NAMESPACES();
	r = up(&bad, 1, &c, &e); /* it was Running for a moment: then ask again */
	for (int i = 0; i < 100 && r == 0; i++) {
		(void)usleep(20000);
		r = up(&bad, 1, &c, &e);
	}
	assert_int_equal(r, -1);
	assert_int_equal(e.kind, ERR_WORKLOAD);
	assert_non_null(strstr(e.msg, "pod bad, container app: exited with code 3"));
	assert_non_null(strstr(e.msg, "the reason"));
	struct state_project *s = look(&alive);

	assert_true(alive);
	assert_true(s->pods[0].containers[0].restart_count > 0);
	state_free(s);
	assert_int_equal(down(true), 0);
	expect_nothing_left();
}

TEST(init_containers_come_first_and_a_failed_one_fails_the_pod)
{
	const struct box good = {"p", "echo first > /data/order",
	                         "cat /data/order && exec sleep 1000", PLAN_RESTART_NEVER};
	const struct box bad = {"p", "exit 9", "exec sleep 1000", PLAN_RESTART_NEVER};
	struct changes c;
	struct err e;
	bool alive;

	NEEDS_NAMESPACES();
	assert_int_equal(up(&good, 1, &c, &e), 0);
	assert_int_equal(down(true), 0);
	assert_int_equal(up(&bad, 1, &c, &e), -1);
	assert_non_null(strstr(e.msg, "init container init: exited with code 9"));
	struct state_project *s = look(&alive);

	assert_int_equal(s->pods[0].phase, STATE_FAILED);
	assert_int_equal(s->pods[0].containers[1].state, STATE_WAITING);
	state_free(s);
	assert_int_equal(down(true), 0);
}

TEST(no_program_runs_before_the_network_is_ready)
{
	const struct box web = {"web", "echo init > /data/ran", "exec sleep 1000",
	                        PLAN_RESTART_ALWAYS};
	struct changes c;
	struct err e;
	bool alive;
	int r;

	NEEDS_NAMESPACES();
	fake_late_ms = 400;
	(void)snprintf(fake_canary, sizeof(fake_canary), "%s/data/volumes/default/pg/ran", base);
	r = up(&web, 1, &c, &e);
	fake_late_ms = 0;
	assert_int_equal(r, 0);
	assert_int_equal(access(fake_canary, F_OK), 0);
	struct state_project *s = look(&alive);

	assert_string_equal(s->network, "none");
	assert_null(s->network_message);
	state_free(s);
	assert_int_equal(down(true), 0);
	expect_nothing_left();
}

TEST(a_completed_pod_counts_as_ready)
{
	const struct box job = {"job", NULL, "exit 0", PLAN_RESTART_NEVER};
	struct changes c;
	struct err e;

	NEEDS_NAMESPACES();
	assert_int_equal(up(&job, 1, &c, &e), 0);
	assert_int_equal(up(&job, 1, &c, &e), 0);
	assert_int_equal(down(true), 0);
}

TEST(a_killed_supervisor_leaves_no_process_and_up_works_again)
{
	const struct box web = {"web", NULL, "exec sleep 1000", PLAN_RESTART_ALWAYS};
	struct changes c;
	struct err e;
	bool alive;

	NEEDS_NAMESPACES();
	assert_int_equal(up(&web, 1, &c, &e), 0);
	assert_int_equal(run_in("web", "echo x > /data/kept"), 0);
	struct state_project *s = look(&alive);

	assert_int_equal(kill((pid_t)s->supervisor_pid, SIGKILL), 0);
	assert_int_equal(state_wait_gone(s, 10000, &e), 0);
	state_free(s);
	s = look(&alive);
	assert_false(alive);
	assert_int_equal(s->pods[0].phase, STATE_FAILED);
	assert_string_equal(s->pods[0].containers[0].now.reason, "Unknown");
	state_free(s);
	assert_int_equal(up(&web, 1, &c, &e), 0);
	assert_int_equal(run_in("web", "test -e /data/kept"), 0);
	assert_int_equal(down(true), 0);
	expect_nothing_left();
	assert_int_equal(faccessat(dirs.root_fd, "volumes/default", F_OK, 0), -1);
}

TEST(a_set_up_that_fails_undoes_everything)
{
	static const char *const pods[] = {"port-in-use", "no-network"};
	struct changes c;
	struct err e;

	NEEDS_NAMESPACES();
	for (size_t i = 0; i < ARRAY_LEN(pods); i++) {
		const struct box boxes[] = {
			{"ok", NULL, "exec sleep 1000", PLAN_RESTART_ALWAYS},
			{pods[i], NULL, "exec sleep 1000", PLAN_RESTART_ALWAYS}};

		assert_int_equal(up(boxes, 2, &c, &e), -1);
		assert_int_equal(e.kind, ERR_HOST);
		assert_int_equal(c.count[POD_CREATED], 0);
		expect_nothing_left();
		assert_int_equal(faccessat(dirs.root_fd, "volumes/default", F_OK, 0), -1);
	}
}

TEST(a_command_that_does_not_exist_is_named)
{
	struct box box = {"p", NULL, "x", PLAN_RESTART_ALWAYS};
	struct changes c;
	struct plan *plan;
	struct err e = {0};

	NEEDS_NAMESPACES();
	plan = make_plan(&box, 1);
	free(plan->pods[0].containers[0].command[0].parts[0].text);
	plan->pods[0].containers[0].command[0].parts[0].text = xstrdup("/bin/nosuch");
	struct plan_data data = {0};
	struct up_request r = {.dirs = &dirs,
	                       .idmap = &map,
	                       .plan = plan,
	                       .data = &data,
	                       .objects = "",
	                       .net = &fake_net,
	                       .timeout_ms = 20000,
	                       .on_pod = count_change,
	                       .arg = &c};

	assert_int_equal(project_up(&r, &e), -1);
	assert_int_equal(e.kind, ERR_WORKLOAD);
	assert_non_null(strstr(e.msg, "pod p, container app"));
	assert_non_null(strstr(e.msg, "/bin/nosuch"));
	plan_free(plan);
	assert_int_equal(down(true), 0);
}

#define IN_PLACE(name) CASE_WITH(name, begin, end)
RUN_TESTS(IN_PLACE(a_project_comes_up_answers_and_goes_without_a_trace),
          IN_PLACE(an_unchanged_up_does_nothing_and_a_change_touches_only_its_pod),
          IN_PLACE(a_crash_loop_is_reported_with_its_last_words_and_stays_for_inspection),
          IN_PLACE(init_containers_come_first_and_a_failed_one_fails_the_pod),
          IN_PLACE(no_program_runs_before_the_network_is_ready),
          IN_PLACE(a_completed_pod_counts_as_ready),
          IN_PLACE(a_killed_supervisor_leaves_no_process_and_up_works_again),
          IN_PLACE(a_set_up_that_fails_undoes_everything),
          IN_PLACE(a_command_that_does_not_exist_is_named))
