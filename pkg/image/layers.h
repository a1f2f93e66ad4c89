/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layers.h - all layers that are missing, each once, a few at a time
 *
 * Filled by pull.c or load.c, then run: the largest first, LAYERS_WIDTH side by side, each with a
 * download (or a file range), an inflating thread and a writing one. The first failure stops the
 * others.
 */
#pragma once

#include <stdatomic.h>

#include "pkg/image/event.h"
#include "pkg/image/manifest.h"
#include "pkg/image/registry.h"
#include "pkg/store/work.h"

struct layer_job {
	char *diff_id;
	char *digest; /* of the blob; NULL: not known */
	int64_t size; /* of the blob */
	/* where it comes from: a registry, or a range of a file */
	const struct reference *ref;
	int fd; /* -1: the registry */
	int64_t offset;
	int64_t unpacked; /* bytes of its files, once done */
	bool present, started, done;
};

struct layers {
	struct store_work *work;
	struct registry *registry;
	struct events *events;
	bool ignore_owner;
	const atomic_bool *stop; /* set by another thread: give up; may be NULL */
	atomic_bool failed;

	struct layer_job *jobs;
	size_t len;
	pthread_mutex_t lock;
	struct err err; /* of the first that failed */
};

void layers_init(struct layers *l, struct store_work *work, struct registry *registry,
                 struct events *events);
void layers_done(struct layers *l);
/* Add what job says (strings are copied) unless the diffID is there already. Index of the job. */
size_t layers_add(struct layers *l, const struct layer_job *job);
/* Unpack what the store does not have. */
int layers_run(struct layers *l, struct err *e);
