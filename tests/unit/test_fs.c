/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

/* Each test has a directory of its own, with a "root" that is attacked and an "outside" beside it.
 */
struct fixture {
	char path[32];
	int top, root;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	(void)snprintf(f->path, sizeof(f->path), "/tmp/kp-fs-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->top = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->top, "root", 0755), 0);
	assert_int_equal(mkdirat(f->top, "outside", 0755), 0);
	f->root = openat(f->top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};

	close_fd(&f->root);
	close_fd(&f->top);
	if (fs_remove_tree(AT_FDCWD, f->path, &e) < 0)
		print_error("%s: %s\n", f->path, e.msg);
	free(f);
	return e.kind ? -1 : 0;
}

#define FS_TEST(name)                                                                              \
	static void name##_in(struct fixture *f);                                                  \
	static void name(void **state)                                                             \
	{                                                                                          \
		name##_in(*state);                                                                 \
	}                                                                                          \
	static void name##_in(struct fixture *f)

static void put(int dirfd, const char *name, const char *text)
{
	autoclose int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct err e = {0};

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static bool exists(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool same_file(int fd, int dirfd, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dirfd, name, &b, 0) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

FS_TEST(links_and_dots_stay_inside_the_root)
{
	static const char *const ways[] = {"../outside/secret", "/../../outside/secret",
	                                   "abs/secret", "rel/secret", "file"};

	put(f->top, "outside/secret", "x");
	assert_int_equal(symlinkat("../outside", f->root, "rel"), 0);
	assert_int_equal(symlinkat("../outside/secret", f->root, "file"), 0);
	{
		autofree char *abs = xasprintf("%s/outside", f->path);

		assert_int_equal(symlinkat(abs, f->root, "abs"), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		autoclose int fd = fs_open_in(f->root, ways[i], O_RDONLY, 0, 0);

		assert_int_equal(fd, -1);
		assert_int_equal(errno, ENOENT);
	}
}

FS_TEST(an_absolute_link_means_the_root_given)
{
	autoclose int fd = -1;

	assert_int_equal(mkdirat(f->root, "etc", 0755), 0);
	put(f->root, "etc/passwd", "inside");
	assert_int_equal(symlinkat("/etc/passwd", f->root, "link"), 0);
	fd = fs_open_in(f->root, "link", O_RDONLY, 0, 0);
	assert_true(same_file(fd, f->root, "etc/passwd"));
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fs_open_in(f->root, "link", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), -1);
	assert_int_equal(errno, ELOOP);
}

FS_TEST(magic_links_are_not_followed)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	UNUSED(f);
	assert_int_equal(fs_open_in(proc, "self/root", O_PATH, 0, 0), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(fs_open_in(proc, "self/fd/0", O_PATH, 0, 0), -1);
}

FS_TEST(a_loop_of_links_is_an_error)
{
	assert_int_equal(symlinkat("b", f->root, "a"), 0);
	assert_int_equal(symlinkat("a", f->root, "b"), 0);
	assert_int_equal(fs_open_in(f->root, "a", O_RDONLY, 0, 0), -1);
	assert_int_equal(errno, ELOOP);
}

/* The owner of a file can put a lease on it; whoever opens it with O_NONBLOCK then gets EAGAIN. */
FS_TEST(a_file_under_a_lease_does_not_hold_us_up)
{
	int ready[2], fd;
	char c;
	pid_t pid;

	put(f->root, "leased", "x");
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int held = openat(f->root, "leased", O_RDWR | O_CLOEXEC);

		(void)signal(SIGIO, SIG_IGN);
		(void)!write(ready[1], fcntl(held, F_SETLEASE, F_WRLCK) == 0 ? "y" : "n", 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	if (c == 'y') {
		(void)alarm(20);
		fd = fs_open_in(f->root, "leased", O_RDONLY | O_NONBLOCK, 0, 0);
		(void)alarm(0);
		assert_int_equal(fd, -1);
		assert_int_equal(errno, EAGAIN);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	fd_close_many(ready, 2);
}

FS_TEST(directories_are_made_inside_the_root_only)
{
	struct err e = {0};
	autoclose int fd = -1;

	assert_int_equal(symlinkat("../../outside", f->root, "link"), 0);
	assert_int_equal(mkdirat(f->root, "outside", 0755), 0);
	fd = fs_mkdir_in(f->root, "link/a//b/../c", 0755, &e);
	assert_true(fd >= 0);
	assert_true(same_file(fd, f->root, "outside/a/c"));
	assert_true(exists(f->root, "outside/a/b"));
	assert_false(exists(f->top, "outside/a"));
}

FS_TEST(making_what_is_there_is_fine)
{
	struct err e = {0};
	int fd = fs_mkdir_in(f->root, "a/b", 0755, &e);
	autoclose int again = -1, top = -1;

	close_fd(&fd);

	again = fs_mkdir_in(f->root, "/a/b/", 0755, &e);
	assert_true(same_file(again, f->root, "a/b"));
	top = fs_mkdir_in(f->root, "", 0755, &e);
	assert_true(same_file(top, f->top, "root"));
}

FS_TEST(a_file_or_a_dangling_link_in_the_way_is_an_error)
{
	struct err e = {0};

	put(f->root, "file", "x");
	assert_int_equal(fs_mkdir_in(f->root, "file/sub", 0755, &e), -1);
	assert_int_equal(e.sys, ENOTDIR);
	assert_int_equal(symlinkat("nowhere", f->root, "dangling"), 0);
	assert_int_equal(fs_mkdir_in(f->root, "dangling/sub", 0755, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_false(exists(f->root, "nowhere"));
}

FS_TEST(our_own_paths_are_made_with_all_their_parents)
{
	autofree char *path = xasprintf("%s/x/y/z", f->path);
	autofree char *through_file = xasprintf("%s/file/z", f->path);
	struct err e = {0};

	assert_int_equal(fs_mkdir_p(path, 0700, &e), 0);
	assert_int_equal(fs_mkdir_p(path, 0700, &e), 0);
	assert_true(exists(f->top, "x/y/z"));
	put(f->top, "file", "x");
	assert_int_equal(fs_mkdir_p(through_file, 0700, &e), -1);
	assert_int_equal(fs_mkdir_p("", 0700, &e), -1);
	assert_int_equal(fs_mkdir_p("/", 0700, &e), 0);
}

FS_TEST(opening_a_directory_makes_it_but_follows_no_link)
{
	struct err e = {0};
	autoclose int fd = fs_open_dir(f->root, "new", 0700, &e);
	autoclose int again = fs_open_dir(f->root, "new", 0700, &e);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(same_file(again, f->root, "new"));
	assert_int_equal(symlinkat("../outside", f->root, "link"), 0);
	assert_int_equal(fs_open_dir(f->root, "link", 0700, &e), -1);
	put(f->root, "file", "x");
	assert_int_equal(fs_open_dir(f->root, "file", 0700, &e), -1);
}

FS_TEST(writing_replaces_whole_files_and_leaves_nothing_beside)
{
	autostrbuf struct strbuf b = {0};
	struct err e = {0};
	struct stat st;

	assert_int_equal(fs_write_atomic(f->root, "s", "old text", 8, 0600, false, &e), 0);
	assert_int_equal(fs_write_atomic(f->root, "s", "new", 3, 0600, true, &e), 0);
	assert_int_equal(fd_read_file(f->root, "s", 100, &b, &e), 0);
	assert_string_equal(b.s, "new");
	assert_int_equal(fstatat(f->root, "s", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(unlinkat(f->root, "s", 0), 0);
	assert_int_equal(unlinkat(f->top, "root", AT_REMOVEDIR), 0); /* empty again */
}

/* Writers in namespaces of their own may all be process 1; one that dies leaves its remains. */
FS_TEST(writers_at_once_never_mix_and_take_over_remains)
{
	static const char word[] = "abcdefgh";
	const size_t most = (size_t)8 * 4096;
	autofree char *text = xcalloc(1, most + 1);
	struct err e = {0};
	pid_t pid[4];

	put(f->root, "s.new", "half of somebody's text that was longer than the next one");
	for (int w = 0; w < 4; w++) {
		pid[w] = fork();
		assert_true(pid[w] >= 0);
		if (pid[w])
			continue;
		memset(text, word[w], most);
		for (int i = 0; i < 200; i++)
			if (fs_write_atomic(f->root, "s", text, 4096 * ((size_t)w + 1), 0600, false,
			                    &e) < 0)
				_exit(1);
		_exit(0);
	}
	for (int alive = 4; alive;) {
		autostrbuf struct strbuf b = {0};
		int status;
		pid_t done = waitpid(-1, &status, WNOHANG);

		if (done > 0) {
			assert_int_equal(status, 0);
			alive--;
		}
		if (fd_read_file(f->root, "s", most, &b, &e) < 0)
			continue; /* not written yet */
		assert_int_equal(b.len, 4096 * (b.s[0] - 'a' + 1));
		assert_int_equal(strspn(b.s, (char[]){b.s[0], 0}), b.len);
	}
	assert_true(exists(f->root, "s"));
	assert_false(exists(f->root, "s.new"));
}

FS_TEST(a_write_that_fails_keeps_the_old_file)
{
	autostrbuf struct strbuf b = {0};
	struct err e = {0};
	struct rlimit old, small;

	put(f->root, "s", "old");
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){10, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(fs_write_atomic(f->root, "s", "much longer than ten", 20, 0600, true, &e),
	                 -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(e.sys, EFBIG);
	assert_int_equal(fd_read_file(f->root, "s", 100, &b, &e), 0);
	assert_string_equal(b.s, "old");
	assert_int_equal(unlinkat(f->root, "s", 0), 0);
	assert_int_equal(unlinkat(f->top, "root", AT_REMOVEDIR), 0); /* nothing half-written */
}

FS_TEST(removing_takes_the_tree_and_no_link_target)
{
	struct err e = {0};
	int fd = fs_mkdir_in(f->root, "a/b/c", 0755, &e);

	close_fd(&fd);
	put(f->top, "outside/precious", "x");
	put(f->root, "a/file", "x");
	assert_int_equal(symlinkat("../../outside", f->root, "a/link"), 0);
	assert_int_equal(symlinkat("../../outside/precious", f->root, "a/b/link"), 0);
	assert_int_equal(mkfifoat(f->root, "a/fifo", 0600), 0);
	assert_int_equal(fs_remove_tree(f->root, "a", &e), 0);
	assert_false(exists(f->root, "a"));
	assert_true(exists(f->top, "outside/precious"));
	assert_int_equal(fs_remove_tree(f->root, "a", &e), 0); /* absent is fine */
}

FS_TEST(removing_a_link_or_a_file_removes_just_that)
{
	struct err e = {0};

	put(f->top, "outside/precious", "x");
	assert_int_equal(symlinkat("../outside", f->root, "link"), 0);
	put(f->root, "file", "x");
	assert_int_equal(fs_remove_tree(f->root, "link", &e), 0);
	assert_int_equal(fs_remove_tree(f->root, "file", &e), 0);
	assert_false(exists(f->root, "link"));
	assert_false(exists(f->root, "file"));
	assert_true(exists(f->top, "outside/precious"));
}

FS_TEST(directories_without_permission_are_removed_too)
{
	struct err e = {0};
	int fd = fs_mkdir_in(f->root, "a/work/work", 0755, &e);

	close_fd(&fd);
	put(f->root, "a/work/work/file", "x");
	assert_int_equal(fchmodat(f->root, "a/work/work", 0, 0), 0);
	assert_int_equal(fchmodat(f->root, "a/work", 0, 0), 0);
	assert_int_equal(fchmodat(f->root, "a", 0, 0), 0);
	assert_int_equal(fs_remove_tree(f->root, "a", &e), 0);
	assert_false(exists(f->root, "a"));
}

static void dig(int rootfd, int depth)
{
	int at = openat(rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < depth; i++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0755), 0);
		put(at, "f", "x");
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close_fd(&at);
		at = next;
	}
	close_fd(&at);
}

/* A container can nest directories deeper than we may have open files, or than the stack is large.
 */
FS_TEST(a_tree_deeper_than_the_limit_of_open_files_is_removed)
{
	struct rlimit old, few;
	struct err e = {0};
	int r;

	dig(f->root, 5000);
	put(f->root, "d/.swept.0", "a name that we might want ourselves");
	assert_int_equal(mkdirat(f->root, "d/.swept.1", 0755), 0);
	put(f->root, "d/.swept.1/full", "x");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){64, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = fs_remove_tree(f->root, "d", &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_false(exists(f->root, "d"));
}

FS_TEST(file_systems_have_names)
{
	autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[24];

	assert_true(strlen(fs_type_name(f->root, buf)) > 1);
	assert_string_equal(fs_type_name(proc, buf), "type 9fa0");
	assert_string_equal(fs_type_name(-1, buf), "unknown");
}

#define FS_CASE(name) CASE_WITH(name, set_up, tear_down)

RUN_TESTS(FS_CASE(links_and_dots_stay_inside_the_root),
          FS_CASE(an_absolute_link_means_the_root_given), FS_CASE(magic_links_are_not_followed),
          FS_CASE(a_loop_of_links_is_an_error), FS_CASE(a_file_under_a_lease_does_not_hold_us_up),
          FS_CASE(directories_are_made_inside_the_root_only), FS_CASE(making_what_is_there_is_fine),
          FS_CASE(a_file_or_a_dangling_link_in_the_way_is_an_error),
          FS_CASE(our_own_paths_are_made_with_all_their_parents),
          FS_CASE(opening_a_directory_makes_it_but_follows_no_link),
          FS_CASE(writing_replaces_whole_files_and_leaves_nothing_beside),
          FS_CASE(writers_at_once_never_mix_and_take_over_remains),
          FS_CASE(a_write_that_fails_keeps_the_old_file),
          FS_CASE(removing_takes_the_tree_and_no_link_target),
          FS_CASE(removing_a_link_or_a_file_removes_just_that),
          FS_CASE(directories_without_permission_are_removed_too),
          FS_CASE(a_tree_deeper_than_the_limit_of_open_files_is_removed),
          FS_CASE(file_systems_have_names))
