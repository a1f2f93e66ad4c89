/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - see writer.h */
#include "pkg/image/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

enum {
	NAME_LIMIT = 255,
	PATH_LIMIT = PATH_MAX - 1,
	DIRS_IN_MEMORY = 4 << 20, /* then a temporary file */
	XATTR_LIMIT = 64 << 10,
	EARLY_WRITEBACK = 1 << 20,
};

static const char whiteout_prefix[] = ".wh.";
static const char aufs_prefix[] = ".wh..wh.";
static const char opaque_name[] = ".wh..wh..opq";

void writer_init(struct writer *w, int root_fd, int spill_fd)
{
	*w = (struct writer){
		.root_fd = root_fd, .spill_fd = spill_fd, .parent_fd = -1, .fd = -1, .dirs_fd = -1};
}

void writer_done(struct writer *w)
{
	close_fd(&w->parent_fd);
	close_fd(&w->fd);
	close_fd(&w->dirs_fd);
	strbuf_done(&w->dirs);
	free(w->parent);
	free(w->path);
	w->parent = w->path = NULL;
}

/* --- errors ------------------------------------------------------------------------------------
 */

static int refuse(const char *name, const char *why, struct err *e)
{
	autofree char *shown = str_sanitize(name, MIN(strlen(name), (size_t)200));

	return err_set(e, ERR_IMAGE, "entry \"%s\": %s", shown, why);
}

/* What the kernel said about an entry: the image's fault or this machine's? */
static int failed(const struct writer *w, int num, const char *what, struct err *e)
{
	autofree char *shown = str_sanitize(w->path, MIN(strlen(w->path), (size_t)200));
	enum err_kind kind = ERR_HOST;

	if (num == ELOOP || num == ENOTDIR || num == ENAMETOOLONG || num == EFBIG || num == EISDIR)
		kind = ERR_IMAGE;
	return err_sys_kind(e, kind, num, "%s \"%s\"", what, shown);
}

/* --- names -------------------------------------------------------------------------------------
 */

/* "a/b/c" without empty and "." parts, "" for the top; NULL with *e for what must not be. Owned. */
static char *clean_name(const char *name, struct err *e)
{
	size_t total = strlen(name), out = 0;

	if (total > PATH_LIMIT) {
		(void)refuse(name, "the name is longer than 4095 bytes", e);
		return NULL;
	}
	autofree char *clean = xcalloc(1, total + 1);

	for (const char *p = name; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && memcmp(p, "..", 2) == 0) {
			(void)refuse(name, "\"..\" in the name", e);
			return NULL;
		}
		if (len > NAME_LIMIT) {
			(void)refuse(name, "a part of the name is longer than 255 bytes", e);
			return NULL;
		}
		if (len && !(len == 1 && *p == '.')) {
			if (out)
				clean[out++] = '/';
			memcpy(clean + out, p, len);
			out += len;
		}
		p += len;
		p += *p == '/';
	}
	return take_ptr(clean);
}

/* True if a directory on the way is named like a whiteout. */
static bool below_whiteout(const char *path)
{
	for (const char *p = path, *slash; (slash = strchr(p, '/')); p = slash + 1)
		if (starts_with(p, whiteout_prefix))
			return true;
	return false;
}

/* --- parents -----------------------------------------------------------------------------------
 */

static int open_parent(struct writer *w, const char *dir, struct err *e)
{
	struct stat st;
	int fd = fs_open_in(w->root_fd, *dir ? dir : ".", O_PATH | O_DIRECTORY, 0, 0);

	if (fd < 0 && errno == ENOENT)
		fd = fs_mkdir_in(w->root_fd, dir, 0755, e);
	if (fd < 0)
		return failed(w, e->kind != ERR_NONE ? e->sys : errno, "open the directory of", e);
	if (fstat(fd, &st) < 0) {
		(void)close(fd);
		return failed(w, errno, "look at the directory of", e);
	}
	close_fd(&w->parent_fd);
	w->parent_fd = fd;
	w->parent_setgid = st.st_mode & S_ISGID;
	w->stale = false;
	return 0;
}

/* Split path into parent (opened, kept) and base. */
static int enter_parent(struct writer *w, struct err *e)
{
	char *slash = strrchr(w->path, '/');
	size_t len = slash ? (size_t)(slash - w->path) : 0;

	w->base = slash ? slash + 1 : w->path;
	if (!w->stale && w->parent_fd >= 0 && strlen(w->parent) == len &&
	    memcmp(w->parent, w->path, len) == 0)
		return 0;
	autofree char *dir = xstrndup(w->path, len);

	if (open_parent(w, dir, e) < 0)
		return -1;
	free(w->parent);
	w->parent = take_ptr(dir);
	return 0;
}

/* --- whiteouts ---------------------------------------------------------------------------------
 */

static int set_opaque(const struct writer *w, int dir_fd, const char *name, struct err *e)
{
	autoclose int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0)
		return failed(w, errno, "mark as opaque the directory of", e);
	return 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/*
 * A whiteout speaks of lower layers only: if this layer has that name too, in whichever order, the
 * name stays, and a directory becomes opaque.
 */
static int make_whiteout(struct writer *w, struct err *e)
{
	const char *name = w->base + strlen(whiteout_prefix);
	struct stat st;

	if (streq(w->base, opaque_name))
		return set_opaque(w, w->parent_fd, ".", e);
	if (starts_with(w->base, aufs_prefix)) {
		w->skipped++; /* bookkeeping of aufs */
		return 0;
	}
	if (!*name || streq(name, ".") || streq(name, ".."))
		return refuse(w->path, "a whiteout without a name", e);
	if (mknodat(w->parent_fd, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST || fstatat(w->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(w, errno, "make whiteout", e);
	return S_ISDIR(st.st_mode) ? set_opaque(w, w->parent_fd, name, e) : 0;
}

/* --- making objects ----------------------------------------------------------------------------
 */

static int make_hardlink(struct writer *w, const char *target, struct err *e)
{
	autofree char *path = clean_name(target, e);
	autoclose int dir_fd = -1;
	const char *base;
	char *slash;

	if (!path)
		return -1;
	slash = strrchr(path, '/');
	base = slash ? slash + 1 : path;
	if (!*base)
		return refuse(w->path, "a hard link to the top directory", e);
	if (slash)
		*slash = '\0';
	dir_fd = fs_open_in(w->root_fd, slash ? path : ".", O_PATH | O_DIRECTORY, 0, 0);
	if (dir_fd < 0)
		return errno == ENOENT
		               ? refuse(w->path, "a hard link to what this layer has not", e)
		               : failed(w, errno, "open the target of hard link", e);
	struct stat from, to;

	if (fstatat(dir_fd, base, &from, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
		               ? refuse(w->path, "a hard link to what this layer has not", e)
		               : failed(w, errno, "look at the target of hard link", e);
	if (S_ISDIR(from.st_mode) || is_whiteout(&from))
		return refuse(w->path, "a hard link to a directory or whiteout", e);
	if (fstatat(w->parent_fd, w->base, &to, AT_SYMLINK_NOFOLLOW) == 0 &&
	    from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		return 0;
	return linkat(dir_fd, base, w->parent_fd, w->base, 0);
}

static mode_t first_mode(const struct writer_entry *ent)
{
	return ent->uid || ent->gid || (ent->mode & 07000) ? 0600 : ent->mode & 0777;
}

/* 0, or -1: with e->kind set it is an error already, else errno tells. */
static int make_object(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	switch (ent->type) {
	case WRITER_FILE:
		w->fd = openat(w->parent_fd, w->base,
		               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		               first_mode(ent));
		return w->fd < 0 ? -1 : 0;
	case WRITER_DIR:
		return mkdirat(w->parent_fd, w->base, 0700);
	case WRITER_SYMLINK:
		return symlinkat(ent->link, w->parent_fd, w->base);
	case WRITER_HARDLINK:
		return make_hardlink(w, ent->link, e);
	case WRITER_FIFO:
		return mknodat(w->parent_fd, w->base, S_IFIFO | 0600, 0);
	case WRITER_OTHER:
	default:
		errno = EPERM;
		return -1;
	}
}

/* Make room for ent; 1 if what exists is a directory and shall stay, 2 if it was a whiteout. */
static int clear_way(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	struct stat st;

	if (fstatat(w->parent_fd, w->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(w, errno, "look at", e);
	if (S_ISDIR(st.st_mode) && ent->type == WRITER_DIR)
		return 1;
	w->stale = true; /* the kept parent may be in what goes */
	if (fs_remove_tree(w->parent_fd, w->base, e) < 0)
		return err_wrap(e, "replace \"%s\"", w->path);
	return is_whiteout(&st) ? 2 : 0;
}

static int make_or_replace(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	int way = 0;

	if (make_object(w, ent, e) == 0)
		return 0;
	if (e->kind != ERR_NONE)
		return -1;
	if (errno == EEXIST) {
		way = clear_way(w, ent, e);
		if (way < 0)
			return -1;
		if (way == 1 || make_object(w, ent, e) == 0)
			return way == 2 && ent->type == WRITER_DIR
			               ? set_opaque(w, w->parent_fd, w->base, e)
			               : 0;
	}
	return e->kind != ERR_NONE ? -1 : failed(w, errno, "make", e);
}

static int check_entry(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	if (ent->type == WRITER_SYMLINK && (!*ent->link || strlen(ent->link) > PATH_LIMIT))
		return refuse(w->path, "a symbolic link without a target, or with a too long one",
		              e);
	if (ent->type == WRITER_FILE && ent->size < 0)
		return refuse(w->path, "a negative size", e);
	if (ent->uid < 0 || ent->gid < 0 || ent->uid > UINT32_MAX - 1 || ent->gid > UINT32_MAX - 1)
		return refuse(w->path, "owner out of range", e);
	return 0;
}

int writer_make(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	close_fd(&w->fd);
	w->end = 0;
	free(w->path);
	w->path = clean_name(ent->name, e);
	if (!w->path || check_entry(w, ent, e) < 0)
		return -1;
	w->entries++;
	if (!*w->path) {
		w->base = w->path;
		return ent->type == WRITER_DIR ? 1 : refuse("/", "the top is not a directory", e);
	}
	if (below_whiteout(w->path)) {
		w->skipped++;
		return 0;
	}
	if (enter_parent(w, e) < 0)
		return -1;
	if (starts_with(w->base, whiteout_prefix))
		return make_whiteout(w, e);
	if (ent->type == WRITER_OTHER) {
		w->skipped++;
		return 0;
	}
	if (make_or_replace(w, ent, e) < 0)
		return -1;
	return ent->type != WRITER_HARDLINK;
}

int writer_data(struct writer *w, int64_t offset, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	while (len) {
		ssize_t n = pwrite(w->fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(w, errno, "write", e);
		p += n;
		len -= (size_t)n;
		offset += n;
		w->bytes += (uint64_t)n;
	}
	w->end = MAX(w->end, offset);
	return 0;
}

/* --- owner, mode, xattrs, times ----------------------------------------------------------------
 */

/* The name by which a path call reaches the object: the top has none of its own. */
static int at_fd(const struct writer *w)
{
	return *w->path ? w->parent_fd : w->root_fd;
}

static const char *at_name(const struct writer *w)
{
	return *w->path ? w->base : ".";
}

static int owner_error(const struct writer *w, const struct writer_entry *ent, int num,
                       struct err *e)
{
	(void)failed(w, num, "chown", e);
	if (num == EINVAL)
		return err_hint(e,
		                "it belongs to %lld:%lld, which the sub-id range does not reach: "
		                "enlarge it (usermod --add-subuids ... --add-subgids ...)",
		                (long long)ent->uid, (long long)ent->gid);
	return -1;
}

/* Where only id 0 exists the owner is noted as containers' tools do it. */
static void note_owner(struct writer *w, const struct writer_entry *ent)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%lld:%lld:0%o", (long long)ent->uid,
	                 (long long)ent->gid, ent->mode & 07777);

	if (ent->type == WRITER_FILE)
		(void)fsetxattr(w->fd, "user.containers.override_stat", text, (size_t)n, 0);
}

static int set_owner(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	int r;

	/* We make everything as 0:0, but for a directory that hands its group down. */
	if (!ent->uid && !ent->gid && (!w->parent_setgid || !*w->path))
		return 0;
	if (w->ignore_owner) {
		note_owner(w, ent);
		return 0;
	}
	r = ent->type == WRITER_FILE ? fchown(w->fd, (uid_t)ent->uid, (gid_t)ent->gid)
	                             : fchownat(at_fd(w), at_name(w), (uid_t)ent->uid,
	                                        (gid_t)ent->gid, AT_SYMLINK_NOFOLLOW);
	return r < 0 ? owner_error(w, ent, errno, e) : 0;
}

int writer_owner(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	mode_t mode = ent->mode & 07777;
	int r = 0;

	/* The length first: changing it later would clear what follows. */
	if (ent->type == WRITER_FILE && ent->size > w->end && ftruncate(w->fd, ent->size) < 0)
		return failed(w, errno, "set the size of", e);
	if (set_owner(w, ent, e) < 0)
		return -1;
	if (ent->type == WRITER_FILE && mode != first_mode(ent))
		r = fchmod(w->fd, mode);
	else if (ent->type == WRITER_DIR || ent->type == WRITER_FIFO)
		r = fchmodat(at_fd(w), at_name(w), mode, 0);
	return r < 0 ? failed(w, errno, "chmod", e) : 0;
}

static bool wanted_xattr(const char *name)
{
	if (streq(name, "security.capability"))
		return true;
	return starts_with(name, "user.") && !starts_with(name, "user.overlay.") &&
	       !streq(name, "user.containers.override_stat");
}

static void xattr_lost(struct writer *w, const char *name, int num)
{
	bool caps = streq(name, "security.capability");
	autofree char *shown = str_sanitize(w->path, MIN(strlen(w->path), (size_t)200));
	autofree char *text = NULL;

	if (caps && !w->warned_caps && w->warn) {
		w->warned_caps = true;
		text = xasprintf("file capabilities cannot be stored here (%s: %s)", shown,
		                 strerror(num));
		w->warn(text, w->arg);
	}
	log_debug("layer: %s: xattr %s: %s", shown, caps ? name : "user.*", strerror(num));
}

int writer_xattr(struct writer *w, const struct writer_entry *ent, const char *name,
                 const void *value, size_t size, struct err *e)
{
	autoclose int opened = -1;
	int fd = w->fd;

	if (!wanted_xattr(name) || size > XATTR_LIMIT || strlen(name) > NAME_LIMIT ||
	    (ent->type != WRITER_FILE && ent->type != WRITER_DIR))
		return 0;
	if (ent->type == WRITER_DIR) {
		opened = openat(at_fd(w), at_name(w),
		                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (opened < 0)
			return failed(w, errno, "open", e);
		fd = opened;
	}
	if (fsetxattr(fd, name, value, size, 0) == 0)
		return 0;
	if (errno == ENOSPC || errno == EDQUOT)
		return failed(w, errno, "set an extended attribute of", e);
	xattr_lost(w, name, errno);
	return 0;
}

/* [seconds][nanoseconds][length][name] */
struct dir_time {
	int64_t sec;
	uint32_t nsec, len;
};

static int spill_dirs(struct writer *w, struct err *e)
{
	if (w->dirs_fd < 0)
		w->dirs_fd = openat(w->spill_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (w->dirs_fd < 0)
		return err_sys(e, errno, "make a temporary file");
	if (fd_write_all(w->dirs_fd, w->dirs.s, w->dirs.len, e) < 0)
		return err_wrap(e, "temporary file");
	strbuf_clear(&w->dirs);
	return 0;
}

static int note_dir(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	struct dir_time t = {ent->mtime, (uint32_t)ent->mtime_ns, (uint32_t)strlen(w->path)};

	strbuf_add(&w->dirs, &t, sizeof(t));
	strbuf_add(&w->dirs, w->path, t.len);
	return w->dirs.len < DIRS_IN_MEMORY ? 0 : spill_dirs(w, e);
}

int writer_finish(struct writer *w, const struct writer_entry *ent, struct err *e)
{
	const struct timespec t[2] = {{ent->mtime, ent->mtime_ns}, {ent->mtime, ent->mtime_ns}};
	int r;

	if (ent->type == WRITER_DIR)
		return note_dir(w, ent, e);
	r = ent->type == WRITER_FILE ? futimens(w->fd, t)
	                             : utimensat(w->parent_fd, w->base, t, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		log_debug("layer: set times: %s", strerror(errno));
	/* Large files start on their way to the disk now, so that the sync at the end is short. */
	if (ent->type == WRITER_FILE && w->end >= EARLY_WRITEBACK)
		(void)sync_file_range(w->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	close_fd(&w->fd);
	return 0;
}

static void set_dir_time(const struct writer *w, const char *path, const struct dir_time *t)
{
	const struct timespec ts[2] = {{t->sec, t->nsec}, {t->sec, t->nsec}};
	const char *slash = strrchr(path, '/');
	autofree char *dir = xstrndup(path, slash ? (size_t)(slash - path) : 0);
	autoclose int fd = -1;
	struct stat st;

	if (!*path) {
		(void)futimens(w->root_fd, ts);
		return;
	}
	fd = fs_open_in(w->root_fd, *dir ? dir : ".", O_PATH | O_DIRECTORY, 0, 0);
	path = slash ? slash + 1 : path;
	if (fd >= 0 && fstatat(fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		(void)utimensat(fd, path, ts, AT_SYMLINK_NOFOLLOW);
}

/* Set what stands in buf; returns the bytes used (a record may be cut at the end). */
static size_t set_dir_times(const struct writer *w, const char *buf, size_t len)
{
	size_t at = 0;
	struct dir_time t;

	while (len - at >= sizeof(t)) {
		memcpy(&t, buf + at, sizeof(t));
		if (len - at - sizeof(t) < t.len)
			break;
		autofree char *path = xstrndup(buf + at + sizeof(t), t.len);

		set_dir_time(w, path, &t);
		at += sizeof(t) + t.len;
	}
	return at;
}

int writer_end(struct writer *w, struct err *e)
{
	autostrbuf struct strbuf part = {0};
	char buf[65536];
	ssize_t n;

	if (w->dirs_fd >= 0) {
		if (spill_dirs(w, e) < 0)
			return -1;
		(void)lseek(w->dirs_fd, 0, SEEK_SET);
		while ((n = read(w->dirs_fd, buf, sizeof(buf))) > 0) {
			strbuf_add(&part, buf, (size_t)n);
			strbuf_consume(&part, set_dir_times(w, part.s, part.len));
		}
		if (n < 0)
			return err_sys(e, errno, "read temporary file");
	}
	if (w->dirs.len)
		(void)set_dir_times(w, w->dirs.s, w->dirs.len);
	return 0;
}
