/* SPDX-License-Identifier: Apache-2.0 */
/* test_usage.c - sizes of images that share layers, and what removing them would free */
#include "tests/unit/test.h"

#include "pkg/store/usage.h"

enum { IMAGES_MAX = 4, LAYERS_MAX = 4 };

static struct store_layer layers[IMAGES_MAX][LAYERS_MAX];
static struct store_image images[IMAGES_MAX];
static char ids[IMAGES_MAX][2];
static struct store_index x;

/* Images by their layers' letters; a layer has 1, 10, 100 ... bytes: a, b, c ... */
static void make(const char *const *rows, uint32_t n)
{
	static char names[26][2];

	x = (struct store_index){.images = images, .images_count = n};
	for (uint32_t i = 0; i < n; i++) {
		ids[i][0] = (char)('0' + i);
		images[i] = (struct store_image){.config = ids[i],
		                                 .layers = layers[i],
		                                 .layers_count = (uint32_t)strlen(rows[i])};
		for (uint32_t j = 0; rows[i][j]; j++) {
			int letter = rows[i][j] - 'a';
			int64_t size = 1;

			for (int k = 0; k < letter; k++)
				size *= 10;
			names[letter][0] = rows[i][j];
			layers[i][j] = (struct store_layer){.diff_id = names[letter], .size = size};
		}
	}
}

TEST(an_empty_index_has_nothing)
{
	struct store_totals t;

	make(NULL, 0);
	autofree struct store_size *sizes = store_sizes(&x);

	store_totals(&x, NULL, 0, &t);
	assert_non_null(sizes);
	assert_int_equal(t.images + t.layers, 0);
	assert_int_equal(t.size + t.reclaimable, 0);
}

TEST(shared_layers_are_told_from_own_ones)
{
	static const char *const rows[] = {"abc", "abd", "e", ""};
	static const struct store_size want[] = {{111, 11}, {1011, 11}, {10000, 0}, {0, 0}};

	make(rows, ARRAY_LEN(rows));
	autofree struct store_size *sizes = store_sizes(&x);

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(sizes[i].size, want[i].size);
		assert_int_equal(sizes[i].shared, want[i].shared);
	}
}

TEST(a_layer_that_an_image_has_twice_counts_once)
{
	static const char *const rows[] = {"aba"};

	make(rows, 1);
	autofree struct store_size *sizes = store_sizes(&x);

	assert_int_equal(sizes[0].size, 11);
	assert_int_equal(sizes[0].shared, 0);
}

TEST(what_a_project_needs_cannot_be_reclaimed)
{
	static const char *const rows[] = {"abc", "abd", "e"};
	static const struct store_use uses[] = {{"1", "project web"}, {"9", "project gone"}};
	struct store_totals t;

	make(rows, ARRAY_LEN(rows));
	store_totals(&x, uses, ARRAY_LEN(uses), &t);
	assert_int_equal(t.images, 3);
	assert_int_equal(t.active, 1);
	assert_int_equal(t.layers, 5);
	assert_int_equal(t.size, 11111);
	assert_int_equal(t.reclaimable, 10100);
	store_totals(&x, NULL, 0, &t);
	assert_int_equal(t.reclaimable, 11111);
	assert_string_equal(store_user(uses, ARRAY_LEN(uses), "1"), "project web");
	assert_null(store_user(uses, ARRAY_LEN(uses), "0"));
}

RUN_TESTS(CASE(an_empty_index_has_nothing), CASE(shared_layers_are_told_from_own_ones),
          CASE(a_layer_that_an_image_has_twice_counts_once),
          CASE(what_a_project_needs_cannot_be_reclaimed))
