/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a container's log: parts, rotation and restart under a reader, the last lines. */
#include "cmd/kubeplay/crilog.c"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "tests/unit/test.h"

#define STAMP "2026-01-31T12:00:00.00000000"

static char dir[] = "/tmp/kp-crilog.XXXXXX";
static int dirfd_of_test = -1;
static struct err e;

static int up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/kp-crilog.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dirfd_of_test = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e = (struct err){0};
	return 0;
}

static int down(void **state)
{
	(void)state;
	close_fd(&dirfd_of_test);
	return fs_remove_tree(AT_FDCWD, dir, &e);
}

static void append(const char *name, const char *text)
{
	autoclose int fd =
		openat(dirfd_of_test, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static void move(const char *from, const char *to)
{
	assert_int_equal(renameat(dirfd_of_test, from, dirfd_of_test, to), 0);
}

static void begin(struct crilog *l, enum crilog_runs runs)
{
	crilog_init(l, dup(dirfd_of_test), runs);
}

static void expect(struct crilog *l, const char *text)
{
	struct crilog_line line;
	autofree char *got = NULL;

	assert_int_equal(crilog_next(l, &line, &e), 1);
	got = xstrndup(line.text, line.len);
	assert_string_equal(got, text);
}

static void expect_nothing(struct crilog *l)
{
	struct crilog_line line;

	assert_int_equal(crilog_next(l, &line, &e), 0);
}

TEST(parts_are_joined_by_stream_and_keep_the_first_time)
{
	struct crilog l;
	struct crilog_line line;

	append("0.log", STAMP "1Z stdout P one \n" STAMP "2Z stderr P err \n" STAMP
	                      "3Z stdout F two\n" STAMP "4Z stderr F or\n" STAMP "5Z stdout F \n");
	begin(&l, CRILOG_LATEST);
	assert_int_equal(crilog_next(&l, &line, &e), 1);
	assert_memory_equal(line.text, "one two", 7);
	assert_string_equal(line.time, STAMP "1Z");
	assert_false(line.is_stderr);
	assert_int_equal(crilog_next(&l, &line, &e), 1);
	assert_memory_equal(line.text, "err or", 6);
	assert_string_equal(line.time, STAMP "2Z");
	assert_true(line.is_stderr);
	expect(&l, "");
	expect_nothing(&l);
	crilog_done(&l);
}

TEST(text_that_is_no_cri_line_is_shown_as_it_is)
{
	struct crilog l;

	append("0.log", "plain\n" STAMP "1Z stdlog F x\n" STAMP "1Z stdout X x\n\n");
	begin(&l, CRILOG_LATEST);
	expect(&l, "plain");
	expect(&l, STAMP "1Z stdlog F x");
	expect(&l, STAMP "1Z stdout X x");
	expect(&l, "");
	expect_nothing(&l);
	crilog_done(&l);
}

TEST(an_unfinished_end_waits_and_is_given_at_last)
{
	struct crilog l;
	struct crilog_line line = {0};

	append("0.log", STAMP "1Z stdout P promp");
	begin(&l, CRILOG_LATEST);
	expect_nothing(&l);
	append("0.log", "t\n");
	expect_nothing(&l);
	assert_true(crilog_rest(&l, &line));
	assert_memory_equal(line.text, "prompt", 6);
	assert_false(crilog_rest(&l, &line));
	crilog_done(&l);
}

TEST(rotation_under_a_reader_loses_and_repeats_nothing)
{
	struct crilog l;

	append("0.log.20260101-000000", STAMP "1Z stdout F a\n");
	append("0.log", STAMP "2Z stdout F b\n");
	begin(&l, CRILOG_LATEST);
	expect(&l, "a");
	expect(&l, "b");
	expect_nothing(&l);
	append("0.log",
	       STAMP "3Z stdout F c\n"); /* written, then rotated away twice before we look */
	move("0.log", "0.log.20260101-000001");
	append("0.log", STAMP "4Z stdout F d\n");
	move("0.log", "0.log.20260101-000001.01");
	append("0.log", STAMP "5Z stdout F e\n");
	expect(&l, "c");
	expect(&l, "d");
	expect(&l, "e");
	expect_nothing(&l);
	crilog_done(&l);
}

TEST(a_removed_file_is_read_to_its_end)
{
	struct crilog l;

	append("0.log", STAMP "1Z stdout F a\n");
	begin(&l, CRILOG_LATEST);
	expect(&l, "a");
	append("0.log", STAMP "2Z stdout F b\n");
	assert_int_equal(unlinkat(dirfd_of_test, "0.log", 0), 0);
	append("0.log.20260101-000009", STAMP "3Z stdout F c\n");
	append("0.log", STAMP "4Z stdout F d\n");
	expect(&l, "b");
	expect(&l, "c");
	expect(&l, "d");
	expect_nothing(&l);
	crilog_done(&l);
}

TEST(a_restart_goes_on_in_the_next_run)
{
	struct crilog l;

	begin(&l, CRILOG_LATEST);
	expect_nothing(&l); /* no log yet at all */
	append("0.log", STAMP "1Z stdout F a\n" STAMP "1Z stdout P no end\n");
	expect(&l, "a");
	append("1.log", STAMP "2Z stdout F b\n");
	expect(&l, "no end");
	expect(&l, "b");
	append("10.log", STAMP "3Z stdout F c\n");
	expect(&l, "c");
	expect_nothing(&l);
	crilog_done(&l);
}

TEST(previous_is_the_run_before_the_latest_and_stays_there)
{
	struct crilog l;

	append("3.log", STAMP "1Z stdout F old\n");
	append("9.log.20260101-000000", STAMP "2Z stdout F prev\n");
	append("9.log", STAMP "3Z stdout F prev too\n");
	append("10.log", STAMP "4Z stdout F now\n");
	begin(&l, CRILOG_PREVIOUS);
	expect(&l, "prev");
	expect(&l, "prev too");
	expect_nothing(&l);
	crilog_done(&l);
	assert_true(crilog_has_previous(dirfd_of_test));
	begin(&l, CRILOG_LATEST);
	expect(&l, "now");
	crilog_done(&l);
	begin(&l, CRILOG_ALL);
	expect(&l, "old");
	expect(&l, "prev");
	crilog_done(&l);
}

TEST(no_earlier_run_is_nothing_at_all)
{
	struct crilog l;

	append("0.log", STAMP "1Z stdout F a\n");
	assert_false(crilog_has_previous(dirfd_of_test));
	begin(&l, CRILOG_PREVIOUS);
	expect_nothing(&l);
	crilog_done(&l);
}

TEST(the_last_lines_may_begin_in_an_earlier_file)
{
	static const char *const want[] = {"a", "bc", "d", "e"};

	append("0.log.20260101-000000",
	       STAMP "1Z stdout F a\n" STAMP "2Z stdout P b\n" STAMP "3Z stdout F c\n");
	append("0.log", STAMP "4Z stdout F d\n" STAMP "5Z stdout F e\n");
	for (int64_t n = 0; n <= 5; n++) {
		struct crilog l;

		begin(&l, CRILOG_LATEST);
		assert_int_equal(crilog_tail(&l, n, &e), 0);
		for (size_t i = (size_t)MAX(4 - n, 0); i < 4; i++)
			expect(&l, want[i]);
		expect_nothing(&l);
		crilog_done(&l);
	}
}

TEST(the_last_lines_of_a_large_file_are_found_across_blocks)
{
	autostrbuf struct strbuf text = {0};
	struct crilog l;

	for (int i = 0; i < 5000; i++)
		strbuf_addf(&text, STAMP "1Z stdout F line %d %0*d\n", i, i % 97 + 1, 0);
	append("0.log", text.s);
	begin(&l, CRILOG_LATEST);
	assert_int_equal(crilog_tail(&l, 3000, &e), 0);
	for (int i = 2000; i < 5000; i++) {
		autofree char *want = xasprintf("line %d %0*d", i, i % 97 + 1, 0);

		expect(&l, want);
	}
	expect_nothing(&l);
	crilog_done(&l);
}

TEST(an_endless_line_comes_in_pieces_and_memory_stays_bounded)
{
	autofree char *piece = xmalloc(16385);
	struct crilog_line line;
	size_t total = 0;
	struct crilog l;
	bool first = true;

	memset(piece, 'x', 16384);
	piece[16384] = '\0';
	for (int i = 0; i < 200; i++) {
		autofree char *text =
			xasprintf(STAMP "1Z stdout %c %s\n", i == 199 ? 'F' : 'P', piece);

		append("0.log", text);
	}
	begin(&l, CRILOG_LATEST);
	while (crilog_next(&l, &line, &e) == 1) {
		assert_int_equal(line.continues, !first);
		assert_true(line.len <= MAX_JOINED);
		total += line.len;
		first = false;
	}
	assert_true(line.complete);
	assert_int_equal(total, 200 * 16384);
	crilog_done(&l);
}

TEST(other_files_and_links_are_no_logs)
{
	struct crilog_file f;
	struct crilog l;
	struct crilog_line line;

	assert_false(parse_name("log", &f));
	assert_false(parse_name("0.logs", &f));
	assert_false(parse_name("0.log.", &f));
	assert_false(parse_name("99999999999.log", &f));
	assert_false(parse_name("-1.log", &f));
	assert_true(parse_name("12.log.20260101-000000", &f));
	assert_int_equal(f.run, 12);
	assert_int_equal(symlinkat("/etc/passwd", dirfd_of_test, "0.log"), 0);
	begin(&l, CRILOG_LATEST);
	assert_int_equal(crilog_next(&l, &line, &e), -1);
	crilog_done(&l);
}

#define FILES(name) CASE_WITH(name, up, down)

RUN_TESTS(FILES(parts_are_joined_by_stream_and_keep_the_first_time),
          FILES(text_that_is_no_cri_line_is_shown_as_it_is),
          FILES(an_unfinished_end_waits_and_is_given_at_last),
          FILES(rotation_under_a_reader_loses_and_repeats_nothing),
          FILES(a_removed_file_is_read_to_its_end), FILES(a_restart_goes_on_in_the_next_run),
          FILES(previous_is_the_run_before_the_latest_and_stays_there),
          FILES(no_earlier_run_is_nothing_at_all),
          FILES(the_last_lines_may_begin_in_an_earlier_file),
          FILES(the_last_lines_of_a_large_file_are_found_across_blocks),
          FILES(an_endless_line_comes_in_pieces_and_memory_stays_bounded),
          FILES(other_files_and_links_are_no_logs))
