/* SPDX-License-Identifier: Apache-2.0 */
/* test_state.c - the state record, its locks, and what is true when the supervisor is dead */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "pkg/state/state.h"
#include "pkg/util/clock.h"
#include "pkg/util/fs.h"
#include "pkg/util/proc.h"

static char base[] = "/tmp/kubeplay-test-XXXXXX";
static struct dirs dirs;
static int project = -1;

static int up(void **state)
{
	struct err e = {0};

	(void)state;
	(void)snprintf(base, sizeof(base), "/tmp/kubeplay-test-XXXXXX");
	if (!mkdtemp(base) || dirs_open(&dirs, base, base, geteuid(), getegid(), &e) < 0)
		return -1;
	project = dirs_open_project(&dirs, "web", true, &e);
	return project < 0 ? -1 : 0;
}

static int down(void **state)
{
	struct err e = {0};

	(void)state;
	(void)close(project);
	dirs_close(&dirs);
	return fs_remove_tree(AT_FDCWD, base, &e);
}

static struct state_project *sample(void)
{
	struct state_project *s = xcalloc(1, sizeof(*s));
	struct state_pod *p;

	s->version = 1;
	s->project = xstrdup("web");
	s->project_namespace = xstrdup("default");
	s->supervisor_pid = 4711;
	s->pods = xcalloc(1, sizeof(*s->pods));
	s->pods_count = 1;
	p = s->pods;
	p->name = xstrdup("pod: \"quoted\"\n\xc3\xa4");
	p->phase = STATE_POD_RUNNING;
	p->ready = true;
	p->containers = xcalloc(3, sizeof(*p->containers));
	p->containers_count = 3;
	for (int i = 0; i < 3; i++)
		p->containers[i].name = xasprintf("c%d", i);
	p->containers[0].state = STATE_RUNNING;
	p->containers[0].pid = 3;
	p->containers[1].state = STATE_TERMINATED;
	p->containers[2].state = STATE_WAITING;
	p->containers[2].reason = xstrdup("CrashLoopBackOff");
	p->containers[2].restart_at_ns = 5;
	return s;
}

TEST(what_is_saved_is_loaded)
{
	struct state_project *s = sample(), *t = NULL;
	struct err e = {0};

	assert_int_equal(state_save(project, s, &e), 0);
	assert_int_equal(state_load(project, &t, &e), 0);
	assert_string_equal(t->pods[0].name, s->pods[0].name);
	assert_int_equal(t->pods[0].phase, STATE_POD_RUNNING);
	assert_int_equal(t->pods[0].containers[0].pid, 3);
	assert_string_equal(t->pods[0].containers[2].reason, "CrashLoopBackOff");
	state_free(s);
	state_free(t);
}

TEST(an_absent_or_empty_state_is_absent)
{
	struct state_project *s = NULL;
	struct err e = {0};

	assert_int_equal(state_load(project, &s, &e), -1);
	assert_int_equal(e.kind, ERR_ABSENT);
	assert_int_equal(fs_write_atomic(project, "state.yaml", "", 0, 0600, false, &e), 0);
	assert_int_equal(state_load(project, &s, &e), -1);
	assert_int_equal(e.kind, ERR_ABSENT);
}

TEST(a_damaged_state_or_another_version_is_an_error)
{
	static const char *const bad[] = {"{",     "version: 2\n", "version: 1\n",
	                                  "- a\n", "version: x\n", "\t"};
	struct state_project *s = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};

		assert_int_equal(fs_write_atomic(project, "state.yaml", bad[i], strlen(bad[i]),
		                                 0600, false, &e),
		                 0);
		assert_int_equal(state_load(project, &s, &e), -1);
	}
}

TEST(a_dead_supervisors_pods_are_not_said_to_run)
{
	struct state_project *s = sample();
	struct state_container *c = s->pods[0].containers;

	state_mark_gone(s);
	assert_int_equal(s->pods[0].phase, STATE_FAILED);
	assert_false(s->pods[0].ready);
	assert_int_equal(c[0].state, STATE_TERMINATED);
	assert_int_equal(c[0].pid, 0);
	assert_string_equal(c[0].now.reason, "Unknown");
	assert_int_equal(c[1].state, STATE_TERMINATED);
	assert_null(c[1].now.reason);
	assert_int_equal(c[2].restart_at_ns, 0);
	state_free(s);
}

TEST(pods_that_had_succeeded_stay_succeeded)
{
	struct state_project *s = sample();

	s->pods[0].phase = STATE_SUCCEEDED;
	for (int i = 0; i < 3; i++)
		s->pods[0].containers[i].state = STATE_TERMINATED;
	state_mark_gone(s);
	assert_int_equal(s->pods[0].phase, STATE_SUCCEEDED);
	assert_null(s->pods[0].reason);
	state_free(s);
}

TEST(the_op_lock_excludes_and_is_removed_by_its_last_holder)
{
	struct err e = {0};
	int a = state_op_lock(&dirs, "web", 0, &e), b;

	assert_true(a >= 0);
	assert_int_equal(state_op_lock(&dirs, "web", 30, &e), -1);
	assert_int_equal(e.kind, ERR_TIMEOUT);
	b = state_op_lock(&dirs, "other", 0, &e);
	assert_true(b >= 0);
	state_op_unlock(&dirs, "other", &b, true);
	assert_int_equal(b, -1);
	assert_int_equal(faccessat(dirs.runroot_fd, "locks/other.lock", F_OK, 0), -1);
	state_op_unlock(&dirs, "web", &a, false);
	a = state_op_lock(&dirs, "web", 0, &e);
	assert_true(a >= 0);
	state_op_unlock(&dirs, "web", &a, true);
}

/* A waiter must not end up with a lock on a file that the holder removed. */
TEST(a_waiter_gets_a_lock_that_still_has_a_name)
{
	struct err e = {0};
	int a = state_op_lock(&dirs, "web", 0, &e);
	pid_t pid = fork();

	if (pid == 0) {
		(void)close(a); /* a lock lives as long as any copy of its descriptor */
		int b = state_op_lock(&dirs, "web", 5000, &e);

		_exit(b >= 0 && faccessat(dirs.runroot_fd, "locks/web.lock", F_OK, 0) == 0 ? 0 : 1);
	}
	(void)usleep(50000);
	state_op_unlock(&dirs, "web", &a, true);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(alive_is_who_holds_the_lock_and_looking_makes_no_file)
{
	struct err e = {0};
	int fd;

	assert_int_equal(state_alive(project), 0);
	assert_int_equal(faccessat(project, "lock", F_OK, 0), -1);
	fd = state_lock(project, &e);
	assert_true(fd >= 0);
	assert_int_equal(state_alive(project), 1);
	assert_int_equal(state_lock(project, &e), -1);
	assert_int_equal(e.sys, EWOULDBLOCK);
	(void)close(fd);
	assert_int_equal(state_alive(project), 0);
}

TEST(the_locks_note_names_its_owner)
{
	struct err e = {0};
	int fd = state_lock(project, &e);
	uint64_t start = 0;
	pid_t pid = 0;

	assert_int_equal(state_lock_owner(project, &pid, &start), -1);
	assert_int_equal(state_lock_note(fd, 12, 34, &e), 0);
	assert_int_equal(state_lock_owner(project, &pid, &start), 0);
	assert_int_equal(pid, 12);
	assert_int_equal(start, 34);
	(void)close(fd);
}

TEST(waiting_for_the_dead_waits_for_the_living_only)
{
	struct state_project *s = sample();
	struct err e = {0};
	pid_t pid = fork();

	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	s->supervisor_pid = pid;
	s->supervisor_start = (int64_t)proc_start_time(pid);
	assert_int_equal(state_wait_gone(s, 20, &e), -1);
	assert_int_equal(e.kind, ERR_TIMEOUT);
	s->supervisor_start++; /* the same number, another process */
	assert_int_equal(state_wait_gone(s, 20, &e), 0);
	s->supervisor_start--;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(state_wait_gone(s, 5000, &e), 0); /* a zombie is gone */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(state_wait_gone(s, 0, &e), 0);
	state_free(s);
}

TEST(setting_a_text_replaces_it)
{
	char *m = NULL;

	state_set(&m, "a");
	state_set(&m, "a");
	state_set(&m, "b");
	assert_string_equal(m, "b");
	state_set(&m, NULL);
	assert_null(m);
}

#define IN_BASE(name) CASE_WITH(name, up, down)
RUN_TESTS(IN_BASE(what_is_saved_is_loaded), IN_BASE(an_absent_or_empty_state_is_absent),
          IN_BASE(a_damaged_state_or_another_version_is_an_error),
          CASE(a_dead_supervisors_pods_are_not_said_to_run),
          CASE(pods_that_had_succeeded_stay_succeeded),
          IN_BASE(the_op_lock_excludes_and_is_removed_by_its_last_holder),
          IN_BASE(a_waiter_gets_a_lock_that_still_has_a_name),
          IN_BASE(alive_is_who_holds_the_lock_and_looking_makes_no_file),
          IN_BASE(the_locks_note_names_its_owner),
          CASE(waiting_for_the_dead_waits_for_the_living_only), CASE(setting_a_text_replaces_it))
