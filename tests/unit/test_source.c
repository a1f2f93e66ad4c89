/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "kube/source.h"
#include "pkg/util/fd.h"

static char *top;

static void put(const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", top, name);
	autoclose int fd = -1;
	struct err e = {0};

	for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static int set_up(void **state)
{
	UNUSED(state);
	top = xstrdup("/tmp/kp-source-XXXXXX");
	assert_non_null(mkdtemp(top));
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *w)
{
	UNUSED(st);
	UNUSED(type);
	UNUSED(w);
	return remove(path);
}

static int tear_down(void **state)
{
	UNUSED(state);
	(void)nftw(top, drop, 16, FTW_DEPTH | FTW_PHYS);
	free(top);
	return 0;
}

/* The base names below the top that a name reads, with blanks between them; or the error. */
static char *reads(const char *name, bool recursive)
{
	autofree char *path = streq(name, ".") ? xstrdup(top) : xasprintf("%s/%s", top, name);
	autosources struct source_list list = {0};
	struct strbuf out = {0};
	struct err e = {0};

	if (source_list_read(&list, path, recursive, &e) < 0)
		return xstrdup(e.msg);
	for (size_t i = 0; i < list.len; i++)
		strbuf_addf(&out, "%s%s", i ? " " : "", list.v[i].name + strlen(top) + 1);
	return strbuf_take(&out);
}

#define READS(name, recursive, want)                                                               \
	do {                                                                                       \
		autofree char *got = reads(name, recursive);                                       \
		assert_string_equal(got, want);                                                    \
	} while (0)
#define SAYS(name, recursive, what)                                                                \
	do {                                                                                       \
		autofree char *got = reads(name, recursive);                                       \
		if (!strstr(got, what))                                                            \
			fail_msg("%s: %s", name, got);                                             \
	} while (0)

TEST(directories_go_down_when_asked)
{
	autofree char *up = xasprintf("%s/a/loop", top), *file = xasprintf("%s/a/z.yaml", top);

	put("b.yaml", "");
	put("a/x.yml", "");
	put("a/b/c.json", "");
	put("a/.hidden.yaml", "");
	put("a/.git/h.yaml", "");
	put("a/notes.txt", "");
	put("dir.yaml/y.yaml", "");
	assert_int_equal(symlink("..", up), 0);
	assert_int_equal(symlink("../b.yaml", file), 0);
	READS(".", false, "b.yaml");
	READS(".", true, "a/b/c.json a/x.yml a/z.yaml b.yaml dir.yaml/y.yaml");
	READS("a", false, "a/x.yml a/z.yaml");
	READS("a/", true, "a/b/c.json a/x.yml a/z.yaml");
	put("empty/x.txt", "");
	SAYS("empty", false, "-R looks in the directories below");
	SAYS("empty", true, "nor has any directory below it");
}

TEST(a_directory_without_end_is_refused)
{
	autostrbuf struct strbuf deep = {0};

	for (int i = 0; i < 40; i++)
		strbuf_adds(&deep, "d/");
	strbuf_adds(&deep, "x.yaml");
	put(deep.s, "");
	SAYS(".", true, "directories deep");
}

TEST(patterns_stand_for_files_that_match)
{
	put("1.yaml", "");
	put("2.yaml", "");
	put("[x].yaml", "");
	put("d/3.yaml", "");
	READS("[12].yaml", false, "1.yaml 2.yaml");
	READS("*.yaml", false, "1.yaml 2.yaml [x].yaml");
	READS("[x].yaml", false, "[x].yaml"); /* such a file exists */
	READS("d*", false, "d/3.yaml");
	SAYS("*.json", false, "no file matches");
	SAYS("none.yaml", false, "No such file");
}

TEST(texts_come_with_a_name_and_a_path)
{
	autosources struct source_list list = {0};

	source_add_text(&list, "shown", "https://h/x.yaml", "\xff\xfe{\0}\0", 6);
	assert_string_equal(list.v[0].name, "shown");
	assert_string_equal(list.v[0].path, "https://h/x.yaml");
	assert_string_equal(list.v[0].text.s, "{}");
	assert_true(list.v[0].dir[0] == '/');
}

TEST(a_url_has_a_project_name)
{
	static const char *const rows[][2] = {
		{"https://h/a/Web.App.yaml", "web-app"},
		{"https://h/a/web.yaml#sha256=00", "web"},
		{"http://h/web.json?x=/y.yaml", "web"},
		{"https://h/", "project"},
		{"https://h", "h"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *name = kube_project_name(rows[i][0]);

		assert_string_equal(name, rows[i][1]);
	}
}

#define FILES(f) CASE_WITH(f, set_up, tear_down)
RUN_TESTS(FILES(directories_go_down_when_asked), FILES(a_directory_without_end_is_refused),
          FILES(patterns_stand_for_files_that_match), CASE(texts_come_with_a_name_and_a_path),
          CASE(a_url_has_a_project_name))
