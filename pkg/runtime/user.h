/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h - who a container process runs as
 *
 * Names are looked up in the image's own passwd and group files, opened inside its root file
 * system: regular files only, at most 1 MiB, never through the C library's name services (they
 * would load code from the container).
 */
#pragma once

#include "pkg/util/err.h"

enum { USER_GROUPS_MAX = 1024 };

struct user_ids {
	uint32_t uid, gid;
	uint32_t groups[USER_GROUPS_MAX]; /* the primary one, those asked for, then the image's */
	size_t group_count,
		asked_count; /* the first asked_count must be set; the image's are best effort */
	char home[256];
};

struct user_wish {
	const char *image_user; /* "user[:group]", NULL: root */
	int64_t uid, gid;       /* overrides, -1: none */
	const uint32_t *groups;
	size_t group_count;
};

/* rootfd: the container's root. */
int user_resolve(int rootfd, const struct user_wish *w, struct user_ids *ret, struct err *e);
