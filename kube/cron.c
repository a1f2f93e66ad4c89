/* SPDX-License-Identifier: Apache-2.0 */
/* cron.c - see cron.h */
#include "kube/cron.h"

#include <strings.h>

#include "pkg/util/str.h"

enum { MAX_SCHEDULE = 1000, MAX_EVERY_S = 366 * 86400 };

struct field {
	const char *name;
	int min, max;
	const char *words; /* three letters each, of min and on; NULL: numbers only */
};

static const struct field fields[] = {
	{"minute", 0, 59, NULL},
	{"hour", 0, 23, NULL},
	{"day of the month", 1, 31, NULL},
	{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
	{"day of the week", 0, 6, "SUNMONTUEWEDTHUFRISAT"},
};

static const struct {
	const char *word, *means;
} words[] = {
	{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

/* One number or word of a field; -1 if it is none. */
static int number_of(const struct field *f, const char *text, size_t len)
{
	autofree char *copy = xstrndup(text, len);
	int64_t n;

	for (size_t i = 0; f->words && len == 3 && f->words[i * 3]; i++)
		if (strncasecmp(f->words + i * 3, copy, 3) == 0)
			return f->min + (int)i;
	return str_parse_int(copy, f->min, f->max, &n) < 0 ? -1 : (int)n;
}

/* One item of a list: *, ?, n, n-m, each with or without /step. */
static bool parse_item(const struct field *f, const char *text, size_t len, uint64_t *set,
                       bool *any)
{
	const char *slash = memchr(text, '/', len);
	size_t range = slash ? (size_t)(slash - text) : len;
	const char *dash = memchr(text, '-', range);
	bool star = range == 1 && (*text == '*' || *text == '?');
	int from = f->min, to = f->max;
	int64_t step = 1;

	if (slash) {
		autofree char *digits = xstrndup(slash + 1, len - range - 1);

		if (str_parse_int(digits, 1, INT32_MAX, &step) < 0)
			return false;
	}
	if (dash) {
		from = number_of(f, text, (size_t)(dash - text));
		to = number_of(f, dash + 1, range - (size_t)(dash - text) - 1);
	} else if (!star) {
		from = number_of(f, text, range);
		to = slash ? f->max : from;
	}
	if (from < 0 || to < from)
		return false;
	*any |= star && step == 1;
	for (int64_t i = from; i <= to; i += step)
		*set |= UINT64_C(1) << i;
	return true;
}

static int parse_field(const struct field *f, const char *text, size_t len, uint64_t *set,
                       bool *any, struct err *e)
{
	for (size_t start = 0, i = 0; i <= len; i++) {
		if (i < len && text[i] != ',')
			continue;
		if (i == start || !parse_item(f, text + start, i - start, set, any)) {
			autofree char *shown = str_sanitize(text, MIN(len, (size_t)20));

			return err_set(e, ERR_INPUT,
			               "\"%s\" is no %s: write *, %d to %d%s, a range such as 1-5, "
			               "a step such as */2, or a list of these",
			               shown, f->name, f->min, f->max,
			               f->words ? ", a name such as MON or JAN" : "");
		}
		start = i + 1;
	}
	return 0;
}

/* Units of a duration, longest spelling first. */
static const struct {
	const char *unit;
	int64_t ns;
} units[] = {
	{"ns", 1},          {"us", 1000},      {"ms", 1000000}, {"h", 3600000000000},
	{"m", 60000000000}, {"s", 1000000000},
};

static int parse_every(const char *text, struct cron *ret, struct err *e)
{
	int64_t total = 0;
	const char *p = text;

	while (*p && total < MAX_EVERY_S * INT64_C(1000000000)) {
		size_t digits = strspn(p, "0123456789"), u = 0;
		autofree char *number = xstrndup(p, digits);
		int64_t n;

		p += digits;
		while (u < ARRAY_LEN(units) && !starts_with(p, units[u].unit))
			u++;
		if (u == ARRAY_LEN(units) || str_parse_int(number, 0, 1000000, &n) < 0)
			break;
		p += strlen(units[u].unit);
		total += n * units[u].ns;
	}
	ret->every_s = total / 1000000000;
	if (*p || ret->every_s < 1 || ret->every_s > MAX_EVERY_S)
		return err_set(e, ERR_INPUT,
		               "after @every write a time such as 90s, 10m or 1h30m, one second to "
		               "a year");
	return 0;
}

static int parse_fields(const char *text, struct cron *ret, struct err *e)
{
	uint64_t *const sets[] = {&ret->minutes, &ret->hours, &ret->days, &ret->months,
	                          &ret->weekdays};
	bool ignored = false, *const any[] = {&ignored, &ignored, &ret->any_day, &ignored,
	                                      &ret->any_weekday};
	size_t n = 0;

	for (const char *p = text + strspn(text, " \t"); *p; n++) {
		size_t len = strcspn(p, " \t");

		if (n < ARRAY_LEN(fields) &&
		    parse_field(&fields[n], p, len, sets[n], any[n], e) < 0)
			return -1;
		p += len;
		p += strspn(p, " \t");
	}
	if (n == ARRAY_LEN(fields))
		return 0;
	return err_set(e, ERR_INPUT,
	               "a schedule has five fields (minute, hour, day of the month, month, day of "
	               "the week), this has %zu",
	               n);
}

int cron_parse(const char *text, struct cron *ret, struct err *e)
{
	*ret = (struct cron){0};
	if (strlen(text) > MAX_SCHEDULE)
		return err_set(e, ERR_INPUT, "a schedule is at most %d characters", MAX_SCHEDULE);
	if (starts_with(text, "TZ=") || starts_with(text, "CRON_TZ="))
		return err_set(e, ERR_INPUT,
		               "a time zone does not belong here; write it as timeZone");
	if (starts_with(text, "@every "))
		return parse_every(text + strlen("@every "), ret, e);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (streq(text, words[i].word))
			return parse_fields(words[i].means, ret, e);
	if (*text == '@') {
		autofree char *shown = str_sanitize(text, MIN(strlen(text), (size_t)20));

		return err_set(e, ERR_INPUT,
		               "\"%s\" is no schedule; write @hourly, @daily, @weekly, @monthly, "
		               "@yearly or @every 10m",
		               shown);
	}
	return parse_fields(text, ret, e);
}
