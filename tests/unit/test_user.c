/* SPDX-License-Identifier: Apache-2.0 */
/* test_user.c - users and groups from an image's own files */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/runtime/user.h"
#include "pkg/util/fs.h"

static int root = -1;
static char root_path[] = "/tmp/kp-user-XXXXXX";

static void put(const char *name, const char *text)
{
	int fd;

	(void)unlinkat(root, name, 0);
	fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static int up(void **state)
{
	(void)state;
	if (root < 0) {
		assert_non_null(mkdtemp(root_path));
		root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(mkdirat(root, "etc", 0755), 0);
	}
	put("etc/passwd",
	    "# comment\n\nroot:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:1000:1001:Web:/srv/web:/bin/sh\n"
	    "rel:x:7:7::relative:/bin/sh\nlate:x:1000:9:::\nneg:x:-5:5::/:\nbig:x:4294967295:5::/:");
	put("etc/group",
	    "root:x:0:\nweb:x:1001:\naudio:x:29:a,web\nvideo:x:44:webx,xweb\nlast:x:50:web");
	return 0;
}

static int down(void **state)
{
	struct err e = {0};

	(void)state;
	return fs_remove_tree(AT_FDCWD, root_path, &e);
}

static struct user_ids resolve(const char *user, int64_t uid, int64_t gid)
{
	struct user_wish w = {.image_user = user, .uid = uid, .gid = gid};
	struct user_ids u;
	struct err e = {0};

	if (user_resolve(root, &w, &u, &e) < 0)
		fail_msg("%s", e.msg);
	return u;
}

static void refused(const char *user, const char *text)
{
	struct user_wish w = {.image_user = user, .uid = -1, .gid = -1};
	struct user_ids u;
	struct err e = {0};

	assert_int_equal(user_resolve(root, &w, &u, &e), -1);
	assert_int_equal(e.kind, ERR_WORKLOAD);
	if (!strstr(e.msg, text))
		fail_msg("%s", e.msg);
}

TEST(rows_of_all_forms_give_ids_and_home)
{
	static const struct {
		const char *user;
		int64_t uid, gid;
		uint32_t want_uid, want_gid;
		const char *home;
	} rows[] = {
		{NULL, -1, -1, 0, 0, "/root"},
		{"", -1, -1, 0, 0, "/root"},
		{"web", -1, -1, 1000, 1001, "/srv/web"},
		{"1000", -1, -1, 1000, 1001, "/srv/web"},
		{"web:audio", -1, -1, 1000, 29, "/srv/web"},
		{"web:5", -1, -1, 1000, 5, "/srv/web"},
		{"4711", -1, -1, 4711, 0, "/"},
		{"4711:12", -1, -1, 4711, 12, "/"},
		{":44", -1, -1, 0, 44, "/root"},
		{"rel", -1, -1, 7, 7, "/"},
		{"web", 0, -1, 0, 0, "/root"},
		{"root:root", 1000, -1, 1000, 1001, "/srv/web"},
		{"lost", 1000, 3, 1000, 3, "/srv/web"},
		{"web:audio", -1, 77, 1000, 77, "/srv/web"},
		{"late", -1, -1, 1000, 9, "/"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct user_ids u = resolve(rows[i].user, rows[i].uid, rows[i].gid);

		assert_int_equal(u.uid, rows[i].want_uid);
		assert_int_equal(u.gid, rows[i].want_gid);
		assert_string_equal(u.home, rows[i].home);
	}
}

TEST(groups_are_the_primary_those_asked_for_and_the_images)
{
	uint32_t asked[] = {5, 29};
	struct user_wish w = {
		.image_user = "web", .uid = -1, .gid = -1, .groups = asked, .group_count = 2};
	struct user_ids u;
	struct err e = {0};

	assert_int_equal(user_resolve(root, &w, &u, &e), 0);
	assert_int_equal(u.asked_count, 3);
	assert_int_equal(u.group_count, 4);
	assert_int_equal(u.groups[0], 1001);
	assert_int_equal(u.groups[1], 5);
	assert_int_equal(u.groups[2], 29);
	assert_int_equal(u.groups[3], 50); /* the last line has no end */
}

TEST(what_is_not_there_is_named)
{
	refused("lost", "no user \"lost\"");
	refused("web:lost", "no group \"lost\"");
	refused("neg", "no user \"neg\"");
	refused("big", "no user \"big\"");
	refused("4294967295", "no user");
	refused("-1", "no user");
}

TEST(images_without_the_files_have_numbers_only)
{
	assert_int_equal(unlinkat(root, "etc/passwd", 0), 0);
	assert_int_equal(unlinkat(root, "etc/group", 0), 0);
	assert_int_equal(resolve("12:13", -1, -1).gid, 13);
	assert_int_equal(resolve(NULL, -1, -1).uid, 0);
	assert_string_equal(resolve("12", -1, -1).home, "/");
	refused("web", "no user \"web\"");
}

TEST(links_stay_in_the_image)
{
	assert_int_equal(unlinkat(root, "etc/passwd", 0), 0);
	assert_int_equal(symlinkat("/etc/../../../../etc/own", root, "etc/passwd"), 0);
	put("etc/own", "inside:x:5:6::/in:\n");
	assert_int_equal(resolve("inside", -1, -1).uid, 5);
	refused("root", "no user \"root\"");
}

TEST(only_bounded_regular_files_are_read)
{
	int fd;

	assert_int_equal(unlinkat(root, "etc/passwd", 0), 0);
	assert_int_equal(mkfifoat(root, "etc/passwd", 0600), 0);
	refused("web", "/etc/passwd of the image is not a regular file");
	put("etc/passwd", "");
	fd = openat(root, "etc/passwd", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	(void)close(fd);
	refused("web", "larger than the limit of 1048576 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_WITH(rows_of_all_forms_give_ids_and_home, up, NULL),
		CASE_WITH(groups_are_the_primary_those_asked_for_and_the_images, up, NULL),
		CASE_WITH(what_is_not_there_is_named, up, NULL),
		CASE_WITH(images_without_the_files_have_numbers_only, up, NULL),
		CASE_WITH(links_stay_in_the_image, up, NULL),
		CASE_WITH(only_bounded_regular_files_are_read, up, NULL),
	};

	return cmocka_run_group_tests(tests, NULL, down);
}
