/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>

#include "pkg/loop/loop.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

/* A source on the reading end of a pipe that counts what it is told. */
struct probe {
	struct source src;
	int out, calls;
	uint32_t last;
	struct source *victim; /* removed by the handler */
};

static void count(struct source *s, uint32_t events)
{
	struct probe *p = CONTAINER_OF(s, struct probe, src);

	p->calls++;
	p->last = events;
	if (p->victim)
		loop_del(p->victim);
}

static void probe_open(struct probe *p, struct loop *l)
{
	struct err e = {0};
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	*p = (struct probe){.src = {.fd = fds[0], .ready = count}, .out = fds[1]};
	assert_int_equal(loop_add(l, &p->src, EPOLLIN, &e), 0);
}

static void probe_close(struct probe *p)
{
	loop_del(&p->src);
	close_fd(&p->src.fd);
	close_fd(&p->out);
}

static void feed(struct probe *p)
{
	struct err e = {0};

	assert_int_equal(fd_write_all(p->out, "x", 1, &e), 0);
}

static int turn(struct loop *l, int timeout_ms)
{
	struct err e = {0};
	int n = loop_once(l, timeout_ms, &e);

	assert_true(n >= 0);
	return n;
}

TEST(a_source_is_told_what_happened)
{
	struct loop l;
	struct probe p;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&p, &l);
	assert_int_equal(turn(&l, 0), 0);
	feed(&p);
	assert_int_equal(turn(&l, 1000), 1);
	assert_int_equal(p.calls, 1);
	assert_int_equal(p.last, EPOLLIN);
	probe_close(&p);
	assert_int_equal(turn(&l, 0), 0);
	loop_done(&l);
}

/* Both are ready in one batch; whichever comes first removes the other, whose owner may be gone. */
TEST(a_source_removed_within_a_batch_gets_none_of_it)
{
	struct loop l;
	struct probe a, b;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&a, &l);
	probe_open(&b, &l);
	a.victim = &b.src;
	b.victim = &a.src;
	feed(&a);
	feed(&b);
	assert_int_equal(turn(&l, 1000), 2);
	assert_int_equal(a.calls + b.calls, 1);
	probe_close(&a);
	probe_close(&b);
	loop_done(&l);
}

TEST(a_source_may_remove_itself_and_be_removed_twice)
{
	struct loop l;
	struct probe p;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&p, &l);
	p.victim = &p.src;
	feed(&p);
	assert_int_equal(turn(&l, 1000), 1);
	assert_int_equal(turn(&l, 0), 0);
	assert_null(p.src.loop);
	loop_del(&p.src);
	loop_mod(&p.src, EPOLLIN); /* nothing to change */
	assert_int_equal(loop_add(&l, &p.src, EPOLLIN, &e), 0);
	assert_int_equal(turn(&l, 1000), 1);
	assert_int_equal(p.calls, 2);
	probe_close(&p);
	loop_done(&l);
}

TEST(a_paused_source_is_silent_and_comes_back)
{
	struct loop l;
	struct probe p;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&p, &l);
	feed(&p);
	loop_mod(&p.src, 0);
	assert_int_equal(turn(&l, 0), 0);
	loop_mod(&p.src, EPOLLIN);
	assert_int_equal(turn(&l, 1000), 1);
	assert_int_equal(p.calls, 1);
	probe_close(&p);
	loop_done(&l);
}

/* epoll reports a hang-up whether asked or not: with a dead peer a paused source would take a whole
 * core. */
TEST(a_paused_source_is_silent_even_when_its_peer_has_gone)
{
	struct loop l;
	struct probe p;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&p, &l);
	loop_mod(&p.src, 0);
	close_fd(&p.out);
	assert_int_equal(turn(&l, 0), 0);
	assert_int_equal(p.calls, 0);
	loop_mod(&p.src, EPOLLIN);
	assert_int_equal(turn(&l, 1000), 1);
	assert_true(p.last & EPOLLHUP);
	loop_mod(&p.src, 0);
	probe_close(&p);
	loop_done(&l);
}

TEST(a_source_can_be_added_paused)
{
	struct loop l;
	struct probe p;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&p, &l);
	loop_del(&p.src);
	close_fd(&p.out);
	assert_int_equal(loop_add(&l, &p.src, 0, &e), 0);
	assert_int_equal(turn(&l, 0), 0);
	loop_mod(&p.src, EPOLLIN);
	assert_int_equal(turn(&l, 1000), 1);
	probe_close(&p);
	loop_done(&l);
}

static void pause_other(struct source *s, uint32_t events)
{
	struct probe *p = CONTAINER_OF(s, struct probe, src);

	UNUSED(events);
	p->calls++;
	loop_mod(p->victim, 0);
}

TEST(a_source_paused_within_a_batch_gets_none_of_it)
{
	struct loop l;
	struct probe a, b;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&a, &l);
	probe_open(&b, &l);
	a.victim = &b.src;
	b.victim = &a.src;
	a.src.ready = b.src.ready = pause_other;
	feed(&a);
	feed(&b);
	(void)turn(&l, 1000);
	assert_int_equal(a.calls + b.calls, 1);
	probe_close(&a);
	probe_close(&b);
	loop_done(&l);
}

TEST(a_descriptor_that_cannot_be_watched_is_an_error)
{
	struct loop l;
	struct probe p = {.src = {.fd = 987, .ready = count}};
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	assert_int_equal(loop_add(&l, &p.src, EPOLLIN, &e), -1);
	assert_int_equal(e.sys, EBADF);
	assert_null(p.src.loop);
	loop_del(&p.src);
	loop_done(&l);
}

TEST(more_sources_than_a_batch_holds_are_all_served)
{
	enum { MANY = 150 };
	struct probe *p = xcalloc(MANY, sizeof(*p));
	struct loop l;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	for (int i = 0; i < MANY; i++) {
		probe_open(&p[i], &l);
		feed(&p[i]);
	}
	for (int i = 0; i < 10; i++)
		(void)turn(&l, 0);
	for (int i = 0; i < MANY; i++) {
		assert_true(p[i].calls > 0);
		probe_close(&p[i]);
	}
	loop_done(&l);
	free(p);
}

struct alarm_clock {
	struct timer t;
	int fired;
	int64_t again_ms;
};

static void ring(struct timer *t)
{
	struct alarm_clock *a = CONTAINER_OF(t, struct alarm_clock, t);
	struct err e = {0};

	a->fired++;
	if (a->again_ms && a->fired < 3)
		(void)timer_set_ms(t->src.loop, t, a->again_ms, &e);
	else
		loop_stop(t->src.loop);
}

TEST(a_timer_fires_once_and_not_early)
{
	struct alarm_clock a = {.t = {.fired = ring}};
	struct loop l;
	struct err e = {0};
	int64_t start;

	assert_int_equal(loop_init(&l, &e), 0);
	start = clock_mono_ms();
	assert_int_equal(timer_set_ms(&l, &a.t, 30, &e), 0);
	assert_int_equal(loop_run(&l, &e), 0);
	assert_true(clock_mono_ms() - start >= 29);
	assert_int_equal(a.fired, 1);
	assert_int_equal(turn(&l, 50), 0);
	timer_done(&a.t);
	loop_done(&l);
}

TEST(a_timer_may_set_itself_again)
{
	struct alarm_clock a = {.t = {.fired = ring}, .again_ms = 1};
	struct loop l;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	assert_int_equal(timer_set_ms(&l, &a.t, 0, &e), 0); /* 0: at the next turn */
	assert_int_equal(loop_run(&l, &e), 0);
	assert_int_equal(a.fired, 3);
	timer_done(&a.t);
	loop_done(&l);
}

TEST(a_timer_that_is_disarmed_or_moved_does_not_fire)
{
	struct alarm_clock a = {.t = {.fired = ring}};
	struct loop l;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	assert_int_equal(timer_set_ms(&l, &a.t, -1, &e), 0); /* never set: nothing to disarm */
	timer_done(&a.t);
	assert_int_equal(timer_set_ms(&l, &a.t, 5, &e), 0);
	(void)usleep(20000); /* it is due ... */
	assert_int_equal(timer_set_ms(&l, &a.t, -1, &e), 0);
	(void)turn(&l, 20);
	assert_int_equal(a.fired, 0);
	assert_int_equal(timer_set_ms(&l, &a.t, 5, &e), 0);
	(void)usleep(20000);
	assert_int_equal(timer_set_ms(&l, &a.t, 60000, &e), 0);
	(void)turn(&l, 20);
	assert_int_equal(a.fired, 0);
	timer_done(&a.t);
	timer_done(&a.t);
	loop_done(&l);
}

TEST(a_timer_can_be_used_again_after_it_was_closed)
{
	struct alarm_clock a = {.t = {.fired = ring}};
	struct loop l;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(timer_set_ms(&l, &a.t, 1, &e), 0);
		assert_int_equal(loop_run(&l, &e), 0);
		assert_int_equal(a.fired, i);
		timer_done(&a.t);
	}
	loop_done(&l);
}

static void due_and_disarms(struct source *s, uint32_t events)
{
	struct probe *p = CONTAINER_OF(s, struct probe, src);
	struct alarm_clock *a = CONTAINER_OF(p->victim, struct alarm_clock, t.src);
	struct err e = {0};

	UNUSED(events);
	p->calls++;
	(void)timer_set_ms(s->loop, &a->t, -1, &e);
	loop_del(s);
}

/* The container exited in the same batch in which its kill timer became due. */
TEST(a_timer_disarmed_earlier_in_the_batch_does_not_fire)
{
	struct alarm_clock a = {.t = {.fired = ring}};
	struct loop l;
	struct probe p;
	struct err e = {0};

	assert_int_equal(loop_init(&l, &e), 0);
	probe_open(&p, &l);
	p.src.ready = due_and_disarms;
	p.victim = &a.t.src;
	feed(&p); /* ready before the timer: first in the batch */
	assert_int_equal(timer_set_ms(&l, &a.t, 1, &e), 0);
	(void)usleep(20000);
	assert_int_equal(turn(&l, 1000), 2);
	assert_int_equal(p.calls, 1);
	assert_int_equal(a.fired, 0);
	timer_done(&a.t);
	probe_close(&p);
	loop_done(&l);
}

RUN_TESTS(CASE(a_source_is_told_what_happened),
          CASE(a_source_removed_within_a_batch_gets_none_of_it),
          CASE(a_source_may_remove_itself_and_be_removed_twice),
          CASE(a_paused_source_is_silent_and_comes_back),
          CASE(a_paused_source_is_silent_even_when_its_peer_has_gone),
          CASE(a_source_can_be_added_paused), CASE(a_source_paused_within_a_batch_gets_none_of_it),
          CASE(a_descriptor_that_cannot_be_watched_is_an_error),
          CASE(more_sources_than_a_batch_holds_are_all_served),
          CASE(a_timer_fires_once_and_not_early), CASE(a_timer_may_set_itself_again),
          CASE(a_timer_that_is_disarmed_or_moved_does_not_fire),
          CASE(a_timer_can_be_used_again_after_it_was_closed),
          CASE(a_timer_disarmed_earlier_in_the_batch_does_not_fire))
