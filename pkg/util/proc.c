/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c - see proc.h */
#include "pkg/util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

pid_t proc_clone(uint64_t flags, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid > 0)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

int proc_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int proc_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

int proc_wait_end(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int64_t end = clock_mono_ms() + timeout_ms;
	int n;

	while ((n = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR)
		if (timeout_ms > 0)
			timeout_ms = (int)MAX(end - clock_mono_ms(), (int64_t)0);
	return n > 0 && (p.revents & POLLIN);
}

int proc_reap(int pidfd)
{
	siginfo_t si = {0};
	int r;

	do
		r = waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -1;
	return si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
}

uint64_t proc_start_time(pid_t pid)
{
	char path[40], buf[1024];
	ssize_t n;
	char *p;
	autoclose int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (n = read(fd, buf, sizeof(buf) - 1)) <= 0)
		return 0;
	buf[n] = '\0';
	p = strrchr(buf, ')'); /* the name may hold anything, also ")" */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : 0;
}

/* A directory can be "executed" too, as far as access(2) is asked. */
static bool is_program(const char *path)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

char *proc_find(const char *name)
{
	static const char extra[] = ":/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
	const char *path = getenv("PATH");
	autofree char *dirs = xasprintf("%s%s", path ? path : "", extra);
	char *save = NULL;

	if (strchr(name, '/'))
		return is_program(name) ? xstrdup(name) : NULL;
	for (char *d = strtok_r(dirs, ":", &save); d; d = strtok_r(NULL, ":", &save)) {
		autofree char *full = xasprintf("%s/%s", d, name);

		if (d[0] == '/' && is_program(full))
			return take_ptr(full);
	}
	return NULL;
}

pid_t proc_spawn(const struct proc_cmd *cmd, int *ret_pidfd, struct err *e)
{
	autofree char *path = proc_find(cmd->argv[0]);
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	char *const *argv, *const *env = environ;
	sigset_t none, all;
	pid_t pid = -1;
	int r;

	if (!path)
		return err_sys(e, ENOENT, "%s", cmd->argv[0]);
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	if (cmd->in > 0)
		(void)posix_spawn_file_actions_adddup2(&fa, cmd->in, 0);
	else
		(void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	if (cmd->out > 0)
		(void)posix_spawn_file_actions_adddup2(&fa, cmd->out, 1);
	if (cmd->err > 0)
		(void)posix_spawn_file_actions_adddup2(&fa, cmd->err, 2);
	memcpy(&argv, &cmd->argv, sizeof(argv)); /* exec's prototype is older than const */
	if (cmd->env)
		memcpy(&env, &cmd->env, sizeof(env));
	r = posix_spawn(&pid, path, &fa, &attr, argv, env);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)posix_spawnattr_destroy(&attr);
	if (r)
		return err_sys(e, r, "start %s", path);
	*ret_pidfd = proc_pidfd(pid);
	if (*ret_pidfd < 0) {
		int saved = errno;

		(void)kill(pid, SIGKILL); /* our child and not reaped yet: it can be nobody else */
		(void)waitpid(pid, NULL, 0);
		return err_sys(e, saved, "pidfd_open %s", path);
	}
	return pid;
}

int proc_run(const char *const *argv, char **ret_stderr, struct err *e)
{
	struct strbuf text = STRBUF_MAX(4096);
	autoclose int pidfd = -1;
	char buf[1024];
	int p[2], code;
	ssize_t n;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	if (proc_spawn(&(struct proc_cmd){.argv = argv, .err = p[1]}, &pidfd, e) < 0) {
		fd_close_many(p, 2);
		return -1;
	}
	close_fd(&p[1]);
	while ((n = read(p[0], buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			strbuf_add(&text, buf, MIN((size_t)n, text.max - text.len));
	close_fd(&p[0]);
	code = proc_reap(pidfd);
	while (text.len && text.s[text.len - 1] == '\n')
		text.s[--text.len] = '\0';
	if (code)
		(void)err_set(e, ERR_HOST, "%s: %s", argv[0], text.len ? text.s : "failed");
	if (ret_stderr)
		*ret_stderr = strbuf_take(&text);
	strbuf_done(&text);
	return code;
}
