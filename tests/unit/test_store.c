/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - the image index, what is complete, what removal leaves */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "pkg/store/work.h"
#include "pkg/util/clock.h"
#include "pkg/util/fs.h"

static char dir_path[32];
static int store = -1;

static int up(void **state)
{
	(void)state;
	(void)snprintf(dir_path, sizeof(dir_path), "/var/tmp/kp-store-XXXXXX");
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

/* "sha256:" and 64 times c. */
static char *digest(char c)
{
	char *d = xasprintf("sha256:%064d", 0);

	memset(d + 7, c, 64);
	return d;
}

static bool there(const char *kind, char c)
{
	autofree char *d = digest(c);
	autofree char *path = xasprintf("%s/%s", kind, d + 7);
	struct stat st;

	return fstatat(store, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void put_layer(struct store_work *w, char c)
{
	autofree char *d = digest(c);
	struct err e = {0};

	if (there("layers", c))
		return;
	assert_int_equal(mkdirat(w->dir_fd, "x", 0755), 0);
	if (store_work_layer(w, "x", d, &e) < 0)
		fail_msg("%s", e.msg);
}

/* Image with config c, manifest m and these layers, e.g. "12". */
static int put_image(char c, char m, const char *layers, const char *name)
{
	autofree char *config = digest(c);
	autofree char *manifest = digest(m);
	autofree char *named = name ? xstrdup(name) : NULL;
	size_t n = strlen(layers);
	struct store_layer *list = xcalloc(n, sizeof(*list));
	const struct store_image img = {.names = &named,
	                                .names_count = name ? 1 : 0,
	                                .manifest = manifest,
	                                .config = config,
	                                .layers = list,
	                                .layers_count = (uint32_t)n};
	struct store_work w;
	struct err e = {0};
	int r;

	assert_int_equal(store_work_begin(&w, store, &e), 0);
	assert_int_equal(store_work_blob(&w, config, "{}", 2, &e), 0);
	assert_int_equal(store_work_blob(&w, manifest, "{}", 2, &e), 0);
	for (size_t i = 0; i < n; i++) {
		list[i].diff_id = digest(layers[i]);
		if (layers[i] != 'f')
			put_layer(&w, layers[i]);
	}
	r = store_add_image(store, &img, &e);
	store_work_end(&w);
	for (size_t i = 0; i < n; i++)
		free(list[i].diff_id);
	free(list);
	return r;
}

static struct store_index *load(void)
{
	struct store_index *x = NULL;
	struct err e = {0};

	if (store_index_load(store, &x, &e) < 0)
		fail_msg("%s", e.msg);
	return x;
}

static char found(const char *reference)
{
	struct store_index *x = load();
	const struct store_image *img = store_find(x, reference);
	char c = img ? img->config[7] : '-';

	store_index_free(x);
	return c;
}

static int remove_image(const char *reference, bool force, char used, struct strv *said)
{
	autofree char *id = digest(used);
	const struct store_use use = {id, "project web"};
	struct err e = {0};

	if (store_remove(store, reference, force, &use, 1, said, &e) == 0)
		return 0;
	if (e.kind == ERR_WORKLOAD)
		assert_non_null(strstr(e.msg, "project web"));
	return -(int)e.kind;
}

TEST(an_absent_index_is_empty)
{
	struct store_index *x = load();

	assert_int_equal(x->images_count, 0);
	assert_null(store_find(x, "nginx"));
	store_index_free(x);
}

TEST(any_spelling_finds_an_image)
{
	assert_int_equal(put_image('a', 'b', "12", "docker.io/library/nginx:1.25"), 0);
	assert_int_equal(put_image('c', 'd', "13", "localhost/app:latest"), 0);
	assert_int_equal(found("nginx:1.25"), 'a');
	assert_int_equal(found("docker.io/nginx:1.25"), 'a');
	assert_int_equal(found("aaaaaaaaaaaa"), 'a');
	assert_int_equal(found("sha256:aaaa"), 'a');
	assert_int_equal(found("localhost/app"), 'c');
	assert_int_equal(found("app"), 'c');
	assert_int_equal(found("nginx"), '-');
	assert_int_equal(found("aaa"), '-');
	assert_int_equal(found("quay.io/nginx:1.25"), '-');
	assert_int_equal(found("../../etc"), '-');
}

TEST(an_ambiguous_id_finds_nothing)
{
	struct store_index x = {0};
	struct store_image two[2] = {{0}, {0}};
	char one[] = "sha256:aaaa0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char other[] = "sha256:aaaa1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	two[0].config = one;
	two[1].config = other;
	x.images = two;
	x.images_count = 2;
	assert_null(store_find(&x, "aaaa"));
	assert_ptr_equal(store_find(&x, "aaaa1"), &two[1]);
}

TEST(a_name_belongs_to_one_image)
{
	assert_int_equal(put_image('a', 'b', "1", "docker.io/library/x:1"), 0);
	assert_int_equal(put_image('c', 'd', "2", "docker.io/library/x:1"), 0);
	assert_int_equal(found("x:1"), 'c');
	assert_int_equal(found("aaaaaa"), 'a'); /* still here, without a name */
}

TEST(the_same_image_by_two_manifests_is_one)
{
	struct store_index *x;

	assert_int_equal(put_image('a', 'b', "1", "docker.io/library/x:1"), 0);
	assert_int_equal(put_image('a', 'd', "1", "docker.io/library/y:1"), 0);
	x = load();
	assert_int_equal(x->images_count, 1);
	assert_int_equal(x->images[0].names_count, 2);
	store_index_free(x);
	assert_false(there("blobs/sha256", 'b'));
	assert_true(there("blobs/sha256", 'd'));
}

TEST(an_image_whose_layer_vanished_is_not_indexed)
{
	assert_int_equal(put_image('a', 'b', "1f", "docker.io/library/x:1"), 1);
	assert_int_equal(found("x:1"), '-');
}

TEST(completeness_is_looked_at_on_disk)
{
	struct store_index *x;
	struct err e = {0};

	assert_int_equal(put_image('a', 'b', "12", "docker.io/library/x:1"), 0);
	x = load();
	assert_true(store_complete(store, &x->images[0]));
	autofree char *d = digest('2');
	autofree char *path = xasprintf("layers/%s", d + 7);

	assert_int_equal(fs_remove_tree(store, path, &e), 0);
	assert_false(store_complete(store, &x->images[0]));
	store_index_free(x);
}

TEST(removal_keeps_shared_layers)
{
	autostrv struct strv said = {0};

	assert_int_equal(put_image('a', 'b', "12", "docker.io/library/x:1"), 0);
	assert_int_equal(put_image('c', 'd', "13", "docker.io/library/y:1"), 0);
	assert_int_equal(remove_image("x:1", false, '0', &said), 0);
	assert_true(there("layers", '1'));
	assert_false(there("layers", '2'));
	assert_false(there("blobs/sha256", 'a'));
	assert_false(there("blobs/sha256", 'b'));
	assert_true(there("blobs/sha256", 'c'));
	assert_true(strv_has(&said, "untagged docker.io/library/x:1"));
	assert_int_equal(found("x:1"), '-');
	assert_int_equal(found("y:1"), 'c');
}

TEST(removing_one_of_two_names_keeps_the_image)
{
	autostrv struct strv said = {0};

	assert_int_equal(put_image('a', 'b', "1", "docker.io/library/x:1"), 0);
	assert_int_equal(put_image('a', 'b', "1", "docker.io/library/y:1"), 0);
	assert_int_equal(remove_image("aaaaaa", false, '0', &said), -(int)ERR_USAGE);
	assert_int_equal(remove_image("x:1", false, 'a', &said), 0);
	assert_int_equal(found("y:1"), 'a');
	assert_true(there("layers", '1'));
}

TEST(an_image_in_use_stays)
{
	autostrv struct strv said = {0};

	assert_int_equal(put_image('a', 'b', "1", "docker.io/library/x:1"), 0);
	assert_int_equal(remove_image("x:1", false, 'a', &said), -(int)ERR_WORKLOAD);
	assert_int_equal(found("x:1"), 'a');
	assert_int_equal(remove_image("x:1", true, 'a', &said), 0);
	assert_int_equal(found("x:1"), '-');
	assert_true(there("layers", '1'));
	assert_int_equal(remove_image("x:1", true, 'a', &said), -(int)ERR_ABSENT);
}

static int tag_image(const char *reference, const char *name, struct strv *said)
{
	struct err e = {0};

	return store_tag(store, reference, name, said, &e) < 0 ? -(int)e.kind : 0;
}

TEST(a_tag_is_a_further_name_and_moves)
{
	autostrv struct strv said = {0};

	assert_int_equal(put_image('a', 'b', "1", "docker.io/library/x:1"), 0);
	assert_int_equal(put_image('c', 'd', "2", "docker.io/library/y:1"), 0);
	assert_int_equal(tag_image("x:1", "app", &said), 0);
	assert_true(strv_has(&said, "docker.io/library/app:latest"));
	assert_int_equal(found("app"), 'a');
	assert_int_equal(found("x:1"), 'a');
	assert_int_equal(tag_image("cccccc", "app:latest", NULL), 0);
	assert_int_equal(found("app"), 'c');
	assert_int_equal(found("x:1"), 'a');
	assert_int_equal(tag_image("x:1", "y:1", NULL), 0); /* the other one is left without */
	assert_int_equal(found("y:1"), 'a');
	assert_int_equal(tag_image("none", "z", NULL), -(int)ERR_ABSENT);
	assert_int_equal(tag_image("x:1", "NO", NULL), -(int)ERR_USAGE);
	autofree char *d = digest('1');
	autofree char *by_digest = xasprintf("z@%s", d);

	assert_int_equal(tag_image("x:1", by_digest, NULL), -(int)ERR_USAGE);
}

TEST(the_digest_of_the_manifest_finds_an_image)
{
	autofree char *d = digest('b');

	assert_int_equal(put_image('a', 'b', "1", "docker.io/library/x:1"), 0);
	assert_int_equal(found(d), 'a');
	d[20] = 'c';
	assert_int_equal(found(d), '-');
	d[20] = '\0';
	assert_int_equal(found(d), '-'); /* only a whole one */
}

static bool tmp_has(const char *name)
{
	autofree char *path = xasprintf("tmp/%s", name);
	struct stat st;

	return fstatat(store, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

TEST(litter_of_dead_pulls_goes_and_living_pulls_stay)
{
	struct store_work living, next;
	struct err e = {0};

	assert_int_equal(store_work_begin(&living, store, &e), 0);
	assert_int_equal(mkdirat(store, "tmp/dead", 0700), 0);
	assert_int_equal(mkdirat(store, "tmp/dead/deeper", 0), 0);
	assert_int_equal(store_work_begin(&next, store, &e), 0);
	assert_false(tmp_has("dead"));
	assert_true(tmp_has(living.name));
	store_work_end(&living);
	assert_false(tmp_has(living.name));
	assert_true(tmp_has(next.name));
	store_work_end(&next);
}

TEST(a_damaged_index_is_an_error)
{
	static const char *const bad[] = {
		"version: 1\nimages:\n- manifest: \"sha256:../../x\"\n  config: \"x\"\n",
		"version: 99\n",
		"hello",
		"\x01\x02",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct store_index *x = NULL;
		struct err e = {0};

		assert_int_equal(fs_write_atomic(store, "images.yaml", bad[i], strlen(bad[i]), 0600,
		                                 false, &e),
		                 0);
		if (store_index_load(store, &x, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
	}
}

TEST(a_config_says_how_to_run)
{
	static const char text[] =
		"{\"config\":{\"Entrypoint\":[\"/e\"],\"Cmd\":[\"a\",\"b\"],"
		"\"Env\":[\"A=1\",\"SECRET\",\"=x\",\"B=\"],\"User\":\"u:g\",\"WorkingDir\":\"\","
		"\"StopSignal\":\"SIGINT\",\"Volumes\":{\"/v\":{}}}}";
	struct image_config c = {0};
	struct err e = {0};

	assert_int_equal(image_config_parse(text, strlen(text), &c, &e), 0);
	assert_int_equal(c.entrypoint.len, 1);
	assert_int_equal(c.cmd.len, 2);
	assert_int_equal(c.env.len, 2); /* a bare name would take a variable of ours */
	assert_string_equal(c.env.v[1], "B=");
	assert_string_equal(c.user, "u:g");
	assert_null(c.working_dir);
	assert_string_equal(c.stop_signal, "SIGINT");
	assert_string_equal(c.volumes.v[0], "/v");
	image_config_done(&c);
}

TEST(a_config_with_wrong_types_is_refused)
{
	static const char *const rows[] = {
		"",
		"[]",
		"{\"config\":7}",
		"{\"config\":{\"Env\":\"A=1\"}}",
		"{\"config\":{\"Env\":[1]}}",
		"{\"config\":{\"User\":0}}",
		"{\"config\":{\"Volumes\":[]}}",
		"{\"config\":{\"User\":\"a\\u0000b\"}}",
		"{\"config\":{\"User\":\"a\",\"User\":\"b\"}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image_config c = {0};
		struct err e = {0};

		if (image_config_parse(rows[i], strlen(rows[i]), &c, &e) == 0)
			fail_msg("accepted: %s", rows[i]);
		assert_int_equal(e.kind, ERR_IMAGE);
	}
}

#define IN_STORE(test) CASE_WITH(test, up, down)

RUN_TESTS(IN_STORE(an_absent_index_is_empty), IN_STORE(any_spelling_finds_an_image),
          CASE(an_ambiguous_id_finds_nothing), IN_STORE(a_name_belongs_to_one_image),
          IN_STORE(the_same_image_by_two_manifests_is_one),
          IN_STORE(an_image_whose_layer_vanished_is_not_indexed),
          IN_STORE(completeness_is_looked_at_on_disk), IN_STORE(removal_keeps_shared_layers),
          IN_STORE(removing_one_of_two_names_keeps_the_image), IN_STORE(an_image_in_use_stays),
          IN_STORE(a_tag_is_a_further_name_and_moves),
          IN_STORE(the_digest_of_the_manifest_finds_an_image),
          IN_STORE(litter_of_dead_pulls_goes_and_living_pulls_stay),
          IN_STORE(a_damaged_index_is_an_error), CASE(a_config_says_how_to_run),
          CASE(a_config_with_wrong_types_is_refused))
