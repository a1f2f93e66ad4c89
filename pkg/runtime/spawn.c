/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c - start a container's first process
 *
 * Theory of operation: the parent makes an error pipe and clones; everything else is a table of
 * steps in the child. Sources of mounts (layers, volumes, /dev/shm) are descriptors of the
 * supervisor's mount namespace, and the kernel copies a mount only within its namespace: so the
 * child makes detached mounts of them first, and only then takes a mount namespace of its own,
 * where it puts them together and pivots into the result.
 *
 * The child is not dumpable from its first steps until exec, so that no other process can look at,
 * or through, what it still holds of the supervisor.
 */
#include "pkg/runtime/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "pkg/runtime/lookup.h"
#include "pkg/runtime/mnt.h"
#include "pkg/runtime/oom.h"
#include "pkg/runtime/process.h"
#include "pkg/runtime/rootfs.h"
#include "pkg/runtime/setup.h"
#include "pkg/runtime/volume.h"
#include "pkg/util/clock.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"
#include "pkg/util/str.h"

/* Dumpable for a moment: the files below /proc/self belong to somebody else otherwise. */
static int step_hide(struct setup *st, struct err *e)
{
	int r;

	(void)umask(0); /* modes of what the steps make are meant as written */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	r = oom_raise(st->s->oom_score_adj, e);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, errno, "prctl");
	return r;
}

static int step_join(struct setup *st, struct err *e)
{
	const struct {
		int fd, type;
		const char *name;
	} joins[] = {
		{st->s->net_fd, CLONE_NEWNET, "network"},
		{st->s->ipc_fd, CLONE_NEWIPC, "ipc"},
		{st->s->uts_fd, CLONE_NEWUTS, "uts"},
	};

	for (size_t i = 0; i < ARRAY_LEN(joins); i++)
		if (joins[i].fd >= 0 && setns(joins[i].fd, joins[i].type) < 0)
			return err_sys(e, errno, "the pod's %s namespace", joins[i].name);
	return 0;
}

static int step_sources(struct setup *st, struct err *e)
{
	const struct spawn_spec *s = st->s;

	st->trees = xcalloc(s->mount_count, sizeof(*st->trees));
	for (size_t i = 0; i < s->mount_count; i++) {
		if (volume_check_target(s->mounts[i].target, e) < 0)
			return -1;
		st->trees[i] = volume_open(&s->mounts[i], e);
		if (st->trees[i] < 0)
			return -1;
	}
	if (s->shm_fd >= 0) {
		st->shm_tree = mnt_clone(s->shm_fd, "", false);
		if (st->shm_tree < 0 || mnt_attr(st->shm_tree, false, MNT_PLAIN) < 0)
			return err_sys(e, errno, "/dev/shm of the pod");
	}
	if (!s->host_sys && s->net_fd >= 0)
		return 0;
	/* A new sysfs would show the host's devices as this container's own; the kernel refuses it
	 * anyway. */
	st->sys_tree = mnt_clone(AT_FDCWD, "/sys", true);
	if (st->sys_tree < 0 || mnt_attr(st->sys_tree, true, MOUNT_ATTR_RDONLY | MNT_PLAIN) < 0)
		return err_sys(e, errno, "/sys of the host");
	return 0;
}

/* The upper directory's mode is that of "/", whoever made it. It may be an O_PATH descriptor. */
static int open_to_all(int upper_fd)
{
	char path[40];
	struct stat st;

	if (fstat(upper_fd, &st) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", upper_fd);
	return (st.st_mode & 07777) == 0755 ? 0 : chmod(path, 0755);
}

static int step_root(struct setup *st, struct err *e)
{
	const struct spawn_spec *s = st->s;

	if (s->upper_fd >= 0 && open_to_all(s->upper_fd) < 0)
		return err_sys(e, errno, "chmod of the upper directory");
	st->root_fd = rootfs_overlay(s->layer_fds, s->layer_count, s->upper_fd, s->work_fd, e);
	return st->root_fd < 0 ? -1 : 0;
}

static int step_user(struct setup *st, struct err *e)
{
	struct user_wish w = {st->s->image_user, st->s->uid, st->s->gid, st->s->groups,
	                      st->s->group_count};

	return user_resolve(st->root_fd, &w, &st->who, e);
}

/* The new root goes onto any directory of the old one: nobody but this process sees it, and it is
 * gone in a moment. */
static int step_namespace(struct setup *st, struct err *e)
{
	static const char *const places[] = {"/tmp", "/mnt", "/run", "/var", "/usr"};

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, errno, "unshare");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, errno, "make / private");
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (mnt_attach(st->root_fd, AT_FDCWD, places[i]) == 0)
			return 0;
	return err_sys(e, errno, "attach the new root");
}

static int step_volumes(struct setup *st, struct err *e)
{
	for (size_t i = 0; i < st->s->mount_count; i++) {
		const struct spawn_mount *m = &st->s->mounts[i];

		if (volume_attach(m, st->trees[i], st->root_fd, e) < 0)
			return err_wrap(e, "%s", m->what ? m->what : m->target);
	}
	return 0;
}

static int step_cwd(struct setup *st, struct err *e)
{
	st->cwd_fd = process_open_cwd(st->root_fd, st->s->cwd, true, e);
	return st->cwd_fd < 0 ? -1 : 0;
}

static int step_read_only(struct setup *st, struct err *e)
{
	if (st->s->read_only_root && mnt_attr(st->root_fd, false, MOUNT_ATTR_RDONLY) < 0)
		return err_sys(e, errno, "mount_setattr");
	return 0;
}

static int step_pivot(struct setup *st, struct err *e)
{
	if (fchdir(st->root_fd) < 0)
		return err_sys(e, errno, "enter the new root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(e, errno, "pivot_root");
	/* The old root now lies on top of the new one, at the same place. */
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(e, errno, "detach the old root");
	return chdir("/") < 0 ? err_sys(e, errno, "chdir /") : 0;
}

/* A server that is not root reopens /dev/stdout: the pipe must be its own. */
static void give_away(int fd, const struct user_ids *w)
{
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		(void)!fchown(fd, w->uid, w->gid);
}

static int step_process(struct setup *st, struct err *e)
{
	const struct spawn_spec *s = st->s;
	struct process p = {
		.argv = s->argv,
		.env = lookup_env_with_home(st->s->env, st->who.home),
		.who = &st->who,
		.caps = s->caps,
		.no_new_privs = s->no_new_privs,
		.no_seccomp = s->no_seccomp,
		.nofile = s->nofile,
		.cwd_fd = st->cwd_fd,
		.in = s->stdin_fd,
		.out = s->stdout_fd,
		.err = s->stderr_fd,
		.tty = st->pty_fd,
		.gate = s->gate,
	};

	if (p.in < 0 && !s->tty) {
		p.in = open("/dev/null", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (p.in < 0)
			return err_sys(e, errno, "open /dev/null");
	}
	give_away(p.out, &st->who);
	give_away(p.err, &st->who);
	return process_become(&p, e);
}

static const struct step {
	const char *name; /* goes into errors, "" if the message says enough */
	int (*run)(struct setup *st, struct err *e);
} steps[] = {
	{"oom_score_adj", step_hide},
	{"join namespaces", step_join},
	{"open volumes", step_sources},
	{"mount the root file system", step_root},
	{"user", step_user},
	{"mount namespace", step_namespace},
	{"mount /proc and /sys", kernfs_mount},
	{"make /dev", dev_mount},
	{"mount volumes", step_volumes},
	{"hide kernel files", kernfs_protect},
	{"working directory", step_cwd},
	{"make the root file system read-only", step_read_only},
	{"change the root", step_pivot},
	{"", step_process},
};

static NORETURN void child_main(const struct spawn_spec *s, int err_fd)
{
	struct setup st = {
		.s = s,
		.shm_tree = -1,
		.sys_tree = -1,
		.root_fd = -1,
		.proc_fd = -1,
		.sys_fd = -1,
		.dev_fd = -1,
		.null_fd = -1,
		.pty_fd = -1,
		.cwd_fd = -1,
	};
	int64_t before = clock_mono_ns();
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		int64_t now;

		if (steps[i].run(&st, &e) < 0) {
			if (steps[i].name[0])
				(void)err_wrap(&e, "%s", steps[i].name);
			break;
		}
		now = clock_mono_ns();
		log_debug("%s: %s: %lld us", s->name, steps[i].name,
		          (long long)(now - before) / 1000);
		before = now;
	}
	if (s->name)
		(void)err_wrap(&e, "%s", s->name);
	(void)!write(err_fd, &e, sizeof(e));
	_exit(e.sys == ENOENT ? 127 : 126);
}

static pid_t clone_into(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	/* Grouping is a convenience: a cgroup that went away or is not ours is no reason not to
	 * start. */
	if (pid < 0 && cgroup_fd >= 0 && errno != EAGAIN && errno != ENOMEM) {
		log_debug("clone into cgroup: %s", strerror(errno));
		return clone_into(flags, -1, ret_pidfd);
	}
	return (pid_t)pid;
}

int spawn_container(const struct spawn_spec *s, struct spawn_result *ret, struct err *e)
{
	struct spawn_result r = {.pidfd = -1, .err_fd = -1};
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	r.pid = clone_into(CLONE_NEWPID | CLONE_NEWCGROUP, s->cgroup_fd, &r.pidfd);
	if (r.pid == 0)
		child_main(s, p[1]);
	(void)close(p[1]);
	if (r.pid < 0) {
		int saved = errno;

		(void)close(p[0]);
		return err_sys(e, saved, "%s: clone3", s->name);
	}
	r.err_fd = p[0];
	*ret = r;
	return 0;
}

int spawn_result_read(int err_fd, struct err *e)
{
	struct err child;
	ssize_t n;

	do
		n = read(err_fd, &child, sizeof(child));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n < 0)
		return err_sys(e, errno, "read the error pipe");
	if (n != sizeof(child) || child.kind <= ERR_NONE || child.kind >= ERR_KIND_COUNT)
		return err_set(e, ERR_HOST, "the set-up of the container failed without a reason");
	child.msg[sizeof(child.msg) - 1] = '\0';
	*e = child;
	return -1;
}
