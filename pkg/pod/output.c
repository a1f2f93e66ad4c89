/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.c - a container's output, from its two pipes to CRI log files; see output.h
 *
 * Theory of operation: one read() of up to IN_SIZE bytes, one look at the clock, one pass with
 * memchr(), records built in one large buffer, written when it is nearly full or the turn ends. A
 * pipe that fills its 64 KiB once is enlarged, so that a chatty container needs fewer turns and a
 * quiet one costs no kernel memory. A pipe is drained to its end when the container has been
 * reaped, and what then has no newline is written as a P part.
 */
#include "pkg/pod/output.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"

enum {
	IN_SIZE = 256 << 10,
	OUT_SIZE = 1 << 20,
	PIPE_DEFAULT = 64 << 10,
	READS_PER_TURN = 4,
	PREFIX = 40, /* stamp, " stdout ", "F " */
	COOL_MS = 2000,
	FILE_NAME = 64,
};

/* --- buffers ------------------------------------------------------------------------------ */

static void cool_down(struct timer *t)
{
	struct output_pool *p = CONTAINER_OF(t, struct output_pool, cool);

	if (p->hot) { /* written since the timer was set: look again later */
		struct err e = {0};

		p->hot = false;
		(void)timer_set_ms(p->loop, t, COOL_MS, &e);
		return;
	}
	(void)madvise(p->in, IN_SIZE, MADV_DONTNEED);
	(void)madvise(p->out, OUT_SIZE, MADV_DONTNEED);
}

static bool pool_ready(struct output_pool *p)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;

	if (!p->in) {
		void *in = mmap(NULL, IN_SIZE, prot, flags, -1, 0);
		void *out = mmap(NULL, OUT_SIZE, prot, flags, -1, 0);

		if (in == MAP_FAILED || out == MAP_FAILED)
			return false;
		p->in = in;
		p->out = out;
		p->cool.fired = cool_down;
	}
	return true;
}

static void pool_used(struct output_pool *p, size_t len)
{
	struct err e = {0};

	if (len < 16384) /* a few pages: not worth giving back and faulting in again */
		return;
	if (!p->hot)
		(void)timer_set_ms(p->loop, &p->cool, COOL_MS, &e);
	p->hot = true;
}

void output_pool_done(struct output_pool *p)
{
	timer_done(&p->cool);
	if (p->in)
		(void)munmap(p->in, IN_SIZE);
	if (p->out)
		(void)munmap(p->out, OUT_SIZE);
	*p = (struct output_pool){0};
}

/* --- files -------------------------------------------------------------------------------- */

/* The run a log file's name belongs to, -1 if it is none; *ret_rotated: it has a stamp. */
static int64_t run_of(const char *name, bool *ret_rotated)
{
	const char *dot = strchr(name, '.');
	autofree char *number = dot ? xstrndup(name, (size_t)(dot - name)) : NULL;
	int64_t run;

	if (!dot || !isdigit((unsigned char)name[0]) || !starts_with(dot, ".log") ||
	    str_parse_int(number, 0, UINT32_MAX, &run) < 0)
		return -1;
	*ret_rotated = dot[4] == '.';
	return dot[4] == '.' || dot[4] == '\0' ? run : -1;
}

/* Remove the files of runs before `oldest`; count and find the first rotated file of `run`. */
static unsigned int scan_logs(int dirfd, int64_t oldest, int64_t run, char first[FILE_NAME])
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	unsigned int count = 0;
	struct dirent *ent;

	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	while ((ent = readdir(d))) {
		bool rotated = false;
		int64_t n = run_of(ent->d_name, &rotated);

		if (n >= 0 && n < oldest) {
			(void)unlinkat(dirfd, ent->d_name, 0);
		} else if (n == run && rotated && strlen(ent->d_name) < FILE_NAME) {
			if (!count++ || strcmp(ent->d_name, first) < 0)
				memcpy(first, ent->d_name, strlen(ent->d_name) + 1);
		}
	}
	(void)closedir(d);
	return count;
}

static int open_log(int dirfd, unsigned int run)
{
	char name[FILE_NAME];

	(void)snprintf(name, sizeof(name), "%u.log", run);
	return openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static void rotate(struct output *o)
{
	char name[FILE_NAME], old[FILE_NAME], first[FILE_NAME];
	time_t now = (time_t)(clock_real_ns() / 1000000000);
	struct tm tm;
	size_t len;
	int fd;

	(void)snprintf(name, sizeof(name), "%u.log", o->run);
	(void)gmtime_r(&now, &tm);
	(void)snprintf(old, sizeof(old), "%u.log.", o->run);
	len = strlen(old);
	(void)strftime(old + len, sizeof(old) - len, "%Y%m%d-%H%M%S", &tm);
	len = strlen(old);
	/* Counted, not looked for: names must sort by time although old ones are removed. */
	o->rotated_again = now == o->rotated_at ? o->rotated_again + 1 : 0;
	o->rotated_at = now;
	if (o->rotated_again)
		(void)snprintf(old + len, sizeof(old) - len, ".%04u", o->rotated_again);
	if (renameat(o->dirfd, name, o->dirfd, old) < 0)
		return;
	fd = open_log(o->dirfd, o->run);
	if (fd < 0) { /* go on in the renamed file rather than lose lines */
		(void)renameat(o->dirfd, old, o->dirfd, name);
		return;
	}
	close_fd(&o->fd);
	o->fd = fd;
	o->size = 0;
	if (++o->rotated < OUTPUT_KEEP)
		return;
	while (scan_logs(o->dirfd, 0, o->run, first) >= OUTPUT_KEEP)
		if (unlinkat(o->dirfd, first, 0) < 0)
			break;
}

/* --- records ------------------------------------------------------------------------------ */

static void flush(struct output *o)
{
	struct output_pool *p = o->pool;
	struct err e = {0};

	if (!p->out_len)
		return;
	if (o->size && o->size + (int64_t)p->out_len > o->rotate)
		rotate(o);
	if (fd_write_all(o->fd, p->out, p->out_len, &e) < 0) {
		if (!o->broken)
			log_debug("log: %s", e.msg);
		o->broken = true;
	}
	o->size += (int64_t)p->out_len;
	p->out_len = 0;
}

/* One record: prefix holds stamp and stream; the flag is put in. */
static inline void record(struct output *o, char prefix[PREFIX], char flag, const char *a,
                          size_t an, const char *b, size_t bn)
{
	struct output_pool *p = o->pool;
	char *at;

	if (p->out_len + PREFIX + an + bn + 1 > OUT_SIZE)
		flush(o);
	at = p->out + p->out_len;
	prefix[PREFIX - 2] = flag;
	memcpy(at, prefix, PREFIX);
	at += PREFIX;
	if (an) {
		memcpy(at, a, an);
		at += an;
	}
	memcpy(at, b, bn);
	at[bn] = '\n';
	p->out_len += PREFIX + an + bn + 1;
}

static void keep_part(struct output_stream *s, const char *text, size_t len)
{
	if (!len)
		return;
	s->part = xrealloc(s->part, s->part_len + len);
	memcpy(s->part + s->part_len, text, len);
	s->part_len += len;
}

static void drop_part(struct output_stream *s)
{
	free(s->part);
	s->part = NULL;
	s->part_len = 0;
}

/* Write what stands before `end` of a line (end itself excluded); whole parts above the limit
 * first. */
static const char *long_parts(struct output_stream *s, char *prefix, const char *at,
                              const char *end)
{
	while (s->part_len + (size_t)(end - at) > OUTPUT_LINE_MAX) {
		size_t n = OUTPUT_LINE_MAX - s->part_len;

		record(s->output, prefix, 'P', s->part, s->part_len, at, n);
		drop_part(s);
		at += n;
	}
	return at;
}

static void add_text(struct output_stream *s, char *prefix, const char *at, size_t len)
{
	const char *end = at + len, *nl;

	while ((nl = memchr(at, '\n', (size_t)(end - at)))) {
		at = long_parts(s, prefix, at, nl);
		record(s->output, prefix, 'F', s->part, s->part_len, at, (size_t)(nl - at));
		if (s->part_len)
			drop_part(s);
		at = nl + 1;
	}
	at = long_parts(s, prefix, at, end);
	keep_part(s, at, (size_t)(end - at));
}

static void make_prefix(const struct output_stream *s, char prefix[PREFIX + 1])
{
	clock_rfc3339(clock_real_ns(), prefix);
	memcpy(prefix + 30, s->tag, 8);
	memcpy(prefix + 38, "F ", 3);
}

/* Read once; returns the bytes, 0 at end of file, -1 when there is nothing now. */
static ssize_t read_once(struct output_stream *s)
{
	struct output_pool *p = s->output->pool;
	char prefix[PREFIX + 1];
	ssize_t n;

	if (!pool_ready(p))
		return 0;
	do
		n = read(s->src.fd, p->in, IN_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -1 : 0;
	if (n == 0)
		return 0;
	if (n >= PIPE_DEFAULT && !s->grown) {
		s->grown = true;
		(void)fcntl(s->src.fd, F_SETPIPE_SZ, IN_SIZE); /* refused above a limit: fine */
	}
	make_prefix(s, prefix);
	add_text(s, prefix, p->in, (size_t)n);
	pool_used(p, (size_t)n);
	return n;
}

static void close_stream(struct output_stream *s)
{
	char prefix[PREFIX + 1];

	if (s->src.fd < 0)
		return;
	loop_del(&s->src);
	close_fd(&s->src.fd);
	if (s->part_len) {
		make_prefix(s, prefix);
		record(s->output, prefix, 'P', s->part, s->part_len, "", 0);
		drop_part(s);
		flush(s->output);
	}
}

static void stream_ready(struct source *src, uint32_t events)
{
	struct output_stream *s = CONTAINER_OF(src, struct output_stream, src);
	ssize_t n = 1;

	UNUSED(events);
	for (int i = 0; i < READS_PER_TURN && n > 0; i++) {
		n = read_once(s);
		if (n > 0 && n < PIPE_DEFAULT / 2)
			break; /* drained: spare the read that would only say so */
	}
	flush(s->output);
	if (n == 0)
		close_stream(s);
}

void output_init(struct output *o)
{
	*o = (struct output){.dirfd = -1, .fd = -1};
	o->streams[0].src.fd = o->streams[1].src.fd = -1;
}

int output_open(struct output *o, struct output_pool *pool, int dirfd, unsigned int run,
                struct err *e)
{
	char first[FILE_NAME];

	output_init(o);
	o->pool = pool;
	o->dirfd = dirfd;
	o->run = run;
	o->rotate = OUTPUT_ROTATE;
	if (run > 1)
		(void)scan_logs(dirfd, (int64_t)run - 1, run, first);
	o->fd = open_log(dirfd, run);
	if (o->fd < 0) {
		(void)err_sys(e, errno, "create log file %u.log", run);
		close_fd(&o->dirfd);
		return -1;
	}
	return 0;
}

static int open_stream(struct output *o, int i, const char *tag, int *ret_write, struct err *e)
{
	struct output_stream *s = &o->streams[i];
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe for%s", tag);
	fd_set_nonblock(p[0], true);
	*s = (struct output_stream){.output = o, .tag = tag};
	s->src.fd = p[0];
	s->src.ready = stream_ready;
	*ret_write = p[1];
	return loop_add(o->pool->loop, &s->src, EPOLLIN, e);
}

int output_pipes(struct output *o, int *ret_stdout, int *ret_stderr, struct err *e)
{
	int fds[2] = {-1, -1};

	if (open_stream(o, 0, " stdout ", &fds[0], e) < 0 ||
	    open_stream(o, 1, " stderr ", &fds[1], e) < 0) {
		fd_close_many(fds, 2);
		return -1;
	}
	*ret_stdout = fds[0];
	*ret_stderr = fds[1];
	return 0;
}

void output_close(struct output *o)
{
	for (size_t i = 0; i < ARRAY_LEN(o->streams); i++) {
		struct output_stream *s = &o->streams[i];

		/* Bounded: every writer has ended, so the pipe holds at most its size; a process
		 * of an exec that still writes cannot keep us here. */
		for (int turn = 0; s->src.fd >= 0 && turn < 32 && read_once(s) > 0; turn++)
			;
		if (s->src.fd >= 0)
			flush(o);
		close_stream(s);
	}
	close_fd(&o->fd);
	close_fd(&o->dirfd);
}

/* --- reading back ------------------------------------------------------------------------- */

char *output_tail(int dirfd, unsigned int run, unsigned int lines, size_t max)
{
	char name[FILE_NAME], buf[16384];
	autostrbuf struct strbuf out = {0};
	const char *start, *end;
	struct stat st;
	ssize_t n;

	(void)snprintf(name, sizeof(name), "%u.log", run);
	autoclose int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return xstrdup("");
	n = pread(fd, buf, sizeof(buf), MAX(st.st_size - (off_t)sizeof(buf), (off_t)0));
	if (n <= 0)
		return xstrdup("");
	end = buf + n;
	for (start = end; start > buf && lines; start--)
		if (start < end && start[-1] == '\n' && --lines == 0)
			break;
	while (start < end) {
		const char *nl = memchr(start, '\n', (size_t)(end - start));
		const char *stop = nl ? nl : end;
		autofree char *text = NULL;

		if (stop - start >= PREFIX && start[4] == '-') {
			text = str_sanitize(start + PREFIX, (size_t)(stop - start) - PREFIX);
			if (out.len + strlen(text) + 1 > max)
				break;
			strbuf_addf(&out, "%s%s", out.len ? "\n" : "", text);
		}
		start = stop + 1;
	}
	return strbuf_take(&out);
}
