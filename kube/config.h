/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - entries of ConfigMaps and Secrets: found by key, decoded, put into plan_data once */
#pragma once

#include "kube/run.h"

struct config_entry {
	const char *key, *text;
	bool base64; /* text is encoded */
	bool binary; /* of binaryData: no variable can hold it */
	bool added;  /* stands in plan_data */
};

/* The entries of one object, sorted by key. */
struct config {
	const struct object *o;
	struct config_entry *entry;
	size_t count;
};

/* All of a run's ConfigMaps and Secrets that were asked for. Zero is valid. */
struct configs {
	struct config **of; /* by number of object */
	struct plan_data *data;
};

/* The entries of a ConfigMap or Secret of the run. Memory of the run. */
struct config *configs_get(struct run *r, struct configs *c, const struct object *o);
void configs_done(struct configs *c);
struct config_entry *config_find(const struct config *c, const char *key);
/* Put an entry into the data table; returns the name it has there, owned. */
char *config_use(struct configs *all, const struct config *c, struct config_entry *e) MUST_USE;
/* "; it has: a, b": owned. */
char *config_keys(const struct config *c) MUST_USE;
