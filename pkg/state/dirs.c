/* SPDX-License-Identifier: Apache-2.0 */
/* dirs.c - find, make and open the directories of this program; see dirs.h */
#include "pkg/state/dirs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/util/fs.h"
#include "pkg/util/str.h"

enum { MAX_PROJECT_NAME = 63 };

/* An absolute path without trailing slashes; relative ones are below the working directory. */
static char *absolute(const char *path)
{
	autofree char *cwd = NULL;
	char *full;
	size_t len;

	if (path[0] == '/') {
		full = xstrdup(path);
	} else {
		cwd = getcwd(NULL, 0);
		full = xasprintf("%s/%s", cwd ? cwd : "", path);
	}
	len = strlen(full);
	while (len > 1 && full[len - 1] == '/')
		full[--len] = '\0';
	return full;
}

static const char *env_path(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] ? v : NULL;
}

/* XDG says that relative paths in its variables are to be ignored. */
static const char *xdg_path(const char *name)
{
	const char *v = env_path(name);

	return v && v[0] == '/' ? v : NULL;
}

static char *default_root(void)
{
	const char *base = xdg_path("XDG_DATA_HOME");
	const char *home = xdg_path("HOME");

	if (geteuid() == 0)
		return xstrdup("/var/lib/kubeplay");
	if (base)
		return xasprintf("%s/kubeplay", base);
	return home ? xasprintf("%s/.local/share/kubeplay", home) : NULL;
}

static bool private_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 0077) == 0;
}

static char *default_runroot(void)
{
	const char *base = xdg_path("XDG_RUNTIME_DIR");
	char user[40];

	if (geteuid() == 0)
		return xstrdup("/run/kubeplay");
	if (base)
		return xasprintf("%s/kubeplay", base);
	(void)snprintf(user, sizeof(user), "/run/user/%u", (unsigned int)geteuid());
	if (private_dir(user))
		return xasprintf("%s/kubeplay", user);
	return xasprintf("/tmp/kubeplay-%u", (unsigned int)geteuid());
}

/*
 * Make (parents private, itself with `mode`) and open a top directory. The last part may not be a
 * link when it lies in a directory that others can write to: /tmp/kubeplay-UID could be anyone's.
 */
static int open_top(const char *path, mode_t mode, bool strict, struct err *e)
{
	autofree char *parent = xstrdup(path);
	char *slash = strrchr(parent, '/');
	struct stat st;
	autoclose int fd = -1;

	if (slash > parent) {
		*slash = '\0';
		if (fs_mkdir_p(parent, geteuid() ? 0700 : 0755, e) < 0)
			return -1;
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_sys(e, errno, "mkdir %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (strict ? O_NOFOLLOW : 0));
	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "stat %s", path);
	if (strict && st.st_uid != geteuid())
		return err_set(e, ERR_HOST, "%s belongs to user %u, not to you", path,
		               (unsigned int)st.st_uid);
	if (strict && (st.st_mode & 0022))
		return err_set(e, ERR_HOST, "%s can be written by others (mode %04o)", path,
		               (unsigned int)(st.st_mode & 07777));
	return take_fd(&fd);
}

/* One part of a path: open it, or make it and give it to the owner. */
static int open_part(const struct dirs *d, int at, const char *name, bool make, struct err *e)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	autoclose int fd = openat(at, name, flags);
	bool made = false;

	if (fd < 0 && errno == ENOENT && make) {
		made = mkdirat(at, name, 0700) == 0;
		if (!made && errno != EEXIST)
			return err_sys(e, errno, "mkdir %s", name);
		fd = openat(at, name, flags);
	}
	if (fd < 0 && errno == ENOENT)
		return err_sys_kind(e, ERR_ABSENT, errno, "%s", name);
	if (fd < 0)
		return err_sys(e, errno, "open %s", name);
	if (made && d->owner_uid != geteuid() && fchown(fd, d->owner_uid, d->owner_gid) < 0)
		return err_sys(e, errno, "chown %s", name);
	return take_fd(&fd);
}

static const char *const data_names[DIRS_DATA_COUNT] = {"store", "volumes", "projects"};

/* See struct dirs: only where the owner of what is below is not us. */
static int open_for_owner(struct dirs *d, struct err *e)
{
	for (size_t i = 0; i < DIRS_DATA_COUNT; i++)
		if ((d->data_fds[i] = open_part(d, d->root_fd, data_names[i], true, e)) < 0)
			return err_wrap(e, "%s", d->root);
	d->run_projects_fd = open_part(d, d->runroot_fd, "projects", true, e);
	return d->run_projects_fd < 0 ? err_wrap(e, "%s", d->runroot) : 0;
}

int dirs_open(struct dirs *d, const char *root_opt, const char *runroot_opt, uid_t owner_uid,
              gid_t owner_gid, struct err *e)
{
	const char *root = root_opt ? root_opt : env_path("KUBEPLAY_ROOT");
	const char *runroot = runroot_opt ? runroot_opt : env_path("KUBEPLAY_RUNROOT");
	autofree char *found = root ? xstrdup(root) : default_root();
	autofree char *found_run = runroot ? xstrdup(runroot) : default_runroot();
	bool in_tmp = starts_with(found_run, "/tmp/kubeplay-") && !runroot;

	*d = (struct dirs){
		.root_fd = -1, .runroot_fd = -1, .data_fds = {-1, -1, -1}, .run_projects_fd = -1};
	if (!found) {
		(void)err_set(e, ERR_HOST, "neither HOME nor XDG_DATA_HOME says where data goes");
		return err_hint(e, "set HOME, or give --root DIR");
	}
	d->owner_uid = owner_uid;
	d->owner_gid = owner_gid;
	d->root = absolute(found);
	d->runroot = absolute(found_run);
	d->root_fd = open_top(d->root, 0711, false, e);
	if (d->root_fd < 0) {
		(void)err_wrap(e, "data directory");
		goto fail;
	}
	d->runroot_fd = open_top(d->runroot, in_tmp ? 0700 : 0711, true, e);
	if (d->runroot_fd < 0) {
		(void)err_wrap(e, "run-time directory");
		goto fail;
	}
	if (owner_uid != geteuid() && open_for_owner(d, e) < 0)
		goto fail;
	return 0;
fail:
	dirs_close(d);
	return -1;
}

static int reopen(const char *path, int same_as, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat a, b;

	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	if (fstat(fd, &a) < 0 || fstat(same_as, &b) < 0)
		return err_sys(e, errno, "stat %s", path);
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return err_set(e, ERR_HOST, "%s was replaced meanwhile", path);
	return take_fd(&fd);
}

int dirs_reopen(const struct dirs *d, struct dirs *ret, struct err *e)
{
	struct dirs n = {
		.root_fd = -1, .runroot_fd = -1, .data_fds = {-1, -1, -1}, .run_projects_fd = -1};

	n.root = xstrdup(d->root);
	n.runroot = xstrdup(d->runroot);
	n.root_fd = reopen(d->root, d->root_fd, e);
	n.runroot_fd = n.root_fd < 0 ? -1 : reopen(d->runroot, d->runroot_fd, e);
	if (n.runroot_fd < 0 || (d->run_projects_fd >= 0 && open_for_owner(&n, e) < 0)) {
		dirs_close(&n);
		return -1;
	}
	*ret = n;
	return 0;
}

void dirs_close(struct dirs *d)
{
	close_fd(&d->root_fd);
	close_fd(&d->runroot_fd);
	close_fd(&d->run_projects_fd);
	for (size_t i = 0; i < DIRS_DATA_COUNT; i++)
		close_fd(&d->data_fds[i]);
	free(take_ptr(d->root));
	free(take_ptr(d->runroot));
}

/* A copy of a descriptor that open_for_owner() made, or -1. */
static int dup_known(const struct dirs *d, int top, const char *name)
{
	int fd = -1;

	if (top == d->runroot_fd && streq(name, "projects"))
		fd = d->run_projects_fd;
	for (size_t i = 0; i < DIRS_DATA_COUNT && top == d->root_fd; i++)
		if (streq(name, data_names[i]))
			fd = d->data_fds[i];
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int open_below(const struct dirs *d, int top, const char *path, bool make, struct err *e)
{
	autofree char *copy = xstrdup(path);
	autoclose int at = fcntl(top, F_DUPFD_CLOEXEC, 3);
	char *save = NULL;

	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		int next = part == copy ? dup_known(d, top, part) : -1;

		if (next >= 0) {
			close_fd(&at);
			at = next;
			continue;
		}
		if (streq(part, ".") || streq(part, ".."))
			return err_set(e, ERR_INPUT, "bad path %s", path);
		next = open_part(d, at, part, make, e);
		if (next < 0)
			return -1;
		close_fd(&at);
		at = next;
	}
	return at < 0 ? err_sys(e, errno, "open %s", path) : take_fd(&at);
}

int dirs_open_data(const struct dirs *d, const char *path, bool make, struct err *e)
{
	int fd = open_below(d, d->root_fd, path, make, e);

	return fd < 0 ? err_wrap(e, "%s/%s", d->root, path) : fd;
}

int dirs_open_project(const struct dirs *d, const char *project, bool make, struct err *e)
{
	autofree char *path = xasprintf("projects/%s", project);
	int fd;

	if (!dirs_valid_project(project))
		return err_set(e, ERR_USAGE, "\"%s\" cannot be the name of a project", project);
	fd = open_below(d, d->runroot_fd, path, make, e);
	return fd < 0 ? err_wrap(e, "%s/%s", d->runroot, path) : fd;
}

bool dirs_valid_project(const char *name)
{
	size_t len = strlen(name);

	if (!isalnum((unsigned char)name[0]) || len > MAX_PROJECT_NAME)
		return false;
	for (size_t i = 1; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

static int add_names(int top, struct strv *ret, struct err *e)
{
	int fd = openat(top, "projects", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *ent;
	DIR *dir;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "open projects");
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return err_sys(e, errno, "open projects");
	}
	while ((ent = readdir(dir)))
		if (ent->d_type != DT_REG && dirs_valid_project(ent->d_name) &&
		    !strv_has(ret, ent->d_name))
			strv_add(ret, ent->d_name);
	(void)closedir(dir);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int dirs_list_projects(const struct dirs *d, struct strv *ret, struct err *e)
{
	if (add_names(d->runroot_fd, ret, e) < 0 || add_names(d->root_fd, ret, e) < 0)
		return -1;
	if (ret->len)
		qsort(ret->v, ret->len, sizeof(*ret->v), by_text);
	return 0;
}
