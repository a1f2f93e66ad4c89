/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_show.h - how a pull looks: bars redrawn in place, plain lines, or nothing
 *
 * It is told what kubeplay-image reports and writes to one descriptor. Text from outside is
 * sanitised.
 */
#pragma once

#include "pkg/pod/fetch.h"

enum fetch_layer_state {
	FETCH_LAYER_WAIT,
	FETCH_LAYER_PULL,
	FETCH_LAYER_DONE,
	FETCH_LAYER_PRESENT
};

struct fetch_layer {
	char id[16];
	enum fetch_layer_state state;
	int64_t done, total;
};

struct fetch_show {
	enum fetch_progress how;
	int fd;
	struct fetch_layer *layers;
	size_t len;
	size_t drawn; /* lines of bars on the screen */
	bool changed;
	int64_t drawn_ms;
};

void fetch_show_init(struct fetch_show *s, enum fetch_progress how, int fd);
void fetch_show_done(struct fetch_show *s);
/* An image is "resolve"d, being "pull"ed. */
void fetch_show_image(struct fetch_show *s, const char *ref, const char *state);
void fetch_show_layer(struct fetch_show *s, const char *id, const char *state, int64_t done,
                      int64_t total);
void fetch_show_warning(struct fetch_show *s, const char *text);
/* Redraw bars if something changed and it is time (10 Hz); `last` draws in any case and leaves
 * them. */
void fetch_show_draw(struct fetch_show *s, bool last);
