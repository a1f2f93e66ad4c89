/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer.c - see layer.h
 *
 * libarchive takes the tar apart, nothing more: its own disk writer would follow names in ways of
 * its own. Its limits that we rely on (tested): a PAX or GNU long-name record is at most 1 MiB.
 */
#include "pkg/image/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>

#include "pkg/image/writer.h"
#include "pkg/util/log.h"

enum { XATTRS_MAX = 1000, PROGRESS_STEP = 1 << 20 };

struct unpacking {
	struct archive *a;
	struct stream *in;
	size_t lent; /* bytes of the stream that libarchive is looking at */
	struct writer w;
	const struct layer_options *o;
	uint64_t told;
	struct err read_err;
};

static la_ssize_t read_stream(struct archive *a, void *arg, const void **ret)
{
	struct unpacking *u = arg;
	const uint8_t *p;
	size_t len;
	int r;

	stream_consume(u->in, u->lent);
	u->lent = 0;
	r = stream_peek(u->in, &p, &len, &u->read_err);
	if (r < 0) {
		archive_set_error(a, EIO, "%s", u->read_err.msg);
		return -1;
	}
	if (r == 0)
		return 0;
	*ret = p;
	u->lent = len;
	return (la_ssize_t)len;
}

/* An error of libarchive's: the stream's own if that broke, else the tar is bad. */
static int tar_error(const struct unpacking *u, struct err *e)
{
	const char *text = archive_error_string(u->a);
	autofree char *shown = NULL;

	if (u->read_err.kind != ERR_NONE) {
		*e = u->read_err;
		return -1;
	}
	if (!text)
		text = "damaged";
	shown = str_sanitize(text, MIN(strlen(text), (size_t)200));
	return err_set(e, ERR_IMAGE, "not a good tar archive: %s", shown);
}

static enum writer_type entry_type(struct archive_entry *ae)
{
	if (archive_entry_hardlink(ae))
		return WRITER_HARDLINK;
	switch (archive_entry_filetype(ae)) {
	case AE_IFREG:
		return WRITER_FILE;
	case AE_IFDIR:
		return WRITER_DIR;
	case AE_IFLNK:
		return WRITER_SYMLINK;
	case AE_IFIFO:
		return WRITER_FIFO;
	default:
		return WRITER_OTHER;
	}
}

static int describe(struct archive_entry *ae, struct writer_entry *ret, struct err *e)
{
	const char *name = archive_entry_pathname(ae);

	*ret = (struct writer_entry){
		.name = name,
		.type = entry_type(ae),
		.mode = archive_entry_perm(ae) & 07777,
		.uid = archive_entry_uid(ae),
		.gid = archive_entry_gid(ae),
		.mtime = archive_entry_mtime(ae),
		.mtime_ns = archive_entry_mtime_nsec(ae),
		.size = archive_entry_size(ae),
	};
	if (ret->mtime_ns < 0 || ret->mtime_ns > 999999999)
		ret->mtime_ns = 0;
	if (ret->type == WRITER_HARDLINK)
		ret->link = archive_entry_hardlink(ae);
	else if (ret->type == WRITER_SYMLINK)
		ret->link = archive_entry_symlink(ae);
	if (!name || ((ret->type == WRITER_SYMLINK) && !ret->link))
		return err_set(e, ERR_IMAGE, "an entry whose name cannot be read");
	return 0;
}

static int copy_data(struct unpacking *u, struct err *e)
{
	const void *p;
	size_t len;
	la_int64_t offset;
	int r;

	while ((r = archive_read_data_block(u->a, &p, &len, &offset)) == ARCHIVE_OK) {
		if (writer_data(&u->w, offset, p, len, e) < 0)
			return -1;
		if (u->o->progress && u->w.bytes - u->told >= PROGRESS_STEP) {
			u->told = u->w.bytes;
			u->o->progress(u->told, u->o->arg);
		}
	}
	return r == ARCHIVE_EOF ? 0 : tar_error(u, e);
}

static int copy_xattrs(struct unpacking *u, struct archive_entry *ae,
                       const struct writer_entry *ent, struct err *e)
{
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_reset(ae) > XATTRS_MAX)
		return err_set(e, ERR_IMAGE, "an entry with more than %d extended attributes",
		               XATTRS_MAX);
	while (archive_entry_xattr_next(ae, &name, &value, &size) == ARCHIVE_OK)
		if (name && writer_xattr(&u->w, ent, name, value, size, e) < 0)
			return -1;
	return 0;
}

static int unpack_entry(struct unpacking *u, struct archive_entry *ae, struct err *e)
{
	struct writer_entry ent;
	int r;

	if (describe(ae, &ent, e) < 0)
		return -1;
	r = writer_make(&u->w, &ent, e);
	if (r <= 0)
		return r;
	if (ent.type == WRITER_FILE && copy_data(u, e) < 0)
		return -1;
	if (writer_owner(&u->w, &ent, e) < 0 || copy_xattrs(u, ae, &ent, e) < 0)
		return -1;
	return writer_finish(&u->w, &ent, e);
}

static int unpack_entries(struct unpacking *u, struct err *e)
{
	struct archive_entry *ae = archive_entry_new2(u->a);
	int r;

	if (!ae)
		abort();
	for (;;) {
		r = archive_read_next_header2(u->a, ae);
		if (r == ARCHIVE_EOF) {
			r = 0;
			break;
		}
		if (r == ARCHIVE_WARN)
			log_debug("layer: %s", archive_error_string(u->a));
		r = r == ARCHIVE_OK || r == ARCHIVE_WARN ? unpack_entry(u, ae, e) : tar_error(u, e);
		if (r < 0)
			break;
	}
	archive_entry_free(ae);
	return r < 0 ? -1 : writer_end(&u->w, e);
}

int layer_unpack(struct stream *in, int dir_fd, int spill_fd, const struct layer_options *o,
                 struct layer_stats *ret, struct err *e)
{
	struct unpacking u = {.a = archive_read_new(), .in = in, .o = o};
	int r;

	if (!u.a)
		abort();
	writer_init(&u.w, dir_fd, spill_fd);
	u.w.ignore_owner = o->ignore_owner;
	u.w.warn = o->warn;
	u.w.arg = o->arg;
	archive_read_support_format_tar(u.a);
	archive_read_support_format_empty(u.a);
	if (fchmod(dir_fd, 0755) < 0)
		r = err_sys(e, errno, "chmod of the layer's directory");
	else if (archive_read_open(u.a, &u, NULL, read_stream, NULL) != ARCHIVE_OK)
		r = tar_error(&u, e);
	else
		r = unpack_entries(&u, e);
	archive_read_free(u.a);
	stream_consume(in, u.lent);
	*ret = (struct layer_stats){u.w.bytes, u.w.entries, u.w.skipped};
	writer_done(&u.w);
	return r;
}
