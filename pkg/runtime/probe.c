/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - can this directory hold images? See probe.h
 *
 * Theory of operation: a scratch directory is made, given to the container's root, and a child in a
 * mapped user namespace tries there what unpacking and running an image will do. Its answers come
 * back in shared memory. The verdict is written to the file "probe" with a key of everything that
 * could change it.
 */
#include "pkg/runtime/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#include "pkg/runtime/rootfs.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

static const char cache_name[] = "probe";

enum { CACHE_MAX = 1024, CONTAINER_ID = 1 };

struct trial {
	int dirfd; /* the scratch directory */
	struct storage_probe *out;
};

/* ---- the cache ---- */

/* Everything that the verdict depends on, in one line. */
static char *cache_key(const struct idmap *m, int dirfd)
{
	autostrbuf struct strbuf boot = {0};
	struct err ignored = {0};
	struct utsname u = {0};
	struct stat st = {0};
	char fs[24];

	(void)uname(&u);
	(void)fstat(dirfd, &st);
	(void)fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot, &ignored);
	if (boot.len)
		boot.s[strcspn(boot.s, "\n")] = '\0';
	return xasprintf("%ju %s %s %s %u %u %d " KP_VERSION, (uintmax_t)st.st_dev,
	                 fs_type_name(dirfd, fs), boot.s ? boot.s : "-", u.release,
	                 (unsigned int)geteuid(), m->uid[0].outside, m->single);
}

static bool cache_read(int dirfd, const char *key, struct storage_probe *ret)
{
	autostrbuf struct strbuf text = {0};
	int64_t n[6];
	const char *at;
	struct err ignored = {0};
	size_t len = strlen(key);

	if (fd_read_file(dirfd, cache_name, CACHE_MAX, &text, &ignored) < 0 || text.len < len + 1 ||
	    memcmp(text.s, key, len) != 0 || text.s[len] != '\n')
		return false;
	at = text.s + len + 1;
	for (size_t i = 0; i < ARRAY_LEN(n); i++)
		if (str_next_int(&at, 0, i < 4 ? 1 : INT_MAX, &n[i]) < 0)
			return false;
	ret->chown_ok = n[0];
	ret->xattr_ok = n[1];
	ret->whiteout_ok = n[2];
	ret->overlay_ok = n[3];
	ret->chown_errno = (int)n[4];
	ret->overlay_errno = (int)n[5];
	ret->cached = true;
	return true;
}

/* Losing it costs a millisecond next time. */
static void cache_write(int dirfd, const char *key, const struct storage_probe *p)
{
	autofree char *text =
		xasprintf("%s\n%d %d %d %d %d %d\n", key, p->chown_ok, p->xattr_ok, p->whiteout_ok,
	                  p->overlay_ok, p->chown_errno, p->overlay_errno);
	struct err ignored = {0};

	(void)fs_write_atomic(dirfd, cache_name, text, strlen(text), 0600, false, &ignored);
}

/* ---- the trial, in the child ---- */

static void try_file(const struct trial *t)
{
	autoclose int fd = openat(t->dirfd, "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		t->out->chown_errno = errno;
		return;
	}
	t->out->chown_ok = fchown(fd, CONTAINER_ID, CONTAINER_ID) == 0;
	t->out->chown_errno = t->out->chown_ok ? 0 : errno;
	t->out->xattr_ok = fsetxattr(fd, "user.overlay.probe", "y", 1, 0) == 0;
}

static void try_whiteout(const struct trial *t)
{
	t->out->whiteout_ok = mknodat(t->dirfd, "whiteout", S_IFCHR, makedev(0, 0)) == 0 &&
	                      mknodat(t->dirfd, "a", S_IFREG | 0600, 0) == 0 &&
	                      renameat2(t->dirfd, "a", t->dirfd, "b", RENAME_WHITEOUT) == 0;
}

static void try_overlay(const struct trial *t)
{
	static const char *const names[] = {"lower", "upper", "work"};
	int fds[3] = {-1, -1, -1}, tree = -1;
	struct err e = {0};

	for (size_t i = 0; i < 3; i++) {
		fds[i] = fs_open_dir(t->dirfd, names[i], 0700, &e);
		if (fds[i] < 0)
			goto out;
	}
	tree = rootfs_overlay(fds, 1, fds[1], fds[2], &e);
	t->out->overlay_ok = tree >= 0 && mkdirat(tree, "made", 0700) == 0;
	if (tree >= 0 && !t->out->overlay_ok)
		e.sys = errno;
out:
	t->out->overlay_errno = t->out->overlay_ok ? 0 : e.sys;
	close_fd(&tree);
	fd_close_many(fds, 3);
}

static void clean(int dirfd)
{
	static const char *const names[] = {"file", "whiteout", "a", "b", "lower", "upper", "work"};
	struct err ignored = {0};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)fs_remove_tree(dirfd, names[i], &ignored);
}

/* The kernel takes layers only from mounts of the present mount namespace: find the directory anew
 * in it. */
static int trial_early(void *arg, struct err *e)
{
	struct trial *t = arg;
	int here;
	char path[PATH_MAX], link[40];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", t->dirfd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return err_sys(e, errno, "readlink %s", link);
	path[n] = '\0';
	here = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (here < 0)
		return err_sys(e, errno, "open %s", path);
	t->dirfd = here;
	return 0;
}

static int trial_main(void *arg, struct err *e)
{
	struct trial *t = arg;

	UNUSED(e);
	try_file(t);
	try_whiteout(t);
	try_overlay(t);
	clean(t->dirfd);
	return 0;
}

static int run_trial(const struct idmap *m, int dirfd, const char *name, struct storage_probe *out,
                     struct err *e)
{
	struct trial t = {.out = out};
	autoclose int scratch = fs_open_dir(dirfd, name, 0700, e);
	int64_t uid = idmap_host_uid(m, 0), gid = idmap_host_gid(m, 0);

	if (scratch < 0)
		return -1;
	if (m->as_root && fchown(scratch, (uid_t)uid, (gid_t)gid) < 0)
		return err_sys(e, errno, "give %s to uid %lld", name, (long long)uid);
	t.dirfd = scratch;
	return userns_run_early(m, trial_early, trial_main, &t, e);
}

int storage_probe_run(const struct idmap *m, int dirfd, const char *dir, struct storage_probe *ret,
                      struct err *e)
{
	autofree char *key = cache_key(m, dirfd), *name = xasprintf(".probe.%d", (int)getpid());
	struct storage_probe *shared;
	struct err ignored = {0};
	int r;

	*ret = (struct storage_probe){0};
	(void)snprintf(ret->fs, sizeof(ret->fs), "%s", fs_type_name(dirfd, (char[24]){0}));
	if (cache_read(dirfd, key, ret))
		return 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (shared == MAP_FAILED)
		return err_sys(e, errno, "mmap");
	*shared = *ret;
	r = run_trial(m, dirfd, name, shared, e);
	*ret = *shared;
	(void)munmap(shared, sizeof(*shared));
	(void)fs_remove_tree(dirfd, name, &ignored);
	if (r < 0)
		return err_wrap(e, "probe %s", dir);
	cache_write(dirfd, key, ret);
	return 0;
}

/* ---- the verdict ---- */

static int add_fixes(struct err *e)
{
	return err_hint(
		e,
		"keep images on a local disk: kubeplay --root DIR ..., or KUBEPLAY_ROOT=DIR in the environment");
}

int storage_probe_verdict(const struct storage_probe *p, const struct idmap *m, const char *dir,
                          struct err *e)
{
	if (!p->chown_ok && !(m->single && p->chown_errno == EINVAL)) {
		if (p->chown_errno == EINVAL) {
			(void)err_set(
				e, ERR_HOST,
				"%s (%s): files cannot be given to sub-ids: the mapping does not reach id 1",
				dir, p->fs);
			return err_hint(
				e,
				"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER");
		}
		(void)err_sys(e, p->chown_errno,
		              "%s is on %s, which refuses to give files to your sub-ids (chown)",
		              dir, p->fs);
		return add_fixes(e);
	}
	if (!p->xattr_ok || !p->whiteout_ok) {
		(void)err_set(e, ERR_HOST, "%s is on %s, which has no %s: overlay needs them", dir,
		              p->fs,
		              p->xattr_ok ? "whiteouts (mknod c 0 0, RENAME_WHITEOUT)"
		                          : "user extended attributes");
		return add_fixes(e);
	}
	if (!p->overlay_ok) {
		(void)err_sys(e, p->overlay_errno,
		              "%s is on %s, which cannot be the upper layer of an overlay", dir,
		              p->fs);
		return add_fixes(e);
	}
	return 0;
}
