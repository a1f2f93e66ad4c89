/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - changing the store: a working directory per pull, commits by rename, the index under a
 * lock
 *
 * Who writes runs as uid 0 of a mapped user namespace (kubeplay-image, or a child of userns_run()).
 * store/tmp/NAME is locked by its owner for as long as that lives; what nobody holds is litter,
 * which the next store_work_begin() removes. store/lock is held only while the index or names of
 * layers change.
 *
 * On disk a layer or blob appears by one rename, and before an index names it, it is synced.
 */
#pragma once

#include "pkg/store/usage.h"

struct store_work {
	int store_fd; /* a loan */
	int dir_fd;   /* store/tmp/NAME, flock held */
	char name[32];
};

/* Make the directories of the store, remove what dead pulls left, and begin. */
int store_work_begin(struct store_work *w, int store_fd, struct err *e);
/* Remove the working directory; fine on a zeroed one whose dir_fd is -1. */
void store_work_end(struct store_work *w);
/* Publish bytes whose digest was verified as a blob. */
int store_work_blob(struct store_work *w, const char *digest, const void *data, size_t len,
                    struct err *e);
/* Publish the directory `name` of the working directory as an unpacked layer (both digests
 * verified, file system synced). That it is there already, by another pull, is fine. */
int store_work_layer(struct store_work *w, const char *name, const char *diff_id, struct err *e);
/* Write everything of the store's file system to disk. */
int store_sync(int store_fd, struct err *e);

/*
 * Put img (contents copied) into the index: its names are taken from other images, and an image
 * with the same config is merged with. Returns 1 if a layer or blob of it vanished meanwhile (rmi):
 * pull again.
 */
int store_add_image(int store_fd, const struct store_image *img, struct err *e);

/*
 * Remove a name; with the last name, or by id, the image and what no other image uses. An image
 * that one of `uses` needs is refused, with force it only loses its names. *ret gets lines like
 * "untagged docker.io/library/nginx:1.25", "removed sha256:...".
 */
int store_remove(int store_fd, const char *reference, bool force, const struct store_use *uses,
                 size_t use_count, struct strv *ret, struct err *e);

/* Give the image that `reference` names a further name, taken from whichever image has it; *ret
 * (may be NULL) gets that name in full. ERR_ABSENT, or ERR_USAGE for a name with a digest. */
int store_tag(int store_fd, const char *reference, const char *name, struct strv *ret,
              struct err *e);

/* The error for a write that failed: for ENOSPC and EDQUOT it names the place and the space left.
 */
int store_write_error(int store_fd, int num, const char *what, struct err *e);
