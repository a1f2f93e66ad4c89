/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks.h - what this machine offers: one finding for each prerequisite of `up`
 *
 * Each check does the real thing on a small scale (makes a user namespace, mounts an overlay, opens
 * the device) rather than guess from versions; nothing that it makes outlives it.
 */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "pkg/util/str.h"

enum check_status { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct finding {
	enum check_status status;
	struct strbuf detail, fix; /* fix: "" when there is nothing to do */
};

struct check {
	const char *name;
	void (*run)(struct cli *c, struct finding *f);
};

extern const struct check checks[];
extern const size_t checks_count;

/* Run one; done with finding_done(). */
void check_run(const struct check *k, struct cli *c, struct finding *f);
void finding_done(struct finding *f);
