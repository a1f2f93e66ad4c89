/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - one run of the command line: its global options, and what most verbs need, opened when
 * first asked for
 */
#pragma once

#include "pkg/runtime/idmap.h"
#include "pkg/state/dirs.h"

struct cli {
	/* global options */
	const char *root, *runroot, *project;
	int log_level;
	bool help, version;

	/* opened on demand */
	struct idmap ids;
	struct dirs dirs;
	bool have_ids, have_dirs;
	char *libexec;
};

/* The mapping of this user; found once. */
int cli_ids(struct cli *c, const struct idmap **ret, struct err *e);
/* Data and run-time directories; opened once. */
int cli_dirs(struct cli *c, const struct dirs **ret, struct err *e);
/* Directory of kubeplay-image and kubeplay-net: beside this program (build tree),
 * ../libexec/kubeplay, or as installed. */
const char *cli_libexec(struct cli *c);
/* The store's directory, or -1 with ERR_ABSENT when nothing was ever pulled. The caller closes it.
 */
int cli_open_store(struct cli *c, struct err *e);
/* Say a warning on stderr, sanitised. */
void cli_warn(const char *text);
void cli_done(struct cli *c);
