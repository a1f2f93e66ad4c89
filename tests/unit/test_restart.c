/* SPDX-License-Identifier: Apache-2.0 */
/* test_restart.c - the back-off curve, a day of crashes at a time */
#include "tests/unit/test.h"

#include "pkg/pod/restart.h"

static const struct restart_curve curve = {10000, 300000, 600000};

TEST(first_crash_is_immediate_then_waits_double_up_to_the_cap)
{
	static const int64_t want[] = {0,      10000,  20000,  40000, 80000,
	                               160000, 300000, 300000, 300000};
	struct restart r = {0};

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ALWAYS, true, 500),
		                 want[i]);
}

TEST(a_long_run_is_forgiven)
{
	struct restart r = {0};

	for (int i = 0; i < 5; i++)
		(void)restart_after(&r, &curve, PLAN_RESTART_ALWAYS, true, 1);
	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ALWAYS, true, 600000), 0);
	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ALWAYS, true, 599999), 10000);
}

TEST(always_restarts_success_too)
{
	struct restart r = {0};

	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ALWAYS, false, 1), 0);
	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ALWAYS, false, 1), 10000);
}

TEST(on_failure_restarts_only_failures)
{
	struct restart r = {0};

	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ON_FAILURE, false, 1), -1);
	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ON_FAILURE, true, 1), 0);
}

TEST(never_restarts_nothing)
{
	struct restart r = {0};

	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_NEVER, true, 1), -1);
	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_NEVER, false, 1), -1);
}

TEST(a_million_crashes_do_not_overflow)
{
	struct restart r = {0};

	for (int i = 0; i < 1000000; i++)
		(void)restart_after(&r, &curve, PLAN_RESTART_ALWAYS, true, 1);
	assert_int_equal(restart_after(&r, &curve, PLAN_RESTART_ALWAYS, true, 1), 300000);
}

TEST(the_environment_scales_the_curve_for_tests)
{
	struct restart_curve c = restart_curve("100,400");
	struct restart r = {0};
	static const int64_t want[] = {0, 100, 200, 400, 400};

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(restart_after(&r, &c, PLAN_RESTART_ALWAYS, true, 1), want[i]);
}

TEST(nonsense_in_the_environment_means_the_kubelets_curve)
{
	static const char *const bad[] = {
		"",   "10", "a,b",  "0,5",         "500,100",
		"5,", ",5", "-1,5", "1,999999999", "1111111111111111111111111111,5"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct restart_curve c = restart_curve(bad[i]);

		assert_int_equal(c.initial_ms, 10000);
		assert_int_equal(c.cap_ms, 300000);
	}
	assert_int_equal(restart_curve(NULL).initial_ms, 10000);
}

RUN_TESTS(CASE(first_crash_is_immediate_then_waits_double_up_to_the_cap),
          CASE(a_long_run_is_forgiven), CASE(always_restarts_success_too),
          CASE(on_failure_restarts_only_failures), CASE(never_restarts_nothing),
          CASE(a_million_crashes_do_not_overflow), CASE(the_environment_scales_the_curve_for_tests),
          CASE(nonsense_in_the_environment_means_the_kubelets_curve))
