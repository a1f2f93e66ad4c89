/* SPDX-License-Identifier: Apache-2.0 */
/* volume.c - see volume.h */
#include "pkg/pod/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "pkg/pod/hostpath.h"
#include "pkg/runtime/mnt.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

enum { SHM_SIZE = 64 << 20 };

struct maker {
	const struct volume_place *at;
	const struct plan_pod *pod;
	const struct plan_data *data;
	int *trees;
	size_t tree_count, tree_at;
	struct volumes *v;
};

static int as_path(int dirfd, const char *name, struct err *e)
{
	int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(e, errno, "open %s", name) : fd;
}

/* A new directory with exactly this mode, whatever the umask. */
static int new_dir(int dirfd, const char *name, mode_t mode, struct err *e)
{
	if (mkdirat(dirfd, name, 0700) < 0)
		return err_sys(e, errno, "mkdir %s", name);
	if (fchmodat(dirfd, name, mode, 0) < 0)
		return err_sys(e, errno, "chmod %s", name);
	return 0;
}

/* A tmpfs on a new directory of the private tmpfs; the name and mode appear in the pod. */
static int new_tmpfs(int dirfd, const char *name, int64_t size, struct err *e)
{
	char text[32];
	struct mnt_opt opts[] = {{"mode", "1777"}, {size ? "size" : NULL, text}, {NULL, NULL}};
	autoclose int fd = -1;

	(void)snprintf(text, sizeof(text), "%lld", (long long)size);
	if (mkdirat(dirfd, name, 0700) < 0)
		return err_sys(e, errno, "mkdir %s", name);
	fd = mnt_new("tmpfs", opts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	if (fd < 0)
		return -1;
	if (mnt_attach(fd, dirfd, name) < 0)
		return err_sys(e, errno, "mount tmpfs on %s", name);
	return 0;
}

static int make_empty_dir(struct maker *m, const struct plan_volume *v, struct err *e)
{
	autofree char *name = xasprintf("volume-%s", v->name);
	autoclose int dir = -1;

	if (v->memory)
		return new_tmpfs(m->v->private_fd, name, v->size_limit, e) < 0
		               ? -1
		               : as_path(m->v->private_fd, name, e);
	dir = fs_open_dir(m->v->pod_fd, "volumes", 0700, e);
	if (dir < 0 || new_dir(dir, v->name, 0777, e) < 0)
		return -1;
	return as_path(dir, v->name, e);
}

static int make_files(struct maker *m, const struct plan_volume *v, struct err *e)
{
	autofree char *name = xasprintf("volume-%s", v->name);
	autoclose int dir = -1;

	/* The kubelet's modes: all but a ConfigMap are a tmpfs of their own. */
	if (new_dir(m->v->private_fd, name, v->secret || v->memory ? 01777 : 0777, e) < 0)
		return -1;
	dir = openat(m->v->private_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, errno, "open %s", name);
	if (projection_write(dir, v, m->data, e) < 0)
		return -1;
	return as_path(m->v->private_fd, name, e);
}

/* As root: attach the detached mount that the command line made, where we can see it. */
static int attach_tree(struct maker *m, const struct plan_volume *v, struct err *e)
{
	autofree char *name = xasprintf("volume-%s", v->name);
	int tree = m->tree_at < m->tree_count ? m->trees[m->tree_at++] : -1;
	struct stat st;

	if (tree < 0 || fstat(tree, &st) < 0)
		return err_set(e, ERR_HOST, "hostPath %s: its mount is missing", v->host_path);
	if (S_ISDIR(st.st_mode)) {
		if (mkdirat(m->v->private_fd, name, 0700) < 0)
			return err_sys(e, errno, "mkdir %s", name);
	} else if (mknodat(m->v->private_fd, name, S_IFREG | 0600, 0) < 0) {
		return err_sys(e, errno, "create %s", name);
	}
	if (mnt_attach(tree, m->v->private_fd, name) < 0)
		return err_sys(e, errno, "hostPath %s: attach", v->host_path);
	return as_path(m->v->private_fd, name, e);
}

static int make_host_path(struct maker *m, const struct plan_volume *v, struct err *e)
{
	autoclose int fd = -1;

	if (m->trees)
		fd = attach_tree(m, v, e);
	else if ((fd = open(v->host_path, O_PATH | O_CLOEXEC)) < 0)
		return err_sys(e, errno, "hostPath %s", v->host_path);
	if (fd < 0 || hostpath_check(v, fd, e) < 0)
		return -1;
	return take_fd(&fd);
}

static int make_claim(struct maker *m, const struct plan_volume *v, struct err *e)
{
	autofree char *path = xasprintf("volumes/%s", m->at->claim_namespace);
	autoclose int dir = dirs_open_data(m->at->dirs, path, false, e);
	int fd;

	if (dir < 0)
		return -1;
	fd = openat(dir, v->claim, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "claim %s", v->claim) : fd;
}

typedef int make_volume(struct maker *m, const struct plan_volume *v, struct err *e);

static make_volume *const makers[] = {
	[PLAN_EMPTY_DIR] = make_empty_dir,
	[PLAN_HOST_PATH] = make_host_path,
	[PLAN_FILES] = make_files,
	[PLAN_CLAIM] = make_claim,
	[PLAN_EPHEMERAL] = make_empty_dir,
	[PLAN_IMAGE] = make_empty_dir, /* stays empty: not supported yet, and the user was told */
};

static int make_places(struct maker *m, struct err *e)
{
	struct volumes *v = m->v;
	autoclose int pods = fs_open_dir(m->at->data_fd, "pods", 0700, e);

	if (pods < 0)
		return -1;
	v->pod_fd = fs_open_dir(pods, m->pod->name, 0700, e);
	v->private_fd = fs_open_dir(m->at->private_fd, m->pod->name, 0700, e);
	if (v->pod_fd < 0 || v->private_fd < 0)
		return -1;
	if (new_tmpfs(v->private_fd, "shm", SHM_SIZE, e) < 0)
		return -1;
	v->shm_fd = as_path(v->private_fd, "shm", e);
	return v->shm_fd;
}

int volumes_make(const struct volume_place *at, const struct plan_pod *pod,
                 const struct plan_data *data, int *trees, size_t tree_count, struct volumes *ret,
                 struct err *e)
{
	struct maker m = {at, pod, data, trees, tree_count, 0, ret};
	int r = 0;

	*ret = (struct volumes){.shm_fd = -1,
	                        .hosts_fd = -1,
	                        .hostname_fd = -1,
	                        .resolv_fd = -1,
	                        .pod_fd = -1,
	                        .private_fd = -1};
	ret->fds = xcalloc(pod->volumes_count + 1, sizeof(*ret->fds));
	if (make_places(&m, e) < 0)
		r = -1;
	for (uint32_t i = 0; r == 0 && i < pod->volumes_count; i++) {
		const struct plan_volume *v = &pod->volumes[i];
		int fd = makers[v->type](&m, v, e);

		if (fd < 0)
			r = err_wrap(e, "volume %s", v->name);
		else
			ret->fds[ret->len++] = fd;
	}
	if (trees)
		fd_close_many(trees, tree_count);
	if (r < 0)
		volumes_done(ret, at, pod->name);
	return r;
}

static int write_etc(struct volumes *v, const char *name, const char *text, int *fd, struct err *e)
{
	autoclose int out = openat(v->private_fd, name,
	                           O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (out < 0)
		return err_sys(e, errno, "create %s", name);
	if (fchmod(out, 0644) < 0)
		return err_sys(e, errno, "chmod %s", name);
	if (fd_write_all(out, text ? text : "", text ? strlen(text) : 0, e) < 0)
		return err_wrap(e, "%s", name);
	if (*fd < 0)
		*fd = as_path(v->private_fd, name, e);
	return *fd < 0 ? -1 : 0;
}

int volumes_etc(struct volumes *v, const struct net_files *f, struct err *e)
{
	if (write_etc(v, "hosts", f->hosts, &v->hosts_fd, e) < 0 ||
	    write_etc(v, "hostname", f->hostname, &v->hostname_fd, e) < 0 ||
	    write_etc(v, "resolv.conf", f->resolv_conf, &v->resolv_fd, e) < 0)
		return -1;
	return 0;
}

/* Detach every mount below the pod's private directory, then remove the directory itself. */
static void unmount_all(int private_fd)
{
	int fd = openat(private_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((ent = readdir(d))) {
		char path[64 + NAME_MAX];

		if (streq(ent->d_name, ".") || streq(ent->d_name, ".."))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", private_fd, ent->d_name);
		(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW); /* most are no mounts: fine */
	}
	(void)closedir(d);
}

void volumes_done(struct volumes *v, const struct volume_place *at, const char *pod)
{
	struct err e = {0};

	if (!v->fds)
		return;
	fd_close_many(v->fds, v->len);
	free(v->fds);
	close_fd(&v->shm_fd);
	close_fd(&v->hosts_fd);
	close_fd(&v->hostname_fd);
	close_fd(&v->resolv_fd);
	close_fd(&v->pod_fd);
	if (v->private_fd >= 0) {
		unmount_all(v->private_fd);
		close_fd(&v->private_fd);
		if (fs_remove_tree(at->private_fd, pod, &e) < 0)
			log_debug("pod %s: %s", pod, e.msg);
	}
	*v = (struct volumes){0};
}

static int find_volume(const struct plan_pod *pod, const char *name)
{
	for (uint32_t i = 0; i < pod->volumes_count; i++)
		if (streq(pod->volumes[i].name, name))
			return (int)i;
	return -1;
}

/*
 * A file of a projection, in its stamped directory: a bind of the link itself would bind a link.
 * What is missing becomes an empty directory, as under a kubelet; only we can write there.
 */
static int open_projected(int dirfd, const char *sub, struct err *e)
{
	char stamp[64];
	ssize_t n = readlinkat(dirfd, "..data", stamp, sizeof(stamp) - 1);
	autoclose int data = -1;
	int fd;

	if (n <= 0)
		return err_sys(e, errno, "..data");
	stamp[n] = '\0';
	data = openat(dirfd, stamp, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (data < 0)
		return err_sys(e, errno, "%s", stamp);
	fd = fs_open_in(data, sub, O_PATH, 0, RESOLVE_NO_SYMLINKS);
	if (fd < 0 && errno == ENOENT)
		fd = fs_mkdir_in(data, sub, 0755, e);
	else if (fd < 0)
		return err_sys(e, errno, "subPath %s", sub);
	return fd;
}

int volumes_source(const struct volumes *v, const struct plan_pod *pod, const struct plan_mount *m,
                   const char *sub_path, int *ret_fd, bool *ret_owned, const char **ret_sub,
                   const struct plan_volume **ret_volume, struct err *e)
{
	int i = find_volume(pod, m->volume);
	bool sub = sub_path[0];

	if (i < 0 || (size_t)i >= v->len)
		return err_set(e, ERR_INPUT, "volume %s does not exist", m->volume);
	*ret_volume = &pod->volumes[i];
	*ret_owned = sub && pod->volumes[i].type == PLAN_FILES;
	*ret_sub = sub && !*ret_owned ? sub_path : NULL;
	*ret_fd = *ret_owned ? open_projected(v->fds[i], sub_path, e) : v->fds[i];
	return *ret_fd < 0 ? err_wrap(e, "volume %s", m->volume) : 0;
}
