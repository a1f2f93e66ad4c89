/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - see loop.h */
#include "pkg/loop/loop.h"

#include <errno.h>
#include <sys/timerfd.h>

#include "pkg/util/fd.h"

int loop_init(struct loop *l, struct err *e)
{
	*l = (struct loop){.epfd = epoll_create1(EPOLL_CLOEXEC)};
	if (l->epfd < 0)
		return err_sys(e, errno, "epoll_create1");
	return 0;
}

void loop_done(struct loop *l)
{
	close_fd(&l->epfd);
}

int loop_add(struct loop *l, struct source *s, uint32_t events, struct err *e)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		return err_sys(e, errno, "epoll_ctl");
	if (!events)
		(void)epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	s->loop = l;
	s->events = events;
	return 0;
}

void loop_mod(struct source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	int op = !events ? EPOLL_CTL_DEL : s->loop && s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (!s->loop || s->events == events)
		return;
	/* Events 0 would still report a hang-up, again and again: a paused source is out of the
	 * set. */
	(void)epoll_ctl(s->loop->epfd, op, s->fd, &ev);
	s->events = events;
}

void loop_del(struct source *s)
{
	struct loop *l = s->loop;

	if (!l)
		return;
	if (s->events)
		(void)epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	s->loop = NULL;
	for (int i = l->batch_at; i < l->batch_len; i++)
		if (l->batch[i].data.ptr == s)
			l->batch[i].data.ptr = NULL;
}

int loop_once(struct loop *l, int timeout_ms, struct err *e)
{
	int n = epoll_wait(l->epfd, l->batch, ARRAY_LEN(l->batch), timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : err_sys(e, errno, "epoll_wait");
	l->batch_len = n;
	for (l->batch_at = 0; l->batch_at < l->batch_len;) {
		struct epoll_event ev = l->batch[l->batch_at++];
		struct source *s = ev.data.ptr;

		if (s && s->events)
			s->ready(s, ev.events);
	}
	l->batch_len = 0;
	return n;
}

int loop_run(struct loop *l, struct err *e)
{
	l->stop = false;
	while (!l->stop)
		if (loop_once(l, -1, e) < 0)
			return -1;
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

static void timer_ready(struct source *s, uint32_t events)
{
	struct timer *t = CONTAINER_OF(s, struct timer, src);
	uint64_t expirations;

	UNUSED(events);
	if (read(s->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		t->fired(t);
}

int timer_set_ms(struct loop *l, struct timer *t, int64_t ms, struct err *e)
{
	struct itimerspec its = {0};

	if (!t->src.loop) {
		if (ms < 0)
			return 0;
		t->src.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		if (t->src.fd < 0)
			return err_sys(e, errno, "timerfd_create");
		t->src.ready = timer_ready;
		if (loop_add(l, &t->src, EPOLLIN, e) < 0) {
			close_fd(&t->src.fd);
			return -1;
		}
	}
	if (ms >= 0) {
		its.it_value.tv_sec = ms / 1000;
		its.it_value.tv_nsec = ms ? (ms % 1000) * 1000000 : 1;
	}
	if (timerfd_settime(t->src.fd, 0, &its, NULL) < 0)
		return err_sys(e, errno, "timerfd_settime");
	return 0;
}

void timer_done(struct timer *t)
{
	if (!t->src.loop)
		return;
	loop_del(&t->src);
	close_fd(&t->src.fd);
}
