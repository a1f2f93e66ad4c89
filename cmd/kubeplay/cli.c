/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c - see cli.h */
#include "cmd/kubeplay/cli.h"

#include <fcntl.h>

#include "pkg/util/log.h"
#include "pkg/util/str.h"

int cli_ids(struct cli *c, const struct idmap **ret, struct err *e)
{
	if (!c->have_ids && idmap_detect(&c->ids, e) < 0)
		return -1;
	c->have_ids = true;
	*ret = &c->ids;
	return 0;
}

/* Everything belongs to container root: without root that is us, so looking needs no mapping. */
static int owner(struct cli *c, uid_t *uid, gid_t *gid, struct err *e)
{
	const struct idmap *m;

	*uid = geteuid();
	*gid = getegid();
	if (*uid != 0)
		return 0;
	if (cli_ids(c, &m, e) < 0)
		return -1;
	*uid = (uid_t)idmap_host_uid(m, 0);
	*gid = (gid_t)idmap_host_gid(m, 0);
	return 0;
}

int cli_dirs(struct cli *c, const struct dirs **ret, struct err *e)
{
	uid_t uid;
	gid_t gid;

	if (!c->have_dirs) {
		if (owner(c, &uid, &gid, e) < 0 ||
		    dirs_open(&c->dirs, c->root, c->runroot, uid, gid, e) < 0)
			return -1;
		c->have_dirs = true;
	}
	*ret = &c->dirs;
	return 0;
}

static bool has_helpers(const char *dir)
{
	autofree char *path = xasprintf("%s/kubeplay-image", dir);

	return access(path, X_OK) == 0;
}

/* The directory this program lies in, followed by `more`; NULL if it is not known. Owned. */
static char *beside(const char *more)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return xasprintf("%s%s", self, more);
}

const char *cli_libexec(struct cli *c)
{
	static const char *const places[] = {"", "/../libexec/kubeplay"};

	for (size_t i = 0; !c->libexec && i < ARRAY_LEN(places); i++) {
		autofree char *dir = beside(places[i]);

		if (dir && has_helpers(dir))
			c->libexec = realpath(dir, NULL);
	}
	if (!c->libexec)
		c->libexec = xstrdup(KP_LIBEXECDIR);
	return c->libexec;
}

int cli_open_store(struct cli *c, struct err *e)
{
	const struct dirs *d;

	if (cli_dirs(c, &d, e) < 0)
		return -1;
	return dirs_open_data(d, "store", false, e);
}

void cli_warn(const char *text)
{
	autofree char *clean = str_sanitize(text, strlen(text));

	log_warn("%s", clean);
}

void cli_done(struct cli *c)
{
	if (c->have_dirs)
		dirs_close(&c->dirs);
	free(c->libexec);
}
