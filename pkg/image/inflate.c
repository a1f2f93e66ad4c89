/* SPDX-License-Identifier: Apache-2.0 */
/* inflate.c - see inflate.h */
#include "pkg/image/inflate.h"

#include <archive.h>
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

enum { OUT_STEP_MAX = 1 << 30, USTAR_AT = 257 };

/* Make at least one byte visible in f->at; 1, 0 at the end, -1. */
static int fill(struct inflate *f, struct err *e)
{
	int r;

	if (f->left)
		return 1;
	if (f->rest_left) { /* of the piece that was looked at first */
		f->at = f->rest;
		f->left = f->rest_left;
		f->rest_left = 0;
		return 1;
	}
	if (f->at_end)
		return 0;
	r = f->next(f->arg, &f->at, &f->left, e);
	if (r <= 0) {
		f->left = 0;
		f->at_end = true;
		f->failed = r < 0;
		return r;
	}
	digest_add(&f->in_digest, f->at, f->left);
	f->in_bytes += f->left;
	return 1;
}

/* Hand n bytes that stand at p (stream_space) on. */
static void emit(struct inflate *f, const uint8_t *p, size_t n)
{
	digest_add(&f->out_digest, p, n);
	f->out_bytes += n;
	stream_commit(f->out, n);
}

static int reader_gone(struct err *e)
{
	return err_set(e, ERR_INTERRUPTED, "stopped");
}

static int copy_plain(struct inflate *f, struct err *e)
{
	int r;

	while ((r = fill(f, e)) > 0) {
		uint8_t *to;
		size_t room;

		if (stream_space(f->out, &to, &room) < 0)
			return reader_gone(e);
		room = MIN(room, f->left);
		memcpy(to, f->at, room);
		f->at += room;
		f->left -= room;
		emit(f, to, room);
	}
	return r;
}

static int gzip_error(int code, struct err *e)
{
	return err_set(e, ERR_IMAGE, "gzip data is damaged (%s)",
	               code == ISAL_INCORRECT_CHECKSUM ? "checksum"
	               : code == ISAL_END_INPUT        ? "cut off"
	                                               : "bad code");
}

/* One call of the inflater; 1 go on, 0 a member is complete, -1. */
static int gunzip_step(struct inflate *f, struct inflate_state *z, struct err *e)
{
	uint8_t *to;
	size_t room;
	int r;

	if (stream_space(f->out, &to, &room) < 0)
		return reader_gone(e);
	room = MIN(room, (size_t)OUT_STEP_MAX);
	z->next_out = to;
	z->avail_out = (uint32_t)room;
	/* isa-l does not write through next_in; its type lacks the const. */
	memcpy(&z->next_in, &f->at, sizeof(f->at));
	z->avail_in = (uint32_t)MIN(f->left, (size_t)OUT_STEP_MAX);
	r = isal_inflate(z);
	f->left -= (size_t)(z->next_in - f->at);
	f->at = z->next_in;
	if (z->avail_out < room)
		emit(f, to, room - z->avail_out);
	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
		return gzip_error(r, e);
	return z->block_state != ISAL_BLOCK_FINISH;
}

static int gunzip_member(struct inflate *f, struct inflate_state *z, struct err *e)
{
	for (;;) {
		int r = gunzip_step(f, z, e);
		bool pending;

		if (r <= 0)
			return r;
		/* When the room was filled there may be more output without more input. */
		pending = z->avail_out == 0;
		if (!pending && fill(f, e) == 0)
			return gzip_error(ISAL_END_INPUT, e);
		if (e->kind != ERR_NONE)
			return -1;
	}
}

static int gunzip(struct inflate *f, struct err *e)
{
	struct inflate_state *z = xcalloc(1, sizeof(*z));
	int r;

	isal_inflate_init(z);
	z->crc_flag = ISAL_GZIP;
	do {
		r = gunzip_member(f, z, e);
		if (r == 0)
			r = fill(f, e);
		/* Padding after the last member is nobody's business: the diffID decides. */
		if (r > 0 && f->at[0] != 0x1f)
			r = 0;
		if (r > 0) {
			isal_inflate_reset(z);
			z->crc_flag = ISAL_GZIP;
		}
	} while (r > 0);
	free(z);
	return r;
}

static int unzstd(struct inflate *f, struct err *e)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	size_t want = 1;
	int r = 0;

	if (!z)
		abort();
	while (want) {
		ZSTD_inBuffer in;
		ZSTD_outBuffer out = {0};
		uint8_t *to;

		r = fill(f, e);
		if (r < 0 || stream_space(f->out, &to, &out.size) < 0) {
			r = r < 0 ? r : reader_gone(e);
			break;
		}
		in = (ZSTD_inBuffer){f->at, f->left, 0};
		out.dst = to;
		want = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(want)) {
			r = err_set(e, ERR_IMAGE, "zstd data is damaged (%s)",
			            ZSTD_getErrorName(want));
			break;
		}
		f->at += in.pos;
		f->left -= in.pos;
		emit(f, to, out.pos);
		if (want == 0) { /* the end of a frame: another one may follow */
			r = fill(f, e);
			if (r <= 0)
				break;
			want = 1;
		} else if (!out.pos && !in.pos && f->at_end) {
			r = err_set(e, ERR_IMAGE, "zstd data is cut off");
			break;
		}
	}
	ZSTD_freeDStream(z);
	return r;
}

/* --- everything else, by libarchive's filters ---------------------------------------------------
 */

struct filtered {
	struct inflate *f;
	struct err *e;
};

static la_ssize_t filtered_read(struct archive *a, void *arg, const void **ret)
{
	struct filtered *x = arg;
	size_t n = 0;
	int r = fill(x->f, x->e);

	if (r < 0) {
		archive_set_error(a, EINVAL, "%s", x->e->msg);
		return -1;
	}
	if (r > 0) {
		*ret = x->f->at;
		n = x->f->left;
		x->f->left = 0;
	}
	return (la_ssize_t)n;
}

/* Without the filters that start programs. */
static struct archive *open_filtered(struct filtered *x)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;

	if (!a)
		abort();
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_lz4(a);
	archive_read_support_format_raw(a);
	if (archive_read_open(a, x, NULL, filtered_read, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK) {
		if (x->e->kind == ERR_NONE)
			(void)err_set(x->e, ERR_IMAGE, "neither tar nor a known compression");
		archive_read_free(a);
		return NULL;
	}
	return a;
}

static int unfilter(struct inflate *f, struct err *e)
{
	struct filtered x = {f, e};
	struct archive *a = open_filtered(&x);
	int r = a ? 1 : -1;

	while (r > 0) {
		uint8_t *to;
		size_t room;
		la_ssize_t n;

		if (stream_space(f->out, &to, &room) < 0) {
			r = reader_gone(e);
			break;
		}
		n = archive_read_data(a, to, room);
		if (n < 0 && e->kind == ERR_NONE)
			(void)err_set(e, ERR_IMAGE, "compressed data is damaged (%s)",
			              archive_error_string(a));
		if (n > 0)
			emit(f, to, (size_t)n);
		r = n > 0 ? 1 : (int)n;
	}
	if (a)
		archive_read_free(a);
	return r < 0 ? -1 : 0;
}

/* --- which one? ------------------------------------------------------------------------------- */

static const struct {
	const char *magic;
	size_t len;
	int (*run)(struct inflate *f, struct err *e);
} kinds[] = {
	{"\x1f\x8b", 2, gunzip}, {"\x28\xb5\x2f\xfd", 4, unzstd}, {"\xfd\x37\x7aXZ", 5, unfilter},
	{"BZh", 3, unfilter},    {"\x5d\x00\x00", 3, unfilter},   {"\x04\x22\x4d\x18", 4, unfilter},
};

static bool is_tar(const struct inflate *f)
{
	return f->left >= INFLATE_SNIFF && memcmp(f->at + USTAR_AT, "ustar", 5) == 0;
}

/* The network's first piece may be a few bytes only: put INFLATE_SNIFF of them together. */
static int gather(struct inflate *f, struct err *e)
{
	size_t have = 0;
	int r = 1;

	while (have < INFLATE_SNIFF && (r = fill(f, e)) > 0) {
		size_t n = MIN(f->left, INFLATE_SNIFF - have);

		memcpy(f->sniff + have, f->at, n);
		have += n;
		f->at += n;
		f->left -= n;
	}
	f->rest = f->at;
	f->rest_left = f->left;
	f->at = f->sniff;
	f->left = have;
	return r < 0 ? -1 : have > 0;
}

static bool zstd_skippable(const uint8_t *p)
{
	return (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18;
}

static int inflate_any(struct inflate *f, struct err *e)
{
	int r = gather(f, e);

	if (r <= 0)
		return r;
	if (is_tar(f))
		return copy_plain(f, e);
	if (f->left >= 4 && zstd_skippable(f->at))
		return unzstd(f, e);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (f->left >= kinds[i].len && memcmp(f->at, kinds[i].magic, kinds[i].len) == 0)
			return kinds[i].run(f, e);
	return copy_plain(f, e);
}

/* The rest of the input counts for the blob's digest. */
static int drain(struct inflate *f, struct err *e)
{
	int r;

	f->left = f->rest_left = 0;
	while ((r = fill(f, e)) > 0)
		f->left = 0;
	return r;
}

int inflate_run(struct inflate *f, struct err *e)
{
	struct err late = {0};
	bool stopped;
	int r;

	digest_init(&f->in_digest);
	digest_init(&f->out_digest);
	r = inflate_any(f, e);
	stopped = r < 0 && (e->kind == ERR_INTERRUPTED || f->failed);
	stream_end(f->out, r < 0 ? e : NULL);
	if (!stopped && drain(f, &late) < 0) {
		*e = late;
		r = -1;
		stopped = true;
	}
	if (stopped)
		digest_done(&f->in_digest);
	else
		digest_end(&f->in_digest, f->blob);
	digest_end(&f->out_digest, f->diff_id);
	return r;
}
