/* SPDX-License-Identifier: Apache-2.0 */
/* test_image.c - from compressed bytes to a published layer, and members of archives */
#include "tests/unit/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/image/source.h"
#include "pkg/image/unpack.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "tests/unit/tar.h"

static char dir_path[40];
static int store = -1;

static int up(void **state)
{
	(void)state;
	(void)snprintf(dir_path, sizeof(dir_path), "/var/tmp/kp-image-XXXXXX");
	if (!mkdtemp(dir_path))
		return -1;
	store = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return store < 0;
}

static int down(void **state)
{
	struct err e = {0};

	(void)state;
	close_fd(&store);
	return fs_remove_tree(AT_FDCWD, dir_path, &e);
}

/* A tar of some size, not too easy to compress. */
static void make_tar(struct strbuf *out)
{
	autostrbuf struct strbuf data = {0};
	uint32_t x = 1;

	for (int i = 0; i < 100000; i++) {
		x = x * 1664525 + 1013904223;
		strbuf_addf(&data, "%x,", x >> 20);
	}
	tar_add(out, &(struct tar_entry){.name = "a", .data = "hello"});
	tar_add(out, &(struct tar_entry){.name = "b", .data = data.s, .data_len = data.len});
	tar_end(out);
}

static la_ssize_t keep(struct archive *a, void *arg, const void *data, size_t len)
{
	(void)a;
	strbuf_add(arg, data, len);
	return (la_ssize_t)len;
}

static void compress(int filter, const struct strbuf *in, struct strbuf *out)
{
	struct archive *a = archive_write_new();
	struct archive_entry *ae = archive_entry_new();

	assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
	archive_write_set_format_raw(a);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open(a, out, NULL, keep, NULL), ARCHIVE_OK);
	archive_entry_set_filetype(ae, AE_IFREG);
	assert_int_equal(archive_write_header(a, ae), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, in->s, in->len), in->len);
	archive_entry_free(ae);
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

/* Bytes in pieces. */
struct pieces {
	const struct strbuf *from;
	size_t at, piece;
};

static int next_piece(void *arg, const uint8_t **ret, size_t *ret_len, struct err *e)
{
	struct pieces *p = arg;

	(void)e;
	*ret = (const uint8_t *)p->from->s + p->at;
	*ret_len = MIN(p->piece, p->from->len - p->at);
	p->at += *ret_len;
	return *ret_len > 0;
}

static void no_stop(void *arg)
{
	(void)arg;
}

static int inflate(const struct strbuf *in, size_t piece, struct strbuf *out,
                   char blob[DIGEST_SIZE], char diff_id[DIGEST_SIZE], struct err *e)
{
	struct pieces p = {in, 0, piece};
	struct inflate f = {.next = next_piece, .arg = &p};
	const uint8_t *data;
	struct stream s;
	size_t len;
	int r;

	stream_init(&s, 16 << 20);
	f.out = &s;
	r = inflate_run(&f, e);
	while (stream_peek(&s, &data, &len, &(struct err){0}) > 0) {
		strbuf_add(out, data, len);
		stream_consume(&s, len);
	}
	stream_done(&s);
	memcpy(blob, f.blob, DIGEST_SIZE);
	memcpy(diff_id, f.diff_id, DIGEST_SIZE);
	return r;
}

static void gives(const struct strbuf *in, const struct strbuf *want, const char *what)
{
	static const size_t pieces[] = {1, 7, 4096, 1 << 20};

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		char blob[DIGEST_SIZE], diff_id[DIGEST_SIZE], want_blob[DIGEST_SIZE],
			want_diff[DIGEST_SIZE];
		autostrbuf struct strbuf got = {0};
		struct err e = {0};

		digest_of(in->s, in->len, want_blob);
		digest_of(want->s, want->len, want_diff);
		if (inflate(in, pieces[i], &got, blob, diff_id, &e) < 0)
			fail_msg("%s: %s", what, e.msg);
		assert_int_equal(got.len, want->len);
		assert_memory_equal(got.s, want->s, want->len);
		assert_string_equal(blob, want_blob);
		assert_string_equal(diff_id, want_diff);
	}
}

static const struct {
	int filter;
	const char *name;
} filters[] = {
	{ARCHIVE_FILTER_NONE, "none"},   {ARCHIVE_FILTER_GZIP, "gzip"},
	{ARCHIVE_FILTER_ZSTD, "zstd"},   {ARCHIVE_FILTER_XZ, "xz"},
	{ARCHIVE_FILTER_BZIP2, "bzip2"}, {ARCHIVE_FILTER_LZ4, "lz4"},
	{ARCHIVE_FILTER_LZMA, "lzma"},
};

TEST(every_compression_gives_the_same_tar)
{
	autostrbuf struct strbuf tar = {0};

	make_tar(&tar);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		autostrbuf struct strbuf in = {0};

		compress(filters[i].filter, &tar, &in);
		gives(&in, &tar, filters[i].name);
	}
}

TEST(gzip_members_and_zstd_frames_are_put_together)
{
	static const int two[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD};
	autostrbuf struct strbuf tar = {0};

	make_tar(&tar);
	for (size_t i = 0; i < ARRAY_LEN(two); i++) {
		autostrbuf struct strbuf in = {0};

		for (size_t at = 0; at < tar.len; at += 100000) {
			struct strbuf part = {.s = tar.s + at, .len = MIN(tar.len - at, 100000u)};

			compress(two[i], &part, &in);
		}
		gives(&in, &tar, "parts");
	}
}

TEST(padding_after_gzip_is_ignored)
{
	autostrbuf struct strbuf tar = {0}, in = {0};
	static const char zeros[4096];

	make_tar(&tar);
	compress(ARCHIVE_FILTER_GZIP, &tar, &in);
	strbuf_add(&in, zeros, sizeof(zeros));
	gives(&in, &tar, "padding");
}

TEST(nothing_at_all_is_an_empty_tar)
{
	char blob[DIGEST_SIZE], diff_id[DIGEST_SIZE];
	struct strbuf none = {0};
	autostrbuf struct strbuf got = {0};
	struct err e = {0};

	assert_int_equal(inflate(&none, 1, &got, blob, diff_id, &e), 0);
	assert_int_equal(got.len, 0);
	assert_string_equal(blob, diff_id);
}

TEST(damage_is_found_and_the_blob_still_has_a_digest)
{
	autostrbuf struct strbuf tar = {0};

	make_tar(&tar);
	for (size_t i = 1; i < ARRAY_LEN(filters); i++) {
		for (int how = 0; how < 2; how++) {
			char blob[DIGEST_SIZE], want[DIGEST_SIZE], diff_id[DIGEST_SIZE],
				good[DIGEST_SIZE];
			autostrbuf struct strbuf in = {0}, got = {0};
			struct err e = {0};
			int r;

			compress(filters[i].filter, &tar, &in);
			if (how == 0)
				in.len -= in.len / 3;
			else
				in.s[in.len / 2] ^= 0x55;
			digest_of(in.s, in.len, want);
			digest_of(tar.s, tar.len, good);
			r = inflate(&in, 4096, &got, blob, diff_id, &e);
			assert_string_equal(blob, want);
			/* lzma has no checksum: there the diffID tells */
			if (r == 0 && strcmp(diff_id, good) == 0)
				fail_msg("%s: damage %d was not found", filters[i].name, how);
		}
	}
}

/* --- publishing --------------------------------------------------------------------------------
 */

static int entries(const char *name)
{
	int fd = openat(store, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = -2;
	DIR *d = fdopendir(fd);

	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n;
}

static int publish(const struct strbuf *in, const char *diff_id, const char *digest, int64_t size,
                   struct err *e)
{
	struct pieces p = {in, 0, 4096};
	struct store_work w;
	int64_t unpacked = 0;
	int r;

	if (store_work_begin(&w, store, e) < 0)
		return -1;
	const struct unpack_request u = {
		.work = &w,
		.diff_id = diff_id,
		.digest = digest,
		.size = size,
		.next = next_piece,
		.stop = no_stop,
		.arg = &p,
	};

	r = unpack_layer(&u, &unpacked, e);
	store_work_end(&w);
	return r;
}

TEST(a_layer_appears_only_when_both_digests_match)
{
	static const char zeros[] =
		"sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000";
	char blob[DIGEST_SIZE], diff_id[DIGEST_SIZE];
	autostrbuf struct strbuf tar = {0}, in = {0}, bad = {0};
	struct err e = {0};
	struct stat st;

	make_tar(&tar);
	compress(ARCHIVE_FILTER_GZIP, &tar, &in);
	digest_of(in.s, in.len, blob);
	digest_of(tar.s, tar.len, diff_id);
	strbuf_add(&bad, in.s, in.len);
	bad.s[bad.len / 2] ^= 1;

	assert_int_equal(publish(&in, diff_id, zeros, (int64_t)in.len, &e), -1);
	assert_non_null(strstr(e.msg, "wrong content"));
	assert_int_equal(publish(&in, zeros, blob, (int64_t)in.len, &e), -1);
	assert_non_null(strstr(e.msg, "diffID"));
	assert_int_equal(publish(&in, diff_id, blob, (int64_t)in.len + 1, &e), -1);
	assert_non_null(strstr(e.msg, "bytes"));
	assert_int_equal(publish(&bad, diff_id, blob, (int64_t)in.len, &e), -1);
	assert_non_null(strstr(e.msg, "wrong content"));
	assert_int_equal(e.kind, ERR_IMAGE);
	assert_int_equal(entries("layers"), 0);
	assert_int_equal(entries("tmp"), 0);

	if (publish(&in, diff_id, blob, (int64_t)in.len, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(entries("layers"), 1);
	autofree char *path = xasprintf("layers/%s/b", diff_id + 7);

	assert_int_equal(fstatat(store, path, &st, 0), 0);
	assert_int_equal(publish(&in, diff_id, NULL, -1, &e), 0); /* again: fine */
	assert_int_equal(entries("tmp"), 0);
}

TEST(a_hostile_layer_leaves_nothing)
{
	char diff_id[DIGEST_SIZE];
	autostrbuf struct strbuf tar = {0};
	struct err e = {0};

	tar_add(&tar, &(struct tar_entry){.name = "good", .data = "x"});
	tar_add(&tar, &(struct tar_entry){.name = "../../evil", .data = "x"});
	tar_end(&tar);
	digest_of(tar.s, tar.len, diff_id);
	assert_int_equal(publish(&tar, diff_id, diff_id, (int64_t)tar.len, &e), -1);
	assert_non_null(strstr(e.msg, "\"..\""));
	assert_int_equal(entries("layers"), 0);
	assert_int_equal(entries("tmp"), 0);
	assert_int_equal(entries("."), 4); /* blobs layers tmp lock */
}

/* --- archives ----------------------------------------------------------------------------------
 */

static int spill(const struct strbuf *text)
{
	int fd = openat(store, "archive", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err e = {0};

	assert_int_equal(fd_write_all(fd, text->s, text->len, &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void reads(const struct source *s, const char *name, const char *want)
{
	autostrbuf struct strbuf got = {0};
	struct err e = {0};
	int r = source_read(s, name, 1000, &got, &e);

	if (!want) {
		assert_int_equal(r, -1);
		assert_false(source_has(s, name));
		return;
	}
	if (r < 0)
		fail_msg("%s: %s", name, e.msg);
	assert_string_equal(got.s, want);
	assert_true(source_has(s, name));
}

static void make_archive(struct strbuf *tar)
{
	char long_name[200];

	memset(long_name, 'n', sizeof(long_name));
	tar_add(tar, &(struct tar_entry){.name = "./x/a", .data = "old"});
	tar_pax(tar, "path", long_name, sizeof(long_name));
	tar_add(tar, &(struct tar_entry){.name = "short", .data = "long"});
	tar_add(tar, &(struct tar_entry){.name = "x/b", .type = '2', .link = "../y/./c"});
	tar_add(tar, &(struct tar_entry){.name = "x/hard", .type = '1', .link = "x/a"});
	tar_add(tar, &(struct tar_entry){.name = "y/c", .data = "target"});
	tar_add(tar, &(struct tar_entry){.name = "out", .type = '2', .link = "../../etc/passwd"});
	tar_add(tar, &(struct tar_entry){.name = "abs", .type = '2', .link = "/etc/passwd"});
	tar_add(tar, &(struct tar_entry){.name = "loop", .type = '2', .link = "loop"});
	tar_add(tar, &(struct tar_entry){.name = "x/a", .data = "new"});
	tar_end(tar);
}

TEST(members_of_a_tar_are_found_where_they_lie)
{
	static const int kinds[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP};
	autostrbuf struct strbuf tar = {0};

	make_archive(&tar);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		autostrbuf struct strbuf in = {0}, name = {0};
		struct source s;
		struct err e = {0};

		compress(kinds[i], &tar, &in);
		autoclose int fd = spill(&in);

		if (source_open(&s, fd, store, NULL, &e) < 0)
			fail_msg("%s", e.msg);
		for (int j = 0; j < 200; j++)
			strbuf_addc(&name, 'n');
		reads(&s, "x/a", "new");
		reads(&s, "./x/a", "new");
		reads(&s, name.s, "long");
		reads(&s, "x/b", "target");
		reads(&s, "x/hard", "new");
		reads(&s, "out", NULL);
		reads(&s, "abs", NULL);
		reads(&s, "loop", NULL);
		reads(&s, "x", NULL);
		reads(&s, "../x/a", NULL);
		source_done(&s);
	}
}

TEST(a_directory_does_not_lead_out)
{
	struct source s;
	struct err e = {0};

	assert_int_equal(symlinkat("/etc/passwd", store, "evil"), 0);
	assert_int_equal(mkfifoat(store, "fifo", 0600), 0);
	assert_int_equal(source_open(&s, store, store, NULL, &e), 0);
	assert_false(source_has(&s, "evil"));
	assert_false(source_has(&s, "fifo"));
	assert_false(source_has(&s, "../../../etc/passwd"));
	source_done(&s);
}

TEST(what_is_no_archive_is_refused)
{
	struct strbuf text = {0};
	struct source s;
	struct err e = {0};

	strbuf_adds(&text, "hello, this is not an archive");
	autoclose int fd = spill(&text);

	assert_int_equal(source_open(&s, fd, store, NULL, &e), -1);
	source_done(&s);
	strbuf_done(&text);
}

/* --- streams -----------------------------------------------------------------------------------
 */

static void *write_much(void *arg)
{
	struct stream *s = arg;
	uint8_t byte = 0;

	for (size_t done = 0; done < 1000000;) {
		uint8_t *p;
		size_t n;

		if (stream_space(s, &p, &n) < 0)
			return NULL;
		n = MIN(n, 1000000 - done);
		for (size_t i = 0; i < n; i++)
			p[i] = byte++;
		stream_commit(s, n);
		done += n;
	}
	stream_end(s, &(struct err){.kind = ERR_IMAGE, .msg = "told"});
	return NULL;
}

TEST(a_stream_gives_all_bytes_in_order_and_then_the_error)
{
	const uint8_t *p;
	struct err e = {0};
	pthread_t t;
	struct stream s;
	size_t n, total = 0;
	int r;

	stream_init(&s, 4096);
	assert_int_equal(pthread_create(&t, NULL, write_much, &s), 0);
	while ((r = stream_peek(&s, &p, &n, &e)) > 0) {
		n = MIN(n, 777u);
		for (size_t i = 0; i < n; i++)
			if (p[i] != (uint8_t)(total + i))
				fail_msg("byte %zu", total + i);
		total += n;
		stream_consume(&s, n);
	}
	(void)pthread_join(t, NULL);
	stream_done(&s);
	assert_int_equal(total, 1000000);
	assert_int_equal(r, -1);
	assert_string_equal(e.msg, "told");
}

TEST(an_aborted_stream_frees_its_writer)
{
	struct stream s;
	pthread_t t;

	stream_init(&s, 4096);
	assert_int_equal(pthread_create(&t, NULL, write_much, &s), 0);
	stream_abort(&s);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(stream_offer(&s, "x", 1), -1);
	stream_done(&s);
}

static void count_call(void *arg)
{
	(*(int *)arg)++;
}

TEST(a_refused_offer_is_followed_by_a_call)
{
	static const char bytes[4096];
	struct err e = {0};
	const uint8_t *p;
	struct stream s;
	int calls = 0;
	size_t n;

	stream_init(&s, 4096);
	s.on_space = count_call;
	s.arg = &calls;
	assert_int_equal(stream_offer(&s, bytes, 4000), 0);
	assert_int_equal(stream_offer(&s, bytes, 97), 1);
	assert_int_equal(stream_peek(&s, &p, &n, &e), 1);
	stream_consume(&s, 10);
	assert_int_equal(calls, 0); /* not for every byte */
	stream_consume(&s, 3000);
	assert_int_equal(calls, 1);
	assert_int_equal(stream_offer(&s, bytes, 97), 0);
	stream_done(&s);
}

#define T(test) CASE_WITH(test, up, down)

RUN_TESTS(CASE(every_compression_gives_the_same_tar),
          CASE(gzip_members_and_zstd_frames_are_put_together), CASE(padding_after_gzip_is_ignored),
          CASE(nothing_at_all_is_an_empty_tar),
          CASE(damage_is_found_and_the_blob_still_has_a_digest),
          T(a_layer_appears_only_when_both_digests_match), T(a_hostile_layer_leaves_nothing),
          T(members_of_a_tar_are_found_where_they_lie), T(a_directory_does_not_lead_out),
          T(what_is_no_archive_is_refused),
          CASE(a_stream_gives_all_bytes_in_order_and_then_the_error),
          CASE(an_aborted_stream_frees_its_writer), CASE(a_refused_offer_is_followed_by_a_call))
