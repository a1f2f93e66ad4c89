/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c - start a process inside a running container
 *
 * Theory of operation: a vfork-like visitor that shares our memory and descriptors joins the
 * container's namespaces and clones from there (CLONE_PARENT), so the new process is our own child,
 * with a pid in the container, copied from our address space only once; its pidfd lands in the
 * shared table. The visitor itself never has a pid in the container. Nothing of the container is
 * run or loaded before the command itself, and no path of it is trusted: everything is opened
 * inside its root by the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "pkg/runtime/lookup.h"
#include "pkg/runtime/oom.h"
#include "pkg/runtime/process.h"
#include "pkg/runtime/pty.h"
#include "pkg/runtime/spawn.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

enum { STACK_SIZE = 256 * 1024 };

/* Namespaces that a container always has of its own, and those that it may share with us. */
static const int own_flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP;
static const struct {
	const char *file;
	int flag;
} shared_flags[] = {
	{"net", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},
	{"uts", CLONE_NEWUTS},
};

struct visit {
	const struct exec_spec *s;
	int null_fd, err_fd;
	struct spawn_result *r;
	struct err *e;
	bool ok;
};

static int open_terminal(const struct exec_spec *s, int root, uint32_t uid, struct err *e)
{
	autoclose int dev = fs_open_in(root, "/dev", O_PATH | O_DIRECTORY, 0, 0);

	if (dev < 0)
		return err_sys(e, errno, "terminal: open /dev");
	return pty_open(dev, "pts/ptmx", s->tty_sock, uid, s->rows, s->cols, e);
}

/* In the container, as its root, with all of our memory: it must end in exec or exit. */
static int enter(const struct visit *v, struct err *e)
{
	const struct exec_spec *s = v->s;
	struct user_wish w = {s->image_user, s->uid, s->gid, s->groups, s->group_count};
	struct user_ids *who = xcalloc(1, sizeof(*who));
	struct process p = {
		.argv = s->argv,
		.who = who,
		.caps = s->caps,
		.no_new_privs = s->no_new_privs,
		.no_seccomp = s->no_seccomp,
		.nofile = s->nofile,
		.in = s->stdin_fd >= 0 ? s->stdin_fd : v->null_fd,
		.out = s->stdout_fd >= 0 ? s->stdout_fd : v->null_fd,
		.err = s->stderr_fd >= 0 ? s->stderr_fd : v->null_fd,
		.tty = -1,
	};
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(e, errno, "open / of the container");
	if (user_resolve(root, &w, who, e) < 0)
		return -1;
	p.env = lookup_env_with_home(s->env, who->home);
	p.cwd_fd = process_open_cwd(root, s->cwd, false, e);
	if (p.cwd_fd < 0)
		return -1;
	if (s->tty) {
		p.tty = open_terminal(s, root, who->uid, e);
		if (p.tty < 0)
			return -1;
	}
	return process_become(&p, e);
}

/* Returns the exit code. */
static int child_main(const struct visit *v)
{
	struct err e = {0};

	(void)enter(v, &e);
	(void)!write(v->err_fd, &e, sizeof(e));
	return e.sys == ENOENT ? 127 : 126;
}

static long clone_child(int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PARENT | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* The namespace of the host that a hostNetwork pod shares with us cannot be joined (again): leave
 * it out. */
static int flags_to_join(pid_t container)
{
	int flags = own_flags;

	for (size_t i = 0; i < ARRAY_LEN(shared_flags); i++) {
		char ours[40], theirs[40];
		struct stat a, b;

		(void)snprintf(ours, sizeof(ours), "/proc/self/ns/%s", shared_flags[i].file);
		(void)snprintf(theirs, sizeof(theirs), "/proc/%d/ns/%s", (int)container,
		               shared_flags[i].file);
		if (stat(ours, &a) < 0 || stat(theirs, &b) < 0 || a.st_ino != b.st_ino)
			flags |= shared_flags[i].flag;
	}
	return flags;
}

static int visitor_main(void *arg)
{
	struct visit *v = arg;
	struct err ignored = {0};
	long pid;
	int join;

	/* The files below /proc/self are ours only while we are dumpable; the container sees none
	 * of us yet. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (oom_follow(v->s->container_pid, &ignored) < 0)
		log_debug("exec: %s", ignored.msg);
	join = flags_to_join(v->s->container_pid);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setns(v->s->container_pidfd, join) < 0) {
		if (errno == ESRCH)
			(void)err_set(v->e, ERR_WORKLOAD, "the container is not running");
		else
			(void)err_sys(v->e, errno, "join the container's namespaces");
		return 0;
	}
	pid = clone_child(v->s->cgroup_fd, &v->r->pidfd);
	if (pid < 0 && v->s->cgroup_fd >= 0)
		pid = clone_child(-1, &v->r->pidfd);
	/* It ends by returning from clone()'s function, not by _exit(): what a sanitizer does
	 * before a call that never returns goes wrong on a stack that it does not know. */
	if (pid == 0)
		return child_main(v);
	if (pid < 0)
		(void)err_sys(v->e, errno, "clone3 into the container");
	v->ok = pid > 0;
	return 0;
}

/* The visitor sees the new process by its pid in the container; ours is in the pidfd's fdinfo. */
static pid_t pid_of(int pidfd)
{
	char path[48], text[512];
	autoclose int fd = -1;
	const char *p;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	p = strstr(text, "Pid:");
	return p ? (pid_t)strtol(p + 4, NULL, 10) : 0;
}

/*
 * While the visitor runs we do not; the memory is shared, so not being dumpable covers both, and
 * the child copies it: at no time can the container look into it.
 */
static int run_visitor(struct visit *v)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), saved;
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		return err_sys(v->e, errno, "mmap stack");
	pid = clone(visitor_main, stack + STACK_SIZE,
	            CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, v);
	saved = errno;
	(void)prctl(PR_SET_DUMPABLE, dumpable == 1, 0, 0, 0);
	(void)munmap(stack, STACK_SIZE);
	if (pid < 0)
		return err_sys(v->e, saved, "clone");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return v->ok ? 0 : -1;
}

int spawn_exec(const struct exec_spec *s, struct spawn_result *ret, struct err *e)
{
	struct spawn_result r = {.pidfd = -1, .err_fd = -1};
	autoclose int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), in = -1, out = -1;
	struct visit v = {.s = s, .null_fd = null_fd, .r = &r, .e = e};
	int p[2];

	if (null_fd < 0)
		return err_sys(e, errno, "open /dev/null");
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	in = p[0];
	out = p[1];
	v.err_fd = out;
	if (run_visitor(&v) < 0)
		return -1;
	r.pid = pid_of(r.pidfd);
	r.err_fd = take_fd(&in);
	*ret = r;
	return 0;
}
