/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - images from an OCI layout (directory or tar) or a docker-archive into the store */
#pragma once

#include <stdatomic.h>

#include "pkg/image/event.h"
#include "pkg/image/manifest.h"

struct load_request {
	int store_fd;
	int fd;           /* a directory, a file, or a pipe; a loan */
	const char *path; /* for messages */
	const char *tag;  /* name for the one image in it; NULL: the names it brings */
	struct platform platform;
	bool ignore_owner;
	struct events *events;
	const atomic_bool *stop; /* set by another thread, or NULL */
};

/* The names loaded, or ids of images without a name, are told as events. */
int load(const struct load_request *r, struct err *e);
