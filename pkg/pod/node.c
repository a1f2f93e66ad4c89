/* SPDX-License-Identifier: Apache-2.0 */
/* node.c - see node.h */
#include "pkg/pod/node.h"

#include <sys/statvfs.h>

#include "pkg/util/str.h"

static int64_t cpus(void)
{
	return (int64_t)sysconf(_SC_NPROCESSORS_ONLN) * 1000;
}

static int64_t memory(void)
{
	return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

/* The root file system's, as a kubelet counts when it has no other. */
static int64_t storage(void)
{
	struct statvfs fs;

	return statvfs("/", &fs) < 0 ? 0 : (int64_t)(fs.f_blocks * fs.f_frsize);
}

static const struct {
	const char *prefix;
	int64_t (*total)(void);
} totals[] = {
	{"node.cpu/", cpus},
	{"node.memory/", memory},
	{"node.ephemeral-storage/", storage},
};

const char *node_field(const char *field, char buf[static 24])
{
	for (size_t i = 0; i < ARRAY_LEN(totals); i++) {
		int64_t divisor, total;

		if (!starts_with(field, totals[i].prefix))
			continue;
		if (str_parse_int(field + strlen(totals[i].prefix), 1, INT64_MAX, &divisor) < 0)
			return NULL;
		total = MAX(totals[i].total(), INT64_C(0));
		total = total / divisor + (total % divisor != 0);
		(void)snprintf(buf, 24, "%lld", (long long)total);
		return buf;
	}
	return NULL;
}
