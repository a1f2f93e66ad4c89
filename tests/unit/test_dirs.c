/* SPDX-License-Identifier: Apache-2.0 */
/* test_dirs.c - directories: defaults, safety, names */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/state/dirs.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/str.h"

static char base[] = "/tmp/kubeplay-test-XXXXXX";

static int make_base(void **state)
{
	(void)state;
	(void)snprintf(base, sizeof(base), "/tmp/kubeplay-test-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int remove_base(void **state)
{
	struct err e = {0};

	(void)state;
	return fs_remove_tree(AT_FDCWD, base, &e);
}

static int open_both(struct dirs *d, struct err *e)
{
	autofree char *root = xasprintf("%s/data", base);
	autofree char *run = xasprintf("%s/run/", base);

	return dirs_open(d, root, run, geteuid(), getegid(), e);
}

TEST(both_are_made_with_their_modes)
{
	struct dirs d;
	struct err e = {0};
	struct stat st;

	assert_int_equal(open_both(&d, &e), 0);
	assert_int_equal(fstat(d.root_fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0711);
	assert_true(ends_with(d.runroot, "/run"));
	int fd = dirs_open_data(&d, "volumes/default", true, &e);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	(void)close(fd);
	dirs_close(&d);
}

TEST(what_is_absent_is_said_to_be_absent)
{
	struct dirs d;
	struct err e = {0};

	assert_int_equal(open_both(&d, &e), 0);
	assert_int_equal(dirs_open_data(&d, "no/such", false, &e), -1);
	assert_int_equal(e.kind, ERR_ABSENT);
	assert_int_equal(dirs_open_project(&d, "nope", false, &e), -1);
	assert_int_equal(e.kind, ERR_ABSENT);
	dirs_close(&d);
}

TEST(links_and_dots_lead_nowhere)
{
	autofree char *link = xasprintf("%s/data/evil", base);
	struct dirs d;
	struct err e = {0};

	assert_int_equal(open_both(&d, &e), 0);
	assert_int_equal(symlink("/etc", link), 0);
	assert_int_equal(dirs_open_data(&d, "evil", true, &e), -1);
	assert_int_equal(dirs_open_data(&d, "evil/x", true, &e), -1);
	assert_int_equal(dirs_open_data(&d, "../x", true, &e), -1);
	assert_int_equal(dirs_open_project(&d, "../x", true, &e), -1);
	dirs_close(&d);
}

TEST(a_runtime_directory_that_others_can_write_is_refused)
{
	autofree char *run = xasprintf("%s/run", base);
	struct dirs d;
	struct err e = {0};

	assert_int_equal(mkdir(run, 0700), 0);
	assert_int_equal(chmod(run, 0777), 0);
	assert_int_equal(open_both(&d, &e), -1);
	assert_int_equal(e.kind, ERR_HOST);
	assert_non_null(strstr(e.msg, run));
}

TEST(a_link_in_place_of_the_runtime_directory_is_refused)
{
	autofree char *run = xasprintf("%s/run", base);
	struct dirs d;
	struct err e = {0};

	assert_int_equal(symlink("/tmp", run), 0);
	assert_int_equal(open_both(&d, &e), -1);
}

TEST(project_names_are_checked)
{
	char longest[65];

	memset(longest, 'a', 64);
	longest[64] = '\0';
	assert_true(dirs_valid_project("web"));
	assert_true(dirs_valid_project("0a.B-c_d"));
	assert_true(dirs_valid_project(longest + 1));
	assert_false(dirs_valid_project(longest));
	assert_false(dirs_valid_project(""));
	assert_false(dirs_valid_project("."));
	assert_false(dirs_valid_project("-x"));
	assert_false(dirs_valid_project("a/b"));
	assert_false(dirs_valid_project("a b"));
	assert_false(dirs_valid_project("\xc3\xa4"));
}

TEST(projects_of_both_places_are_listed_once_and_sorted)
{
	struct dirs d;
	struct err e = {0};
	struct strv names = {0};
	int fds[4];

	assert_int_equal(open_both(&d, &e), 0);
	fds[0] = dirs_open_project(&d, "zoo", true, &e);
	fds[1] = dirs_open_project(&d, "both", true, &e);
	fds[2] = dirs_open_data(&d, "projects/both", true, &e);
	fds[3] = dirs_open_data(&d, "projects/aaa", true, &e);
	assert_int_equal(dirs_list_projects(&d, &names, &e), 0);
	assert_int_equal(names.len, 3);
	assert_string_equal(names.v[0], "aaa");
	assert_string_equal(names.v[1], "both");
	assert_string_equal(names.v[2], "zoo");
	strv_done(&names);
	fd_close_many(fds, 4);
	dirs_close(&d);
}

#define IN_BASE(name) CASE_WITH(name, make_base, remove_base)
RUN_TESTS(IN_BASE(both_are_made_with_their_modes), IN_BASE(what_is_absent_is_said_to_be_absent),
          IN_BASE(links_and_dots_lead_nowhere),
          IN_BASE(a_runtime_directory_that_others_can_write_is_refused),
          IN_BASE(a_link_in_place_of_the_runtime_directory_is_refused),
          CASE(project_names_are_checked),
          IN_BASE(projects_of_both_places_are_listed_once_and_sorted))
