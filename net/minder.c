/* SPDX-License-Identifier: Apache-2.0 */
/* minder.c - see minder.h */
#include "net/minder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"
#include "pkg/util/proc.h"
#include "pkg/util/str.h"

enum { TRIES = 3, FORGIVE_MS = 60000 };

static const int64_t pauses_ms[TRIES] = {100, 1000, 5000};

static void keep_line(struct minder *m, const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (buf[i] == '\n') {
			m->line_ended = true;
			continue;
		}
		if (m->line_ended)
			m->line_len = 0;
		m->line_ended = false;
		if (m->line_len < sizeof(m->line))
			m->line[m->line_len++] = buf[i];
	}
}

static void read_output(struct minder *m)
{
	char buf[1024];
	ssize_t n;

	while ((n = read(m->output.fd, buf, sizeof(buf))) > 0)
		keep_line(m, buf, (size_t)n);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		loop_del(&m->output);
}

static void output_ready(struct source *s, uint32_t events)
{
	UNUSED(events);
	read_output(CONTAINER_OF(s, struct minder, output));
}

static void close_all(struct minder *m)
{
	loop_del(&m->process);
	loop_del(&m->output);
	close_fd(&m->process.fd);
	close_fd(&m->output.fd);
}

/* It is not running: pause and try again, or give up. m->why is set. */
static void try_later(struct minder *m)
{
	struct err e = {0};

	close_all(m);
	m->state = m->tries < TRIES ? MINDER_PAUSED : MINDER_FAILED;
	if (m->state == MINDER_PAUSED &&
	    timer_set_ms(m->loop, &m->again, pauses_ms[m->tries++], &e) < 0)
		m->state = MINDER_FAILED;
	log_debug("%s", m->why);
	m->changed(m);
}

static void process_ready(struct source *s, uint32_t events)
{
	struct minder *m = CONTAINER_OF(s, struct minder, process);
	autofree char *line = NULL;
	int code;

	UNUSED(events);
	if (m->output.fd >= 0)
		read_output(m);
	line = str_sanitize(m->line, m->line_len);
	code = proc_reap(s->fd); /* -1 if the init was faster: the line has to do then */
	if (code >= 128)
		(void)snprintf(m->why, sizeof(m->why), "%s was killed by signal %d%s%s", m->name,
		               code - 128, *line ? ": " : "", line);
	else
		(void)snprintf(m->why, sizeof(m->why), "%s ended%s%s", m->name, *line ? ": " : "",
		               line);
	if (m->state == MINDER_UP && clock_mono_ms() - m->up_ms > FORGIVE_MS)
		m->tries = 0;
	try_later(m);
}

static int start_process(struct minder *m, struct err *e)
{
	autoclose int write_end = -1;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	fd_set_nonblock(p[0], true);
	write_end = p[1];
	m->line_len = 0;
	m->output = (struct source){.fd = p[0], .ready = output_ready};
	m->process = (struct source){.fd = m->start(m, write_end, e), .ready = process_ready};
	if (m->process.fd < 0)
		return -1;
	if (loop_add(m->loop, &m->output, EPOLLIN, e) < 0 ||
	    loop_add(m->loop, &m->process, EPOLLIN, e) < 0)
		return -1;
	return 0;
}

static void start_now(struct minder *m)
{
	struct err e = {0};

	m->state = MINDER_STARTING;
	if (start_process(m, &e) == 0)
		return;
	(void)snprintf(m->why, sizeof(m->why), "%.380s", e.msg);
	if (m->process.fd >= 0)
		(void)proc_signal(m->process.fd, SIGKILL);
	try_later(m);
}

static void again(struct timer *t)
{
	start_now(CONTAINER_OF(t, struct minder, again));
}

void minder_start(struct minder *m, struct loop *l)
{
	m->loop = l;
	m->again.fired = again;
	m->process.fd = m->output.fd = -1;
	m->tries = 0;
	start_now(m);
}

void minder_up(struct minder *m)
{
	if (m->state != MINDER_STARTING)
		return;
	m->state = MINDER_UP;
	m->up_ms = clock_mono_ms();
	m->changed(m);
}

void minder_stop(struct minder *m)
{
	if (m->state == MINDER_OFF)
		return;
	if (m->process.fd >= 0)
		(void)proc_signal(m->process.fd, SIGTERM);
	close_all(m);
	timer_done(&m->again);
	m->state = MINDER_OFF;
}
