/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_layer.c - tars of friends and of strangers
 *
 * Each test unpacks into TOP/layer; TOP/canary is what a hostile tar would like to reach. After
 * every test the canary, and that TOP has nothing else, is looked at.
 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "pkg/image/layer.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "tests/unit/tar.h"

static char top_path[40];
static int top = -1, layer = -1;
static struct strbuf tar;
static struct layer_stats stats;

static int up(void **state)
{
	(void)state;
	(void)umask(0);
	(void)snprintf(top_path, sizeof(top_path), "/var/tmp/kp-layer-XXXXXX");
	if (!mkdtemp(top_path))
		return -1;
	top = open(top_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top, "layer", 0755) < 0 || mkdirat(top, "canary", 0755) < 0)
		return -1;
	layer = openat(top, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return layer < 0;
}

static bool canary_sings(void)
{
	DIR *d = opendir(top_path);
	autofree char *canary = xasprintf("%s/canary", top_path);
	int entries = 0;

	while (d && readdir(d))
		entries++;
	if (d)
		(void)closedir(d);
	return entries == 4 && rmdir(canary) == 0; /* still empty */
}

static int down(void **state)
{
	bool well = canary_sings();
	struct err e = {0};

	(void)state;
	close_fd(&layer);
	close_fd(&top);
	strbuf_done(&tar);
	(void)fs_remove_tree(AT_FDCWD, top_path, &e);
	return well ? 0 : -1;
}

static void add(struct tar_entry e)
{
	tar_add(&tar, &e);
}

static void dir(const char *name)
{
	add((struct tar_entry){.name = name, .type = '5'});
}

static void file(const char *name, const char *data)
{
	add((struct tar_entry){.name = name, .data = data});
}

static void symlink_to(const char *name, const char *target)
{
	add((struct tar_entry){.name = name, .type = '2', .link = target});
}

static void hardlink_to(const char *name, const char *target)
{
	add((struct tar_entry){.name = name, .type = '1', .link = target});
}

/* Unpack what was added; the tar is empty again. */
static int unpack(struct err *e)
{
	const struct layer_options o = {0};
	size_t size = 4096;
	struct stream s;
	int r;

	while (size < tar.len)
		size *= 2;
	stream_init(&s, size);
	if (tar.len)
		assert_int_equal(stream_offer(&s, tar.s, tar.len), 0);
	stream_end(&s, NULL);
	r = layer_unpack(&s, layer, top, &o, &stats, e);
	stream_done(&s);
	strbuf_clear(&tar);
	return r;
}

static void unpacked(void)
{
	struct err e = {0};

	tar_end(&tar);
	if (unpack(&e) < 0)
		fail_msg("%s", e.msg);
}

static void refused(const char *why)
{
	struct err e = {0};

	tar_end(&tar);
	if (unpack(&e) == 0)
		fail_msg("unpacked: %s", why);
	assert_true(*e.msg);
	assert_null(strpbrk(e.msg, "\033\r"));
}

static struct stat look(const char *name)
{
	struct stat st = {0};

	if (fstatat(layer, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

static bool absent(const char *name)
{
	struct stat st;

	return fstatat(layer, name, &st, AT_SYMLINK_NOFOLLOW) < 0;
}

static void holds(const char *name, const char *want)
{
	autostrbuf struct strbuf got = {0};
	struct err e = {0};

	if (fd_read_file(layer, name, 1 << 20, &got, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(got.s ? got.s : "", want);
}

static bool whiteout(const char *name)
{
	struct stat st = look(name);

	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

static bool opaque(const char *name)
{
	autoclose int fd = openat(layer, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char v[8] = "";

	return fgetxattr(fd, "user.overlay.opaque", v, sizeof(v)) == 1 && v[0] == 'y';
}

/* --- friends -----------------------------------------------------------------------------------
 */

TEST(files_links_and_modes_are_kept)
{
	add((struct tar_entry){.name = "./", .type = '5', .mode = 0711});
	dir("bin/");
	add((struct tar_entry){.name = "./bin/tool", .data = "hello", .mode = 04755});
	hardlink_to("bin/same", "./bin/tool");
	symlink_to("lib", "/usr/lib");
	add((struct tar_entry){.name = "pipe", .type = '6', .mode = 0622});
	file("deep/er/file", "y");
	file("empty", "");
	unpacked();
	holds("bin/same", "hello");
	assert_int_equal(look("bin/tool").st_ino, look("bin/same").st_ino);
	assert_int_equal(look("bin/tool").st_mode, S_IFREG | 04755);
	assert_int_equal(look(".").st_mode & 07777, 0711);
	assert_int_equal(look("pipe").st_mode, S_IFIFO | 0622);
	assert_int_equal(look("deep/er").st_mode & 07777, 0755);
	assert_true(S_ISLNK(look("lib").st_mode));
	assert_int_equal(look("empty").st_size, 0);
}

TEST(the_top_is_0755_unless_said_otherwise)
{
	(void)fchmod(layer, 0700);
	file("a", "x");
	unpacked();
	assert_int_equal(look(".").st_mode & 07777, 0755);
}

TEST(times_of_directories_survive_their_children)
{
	add((struct tar_entry){.name = "d", .type = '5', .mtime = 1000000});
	add((struct tar_entry){.name = "d/f", .data = "x", .mtime = 2000000});
	add((struct tar_entry){.name = "l", .type = '2', .link = "x", .mtime = 3000000});
	add((struct tar_entry){.name = "d/g", .data = "x", .mtime = 4000000});
	unpacked();
	assert_int_equal(look("d").st_mtime, 1000000);
	assert_int_equal(look("d/f").st_mtime, 2000000);
	assert_int_equal(look("l").st_mtime, 3000000);
}

TEST(an_empty_layer_is_a_layer)
{
	struct err e = {0};

	assert_int_equal(unpack(&e), 0);
	unpacked();
	assert_int_equal(stats.entries, 0);
}

TEST(later_entries_replace_earlier_ones)
{
	file("a", "one");
	file("a", "two");
	dir("b");
	file("b/in", "x");
	file("b", "now a file");
	file("c", "x");
	dir("c");
	file("c/in", "y");
	symlink_to("d", "a");
	file("d", "no link");
	dir("e");
	file("e/in", "z");
	dir("e");
	unpacked();
	holds("a", "two");
	holds("b", "now a file");
	holds("c/in", "y");
	holds("d", "no link");
	holds("e/in", "z");
}

TEST(a_hard_link_to_itself_changes_nothing)
{
	file("a", "x");
	hardlink_to("a", "a");
	hardlink_to("b", "a");
	hardlink_to("b", "a");
	unpacked();
	holds("a", "x");
	assert_int_equal(look("a").st_nlink, 2);
}

TEST(long_and_foreign_names_come_through_pax)
{
	autofree char *name = xcalloc(1, 1000);

	for (int i = 0; i < 3; i++) {
		memset(name + strlen(name), 'a' + i, 200);
		name[strlen(name)] = '/';
	}
	memcpy(name + strlen(name), "gr\xc3\xbc\xc3\x9f", 6);
	tar_pax(&tar, "path", name, strlen(name));
	file("short", "x");
	unpacked();
	holds(name, "x");
	assert_true(absent("short"));
}

TEST(wanted_xattrs_are_kept_and_those_of_overlay_are_not)
{
	char value[64] = "";
	autoclose int fd = -1;

	autostrbuf struct strbuf all = {0};

	strbuf_adds(&all, "28 SCHILY.xattr.user.mine=v\n");
	strbuf_adds(&all, "38 SCHILY.xattr.user.overlay.opaque=y\n");
	strbuf_adds(&all, "41 SCHILY.xattr.user.overlay.redirect=/x\n");
	strbuf_adds(&all, "41 SCHILY.xattr.trusted.overlay.opaque=y\n");
	tar_add(&tar, &(struct tar_entry){
			      .name = "pax", .type = 'x', .data = all.s, .data_len = all.len});
	dir("d");
	unpacked();
	fd = openat(layer, "d", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)), -1);
	assert_int_equal(fgetxattr(fd, "user.overlay.redirect", value, sizeof(value)), -1);
	assert_int_equal(fgetxattr(fd, "user.mine", value, sizeof(value)), 1);
}

TEST(user_xattrs_of_files_are_kept)
{
	char value[8] = "";
	autoclose int fd = -1;

	tar_pax(&tar, "SCHILY.xattr.user.mine", "val", 3);
	file("f", "x");
	unpacked();
	fd = openat(layer, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.mine", value, sizeof(value)), 3);
	assert_memory_equal(value, "val", 3);
}

TEST(devices_are_left_out)
{
	add((struct tar_entry){.name = "dev/null", .type = '3'});
	add((struct tar_entry){.name = "dev/sda", .type = '4'});
	file("after", "x");
	unpacked();
	assert_true(absent("dev/null") && absent("dev/sda"));
	assert_int_equal(stats.skipped, 2);
}

/* In a user namespace, where all of a layer can be made. */
static int unpack_inside(void *arg, struct err *e)
{
	/* version 2, effective, permitted: CAP_NET_BIND_SERVICE */
	static const unsigned char caps[20] = {1, 0, 0, 2, 0, 4};
	char got[32];
	autoclose int fd = -1;
	struct stat st;

	(void)arg;
	dir(".");
	add((struct tar_entry){.name = "ro", .type = '5', .mode = 0555, .uid = 7, .gid = 8});
	add((struct tar_entry){
		.name = "ro/in", .data = "x", .mode = 0400, .uid = 1000, .gid = 1001});
	add((struct tar_entry){.name = "suid", .data = "x", .mode = 06755, .uid = 9, .gid = 10});
	add((struct tar_entry){.name = "setgid", .type = '5', .mode = 02775, .gid = 33});
	file("setgid/roots", "x");
	add((struct tar_entry){.name = "link", .type = '2', .link = "x", .uid = 5, .gid = 6});
	tar_pax(&tar, "SCHILY.xattr.security.capability", caps, sizeof(caps));
	add((struct tar_entry){.name = "ping", .data = "x", .mode = 0755, .uid = 3});
	tar_end(&tar);
	if (unpack(e) < 0)
		return -1;
	static const struct {
		const char *name;
		unsigned int mode, uid, gid;
	} rows[] = {
		{"ro", S_IFDIR | 0555, 7, 8},     {"ro/in", S_IFREG | 0400, 1000, 1001},
		{"suid", S_IFREG | 06755, 9, 10}, {"setgid/roots", S_IFREG | 0644, 0, 0},
		{"link", S_IFLNK | 0777, 5, 6},   {"ping", S_IFREG | 0755, 3, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (fstatat(layer, rows[i].name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_mode != rows[i].mode || st.st_uid != rows[i].uid ||
		    st.st_gid != rows[i].gid)
			return err_set(e, ERR_HOST, "%s: mode %o, %u:%u", rows[i].name, st.st_mode,
			               st.st_uid, st.st_gid);
	fd = openat(layer, "ping", O_RDONLY | O_CLOEXEC);
	if (fgetxattr(fd, "security.capability", got, sizeof(got)) < (ssize_t)sizeof(caps))
		return err_sys(e, errno, "file capabilities");
	add((struct tar_entry){.name = "far", .data = "x", .uid = 2000000});
	tar_end(&tar);
	if (unpack(e) == 0 || !strstr(e->msg, "sub-id"))
		return err_set(e, ERR_HOST, "an owner outside of the range: %s", e->msg);
	*e = (struct err){0};
	return fs_remove_tree(top, "layer", e); /* these are not the user's to remove */
}

TEST(owners_modes_and_capabilities_are_kept)
{
	struct idmap map = {0};
	struct err e = {0};

	if (idmap_detect(&map, &e) < 0 || map.single)
		skip();
	if (map.as_root) {
		assert_int_equal(fchown(layer, (uid_t)idmap_host_uid(&map, 0),
		                        (gid_t)idmap_host_gid(&map, 0)),
		                 0);
		assert_int_equal(
			fchown(top, (uid_t)idmap_host_uid(&map, 0), (gid_t)idmap_host_gid(&map, 0)),
			0);
	}
	if (userns_run(&map, unpack_inside, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(mkdirat(top, "layer", 0755), 0); /* for the count of the tear-down */
}

/* --- whiteouts ---------------------------------------------------------------------------------
 */

TEST(whiteouts_take_overlay_form)
{
	file("a/.wh.gone", "");
	file(".wh.top", "");
	file("o/.wh..wh..opq", "");
	unpacked();
	assert_true(whiteout("a/gone"));
	assert_true(whiteout("top"));
	assert_true(opaque("o"));
	assert_false(opaque("a"));
	assert_true(absent("a/.wh.gone"));
}

TEST(an_opaque_top_is_possible)
{
	file(".wh..wh..opq", "");
	unpacked();
	assert_true(opaque("."));
}

TEST(a_whiteout_speaks_of_lower_layers_only)
{
	file("f", "new");
	file(".wh.f", "");
	file(".wh.g", "");
	file("g", "new");
	dir("d");
	file("d/in", "x");
	file(".wh.d", "");
	file(".wh.e", "");
	dir("e");
	file("e/in", "y");
	unpacked();
	holds("f", "new");
	holds("g", "new");
	holds("d/in", "x");
	holds("e/in", "y");
	assert_true(opaque("d"));
	assert_true(opaque("e"));
}

TEST(bookkeeping_of_aufs_is_left_out)
{
	dir(".wh..wh.plnk");
	file(".wh..wh.plnk/1.2", "x");
	file(".wh..wh.aufs", "");
	unpacked();
	assert_true(absent(".wh..wh.plnk"));
	assert_int_equal(stats.skipped, 3);
}

/* --- strangers ---------------------------------------------------------------------------------
 */

TEST(names_that_lead_out_are_refused)
{
	static const char *const names[] = {
		"../canary/x",   "a/../../canary/x", "..", "/../canary/x", "a/..",
		"./../canary/x", "a/b/../../../x",   "../"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		file(names[i], "evil");
		refused(names[i]);
	}
}

TEST(absolute_names_stay_inside)
{
	autofree char *name = xasprintf("%s/canary/x", top_path);

	file("/etc/passwd", "mine");
	file("//x", "y");
	file(name, "evil");
	unpacked();
	holds("etc/passwd", "mine");
	holds("x", "y");
	holds(name + 1, "evil");
}

TEST(links_to_the_outside_lead_nowhere)
{
	autofree char *canary = xasprintf("%s/canary", top_path);

	dir("tmp");
	symlink_to("up", "..");
	symlink_to("far", "../../../../../../../../tmp");
	symlink_to("abs", canary);
	file("up/canary/x", "evil"); /* ".." of the top is the top */
	file("far/y", "evil");
	unpacked();
	holds("canary/x", "evil");
	holds("tmp/y", "evil");
	symlink_to("abs", canary);
	file("abs/x", "evil"); /* dangling inside */
	refused("through a dangling link");
}

TEST(a_file_is_not_written_through_a_link)
{
	autofree char *canary = xasprintf("%s/canary/x", top_path);

	symlink_to("a", canary);
	file("a", "evil");
	symlink_to("b", "target");
	file("target", "safe");
	file("b", "replaced");
	unpacked();
	assert_true(S_ISREG(look("a").st_mode));
	holds("target", "safe");
}

TEST(magic_links_are_not_followed)
{
	symlink_to("p", "/proc/self/root");
	file("p/tmp/kp-evil", "x");
	refused("by /proc/self/root");
	symlink_to("q", "/proc/self/cwd");
	file("q/kp-evil", "x");
	refused("by /proc/self/cwd");
}

TEST(hard_links_to_the_outside_are_refused)
{
	autofree char *secret = xasprintf("%s/canary", top_path);
	static const char *const targets[] = {"../canary", "/etc/passwd", "etc/../../x", "..",
	                                      "/",         ".",           "nothing/here"};

	hardlink_to("x", secret);
	refused(secret);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		hardlink_to("x", targets[i]);
		refused(targets[i]);
	}
	symlink_to("etc", "/etc");
	hardlink_to("x", "etc/passwd");
	refused("hard link through a link");
	dir("d");
	hardlink_to("x", "d");
	refused("hard link to a directory");
	file(".wh.w", "");
	hardlink_to("x", "w");
	refused("hard link to a whiteout");
}

TEST(a_hard_link_to_a_link_is_the_link)
{
	symlink_to("l", "/etc/passwd");
	hardlink_to("h", "l");
	unpacked();
	assert_true(S_ISLNK(look("h").st_mode));
}

TEST(whiteouts_of_nothing_are_refused)
{
	static const char *const names[] = {".wh.", ".wh..", ".wh...", "a/.wh..", "a/.wh..."};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		file(names[i], "");
		refused(names[i]);
	}
}

TEST(nothing_goes_below_a_whiteout_or_a_file)
{
	file(".wh.d/x", "y");
	unpacked();
	assert_true(absent("d") && absent(".wh.d"));
	file("f", "x");
	file("f/g", "y");
	refused("below a file");
	file(".wh.w", "");
	file("w/x", "y");
	refused("below a whiteout device");
}

TEST(a_directory_replaced_by_a_link_is_left)
{
	autofree char *canary = xasprintf("%s/canary", top_path);

	dir("d");
	file("d/a", "x");
	symlink_to("d", canary);
	file("d/evil", "x");
	refused("into the link that replaced the directory");
}

TEST(directory_times_do_not_follow_links)
{
	struct stat st;

	add((struct tar_entry){.name = "d", .type = '5', .mtime = 1000});
	symlink_to("d", "../canary");
	unpacked();
	assert_int_equal(fstatat(top, "canary", &st, 0), 0);
	assert_true(st.st_mtime > 100000);
}

TEST(names_beyond_the_limits_are_refused)
{
	autofree char *name = xcalloc(1, 300000);

	memset(name, 'n', 256);
	tar_pax(&tar, "path", name, 256);
	file("x", "y");
	refused("256 bytes");
	memset(name, '/', 9000);
	for (int i = 0; i < 9000; i += 2)
		name[i] = 'd';
	tar_pax(&tar, "path", name, 8999);
	add((struct tar_entry){.name = "x", .type = '5'});
	refused("4500 deep");
	memset(name, 'n', 200000);
	tar_pax(&tar, "linkpath", name, 200000);
	symlink_to("x", "y");
	refused("a link of 200000 bytes");
}

TEST(a_pax_header_of_a_gigabyte_is_refused)
{
	add((struct tar_entry){.name = "pax", .type = 'x', .size = "10000000000"});
	refused("1 GiB of PAX");
	add((struct tar_entry){.name = "long", .type = 'L', .size = "10000000000"});
	refused("1 GiB of name");
}

TEST(sizes_that_are_lies_end_in_errors)
{
	add((struct tar_entry){.name = "big", .size = "77777777777", .data = "x"});
	refused("8 GiB that do not come");
	add((struct tar_entry){.name = "neg", .size = "-1", .data = "x"});
	refused("a negative size");
}

/* GNU sparse 1.0: 8 EiB in a few bytes. */
TEST(a_sparse_giant_is_refused)
{
	autostrbuf struct strbuf pax = {0};

	strbuf_adds(&pax, "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n");
	strbuf_adds(&pax, "25 GNU.sparse.name=giant\n");
	strbuf_adds(&pax, "43 GNU.sparse.realsize=9223372036854775807\n");
	add((struct tar_entry){.name = "pax", .type = 'x', .data = pax.s, .data_len = pax.len});
	char map[512] = "1\n9223372036854775806\n1\n";

	map[511] = 'x';
	add((struct tar_entry){.name = "giant", .data = map, .data_len = 512});
	refused("8 EiB");
}

TEST(damaged_tars_are_refused)
{
	struct err e = {0};

	file("a", "x");
	tar.s[0] = 'b';
	refused("a bad checksum");
	add((struct tar_entry){.name = "a", .data = "x", .bad_checksum = true});
	refused("another bad checksum");
	strbuf_adds(&tar, "this is not a tar, and it is long enough to be looked at. ");
	for (int i = 0; i < 5; i++)
		strbuf_add(&tar, tar.s, tar.len);
	refused("prose");
	file("a", "some data");
	strbuf_add(&tar, "", 0);
	tar.len -= 256; /* cut in the middle of the data block */
	add((struct tar_entry){.name = "\033[31mred\r", .type = '2', .link = ""});
	assert_int_equal(unpack(&e), -1);
}

TEST(error_texts_cannot_drive_a_terminal)
{
	struct err e = {0};

	file("a\033[2J\r\n../..", "x");
	file("a\033[2J\r\n/../x", "x");
	assert_int_equal(unpack(&e), -1);
	assert_null(strpbrk(e.msg, "\033\r\n"));
}

enum { MANY = 200000, GROWTH_MAX_KIB = 16 << 10 };

/* Directory entries with long names, without ever having all of them. */
static void *write_many(void *arg)
{
	autostrbuf struct strbuf one = {0};
	char name[100] = "d/";
	uint8_t *p;
	size_t room;

	memset(name + 2, 'n', 90);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name + 92, 8, "%d", i % 10);
		strbuf_clear(&one);
		tar_add(&one, &(struct tar_entry){.name = name, .type = '5', .mtime = 5000});
		if (stream_space(arg, &p, &room) < 0 || room < one.len)
			break;
		memcpy(p, one.s, one.len);
		stream_commit(arg, one.len);
	}
	stream_end(arg, NULL);
	return NULL;
}

static int many_entries(void)
{
	const struct layer_options o = {0};
	struct rusage before, after;
	struct layer_stats s;
	struct stream in;
	struct err e = {0};
	pthread_t t;

	stream_init(&in, 64 << 10);
	(void)getrusage(RUSAGE_SELF, &before);
	if (pthread_create(&t, NULL, write_many, &in) != 0 ||
	    layer_unpack(&in, layer, top, &o, &s, &e) < 0 || s.entries != MANY)
		return 1;
	(void)pthread_join(t, NULL);
	(void)getrusage(RUSAGE_SELF, &after);
#ifdef __SANITIZE_ADDRESS__
	return 0; /* what was freed is kept in quarantine */
#else
	return after.ru_maxrss - before.ru_maxrss > GROWTH_MAX_KIB ? 2 : 0;
#endif
}

TEST(many_entries_take_little_memory)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(many_entries());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(look("d").st_mode & 0777, 0755);
	DIR *d = NULL;
	autofree char *path = xasprintf("%s/layer/d", top_path);
	struct dirent *ent;

	d = opendir(path);
	while (d && (ent = readdir(d)))
		if (ent->d_name[0] == 'n') {
			struct stat st;

			assert_int_equal(fstatat(dirfd(d), ent->d_name, &st, 0), 0);
			assert_int_equal(st.st_mtime, 5000); /* also those that were spilled */
		}
	if (d)
		(void)closedir(d);
}

#define T(test) CASE_WITH(test, up, down)

RUN_TESTS(T(files_links_and_modes_are_kept), T(the_top_is_0755_unless_said_otherwise),
          T(times_of_directories_survive_their_children), T(an_empty_layer_is_a_layer),
          T(later_entries_replace_earlier_ones), T(a_hard_link_to_itself_changes_nothing),
          T(long_and_foreign_names_come_through_pax),
          T(wanted_xattrs_are_kept_and_those_of_overlay_are_not), T(user_xattrs_of_files_are_kept),
          T(devices_are_left_out), T(owners_modes_and_capabilities_are_kept),
          T(whiteouts_take_overlay_form), T(an_opaque_top_is_possible),
          T(a_whiteout_speaks_of_lower_layers_only), T(bookkeeping_of_aufs_is_left_out),
          T(names_that_lead_out_are_refused), T(absolute_names_stay_inside),
          T(links_to_the_outside_lead_nowhere), T(a_file_is_not_written_through_a_link),
          T(magic_links_are_not_followed), T(hard_links_to_the_outside_are_refused),
          T(a_hard_link_to_a_link_is_the_link), T(whiteouts_of_nothing_are_refused),
          T(nothing_goes_below_a_whiteout_or_a_file), T(a_directory_replaced_by_a_link_is_left),
          T(directory_times_do_not_follow_links), T(names_beyond_the_limits_are_refused),
          T(a_pax_header_of_a_gigabyte_is_refused), T(sizes_that_are_lies_end_in_errors),
          T(a_sparse_giant_is_refused), T(damaged_tars_are_refused),
          T(error_texts_cannot_drive_a_terminal), T(many_entries_take_little_memory))
