/* SPDX-License-Identifier: Apache-2.0 */
/* test_container.c - the container's table, driven without processes */
#include "tests/unit/test.h"

#include "pkg/pod/container.h"

/* Apply events from WAITING; every one must mean something. Returns the last action. */
static enum container_action drive(const enum container_event *events, size_t n,
                                   enum container_state *state)
{
	enum container_action last = CONTAINER_NOTHING;

	for (size_t i = 0; i < n; i++) {
		const struct container_step *s = container_next(*state, events[i]);

		assert_non_null(s);
		*state = s->next;
		last = s->action;
	}
	return last;
}

#define DRIVE(state, ...)                                                                          \
	drive((const enum container_event[]){__VA_ARGS__},                                         \
	      ARRAY_LEN(((const enum container_event[]){__VA_ARGS__})), state)

TEST(a_container_starts_runs_and_is_stopped)
{
	enum container_state s = CONTAINER_WAITING;

	assert_int_equal(DRIVE(&s, CONTAINER_START), CONTAINER_SPAWN);
	assert_int_equal(DRIVE(&s, CONTAINER_STARTED), CONTAINER_ANNOUNCE);
	assert_int_equal(s, CONTAINER_RUNNING);
	assert_int_equal(DRIVE(&s, CONTAINER_STOP), CONTAINER_TERM);
	assert_int_equal(DRIVE(&s, CONTAINER_TIMEOUT), CONTAINER_KILL);
	assert_int_equal(s, CONTAINER_STOPPING);
	assert_int_equal(DRIVE(&s, CONTAINER_EXITED), CONTAINER_FINISH);
	assert_int_equal(s, CONTAINER_STOPPED);
}

TEST(a_crash_goes_through_back_off_to_a_new_start)
{
	enum container_state s = CONTAINER_WAITING;

	assert_int_equal(DRIVE(&s, CONTAINER_START, CONTAINER_STARTED, CONTAINER_EXITED),
	                 CONTAINER_DECIDE);
	assert_int_equal(DRIVE(&s, CONTAINER_RETRY), CONTAINER_DELAY);
	assert_int_equal(DRIVE(&s, CONTAINER_TIMEOUT), CONTAINER_SPAWN);
	assert_int_equal(s, CONTAINER_STARTING);
}

TEST(a_start_that_fails_is_reported_and_then_decided_like_a_crash)
{
	enum container_state s = CONTAINER_WAITING;

	assert_int_equal(DRIVE(&s, CONTAINER_START, CONTAINER_START_FAILED), CONTAINER_REPORT);
	assert_int_equal(DRIVE(&s, CONTAINER_EXITED), CONTAINER_DECIDE);
	(void)DRIVE(&s, CONTAINER_GIVE_UP);
	assert_int_equal(s, CONTAINER_DONE);
}

TEST(stopping_while_starting_kills_at_once)
{
	enum container_state s = CONTAINER_WAITING;

	assert_int_equal(DRIVE(&s, CONTAINER_START, CONTAINER_STOP), CONTAINER_KILL);
	(void)DRIVE(&s, CONTAINER_START_FAILED, CONTAINER_EXITED);
	assert_int_equal(s, CONTAINER_STOPPED);
}

TEST(stopping_in_back_off_starts_nothing_again)
{
	enum container_state s = CONTAINER_BACKOFF;

	assert_int_equal(DRIVE(&s, CONTAINER_STOP), CONTAINER_CANCEL);
	assert_null(container_next(s, CONTAINER_TIMEOUT));
	assert_null(container_next(s, CONTAINER_START));
}

TEST(every_state_can_be_stopped_and_reaches_the_end)
{
	for (int i = 0; i < CONTAINER_STATE_COUNT; i++) {
		enum container_state s = (enum container_state)i;
		const struct container_step *step;

		if (s == CONTAINER_DEAD || s == CONTAINER_STOPPED)
			continue; /* one lasts no turn of the loop, the other is the end */
		step = container_next(s, CONTAINER_STOP);
		if (step)
			s = step->next;
		if (container_has_process(s))
			(void)DRIVE(&s, CONTAINER_EXITED);
		assert_int_equal(s, CONTAINER_STOPPED);
	}
}

TEST(a_process_is_reaped_in_every_state_that_has_one)
{
	for (int i = 0; i < CONTAINER_STATE_COUNT; i++) {
		enum container_state s = (enum container_state)i;

		if (s != CONTAINER_STARTING) /* its error pipe is read first */
			assert_int_equal(container_next(s, CONTAINER_EXITED) != NULL,
			                 container_has_process(s));
	}
}

TEST(nothing_happens_after_the_end)
{
	for (int i = 0; i < CONTAINER_EVENT_COUNT; i++)
		assert_null(container_next(CONTAINER_STOPPED, (enum container_event)i));
}

TEST(states_have_names)
{
	for (int i = 0; i < CONTAINER_STATE_COUNT; i++)
		assert_non_null(container_state_text((enum container_state)i));
}

RUN_TESTS(CASE(a_container_starts_runs_and_is_stopped),
          CASE(a_crash_goes_through_back_off_to_a_new_start),
          CASE(a_start_that_fails_is_reported_and_then_decided_like_a_crash),
          CASE(stopping_while_starting_kills_at_once),
          CASE(stopping_in_back_off_starts_nothing_again),
          CASE(every_state_can_be_stopped_and_reaches_the_end),
          CASE(a_process_is_reaped_in_every_state_that_has_one),
          CASE(nothing_happens_after_the_end), CASE(states_have_names))
