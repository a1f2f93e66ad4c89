/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test.h - what every unit test starts with
 *
 * cmocka.h needs the four headers above it, in this order, which a sorting formatter would undo: so
 * it is done once, here. A test is a function with a sentence for a name; CASE() makes a row of it.
 */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* A test body: `TEST(names_are_sorted) { ... }`. */
#define TEST(name) static void name(void **state __attribute__((unused)))

/* Rows of the table that RUN_TESTS() runs: a test, or one with its own set-up and tear-down. */
#define CASE(name)                cmocka_unit_test(name)
#define CASE_WITH(name, up, down) cmocka_unit_test_setup_teardown(name, up, down)

/* Defines main(): runs the rows and exits with the number of failures. */
#define RUN_TESTS(...)                                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                   \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}
