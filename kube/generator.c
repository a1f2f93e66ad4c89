/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generator.c - see generator.h
 *
 * Theory of operation: a ConfigMap that is made here becomes the text of a manifest and takes the
 * road of all others, so it is checked, compared and reported as they are. Options with the same
 * name add to one ConfigMap. What is no text, or has a NUL, goes to binaryData.
 */
#include "kube/generator.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "kube/names.h"
#include "kube/scalar.h"
#include "kube/utf8.h"
#include "pkg/util/fd.h"

enum { MAX_VALUE = 16 << 20 };

/* A ConfigMap in the making. */
struct made {
	const char *option; /* that named it first */
	char *name;
	struct strv keys;
	struct names seen; /* borrows from keys */
	struct strbuf data, binary;
	size_t bytes;
};

struct made_list {
	struct made *v;
	size_t len;
};

static void made_done(struct made_list *l)
{
	for (size_t i = 0; i < l->len; i++) {
		struct made *m = &l->v[i];

		free(m->name);
		names_done(&m->seen);
		strv_done(&m->keys);
		strbuf_done(&m->data);
		strbuf_done(&m->binary);
	}
	free(l->v);
}

#define automade __attribute__((cleanup(made_done)))

/* --- texts ------------------------------------------------------------------------------------ */

static bool is_text(const char *s, size_t len)
{
	uint32_t c;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_next(s + i, len - i, &c);
		if (!n || !c)
			return false;
	}
	return true;
}

/* In double quotes, as YAML and JSON have them. Only for text. */
static void put_string(const char *s, size_t len, struct strbuf *out)
{
	uint32_t c = 0;

	strbuf_addc(out, '"');
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_next(s + i, len - i, &c);
		if (c == '"' || c == '\\')
			strbuf_addf(out, "\\%c", (char)c);
		else if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029 ||
		         c == 0xfeff || c == 0xfffe || c == 0xffff)
			strbuf_addf(out, "\\u%04x", c);
		else
			strbuf_add(out, s + i, n);
	}
	strbuf_addc(out, '"');
}

static void put_base64(const char *bytes, size_t len, struct strbuf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = MIN(len - i, (size_t)3);
		uint32_t v = (uint32_t)s[i] << 16 | (n > 1 ? (uint32_t)s[i + 1] << 8 : 0) |
		             (n > 2 ? s[i + 2] : 0);

		for (size_t d = 0; d < 4; d++)
			strbuf_addc(out, d <= n ? digits[v >> (18 - 6 * d) & 63] : '=');
	}
}

/* --- entries ---------------------------------------------------------------------------------- */

static int add_entry(struct made *m, const char *key, const char *bytes, size_t len, struct err *e)
{
	bool text = is_text(bytes, len);
	struct strbuf *out = text ? &m->data : &m->binary;

	if (!name_is_config_key(key))
		return err_set(e, ERR_INPUT,
		               "\"%s\" cannot be a key: a key has A-Z a-z 0-9 - _ . only, at most "
		               "253, and does not begin with \"..\"",
		               key);
	strv_add(&m->keys, key);
	if (!names_add(&m->seen, m->keys.v[m->keys.len - 1], 0, NULL))
		return err_set(e, ERR_INPUT, "ConfigMap %s has key %s already", m->name, key);
	m->bytes += len;
	if (m->bytes > MAX_VALUE)
		return err_set(e, ERR_INPUT, "ConfigMap %s becomes larger than %d MiB", m->name,
		               MAX_VALUE >> 20);
	strbuf_adds(out, out->len ? ",\n" : "");
	put_string(key, strlen(key), out);
	strbuf_adds(out, ": ");
	if (text) {
		put_string(bytes, len, out);
	} else {
		strbuf_addc(out, '"');
		put_base64(bytes, len, out);
		strbuf_addc(out, '"');
	}
	return 0;
}

static int add_file(struct made *m, const char *key, int dirfd, const char *name, struct err *e)
{
	autoclose int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	autostrbuf struct strbuf text = {0};

	if (fd < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "open %s", name);
	if (fd_read_all(fd, MAX_VALUE, &text, e) < 0)
		return err_wrap(e, "%s", name);
	return add_entry(m, key, text.s ? text.s : "", text.len, e);
}

static int is_entry(const struct dirent *d)
{
	return !streq(d->d_name, ".") && !streq(d->d_name, "..");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The regular files of a directory; links and what lies deeper is not looked at. */
static int add_directory(struct made *m, const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries = NULL;
	int r = 0, n = fd < 0 ? -1 : scandirat(fd, ".", &entries, is_entry, by_name);

	if (n < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "read directory %s", path);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		struct stat st;

		if (r == 0 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			r = add_file(m, name, fd, name, e);
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

/* FILE, DIR or KEY=FILE */
static int from_file(struct made *m, const char *what, struct err *e)
{
	const char *equals = strchr(what, '='), *path = equals ? equals + 1 : what;
	const char *slash = strrchr(path, '/');
	autofree char *key = equals ? xstrndup(what, (size_t)(equals - what))
	                            : xstrdup(slash ? slash + 1 : path);
	struct stat st;

	if (!*path || (equals && equals == what))
		return err_set(e, ERR_USAGE, "\"%s\" is no FILE, DIR or KEY=FILE", what);
	if (stat(path, &st) < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "open %s", path);
	if (!S_ISDIR(st.st_mode))
		return add_file(m, key, AT_FDCWD, path, e);
	if (equals)
		return err_set(e, ERR_USAGE, "%s is a directory: its files have their own names",
		               path);
	return add_directory(m, path, e);
}

/* A line of an env file: NAME=VALUE, or NAME whose value is that of this process. */
static int env_line(struct made *m, char *line, struct err *e)
{
	char *equals, *value;

	line += strspn(line, " \t\v\f\r");
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	value = equals ? equals + 1 : getenv(line);
	if (equals)
		*equals = '\0';
	if (!name_is_env(line))
		return err_set(e, ERR_INPUT, "\"%s\" is no name of a variable", line);
	return add_entry(m, line, value ? value : "", value ? strlen(value) : 0, e);
}

static int from_env(struct made *m, const char *path, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	int number = 0;

	if (fd_read_file(AT_FDCWD, path, MAX_VALUE, &text, e) < 0)
		return -1;
	if (!is_text(text.s ? text.s : "", text.len))
		return err_set(e, ERR_INPUT, "%s is no text in UTF-8", path);
	char *at = text.s;

	if (at && starts_with(at, "\xef\xbb\xbf"))
		at += 3;
	for (char *line; (line = strsep(&at, "\n"));) {
		size_t len = strlen(line);

		number++;
		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		if (env_line(m, line, e) < 0)
			return err_wrap(e, "%s:%d", path, number);
	}
	return 0;
}

/* --- options ---------------------------------------------------------------------------------- */

static const struct {
	const char *option;
	const char *only;                                            /* kind in files, or: */
	int (*add)(struct made *m, const char *what, struct err *e); /* to a ConfigMap */
} generators[] = {
	[KUBE_CONFIG_MAP_FILE] = {"--configmap", "ConfigMap", NULL},
	[KUBE_SECRET_FILE] = {"--secret-file", "Secret", NULL},
	[KUBE_CONFIG_MAP_FROM_FILE] = {"--configmap-from-file", NULL, from_file},
	[KUBE_CONFIG_MAP_FROM_ENV] = {"--configmap-from-env", NULL, from_env},
};

static struct made *find_made(struct made_list *l, const char *name, const char *option)
{
	for (size_t i = 0; i < l->len; i++)
		if (streq(l->v[i].name, name))
			return &l->v[i];
	l->v = xrealloc(l->v, (l->len + 1) * sizeof(*l->v));
	l->v[l->len] = (struct made){.option = option, .name = xstrdup(name)};
	return &l->v[l->len++];
}

/* NAME=WHAT */
static int make(struct made_list *l, const struct kube_generator *g, struct err *e)
{
	const char *option = generators[g->type].option, *equals = strchr(g->value, '=');
	autofree char *name = equals ? xstrndup(g->value, (size_t)(equals - g->value)) : NULL;

	if (!name || !name_is_subdomain(name))
		return err_set(e, ERR_USAGE, "%s %s: write NAME=..., the ConfigMap's name first",
		               option, g->value);
	if (generators[g->type].add(find_made(l, name, option), equals + 1, e) < 0)
		return err_wrap(e, "%s %s", option, name);
	return 0;
}

static int add_files(struct source_list *list, const struct kube_generator *g, struct err *e)
{
	size_t before = list->len;

	if (source_list_read(list, g->value, false, e) < 0)
		return err_wrap(e, "%s", generators[g->type].option);
	for (size_t i = before; i < list->len; i++) {
		list->v[i].option = generators[g->type].option;
		list->v[i].only = generators[g->type].only;
	}
	return 0;
}

static void add_made(struct source_list *list, const struct made *m)
{
	autofree char *name = xasprintf("%s %s", m->option, m->name);
	autostrbuf struct strbuf text = {0};

	strbuf_addf(&text,
	            "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": "
	            "{\"name\": \"%s\"},\n\"data\": {",
	            m->name);
	strbuf_add(&text, m->data.s ? m->data.s : "", m->data.len);
	strbuf_adds(&text, "},\n\"binaryData\": {");
	strbuf_add(&text, m->binary.s ? m->binary.s : "", m->binary.len);
	strbuf_adds(&text, "}}\n");
	source_add_text(list, name, NULL, text.s, text.len);
	list->v[list->len - 1].made = true;
}

int generators_add(struct source_list *list, const struct kube_options *o, struct err *e)
{
	automade struct made_list made = {0};

	for (size_t i = 0; i < o->generators_count; i++) {
		const struct kube_generator *g = &o->generators[i];
		int r = generators[g->type].add ? make(&made, g, e) : add_files(list, g, e);

		if (r < 0)
			return -1;
	}
	for (size_t i = 0; i < made.len; i++)
		add_made(list, &made.v[i]);
	return 0;
}
