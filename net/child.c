/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - see child.h
 *
 * The child shares our memory until it executes (CLONE_VM | CLONE_VFORK), so it costs no page
 * tables whatever the supervisor's size, and it can report its errno by simply writing it down.
 */
#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "pkg/util/fd.h"

enum { STACK = 64 * 1024, MOVED = 512 };

struct start {
	const struct child *c;
	sigset_t mask;
	volatile int num; /* errno of what failed */
	const char *volatile step;
};

static int fail(struct start *s, const char *step)
{
	s->num = errno;
	s->step = step;
	return -1;
}

/* Bind the namespace's file where the uplink can open it by path: it closes what it inherits. */
static int show_namespace(struct start *s)
{
	const struct child *c = s->c;
	int file, tree;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail(s, "make mounts private");
	if (mount("kubeplay", c->show_dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	          "mode=0755,size=16k,nr_inodes=16") < 0)
		return fail(s, "mount a directory for the namespace");
	file = open(c->show_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		return fail(s, "make a file for the namespace");
	(void)close(file);
	tree = open_tree(c->show_net, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return fail(s, "open the namespace");
	if (move_mount(tree, "", AT_FDCWD, c->show_path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(s, "bind the namespace");
	return 0;
}

static int set_descriptors(struct start *s)
{
	const struct child *c = s->c;
	int null, pass = -1, out;

	/* Copies above the numbers that are about to be taken. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	out = fcntl(c->output >= 0 ? c->output : null, F_DUPFD_CLOEXEC, MOVED);
	if (c->pass >= 0)
		pass = fcntl(c->pass, F_DUPFD_CLOEXEC, MOVED);
	if (null < 0 || out < 0 || (c->pass >= 0 && pass < 0))
		return fail(s, "descriptors");
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
	    (pass >= 0 && dup2(pass, c->pass_as) < 0))
		return fail(s, "descriptors");
	return 0;
}

/* Its end is a return to clone(): a sanitizer cannot prepare for _exit() on a stack of our own. */
static int child_main(void *arg)
{
	struct start *s = arg;
	const struct child *c = s->c;
	const struct sigaction dfl = {.sa_handler = SIG_DFL};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	if (c->join_net >= 0 && setns(c->join_net, CLONE_NEWNET) < 0)
		return fail(s, "join the network namespace");
	if (c->show_net >= 0 && show_namespace(s) < 0)
		return 1;
	if (set_descriptors(s) < 0)
		return 1;
	(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
	(void)execve(c->path, c->argv, environ);
	return fail(s, "execute");
}

pid_t child_start(const struct child *c, int *ret_pidfd, struct err *e)
{
	struct start s = {.c = c};
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
	sigset_t all, old;
	int pidfd = -1;
	pid_t pid;
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return err_sys(e, errno, "stack for %s", c->path);
	if (c->show_net >= 0)
		flags |= CLONE_NEWNS;
	(void)sigemptyset(&s.mask);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old); /* no handler of ours may run in the child */
	pid = clone(child_main, stack + STACK, flags, &s, &pidfd);
	if (pid < 0)
		s.num = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)munmap(stack, STACK);
	if (pid < 0)
		return err_sys(e, s.num, "start %s", c->path);
	if (s.step) {
		(void)waitpid(pid, NULL, 0);
		close_fd(&pidfd);
		return err_sys(e, s.num, "start %s: %s", c->path, s.step);
	}
	*ret_pidfd = pidfd;
	return pid;
}
