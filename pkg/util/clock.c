/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - see clock.h */
#include "pkg/util/clock.h"

#include <ctype.h>
#include <time.h>

enum { NS_PER_MS = 1000000 };
static const int64_t ns_per_s = 1000000000;

int64_t clock_mono_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * ns_per_s + ts.tv_nsec;
}

int64_t clock_mono_ms(void)
{
	return clock_mono_ns() / NS_PER_MS;
}

void clock_pause_ms(int ms)
{
	struct timespec ts = {ms / 1000, (ms % 1000) * (long)NS_PER_MS};

	(void)nanosleep(&ts, NULL);
}

int64_t clock_real_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * ns_per_s + ts.tv_nsec;
}

void clock_rfc3339_s(int64_t real_ns, char out[CLOCK_RFC3339_SIZE])
{
	time_t s = real_ns / ns_per_s - (real_ns % ns_per_s < 0);
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	if (!strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}

void clock_rfc3339(int64_t real_ns, char out[CLOCK_RFC3339_SIZE])
{
	uint64_t frac = (uint64_t)((real_ns % ns_per_s + ns_per_s) % ns_per_s);

	clock_rfc3339_s(real_ns, out);
	out[19] = '.';
	for (int i = 28; i >= 20; i--, frac /= 10)
		out[i] = (char)('0' + frac % 10);
	out[29] = 'Z';
	out[30] = '\0';
}

/* Two digits at *p within [0, max], followed by the byte `after` (0: by anything); moves *p. */
static int two_digits(const char **p, int max, char after)
{
	const char *s = *p;
	int v;

	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]))
		return -1;
	v = (s[0] - '0') * 10 + s[1] - '0';
	if (v > max || (after && s[2] != after))
		return -1;
	*p += after ? 3 : 2;
	return v;
}

/* "Z" or "+01:30" to the end of the text, as seconds east of UTC. */
static int parse_offset(const char *p, int64_t *ret_s)
{
	int sign = *p == '-' ? -1 : 1, hour, min;

	*ret_s = 0;
	if (streq(p, "Z") || streq(p, "z"))
		return 0;
	if (*p != '+' && *p != '-')
		return -1;
	p++;
	if ((hour = two_digits(&p, 23, ':')) < 0 || (min = two_digits(&p, 59, 0)) < 0 || *p)
		return -1;
	*ret_s = sign * (hour * (int64_t)3600 + min * (int64_t)60);
	return 0;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_ns)
{
	int64_t frac = 0, scale = ns_per_s / 10, offset, s, ns;
	const char *p = text;
	int century = two_digits(&p, 99, 0), year;
	struct tm tm = {0}, want;

	if (century < 0 || (year = two_digits(&p, 99, '-')) < 0)
		return -1;
	tm.tm_year = century * 100 + year - 1900;
	if ((tm.tm_mon = two_digits(&p, 12, '-') - 1) < 0 ||
	    (tm.tm_mday = two_digits(&p, 31, 0)) < 1 || (*p != 'T' && *p != 't'))
		return -1;
	p++;
	if ((tm.tm_hour = two_digits(&p, 23, ':')) < 0 ||
	    (tm.tm_min = two_digits(&p, 59, ':')) < 0 || (tm.tm_sec = two_digits(&p, 60, 0)) < 0)
		return -1;
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return -1;
		for (; isdigit((unsigned char)*p); p++, scale /= 10)
			frac += (*p - '0') * scale;
	}
	if (parse_offset(p, &offset) < 0)
		return -1;
	want = tm;
	s = timegm(&tm) - offset;
	if (tm.tm_mday != want.tm_mday && want.tm_sec < 60) /* 31 April became 1 May */
		return -1;
	if (__builtin_mul_overflow(s, ns_per_s, &ns) || __builtin_add_overflow(ns, frac, &ns))
		return -1;
	*ret_ns = ns;
	return 0;
}
