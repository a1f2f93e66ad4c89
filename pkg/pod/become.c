/* SPDX-License-Identifier: Apache-2.0 */
/*
 * become.c - a clone of the command line becomes the supervisor
 *
 * Theory of operation: what needs no map comes first (session, signals, limits, name), then, once
 * the map is written, ids and mounts. Descriptors that the command line opened belong to its mount
 * namespace and cannot be mounted here, so directories are opened again by path - while we still
 * are who we were on the host, because as root we are about to become a sub-id that may not walk
 * there - and compared with what was given.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "pkg/pod/supervisor.h"
#include "pkg/runtime/mnt.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

/* What came from whoever started the command line (a shell's fd 5) would live as long as the
 * project: ours all have CLOEXEC, so whatever has not is foreign. */
static void close_foreign(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *ent;
	int64_t fd;

	if (!d)
		return;
	while ((ent = readdir(d))) {
		if (str_parse_int(ent->d_name, 3, INT_MAX, &fd) < 0)
			continue;
		if (!(fcntl((int)fd, F_GETFD) & FD_CLOEXEC))
			(void)close((int)fd);
	}
	(void)closedir(d);
}

/* Our argument strings are where ps looks; their place is in /proc/self/stat, fields 48 and 49. */
static char *find_arguments(size_t *ret_len)
{
	autostrbuf struct strbuf text = {0};
	uintptr_t start, end;
	struct err e = {0};
	char *p, *at;

	if (fd_read_file(AT_FDCWD, "/proc/self/stat", 8192, &text, &e) < 0 || !text.len)
		return NULL;
	p = strrchr(text.s, ')');
	for (int field = 2; p && field < 48; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return NULL;
	start = strtoul(p, &p, 10);
	end = strtoul(p, NULL, 10);
	if (!start || end <= start + 1)
		return NULL;
	*ret_len = end - start;
	memcpy(&at, &start, sizeof(at));
	return at;
}

static void set_title(const char *title)
{
	size_t len = 0;
	char *args = find_arguments(&len);

	(void)prctl(PR_SET_NAME, title);
	if (!args)
		return;
	memset(args, 0, len);
	(void)snprintf(args, len, "%s", title);
}

static int open_signals(struct supervisor *sup, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	sup->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return sup->signals.fd < 0 ? err_sys(e, errno, "signalfd") : 0;
}

/* 50 pods hold more than the usual 1024 descriptors. */
static void raise_limit(struct supervisor *sup)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		sup->nofile = lim.rlim_cur;
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
}

int become_process(struct supervisor *sup, const struct supervise *s, struct err *e)
{
	autofree char *title = xasprintf("kubeplay: %s", s->state->project);

	(void)setsid();
	(void)umask(0022);
	close_foreign();
	set_title(title);
	raise_limit(sup);
	if (gethostname(sup->node_name, sizeof(sup->node_name) - 1) < 0)
		(void)snprintf(sup->node_name, sizeof(sup->node_name), "localhost");
	return open_signals(sup, e);
}

static int become_ids(bool as_root, struct err *e)
{
	if (as_root && setgroups(0, NULL) < 0)
		return err_sys(e, errno, "setgroups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, errno, "become root of the user namespace");
	/* Our ids on the host changed as root, which hides /proc/self from our own children. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

static int mount_proc(struct err *e)
{
	autoclose int fd = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(e, errno, "make mounts private");
	fd = mnt_new("proc", NULL, MNT_PLAIN, e);
	if (fd < 0) {
		if (e->sys == EPERM)
			(void)err_hint(e, "the host's /proc is partly covered, as in a container: "
			                  "run that container with an unmasked /proc");
		return -1;
	}
	if (mnt_attach(fd, AT_FDCWD, "/proc") < 0)
		return err_sys(e, errno, "mount /proc");
	return 0;
}

/* A tmpfs that only our mount namespace sees: Secrets live on it. */
static int mount_private(struct supervisor *sup, struct err *e)
{
	static const struct mnt_opt opts[] = {{"mode", "0700"}, {NULL, NULL}};
	autoclose int at = fs_open_dir(sup->run_fd, "private", 0700, e);
	autoclose int fd = -1;

	if (at < 0)
		return -1;
	fd = mnt_new("tmpfs", opts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	if (fd < 0)
		return -1;
	if (mnt_attach(fd, sup->run_fd, "private") < 0)
		return err_sys(e, errno, "mount private tmpfs");
	sup->private_fd =
		openat(sup->run_fd, "private", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return sup->private_fd < 0 ? err_sys(e, errno, "open private tmpfs") : 0;
}

/*
 * The lowest layer of every container: empty files and directories where something will be mounted.
 * An image has its own above them or none; without this layer each container would make them in its
 * writable one, six inodes each, and `down` would remove them again.
 */
static int make_bottom(struct supervisor *sup, struct err *e)
{
	static const char *const dirs[] = {"etc", "dev", "proc", "sys"};
	static const char *const files[] = {"etc/hosts", "etc/hostname", "etc/resolv.conf"};
	autoclose int fd = fs_open_dir(sup->private_fd, ".bottom", 0755, e);

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (mkdirat(fd, dirs[i], 0755) < 0)
			return err_sys(e, errno, "mkdir %s", dirs[i]);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (mknodat(fd, files[i], S_IFREG | 0644, 0) < 0)
			return err_sys(e, errno, "create %s", files[i]);
	sup->bottom_fd =
		openat(sup->private_fd, ".bottom", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return sup->bottom_fd < 0 ? err_sys(e, errno, "open .bottom") : 0;
}

static int open_project(struct supervisor *sup, const char *project, struct err *e)
{
	autofree char *path = xasprintf("projects/%s", project);

	sup->run_fd = dirs_open_project(&sup->dirs, project, false, e);
	if (sup->run_fd < 0)
		return -1;
	sup->data_fd = dirs_open_data(&sup->dirs, path, false, e);
	return sup->data_fd < 0 ? -1 : 0;
}

int become_root(struct supervisor *sup, const struct supervise *s, struct err *e)
{
	if (dirs_reopen(s->dirs, &sup->dirs, e) < 0 || become_ids(s->as_root, e) < 0)
		return -1;
	(void)prctl(PR_SET_PDEATHSIG, 0);
	if (chdir("/") < 0)
		return err_sys(e, errno, "chdir /");
	if (mount_proc(e) < 0 || open_project(sup, s->state->project, e) < 0 ||
	    mount_private(sup, e) < 0 || make_bottom(sup, e) < 0)
		return -1;
	return 0;
}

int become_quiet(struct supervisor *sup, struct err *e)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	autoclose int log = openat(sup->data_fd, "supervisor.log",
	                           O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (null < 0 || log < 0)
		return err_sys(e, errno, "%s", null < 0 ? "/dev/null" : "supervisor.log");
	if (dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		return err_sys(e, errno, "dup2");
	log_to(2, true);
	return 0;
}
