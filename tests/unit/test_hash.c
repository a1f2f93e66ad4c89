/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "pkg/util/hash.h"

TEST(fnv_gives_the_published_values)
{
	assert_int_equal(hash_fnv32a("", 0), 0x811c9dc5u);
	assert_int_equal(hash_fnv32a("a", 1), 0xe40c292cu);
	assert_int_equal(hash_fnv32a("foobar", 6), 0xbf9cf968u);
	assert_true(hash_fnv64a(HASH_FNV64_INIT, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(hash_fnv64a(HASH_FNV64_INIT, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

TEST(a_hash_can_be_continued)
{
	uint64_t h = hash_fnv64a(HASH_FNV64_INIT, "foo", 3);

	assert_true(hash_fnv64a(h, "bar", 3) == hash_fnv64a(HASH_FNV64_INIT, "foobar", 6));
}

TEST(safe_encoding_maps_each_digit_as_kubernetes_does)
{
	char out[11];

	memset(out, 'X', sizeof(out));
	hash_safe_encode(0, out);
	assert_string_equal(out, "4");
	hash_safe_encode(1234567890, out);
	assert_string_equal(out, "56789bcdf4");
}

TEST(safe_encoding_has_no_vowels_and_fits)
{
	char out[11];

	hash_safe_encode(UINT32_MAX, out);
	assert_int_equal(strlen(out), 10);
	assert_int_equal(strcspn(out, "aeiou013"), 10);
}

RUN_TESTS(CASE(fnv_gives_the_published_values), CASE(a_hash_can_be_continued),
          CASE(safe_encoding_maps_each_digit_as_kubernetes_does),
          CASE(safe_encoding_has_no_vowels_and_fits))
