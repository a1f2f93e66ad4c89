/* SPDX-License-Identifier: Apache-2.0 */
/*
 * userns.c - user namespaces: their maps, and short-lived children inside one; see userns.h
 *
 * Theory of operation: rootless, newuidmap and newgidmap run side by side and are only waited for
 * when somebody needs the map. As root, and for the single-id mapping, the files below /proc/PID
 * are written directly. A child of userns_fork() sleeps on a pipe until its parent has mapped it.
 */
#include "pkg/runtime/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/proc.h"

/* ---- maps ---- */

static int write_proc(pid_t pid, const char *name, const char *text, struct err *e)
{
	char path[64];
	autoclose int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	if (write(fd, text, strlen(text)) <
	    0) /* the kernel takes a map in one write or not at all */
		return err_sys(e, errno, "write %s", path);
	return 0;
}

static char *map_text(const struct idmap_range *r, size_t n)
{
	struct strbuf out = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&out, "%u %u %u\n", r[i].inside, r[i].outside, r[i].count);
	return strbuf_take(&out);
}

static int map_directly(const struct idmap *m, pid_t pid, struct err *e)
{
	autofree char *uids = map_text(m->uid, m->uid_count);
	autofree char *gids = map_text(m->gid, m->gid_count);

	if (!m->as_root && write_proc(pid, "setgroups", "deny", e) < 0)
		return -1;
	if (write_proc(pid, "uid_map", uids, e) < 0 || write_proc(pid, "gid_map", gids, e) < 0)
		return -1;
	return 0;
}

static int start_helper(const char *name, pid_t target, const struct idmap_range *r, size_t n,
                        int *ret_err_fd, int *ret_pidfd, struct err *e)
{
	autostrv struct strv argv = {0};
	struct proc_cmd cmd = {0};
	int p[2];
	pid_t pid;

	strv_add(&argv, name);
	strv_addf(&argv, "%d", (int)target);
	for (size_t i = 0; i < n; i++) {
		strv_addf(&argv, "%u", r[i].inside);
		strv_addf(&argv, "%u", r[i].outside);
		strv_addf(&argv, "%u", r[i].count);
	}
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	cmd.argv = (const char *const *)argv.v;
	cmd.err = p[1];
	pid = proc_spawn(&cmd, ret_pidfd, e);
	(void)close(p[1]);
	if (pid < 0) {
		(void)close(p[0]);
		return err_hint(e, "apt install uidmap");
	}
	*ret_err_fd = p[0];
	return pid;
}

static void forget(struct userns_mapping *w)
{
	close_fd(&w->uid_pidfd);
	close_fd(&w->gid_pidfd);
	fd_close_many(w->err_fds, 2);
}

int userns_map_start(const struct idmap *m, pid_t pid, struct userns_mapping *ret, struct err *e)
{
	struct userns_mapping w = {.uid_pidfd = -1, .gid_pidfd = -1, .err_fds = {-1, -1}};

	if (m->as_root || m->single) {
		if (map_directly(m, pid, e) < 0)
			return err_wrap(e, "map the user namespace");
		*ret = w;
		return 0;
	}
	w.uid_pid = start_helper("newuidmap", pid, m->uid, m->uid_count, &w.err_fds[0],
	                         &w.uid_pidfd, e);
	if (w.uid_pid < 0)
		return -1;
	w.gid_pid = start_helper("newgidmap", pid, m->gid, m->gid_count, &w.err_fds[1],
	                         &w.gid_pidfd, e);
	if (w.gid_pid < 0) {
		(void)proc_reap(w.uid_pidfd);
		forget(&w);
		return -1;
	}
	*ret = w;
	return 0;
}

/* What a helper said, and what helps. */
static int helper_error(const char *name, const char *text, int code, struct err *e)
{
	autofree char *path = proc_find(name);
	bool gids = streq(name, "newgidmap");
	struct stat st;

	(void)err_set(e, ERR_HOST, "%s failed (exit code %d): %s", name, code, text);
	if (strstr(text, "not allowed"))
		return err_hint(
			e,
			"the range is not yours in /etc/sub%s: sudo usermod --add-sub%s 100000-165535 $USER",
			gids ? "gid" : "uid", gids ? "gids" : "uids");
	if (path && stat(path, &st) == 0 && !(st.st_mode & S_ISUID))
		return err_hint(e, "%s is not setuid root: sudo chmod u+s %s (or reinstall uidmap)",
		                path, path);
	if (strstr(text, "not permitted"))
		return err_hint(
			e,
			"are setuid programs switched off here (a nosuid mount, no_new_privs, or another container)?");
	return -1;
}

static int finish_helper(const char *name, int pidfd, int err_fd, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	autofree char *clean = NULL;
	struct err ignored = {0};
	int code;

	(void)fd_read_all(err_fd, 4096, &text, &ignored);
	code = proc_reap(pidfd);
	if (code == 0)
		return 0;
	while (text.len && text.s[text.len - 1] == '\n')
		text.s[--text.len] = '\0';
	clean = str_sanitize(text.s ? text.s : "", text.len);
	return helper_error(name, clean, code, e);
}

int userns_map_finish(struct userns_mapping *w, struct err *e)
{
	struct err second = {0};
	int r = 0;

	if (w->uid_pid)
		r = finish_helper("newuidmap", w->uid_pidfd, w->err_fds[0], e);
	if (w->gid_pid &&
	    finish_helper("newgidmap", w->gid_pidfd, w->err_fds[1], r ? &second : e) < 0)
		r = -1;
	forget(w);
	w->uid_pid = w->gid_pid = 0;
	return r;
}

int userns_map(const struct idmap *m, pid_t pid, struct err *e)
{
	struct userns_mapping w;

	return userns_map_start(m, pid, &w, e) < 0 ? -1 : userns_map_finish(&w, e);
}

/* ---- why not ---- */

/* The number in a sysctl file, -1 if there is none. */
static int64_t sysctl_number(const char *path)
{
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};
	int64_t v;

	if (fd_read_file(AT_FDCWD, path, 64, &text, &ignored) < 0 || !text.len)
		return -1;
	text.s[strcspn(text.s, "\n")] = '\0';
	return str_parse_int(text.s, 0, INT64_MAX, &v) < 0 ? -1 : v;
}

int userns_explain(int num, struct err *e)
{
	static const struct {
		const char *file, *name, *good;
		int64_t bad;
	} switches[] = {
		{"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone",
	         "1", 0},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
	         "kernel.apparmor_restrict_unprivileged_userns", "0", 1},
		{"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", "15000", 0},
	};
	bool hinted = false;

	(void)err_sys(e, num, "make a user namespace");
	for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
		if (sysctl_number(switches[i].file) != switches[i].bad)
			continue;
		(void)err_hint(e, "sudo sysctl %s=%s", switches[i].name, switches[i].good);
		hinted = true;
	}
	if (hinted)
		return -1;
	if (num == ENOSPC)
		return err_hint(
			e,
			"too many namespaces: raise user.max_user_namespaces (now %lld) and its siblings, sudo sysctl user.max_user_namespaces=15000",
			(long long)sysctl_number("/proc/sys/user/max_user_namespaces"));
	if (num == EUSERS)
		return err_hint(e,
		                "user namespaces are nested too deeply (the kernel's limit is 32)");
	if (num == EINVAL || num == ENOSYS)
		return err_hint(e, "this kernel has no user namespaces (CONFIG_USER_NS)");
	if (num == EPERM)
		return err_hint(
			e,
			"inside a chroot, or forbidden by a security module or by the outer container's system call filter");
	return -1;
}

/* ---- children ---- */

struct inner {
	int (*early)(void *arg); /* may be NULL */
	int (*fn)(void *arg);
	void *arg;
	int ready[2]; /* a byte comes when the map is written; sockets, as those can be written to
	                 without SIGPIPE */
	bool has_groups;
	bool own_pid_ns;
	pid_t parent;
};

/* Become root of the namespace; the death signal is lost by a change of identity, so it comes last.
 */
static int become_root(const struct inner *in)
{
	if (in->has_groups && setgroups(0, NULL) < 0)
		return -1;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return -1;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -1;
	return !in->own_pid_ns && getppid() != in->parent ? -1 : 0;
}

static NORETURN void inner_main(struct inner *in)
{
	ssize_t n;
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close_fd(&in->ready[1]);
	do
		n = read(in->ready[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	close_fd(&in->ready[0]);
	if (n != 1)
		_exit(125);
	/* Now both your own directories and those of mapped ids can be opened; a moment before or
	 * later, only one kind. */
	if (in->early && in->early(in->arg))
		_exit(1);
	if (become_root(in) < 0)
		_exit(125);
	_exit(in->fn(in->arg) & 0xff);
}

/* Kill and reap a child that will never run. */
static void abandon(int *pidfd)
{
	(void)proc_signal(*pidfd, SIGKILL);
	(void)proc_reap(*pidfd);
	close_fd(pidfd);
}

static pid_t fork_early(const struct idmap *m, uint64_t clone_flags, int (*early)(void *arg),
                        int (*fn)(void *arg), void *arg, int *ret_pidfd, struct err *e)
{
	struct inner in = {
		.early = early,
		.fn = fn,
		.arg = arg,
		.has_groups = !m->single,
		.own_pid_ns = clone_flags & CLONE_NEWPID,
		.parent = getpid(),
	};
	autoclose int ready = -1;
	int pidfd = -1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, in.ready) < 0)
		return err_sys(e, errno, "socketpair");
	pid = proc_clone(clone_flags | CLONE_NEWUSER | CLONE_NEWNS, &pidfd);
	if (pid == 0)
		inner_main(&in);
	ready = take_fd(&in.ready[1]);
	close_fd(&in.ready[0]);
	if (pid < 0)
		return userns_explain(errno, e);
	if (userns_map(m, pid, e) < 0) {
		abandon(&pidfd);
		return -1;
	}
	if (send(ready, "m", 1, MSG_NOSIGNAL) != 1) {
		(void)err_sys(e, errno, "wake the child of the user namespace");
		abandon(&pidfd);
		return -1;
	}
	*ret_pidfd = pidfd;
	return pid;
}

pid_t userns_fork(const struct idmap *m, uint64_t clone_flags, int (*fn)(void *arg), void *arg,
                  int *ret_pidfd, struct err *e)
{
	return fork_early(m, clone_flags, NULL, fn, arg, ret_pidfd, e);
}

struct run {
	int (*early)(void *arg, struct err *e);
	int (*fn)(void *arg, struct err *e);
	void *arg;
	int err_fd;
};

static int run_one(struct run *r, int (*fn)(void *arg, struct err *e))
{
	struct err e = {0};

	if (!fn || fn(r->arg, &e) >= 0)
		return 0;
	(void)!write(r->err_fd, &e, sizeof(e));
	return 1;
}

static int run_early(void *arg)
{
	struct run *r = arg;

	return run_one(r, r->early);
}

static int run_inner(void *arg)
{
	struct run *r = arg;

	return run_one(r, r->fn);
}

int userns_run(const struct idmap *m, int (*fn)(void *arg, struct err *e), void *arg, struct err *e)
{
	return userns_run_early(m, NULL, fn, arg, e);
}

int userns_run_early(const struct idmap *m, int (*early)(void *arg, struct err *e),
                     int (*fn)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct run r = {early, fn, arg, -1};
	autoclose int in = -1, pidfd = -1;
	struct err child = {0};
	int p[2], code;
	pid_t pid;
	ssize_t n;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	in = p[0];
	r.err_fd = p[1];
	pid = fork_early(m, 0, run_early, run_inner, &r, &pidfd, e);
	(void)close(p[1]);
	do
		n = read(in, &child, sizeof(child));
	while (n < 0 && errno == EINTR);
	code = pid < 0 ? 0 : proc_reap(pidfd);
	if (n != sizeof(child) && pid < 0)
		return -1;
	if (n == sizeof(child)) {
		*e = child;
		return -1;
	}
	if (code)
		return err_set(e, ERR_HOST, "the child in the user namespace ended with code %d",
		               code);
	return 0;
}

struct removal {
	int dirfd;
	const char *name;
};

static int remove_inner(void *arg, struct err *e)
{
	const struct removal *r = arg;

	return fs_remove_tree(r->dirfd, r->name, e);
}

int userns_remove_tree(const struct idmap *m, int dirfd, const char *name, struct err *e)
{
	struct removal r = {dirfd, name};

	return userns_run(m, remove_inner, &r, e);
}
