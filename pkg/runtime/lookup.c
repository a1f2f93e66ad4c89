/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.c - see lookup.h */
#include "pkg/runtime/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/util/str.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum { SCRIPT_LINE = 256 };

const char *lookup_env(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

/* The interpreter in the first line of a script, "" if it is none. */
static void script_interpreter(const char *path, char out[SCRIPT_LINE])
{
	autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char line[SCRIPT_LINE];
	autofree char *clean = NULL;
	struct stat st;
	const char *p;
	ssize_t n;

	out[0] = '\0';
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	n = read(fd, line, sizeof(line) - 1);
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return;
	line[n] = '\0';
	p = line + 2 + strspn(line + 2, " \t");
	clean = str_sanitize(p, strcspn(p, " \t\r\n"));
	(void)snprintf(out, SCRIPT_LINE, "%s", clean);
}

/* The kernel says ENOENT for a missing program, and for a program whose interpreter is missing. */
static int explain_missing(const char *path, struct err *e)
{
	char interpreter[SCRIPT_LINE];

	script_interpreter(path, interpreter);
	if (interpreter[0])
		(void)err_set(e, ERR_WORKLOAD, "%s: its interpreter \"%s\" is not in the image",
		              path, interpreter);
	else
		(void)err_set(
			e, ERR_WORKLOAD,
			"%s: its dynamic loader is not in the image (built for another C library or architecture?)",
			path);
	e->sys = ENOENT;
	return -1;
}

static int explain(const char *path, int num, uint32_t uid, struct err *e)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (num == ENOENT && there)
		return explain_missing(path, e);
	(void)err_sys_kind(e, ERR_WORKLOAD, num, "%s", path);
	if (num == EACCES && there && S_ISDIR(st.st_mode))
		return err_hint(e, "it is a directory");
	if (num == EACCES)
		return err_hint(e, "is it executable for uid %u?", uid);
	if (num == ENOEXEC)
		return err_hint(e,
		                "an image for another architecture, or a script without a #! line");
	return -1;
}

static bool is_missing(int num)
{
	return num == ENOENT || num == ENOTDIR;
}

static int not_found(const char *name, const char *path, struct err *e)
{
	(void)err_set(e, ERR_WORKLOAD, "executable \"%s\" not found in PATH (%s) of the container",
	              name, path);
	e->sys = ENOENT;
	return -1;
}

int lookup_exec(char *const *argv, char *const *env, uint32_t uid, struct err *e)
{
	const char *name = argv[0], *path = lookup_env(env, "PATH");
	autofree char *denied = NULL;

	if (!name || !*name) {
		(void)err_set(e, ERR_WORKLOAD,
		              "no command: neither the image nor the manifest gives one");
		e->sys = ENOENT;
		return -1;
	}
	if (strchr(name, '/')) {
		(void)execve(name, argv, env);
		return explain(name, errno, uid, e);
	}
	if (!path || !*path)
		path = default_path;
	for (const char *p = path; *p; p += *p == ':') {
		size_t len = strcspn(p, ":");
		autofree char *full =
			xasprintf("%.*s/%s", (int)MIN(len, (size_t)PATH_MAX), p, name);
		struct stat st;
		int num;

		p += len;
		if (full[0] != '/') /* never by chance from the working directory */
			continue;
		(void)execve(full, argv, env);
		num = errno;
		if (num == EACCES) {
			if (!denied && stat(full, &st) == 0 && !S_ISDIR(st.st_mode))
				denied = take_ptr(full);
			continue;
		}
		if (!is_missing(num) || access(full, F_OK) == 0)
			return explain(full, num, uid, e);
	}
	return denied ? explain(denied, EACCES, uid, e) : not_found(name, path, e);
}

char **lookup_env_with_home(char *const *env, const char *home)
{
	size_t n = 0;
	char **v;

	while (env[n])
		n++;
	v = xcalloc(n + 2, sizeof(*v));
	memcpy(v, env, n * sizeof(*v));
	if (!lookup_env(env, "HOME"))
		v[n] = xasprintf("HOME=%s", home);
	return v;
}
