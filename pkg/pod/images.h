/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images.h - the images that pods of a plan run, decoded once
 *
 * Loaded by the command line (so that an error comes before anything is created) and given to the
 * supervisor by fork; a live change loads them in the supervisor. Layers are opened by the
 * supervisor only: a descriptor from another mount namespace cannot be mounted.
 */
#pragma once

#include "pkg/plan/plan.h"
#include "pkg/store/store.h"

struct image {
	char *reference; /* as the manifest writes it */
	char *id;        /* sha256:... of the config */
	struct image_config config;
	int *layer_fds; /* topmost first; NULL until images_open() */
	size_t layer_count;
};

struct images {
	struct store_index *index;
	struct image *v;
	size_t len;
};

/* Load those of the pods for which want(pod) holds (NULL: all). ERR_IMAGE names what is missing. */
int images_load(int store_fd, const struct plan *p, bool (*want)(const struct plan_pod *, void *),
                void *arg, struct images *ret, struct err *e);
/*
 * Open their layers and drop what is needed no more. Below the lowest layer of each goes `bottom`
 * (a directory, duplicated): what every container must find, so that it is not made in each of
 * them.
 */
int images_open(int store_fd, int bottom, struct images *i, struct err *e);
const struct image *images_find(const struct images *i, const char *reference);
void images_done(struct images *i);
