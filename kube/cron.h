/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cron.h - when does a CronJob run? Its schedule as sets of numbers
 *
 * Five fields (minute, hour, day of the month, month, day of the week), each a list of *, numbers
 * or ranges with an optional step; months and days also as JAN and MON; or @hourly, @daily,
 * @midnight, @weekly, @monthly, @yearly, @annually, or @every and a duration such as 1h30m.
 */
#pragma once

#include "pkg/util/base.h"
#include "pkg/util/err.h"

/* Bit n of a field: it runs at n. A day must be in both sets, or in one if the other is not "*". */
struct cron {
	uint64_t minutes, hours, days, months, weekdays;
	bool any_day, any_weekday; /* written as "*" */
	int64_t every_s;           /* not 0: every so many seconds, and no sets */
};

/* Understand a schedule; the error (ERR_INPUT) says which field is wrong and what it may be. */
int cron_parse(const char *text, struct cron *ret, struct err *e);
