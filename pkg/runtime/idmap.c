/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.c - which host ids may a project use? See idmap.h
 *
 * Theory of operation: the two sub-id files are read line by line (OWNER:FIRST:COUNT). Rootless,
 * the ranges of the user are laid one after the other behind container id 0. As root, one range of
 * 65536 ids is looked for under the names that other tools use, else the documented default, moved
 * on while it touches an entry of the files. Inside another container, root may only give away ids
 * that its own user namespace has.
 */
#include "pkg/runtime/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "pkg/runtime/idmap_parse.h"
#include "pkg/util/fd.h"
#include "pkg/util/proc.h"
#include "pkg/util/str.h"

enum {
	SUBID_FILE_MAX = 4 << 20,
	FULL = 65536,
	DEFAULT_FIRST = 1879048192,
	ROOM = 8,
	MAX_TRIES = 1000
};

/* Below are ids of the system's own users: never root's to give away, whatever the file says. */
enum { FIRST_NOBODY = 1000 };

static const char *const root_owners[] = {"kubeplay", "containers", "root"};

static int read_text(const char *path, struct strbuf *out)
{
	struct err e = {0};

	strbuf_adds(out, "");
	return fd_read_file(AT_FDCWD, path, SUBID_FILE_MAX, out, &e);
}

/* One line OWNER:FIRST:COUNT; false for comments and nonsense. */
static bool parse_line(char *line, const char **ret_owner, uint32_t *ret_first, uint32_t *ret_count)
{
	char *save = NULL, *owner = strtok_r(line, ":", &save);
	char *first = strtok_r(NULL, ":", &save), *count = strtok_r(NULL, ":", &save);
	int64_t f, c;

	if (!owner || !first || !count || strtok_r(NULL, ":", &save))
		return false;
	if (str_parse_int(first, 0, UINT32_MAX, &f) < 0 ||
	    str_parse_int(count, 0, UINT32_MAX, &c) < 0)
		return false;
	c = MIN(c, (int64_t)UINT32_MAX - f); /* 4294967295 is not an id */
	if (c <= 0)
		return false;
	*ret_owner = owner;
	*ret_first = (uint32_t)f;
	*ret_count = (uint32_t)c;
	return true;
}

size_t idmap_parse_subids(const char *text, const char *name, const char *number, uint32_t want,
                          struct idmap_range *ranges, size_t room)
{
	autofree char *copy = xstrdup(text);
	char *save = NULL;
	uint32_t inside = 1, left = want;
	size_t n = 0;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		uint32_t first, count;
		const char *owner;

		if (n == room || !left || !parse_line(l, &owner, &first, &count))
			continue;
		if (!streq(owner, name) && !streq(owner, number))
			continue;
		count = MIN(count, left);
		ranges[n++] = (struct idmap_range){inside, first, count};
		inside += count;
		left -= count;
	}
	return n;
}

bool idmap_parse_overlaps(const char *text, uint32_t first, uint32_t count)
{
	autofree char *copy = xstrdup(text);
	char *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		const char *owner;
		uint32_t f, c;

		if (parse_line(l, &owner, &f, &c) && f < (uint64_t)first + count &&
		    first < (uint64_t)f + c)
			return true;
	}
	return false;
}

/* The first entry of one of the owners with room for a full mapping. */
static bool root_range(const char *text, uint32_t *ret_first)
{
	for (size_t i = 0; i < ARRAY_LEN(root_owners); i++) {
		struct idmap_range r[ROOM];
		size_t n = idmap_parse_subids(text, root_owners[i], root_owners[i], UINT32_MAX - 1,
		                              r, ROOM);

		for (size_t k = 0; k < n; k++) {
			if (r[k].count >= FULL && r[k].outside >= FIRST_NOBODY) {
				*ret_first = r[k].outside;
				return true;
			}
		}
	}
	return false;
}

/* Without room for [first, first + FULL): the last FULL ids of the largest extent, past our own id
 * 0. */
bool idmap_parse_available(const char *own_map, uint32_t *first)
{
	uint32_t best = 0, best_count = 0;
	const char *p = own_map;
	int64_t in, out, count;

	while (str_next_int(&p, 0, UINT32_MAX, &in) == 0 &&
	       str_next_int(&p, 0, UINT32_MAX, &out) == 0 &&
	       str_next_int(&p, 0, UINT32_MAX, &count) == 0) {
		if (*first >= in && (int64_t)*first + FULL <= in + count)
			return true;
		if (in == 0 && count) { /* id 0 is ourselves */
			in++;
			count--;
		}
		if (count >= FULL && count > best_count) {
			best = (uint32_t)(in + count - FULL);
			best_count = (uint32_t)count;
		}
	}
	*first = best;
	return best_count > 0;
}

/* The documented default, or behind it where nobody was given ids. */
static uint32_t default_range(const char *uids, const char *gids)
{
	uint32_t first = DEFAULT_FIRST;

	for (int i = 0; i < MAX_TRIES; i++, first += FULL)
		if (!idmap_parse_overlaps(uids, first, FULL) &&
		    !idmap_parse_overlaps(gids, first, FULL))
			return first;
	return DEFAULT_FIRST;
}

static int detect_root(struct idmap *m, struct err *e)
{
	autostrbuf struct strbuf uids = {0}, gids = {0}, own_uids = {0}, own_gids = {0};
	uint32_t uid = DEFAULT_FIRST, gid = DEFAULT_FIRST;

	(void)read_text("/etc/subuid", &uids);
	(void)read_text("/etc/subgid", &gids);
	if (read_text("/proc/self/uid_map", &own_uids) < 0 ||
	    read_text("/proc/self/gid_map", &own_gids) < 0)
		return err_sys(e, ENOENT, "read /proc/self/uid_map");
	if (!root_range(uids.s, &uid) || !root_range(gids.s, &gid)) {
		uid = gid = default_range(uids.s, gids.s);
	}
	if (!idmap_parse_available(own_uids.s, &uid) || !idmap_parse_available(own_gids.s, &gid)) {
		(void)err_set(e, ERR_HOST,
		              "this user namespace has no 65536 ids to give to containers");
		return err_hint(
			e,
			"run kubeplay as an ordinary user of it, or give the outer container more ids");
	}
	m->as_root = true;
	m->uid[0] = (struct idmap_range){0, uid, FULL};
	m->gid[0] = (struct idmap_range){0, gid, FULL};
	m->uid_count = m->gid_count = 1;
	return 0;
}

/* The login name without the C library's name services, which cost more than all the rest of a
 * start. */
static char *user_name(uid_t uid)
{
	autostrbuf struct strbuf text = {0};
	struct passwd *pw;
	char *save = NULL;

	if (read_text("/etc/passwd", &text) == 0) {
		for (char *l = strtok_r(text.s, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			char *name = strsep(&l, ":");
			char *number;

			(void)strsep(&l, ":");
			number = strsep(&l, ":");
			if (number && *name && strtoul(number, NULL, 10) == uid && *number >= '0' &&
			    *number <= '9')
				return xstrdup(name);
		}
	}
	pw = getpwuid(uid);
	return pw ? xstrdup(pw->pw_name) : xasprintf("%u", (unsigned int)uid);
}

/* A helper that lacks its privilege fails in ways that are hard to read: look before. */
static const char *helper_problem(const char *name, char buf[200])
{
	autofree char *path = proc_find(name);
	char cap[64];
	struct stat st;

	if (!path) {
		(void)snprintf(buf, 200, "%s is not installed: apt install uidmap", name);
		return buf;
	}
	if (stat(path, &st) == 0 && !(st.st_mode & S_ISUID) &&
	    getxattr(path, "security.capability", cap, sizeof(cap)) < 0) {
		(void)snprintf(buf, 200, "%s has no privilege: sudo chmod u+s %s", path, path);
		return buf;
	}
	return NULL;
}

static void single(struct idmap *m, uid_t uid, gid_t gid, const char *why)
{
	m->single = true;
	m->uid[0] = (struct idmap_range){0, uid, 1};
	m->gid[0] = (struct idmap_range){0, gid, 1};
	m->uid_count = m->gid_count = 1;
	(void)snprintf(m->why_single, sizeof(m->why_single), "%s", why);
}

static int detect_user(struct idmap *m, uid_t uid, gid_t gid)
{
	autostrbuf struct strbuf uids = {0}, gids = {0};
	autofree char *name = user_name(uid), *number = xasprintf("%u", (unsigned int)uid);
	const char *problem;
	char buf[200];
	size_t nu, ng;

	(void)read_text("/etc/subuid", &uids);
	(void)read_text("/etc/subgid", &gids);
	nu = idmap_parse_subids(uids.s, name, number, FULL - 1, m->uid + 1, ROOM - 1);
	ng = idmap_parse_subids(gids.s, name, number, FULL - 1, m->gid + 1, ROOM - 1);
	if (!nu || !ng) {
		autofree char *why = xasprintf(
			"user %s has no %s: sudo usermod --add-sub%s 100000-165535 %s", name,
			nu ? "sub-gids in /etc/subgid"
			   : (ng ? "sub-uids in /etc/subuid"
		                 : "sub-ids in /etc/subuid and /etc/subgid"),
			nu ? "gids" : (ng ? "uids" : "uids 100000-165535 --add-subgids"), name);

		single(m, uid, gid, why);
		return 0;
	}
	problem = helper_problem("newuidmap", buf);
	if (!problem)
		problem = helper_problem("newgidmap", buf);
	if (problem) {
		single(m, uid, gid, problem);
		return 0;
	}
	m->uid[0] = (struct idmap_range){0, uid, 1};
	m->gid[0] = (struct idmap_range){0, gid, 1};
	m->uid_count = nu + 1;
	m->gid_count = ng + 1;
	return 0;
}

int idmap_detect(struct idmap *m, struct err *e)
{
	*m = (struct idmap){0};
	return geteuid() == 0 ? detect_root(m, e) : detect_user(m, geteuid(), getegid());
}

static int64_t lookup(const struct idmap_range *r, size_t n, uint32_t inside)
{
	for (size_t i = 0; i < n; i++)
		if (inside >= r[i].inside && inside - r[i].inside < r[i].count)
			return (int64_t)r[i].outside + (inside - r[i].inside);
	return -1;
}

int64_t idmap_host_uid(const struct idmap *m, uint32_t inside)
{
	return lookup(m->uid, m->uid_count, inside);
}

int64_t idmap_host_gid(const struct idmap *m, uint32_t inside)
{
	return lookup(m->gid, m->gid_count, inside);
}

static uint64_t total(const struct idmap_range *r, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += r[i].count;
	return sum;
}

bool idmap_full(const struct idmap *m)
{
	return total(m->uid, m->uid_count) >= FULL && total(m->gid, m->gid_count) >= FULL;
}
