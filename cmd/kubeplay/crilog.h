/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crilog.h - the log of one container, line by line, over its runs and rotated files
 *
 * The supervisor writes CRI lines, `TIME stdout|stderr P|F TEXT`, to N.log for run N (0, 1, ...)
 * and renames a full one to N.log.STAMP; stamps sort by time. Parts (P) are joined to the whole
 * line here. A file that is renamed or removed while it is read is read to its end before the next
 * one is opened, so following loses nothing across rotation and restart.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum crilog_runs { CRILOG_LATEST, CRILOG_PREVIOUS, CRILOG_ALL };

struct crilog_file {
	int64_t run;
	char stamp[64]; /* "" for the file that is being written */
};

struct crilog {
	int dirfd, fd; /* fd: of the current file, -1 none */
	struct crilog_file at;
	bool only_run; /* do not go on to the next run */
	bool moved_on; /* a newer file than the current one exists */
	char *buf;     /* raw bytes [start, end) */
	size_t start, end, cap;
	struct strbuf part[2]; /* stdout, stderr: parts of an unfinished line */
	char part_time[2][40];
	bool joined[2];    /* what part holds was already given away and is to be emptied */
	bool continued[2]; /* a line was too long and is given in pieces */
};

struct crilog_line {
	char time[40]; /* as written, "" if the line has none */
	bool is_stderr;
	bool continues;   /* the rest of a line whose beginning was given before */
	bool complete;    /* false: a piece of a line too long to join */
	const char *text; /* valid until the next call */
	size_t len;
};

/* Take over dirfd (the container's log directory). Nothing there yet is fine: crilog_next() looks
 * again. */
void crilog_init(struct crilog *l, int dirfd, enum crilog_runs runs);
void crilog_done(struct crilog *l);
/* Start with the last n lines instead of the first. Before the first crilog_next(). */
int crilog_tail(struct crilog *l, int64_t n, struct err *e);
/* 1 and a line, 0 when there is none now, -1 on a read error. */
int crilog_next(struct crilog *l, struct crilog_line *ret, struct err *e);
/* After the last line: what was written without an end of line. False when there is no more of it.
 */
bool crilog_rest(struct crilog *l, struct crilog_line *ret);
/* True if there is a run before the latest (for logs -p). */
bool crilog_has_previous(int dirfd);
