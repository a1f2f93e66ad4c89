/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h - which host ids a project's user namespace may use (DESIGN section 6)
 *
 * Rootless: container 0 is you, 1..65535 are your first 65535 sub-ids from /etc/subuid and
 * /etc/subgid. As root: container 0..65535 are a sub-id range of "kubeplay", "containers" or
 * "root", else 1879048192:65536.
 */
#pragma once

#include "pkg/util/err.h"

struct idmap_range {
	uint32_t inside, outside, count;
};

struct idmap {
	struct idmap_range uid[8], gid[8];
	size_t uid_count, gid_count;
	bool as_root;         /* we are real root: maps are written directly */
	bool single;          /* no sub-ids or no newuidmap: only container 0 exists */
	char why_single[300]; /* the reason and the fix, for the warning */
};

/* Read the files, find newuidmap/newgidmap. Fails only if nothing at all is possible. */
int idmap_detect(struct idmap *m, struct err *e);
/* Host id of a container id; -1 if it is not mapped. */
int64_t idmap_host_uid(const struct idmap *m, uint32_t inside);
int64_t idmap_host_gid(const struct idmap *m, uint32_t inside);
/* True if the mapping reaches container ids 0..65535 fully. */
bool idmap_full(const struct idmap *m);
