/* SPDX-License-Identifier: Apache-2.0 */
/* test_caps.c - names and sets of capabilities */
#include "tests/unit/test.h"

#include "pkg/runtime/caps.h"

static char *const all[] = {(char *)(uintptr_t) "ALL"};
static char *const net[] = {(char *)(uintptr_t) "NET_ADMIN", (char *)(uintptr_t) "cap_sys_time"};
static char *const bad[] = {(char *)(uintptr_t) "NET_ADMNI"};
static char *const kill_chown[] = {(char *)(uintptr_t) "KILL", (char *)(uintptr_t) "CAP_CHOWN"};

TEST(the_default_is_what_a_kubelet_gives)
{
	struct err e = {0};
	uint64_t set = 0;

	assert_int_equal(caps_compute(false, NULL, 0, NULL, 0, &set, &e), 0);
	assert_int_equal(set, 0xa80425fb);
}

TEST(names_have_any_case_and_an_optional_prefix)
{
	assert_int_equal(caps_number("CHOWN"), 0);
	assert_int_equal(caps_number("cap_net_raw"), 13);
	assert_int_equal(caps_number("CAP_CHECKPOINT_RESTORE"), 40);
	assert_int_equal(caps_number("CAP_"), -1);
	assert_int_equal(caps_number(""), -1);
	assert_int_equal(caps_number("NET"), -1);
}

TEST(every_number_of_this_kernel_up_to_40_has_a_name_back)
{
	static const char *const some[] = {"SETPCAP", "LINUX_IMMUTABLE", "IPC_LOCK", "SYS_ADMIN",
	                                   "MKNOD",   "SETFCAP",         "SYSLOG",   "BPF"};
	static const int numbers[] = {8, 9, 14, 21, 27, 31, 34, 39};

	for (size_t i = 0; i < ARRAY_LEN(some); i++)
		assert_int_equal(caps_number(some[i]), numbers[i]);
}

TEST(drop_comes_before_add)
{
	struct err e = {0};
	uint64_t set = 0;

	assert_int_equal(caps_compute(false, net, 2, all, 1, &set, &e), 0);
	assert_int_equal(set, UINT64_C(1) << 12 | UINT64_C(1) << 25);
	assert_int_equal(caps_compute(false, all, 1, kill_chown, 2, &set, &e), 0);
	assert_int_equal(set, caps_all());
	assert_int_equal(caps_compute(false, NULL, 0, kill_chown, 2, &set, &e), 0);
	assert_int_equal(set, 0xa80425fb & ~(UINT64_C(1) << 5 | 1));
}

TEST(privileged_means_all)
{
	struct err e = {0};
	uint64_t set = 0;

	assert_int_equal(caps_compute(true, NULL, 0, all, 1, &set, &e), 0);
	assert_int_equal(set, caps_all());
	assert_true(caps_all() & UINT64_C(1) << 40 || caps_all() >> 38 == 0);
}

TEST(an_unknown_name_is_named)
{
	struct err e = {0};
	uint64_t set = 7;

	assert_int_equal(caps_compute(false, bad, 1, NULL, 0, &set, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.msg, "capabilities.add: there is no capability \"NET_ADMNI\""));
	assert_int_equal(set, 7);
	assert_int_equal(caps_compute(true, NULL, 0, bad, 1, &set, &e), -1);
	assert_non_null(strstr(e.msg, "capabilities.drop"));
}

RUN_TESTS(CASE(the_default_is_what_a_kubelet_gives),
          CASE(names_have_any_case_and_an_optional_prefix),
          CASE(every_number_of_this_kernel_up_to_40_has_a_name_back), CASE(drop_comes_before_add),
          CASE(privileged_means_all), CASE(an_unknown_name_is_named))
