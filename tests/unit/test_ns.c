/* SPDX-License-Identifier: Apache-2.0 */
/* test_ns.c - the child that shares our memory: what it reports, and that it leaves us as we were
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "pkg/runtime/ns.h"

struct seen {
	pid_t pid;
	int cpus, fd;
};

static int look(void *arg, struct err *e)
{
	struct seen *s = arg;
	cpu_set_t set;

	UNUSED(e);
	s->pid = getpid();
	s->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : -1;
	return 0;
}

static int refuse(void *arg, struct err *e)
{
	UNUSED(arg);
	return err_sys(e, EPERM, "not here");
}

static void visit_keeps(const cpu_set_t *want)
{
	struct seen s = {0};
	struct err e = {0};
	cpu_set_t after;

	assert_int_equal(ns_join_run(-1, 0, look, &s, &e), 0);
	assert_int_not_equal(s.pid, getpid());
	assert_int_equal(s.cpus, 1);      /* it ran where we slept */
	assert_int_equal(close(s.fd), 0); /* in our table */
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(want, &after));
}

TEST(a_visit_leaves_descriptors_and_takes_no_processor_away)
{
	cpu_set_t all, one;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	visit_keeps(&all);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	visit_keeps(&one); /* who was restricted stays so */
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

TEST(what_fails_there_is_told_here)
{
	struct err e = {0};

	assert_int_equal(ns_join_run(-1, 0, refuse, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "not here"));
	assert_int_equal(e.sys, EPERM);
	assert_int_equal(ns_join_run(0, CLONE_NEWNET, look, NULL, &e), -1); /* stdin is none */
	assert_non_null(strstr(e.msg, "join namespace"));
}

RUN_TESTS(CASE(a_visit_leaves_descriptors_and_takes_no_processor_away),
          CASE(what_fails_there_is_told_here))
