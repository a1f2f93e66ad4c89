/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - images on disk, read side and index (no curl, no libarchive: linked into kubeplay
 * itself)
 *
 *   store/images.yaml        the index: names, digests, diffIDs, sizes (a record; replaced by
 * rename) store/blobs/sha256/HEX   manifests and configs (layers are kept unpacked only)
 *   store/layers/HEX/        an unpacked layer by diffID in overlay form; read-only, shared
 *   store/tmp/               work in progress, removed by the next pull; store/lock (flock) guards
 * writers
 *
 * Everything here runs in the command line or the supervisor as container root or as the user;
 * layers are written only by kubeplay-image inside a mapped user namespace (pkg/image).
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

#include "pkg/util/def_struct.h"

#include "pkg/store/store.def"

#include "pkg/util/def_end.h"

/* What an image's config says, decoded (OCI image-spec config.md); all owned, image_config_done().
 */
struct image_config {
	struct strv entrypoint, cmd, env;       /* env: only entries with "=" (CVE-2026-57231) */
	char *user, *working_dir, *stop_signal; /* NULL when unset */
	struct strv volumes;
};

/* Load the index; an absent one is empty. *ret is owned (store_index_free). */
int store_index_load(int store_fd, struct store_index **ret, struct err *e);
int store_index_save(int store_fd, const struct store_index *x, struct err *e);
void store_index_free(struct store_index *x);
/* The image that a reference names (any spelling; normalised as in pkg/store/reference.h: docker.io
 * default), by name:tag, name@digest, a unique prefix of the image id (config digest), or the
 * digest of its manifest; NULL if it is not here. */
const struct store_image *store_find(const struct store_index *x, const char *reference);
/* True if manifest, config and all layers of the image are really present. */
bool store_complete(int store_fd, const struct store_image *img);
/* Read a manifest or config (bounded 4 MiB, digest form checked before any path is built). */
int store_read_blob(int store_fd, const char *digest, struct strbuf *ret, struct err *e);
/* Read and decode the config blob (bounded 4 MiB, digest form checked before any path is built). */
int store_read_config(int store_fd, const struct store_image *img, struct image_config *ret,
                      struct err *e);
void image_config_done(struct image_config *c);
/* Open layers (O_PATH directories), topmost first; *ret_fds is owned array of layers_count
 * descriptors. */
int store_open_layers(int store_fd, const struct store_image *img, int **ret_fds, struct err *e);
/* True if the unpacked layer is present. */
bool store_have_layer(int store_fd, const char *diff_id);
/* Decode the text of a config blob; ERR_IMAGE if it is not one. */
int image_config_parse(const char *text, size_t len, struct image_config *ret, struct err *e);
/* "sha256:" and 64 lower-case hex digits; NULL is not. */
bool store_valid_digest(const char *digest);
