/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube.c - one run of the front end, from sources to plan; see kube.h
 *
 * read -> tree -> kind and load -> validate -> lower. Each stage reports into the same collection
 * and leaves what it could not make empty, so that the later ones find their own problems in the
 * same run.
 */
#include "kube/kube.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "kube/lower.h"
#include "kube/pathname.h"
#include "kube/save.h"
#include "kube/validate.h"
#include "pkg/util/fd.h"

enum { MAX_FILES = 10000, MAX_OBJECTS = 100000 };

/* A text that was read, and where it came from. */
struct source {
	char *name; /* as messages show it */
	char *path; /* absolute, or "-" */
	char *dir;  /* for relative host paths */
	struct strbuf text;
};

struct source_list {
	struct source *v;
	size_t len;
};

static void sources_done(struct source_list *s)
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

#define autosources __attribute__((cleanup(sources_done)))

static struct source *add_source(struct source_list *s, const char *name)
{
	s->v = xrealloc(s->v, (s->len + 1) * sizeof(*s->v));
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

static int read_stdin(struct source_list *list, struct err *e)
{
	struct source *s = add_source(list, "stdin");

	s->path = xstrdup("-");
	s->dir = working_dir();
	if (fd_read_all(STDIN_FILENO, TREE_MAX_BYTES, &s->text, e) < 0)
		return err_wrap(e, "stdin");
	return 0;
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
	if (fd_read_all(fd, TREE_MAX_BYTES, &s->text, e) < 0)
		return err_wrap(e, "%s", name);
	return 0;
}

static int is_manifest(const struct dirent *d)
{
	return d->d_name[0] != '.' &&
	       (ends_with(d->d_name, ".yaml") || ends_with(d->d_name, ".yml") ||
	        ends_with(d->d_name, ".json"));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_directory(struct source_list *list, const char *name, struct err *e)
{
	struct dirent **entries = NULL;
	size_t len = strlen(name);
	int n, count = 0, r = 0;

	while (len > 1 && name[len - 1] == '/')
		len--;
	n = scandir(name, &entries, is_manifest, by_name);
	if (n < 0)
		return err_sys_kind(e, ERR_INPUT, errno, "read directory %s", name);
	for (int i = 0; i < n; i++) {
		autofree char *path =
			xasprintf("%.*s%s%s", (int)len, name, name[len - 1] == '/' ? "" : "/",
		                  entries[i]->d_name);
		struct stat st;

		if (r == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			r = read_file(list, path, e);
			count++;
		}
		free(entries[i]);
	}
	free(entries);
	if (r == 0 && !count)
		return err_set(e, ERR_INPUT, "%s has no *.yaml, *.yml or *.json file", name);
	return r;
}

static int read_sources(const char *const *names, size_t count, struct source_list *list,
                        struct err *e)
{
	bool had_stdin = false;
	struct stat st;

	for (size_t i = 0; i < count; i++) {
		int r;

		if (streq(names[i], "-")) {
			if (had_stdin)
				return err_set(e, ERR_USAGE, "stdin (-) can be read only once");
			had_stdin = true;
			r = read_stdin(list, e);
		} else if (stat(names[i], &st) == 0 && S_ISDIR(st.st_mode)) {
			r = read_directory(list, names[i], e);
		} else {
			r = read_file(list, names[i], e);
		}
		if (r < 0)
			return -1;
	}
	return 0;
}

static void add_object(struct run *r, enum object_type type, void *data, const char *dir,
                       const struct node *root, const struct at *at)
{
	struct object *o;
	const struct k8s_meta *m = ((struct k8s_head *)data)->metadata;

	if ((r->objects_count & (r->objects_count - 1)) == 0)
		r->objects = xrealloc(r->objects,
		                      MAX(r->objects_count * 2, (size_t)1) * sizeof(*r->objects));
	o = &r->objects[r->objects_count++];
	*o = (struct object){
		.type = type,
		.ns = m && m->namespace && *m->namespace ? m->namespace : r->o->namespace_default,
		.name = m && m->name ? m->name : "",
		.data = data,
		.file = r->load.file,
		.dir = dir,
		.root = root,
		.at = at,
	};
}

static const struct at *keep_at(struct run *r, const struct at *up, const char *key, uint32_t index)
{
	struct at *at = arena_alloc(&r->arena, sizeof(*at));

	*at = (struct at){up, key, index};
	return at;
}

/* What a list may have besides its items. */
static void check_list(struct run *r, const struct at *at, const struct node *n)
{
	static const char *const known[] = {"apiVersion", "kind", "items", "metadata"};
	enum kube_severity severity;

	for (uint32_t i = 0; i < n->len && load_strictness(r->o->validate, &severity); i++) {
		const struct node *key = n->pair[i].key;
		struct guess g = {0};
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(known); k++) {
			found |= streq(key->text, known[k]);
			guess_offer(&g, key->text, known[k]);
		}
		autofree char *hint = guess_text(&g);

		if (!found)
			diag_add(&r->d, severity, r->load.file, key->line, key->column,
			         AT(at, key->text), "unknown field%s", hint);
	}
}

static void load_document(struct run *r, const char *dir, const struct node *root,
                          const struct node *n, const struct at *at, int item_type);

static void load_items(struct run *r, const char *dir, const struct node *root,
                       const struct node *n, const struct at *at, int item_type)
{
	const struct node *items = node_get(n, "items");
	const struct at *items_at = keep_at(r, at, "items", 0);

	check_list(r, at, n);
	if (!items || node_is_null(items))
		return;
	if (items->kind != NODE_LIST) {
		autofree char *got = load_describe(items);

		diag_add(&r->d, KUBE_ERROR, r->load.file, items->line, items->column, items_at,
		         "expected a list, got %s", got);
		return;
	}
	for (uint32_t i = 0; i < items->len && !r->load.stop; i++)
		load_document(r, dir, root, items->item[i], keep_at(r, items_at, NULL, i),
		              item_type);
}

/* A document, or an item of a list: then at is its path. */
static void load_document(struct run *r, const char *dir, const struct node *root,
                          const struct node *n, const struct at *at, int item_type)
{
	struct kind k = kind_of(&r->load, at, n, item_type);
	void *data;

	if (++r->documents > MAX_OBJECTS) {
		diag_add(&r->d, KUBE_ERROR, r->load.file, n->line, n->column, NULL,
		         "more than %d objects", MAX_OBJECTS);
		r->load.stop = true;
		return;
	}
	if (k.action == KIND_LIST) {
		load_items(r, dir, root, n, at, k.type);
	} else if (k.action == KIND_LOAD) {
		data = load_object(&r->load, at, kind_schema((enum object_type)k.type), n);
		if (data)
			add_object(r, (enum object_type)k.type, data, dir, root, at);
	}
}

static void load_source(struct run *r, struct source *s)
{
	struct tree *t = &r->trees[r->trees_count++];

	r->load.file = diags_file(&r->d, s->name);
	tree_parse(t, s->text.s ? s->text.s : "", s->text.len, &r->d, r->load.file);
	strbuf_done(&s->text); /* the tree has copied it */
	for (size_t i = 0; i < t->docs_count && !r->load.stop; i++)
		load_document(r, s->dir, t->docs[i], t->docs[i], NULL, KIND_ANY);
}

static void finish_plan(struct run *r, const struct source_list *list, struct kube_result *ret)
{
	struct err e = {0};

	r->d.rule = "plan";
	lower(r, &ret->plan, &ret->data);
	ret->plan->files = xcalloc(MAX(list->len, (size_t)1), sizeof(char *));
	for (size_t i = 0; i < list->len; i++)
		ret->plan->files[ret->plan->files_count++] = xstrdup(list->v[i].path);
	if (!r->d.errors && !r->o->no_objects && save_objects(r, &ret->objects, &e) < 0)
		diag_add(&r->d, KUBE_ERROR, 0, 0, 0, NULL, "%s", e.msg);
}

static void check_not_empty(struct run *r)
{
	if (r->d.errors)
		return;
	if (!r->documents)
		diag_add(&r->d, KUBE_ERROR, 0, 1, 1, NULL, "no Kubernetes object in here");
	else if (!r->objects_count)
		diag_add(&r->d, KUBE_WARNING, 0, 1, 1, NULL, "nothing in here is run by kubeplay");
}

static void run_done(struct run *r)
{
	for (size_t i = 0; i < r->trees_count; i++)
		tree_done(&r->trees[i]);
	free(r->trees);
	free(r->objects);
	names_done(&r->index);
	arena_done(&r->arena);
	diags_done(&r->d);
}

static void run(struct source_list *list, const char *project, const struct kube_options *o,
                struct kube_result *ret)
{
	struct kube_options options = *o;
	struct run r = {.o = &options, .project = project};

	if (!options.namespace_default)
		options.namespace_default = "default";
	r.load = (struct load){.arena = &r.arena, .d = &r.d, .mode = options.validate};
	r.trees = xcalloc(MAX(list->len, (size_t)1), sizeof(*r.trees));
	for (size_t i = 0; i < list->len && !r.load.stop; i++)
		load_source(&r, &list->v[i]);
	check_not_empty(&r);
	validate(&r);
	finish_plan(&r, list, ret);
	if (r.d.errors) {
		plan_free(ret->plan);
		ret->plan = NULL;
		plan_data_done(&ret->data);
		strbuf_done(&ret->objects);
	}
	ret->errors = r.d.errors;
	ret->files = list->len;
	ret->objects_count = r.objects_count;
	diags_take(&r.d, &ret->diags, &ret->diag_count);
	run_done(&r);
}

int kube_load(const char *const *sources, size_t count, const struct kube_options *o,
              struct kube_result *ret, struct err *e)
{
	autosources struct source_list list = {0};
	autofree char *project = NULL;

	if (!count)
		return err_set(e, ERR_USAGE, "no file given");
	if (read_sources(sources, count, &list, e) < 0)
		return -1;
	project = o->project ? xstrdup(o->project) : kube_project_name(sources[0]);
	*ret = (struct kube_result){0};
	run(&list, project, o, ret);
	return 0;
}

int kube_load_text(const char *name, const char *text, size_t len, const struct kube_options *o,
                   struct kube_result *ret, struct err *e)
{
	autosources struct source_list list = {0};
	autofree char *project = o->project ? xstrdup(o->project) : kube_project_name(name);
	struct source *s = add_source(&list, name);

	UNUSED(e); /* nothing here can fail but the text */
	s->path = xstrdup(name);
	s->dir = *name == '/' ? parent_of(name) : working_dir();
	strbuf_add(&s->text, text, len);
	*ret = (struct kube_result){0};
	run(&list, project, o, ret);
	return 0;
}

void kube_result_done(struct kube_result *r)
{
	plan_free(r->plan);
	plan_data_done(&r->data);
	strbuf_done(&r->objects);
	for (size_t i = 0; i < r->diag_count; i++) {
		free(r->diags[i].file);
		free(r->diags[i].path);
		free(r->diags[i].text);
	}
	free(r->diags);
	*r = (struct kube_result){0};
}

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

char *kube_project_name(const char *source)
{
	static const char *const extensions[] = {".yaml", ".yml", ".json"};
	autofree char *real = NULL;
	const char *base, *end;
	struct stat st;

	if (streq(source, "-") || starts_with(source, "/dev/"))
		return xstrdup("stdin");
	if (stat(source, &st) == 0 && S_ISDIR(st.st_mode)) {
		real = realpath(source, NULL); /* "." has a name too */
		source = real ? real : source;
	}
	base = strrchr(source, '/') ? strrchr(source, '/') + 1 : source;
	end = base + strlen(base);
	for (size_t i = 0; i < ARRAY_LEN(extensions) && !real; i++)
		if (ends_with(base, extensions[i]) && strlen(base) > strlen(extensions[i])) {
			end -= strlen(extensions[i]);
			break;
		}
	return make_name(base, (size_t)(end - base));
}
