/* SPDX-License-Identifier: Apache-2.0 */
/* oom.c - see oom.h */
#include "pkg/runtime/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>

#include "pkg/util/str.h"

enum { PROC_MAGIC = 0x9fa0 };

/* Only a real procfs is written to, whatever is mounted on /proc. */
static int open_score(const char *path, int flags, struct err *e)
{
	autoclose int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_MAGIC)
		return err_set(e, ERR_HOST, "%s is not in a procfs", path);
	return take_fd(&fd);
}

static int read_score(int fd, int64_t *ret)
{
	char text[16];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return str_parse_int(text, -1000, 1000, ret);
}

int oom_raise(int adj, struct err *e)
{
	autoclose int fd = open_score("/proc/self/oom_score_adj", O_RDWR, e);
	char text[16];
	int64_t now;
	int len;

	if (fd < 0)
		return -1;
	if (read_score(fd, &now) == 0 && now >= adj)
		return 0;
	len = snprintf(text, sizeof(text), "%d", MIN(adj, 1000));
	if (write(fd, text, (size_t)len) < 0)
		return err_sys(e, errno, "set oom_score_adj to %d", adj);
	return 0;
}

int oom_follow(pid_t pid, struct err *e)
{
	autoclose int fd = -1;
	char path[48];
	int64_t adj;

	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	fd = open_score(path, O_RDONLY, e);
	if (fd < 0)
		return -1;
	return read_score(fd, &adj) < 0 ? 0 : oom_raise((int)adj, e);
}
