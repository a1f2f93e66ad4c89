/* SPDX-License-Identifier: Apache-2.0 */
/* fs.c - see fs.h */
#include "pkg/util/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "pkg/util/fd.h"

/* Tries after a rename or a mount raced with "..": whoever does that all day long gets an error. */
enum { OPEN_TRIES = 100 };

static int open_how(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = resolve,
	};
	long fd;

	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EINTR && errno != EAGAIN))
			break;
	}
	return (int)fd;
}

int fs_open_in(int rootfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	return open_how(rootfd, path, flags, mode,
	                RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

int fs_mkdir_in(int rootfd, const char *path, mode_t mode, struct err *e)
{
	autofree char *done = xcalloc(1, strlen(path) + 2);
	const char *p = path;
	autoclose int at = -1;

	at = fs_open_in(rootfd, "/", O_PATH | O_DIRECTORY, 0, 0);
	if (at < 0)
		return err_sys(e, errno, "open root");
	while (*(p += strspn(p, "/"))) {
		size_t len = strcspn(p, "/"), old = strlen(done);
		int next;

		(void)snprintf(done + old, strlen(path) + 2 - old, "/%.*s", (int)len, p);
		next = fs_open_in(rootfd, done, O_PATH | O_DIRECTORY, 0, 0);
		if (next < 0 && errno == ENOENT) {
			autofree char *name = xstrndup(p, len);

			if (mkdirat(at, name, mode) < 0 && errno != EEXIST)
				return err_sys(e, errno, "mkdir %s", done);
			next = fs_open_in(rootfd, done, O_PATH | O_DIRECTORY, 0, 0);
		}
		if (next < 0)
			return err_sys(e, errno, "open %s", done);
		close_fd(&at);
		at = next;
		p += len;
	}
	return take_fd(&at);
}

int fs_mkdir_p(const char *path, mode_t mode, struct err *e)
{
	autofree char *copy = xstrdup(path);

	if (!*path)
		return err_sys(e, ENOENT, "mkdir of an empty path");
	for (char *p = copy + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char c = *p;

		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST &&
		    !(errno == EROFS || errno == EACCES))
			return err_sys(e, errno, "mkdir %s", copy);
		*p = c;
		if (!c)
			break;
	}
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, errno, "mkdir %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_sys(e, ENOTDIR, "mkdir %s", path);
	return 0;
}

int fs_open_dir(int dirfd, const char *name, mode_t mode, struct err *e)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
			return err_sys(e, errno, "mkdir %s", name);
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(e, errno, "open directory %s", name);
	return fd;
}

/*
 * The temporary file of NAME is NAME.new, for everyone: a crash leaves at most one, and the next
 * writer takes it over. Process ids could not keep writers apart, as each supervisor is process 1
 * of its own; a lock can. It is ours once the locked file is still the one that has the name.
 */
static int open_new(int dirfd, const char *tmp, mode_t mode, struct err *e)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		autoclose int fd = openat(
			dirfd, tmp, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
		struct stat ours, named;

		if (fd < 0 && (errno == EACCES || errno == ELOOP || errno == ENXIO) &&
		    unlinkat(dirfd, tmp, 0) == 0)
			continue; /* somebody else's remains */
		if (fd < 0)
			return err_sys(e, errno, "create %s", tmp);
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return err_sys(e, errno, "lock %s", tmp);
		if (fstat(fd, &ours) < 0)
			return err_sys(e, errno, "%s", tmp);
		if (fstatat(dirfd, tmp, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		    named.st_ino != ours.st_ino || named.st_dev != ours.st_dev)
			continue; /* published or removed while we waited */
		if (!ours.st_size)
			return take_fd(&fd);
		/* Half of another text, perhaps with another mode: begin anew. */
		if (unlinkat(dirfd, tmp, 0) < 0)
			return err_sys(e, errno, "remove %s", tmp);
	}
	return err_set(e, ERR_HOST, "create %s: others write it all the time", tmp);
}

int fs_write_atomic(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
                    bool durable, struct err *e)
{
	autofree char *tmp = xasprintf("%s.new", name);
	autoclose int fd = open_new(dirfd, tmp, mode, e);

	if (fd < 0)
		return -1;
	if (fd_write_all(fd, data, len, e) < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		return err_wrap(e, "%s", tmp);
	}
	if ((durable && fsync(fd) < 0) || renameat(dirfd, tmp, dirfd, name) < 0) {
		int saved = errno;

		(void)unlinkat(dirfd, tmp, 0);
		return err_sys(e, saved, "publish %s", name);
	}
	return 0;
}

/*
 * Removing a tree holds a descriptor for each level that it is deep in, and a container may nest
 * directories as deep as it likes. So what lies below SWEEP_DEPTH is first moved up to the top.
 */
enum { SWEEP_DEPTH = 32 };

struct sweep {
	int top;
	unsigned int moved;
};

static int sweep_dir(struct sweep *w, int fd, int depth, struct err *e);

/* A directory that it is safe to empty: no link, no mount point. */
static int open_sub(int dirfd, const char *name, mode_t mode, struct err *e)
{
	int fd;

	if ((mode & 0700) != 0700) /* if that fails, so does the open, and says why */
		(void)!fchmodat(dirfd, name, (mode & 07777) | 0700, AT_SYMLINK_NOFOLLOW);
	fd = open_how(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
	              RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return err_sys(e, errno, "open %s", name);
	return fd;
}

/* A directory never replaces anything but an empty directory, so no name has to be free first. */
static int move_to_top(struct sweep *w, int dirfd, const char *name, struct err *e)
{
	char to[32];

	do {
		(void)snprintf(to, sizeof(to), ".swept.%u", w->moved++);
		if (renameat(dirfd, name, w->top, to) == 0)
			return 0;
	} while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
	return err_sys(e, errno, "move %s", name);
}

static int remove_entry(struct sweep *w, int dirfd, const char *name, int depth, struct err *e)
{
	struct stat st;
	int sub;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "stat %s", name);
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return err_sys(e, errno, "remove %s", name);
		return 0;
	}
	sub = open_sub(dirfd, name, st.st_mode, e);
	if (sub < 0)
		return -1;
	if (depth == SWEEP_DEPTH) {
		close_fd(&sub);
		return move_to_top(w, dirfd, name, e);
	}
	if (sweep_dir(w, sub, depth + 1, e) < 0)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, errno, "remove %s", name);
	return 0;
}

/* Empty the directory fd (consumed). */
static int sweep_dir(struct sweep *w, int fd, int depth, struct err *e)
{
	DIR *d = fdopendir(fd);
	struct dirent *ent;
	int r = 0;

	if (!d) {
		r = err_sys(e, errno, "open directory");
		(void)close(fd);
		return r;
	}
	while (r == 0 && (ent = readdir(d))) {
		if (streq(ent->d_name, ".") || streq(ent->d_name, ".."))
			continue;
		if (ent->d_type != DT_DIR && ent->d_type != DT_UNKNOWN &&
		    unlinkat(dirfd(d), ent->d_name, 0) == 0)
			continue;
		r = remove_entry(w, dirfd(d), ent->d_name, depth, e);
	}
	(void)closedir(d);
	return r;
}

int fs_remove_tree(int dirfd, const char *name, struct err *e)
{
	struct sweep w = {0};
	autoclose int top = -1;
	unsigned int before;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "stat %s", name);
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return err_sys(e, errno, "remove %s", name);
		return 0;
	}
	w.top = top = open_sub(dirfd, name, st.st_mode, e);
	if (top < 0)
		return -1;
	do {
		int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		before = w.moved;
		if (fd < 0)
			return err_sys(e, errno, "open %s", name);
		if (sweep_dir(&w, fd, 0, e) < 0)
			return err_wrap(e, "%s", name);
	} while (w.moved != before);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, errno, "remove %s", name);
	return 0;
}

const char *fs_type_name(int fd, char buf[24])
{
	static const struct {
		unsigned long magic;
		const char *name;
	} names[] = {
		{0xef53, "ext4"},        {0x01021994, "tmpfs"},  {0x6969, "nfs"},
		{0x65735546, "fuse"},    {0x9123683e, "btrfs"},  {0x58465342, "xfs"},
		{0x794c7630, "overlay"}, {0xff534d42, "cifs"},   {0xfe534d42, "smb2"},
		{0x2fc12fc1, "zfs"},     {0xf2f52010, "f2fs"},   {0x4d44, "vfat"},
		{0x01021997, "9p"},      {0x786f4256, "vboxsf"},
	};
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return "unknown";
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if ((unsigned long)st.f_type == names[i].magic)
			return names[i].name;
	(void)snprintf(buf, 24, "type %lx", (unsigned long)st.f_type);
	return buf;
}
