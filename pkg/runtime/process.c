/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - see process.h */
#include "pkg/runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "pkg/runtime/caps.h"
#include "pkg/runtime/lookup.h"
#include "pkg/runtime/seccomp.h"
#include "pkg/util/fs.h"

enum { DEFAULT_NOFILE = 1024 };

/* Never chdir() by path: /proc/self/fd/N would leave the container through a descriptor of ours. */
int process_open_cwd(int rootfd, const char *cwd, bool make, struct err *e)
{
	const char *path = cwd && *cwd ? cwd : "/";
	int fd;

	if (path[0] != '/')
		return err_set(e, ERR_WORKLOAD, "working directory %s is not absolute", path);
	fd = fs_open_in(rootfd, path, O_PATH | O_DIRECTORY, 0, 0);
	if (fd < 0 && errno == ENOENT && make) {
		fd = fs_mkdir_in(rootfd, path, 0755, e);
		if (fd < 0)
			return err_wrap(e, "working directory");
		return fd;
	}
	if (fd < 0)
		return err_sys_kind(e, ERR_WORKLOAD, errno, "working directory %s", path);
	return fd;
}

/* A key ring of its own: keys of the user's session are nobody's business here. Full quotas are no
 * reason to fail. */
static void leave_keyring(void)
{
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

/* Straight to the kernel: the C library refuses its own two signals, which posix_spawn() leaves
 * ignored. All zero is the default action. */
static void reset_signals(void)
{
	static const unsigned long dfl[8];
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, dfl, NULL, (NSIG - 1) / 8);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_descriptors(const struct process *p, struct err *e)
{
	int fds[3] = {p->in, p->out, p->err};

	for (int i = 0; i < 3; i++) {
		/* Out of the way of the numbers that are about to be overwritten. */
		fds[i] = fcntl(p->tty >= 0 ? p->tty : fds[i], F_DUPFD_CLOEXEC, 3);
		if (fds[i] < 0)
			return err_sys(e, errno, "descriptor %d", i);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return err_sys(e, errno, "descriptor %d", i);
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(e, errno, "close_range");
	return 0;
}

static int start_session(const struct process *p, struct err *e)
{
	/* Fails only for a process group leader, which a fresh child is not. */
	if (setsid() < 0)
		return err_sys(e, errno, "setsid");
	if (p->tty >= 0 && ioctl(p->tty, TIOCSCTTY, 0) < 0)
		return err_sys(e, errno, "controlling terminal");
	return 0;
}

static int set_groups(const struct user_ids *w, struct err *e)
{
	if (setgroups(w->group_count, w->groups) == 0)
		return 0;
	/* The image's own groups may lie outside the mapping; those that were asked for must not.
	 */
	if (w->asked_count < w->group_count && setgroups(w->asked_count, w->groups) == 0)
		return 0;
	if (errno == EPERM &&
	    w->asked_count <= 1) /* single-id mapping: the kernel forbids setgroups */
		return 0;
	return err_sys(e, errno,
	               "supplementary groups (are they all within the project's id range?)");
}

static int identity_error(const char *what, uint32_t id, struct err *e)
{
	int num = errno;

	(void)err_sys(e, num, "become %s %u", what, id);
	return num == EINVAL
	               ? err_hint(
				 e,
				 "the id range of this project does not reach that far: see kubeplay doctor")
	               : -1;
}

static int set_identity(const struct process *p, struct err *e)
{
	const struct user_ids *w = p->who;

	if (caps_set_bounding(p->caps, e) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "keep capabilities");
	if (set_groups(w, e) < 0)
		return -1;
	if (setresgid(w->gid, w->gid, w->gid) < 0)
		return identity_error("gid", w->gid, e);
	if (setresuid(w->uid, w->uid, w->uid) < 0)
		return identity_error("uid", w->uid, e);
	return 0;
}

/* Other users than root get no capability by themselves; their bounding set still lets setuid
 * programs have some. */
static int set_privileges(const struct process *p, struct err *e)
{
	uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN;
	uint64_t last = p->who->uid == 0 ? p->caps : 0;

	if (p->no_new_privs) {
		if (caps_set(last, last, e) < 0)
			return -1;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return err_sys(e, errno, "no_new_privs");
		return p->no_seccomp ? 0 : seccomp_load_default(p->caps, e);
	}
	if (!p->no_seccomp) {
		/* With all we have: what is not in the bounding set goes with the capset below. */
		if (caps_set(admin, last | admin, e) < 0 || seccomp_load_default(p->caps, e) < 0)
			return -1;
	}
	return caps_set(last, last, e);
}

/* Before the change of identity, or after it where only the user may enter (a home on NFS). */
static int enter_cwd(int fd, bool again, struct err *e)
{
	char cwd[PATH_MAX];

	if (fchdir(fd) < 0) {
		if (!again)
			return 0;
		return err_sys_kind(e, ERR_WORKLOAD, errno, "enter the working directory");
	}
	/* Outside of the root the kernel gives "(unreachable)/...". */
	if (again && syscall(SYS_getcwd, cwd, sizeof(cwd)) > 0 && cwd[0] != '/')
		return err_set(e, ERR_WORKLOAD,
		               "the working directory lies outside of the container");
	return 0;
}

/* The supervisor raised its own as far as it may; the hard limit is as it was. */
static void lower_limit(uint64_t soft)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	lim.rlim_cur = MIN(soft ? (rlim_t)soft : DEFAULT_NOFILE, lim.rlim_max);
	(void)setrlimit(RLIMIT_NOFILE, &lim);
}

/* Everything is prepared: wait until the program may run. Who held the gate and died, left it shut.
 */
static int wait_gate(const int *gate, struct err *e)
{
	struct pollfd p = {.fd = gate ? gate[0] : -1, .events = POLLIN};
	int n;

	if (!gate)
		return 0;
	(void)close(gate[1]);
	while ((n = poll(&p, 1, -1)) < 0 && errno == EINTR)
		;
	if (n == 1 && p.revents & POLLIN)
		return 0;
	return err_set(e, ERR_HOST, "the project ended before the program was started");
}

int process_become(const struct process *p, struct err *e)
{
	if (start_session(p, e) < 0 || set_descriptors(p, e) < 0)
		return -1;
	leave_keyring();
	lower_limit(p->nofile);
	(void)umask(0022);
	if (enter_cwd(p->cwd_fd, false, e) < 0 || set_identity(p, e) < 0 ||
	    enter_cwd(p->cwd_fd, true, e) < 0)
		return -1;
	/* A core dump or a debugger must not see what we still carry of the supervisor's memory. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (set_privileges(p, e) < 0)
		return -1;
	if (wait_gate(p->gate, e) < 0)
		return -1;
	reset_signals();
	return lookup_exec(p->argv, p->env, p->who->uid, e);
}
