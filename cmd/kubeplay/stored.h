/* SPDX-License-Identifier: Apache-2.0 */
/* stored.h - the image index for verbs that only look, and an image's parts for people */
#pragma once

#include <jansson.h>

#include "cmd/kubeplay/cli.h"
#include "pkg/store/store.h"

enum { STORED_ID_SIZE = 80 };

struct stored {
	int fd; /* -1: there is no store yet */
	struct store_index *index;
};

#define autostored __attribute__((cleanup(stored_done)))

/* Open; an empty index when nothing was ever pulled. *ret must be zeroed. */
int stored_open(struct cli *c, struct stored *ret, struct err *e);
void stored_done(struct stored *s);
/* The image, or NULL with ERR_ABSENT and a name that is near. */
const struct store_image *stored_find(const struct stored *s, const char *reference, struct err *e);
/* The config blob as JSON (the caller's), or NULL with *e. */
json_t *stored_config(const struct stored *s, const struct store_image *img, struct err *e);
/* The first twelve digits, as people quote them, or all of it. */
void stored_id(const char *digest, bool whole, char out[STORED_ID_SIZE]);
/* The digest under which the name was pulled, or that of the manifest. A loan. */
const char *stored_digest(const struct store_image *img, const char *name);
