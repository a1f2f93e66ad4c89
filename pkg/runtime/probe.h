/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - can this directory hold images? (RUNTIME facts, section 2)
 *
 * Tries in a mapped user namespace, before anything is pulled: fchown to a sub-id, user xattrs,
 * whiteouts, the overlay mount itself with this directory as upper. The verdict is cached in the
 * directory (by device, file system type, boot id, kernel release, uid, program version).
 */
#pragma once

#include "pkg/runtime/idmap.h"

struct storage_probe {
	bool chown_ok, xattr_ok, whiteout_ok, overlay_ok;
	int chown_errno, overlay_errno;
	char fs[24];
	bool cached;
};

/* Fills *ret; fails only if the probe itself could not run. dir is for messages. */
int storage_probe_run(const struct idmap *m, int dirfd, const char *dir, struct storage_probe *ret,
                      struct err *e);
/* 0 if usable, else an ERR_HOST that names dir, the file system, and the fixes (--root DIR,
 * KUBEPLAY_ROOT). */
int storage_probe_verdict(const struct storage_probe *p, const struct idmap *m, const char *dir,
                          struct err *e);
