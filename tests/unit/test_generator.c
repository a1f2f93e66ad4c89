/* SPDX-License-Identifier: Apache-2.0 */
/* test_generator.c - ConfigMaps and Secrets that options name (kube/generator.c) */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "kube/kube.h"
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

static void write_bytes(const char *name, const char *bytes, size_t len)
{
	struct err e = {0};

	assert_int_equal(fs_write_atomic(basefd, name, bytes, len, 0644, false, &e), 0);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
			  "  containers: [{name: c, image: \"i:1\"}]\n"
			  "  volumes: [{name: v, configMap: {name: made}}]\n";

/* "%" stands for the base directory. */
static struct kube_result load(const char *manifest, const struct kube_generator *from, size_t n,
                               int want, struct err *e)
{
	struct kube_generator g[8];
	struct kube_options o = {
		.namespace_default = "default", .generators = g, .generators_count = n};
	char *values[8];
	struct kube_result r = {0};

	for (size_t i = 0; i < n; i++) {
		const char *mark = strchr(from[i].value, '%');

		values[i] = mark ? xasprintf("%.*s%s%s", (int)(mark - from[i].value), from[i].value,
		                             base, mark + 1)
		                 : xstrdup(from[i].value);
		g[i] = (struct kube_generator){from[i].type, values[i]};
	}
	assert_int_equal(kube_load_text("/x/t.yaml", manifest, strlen(manifest), &o, &r, e), want);
	for (size_t i = 0; i < n; i++)
		free(values[i]);
	return r;
}

#define LOAD(manifest, list) load(manifest, list, ARRAY_LEN(list), 0, &(struct err){0})

static void expect(const struct kube_result *r, const char *key, const char *bytes, size_t len)
{
	autofree char *name = xasprintf("configmap/default/made/%s", key);
	const struct plan_datum *d = plan_data_get(&r->data, name);

	if (!r->plan)
		fail_msg("%s: %s", r->diags[0].file, r->diags[0].text);
	if (!d)
		fail_msg("there is no %s", key);
	else if (d->len != len || memcmp(d->bytes, bytes, len) != 0)
		fail_msg("%s: \"%s\"", key, d->bytes);
}

#define EXPECT(r, key, text) expect(r, key, text, sizeof(text) - 1)

TEST(files_and_directories_become_keys)
{
	static const struct kube_generator g[] = {
		{KUBE_CONFIG_MAP_FROM_FILE, "made=%/one.conf"},
		{KUBE_CONFIG_MAP_FROM_FILE, "made=%/dir/"},
		{KUBE_CONFIG_MAP_FROM_FILE, "made=other=%/one.conf"},
	};
	struct kube_result r;

	write_text("one.conf", "a: \"b\\c\"\n\ttab ${HOME} é\n");
	assert_int_equal(mkdirat(basefd, "dir", 0755), 0);
	assert_int_equal(mkdirat(basefd, "dir/deeper", 0755), 0);
	assert_int_equal(symlinkat("one.conf", basefd, "dir/..data"), 0);
	write_text("two", "");
	assert_int_equal(renameat(basefd, "two", basefd, "dir/two"), 0);
	write_bytes("bin", "\0\xff\x80 ab", 6);
	assert_int_equal(renameat(basefd, "bin", basefd, "dir/.bin"), 0);
	r = LOAD(pod, g);
	EXPECT(&r, "one.conf", "a: \"b\\c\"\n\ttab ${HOME} é\n");
	EXPECT(&r, "other", "a: \"b\\c\"\n\ttab ${HOME} é\n");
	EXPECT(&r, "two", "");
	EXPECT(&r, ".bin", "\0\xff\x80 ab");
	assert_int_equal(r.data.len, 4);
	assert_int_equal(r.plan->files_count, 1); /* the manifest */
	kube_result_done(&r);
}

TEST(every_byte_of_a_file_arrives)
{
	static const struct kube_generator g[] = {{KUBE_CONFIG_MAP_FROM_FILE, "made=%/all"},
	                                          {KUBE_CONFIG_MAP_FROM_FILE, "made=%/text"}};
	char all[256], text[] = "\x01\x1f\x7f\xc2\x80\xc2\x85\xef\xbb\xbf\xe2\x80\xa8\xef\xbf\xbf"
				"\xf0\x9f\x98\x80\"'\\ #:{}\r\n \n";
	struct kube_result r;

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	write_bytes("all", all, 256);
	write_text("text", text);
	r = LOAD(pod, g);
	expect(&r, "all", all, 256);
	EXPECT(&r, "text", text);
	kube_result_done(&r);
}

TEST(lines_of_an_env_file_become_keys)
{
	static const struct kube_generator g[] = {{KUBE_CONFIG_MAP_FROM_ENV, "made=%/env"}};
	struct kube_result r;

	write_text("env", "\xef\xbb\xbf# a comment\nA=1\r\n\n  B=two words = \"quoted\"\nEMPTY=\n"
	                  "FROM_HERE\nNOT_HERE");
	assert_int_equal(setenv("FROM_HERE", "it", 1), 0);
	assert_int_equal(unsetenv("NOT_HERE"), 0);
	r = LOAD(pod, g);
	EXPECT(&r, "A", "1");
	EXPECT(&r, "B", "two words = \"quoted\"");
	EXPECT(&r, "EMPTY", "");
	EXPECT(&r, "FROM_HERE", "it");
	EXPECT(&r, "NOT_HERE", "");
	assert_int_equal(r.data.len, 5);
	kube_result_done(&r);
}

TEST(what_cannot_be_made_is_an_error)
{
	static const struct {
		struct kube_generator g[2];
		size_t count;
		const char *want;
	} rows[] = {
		{{{KUBE_CONFIG_MAP_FROM_FILE, "made"}}, 1, "write NAME=..."},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "Made=%/a"}}, 1, "write NAME=..."},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "=%/a"}}, 1, "write NAME=..."},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "made="}}, 1, "no FILE, DIR or KEY=FILE"},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "made==%/a"}}, 1, "no FILE, DIR or KEY=FILE"},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "made=%/none"}}, 1, "No such file"},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "made=k=%/."}}, 1, "is a directory"},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "made=a b=%/a"}}, 1, "cannot be a key"},
		{{{KUBE_CONFIG_MAP_FROM_FILE, "made=%/a"},
	          {KUBE_CONFIG_MAP_FROM_FILE, "made=a=%/a"}},
	         2,
	         "has key a already"},
		{{{KUBE_CONFIG_MAP_FROM_ENV, "made=%/a"}}, 1, "a:1: \"x y\""},
		{{{KUBE_CONFIG_MAP_FROM_ENV, "made=%/binary"}}, 1, "no text"},
		{{{KUBE_CONFIG_MAP_FILE, "%/none.yaml"}}, 1, "--configmap: open"},
	};

	write_text("a", "x y=1\n");
	write_bytes("binary", "A=\xff", 3);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		struct kube_result r = load(pod, rows[i].g, rows[i].count, -1, &e);

		if (!strstr(e.msg, rows[i].want))
			fail_msg("row %zu: %s", i, e.msg);
		kube_result_done(&r);
	}
}

static void expect_error(struct kube_result *r, const char *file, const char *text)
{
	assert_int_equal(r->errors, 1);
	for (size_t i = 0; i < r->diag_count; i++)
		if (ends_with(r->diags[i].file, file) && strstr(r->diags[i].text, text)) {
			kube_result_done(r);
			return;
		}
	fail_msg("%s: %s", r->diags[0].file, r->diags[0].text);
}

TEST(a_name_that_a_manifest_has_already_is_told_with_both_places)
{
	static const struct kube_generator file[] = {{KUBE_CONFIG_MAP_FILE, "%/c.yaml"}};
	static const struct kube_generator made[] = {
		{KUBE_CONFIG_MAP_FROM_FILE, "made=k=%/c.yaml"}};
	static const char config[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {a: b}\n";
	autofree char *both = xasprintf("%s---\n%s", pod, config);
	struct kube_result r;

	write_text("c.yaml", config);
	r = LOAD(pod, file);
	EXPECT(&r, "a", "b");
	assert_int_equal(r.plan->files_count, 2);
	kube_result_done(&r);
	r = LOAD(both, file);
	expect_error(&r, "c.yaml", "is already defined in /x/t.yaml:8");
	r = LOAD(both, made);
	expect_error(&r, "--configmap-from-file made", "is already defined in /x/t.yaml:8");
}

TEST(only_the_right_kind_stands_in_the_file_of_an_option)
{
	static const struct kube_generator configs[] = {{KUBE_CONFIG_MAP_FILE, "%/s.yaml"}};
	static const struct kube_generator secrets[] = {{KUBE_SECRET_FILE, "%/s.yaml"}};
	static const char secret_pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
					 "  containers: [{name: c, image: \"i:1\"}]\n"
					 "  volumes: [{name: v, secret: {secretName: s}}]\n";
	struct kube_result r;

	write_text("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	                     "stringData: {a: hush}\n");
	r = LOAD(secret_pod, secrets);
	assert_non_null(r.plan);
	assert_non_null(plan_data_get(&r.data, "secret/default/s/a"));
	kube_result_done(&r);
	r = load("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", configs, 1, 0,
	         &(struct err){0});
	expect_error(&r, "s.yaml", "a file of --configmap may hold only objects of kind ConfigMap");
}

#define IN_BASE(name) CASE_WITH(name, up, down)
RUN_TESTS(IN_BASE(files_and_directories_become_keys), IN_BASE(every_byte_of_a_file_arrives),
          IN_BASE(lines_of_an_env_file_become_keys), IN_BASE(what_cannot_be_made_is_an_error),
          IN_BASE(a_name_that_a_manifest_has_already_is_told_with_both_places),
          IN_BASE(only_the_right_kind_stands_in_the_file_of_an_option))
