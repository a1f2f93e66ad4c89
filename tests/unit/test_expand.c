/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "kube/expand.h"
#include "kube/names.h"
#include "kube/pathname.h"

enum { LIMIT = 1000 };

static struct plan_part part_a[] = {{.text = (char[]){"1"}}};
static struct plan_part part_s[] = {{.text = (char[]){"<"}}, {.secret = (char[]){"secret/a/b/c"}}};
static const struct plan_value value_a = {.parts = part_a, .parts_count = 1};
static const struct plan_value value_s = {.parts = part_s, .parts_count = 2};

static const struct plan_value *lookup(const char *name, void *arg)
{
	UNUSED(arg);
	return streq(name, "A") ? &value_a : streq(name, "S") ? &value_s : NULL;
}

static void drop(struct plan_value *v)
{
	for (uint32_t i = 0; i < v->parts_count; i++) {
		free(v->parts[i].text);
		free(v->parts[i].secret);
		free(v->parts[i].field);
	}
	free(v->parts);
}

TEST(references_are_replaced_as_a_kubelet_does)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"plain", "plain"},
		{"$(A)", "1"},
		{"x$(A)y$(A)", "x1y1"},
		{"$$(A)", "$(A)"},
		{"$$$(A)", "$1"},
		{"$$$$(A)", "$$(A)"},
		{"$(B)", "$(B)"},
		{"$A", "$A"},
		{"$", "$"},
		{"a$", "a$"},
		{"$(A", "$(A"},
		{"$()", "$()"},
		{"$($(A))", "$($(A))"},
		{"$(A)$(", "1$("},
		{"$$", "$"},
		{"${A}", "${A}"},
		{"$(S)", "<<secret>"},
		{"$(S)$(A)$(S)", "<<secret>1<<secret>"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan_value v = {0};
		autofree char *text = NULL;

		assert_true(expand(rows[i][0], lookup, NULL, LIMIT, &v));
		assert_true(v.parts_count > 0);
		text = plan_value_show(&v);
		if (!streq(text, rows[i][1]))
			fail_msg("%s: %s, not %s", rows[i][0], text, rows[i][1]);
		drop(&v);
	}
}

TEST(a_secret_stays_a_reference)
{
	struct plan_value v = {0};

	assert_true(expand("a$(S)b", lookup, NULL, LIMIT, &v));
	assert_int_equal(v.parts_count, 3);
	assert_string_equal(v.parts[0].text, "a<");
	assert_string_equal(v.parts[1].secret, "secret/a/b/c");
	assert_string_equal(v.parts[2].text, "b");
	drop(&v);
}

TEST(what_grows_past_the_limit_is_refused)
{
	autofree char *many = xcalloc(1, 4 * LIMIT + 8), *open = xcalloc(1, 200001);
	struct plan_value v = {0};

	for (size_t i = 0; i <= LIMIT; i++)
		memcpy(many + i * 4, "$(A)", 4);
	assert_false(expand(many, lookup, NULL, LIMIT, &v));
	drop(&v);
	v = (struct plan_value){0};
	for (size_t i = 0; i < 100000; i++)
		memcpy(open + i * 2, "$(", 2);
	assert_true(expand(open, lookup, NULL, 1 << 20, &v)); /* in linear time */
	drop(&v);
}

TEST(paths_are_cleaned_without_leaving_the_root)
{
	static const char *const rows[][2] = {
		{"/a//b/./c/", "/a/b/c"},
		{"/", "/"},
		{"/..", "/"},
		{"/a/../../b", "/b"},
		{"a/./b", "a/b"},
		{"a/../b", "b"},
		{"../a", "../a"},
		{"../../a", "../../a"},
		{"a/../../b", "../b"},
		{"", ""},
		{".", ""},
		{"/a..b/..c", "/a..b/..c"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *path = path_clean(rows[i][0]);

		if (!streq(path, rows[i][1]))
			fail_msg("%s: %s, not %s", rows[i][0], path, rows[i][1]);
	}
}

TEST(names_are_found_and_repetition_is_noticed)
{
	autonames struct names n = {0};
	char keys[500][8];
	uint32_t v = 0;

	assert_false(names_find(&n, "x", &v));
	for (uint32_t i = 0; i < 500; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "k%u", i);
		assert_true(names_add(&n, keys[i], i, NULL));
	}
	for (uint32_t i = 0; i < 500; i++)
		assert_true(names_find(&n, keys[i], &v) && v == i);
	assert_false(names_add(&n, "k77", 1, &v));
	assert_int_equal(v, 77);
	assert_false(names_find(&n, "k500", &v));
}

RUN_TESTS(CASE(references_are_replaced_as_a_kubelet_does), CASE(a_secret_stays_a_reference),
          CASE(what_grows_past_the_limit_is_refused),
          CASE(paths_are_cleaned_without_leaving_the_root),
          CASE(names_are_found_and_repetition_is_noticed))
