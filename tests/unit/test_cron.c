/* SPDX-License-Identifier: Apache-2.0 */
/* test_cron.c - schedules of CronJobs as sets of numbers, and what is wrong with the others */
#include "tests/unit/test.h"

#include "kube/cron.h"

#define BIT(n) (UINT64_C(1) << (n))
/* The bits from a to b. */
#define BITS(a, b) ((BIT((b) - (a)) * 2 - 1) << (a))

TEST(schedules_are_sets_of_numbers)
{
	static const struct {
		const char *text;
		struct cron want;
	} rows[] = {
		{"* * * * *",
	         {BITS(0, 59), BITS(0, 23), BITS(1, 31), BITS(1, 12), BITS(0, 6), true, true, 0}},
		{"5 4 ? * *",
	         {BIT(5), BIT(4), BITS(1, 31), BITS(1, 12), BITS(0, 6), true, true, 0}},
		{"*/20 8-10,23 1 jan-MAR Mon",
	         {BIT(0) | BIT(20) | BIT(40), BITS(8, 10) | BIT(23), BIT(1), BITS(1, 3), BIT(1),
	          false, false, 0}},
		{"50/5 0-20/10 */30 12 SUN,6",
	         {BIT(50) | BIT(55), BIT(0) | BIT(10) | BIT(20), BIT(1) | BIT(31), BIT(12),
	          BIT(0) | BIT(6), false, false, 0}},
		{"  0\t0  1 1 * ", {BIT(0), BIT(0), BIT(1), BIT(1), BITS(0, 6), false, true, 0}},
		{"@hourly",
	         {BIT(0), BITS(0, 23), BITS(1, 31), BITS(1, 12), BITS(0, 6), true, true, 0}},
		{"@midnight",
	         {BIT(0), BIT(0), BITS(1, 31), BITS(1, 12), BITS(0, 6), true, true, 0}},
		{"@weekly", {BIT(0), BIT(0), BITS(1, 31), BITS(1, 12), BIT(0), true, false, 0}},
		{"@annually", {BIT(0), BIT(0), BIT(1), BIT(1), BITS(0, 6), false, true, 0}},
		{"@every 1h30m10s", {.every_s = 5410}},
		{"@every 1500ms", {.every_s = 1}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cron *w = &rows[i].want;
		struct err e = {0};
		struct cron c;

		if (cron_parse(rows[i].text, &c, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.msg);
		if (c.minutes != w->minutes || c.hours != w->hours || c.days != w->days ||
		    c.months != w->months || c.weekdays != w->weekdays || c.any_day != w->any_day ||
		    c.any_weekday != w->any_weekday || c.every_s != w->every_s)
			fail_msg("%s is something else", rows[i].text);
	}
}

TEST(what_is_no_schedule_is_refused_with_its_field)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "five fields"},
		{"* * * *", "this has 4"},
		{"* * * * * *", "this has 6"},
		{"60 * * * *", "is no minute"},
		{"-1 * * * *", "is no minute"},
		{"5-1 * * * *", "is no minute"},
		{"1,,2 * * * *", "is no minute"},
		{"1, * * * *", "is no minute"},
		{"*/0 * * * *", "is no minute"},
		{"*/ * * * *", "is no minute"},
		{"1-2-3 * * * *", "is no minute"},
		{"JAN * * * *", "is no minute"},
		{"* 24 * * *", "is no hour"},
		{"* * 0 * *", "is no day of the month"},
		{"* * * 13 *", "is no month"},
		{"* * * JA *", "is no month"},
		{"* * * * 7", "is no day of the week"},
		{"* * * * Monday", "is no day of the week"},
		{"@often", "write @hourly"},
		{"@every", "write @hourly"},
		{"@every 0s", "one second to a year"},
		{"@every 1x", "one second to a year"},
		{"@every 9000h", "one second to a year"},
		{"@every 99999999999999999999s", "one second to a year"},
		{"TZ=Europe/Berlin 0 0 * * *", "timeZone"},
		{"CRON_TZ=UTC 0 0 * * *", "timeZone"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		struct cron c;

		if (cron_parse(rows[i].text, &c, &e) == 0)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(e.msg, rows[i].says))
			fail_msg("%s: %s", rows[i].text, e.msg);
	}
}

TEST(a_schedule_without_end_is_refused)
{
	char text[5000];
	struct err e = {0};
	struct cron c;

	memset(text, '1', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = ',';
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(cron_parse(text, &c, &e), -1);
	assert_non_null(strstr(e.msg, "at most 1000"));
}

RUN_TESTS(CASE(schedules_are_sets_of_numbers), CASE(what_is_no_schedule_is_refused_with_its_field),
          CASE(a_schedule_without_end_is_refused))
