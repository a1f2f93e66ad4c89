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

int64_t clock_real_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * ns_per_s + ts.tv_nsec;
}

void clock_rfc3339_s(int64_t real_ns, char out[CLOCK_RFC3339_SIZE])
{
	time_t s = real_ns / ns_per_s;
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	if (!strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}

void clock_rfc3339(int64_t real_ns, char out[CLOCK_RFC3339_SIZE])
{
	uint64_t frac = (uint64_t)(real_ns % ns_per_s);

	clock_rfc3339_s(real_ns, out);
	out[19] = '.';
	for (int i = 28; i >= 20; i--, frac /= 10)
		out[i] = (char)('0' + frac % 10);
	out[29] = 'Z';
	out[30] = '\0';
}

int clock_parse_rfc3339(const char *text, int64_t *ret_ns)
{
	struct tm tm = {0};
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t frac = 0, scale = ns_per_s / 10;
	int sign, hour, min, used = 0;

	if (!p)
		return -1;
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
			frac += (*p - '0') * scale;
	}
	*ret_ns = timegm(&tm) * ns_per_s + frac;
	if (streq(p, "Z") || streq(p, "z"))
		return 0;
	if (*p != '+' && *p != '-')
		return -1;
	sign = *p == '-' ? 1 : -1;
	if (sscanf(p + 1, "%2d:%2d%n", &hour, &min, &used) != 2 || p[1 + used])
		return -1;
	*ret_ns += sign * (hour * (int64_t)3600 + min * (int64_t)60) * ns_per_s;
	return 0;
}
