/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logview.c - see logview.h
 *
 * Theory of operation: each container has a reader with at most one line in hand. The earliest of
 * those lines is printed and its reader asked for the next, until no reader has one: a merge that
 * needs no more memory than a line per container. When following, inotify on the log directories
 * says when to ask again; a slow tick looks for directories that did not exist yet and for the end
 * of the pods.
 */
#include "cmd/kubeplay/logview.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>

#include "pkg/pod/project.h"
#include "pkg/util/clock.h"

enum { TICK_MS = 500 };

struct reader {
	struct logview_source from;
	struct crilog log;
	struct crilog_line line;
	bool open, has_line;
};

struct logview {
	const struct dirs *dirs;
	const struct logview_options *o;
	struct reader *readers;
	size_t count;
	int inotify_fd;
	bool terminal, colour;
	bool exact_end; /* what ends without a newline is shown without one */
	char since[CLOCK_RFC3339_SIZE];
	struct strbuf out;
};

/* --- printing
 * ---------------------------------------------------------------------------------------------------
 */

static void flush(struct logview *v)
{
	(void)fwrite(v->out.s ? v->out.s : "", 1, v->out.len, stdout);
	strbuf_clear(&v->out);
}

/* Length of a colour sequence (ESC [ digits ; m) at s, 0 if there is none. */
static size_t colour_len(const char *s, size_t len)
{
	size_t i = 2;

	if (len < 3 || s[0] != '\033' || s[1] != '[')
		return 0;
	while (i < len && (isdigit((unsigned char)s[i]) || s[i] == ';'))
		i++;
	return i < len && s[i] == 'm' ? i + 1 : 0;
}

/* For a terminal: tabs and colours pass, everything else that could drive it is made visible. */
static void put_safe(struct strbuf *out, const char *s, size_t len)
{
	bool coloured = false;

	if (len && s[len - 1] == '\r')
		len--;
	for (size_t i = 0, end; i < len; i = end) {
		size_t colour = colour_len(s + i, len - i);
		autofree char *clean = NULL;

		end = i + MAX(colour, (size_t)1);
		coloured = coloured || colour;
		if (colour || s[i] == '\t') {
			strbuf_add(out, s + i, end - i);
			continue;
		}
		while (end < len && s[end] != '\t' && s[end] != '\033')
			end++;
		clean = str_sanitize(s + i, end - i);
		strbuf_adds(out, clean);
	}
	if (coloured)
		strbuf_adds(out, "\033[0m");
}

static void put_prefix(struct logview *v, const struct reader *r)
{
	static const int colours[] = {36, 33, 32, 35, 34, 31};
	size_t n = (size_t)(r - v->readers);

	if (v->colour)
		strbuf_addf(&v->out, "\033[%dm[pod/%s/%s]\033[0m ", colours[n % ARRAY_LEN(colours)],
		            r->from.pod, r->from.container);
	else
		strbuf_addf(&v->out, "[pod/%s/%s] ", r->from.pod, r->from.container);
}

static void print_line(struct logview *v, struct reader *r)
{
	const struct crilog_line *line = &r->line;

	if (!line->continues) {
		if (v->o->prefix)
			put_prefix(v, r);
		if (v->o->timestamps)
			strbuf_addf(&v->out, "%s ", line->time);
	}
	if (v->terminal)
		put_safe(&v->out, line->text, line->len);
	else
		strbuf_add(&v->out, line->text, line->len);
	if (line->complete && !v->exact_end)
		strbuf_addc(&v->out, '\n');
	if (v->out.len > 65536)
		flush(v);
}

/* --- reading
 * ----------------------------------------------------------------------------------------------------
 */

static bool too_old(const struct logview *v, const struct crilog_line *line)
{
	return v->since[0] && line->time[0] && strcmp(line->time, v->since) < 0;
}

/* Have the next line in hand, if there is one. */
static int advance(const struct logview *v, struct reader *r, bool rest, struct err *e)
{
	int n;

	r->has_line = false;
	do {
		n = rest ? crilog_rest(&r->log, &r->line) : crilog_next(&r->log, &r->line, e);
		if (n < 0)
			return err_wrap(e, "log of pod %s, container %s", r->from.pod,
			                r->from.container);
	} while (n && too_old(v, &r->line));
	r->has_line = n;
	return 0;
}

static struct reader *earliest(const struct logview *v)
{
	struct reader *best = NULL;

	for (size_t i = 0; i < v->count; i++) {
		struct reader *r = &v->readers[i];

		if (r->has_line && (!best || strcmp(r->line.time, best->line.time) < 0))
			best = r;
	}
	return best;
}

/* Print all there is now, in order. rest: what has no end of line, too. */
static int drain(struct logview *v, bool rest, struct err *e)
{
	struct reader *r;

	for (size_t i = 0; i < v->count; i++)
		if (v->readers[i].open && !v->readers[i].has_line &&
		    advance(v, &v->readers[i], rest, e) < 0)
			return -1;
	while ((r = earliest(v))) {
		print_line(v, r);
		if (advance(v, r, rest, e) < 0)
			return -1;
	}
	flush(v);
	(void)fflush(stdout);
	return ferror(stdout) ? err_sys(e, errno, "write to standard output") : 0;
}

static void watch(const struct logview *v, int dirfd)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	(void)inotify_add_watch(v->inotify_fd, path,
	                        IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO);
}

/* Open the logs that exist by now. */
static int open_readers(struct logview *v, struct err *e)
{
	for (size_t i = 0; i < v->count; i++) {
		struct reader *r = &v->readers[i];
		struct err absent = {0};
		int dirfd;

		if (r->open)
			continue;
		dirfd = project_log_dir(v->dirs, r->from.project, r->from.pod, r->from.container,
		                        &absent);
		if (dirfd < 0 && absent.kind == ERR_ABSENT)
			continue;
		if (dirfd < 0)
			return *e = absent, -1;
		if (v->o->follow)
			watch(v, dirfd);
		crilog_init(&r->log, dirfd, v->o->runs);
		r->open = true;
		if (v->o->tail >= 0 && crilog_tail(&r->log, v->o->tail, e) < 0)
			return -1;
	}
	return 0;
}

/* --- following
 * --------------------------------------------------------------------------------------------------
 */

static bool pod_ended(const struct state_project *s, const char *name)
{
	for (uint32_t i = 0; i < s->pods_count; i++)
		if (streq(s->pods[i].name, name))
			return s->pods[i].phase == STATE_SUCCEEDED ||
			       s->pods[i].phase == STATE_FAILED;
	return true;
}

/* True when nothing more can come: every pod has ended, or its supervisor is gone. */
static bool all_ended(const struct logview *v)
{
	const char *project = "";
	struct state_project *s = NULL;
	bool alive = false, ended = true;

	for (size_t i = 0; i < v->count && ended; i++) {
		const struct logview_source *from = &v->readers[i].from;
		struct err ignored = {0};

		if (!streq(project, from->project)) {
			state_free(s);
			s = NULL;
			project = from->project;
			if (project_state(v->dirs, project, &s, &alive, &ignored) < 0)
				alive = false;
		}
		ended = !alive || !s || pod_ended(s, from->pod);
	}
	state_free(s);
	return ended;
}

/* Wait for news: 1 go on, 0 told to stop. */
static int wait_news(const struct logview *v, struct err *e)
{
	struct pollfd p[] = {{.fd = v->inotify_fd, .events = POLLIN},
	                     {.fd = v->o->stop_fd, .events = POLLIN}};
	char buf[4096] __attribute__((aligned(8)));
	int n = poll(p, ARRAY_LEN(p), TICK_MS);

	if (n < 0 && errno != EINTR)
		return err_sys(e, errno, "poll");
	if (n > 0 && p[1].revents)
		return 0;
	while (n > 0 && read(v->inotify_fd, buf, sizeof(buf)) > 0)
		;
	return 1;
}

static int follow(struct logview *v, struct err *e)
{
	int64_t looked = clock_mono_ms();
	int r;

	while ((r = wait_news(v, e)) > 0) {
		bool ended = false;

		if (clock_mono_ms() - looked >= TICK_MS) {
			looked = clock_mono_ms();
			ended = all_ended(v); /* asked before reading, so that nothing written until
			                         then is missed */
			if (open_readers(v, e) < 0)
				return -1;
		}
		if (drain(v, false, e) < 0)
			return -1;
		if (ended)
			return 0;
	}
	return r;
}

static int view(struct logview *v, struct err *e)
{
	if (v->o->follow) {
		v->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (v->inotify_fd < 0)
			return err_sys(e, errno, "inotify_init");
	}
	if (open_readers(v, e) < 0 || drain(v, false, e) < 0)
		return -1;
	if (v->o->follow && follow(v, e) < 0)
		return -1;
	v->exact_end = v->count == 1 && !v->o->prefix && !v->terminal;
	return drain(v, true, e);
}

int logview_run(const struct dirs *d, const struct logview_source *sources, size_t count,
                const struct logview_options *o, struct err *e)
{
	struct logview v = {.dirs = d,
	                    .o = o,
	                    .count = count,
	                    .inotify_fd = -1,
	                    .terminal = isatty(STDOUT_FILENO)};
	int r;

	v.colour = v.terminal && !getenv("NO_COLOR");
	v.readers = xcalloc(count + 1, sizeof(*v.readers));
	for (size_t i = 0; i < count; i++)
		v.readers[i].from = sources[i];
	if (o->since_ns)
		clock_rfc3339(o->since_ns, v.since);
	r = view(&v, e);
	for (size_t i = 0; i < count; i++)
		if (v.readers[i].open)
			crilog_done(&v.readers[i].log);
	free(v.readers);
	strbuf_done(&v.out);
	close_fd(&v.inotify_fd);
	return r;
}
