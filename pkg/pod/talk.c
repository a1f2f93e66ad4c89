/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - see talk.h */
#include "pkg/pod/talk.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "pkg/pod/wire.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

int talk_signals_begin(struct talk_signals *s, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, &s->old);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd >= 0)
		return 0;
	(void)sigprocmask(SIG_SETMASK, &s->old, NULL);
	return err_sys(e, errno, "signalfd");
}

void talk_signals_end(struct talk_signals *s)
{
	struct signalfd_siginfo si;

	if (s->fd < 0)
		return;
	while (read(s->fd, &si, sizeof(si)) == sizeof(si))
		; /* answered already: it must not kill us when it is let through */
	close_fd(&s->fd);
	(void)sigprocmask(SIG_SETMASK, &s->old, NULL);
}

static int remaining(int64_t deadline)
{
	int64_t left = deadline - clock_mono_ms();

	if (deadline < 0)
		return -1;
	return (int)MAX(MIN(left, (int64_t)INT_MAX), (int64_t)0);
}

int talk_next(int sock, int sigfd, int64_t deadline, json_t **ret, struct err *e)
{
	int fds[FD_MAX_PASS], n;
	struct pollfd p[] = {{.fd = sock, .events = POLLIN}, {.fd = sigfd, .events = POLLIN}};
	json_t *msg = NULL;
	size_t nfds = 0;

	do
		n = poll(p, ARRAY_LEN(p), remaining(deadline));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_set(e, ERR_TIMEOUT, "timed out");
	if (p[1].revents)
		return err_set(e, ERR_INTERRUPTED, "interrupted");
	n = wire_recv(sock, &msg, fds, &nfds, e);
	fd_close_many(fds, nfds);
	if (n < 0 && e->sys == ECONNRESET)
		return 0;
	if (n <= 0)
		return n;
	if (wire_is_error(msg, e)) {
		json_decref(msg);
		return -1;
	}
	*ret = msg;
	return 1;
}

int talk_call(int sock, int sigfd, int64_t deadline, json_t *request, json_t **ret, struct err *e)
{
	json_t *msg = NULL;
	int n;

	if (wire_send(sock, request, NULL, 0, e) < 0)
		return -1;
	while ((n = talk_next(sock, sigfd, deadline, &msg, e)) > 0) {
		if (json_is_true(json_object_get(msg, "ok"))) {
			if (ret)
				*ret = msg;
			else
				json_decref(msg);
			return 0;
		}
		json_decref(msg); /* news for somebody else */
	}
	return n < 0 ? -1 : err_set(e, ERR_HOST, "the supervisor ended");
}
