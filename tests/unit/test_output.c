/* SPDX-License-Identifier: Apache-2.0 */
/* test_output.c - the log pump: CRI lines, parts, rotation, bounded memory */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/pod/output.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

struct pump {
	char dir[64];
	int dirfd;
	struct loop loop;
	struct output_pool pool;
	struct output out;
	int w[2];
};

static void begin_run(struct pump *p, unsigned int run)
{
	struct err e = {0};
	int dup = fcntl(p->dirfd, F_DUPFD_CLOEXEC, 3);

	assert_int_equal(output_open(&p->out, &p->pool, dup, run, &e), 0);
	assert_int_equal(output_pipes(&p->out, &p->w[0], &p->w[1], &e), 0);
}

static void begin(struct pump *p)
{
	struct err e = {0};

	*p = (struct pump){.dir = "/tmp/kubeplay-test-XXXXXX"};
	assert_non_null(mkdtemp(p->dir));
	p->dirfd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(loop_init(&p->loop, &e), 0);
	p->pool.loop = &p->loop;
	begin_run(p, 0);
}

static void turn(struct pump *p)
{
	struct err e = {0};

	while (loop_once(&p->loop, 0, &e) > 0)
		;
}

static void close_writers(struct pump *p)
{
	fd_close_many(p->w, 2);
	output_close(&p->out);
}

static void end(struct pump *p)
{
	struct err e = {0};

	close_writers(p);
	output_pool_done(&p->pool);
	loop_done(&p->loop);
	(void)close(p->dirfd);
	assert_int_equal(fs_remove_tree(AT_FDCWD, p->dir, &e), 0);
}

static void say(struct pump *p, int stream, const char *text, size_t len)
{
	while (len) {
		size_t n = MIN(len, (size_t)32768);

		assert_int_equal(write(p->w[stream], text, n), n);
		text += n;
		len -= n;
		turn(p);
	}
}

static char *content(struct pump *p, const char *name)
{
	struct strbuf b = {0};
	struct err e = {0};

	assert_int_equal(fd_read_file(p->dirfd, name, 64 << 20, &b, &e), 0);
	return strbuf_take(&b);
}

/* The records of a log without their stamps, each checked for its form. */
static char *records(struct pump *p, const char *name)
{
	autofree char *all = content(p, name);
	struct strbuf b = {0};
	char *save = NULL;

	for (char *l = strtok_r(all, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char stamp[31];
		int64_t ns;

		assert_true(strlen(l) >= 40);
		(void)snprintf(stamp, sizeof(stamp), "%.30s", l);
		assert_int_equal(clock_parse_rfc3339(stamp, &ns), 0);
		strbuf_addf(&b, "%s\n", l + 31);
	}
	return strbuf_take(&b);
}

TEST(lines_of_both_streams_become_cri_records)
{
	struct pump p;

	begin(&p);
	say(&p, 0, "one\ntwo\n", 8);
	say(&p, 1, "oops\n", 5);
	say(&p, 0, "\n", 1);
	autofree char *got = records(&p, "0.log");

	assert_string_equal(got, "stdout F one\nstdout F two\nstderr F oops\nstdout F \n");
	end(&p);
}

TEST(a_line_that_comes_in_pieces_is_one_record)
{
	struct pump p;

	begin(&p);
	say(&p, 0, "he", 2);
	say(&p, 1, "between\n", 8);
	say(&p, 0, "llo", 3);
	say(&p, 0, "\nx", 2);
	autofree char *got = records(&p, "0.log");

	assert_string_equal(got, "stderr F between\nstdout F hello\n");
	end(&p);
}

TEST(text_without_newline_at_the_end_becomes_a_part)
{
	struct pump p;

	begin(&p);
	say(&p, 0, "a\nlast", 6);
	close_writers(&p);
	autofree char *got = records(&p, "0.log");

	assert_string_equal(got, "stdout F a\nstdout P last\n");
	end(&p);
}

TEST(a_long_line_is_split_at_16_KiB_and_loses_nothing)
{
	enum { LEN = OUTPUT_LINE_MAX * 3 + 100 };
	autofree char *line = xmalloc(LEN + 1);
	size_t sum = 0, parts = 0, full = 0;
	struct pump p;

	memset(line, 'y', LEN);
	line[LEN] = '\n';
	begin(&p);
	say(&p, 0, line, LEN + 1);
	autofree char *got = records(&p, "0.log");
	char *save = NULL;

	for (char *l = strtok_r(got, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		parts += starts_with(l, "stdout P ");
		full += starts_with(l, "stdout F ");
		assert_true(strlen(l + 9) <= OUTPUT_LINE_MAX);
		assert_int_equal(strspn(l + 9, "y"), strlen(l + 9));
		sum += strlen(l + 9);
	}
	assert_int_equal(parts, 3);
	assert_int_equal(full, 1);
	assert_int_equal(sum, LEN);
	assert_int_equal(p.out.streams[0].part_len, 0);
	end(&p);
}

TEST(a_hundred_megabyte_line_needs_bounded_memory)
{
	autofree char *chunk = xmalloc(32768);
	struct pump p;

	memset(chunk, 'z', 32768);
	begin(&p);
	for (int i = 0; i < 640; i++) { /* 20 MB are as good as a hundred */
		say(&p, 0, chunk, 32768);
		assert_true(p.out.streams[0].part_len <= OUTPUT_LINE_MAX);
	}
	end(&p);
}

static int count_files(struct pump *p, off_t *ret_largest)
{
	int fd = openat(p->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fdopendir(fd);
	struct dirent *ent;

	*ret_largest = 0;
	while ((ent = readdir(d))) {
		struct stat st;

		if (ent->d_name[0] == '.')
			continue;
		assert_true(starts_with(ent->d_name, "0.log"));
		assert_int_equal(fstatat(p->dirfd, ent->d_name, &st, 0), 0);
		*ret_largest = MAX(*ret_largest, st.st_size);
		n++;
	}
	(void)closedir(d);
	return n;
}

TEST(logs_rotate_and_only_the_newest_three_files_stay)
{
	autofree char *text = xmalloc(32768);
	struct pump p;
	off_t largest;

	for (size_t i = 0; i < 32768; i++)
		text[i] = i % 64 == 63 ? '\n' : 'q';
	begin(&p);
	p.out.rotate = 256 << 10;
	for (int i = 0; i < 64; i++)
		say(&p, 0, text, 32768);
	say(&p, 0, "the end\n", 8);
	assert_int_equal(count_files(&p, &largest), OUTPUT_KEEP);
	assert_true(largest <= 256 << 10);
	autofree char *got = content(&p, "0.log");

	assert_true(ends_with(got, " stdout F the end\n"));
	end(&p);
}

TEST(a_new_run_has_a_new_file_and_keeps_only_the_previous_one)
{
	struct pump p;

	begin(&p);
	for (unsigned int run = 1; run < 4; run++) {
		say(&p, 0, "x\n", 2);
		close_writers(&p);
		begin_run(&p, run);
	}
	assert_int_equal(faccessat(p.dirfd, "0.log", F_OK, 0), -1);
	assert_int_equal(faccessat(p.dirfd, "1.log", F_OK, 0), -1);
	assert_int_equal(faccessat(p.dirfd, "2.log", F_OK, 0), 0);
	assert_int_equal(faccessat(p.dirfd, "3.log", F_OK, 0), 0);
	end(&p);
}

TEST(what_stands_in_the_pipe_at_the_end_is_not_lost)
{
	struct pump p;

	begin(&p);
	assert_int_equal(write(p.w[0], "late\n", 5), 5); /* no turn of the loop after it */
	close_writers(&p);
	autofree char *got = records(&p, "0.log");

	assert_string_equal(got, "stdout F late\n");
	end(&p);
}

TEST(the_tail_shows_the_last_lines_for_people)
{
	struct pump p;

	begin(&p);
	say(&p, 0, "one\ntwo\n\033[31mred\nfour\n", 23);
	autofree char *two = output_tail(p.dirfd, 0, 2, 500);
	autofree char *all = output_tail(p.dirfd, 0, 50, 500);
	autofree char *none = output_tail(p.dirfd, 7, 5, 500);

	assert_string_equal(two, "\\x1b[31mred\nfour");
	assert_true(starts_with(all, "one\ntwo\n"));
	assert_string_equal(none, "");
	end(&p);
}

RUN_TESTS(CASE(lines_of_both_streams_become_cri_records),
          CASE(a_line_that_comes_in_pieces_is_one_record),
          CASE(text_without_newline_at_the_end_becomes_a_part),
          CASE(a_long_line_is_split_at_16_KiB_and_loses_nothing),
          CASE(a_hundred_megabyte_line_needs_bounded_memory),
          CASE(logs_rotate_and_only_the_newest_three_files_stay),
          CASE(a_new_run_has_a_new_file_and_keeps_only_the_previous_one),
          CASE(what_stands_in_the_pipe_at_the_end_is_not_lost),
          CASE(the_tail_shows_the_last_lines_for_people))
