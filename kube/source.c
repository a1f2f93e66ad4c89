/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - see source.h */
#include "kube/source.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include "kube/tree.h"
#include "kube/tree_text.h"
#include "pkg/util/fd.h"

enum { MAX_FILES = 10000, MAX_ENTRIES = 100 * MAX_FILES, MAX_LEVELS = 32 };

static const char *const extensions[] = {".yaml", ".yml", ".json"};

void sources_done(struct source_list *s)
{
	for (size_t i = 0; i < s->len; i++) {
		free(s->v[i].name);
		free(s->v[i].path);
		free(s->v[i].dir);
		strbuf_done(&s->v[i].text);
	}
	free(s->v);
	*s = (struct source_list){0};
}

static struct source *add_source(struct source_list *s, const char *name)
{
	if ((s->len & (s->len - 1)) == 0)
		s->v = xrealloc(s->v, MAX(s->len * 2, (size_t)1) * sizeof(*s->v));
	s->v[s->len] = (struct source){.name = xstrdup(name)};
	return &s->v[s->len++];
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash || slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static char *working_dir(void)
{
	char *here = getcwd(NULL, 0);

	return here ? here : xstrdup("/");
}

/* Read to the end into memory of the right size: a guess that doubles would waste up to half. */
static int read_text(struct source *s, int fd, off_t size, struct err *e)
{
	if (size > 0 && size <= TREE_MAX_BYTES) {
		s->text.s = xmalloc((size_t)size + 2);
		s->text.cap = (size_t)size + 2;
		s->text.s[0] = '\0';
	}
	if (fd_read_all(fd, TREE_MAX_BYTES, &s->text, e) < 0)
		return err_wrap(e, "%s", s->name);
	tree_text_prepare(&s->text);
	return 0;
}

static int read_stdin(struct source_list *list, struct err *e)
{
	struct source *s;

	if (list->had_stdin)
		return err_set(e, ERR_USAGE, "stdin (-) can be read only once");
	list->had_stdin = true;
	s = add_source(list, "stdin");
	s->path = xstrdup("-");
	s->dir = working_dir();
	return read_text(s, STDIN_FILENO, 0, e);
}

/* Regular files and pipes (such as <(command)) alike. */
static int read_file(struct source_list *list, const char *name, struct err *e)
{
	autoclose int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	autofree char *real = NULL;
	struct source *s;
	struct stat st;

	if (fd < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "open %s", name);
	if (fstat(fd, &st) < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "%s", name);
	if (list->len >= MAX_FILES)
		return err_set(e, ERR_INPUT, "more than %d files", MAX_FILES);
	real = realpath(name, NULL);
	s = add_source(list, name);
	if (real && S_ISREG(st.st_mode)) {
		s->path = xstrdup(real);
		s->dir = parent_of(real);
	} else {
		s->path = xstrdup("-");
		s->dir = working_dir();
	}
	return read_text(s, fd, S_ISREG(st.st_mode) ? st.st_size : 0, e);
}

/* --- directories -------------------------------------------------------------------------------
 */

static bool is_manifest(const char *name)
{
	bool r = false;

	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		r |= ends_with(name, extensions[i]);
	return r;
}

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct walk {
	struct source_list *list;
	bool recursive;
	size_t entries; /* looked at so far: a tree without end ends here */
	struct err *e;
};

static int read_directory(struct walk *w, const char *name, int level);

/* Links to files are followed, links to directories are not: so there are no loops. */
static int read_entry(struct walk *w, const char *path, const char *base, int level)
{
	struct stat st;

	if (++w->entries > MAX_ENTRIES)
		return err_set(w->e, ERR_INPUT, "more than %d entries in directories", MAX_ENTRIES);
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return w->recursive ? read_directory(w, path, level + 1) : 0;
	if (!is_manifest(base) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return read_file(w->list, path, w->e);
}

static int read_directory(struct walk *w, const char *name, int level)
{
	struct dirent **entries = NULL;
	size_t len = strlen(name);
	int n, r = 0;

	if (level > MAX_LEVELS)
		return err_set(w->e, ERR_INPUT, "%s: more than %d directories deep", name,
		               MAX_LEVELS);
	while (len > 1 && name[len - 1] == '/')
		len--;
	n = scandir(name, &entries, is_visible, by_name);
	if (n < 0)
		return err_sys_kind(w->e, ERR_INPUT, errno, "read directory %s", name);
	for (int i = 0; i < n; i++) {
		const char *base = entries[i]->d_name;
		autofree char *path = xasprintf("%.*s%s%s", (int)len, name,
		                                name[len - 1] == '/' ? "" : "/", base);

		if (r == 0)
			r = read_entry(w, path, base, level);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int read_below(struct source_list *list, const char *name, bool recursive, struct err *e)
{
	struct walk w = {.list = list, .recursive = recursive, .e = e};
	size_t before = list->len;

	if (read_directory(&w, name, 0) < 0)
		return -1;
	if (list->len > before)
		return 0;
	(void)err_set(e, ERR_INPUT, "%s has no *.yaml, *.yml or *.json file%s", name,
	              recursive ? ", nor has any directory below it" : "");
	return recursive ? -1 : err_hint(e, "-R looks in the directories below it too");
}

/* --- names -------------------------------------------------------------------------------------
 */

static int read_path(struct source_list *list, const char *name, bool recursive, struct err *e)
{
	struct stat st;

	if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		return read_below(list, name, recursive, e);
	return read_file(list, name, e);
}

/* A pattern that the shell left alone: in quotes, or nothing matched. */
static int read_pattern(struct source_list *list, const char *name, bool recursive, struct err *e)
{
	glob_t found = {0};
	int r = glob(name, 0, NULL, &found);

	if (r == GLOB_NOMATCH)
		r = err_set(e, ERR_INPUT, "no file matches %s", name);
	else if (r)
		r = err_set(e, ERR_INPUT, "%s cannot be looked up", name);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		r = read_path(list, found.gl_pathv[i], recursive, e);
	globfree(&found);
	return r;
}

int source_list_read(struct source_list *list, const char *name, bool recursive, struct err *e)
{
	struct stat st;

	if (streq(name, "-"))
		return read_stdin(list, e);
	if (strpbrk(name, "*?[") && lstat(name, &st) < 0 && errno == ENOENT)
		return read_pattern(list, name, recursive, e);
	return read_path(list, name, recursive, e);
}

void source_add_text(struct source_list *list, const char *name, const char *path, const char *text,
                     size_t len)
{
	struct source *s = add_source(list, name);

	s->path = xstrdup(path ? path : name);
	s->dir = *s->path == '/' ? parent_of(s->path) : working_dir();
	strbuf_add(&s->text, text, len);
	tree_text_prepare(&s->text);
}

/* --- the project's name ------------------------------------------------------------------------
 */

/* Lower case, digits and dashes; at most 63, and no dash at either end. */
static char *make_name(const char *text, size_t len)
{
	char *name = xcalloc(1, 64);
	size_t out = 0;

	for (size_t i = 0; i < len && out < 63; i++) {
		char c = (char)tolower((unsigned char)text[i]);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			name[out++] = c;
		else if (out && name[out - 1] != '-')
			name[out++] = '-';
	}
	while (out && name[out - 1] == '-')
		name[--out] = '\0';
	if (!out) {
		free(name);
		return xstrdup("project");
	}
	return name;
}

bool kube_is_url(const char *source)
{
	return starts_with(source, "http://") || starts_with(source, "https://");
}

char *kube_project_name(const char *source)
{
	autofree char *real = NULL;
	const char *base, *end, *stop;
	struct stat st;

	if (streq(source, "-") || starts_with(source, "/dev/"))
		return xstrdup("stdin");
	if (stat(source, &st) == 0 && S_ISDIR(st.st_mode)) {
		real = realpath(source, NULL); /* "." has a name too */
		source = real ? real : source;
	}
	end = source + (kube_is_url(source) ? strcspn(source, "?#") : strlen(source));
	base = memrchr(source, '/', (size_t)(end - source));
	base = base ? base + 1 : source;
	stop = end;
	for (size_t i = 0; i < ARRAY_LEN(extensions) && !real && end == stop; i++) {
		size_t len = strlen(extensions[i]);

		if ((size_t)(end - base) > len && memcmp(end - len, extensions[i], len) == 0)
			stop = end - len;
	}
	return make_name(base, (size_t)(stop - base));
}
