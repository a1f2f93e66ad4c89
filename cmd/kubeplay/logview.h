/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logview.h - logs of several containers on standard output: merged by time, followed, marked with
 * where they come from
 */
#pragma once

#include "cmd/kubeplay/crilog.h"
#include "pkg/state/dirs.h"

struct logview_source {
	const char *project, *pod, *container; /* loans */
};

struct logview_options {
	enum crilog_runs runs;
	bool follow, timestamps, prefix;
	int64_t tail;     /* lines of each container, -1: all */
	int64_t since_ns; /* real time; 0: from the beginning */
	int stop_fd;      /* stop following when this polls readable (a signalfd); -1: none */
};

/*
 * Print. With follow: until every pod of the sources has ended for good, its project is gone, or
 * stop_fd says so. Control characters are made visible only if standard output is a terminal.
 */
int logview_run(const struct dirs *d, const struct logview_source *sources, size_t count,
                const struct logview_options *o, struct err *e);
