/* SPDX-License-Identifier: Apache-2.0 */
/* verb_volume.c - the claims on this machine, and removing one that nobody uses */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/pod/tidy.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/clock.h"

static const char *const outputs[] = {"table", "json", "name", NULL};
enum output { OUT_TABLE, OUT_JSON, OUT_NAME };

struct values {
	int output;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "of ls: table, json or name", outputs, 0, 0},
};

struct volumes {
	struct projects ps;
	const struct values *values;
	struct table table;
	json_t *json;
	int64_t now;
};

/* --- list
 * -------------------------------------------------------------------------------------------------------
 */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the directories in dirfd, sorted, without hidden ones. Absent is empty. */
static void list_dir(int dirfd, struct strv *ret)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!d) {
		close_fd(&fd);
		return;
	}
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			strv_add(ret, entry->d_name);
	(void)closedir(d);
	if (ret->len)
		qsort(ret->v, ret->len, sizeof(*ret->v), compare_names);
}

/* Projects whose plan mentions the claim: "a, b". Owned; only running ones if `alive`. */
static char *used_by(const struct volumes *v, const char *namespace, const char *name, bool alive)
{
	struct strbuf out = {0};

	for (size_t i = 0; i < v->ps.len; i++) {
		const struct plan *p = projects_plan(&v->ps, &v->ps.v[i]);

		if (alive && !tidy_occupied(v->ps.dirs, v->ps.v[i].name))
			continue;
		for (uint32_t j = 0; p && j < p->claims_count; j++)
			if (streq(p->claims[j].name, name) &&
			    streq(p->claims[j].claim_namespace, namespace)) {
				strbuf_addf(&out, "%s%s", out.len ? ", " : "", v->ps.v[i].name);
				break;
			}
	}
	return strbuf_take(&out);
}

static void add_claim(struct volumes *v, int dirfd, const char *namespace, const char *name)
{
	autofree char *users = used_by(v, namespace, name, false);
	autofree char *path = xasprintf("%s/volumes/%s/%s", v->ps.dirs->root, namespace, name);
	char age[REPORT_AGE_SIZE];
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return;
	if (v->values->output == OUT_JSON) {
		json_t *o = json_object();

		report_set(o, "namespace", namespace);
		report_set(o, "name", name);
		report_set(o, "path", path);
		report_set(o, "usedBy", users);
		(void)json_array_append_new(v->json, o);
	} else {
		report_age(v->now - (int64_t)st.st_mtim.tv_sec * 1000000000, age);
		table_cells(&v->table, namespace, name, *users ? users : "<none>", age, path, NULL);
	}
}

static void print_names(const struct volumes *v)
{
	for (size_t i = v->table.columns; i + 1 < v->table.cells.len; i += v->table.columns)
		(void)printf("%s/%s\n", v->table.cells.v[i], v->table.cells.v[i + 1]);
}

static int list(struct volumes *v, struct err *e)
{
	autostrv struct strv namespaces = {0};
	autoclose int root = dirs_open_data(v->ps.dirs, "volumes", false, e);

	if (root < 0 && e->kind != ERR_ABSENT)
		return -1;
	v->table.columns = 5;
	table_cells(&v->table, "NAMESPACE", "NAME", "USED BY", "CHANGED", "PATH", NULL);
	if (root >= 0)
		list_dir(root, &namespaces);
	for (size_t i = 0; i < namespaces.len; i++) {
		autostrv struct strv claims = {0};
		autoclose int fd = openat(root, namespaces.v[i],
		                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			list_dir(fd, &claims);
		for (size_t j = 0; j < claims.len; j++)
			add_claim(v, fd, namespaces.v[i], claims.v[j]);
	}
	if (v->values->output == OUT_JSON)
		report_json(json_incref(v->json));
	else if (v->values->output == OUT_NAME)
		print_names(v);
	else
		table_print(&v->table);
	return 0;
}

/* --- remove
 * -----------------------------------------------------------------------------------------------------
 */

static bool is_plain(const char *name)
{
	return *name && name[0] != '.' && !strchr(name, '/') && strlen(name) < 254;
}

static int check_unused(const struct volumes *v, const char *namespace, const char *name,
                        struct err *e)
{
	autofree char *users = used_by(v, namespace, name, true);

	if (!*users)
		return 0;
	(void)err_set(e, ERR_WORKLOAD, "claim %s/%s is used by the running project %s", namespace,
	              name, users);
	return err_hint(e, "kubeplay down %s first", users);
}

/* Out of sight by one rename, so that half a claim is never seen; then the slow part, with the
 * mapping of its owner. */
static int remove_tree(struct cli *c, int dirfd, const char *name, struct err *e)
{
	autofree char *hidden = xasprintf(".removing.%d.%.100s", (int)getpid(), name);
	const struct idmap *m;

	if (cli_ids(c, &m, e) < 0)
		return -1;
	if (renameat(dirfd, name, dirfd, hidden) < 0)
		return errno == ENOENT ? err_set(e, ERR_ABSENT, "there is no claim \"%s\"", name)
		                       : err_sys(e, errno, "claim %s", name);
	return userns_remove_tree(m, dirfd, hidden, e);
}

/* What stands beside the claim goes with it. */
static int forget(struct cli *c, const struct volumes *v, const char *namespace, const char *name,
                  struct err *e)
{
	autofree char *claim = xasprintf("%s/%s", namespace, name);
	const struct idmap *m;

	return cli_ids(c, &m, e) < 0 ? -1 : tidy_remove_claim(v->ps.dirs, m, claim, e);
}

static int remove_claim(struct cli *c, const struct volumes *v, const char *arg, struct err *e)
{
	const char *slash = strchr(arg, '/'), *name = slash ? slash + 1 : arg;
	autofree char *namespace =
		slash ? xstrndup(arg, (size_t)(slash - arg)) : xstrdup("default");
	autofree char *path = xasprintf("volumes/%s", namespace);
	autoclose int fd = -1;

	if (!is_plain(namespace) || !is_plain(name))
		return err_set(e, ERR_USAGE, "\"%s\" is not [NAMESPACE/]CLAIM", arg);
	if (check_unused(v, namespace, name, e) < 0)
		return -1;
	fd = dirs_open_data(v->ps.dirs, path, false, e);
	if (fd < 0 && e->kind == ERR_ABSENT)
		return err_set(e, ERR_ABSENT, "there is no claim \"%s\"", arg);
	if (fd < 0 || remove_tree(c, fd, name, e) < 0 || forget(c, v, namespace, name, e) < 0)
		return -1;
	(void)printf("%s/%s\n", namespace, name);
	return 0;
}

/* --- the verb
 * ---------------------------------------------------------------------------------------------------
 */

static int dispatch(struct cli *c, struct volumes *v, char **args, struct err *e)
{
	static const char *const words[] = {"ls", "rm"};
	const char *near;

	if (streq(args[0], "ls"))
		return args[1] ? err_set(e, ERR_USAGE, "volume ls: too many arguments")
		               : list(v, e);
	if (!streq(args[0], "rm")) {
		near = option_nearest(args[0], words, ARRAY_LEN(words));
		(void)err_set(e, ERR_USAGE, "there is no verb \"volume %s\"", args[0]);
		return near ? err_hint(e, "did you mean volume %s?", near)
		            : err_hint(e, "there are ls and rm");
	}
	if (!args[1])
		return err_set(e, ERR_USAGE, "volume rm: which claim?");
	while (*++args)
		if (remove_claim(c, v, *args, e) < 0)
			return -1;
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	struct volumes v = {.values = values, .now = clock_real_ns(), .json = json_array()};
	int r;

	c->project = NULL; /* claims belong to namespaces, and whoever uses one counts */
	r = projects_load(c, &v.ps, e);
	if (r == 0)
		r = dispatch(c, &v, args, e);
	json_decref(v.json);
	table_done(&v.table);
	projects_done(&v.ps);
	return r;
}

const struct verb verb_volume = {
	.name = "volume",
	.usage = "ls | rm [NAMESPACE/]CLAIM...",
	.summary = "list claims, or remove some that nothing uses",
	.text = "A claim is the data of a PersistentVolumeClaim. Without a namespace, \"default\" is meant.",
	VERB_OPTIONS(options, defaults),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
