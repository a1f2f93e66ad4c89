/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c - who works on a project, and who lives; see state.h
 *
 * Theory of operation: two locks, both flock(2), which the kernel frees when their holder dies.
 * The op lock serialises commands; its file is removed by the holder that leaves nothing behind, so
 * whoever got the lock compares the inode with the name and starts over if they differ.
 *
 * `lock` says that a supervisor lives. Its text is the supervisor's pid and start time as the host
 * sees them, written by `up` right after the clone: enough to wait for, or to kill, a supervisor
 * that had no time to write a state. Looking (state_alive) takes a shared lock for an instant, so
 * state_lock() tries for a moment before it believes that the lock is held.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "pkg/state/state.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/proc.h"

enum { POLL_MS = 10, LOOKER_MS = 60 };

/* Lock fd within timeout_ms; -1 with errno EWOULDBLOCK when somebody holds it all that time. */
static int lock_within(int fd, int timeout_ms, int step_ms)
{
	int64_t end = clock_mono_ms() + timeout_ms;

	if (timeout_ms < 0) {
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return -1;
		return 0;
	}
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (clock_mono_ms() >= end) {
			errno = EWOULDBLOCK;
			return -1;
		}
		clock_pause_ms(step_ms);
	}
	return 0;
}

static bool still_named(int dirfd, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dirfd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

int state_op_lock(const struct dirs *d, const char *project, int timeout_ms, struct err *e)
{
	autofree char *name = xasprintf("%s.lock", project);
	autoclose int dirfd = -1;

	if (!dirs_valid_project(project))
		return err_set(e, ERR_USAGE, "\"%s\" cannot be the name of a project", project);
	dirfd = fs_open_dir(d->runroot_fd, "locks", 0700, e);
	if (dirfd < 0)
		return err_wrap(e, "%s", d->runroot);
	for (;;) {
		autoclose int fd =
			openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return err_sys(e, errno, "%s/locks/%s", d->runroot, name);
		if (lock_within(fd, timeout_ms, POLL_MS) < 0) {
			if (errno != EWOULDBLOCK)
				return err_sys(e, errno, "lock %s", name);
			(void)err_set(e, ERR_TIMEOUT, "another command is working on project %s",
			              project);
			e->sys = EWOULDBLOCK;
			return -1;
		}
		if (still_named(dirfd, name, fd))
			return take_fd(&fd);
	}
}

void state_op_unlock(const struct dirs *d, const char *project, int *fd, bool remove)
{
	autofree char *path = xasprintf("locks/%s.lock", project);

	if (*fd < 0)
		return;
	if (remove)
		(void)unlinkat(d->runroot_fd, path, 0);
	close_fd(fd);
}

int state_lock(int dirfd, struct err *e)
{
	autoclose int fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, errno, "create lock");
	if (lock_within(fd, LOOKER_MS, 5) < 0)
		return err_sys(e, errno, "the project's lock is held");
	return take_fd(&fd);
}

int state_alive(int dirfd)
{
	autoclose int fd = openat(dirfd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return 0;
	do
		r = flock(fd, LOCK_SH | LOCK_NB);
	while (r < 0 && errno == EINTR);
	return r < 0 && errno == EWOULDBLOCK;
}

int state_lock_note(int lock_fd, pid_t pid, uint64_t start, struct err *e)
{
	char text[60];
	int len = snprintf(text, sizeof(text), "%d %llu\n", (int)pid, (unsigned long long)start);

	if (ftruncate(lock_fd, 0) < 0 || pwrite(lock_fd, text, (size_t)len, 0) != len)
		return err_sys(e, errno, "write lock");
	return 0;
}

int state_lock_owner(int dirfd, pid_t *ret_pid, uint64_t *ret_start)
{
	autoclose int fd = openat(dirfd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int64_t pid, start;
	char text[60], *space;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	space = strchr(text, ' ');
	if (!space)
		return -1;
	*space = '\0';
	if (str_parse_int(text, 1, INT_MAX, &pid) < 0 ||
	    str_parse_int(space + 1, 0, INT64_MAX, &start) < 0)
		return -1;
	*ret_pid = (pid_t)pid;
	*ret_start = (uint64_t)start;
	return 0;
}

int state_open_process(pid_t pid, uint64_t start)
{
	autoclose int fd = pid > 0 ? proc_pidfd(pid) : -1;

	/* In this order: once the pidfd is open the number cannot be given to another process
	 * without the comparison noticing. */
	if (fd < 0 || proc_start_time(pid) != start)
		return -1;
	return take_fd(&fd);
}

int state_wait_gone(const struct state_project *s, int timeout_ms, struct err *e)
{
	autoclose int fd =
		state_open_process((pid_t)s->supervisor_pid, (uint64_t)s->supervisor_start);

	if (fd < 0 || proc_wait_end(fd, timeout_ms))
		return 0;
	return err_set(e, ERR_TIMEOUT, "the old supervisor of project %s (pid %lld) does not end",
	               s->project, (long long)s->supervisor_pid);
}
