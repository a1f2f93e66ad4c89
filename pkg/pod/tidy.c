/* SPDX-License-Identifier: Apache-2.0 */
/* tidy.c - see tidy.h */
#include "pkg/pod/tidy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "pkg/runtime/userns.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"
#include "pkg/util/proc.h"

enum { KILL_MS = 60000 };

static int open_supervisor(int run_fd, const struct state_project *s)
{
	pid_t pid = 0;
	uint64_t start = 0;
	int fd = -1;

	if (state_lock_owner(run_fd, &pid, &start) == 0)
		fd = state_open_process(pid, start);
	if (fd < 0 && s)
		fd = state_open_process((pid_t)s->supervisor_pid, (uint64_t)s->supervisor_start);
	return fd;
}

int tidy_wait_gone(int run_fd, const char *project, const struct state_project *s, int timeout_ms,
                   struct err *e)
{
	autoclose int fd = open_supervisor(run_fd, s);

	if (fd < 0 || proc_wait_end(fd, timeout_ms))
		return 0;
	(void)err_set(e, ERR_TIMEOUT,
	              "the old supervisor of project %s is dying, but a process of it does not end",
	              project);
	return err_hint(e,
	                "a process in uninterruptible sleep (state D in ps), often on a slow disk "
	                "or network file system, holds it; try again later");
}

bool tidy_occupied(const struct dirs *d, const char *project)
{
	struct err ignored = {0};
	autoclose int run_fd = dirs_open_project(d, project, false, &ignored);

	return run_fd >= 0 &&
	       (state_alive(run_fd) || tidy_wait_gone(run_fd, project, NULL, 0, &ignored) < 0);
}

int tidy_kill(int run_fd, const char *project, const struct state_project *s, struct err *e)
{
	autoclose int fd = open_supervisor(run_fd, s);

	if (fd < 0) {
		if (!state_alive(run_fd))
			return 0;
		return err_set(e, ERR_HOST, "project %s has a supervisor that cannot be found",
		               project);
	}
	if (proc_signal(fd, SIGKILL) < 0 && errno != ESRCH)
		return err_sys(e, errno, "kill the supervisor of project %s", project);
	if (!proc_wait_end(fd, KILL_MS))
		return err_set(e, ERR_TIMEOUT, "the supervisor of project %s does not end",
		               project);
	return 0;
}

/* First as we are: that suffices unless a container made directories of its own users. */
static int remove_tree(const struct idmap *m, int dirfd, const char *name, struct err *e)
{
	struct err first = {0};

	if (fs_remove_tree(dirfd, name, &first) == 0)
		return 0;
	log_debug("remove %s: %s; trying in a user namespace", name, first.msg);
	return userns_remove_tree(m, dirfd, name, e);
}

static int remove_below(const struct dirs *d, const struct idmap *m, const char *parent,
                        const char *name, struct err *e)
{
	autoclose int dir = dirs_open_data(d, parent, false, e);

	if (dir < 0)
		return e->kind == ERR_ABSENT ? 0 : -1;
	if (remove_tree(m, dir, name, e) < 0)
		return err_wrap(e, "remove %s/%s/%s", d->root, parent, name);
	return 0;
}

int tidy_data(const struct dirs *d, const struct idmap *m, const char *project, struct err *e)
{
	return remove_below(d, m, "projects", project, e);
}

void tidy_logs(const struct dirs *d, const char *project)
{
	autofree char *path = xasprintf("projects/%s", project);
	struct err ignored = {0};
	autoclose int dir = dirs_open_data(d, path, false, &ignored);

	if (dir >= 0)
		(void)fs_remove_tree(dir, "logs", &ignored);
}

int tidy_run(const struct dirs *d, const char *project, struct err *e)
{
	autoclose int dir =
		openat(d->runroot_fd, "projects", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s/projects", d->runroot);
	if (fs_remove_tree(dir, project, e) < 0)
		return err_wrap(e, "remove %s/projects", d->runroot);
	return 0;
}

bool tidy_has_data(const struct dirs *d, const char *project)
{
	autofree char *path = xasprintf("projects/%s", project);
	struct stat st;

	return fstatat(d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Who made a claim stands beside it, where no container can write. */
static char *note_name(const char *claim)
{
	return xasprintf(".made-by.%s", claim);
}

static bool note_says(int dir, const char *claim, const char *project)
{
	autofree char *note = note_name(claim);
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};

	return fd_read_file(dir, note, 256, &text, &ignored) == 0 && text.len &&
	       streq(text.s, project);
}

int tidy_make_claim(const struct dirs *d, const char *claim_namespace, const char *name,
                    const char *project, struct err *e)
{
	autofree char *parent = xasprintf("volumes/%s", claim_namespace), *note = note_name(name);
	autoclose int dir = dirs_open_data(d, parent, true, e);
	autoclose int fd = -1;

	if (dir < 0)
		return -1;
	if (mkdirat(dir, name, 0700) < 0) {
		if (errno == EEXIST)
			return note_says(dir, name, project) ? TIDY_CLAIM_MINE : TIDY_CLAIM_FOREIGN;
		return err_sys(e, errno, "make claim %s", name);
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* 0777 as the usual provisioner of one-machine clusters does: any user may write. */
	if (fd < 0 || (d->owner_uid != geteuid() && fchown(fd, d->owner_uid, d->owner_gid) < 0) ||
	    fchmod(fd, 0777) < 0)
		return err_sys(e, errno, "make claim %s", name);
	if (fs_write_atomic(dir, note, project, strlen(project), 0600, false, e) < 0)
		return err_wrap(e, "claim %s", name);
	return TIDY_CLAIM_MADE;
}

int tidy_remove_claim(const struct dirs *d, const struct idmap *m, const char *claim, struct err *e)
{
	const char *slash = strchr(claim, '/');
	autofree char *namespace = slash ? xstrndup(claim, (size_t)(slash - claim)) : NULL;
	autofree char *parent = slash ? xasprintf("volumes/%s", namespace) : NULL;
	autofree char *note = NULL, *note_path = NULL;

	if (!slash || !slash[1] || strchr(slash + 1, '/') || streq(slash + 1, "..") ||
	    streq(slash + 1, "."))
		return err_set(e, ERR_INPUT, "bad claim %s", claim);
	if (remove_below(d, m, parent, slash + 1, e) < 0)
		return -1;
	note = note_name(slash + 1);
	note_path = xasprintf("%s/%s", parent, note);
	(void)unlinkat(d->root_fd, note_path, 0);
	/* The namespace's directory goes with its last claim; otherwise this fails, which is right.
	 */
	(void)unlinkat(d->root_fd, parent, AT_REMOVEDIR);
	return 0;
}

/* Names in a directory, also hidden ones. Absent is empty. */
static void add_entries(int at, const char *name, struct strv *ret)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!d) {
		close_fd(&fd);
		return;
	}
	while ((entry = readdir(d)))
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			strv_add(ret, entry->d_name);
	(void)closedir(d);
}

void tidy_list_claims(const struct dirs *d, const char *project, struct strv *ret)
{
	autostrv struct strv namespaces = {0};

	add_entries(d->root_fd, "volumes", &namespaces);
	for (size_t i = 0; i < namespaces.len; i++) {
		autofree char *path = xasprintf("volumes/%s", namespaces.v[i]);
		autostrv struct strv names = {0};
		struct err ignored = {0};
		autoclose int dir = dirs_open_data(d, path, false, &ignored);

		if (dir < 0)
			continue;
		add_entries(dir, ".", &names);
		for (size_t j = 0; j < names.len; j++) {
			const char *claim = names.v[j];
			autofree char *full = xasprintf("%s/%s", namespaces.v[i], claim);

			if (claim[0] != '.' && note_says(dir, claim, project) &&
			    !strv_has(ret, full))
				strv_add(ret, full);
		}
	}
}
