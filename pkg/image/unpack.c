/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.c - see unpack.h */
#include "pkg/image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/util/fs.h"
#include "pkg/util/log.h"

enum { RING = 2 << 20 };

struct inflater {
	struct inflate f;
	struct err err;
	int result;
};

static void *inflate_thread(void *arg)
{
	struct inflater *i = arg;

	i->result = inflate_run(&i->f, &i->err);
	return NULL;
}

/* Read the tar's padding, or what is left of a bad one, so that the digests can be had. */
static void drain(struct stream *s)
{
	struct err ignored = {0};
	const uint8_t *p;
	size_t len;

	while (stream_peek(s, &p, &len, &ignored) > 0)
		stream_consume(s, len);
}

/* Which of the things that went wrong shall the user hear of? */
static int judge(const struct unpack_request *r, const struct inflater *i, int tar_result,
                 const struct err *tar_err, struct err *e)
{
	const struct inflate *f = &i->f;

	/* What we stopped ourselves, because files cannot be written, says nothing about the blob.
	 */
	if (tar_result < 0 && tar_err->kind != ERR_IMAGE) {
		*e = *tar_err;
		return -1;
	}
	if (i->result < 0 && !f->blob[0]) {
		*e = i->err;
		return -1;
	}
	if (r->size >= 0 && f->in_bytes != (uint64_t)r->size)
		return err_set(e, ERR_IMAGE, "the blob has %llu bytes, the manifest says %lld",
		               (unsigned long long)f->in_bytes, (long long)r->size);
	if (r->digest && !streq(r->digest, f->blob))
		return err_set(e, ERR_IMAGE, "wrong content: the blob's digest is %s", f->blob);
	if (i->result < 0) {
		*e = i->err;
		return -1;
	}
	if (tar_result < 0) {
		*e = *tar_err;
		return -1;
	}
	if (!streq(r->diff_id, f->diff_id))
		return err_set(e, ERR_IMAGE,
		               "wrong content: the image config promises diffID %s, it is %s",
		               r->diff_id, f->diff_id);
	return 0;
}

static int run(const struct unpack_request *r, int dir_fd, int64_t *ret_size, struct err *e)
{
	struct inflater i = {.f = {.next = r->next, .arg = r->arg}};
	struct layer_stats stats = {0};
	struct err tar_err = {0};
	struct stream ring;
	pthread_t thread;
	int tar_result, num;

	stream_init(&ring, RING);
	i.f.out = &ring;
	num = pthread_create(&thread, NULL, inflate_thread, &i);
	if (num) {
		stream_done(&ring);
		return err_sys(e, num, "start a thread");
	}
	tar_result = layer_unpack(&ring, dir_fd, r->work->dir_fd, &r->options, &stats, &tar_err);
	if (tar_result == 0 || tar_err.kind == ERR_IMAGE) {
		drain(&ring);
	} else {
		stream_abort(&ring);
		r->stop(r->arg);
	}
	(void)pthread_join(thread, NULL);
	stream_done(&ring);
	log_debug("layer %s: %llu entries, %llu bytes, %llu left out", r->diff_id,
	          (unsigned long long)stats.entries, (unsigned long long)stats.bytes,
	          (unsigned long long)stats.skipped);
	*ret_size = (int64_t)stats.bytes;
	return judge(r, &i, tar_result, &tar_err, e);
}

/* A full disk: say where and how full. */
static void explain(const struct store_work *work, struct err *e)
{
	autofree char *what = xstrdup(e->msg);
	char *reason = strrchr(what, ':');

	if (e->sys != ENOSPC && e->sys != EDQUOT)
		return;
	if (reason)
		*reason = '\0';
	(void)store_write_error(work->store_fd, e->sys, what, e);
}

int unpack_layer(const struct unpack_request *r, int64_t *ret_size, struct err *e)
{
	struct store_work *work = r->work;
	const char *name = r->diff_id + 7;
	autoclose int dir_fd = -1;
	int result;

	if (mkdirat(work->dir_fd, name, 0755) < 0)
		return store_write_error(work->store_fd, errno, "make the layer's directory", e);
	dir_fd = openat(work->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return err_sys(e, errno, "open the layer's directory");
	result = run(r, dir_fd, ret_size, e);
	if (result == 0)
		result = store_sync(work->store_fd, e);
	if (result == 0)
		result = store_work_layer(work, name, r->diff_id, e);
	if (result < 0) {
		struct err ignored = {0};

		explain(work, e); /* while the disk is still as full as it was */
		(void)fs_remove_tree(work->dir_fd, name, &ignored);
	}
	return result;
}
