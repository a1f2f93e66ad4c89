/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c - see limits.h */
#include "pkg/runtime/limits.h"

#include <sys/resource.h>

enum { DEFAULT_NOFILE = 1024 };

/* Written once, by main(), before there is a second process: a fact about how the program was
 * started. */
static struct rlimit saved_nofile;

void limits_save(void)
{
	(void)getrlimit(RLIMIT_NOFILE, &saved_nofile);
}

void limits_restore(void)
{
	struct rlimit want = saved_nofile, now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return;
	if (!want.rlim_max)
		want = (struct rlimit){DEFAULT_NOFILE, now.rlim_max};
	want.rlim_max = MIN(want.rlim_max, now.rlim_max);
	want.rlim_cur = MIN(want.rlim_cur, want.rlim_max);
	(void)setrlimit(RLIMIT_NOFILE, &want);
}
