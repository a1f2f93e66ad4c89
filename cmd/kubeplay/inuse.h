/* SPDX-License-Identifier: Apache-2.0 */
/* inuse.h - which images do running projects need? */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "pkg/store/usage.h"

struct inuse {
	struct store_use *v;
	size_t len;
	struct strv strings; /* what v points to */
};

#define autoinuse __attribute__((cleanup(inuse_done)))

/* All of them, whatever -p says. */
int inuse_load(struct cli *c, struct inuse *ret, struct err *e);
void inuse_done(struct inuse *u);
