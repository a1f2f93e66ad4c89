/* SPDX-License-Identifier: Apache-2.0 */
/* event.h - JSON lines from kubeplay-image to kubeplay (protocol.h), from any thread */
#pragma once

#include <pthread.h>

#include "pkg/util/err.h"

struct events {
	int fd;
	pthread_mutex_t lock;
};

void events_init(struct events *v, int fd);
void event_image(struct events *v, size_t i, const char *ref, const char *state);
/* digest: of the layer; its first 12 hexadecimal digits are told. */
void event_layer(struct events *v, const char *digest, const char *state, int64_t done,
                 int64_t total);
void event_warning(struct events *v, const char *fmt, ...) PRINTF(2, 3);
void event_result(struct events *v, size_t i, const char *id);
void event_name(struct events *v, const char *name);
void event_error(struct events *v, const struct err *e);
