/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - see child.h
 *
 * A plain fork costs 0.1 ms of page tables. A child that shares our memory until it executes would
 * cost less, but we would sleep until then, and it may have to queue for a processor meanwhile: on
 * a small machine that is a millisecond of nobody's time for each helper.
 */
#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "pkg/util/fd.h"
#include "pkg/util/proc.h"

enum { MOVED = 512, CANNOT_EXECUTE = 127 };

/* Bind the namespace's file where the uplink can open it by path: it closes what it inherits. */
static int show_namespace(const struct child *c, struct err *e)
{
	int file, tree;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, errno, "make mounts private");
	if (mount("kubeplay", c->show_dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	          "mode=0755,size=16k,nr_inodes=16") < 0)
		return err_sys(e, errno, "mount a directory for the namespace");
	file = open(c->show_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		return err_sys(e, errno, "make a file for the namespace");
	(void)close(file);
	tree = open_tree(c->show_net, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return err_sys(e, errno, "open the namespace");
	if (move_mount(tree, "", AT_FDCWD, c->show_path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, errno, "bind the namespace");
	return 0;
}

static int set_descriptors(const struct child *c, struct err *e)
{
	int null, pass = -1, out;

	/* Copies above the numbers that are about to be taken. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	out = fcntl(c->output >= 0 ? c->output : null, F_DUPFD_CLOEXEC, MOVED);
	if (c->pass >= 0)
		pass = fcntl(c->pass, F_DUPFD_CLOEXEC, MOVED);
	if (null < 0 || out < 0 || (c->pass >= 0 && pass < 0))
		return err_sys(e, errno, "descriptors");
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
	    (pass >= 0 && dup2(pass, c->pass_as) < 0))
		return err_sys(e, errno, "descriptors");
	return 0;
}

static int become(const struct child *c, struct err *e)
{
	const struct sigaction dfl = {.sa_handler = SIG_DFL};
	int program = -1;
	sigset_t none;

	/* out of the way of the descriptors that it gets */
	if (c->program_fd >= 0)
		program = fcntl(c->program_fd, F_DUPFD_CLOEXEC, MOVED);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (c->join_net >= 0 && setns(c->join_net, CLONE_NEWNET) < 0)
		return err_sys(e, errno, "join the network namespace");
	if ((c->show_net >= 0 && show_namespace(c, e) < 0) || set_descriptors(c, e) < 0)
		return -1;
	if (program >= 0)
		(void)syscall(SYS_execveat, program, "", c->argv, environ, AT_EMPTY_PATH);
	else
		(void)execve(c->path, c->argv, environ);
	return err_sys(e, errno, "execute");
}

static NORETURN void child_main(const struct child *c)
{
	struct err e = {0};

	(void)become(c, &e);
	if (c->output >= 0)
		(void)dprintf(c->output, "start %s: %s\n", c->path, e.msg);
	_exit(CANNOT_EXECUTE);
}

pid_t child_start(const struct child *c, int *ret_pidfd, struct err *e)
{
	pid_t pid = proc_clone(c->show_net >= 0 ? CLONE_NEWNS : 0, ret_pidfd);

	if (pid == 0)
		child_main(c);
	return pid < 0 ? err_sys(e, errno, "start %s", c->path) : pid;
}
