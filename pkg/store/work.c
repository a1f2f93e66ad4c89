/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - working directories and commits; see work.h */
#include "pkg/store/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "pkg/store/internal.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

int store_write_error(int store_fd, int num, const char *what, struct err *e)
{
	struct statvfs st;
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)err_sys(e, num, "%s", what);
	if (num != ENOSPC && num != EDQUOT)
		return -1;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", store_fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	if (fstatvfs(store_fd, &st) == 0)
		(void)err_hint(e, "%s has %llu MiB of %llu MiB free%s", n > 0 ? path : "the store",
		               (unsigned long long)st.f_bavail * st.f_frsize >> 20,
		               (unsigned long long)st.f_blocks * st.f_frsize >> 20,
		               num == EDQUOT ? ", but your quota is used up" : "");
	return err_hint(e, "remove images that are not needed (kubeplay rmi) or use --root DIR");
}

int store_lock(int store_fd, struct err *e)
{
	autoclose int fd =
		openat(store_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return store_write_error(store_fd, errno, "image store: open lock", e);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "image store: lock");
	return take_fd(&fd);
}

/* True if nobody holds the lock of a working directory (or it is no directory at all). */
static bool is_litter(int tmp_fd, const char *name)
{
	autoclose int fd = openat(tmp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* Called with the store locked, so that no working directory is between mkdir and flock. */
static void collect_litter(int tmp_fd)
{
	int fd = openat(tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d) {
		close_fd(&fd);
		return;
	}
	while ((ent = readdir(d))) {
		struct err e = {0};

		if (ent->d_name[0] == '.' || !is_litter(tmp_fd, ent->d_name))
			continue;
		log_debug("image store: removing tmp/%s of a dead pull", ent->d_name);
		if (fs_remove_tree(tmp_fd, ent->d_name, &e) < 0)
			log_debug("image store: %s", e.msg);
	}
	(void)closedir(d);
}

static int make_dirs(int store_fd, struct err *e)
{
	static const char *const names[] = {"blobs", "blobs/sha256", "layers", "tmp"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (mkdirat(store_fd, names[i], 0700) < 0 && errno != EEXIST) {
			autofree char *what = xasprintf("image store: mkdir %s", names[i]);

			return store_write_error(store_fd, errno, what, e);
		}
	return 0;
}

static int make_work_dir(struct store_work *w, int tmp_fd, struct err *e)
{
	uint64_t random = 0;

	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	(void)snprintf(w->name, sizeof(w->name), "%016llx", (unsigned long long)random);
	if (mkdirat(tmp_fd, w->name, 0700) < 0)
		return store_write_error(w->store_fd, errno, "image store: mkdir in tmp", e);
	w->dir_fd = openat(tmp_fd, w->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w->dir_fd < 0 || flock(w->dir_fd, LOCK_EX | LOCK_NB) < 0)
		return err_sys(e, errno, "image store: lock tmp/%s", w->name);
	return 0;
}

int store_work_begin(struct store_work *w, int store_fd, struct err *e)
{
	autoclose int lock = -1, tmp_fd = -1;

	*w = (struct store_work){.store_fd = store_fd, .dir_fd = -1};
	if (make_dirs(store_fd, e) < 0)
		return -1;
	lock = store_lock(store_fd, e);
	if (lock < 0)
		return -1;
	tmp_fd = openat(store_fd, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tmp_fd < 0)
		return err_sys(e, errno, "image store: open tmp");
	collect_litter(tmp_fd);
	return make_work_dir(w, tmp_fd, e);
}

void store_work_end(struct store_work *w)
{
	struct err e = {0};
	char path[48];

	if (w->dir_fd < 0)
		return;
	(void)snprintf(path, sizeof(path), "tmp/%s", w->name);
	if (fs_remove_tree(w->store_fd, path, &e) < 0)
		log_debug("image store: %s", e.msg);
	close_fd(&w->dir_fd);
}

int store_work_blob(struct store_work *w, const char *digest, const void *data, size_t len,
                    struct err *e)
{
	autofree char *what = xasprintf("write blob %s", digest);
	autoclose int fd = -1;
	char path[96];

	fd = openat(w->dir_fd, digest + 7, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	            0600);
	if (fd < 0)
		return store_write_error(w->store_fd, errno, what, e);
	if (fd_write_all(fd, data, len, e) < 0)
		return store_write_error(w->store_fd, e->sys, what, e);
	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest + 7);
	if (renameat(w->dir_fd, digest + 7, w->store_fd, path) < 0)
		return store_write_error(w->store_fd, errno, what, e);
	return 0;
}

int store_work_layer(struct store_work *w, const char *name, const char *diff_id, struct err *e)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "layers/%s", diff_id + 7);
	if (renameat2(w->dir_fd, name, w->store_fd, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL && !store_have_layer(w->store_fd, diff_id) &&
	    renameat(w->dir_fd, name, w->store_fd, path) == 0)
		return 0;
	if (errno == EEXIST || errno == ENOTEMPTY)
		return 0;
	return store_write_error(w->store_fd, errno, "publish layer", e);
}

int store_sync(int store_fd, struct err *e)
{
	if (syncfs(store_fd) < 0)
		return store_write_error(store_fd, errno, "image store: write to disk", e);
	return 0;
}
