/* SPDX-License-Identifier: Apache-2.0 */
/* made.h - an image on its way into the store: manifest, config, names, and the layers it needs */
#pragma once

#include "pkg/image/layers.h"
#include "pkg/util/str.h"

struct made_image {
	struct strbuf manifest_text, config_text;
	char manifest_digest[DIGEST_SIZE], config_digest[DIGEST_SIZE];
	struct manifest manifest;
	struct config_info config;
	struct strv names, digests;
	size_t *jobs; /* of struct layers, bottom first */
};

/* Decode config_text, compare with the manifest, look whether it is for this platform. */
int made_check(struct made_image *m, const struct platform *p, struct events *v, struct err *e);
/* Ask for its layers. from: where they come from; its diff_id, digest and size are filled in. */
void made_want_layers(struct made_image *m, struct layers *l, const struct layer_job *from);
/* Publish blobs and index entry: 0, 1 when a layer has vanished meanwhile, -1. */
int made_commit(const struct made_image *m, const struct layers *l, struct err *e);
void made_done(struct made_image *m);
