/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h - a container's output, from its two pipes to CRI log files
 *
 * Lines become "2026-11-23T04:05:06.123456789Z stdout F text"; a line above 16 KiB, or one without
 * a newline at the end of the stream, becomes P parts. The file of run N is N.log; at OUTPUT_ROTATE
 * bytes it is renamed to N.log.YYYYMMDD-HHMMSS (".0001" ... added for a second one in that second)
 * and OUTPUT_KEEP files of a run are kept, the live one included. Logs of runs before the previous
 * one are removed when a run begins.
 *
 * Memory: two buffers for the whole supervisor (struct output_pool) and at most 16 KiB per stream
 * that stands in the middle of a line. A handler reads a bounded amount per turn of the loop.
 */
#pragma once

#include "pkg/loop/loop.h"

enum {
	OUTPUT_LINE_MAX = 16384,
	OUTPUT_ROTATE = 10 << 20,
	OUTPUT_KEEP = 3,
};

/* Shared by all outputs of a loop; zero is valid, output_pool_done() frees. */
struct output_pool {
	struct loop *loop;
	char *in, *out;
	size_t out_len;
	bool hot; /* the buffers hold pages that can go back */
	struct timer cool;
};

struct output_stream {
	struct source src; /* fd: read end of the pipe, owned; -1: closed */
	struct output *output;
	const char *tag; /* " stdout " */
	char *part;      /* begin of a line whose end has not come */
	size_t part_len;
	bool grown; /* the pipe was enlarged */
};

struct output {
	struct output_pool *pool;
	int dirfd; /* log directory, owned */
	int fd;    /* N.log, owned */
	unsigned int run;
	int64_t size, rotate; /* bytes written, limit */
	unsigned int rotated;
	time_t rotated_at; /* second of the last rotation, and how many before it in that second */
	unsigned int rotated_again;
	bool broken;                     /* a write failed: said once */
	struct output_stream streams[2]; /* stdout, stderr */
};

/* Begin run number `run` in the log directory dirfd (taken over). */
int output_open(struct output *o, struct output_pool *pool, int dirfd, unsigned int run,
                struct err *e);
/* Make the pipes; their write ends (CLOEXEC, the caller's) go to the process. */
int output_pipes(struct output *o, int *ret_stdout, int *ret_stderr, struct err *e);
/* Read what is left in the pipes, write it, close everything; fine on one never opened (zeroed with
 * output_init). */
void output_close(struct output *o);
/* Set all descriptors to -1. */
void output_init(struct output *o);
void output_pool_done(struct output_pool *p);
/* Last complete lines of run `run` in a log directory, sanitised and without stamps, at most max
 * bytes. Owned; "" when there are none. */
char *output_tail(int dirfd, unsigned int run, unsigned int lines, size_t max) MUST_USE;
