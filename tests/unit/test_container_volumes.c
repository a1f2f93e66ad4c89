/* SPDX-License-Identifier: Apache-2.0 */
/* test_container_volumes.c - ConfigMap and Secret layout, hostPath types (pkg/pod) */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/pod/hostpath.h"
#include "pkg/pod/volume.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

static char base[] = "/tmp/kubeplay-test-XXXXXX";
static int basefd = -1;

static int up(void **state)
{
	(void)state;
	(void)snprintf(base, sizeof(base), "/tmp/kubeplay-test-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	basefd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return basefd < 0 ? -1 : 0;
}

static int down(void **state)
{
	struct err e = {0};

	(void)state;
	(void)close(basefd);
	return fs_remove_tree(AT_FDCWD, base, &e);
}

static char s_a[] = "a", s_nested[] = "conf/sub/b", s_da[] = "cm/a", s_db[] = "secret/b";

static struct plan_file files[] = {
	{.path = s_a, .mode = 0644, .data = s_da},
	{.path = s_nested, .mode = 0400, .data = s_db},
};

static struct plan_data sample_data(void)
{
	struct plan_data d = {0};

	plan_data_add(&d, "cm/a", false, "A\0B", 3);
	plan_data_add(&d, "secret/b", true, "hush", 4);
	plan_data_sort(&d);
	return d;
}

static int write_files(struct plan_file *f, uint32_t n, struct err *e)
{
	struct plan_volume v = {.files = f, .files_count = n};
	struct plan_data d = sample_data();
	int r = projection_write(basefd, &v, &d, e);

	plan_data_done(&d);
	return r;
}

static void expect_link(const char *name, const char *target)
{
	char buf[100];
	ssize_t n = readlinkat(basefd, name, buf, sizeof(buf) - 1);

	assert_true(n > 0);
	buf[n] = '\0';
	if (target)
		assert_string_equal(buf, target);
	else
		assert_true(starts_with(buf, "..2"));
}

TEST(files_are_projected_in_the_kubelets_layout)
{
	autostrbuf struct strbuf text = {0};
	struct err e = {0};
	struct stat st;

	assert_int_equal(write_files(files, 2, &e), 0);
	expect_link("a", "..data/a");
	expect_link("conf", "..data/conf");
	expect_link("..data", NULL);
	assert_int_equal(fd_read_file(basefd, "a", 100, &text, &e), 0);
	assert_int_equal(text.len, 3);
	assert_memory_equal(text.s, "A\0B", 3);
	assert_int_equal(fstatat(basefd, "conf/sub/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(fstatat(basefd, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

TEST(text_of_the_plan_becomes_a_file)
{
	char late[] = "node.cpu/1000000000", text[] = "cpus: ";
	struct plan_part parts[] = {{.text = text}, {.field = late}};
	struct plan_value value = {.parts = parts, .parts_count = 2};
	struct plan_file f[] = {{.path = s_nested, .mode = 0440, .text = &value}};
	autostrbuf struct strbuf got = {0};
	struct err e = {0};
	struct stat st;

	assert_int_equal(write_files(f, 1, &e), 0);
	assert_int_equal(fd_read_file(basefd, "conf/sub/b", 100, &got, &e), 0);
	assert_string_equal(got.s, "cpus: 1");
	assert_int_equal(fstatat(basefd, "conf/sub/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0440);
	late[0] = 'x';
	assert_int_equal(write_files(f, 1, &e), -1);
}

TEST(a_sub_path_of_files_leads_behind_the_link)
{
	char vname[] = "v", pname[] = "p";
	struct plan_volume v = {
		.name = vname, .type = PLAN_FILES, .files = files, .files_count = 2};
	struct plan_pod pod = {.name = pname, .volumes = &v, .volumes_count = 1};
	struct volumes vs = {.fds = &basefd, .len = 1};
	struct plan_mount m = {.volume = vname};
	static const struct {
		const char *sub;
		mode_t want;
	} rows[] = {{"a", S_IFREG}, {"conf/sub", S_IFDIR}, {"made/here", S_IFDIR}};
	struct err e = {0};

	assert_int_equal(write_files(files, 2, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct plan_volume *found = NULL;
		const char *rest = "x";
		bool owned = false;
		struct stat st;
		int fd = -1;

		assert_int_equal(
			volumes_source(&vs, &pod, &m, rows[i].sub, &fd, &owned, &rest, &found, &e),
			0);
		assert_true(owned);
		assert_null(rest);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & S_IFMT, rows[i].want);
		(void)close(fd);
	}
}

TEST(a_path_cannot_leave_its_volume)
{
	static const char *const bad[] = {"../x", "a/../../x", "/x", "", "a//b", ".", "a/.."};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autofree char *path = xstrdup(bad[i]);
		struct plan_file f = {.path = path, .mode = 0644, .data = s_da};
		struct err e = {0};

		assert_int_equal(write_files(&f, 1, &e), -1);
		assert_int_equal(faccessat(AT_FDCWD, "/x", F_OK, 0), -1);
	}
}

TEST(an_entry_without_a_value_is_an_error)
{
	char missing[] = "cm/none";
	struct plan_file f = {.path = s_a, .mode = 0644, .data = missing};
	struct err e = {0};

	assert_int_equal(write_files(&f, 1, &e), -1);
	assert_non_null(strstr(e.msg, "cm/none"));
}

/* One hostPath of this type at `name` below the base. */
static int prepare(const char *name, enum plan_host_path_type type, struct err *e)
{
	autofree char *path = xasprintf("%s/%s", base, name);
	char vname[] = "v", pname[] = "p";
	struct plan_volume v = {
		.name = vname, .type = PLAN_HOST_PATH, .host_path = path, .host_path_type = type};
	struct plan_pod pod = {.name = pname, .volumes = &v, .volumes_count = 1};
	size_t n = 0;
	int *fds = NULL;

	return hostpath_prepare(&pod, false, &fds, &n, e);
}

TEST(what_a_host_path_is_must_be_what_its_type_says)
{
	struct err e = {0};

	assert_int_equal(mkdirat(basefd, "dir", 0755), 0);
	assert_int_equal(mknodat(basefd, "file", S_IFREG | 0644, 0), 0);
	assert_int_equal(mknodat(basefd, "fifo", S_IFIFO | 0644, 0), 0);
	assert_int_equal(prepare("dir", PLAN_HOST_PATH_DIRECTORY, &e), 0);
	assert_int_equal(prepare("file", PLAN_HOST_PATH_FILE, &e), 0);
	assert_int_equal(prepare("fifo", PLAN_HOST_PATH_ANY, &e), 0);
	assert_int_equal(prepare("dir", PLAN_HOST_PATH_FILE, &e), -1);
	assert_non_null(strstr(e.msg, "is a directory"));
	assert_int_equal(prepare("file", PLAN_HOST_PATH_DIRECTORY_OR_CREATE, &e), -1);
	assert_non_null(strstr(e.msg, "is a regular file"));
	assert_int_equal(prepare("dir", PLAN_HOST_PATH_SOCKET, &e), -1);
	assert_int_equal(prepare("dir", PLAN_HOST_PATH_CHAR_DEVICE, &e), -1);
	assert_int_equal(prepare("file", PLAN_HOST_PATH_BLOCK_DEVICE, &e), -1);
}

TEST(only_types_that_say_so_create_what_is_missing)
{
	struct err e = {0};
	struct stat st;

	assert_int_equal(prepare("m1", PLAN_HOST_PATH_DIRECTORY, &e), -1);
	assert_int_equal(prepare("m2", PLAN_HOST_PATH_FILE, &e), -1);
	assert_int_equal(prepare("m3", PLAN_HOST_PATH_SOCKET, &e), -1);
	assert_int_equal(fstatat(basefd, "m1", &st, 0), -1);
	assert_int_equal(prepare("x/y/z", PLAN_HOST_PATH_DIRECTORY_OR_CREATE, &e), 0);
	assert_int_equal(fstatat(basefd, "x/y/z", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(prepare("made", PLAN_HOST_PATH_FILE_OR_CREATE, &e), 0);
	assert_int_equal(fstatat(basefd, "made", &st, 0), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(prepare("no/made", PLAN_HOST_PATH_FILE_OR_CREATE, &e),
	                 -1); /* no parents */
}

#define IN_BASE(name) CASE_WITH(name, up, down)
RUN_TESTS(IN_BASE(files_are_projected_in_the_kubelets_layout),
          IN_BASE(text_of_the_plan_becomes_a_file),
          IN_BASE(a_sub_path_of_files_leads_behind_the_link),
          IN_BASE(a_path_cannot_leave_its_volume), IN_BASE(an_entry_without_a_value_is_an_error),
          IN_BASE(what_a_host_path_is_must_be_what_its_type_says),
          IN_BASE(only_types_that_say_so_create_what_is_missing))
