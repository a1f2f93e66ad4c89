/* SPDX-License-Identifier: Apache-2.0 */
/* crilog.c - see crilog.h */
#include "cmd/kubeplay/crilog.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { READ_SIZE = 64 * 1024, MAX_LINE = 1024 * 1024, MAX_JOINED = 2 * MAX_LINE };

/* --- files
 * ------------------------------------------------------------------------------------------------------
 */

/* "3.log" or "3.log.STAMP" */
static bool parse_name(const char *name, struct crilog_file *ret)
{
	char *end;
	unsigned long run;

	if (!isdigit((unsigned char)name[0]) || strlen(name) > 60)
		return false;
	run = strtoul(name, &end, 10);
	if (run > INT_MAX || !starts_with(end, ".log"))
		return false;
	end += strlen(".log");
	if (*end && (*end != '.' || !end[1]))
		return false;
	*ret = (struct crilog_file){.run = (int64_t)run};
	(void)snprintf(ret->stamp, sizeof(ret->stamp), "%s", *end ? end + 1 : "");
	return true;
}

static void file_name(const struct crilog_file *f, char out[96])
{
	(void)snprintf(out, 96, "%lld.log%s%s", (long long)f->run, *f->stamp ? "." : "", f->stamp);
}

/* Oldest first; the file without a stamp is the newest of its run. */
static int compare_files(const struct crilog_file *a, const struct crilog_file *b)
{
	if (a->run != b->run)
		return a->run < b->run ? -1 : 1;
	if (!*a->stamp || !*b->stamp)
		return !*a->stamp - !*b->stamp;
	return strcmp(a->stamp, b->stamp);
}

static int compare_entries(const void *a, const void *b)
{
	return compare_files(a, b);
}

/* All log files there, oldest first. Owned; *ret_count may be 0. */
static struct crilog_file *list_files(int dirfd, size_t *ret_count)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct crilog_file *list = NULL;
	const struct dirent *entry;
	size_t n = 0;

	if (!d) {
		close_fd(&fd);
		*ret_count = 0;
		return NULL;
	}
	while ((entry = readdir(d))) {
		struct crilog_file f;

		if (!parse_name(entry->d_name, &f))
			continue;
		list = xrealloc(list, (n + 1) * sizeof(*list));
		list[n++] = f;
	}
	(void)closedir(d);
	if (n)
		qsort(list, n, sizeof(*list), compare_entries);
	*ret_count = n;
	return list;
}

static int open_file(int dirfd, const struct crilog_file *f)
{
	char name[96];

	file_name(f, name);
	return openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

bool crilog_has_previous(int dirfd)
{
	size_t n;
	autofree struct crilog_file *list = list_files(dirfd, &n);

	return n && list[0].run < list[n - 1].run;
}

/* The run that reading starts with, -1 if it does not exist (yet). */
static int64_t first_run(const struct crilog_file *list, size_t n, enum crilog_runs runs)
{
	int64_t last = n ? list[n - 1].run : -1;

	if (runs == CRILOG_ALL)
		return 0;
	if (runs == CRILOG_LATEST)
		return MAX(last, 0);
	for (size_t i = n; i-- > 0;)
		if (list[i].run < last)
			return list[i].run;
	return -1;
}

void crilog_init(struct crilog *l, int dirfd, enum crilog_runs runs)
{
	size_t n;
	autofree struct crilog_file *list = list_files(dirfd, &n);

	*l = (struct crilog){
		.dirfd = dirfd,
		.fd = -1,
		.at.run = first_run(list, n, runs),
		.only_run = runs == CRILOG_PREVIOUS,
		.part = {STRBUF_MAX(MAX_JOINED), STRBUF_MAX(MAX_JOINED)},
	};
	(void)snprintf(l->at.stamp, sizeof(l->at.stamp),
	               " "); /* sorts before every stamp: the first file is next */
}

void crilog_done(struct crilog *l)
{
	close_fd(&l->dirfd);
	close_fd(&l->fd);
	free(l->buf);
	strbuf_done(&l->part[0]);
	strbuf_done(&l->part[1]);
	l->buf = NULL;
}

static bool same_file(int fd, int dirfd, const struct crilog_file *f)
{
	struct stat a, b;
	char name[96];

	file_name(f, name);
	return fstat(fd, &a) == 0 && fstatat(dirfd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Index of the current file among list, -1 if it was removed, -2 if it moved while we looked. */
static ssize_t find_current(const struct crilog *l, const struct crilog_file *list, size_t n)
{
	struct stat st;

	for (size_t i = 0; i < n; i++)
		if (list[i].run == l->at.run && same_file(l->fd, l->dirfd, &list[i]))
			return (ssize_t)i;
	return fstat(l->fd, &st) == 0 && st.st_nlink ? -2 : -1;
}

/* The first file of the list that is to be read after `at`; all: those before `at` in the same run
 * too. */
static bool first_after(const struct crilog *l, const struct crilog_file *list, size_t n, bool all,
                        struct crilog_file *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].run < l->at.run || (l->only_run && list[i].run > l->at.run))
			continue;
		if (!all && compare_files(&list[i], &l->at) <= 0)
			continue;
		*ret = list[i];
		return true;
	}
	return false;
}

/*
 * The file to read after the current one, if there is any: the current one may have got a stamp
 * since it was opened, so it is found by its inode. When it was removed, all that is left of its
 * run is newer than it.
 */
static bool find_next(struct crilog *l, struct crilog_file *ret)
{
	for (int tries = 0; l->at.run >= 0 && tries < 10; tries++) {
		size_t n;
		autofree struct crilog_file *list = list_files(l->dirfd, &n);
		ssize_t i = l->fd < 0 ? 0 : find_current(l, list, n);

		if (i == -2)
			continue;
		if (l->fd >= 0 && i >= 0)
			l->at = list[i];
		return first_after(l, list, n, l->fd >= 0 && i < 0, ret);
	}
	return false;
}

static bool has_parts(const struct crilog *l)
{
	return (l->part[0].len && !l->joined[0]) || (l->part[1].len && !l->joined[1]);
}

/* 1 when bytes were added, 0 at the end of what there is. */
static int fill(struct crilog *l, struct err *e)
{
	ssize_t n;

	if (l->start) {
		memmove(l->buf, l->buf + l->start, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
	}
	if (l->cap - l->end < READ_SIZE) {
		l->cap = l->end + READ_SIZE;
		l->buf = xrealloc(l->buf, l->cap);
	}
	do
		n = read(l->fd, l->buf + l->end, l->cap - l->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "read log");
	l->end += (size_t)n;
	return n > 0;
}

/* What read_on() found. */
enum { READ_NOTHING, READ_MORE, READ_ENDED };

/* The current file will not grow any more: go on to the next one. A missing one was renamed
 * meanwhile: look again. */
static int move_on(struct crilog *l, const struct crilog_file *next, struct err *e)
{
	int fd = open_file(l->dirfd, next);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, errno, "open log");
	close_fd(&l->fd);
	l->fd = fd;
	l->at = *next;
	l->moved_on = false;
	return 0;
}

/* More bytes: from this file, or, when it is at its end and a newer one exists, from that one. */
static int read_on(struct crilog *l, struct err *e)
{
	struct crilog_file next;
	int r;

	for (;;) {
		r = l->fd >= 0 ? fill(l, e) : 0;
		if (r)
			return r;
		if (!find_next(l, &next)) {
			l->moved_on = false;
			return READ_NOTHING;
		}
		if (l->fd >= 0 &&
		    !l->moved_on) { /* its writer is done: what came until now is the rest */
			l->moved_on = true;
			continue;
		}
		if (l->end > l->start || (next.run != l->at.run && has_parts(l)))
			return READ_ENDED; /* what has no end now never will */
		if (move_on(l, &next, e) < 0)
			return -1;
	}
}

/* --- lines
 * ------------------------------------------------------------------------------------------------------
 */

/* Split "TIME stdout F text"; anything else is text alone. */
static bool parse_line(const char *line, size_t len, struct crilog_line *ret)
{
	static const char *const streams[] = {"stdout ", "stderr "};
	const char *blank = memchr(line, ' ', MIN(len, sizeof(ret->time) - 1));
	size_t at;

	*ret = (struct crilog_line){.text = line, .len = len, .complete = true};
	if (!blank || blank == line)
		return false;
	at = (size_t)(blank - line) + 1;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		if (len < at + 8 || memcmp(line + at, streams[i], 7) != 0)
			continue;
		at += 7;
		if ((line[at] != 'P' && line[at] != 'F') || (len > at + 1 && line[at + 1] != ' '))
			return false;
		memcpy(ret->time, line, (size_t)(blank - line));
		ret->is_stderr = i == 1;
		ret->complete = line[at] == 'F';
		at = MIN(at + 2, len);
		ret->text = line + at;
		ret->len = len - at;
		return true;
	}
	return false;
}

/* Join parts: true when a line, or as much of one as is kept in memory, can be given away. */
static bool join(struct crilog *l, struct crilog_line *ret)
{
	int which = ret->is_stderr;
	struct strbuf *part = &l->part[which];

	if (l->joined[which])
		strbuf_clear(part);
	l->joined[which] = false;
	ret->continues = l->continued[which];
	if (!ret->complete || part->len) {
		if (!part->len)
			memcpy(l->part_time[which], ret->time, sizeof(ret->time));
		strbuf_add(part, ret->text, ret->len); /* fits: both are at most MAX_LINE */
		if (!ret->complete && part->len < MAX_LINE)
			return false;
		memcpy(ret->time, l->part_time[which], sizeof(ret->time));
		ret->text = part->s;
		ret->len = part->len;
		l->joined[which] = true;
	}
	l->continued[which] = !ret->complete;
	return true;
}

/* The next raw line of the buffer; false if it has none. last: what has no end is a line too. */
static bool cut_line(struct crilog *l, bool last, const char **line, size_t *len)
{
	const char *start = l->buf + l->start, *end;

	if (l->start == l->end)
		return false;
	end = memchr(start, '\n', l->end - l->start);
	if (!end && !last && l->end - l->start < MAX_LINE)
		return false;
	*line = start;
	*len = MIN(end ? (size_t)(end - start) : l->end - l->start, (size_t)MAX_LINE);
	l->start += *len + (end && start + *len == end);
	return true;
}

bool crilog_rest(struct crilog *l, struct crilog_line *ret)
{
	const char *line;
	size_t len;

	if (cut_line(l, true, &line, &len)) {
		(void)parse_line(line, len, ret);
		if (join(l, ret))
			return true;
	}
	for (int i = 0; i < 2; i++) {
		if (!l->part[i].len || l->joined[i])
			continue;
		*ret = (struct crilog_line){
			.is_stderr = i,
			.continues = l->continued[i],
			.complete = true,
			.text = l->part[i].s,
			.len = l->part[i].len,
		};
		memcpy(ret->time, l->part_time[i], sizeof(ret->time));
		l->joined[i] = true;
		l->continued[i] = false;
		return true;
	}
	return false;
}

int crilog_next(struct crilog *l, struct crilog_line *ret, struct err *e)
{
	const char *line;
	size_t len;
	int r;

	for (;;) {
		while (cut_line(l, false, &line, &len)) {
			(void)parse_line(line, len, ret);
			if (join(l, ret))
				return 1;
		}
		r = read_on(l, e);
		if (r < 0 || r == READ_NOTHING)
			return r;
		if (r == READ_ENDED && crilog_rest(l, ret))
			return 1;
	}
}

/* --- the last lines
 * --------------------------------------------------------------------------------------------- */

/* True if the line that begins at this offset ends a line of the container. */
static bool is_full(int fd, off_t at)
{
	char head[64];
	ssize_t n = pread(fd, head, sizeof(head), at);
	struct crilog_line line;

	const char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;

	if (n <= 0)
		return false;
	(void)parse_line(head, end ? (size_t)(end - head) : (size_t)n, &line);
	return line.complete;
}

/* Go back from the end over `*left` full lines; the offset where they begin, 0 if there are not so
 * many. */
static off_t seek_back(int fd, int64_t *left)
{
	struct stat st;
	char block[READ_SIZE];
	off_t pos, line_end;

	if (fstat(fd, &st) < 0)
		return 0;
	line_end = st.st_size;
	for (pos = st.st_size; pos > 0;) {
		size_t want = (size_t)MIN(pos, (off_t)sizeof(block));
		ssize_t n = pread(fd, block, want, pos - (off_t)want);

		if (n != (ssize_t)want)
			return 0;
		pos -= (off_t)want;
		for (size_t i = want; i-- > 0;) {
			off_t start = pos + (off_t)i +
			              1; /* the line behind this newline is start..line_end */

			if (block[i] != '\n')
				continue;
			if (start < line_end && is_full(fd, start) && (*left)-- == 0)
				return line_end;
			line_end = start;
		}
	}
	if (line_end > 0 && is_full(fd, 0) && (*left)-- == 0)
		return line_end;
	return 0;
}

int crilog_tail(struct crilog *l, int64_t n, struct err *e)
{
	size_t count;
	autofree struct crilog_file *list = list_files(l->dirfd, &count);

	for (size_t i = count; i-- > 0;) {
		autoclose int fd = -1;
		off_t start;

		if (list[i].run < l->at.run || (l->only_run && list[i].run > l->at.run))
			continue;
		fd = open_file(l->dirfd, &list[i]);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(e, errno, "open log");
		start = seek_back(fd, &n);
		if (n >= 0 && i > 0)
			continue; /* fewer lines than asked for: the file before has more */
		if (lseek(fd, start, SEEK_SET) < 0)
			return err_sys(e, errno, "seek in log");
		l->fd = take_fd(&fd);
		l->at = list[i];
		return 0;
	}
	return 0;
}
