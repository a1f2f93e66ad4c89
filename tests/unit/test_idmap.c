/* SPDX-License-Identifier: Apache-2.0 */
/* test_idmap.c - reading sub-id files, and what a mapping means */
#include "tests/unit/test.h"

#include <unistd.h>

#include "pkg/runtime/idmap_parse.h"

TEST(ranges_of_a_user_are_laid_one_after_the_other)
{
	static const char text[] =
		"# comment\nann:100000:10\nbob:5000:7\nann:300000:65536\n1002:900000:5\n";
	struct idmap_range r[7];

	assert_int_equal(idmap_parse_subids(text, "ann", "1002", 65535, r, 7), 2);
	assert_int_equal(r[0].inside, 1);
	assert_int_equal(r[0].outside, 100000);
	assert_int_equal(r[0].count, 10);
	assert_int_equal(r[1].inside, 11);
	assert_int_equal(r[1].outside, 300000);
	assert_int_equal(r[1].count, 65535 - 10);
	assert_int_equal(idmap_parse_subids(text, "zoe", "1002", 65535, r, 7), 1); /* by number */
	assert_int_equal(idmap_parse_subids(text, "eve", "77", 65535, r, 7), 0);
}

TEST(ranges_stop_at_what_is_wanted)
{
	struct idmap_range r[7];

	assert_int_equal(idmap_parse_subids("u:1000000:65536\n", "u", "1", 65535, r, 7), 1);
	assert_int_equal(r[0].count, 65535);
	assert_int_equal(idmap_parse_subids("u:1:1\nu:2:1\nu:3:1\n", "u", "1", 65535, r, 2), 2);
}

TEST(nonsense_lines_are_skipped)
{
	static const char *const bad[] = {"u:100000",        "u::5",           "u:x:5",   "u:-1:5",
	                                  "u:5:0",           "u:4294967295:1", "u:1:2:3", ":1:2",
	                                  "u:99999999999:5", "\n\n:::\n"};
	struct idmap_range r[7];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (idmap_parse_subids(bad[i], "u", "1", 65535, r, 7))
			fail_msg("%s", bad[i]);
	assert_int_equal(idmap_parse_subids("u:4294967294:100", "u", "1", 65535, r, 7), 1);
	assert_int_equal(r[0].count, 1);
}

TEST(overlap_is_found_at_both_ends)
{
	static const char text[] = "a:1000:10\n";

	assert_true(idmap_parse_overlaps(text, 1009, 5));
	assert_true(idmap_parse_overlaps(text, 990, 11));
	assert_true(idmap_parse_overlaps(text, 1002, 2));
	assert_false(idmap_parse_overlaps(text, 1010, 5));
	assert_false(idmap_parse_overlaps(text, 990, 10));
	assert_false(idmap_parse_overlaps("", 0, UINT32_MAX));
}

TEST(root_gives_away_only_ids_that_its_namespace_has)
{
	uint32_t first = 1879048192;

	assert_true(idmap_parse_available("         0          0 4294967295\n", &first));
	assert_int_equal(first, 1879048192);
	assert_true(idmap_parse_available("0 1000 1\n1 100000 65536\n", &first));
	assert_int_equal(first, 1);
	first = 1879048192;
	assert_true(idmap_parse_available("0 100000 200000\n", &first));
	assert_int_equal(first, 200000 - 65536);
	first = 1879048192;
	assert_false(idmap_parse_available("0 1000 1\n1 100000 65535\n", &first));
	assert_false(idmap_parse_available("", &first));
}

TEST(ids_are_looked_up_in_all_ranges)
{
	struct idmap m = {.uid = {{0, 1002, 1}, {1, 165536, 65535}},
	                  .uid_count = 2,
	                  .gid = {{0, 1002, 1}},
	                  .gid_count = 1};

	assert_int_equal(idmap_host_uid(&m, 0), 1002);
	assert_int_equal(idmap_host_uid(&m, 1), 165536);
	assert_int_equal(idmap_host_uid(&m, 65535), 165536 + 65534);
	assert_int_equal(idmap_host_uid(&m, 65536), -1);
	assert_int_equal(idmap_host_gid(&m, 1), -1);
	assert_false(idmap_full(&m));
	m.gid[1] = m.uid[1];
	m.gid_count = 2;
	assert_true(idmap_full(&m));
}

TEST(this_machine_gives_a_usable_answer)
{
	struct idmap m;
	struct err e = {0};

	assert_int_equal(idmap_detect(&m, &e), 0);
	assert_true(m.uid_count >= 1 && m.gid_count >= 1);
	assert_int_equal(m.as_root, geteuid() == 0);
	assert_int_equal(m.single, m.why_single[0] != '\0');
	if (m.as_root)
		assert_true(idmap_host_uid(&m, 0) > 0); /* never root itself */
	else
		assert_int_equal(idmap_host_uid(&m, 0), geteuid());
}

RUN_TESTS(CASE(ranges_of_a_user_are_laid_one_after_the_other), CASE(ranges_stop_at_what_is_wanted),
          CASE(nonsense_lines_are_skipped), CASE(overlap_is_found_at_both_ends),
          CASE(root_gives_away_only_ids_that_its_namespace_has),
          CASE(ids_are_looked_up_in_all_ranges), CASE(this_machine_gives_a_usable_answer))
