/* SPDX-License-Identifier: Apache-2.0 */
/*
 * projection.c - files of ConfigMaps, Secrets and the pod itself in the kubelet's layout
 *
 *   ..2026_11_23_05_30_01.123456789/KEY   the files
 *   ..data -> ..2026_11_23_05_30_01.123456789
 *   KEY -> ..data/KEY
 *
 * Programs that watch their configuration know this layout: an update is one rename of ..data.
 * Every file is new and made below a descriptor, so nothing that a container did to an older tree
 * matters.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/pod/node.h"
#include "pkg/pod/volume.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

static void stamp_name(char out[48])
{
	int64_t now = clock_real_ns();
	time_t s = (time_t)(now / 1000000000);
	struct tm tm;
	size_t len;

	(void)gmtime_r(&s, &tm);
	len = strftime(out, 48, "..%Y_%m_%d_%H_%M_%S", &tm);
	(void)snprintf(out + len, 48 - len, ".%09d", (int)(now % 1000000000));
}

/* Directories above the last part of path, below dirfd; returns the deepest. */
static int make_parents(int dirfd, const char *path, const char **ret_name, struct err *e)
{
	autoclose int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	const char *slash;

	if (at < 0)
		return err_sys(e, errno, "dup");
	while ((slash = strchr(path, '/'))) {
		autofree char *part = xstrndup(path, (size_t)(slash - path));
		int next;

		if (!part[0] || streq(part, ".") || streq(part, ".."))
			return err_set(e, ERR_INPUT, "bad path");
		if (mkdirat(at, part, 0755) < 0 && errno != EEXIST)
			return err_sys(e, errno, "mkdir %s", part);
		next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_sys(e, errno, "open %s", part);
		close_fd(&at);
		at = next;
		path = slash + 1;
	}
	if (!path[0] || streq(path, ".") || streq(path, ".."))
		return err_set(e, ERR_INPUT, "bad path");
	*ret_name = path;
	return take_fd(&at);
}

static const char *late(const char *field, void *buf)
{
	return node_field(field, buf);
}

/* What is in a file; *text is to be freed when it is not beside the plan. */
static int content(const struct plan_file *f, const struct plan_data *data, char **text,
                   const char **bytes, size_t *len, struct err *e)
{
	const struct plan_datum *d;
	char node[24];

	if (f->text) {
		if (plan_value_resolve(f->text, data, late, node, text, e) < 0)
			return -1;
		*bytes = *text;
		*len = strlen(*text);
		return 0;
	}
	d = f->data ? plan_data_get(data, f->data) : NULL;
	if (!d)
		return err_set(e, ERR_INPUT, "%s has no value", f->data ? f->data : "it");
	*bytes = d->bytes;
	*len = d->len;
	return 0;
}

static int write_file(int dirfd, const struct plan_file *f, const struct plan_data *data,
                      struct err *e)
{
	autofree char *text = NULL;
	const char *name = f->path, *bytes = NULL;
	autoclose int at = -1;
	autoclose int fd = -1;
	size_t len = 0;

	if (content(f, data, &text, &bytes, &len, e) < 0)
		return -1;
	at = make_parents(dirfd, f->path, &name, e);
	if (at < 0)
		return -1;
	fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, errno, "create");
	if (fd_write_all(fd, bytes, len, e) < 0)
		return -1;
	if (fchmod(fd, (mode_t)f->mode & 0777) < 0)
		return err_sys(e, errno, "chmod");
	return 0;
}

static int link_top(int dirfd, const char *path, struct err *e)
{
	autofree char *top = xstrndup(path, strcspn(path, "/"));
	autofree char *target = xasprintf("..data/%s", top);

	if (symlinkat(target, dirfd, top) < 0 && errno != EEXIST)
		return err_sys(e, errno, "symlink %s", top);
	return 0;
}

int projection_write(int dirfd, const struct plan_volume *v, const struct plan_data *data,
                     struct err *e)
{
	char stamp[48];
	autoclose int at = -1;

	stamp_name(stamp);
	if (mkdirat(dirfd, stamp, 0755) < 0)
		return err_sys(e, errno, "mkdir %s", stamp);
	at = openat(dirfd, stamp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0)
		return err_sys(e, errno, "open %s", stamp);
	for (uint32_t i = 0; i < v->files_count; i++)
		if (write_file(at, &v->files[i], data, e) < 0)
			return err_wrap(e, "file %s", v->files[i].path);
	if (symlinkat(stamp, dirfd, "..data.new") < 0 ||
	    renameat(dirfd, "..data.new", dirfd, "..data") < 0)
		return err_sys(e, errno, "symlink ..data");
	for (uint32_t i = 0; i < v->files_count; i++)
		if (link_top(dirfd, v->files[i].path, e) < 0)
			return -1;
	return 0;
}
