/* SPDX-License-Identifier: Apache-2.0 */
/* layers.c - see layers.h */
#include "pkg/image/layers.h"

#include <errno.h>

#include "pkg/image/unpack.h"

enum { WIDTH_MAX = 3, FILE_STEP = 256 << 10 };

void layers_init(struct layers *l, struct store_work *work, struct registry *registry,
                 struct events *events)
{
	*l = (struct layers){.work = work, .registry = registry, .events = events};
	pthread_mutex_init(&l->lock, NULL);
}

void layers_done(struct layers *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->jobs[i].diff_id);
		free(l->jobs[i].digest);
	}
	free(l->jobs);
	pthread_mutex_destroy(&l->lock);
}

size_t layers_add(struct layers *l, const struct layer_job *job)
{
	for (size_t i = 0; i < l->len; i++)
		if (streq(l->jobs[i].diff_id, job->diff_id))
			return i;
	l->jobs = xrealloc(l->jobs, (l->len + 1) * sizeof(*l->jobs));
	l->jobs[l->len] = *job;
	l->jobs[l->len].diff_id = xstrdup(job->diff_id);
	l->jobs[l->len].digest = job->digest ? xstrdup(job->digest) : NULL;
	return l->len++;
}

/* --- sources -----------------------------------------------------------------------------------
 */

struct source {
	struct layers *l;
	struct layer_job *job;
	struct registry_download download;
	size_t lent;
	uint8_t *buf; /* for a file */
	int64_t at;
	atomic_bool stopped;
};

static const char *shown_digest(const struct layer_job *job)
{
	return job->digest ? job->digest : job->diff_id;
}

static int next_of_download(void *arg, const uint8_t **ret, size_t *ret_len, struct err *e)
{
	struct source *s = arg;
	int r;

	stream_consume(&s->download.stream, s->lent);
	r = stream_peek(&s->download.stream, ret, &s->lent, e);
	if (r <= 0)
		s->lent = 0;
	*ret_len = s->lent;
	return r;
}

static void tell_progress(int64_t done, void *arg)
{
	struct source *s = arg;

	event_layer(s->l->events, shown_digest(s->job), "pull", done, s->job->size);
}

static int next_of_file(void *arg, const uint8_t **ret, size_t *ret_len, struct err *e)
{
	struct source *s = arg;
	size_t want = (size_t)MIN((int64_t)FILE_STEP, s->job->size - s->at);
	ssize_t n;

	if (s->stopped || s->l->failed || (s->l->stop && *s->l->stop))
		return err_set(e, ERR_INTERRUPTED, "stopped");
	if (!want)
		return 0;
	do
		n = pread(s->job->fd, s->buf, want, s->job->offset + s->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "read");
	if (n == 0)
		return err_set(e, ERR_IMAGE, "the file is cut off");
	s->at += n;
	if ((s->at & ((4 << 20) - 1)) < n || s->at == s->job->size)
		tell_progress(s->at, s);
	*ret = s->buf;
	*ret_len = (size_t)n;
	return 1;
}

static void stop_download(void *arg)
{
	struct source *s = arg;
	struct err e = {.kind = ERR_INTERRUPTED, .msg = "stopped"};

	stream_end(&s->download.stream, &e);
}

static void stop_file(void *arg)
{
	((struct source *)arg)->stopped = true;
}

static void warn(const char *text, void *arg)
{
	struct source *s = arg;

	event_warning(s->l->events, "%s", text);
}

/* --- one layer ---------------------------------------------------------------------------------
 */

static int run_from(struct layers *l, struct layer_job *job, struct source *s, struct err *e)
{
	bool file = job->fd >= 0;
	struct unpack_request r = {
		.work = l->work,
		.diff_id = job->diff_id,
		.digest = job->digest,
		.size = job->size,
		.next = file ? next_of_file : next_of_download,
		.stop = file ? stop_file : stop_download,
		.arg = s,
		.options = {.ignore_owner = l->ignore_owner, .warn = warn, .arg = s},
	};
	int result;

	if (file) {
		s->buf = xmalloc(FILE_STEP);
		result = unpack_layer(&r, &job->unpacked, e);
		free(s->buf);
		return result;
	}
	s->download = (struct registry_download){
		.registry = l->registry,
		.ref = job->ref,
		.digest = job->digest,
		.size = job->size,
		.progress = tell_progress,
		.arg = s,
	};
	if (registry_download_start(&s->download, e) < 0)
		return -1;
	result = unpack_layer(&r, &job->unpacked, e);
	registry_download_end(&s->download);
	return result;
}

static int run_job(struct layers *l, struct layer_job *job, struct err *e)
{
	struct source *s = xcalloc(1, sizeof(*s));
	int r;

	s->l = l;
	s->job = job;
	event_layer(l->events, shown_digest(job), "pull", 0, job->size);
	r = run_from(l, job, s, e);
	free(s);
	if (r < 0 && job->ref)
		return err_wrap(e, "image %s/%s: layer %.19s", job->ref->domain, job->ref->path,
		                shown_digest(job));
	if (r < 0)
		return err_wrap(e, "layer %.19s", shown_digest(job));
	event_layer(l->events, shown_digest(job), "done", job->size, job->size);
	return 0;
}

/* --- all of them -------------------------------------------------------------------------------
 */

static struct layer_job *take_job(struct layers *l)
{
	struct layer_job *best = NULL;

	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->len && l->err.kind == ERR_NONE; i++) {
		struct layer_job *j = &l->jobs[i];

		if (!j->started && (!best || j->size > best->size))
			best = j;
	}
	if (best)
		best->started = true;
	pthread_mutex_unlock(&l->lock);
	return best;
}

static void *worker(void *arg)
{
	struct layers *l = arg;
	struct layer_job *job;

	while ((job = take_job(l))) {
		struct err e = {0};
		bool first;

		if (run_job(l, job, &e) == 0) {
			job->done = true;
			continue;
		}
		pthread_mutex_lock(&l->lock);
		first = l->err.kind == ERR_NONE;
		if (first)
			l->err = e;
		l->failed = true;
		pthread_mutex_unlock(&l->lock);
		if (first)
			registry_cancel(l->registry);
	}
	return NULL;
}

static size_t width(const struct layers *l)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t missing = 0;

	for (size_t i = 0; i < l->len; i++)
		missing += !l->jobs[i].started;
	return MIN(missing, (size_t)MAX(2, MIN(cpus, (long)WIDTH_MAX)));
}

static void skip_present(struct layers *l)
{
	for (size_t i = 0; i < l->len; i++) {
		struct layer_job *j = &l->jobs[i];

		j->present = store_have_layer(l->work->store_fd, j->diff_id);
		j->started = j->done = j->present;
		event_layer(l->events, shown_digest(j), j->present ? "present" : "wait", 0,
		            j->size);
	}
}

int layers_run(struct layers *l, struct err *e)
{
	pthread_t threads[WIDTH_MAX];
	size_t n, started = 0;

	skip_present(l);
	n = width(l);
	for (; started < n; started++)
		if (pthread_create(&threads[started], NULL, worker, l) != 0)
			break;
	if (n && !started)
		return err_set(e, ERR_HOST, "no thread can be started");
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	if (l->err.kind == ERR_NONE)
		return 0;
	*e = l->err;
	return -1;
}
