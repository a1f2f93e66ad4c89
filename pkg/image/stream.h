/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - a bounded pipe between two threads: one writes, one reads, nobody copies twice
 *
 *   writer   stream_space() -> fill -> stream_commit()   or stream_offer(), which never waits
 *            stream_end() at the end, with an error or without
 *   reader   stream_peek() -> use -> stream_consume();  stream_abort() when it wants no more
 *
 * Both may be told to give up by the other side; an error travels with the data.
 */
#pragma once

#include <pthread.h>

#include "pkg/util/err.h"

struct stream {
	uint8_t *buf;
	size_t size;       /* a power of two */
	size_t head, tail; /* bytes ever written, ever read */
	bool ended, aborted;
	bool writer_waits, reader_waits;
	bool refused;   /* stream_offer() said no and wants on_space */
	struct err err; /* with `ended`: why it ended early */
	pthread_mutex_t lock;
	pthread_cond_t change;
	void (*on_space)(void *arg); /* called without the lock, from the reader's thread */
	void *arg;
};

void stream_init(struct stream *s, size_t size);
void stream_done(struct stream *s);

/* Room for at least one byte: waits. *ret_len is never 0. -1 if the reader has aborted. */
int stream_space(struct stream *s, uint8_t **ret, size_t *ret_len);
void stream_commit(struct stream *s, size_t n);
/* Take all or nothing: 0 taken, 1 no room now (on_space follows), -1 aborted. */
int stream_offer(struct stream *s, const void *data, size_t len);
/* No more will come; e (NULL: none) is what the reader gets after the data. */
void stream_end(struct stream *s, const struct err *e);

/* What is there: waits. 1 with at least one byte, 0 at the end, -1 with *e when it ended early. */
int stream_peek(struct stream *s, const uint8_t **ret, size_t *ret_len, struct err *e);
void stream_consume(struct stream *s, size_t n);
void stream_abort(struct stream *s);
