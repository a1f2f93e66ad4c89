/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "pkg/util/arena.h"

TEST(memory_is_zeroed_aligned_and_apart)
{
	struct arena a = {0};
	unsigned char *before = NULL;

	for (size_t size = 1; size < 300; size++) {
		unsigned char *p = arena_alloc(&a, size);

		/* that of a type of this size; no type of one has a larger one */
		assert_int_equal((uintptr_t)p % MIN(size & -size, _Alignof(max_align_t)), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		if (before) /* the last byte of the one before is not ours */
			assert_int_equal(before[size - 2], 0xff);
		before = p;
	}
	arena_done(&a);
}

TEST(something_larger_than_a_block_gets_its_own)
{
	struct arena a = {0};
	char *small = arena_strdup(&a, "small");
	char *large = arena_alloc(&a, 1 << 20);
	char *after = arena_strdup(&a, "after");

	memset(large, 'x', 1 << 20);
	assert_string_equal(small, "small");
	assert_string_equal(after, "after");
	assert_true(a.used >= 1 << 20);
	arena_done(&a);
}

TEST(large_and_small_things_waste_little)
{
	struct arena a = {0};
	struct rusage before, after;

	(void)getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 2000; i++) { /* nearly a block, so that the next one finds no room */
		memset(arena_alloc(&a, 16320), 'x', 16320);
		for (int k = 0; k < 10; k++)
			assert_string_equal(arena_strdup(&a, "abcdef"), "abcdef");
	}
	(void)getrusage(RUSAGE_SELF, &after);
	assert_true(a.used < (size_t)2000 * (16320 + 80));
#ifndef __SANITIZE_ADDRESS__
	assert_true(after.ru_maxrss - before.ru_maxrss < 36 << 10);
#endif
	arena_done(&a);
}

TEST(an_arena_can_be_emptied_twice_and_used_again)
{
	struct arena a = {0};

	arena_done(&a);
	assert_string_equal(arena_printf(&a, "%s-%d", "n", 7), "n-7");
	arena_done(&a);
	assert_int_equal(a.used, 0);
	arena_done(&a);
	assert_string_equal(arena_strdup(&a, ""), "");
	arena_done(&a);
}

TEST(bytes_are_copied_whatever_they_are_a_string_ends_at_its_end)
{
	struct arena a = {0};

	assert_memory_equal(arena_memdup(&a, "ab\0cd", 4), "ab\0c", 5);
	assert_string_equal(arena_strndup(&a, "abcd", 2), "ab");
	assert_int_equal(strlen(arena_strndup(&a, "ab", 1000)), 2);
	arena_done(&a);
}

/* A size computed from hostile lengths that wrapped around must end the program, not give a few
 * bytes. */
TEST(a_size_that_no_machine_has_ends_the_program)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 14, SIZE_MAX - 15, SIZE_MAX / 2};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			struct arena a = {0};

			(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
			(void)signal(SIGABRT, SIG_DFL);
			close_fd(&(int){STDERR_FILENO});
#ifdef __SANITIZE_ADDRESS__
			/* It ends the program by itself, with a report that is none here. */
			__sanitizer_set_report_path("stderr");
#endif
			if (arena_alloc(&a, 100) && arena_alloc(&a, sizes[i]))
				_exit(0);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

RUN_TESTS(CASE(memory_is_zeroed_aligned_and_apart),
          CASE(something_larger_than_a_block_gets_its_own),
          CASE(large_and_small_things_waste_little),
          CASE(an_arena_can_be_emptied_twice_and_used_again),
          CASE(bytes_are_copied_whatever_they_are_a_string_ends_at_its_end),
          CASE(a_size_that_no_machine_has_ends_the_program))
