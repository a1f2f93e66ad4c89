/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull.h - images from registries into the store
 *
 * All images are looked up first, side by side; only when every one of them can be had are layers
 * fetched, all together, each once. Errors name each image.
 */
#pragma once

#include <stdatomic.h>

#include "pkg/image/auth.h"
#include "pkg/image/event.h"
#include "pkg/image/manifest.h"

enum pull_policy { PULL_IF_NOT_PRESENT, PULL_ALWAYS, PULL_NEVER };

struct pull_image {
	const char *ref;
	enum pull_policy policy;
};

struct pull_request {
	int store_fd;
	const struct pull_image *images;
	size_t len;
	struct platform platform;
	const struct auths *auths;
	const char *auth_places;
	bool tls_no_verify, ignore_owner;
	struct events *events;
	const atomic_bool *stop; /* set by another thread, or NULL */
	void (*on_registry)(void *registry,
	                    void *arg); /* what registry_cancel() takes; NULL at the end */
	void *arg;
};

int pull(const struct pull_request *r, struct err *e);
