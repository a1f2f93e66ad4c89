/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - passwd(5) and group(5) of an image, read as hostile text; see user.h */
#include "pkg/runtime/user.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

enum { FILE_MAX = 1 << 20 };

struct passwd_row {
	const char *name, *home; /* in the text, not terminated */
	size_t name_len, home_len;
	uint32_t uid, gid;
};

/* A missing file is empty text; one that is no bounded regular file is an error. */
static int load(int rootfd, const char *path, struct strbuf *out, struct err *e)
{
	autoclose int fd = fs_open_in(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0);
	struct stat st;

	strbuf_adds(out, "");
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys_kind(e, ERR_WORKLOAD, errno, "open %s of the image", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_WORKLOAD, "%s of the image is not a regular file", path);
	if (fd_read_all(fd, FILE_MAX, out, e) < 0) {
		e->kind = ERR_WORKLOAD;
		return err_wrap(e, "%s of the image", path);
	}
	return 0;
}

/* The field numbered `at` of the line [line, end). */
static const char *field(const char *line, const char *end, int at, size_t *ret_len)
{
	const char *colon;

	for (; at > 0; at--) {
		line = memchr(line, ':', (size_t)(end - line));
		if (!line)
			return NULL;
		line++;
	}
	colon = memchr(line, ':', (size_t)(end - line));
	*ret_len = (size_t)((colon ? colon : end) - line);
	return line;
}

static int parse_id(const char *s, size_t len, uint32_t *ret)
{
	char text[16];
	int64_t v;

	if (!s || !len || len >= sizeof(text))
		return -1;
	memcpy(text, s, len);
	text[len] = '\0';
	if (text[0] == '-' || str_parse_int(text, 0, (int64_t)UINT32_MAX - 1, &v) < 0)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

static const char *line_end(const char *line)
{
	return line + strcspn(line, "\n");
}

static bool parse_passwd(const char *line, const char *end, struct passwd_row *ret)
{
	size_t uid_len = 0, gid_len = 0;
	const char *uid = field(line, end, 2, &uid_len), *gid = field(line, end, 3, &gid_len);

	ret->name = field(line, end, 0, &ret->name_len);
	ret->home_len = 0;
	ret->home = field(line, end, 5, &ret->home_len);
	return ret->name_len && parse_id(uid, uid_len, &ret->uid) == 0 &&
	       parse_id(gid, gid_len, &ret->gid) == 0;
}

static bool same(const char *s, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(s, text, len) == 0;
}

/* By name, or by number if name is NULL: the first row wins. */
static bool find_passwd(const char *text, const char *name, uint32_t uid, struct passwd_row *ret)
{
	for (const char *l = text, *end; *l; l = end + (*end == '\n')) {
		end = line_end(l);
		if (parse_passwd(l, end, ret) &&
		    (name ? same(ret->name, ret->name_len, name) : ret->uid == uid))
			return true;
	}
	return false;
}

static bool find_group(const char *text, const char *name, uint32_t *ret)
{
	for (const char *l = text, *end; *l; l = end + (*end == '\n')) {
		size_t name_len = 0, gid_len = 0;
		const char *n, *g;

		end = line_end(l);
		n = field(l, end, 0, &name_len);
		g = field(l, end, 2, &gid_len);
		if (same(n, name_len, name) && parse_id(g, gid_len, ret) == 0)
			return true;
	}
	return false;
}

static void add_group(struct user_ids *u, uint32_t gid)
{
	for (size_t i = 0; i < u->group_count; i++)
		if (u->groups[i] == gid)
			return;
	if (u->group_count < USER_GROUPS_MAX)
		u->groups[u->group_count++] = gid;
}

static bool lists_member(const char *members, size_t len, const char *name, size_t name_len)
{
	const char *end = members + len;

	while (members < end) {
		const char *comma = memchr(members, ',', (size_t)(end - members));
		size_t n = (size_t)((comma ? comma : end) - members);

		if (n == name_len && memcmp(members, name, n) == 0)
			return true;
		members += n + 1;
	}
	return false;
}

/* Groups that the image's group file gives a user of this name. */
static void add_memberships(const char *text, const struct passwd_row *p, struct user_ids *u)
{
	for (const char *l = text, *end; *l; l = end + (*end == '\n')) {
		size_t gid_len = 0, len = 0;
		const char *g, *members;
		uint32_t gid;

		end = line_end(l);
		g = field(l, end, 2, &gid_len);
		members = field(l, end, 3, &len);
		if (members && lists_member(members, len, p->name, p->name_len) &&
		    parse_id(g, gid_len, &gid) == 0)
			add_group(u, gid);
	}
}

/* The user part of the wish; fills uid and *row (found or not). */
static int pick_user(const char *passwd, const char *user, int64_t uid, struct user_ids *u,
                     struct passwd_row *row, bool *ret_found, struct err *e)
{
	if (uid >= 0) {
		u->uid = (uint32_t)uid;
	} else if (parse_id(user, strlen(user), &u->uid) < 0) {
		if (!find_passwd(passwd, user, 0, row))
			return err_set(e, ERR_WORKLOAD,
			               "the image's /etc/passwd has no user \"%s\"", user);
		u->uid = row->uid;
		*ret_found = true;
		return 0;
	}
	*ret_found = find_passwd(passwd, NULL, u->uid, row);
	return 0;
}

static int pick_group(const char *groups, const char *group, int64_t gid, uint32_t fallback,
                      struct user_ids *u, struct err *e)
{
	if (gid >= 0)
		u->gid = (uint32_t)gid;
	else if (!group || !*group)
		u->gid = fallback;
	else if (parse_id(group, strlen(group), &u->gid) < 0 && !find_group(groups, group, &u->gid))
		return err_set(e, ERR_WORKLOAD, "the image's /etc/group has no group \"%s\"",
		               group);
	return 0;
}

int user_resolve(int rootfd, const struct user_wish *w, struct user_ids *ret, struct err *e)
{
	autostrbuf struct strbuf passwd = {0}, groups = {0};
	autofree char *user = xstrdup(w->image_user && *w->image_user ? w->image_user : "0");
	char *group = strchr(user, ':');
	struct passwd_row row = {0};
	bool found = false;

	if (group)
		*group++ = '\0';
	ret->group_count = 0;
	if (load(rootfd, "/etc/passwd", &passwd, e) < 0 ||
	    load(rootfd, "/etc/group", &groups, e) < 0)
		return -1;
	if (pick_user(passwd.s, *user ? user : "0", w->uid, ret, &row, &found, e) < 0)
		return -1;
	/* An override of the user leaves the group written beside the image's own user behind. */
	if (pick_group(groups.s, w->uid >= 0 ? NULL : group, w->gid, found ? row.gid : 0, ret, e) <
	    0)
		return -1;
	add_group(ret, ret->gid);
	for (size_t i = 0; i < w->group_count; i++)
		add_group(ret, w->groups[i]);
	ret->asked_count = ret->group_count;
	if (found)
		add_memberships(groups.s, &row, ret);
	(void)snprintf(ret->home, sizeof(ret->home), "/");
	if (found && row.home_len && row.home_len < sizeof(ret->home) && row.home[0] == '/')
		(void)snprintf(ret->home, sizeof(ret->home), "%.*s", (int)row.home_len, row.home);
	return 0;
}
