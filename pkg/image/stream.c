/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - see stream.h */
#include "pkg/image/stream.h"

/* A side that waits is woken when this part of the ring is free or full: fewer switches. */
enum { WAKE_PART = 4 };

void stream_init(struct stream *s, size_t size)
{
	*s = (struct stream){.buf = xmalloc(size), .size = size};
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->change, NULL);
}

void stream_done(struct stream *s)
{
	if (!s->buf)
		return;
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->change);
	free(s->buf);
	s->buf = NULL;
}

int stream_space(struct stream *s, uint8_t **ret, size_t *ret_len)
{
	size_t used, at;

	pthread_mutex_lock(&s->lock);
	while (!s->aborted && s->head - s->tail == s->size) {
		s->writer_waits = true;
		pthread_cond_wait(&s->change, &s->lock);
	}
	s->writer_waits = false;
	used = s->head - s->tail;
	pthread_mutex_unlock(&s->lock);
	if (s->aborted)
		return -1;
	at = s->head & (s->size - 1);
	*ret = s->buf + at;
	*ret_len = MIN(s->size - used, s->size - at);
	return 0;
}

void stream_commit(struct stream *s, size_t n)
{
	pthread_mutex_lock(&s->lock);
	s->head += n;
	if (s->reader_waits)
		pthread_cond_broadcast(&s->change);
	pthread_mutex_unlock(&s->lock);
}

int stream_offer(struct stream *s, const void *data, size_t len)
{
	size_t at, first;
	int r = 0;

	pthread_mutex_lock(&s->lock);
	if (s->aborted || len > s->size)
		r = -1;
	else if (s->size - (s->head - s->tail) < len)
		r = 1;
	s->refused = r == 1;
	pthread_mutex_unlock(&s->lock);
	if (r)
		return r;
	at = s->head & (s->size - 1);
	first = MIN(len, s->size - at);
	memcpy(s->buf + at, data, first);
	memcpy(s->buf, (const uint8_t *)data + first, len - first);
	stream_commit(s, len);
	return 0;
}

void stream_end(struct stream *s, const struct err *e)
{
	pthread_mutex_lock(&s->lock);
	if (!s->ended) {
		s->ended = true;
		if (e)
			s->err = *e;
	}
	pthread_cond_broadcast(&s->change);
	pthread_mutex_unlock(&s->lock);
}

int stream_peek(struct stream *s, const uint8_t **ret, size_t *ret_len, struct err *e)
{
	size_t used, at;
	int r;

	pthread_mutex_lock(&s->lock);
	while (!s->ended && s->head == s->tail) {
		s->reader_waits = true;
		pthread_cond_wait(&s->change, &s->lock);
	}
	s->reader_waits = false;
	used = s->head - s->tail;
	r = used ? 1 : s->err.kind != ERR_NONE ? -1 : 0;
	if (r < 0)
		*e = s->err;
	pthread_mutex_unlock(&s->lock);
	at = s->tail & (s->size - 1);
	*ret = s->buf + at;
	*ret_len = MIN(used, s->size - at);
	return r;
}

void stream_consume(struct stream *s, size_t n)
{
	void (*call)(void *) = NULL;
	size_t room;

	pthread_mutex_lock(&s->lock);
	s->tail += n;
	room = s->size - (s->head - s->tail);
	if (s->writer_waits && room >= s->size / WAKE_PART)
		pthread_cond_broadcast(&s->change);
	if (s->refused && room >= s->size / 2) {
		s->refused = false;
		call = s->on_space;
	}
	pthread_mutex_unlock(&s->lock);
	if (call)
		call(s->arg);
}

void stream_abort(struct stream *s)
{
	void (*call)(void *);

	pthread_mutex_lock(&s->lock);
	s->aborted = true;
	s->refused = false;
	call = s->on_space;
	pthread_cond_broadcast(&s->change);
	pthread_mutex_unlock(&s->lock);
	if (call)
		call(s->arg);
}
