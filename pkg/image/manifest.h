/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - what a registry's JSON says (OCI image-spec, Docker schema 2)
 *
 * All of it is hostile: types are checked, digests are of the one form that may become a path,
 * sizes and counts have limits, and a document that could be read as both an index and a manifest
 * is neither.
 */
#pragma once

#include "pkg/util/err.h"

enum {
	MANIFEST_MAX = 4 << 20, /* bytes of a manifest, index or config */
	MANIFEST_LAYERS_MAX = 500,
	MANIFEST_ENTRIES_MAX = 1000,
};

struct descriptor {
	char *media_type; /* "" if not said */
	char *digest;     /* checked: store_valid_digest() */
	int64_t size;
};

/* One entry of an index. */
struct manifest_entry {
	struct descriptor desc;
	char *os, *architecture, *variant; /* "" if not said */
	char *name;     /* annotations, NULL if absent: io.containerd.image.name, */
	char *ref_name; /* org.opencontainers.image.ref.name */
};

struct manifest {
	bool is_index;
	struct descriptor config; /* of a manifest */
	struct descriptor *layers;
	size_t layers_len;
	struct manifest_entry *entries; /* of an index */
	size_t entries_len;
};

/* The parts of a config that a pull needs. */
struct config_info {
	char **diff_ids;
	size_t diff_ids_len;
	char *os, *architecture, *variant, *created; /* NULL if absent */
};

struct platform {
	char os[32], architecture[32], variant[32];
};

/* Parse a manifest or an index. */
int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e);
void manifest_done(struct manifest *m);
int config_info_parse(const char *text, size_t len, struct config_info *ret, struct err *e);
void config_info_done(struct config_info *c);

/* "os/arch[/variant]"; NULL: this machine's. */
int platform_parse(const char *text, struct platform *ret, struct err *e);
/* How well an entry fits a platform: 0 not at all, more is better. */
int manifest_fitness(const struct manifest_entry *x, const struct platform *p);
/* The best entry of an index for a platform; NULL with *e naming those that are there. */
const struct manifest_entry *manifest_choose(const struct manifest *m, const struct platform *p,
                                             struct err *e);
/* A manifest made for an image that has none (docker-archive): layers are uncompressed tars. Owned.
 */
char *manifest_synthesize(const char *config_digest, size_t config_size, char *const *diff_ids,
                          const int64_t *sizes, size_t count);
