/* SPDX-License-Identifier: Apache-2.0 */
/* verb_images.c - which images are here, and how much of each is its own? */
#include <fnmatch.h>

#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/stored.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/store/usage.h"
#include "pkg/util/clock.h"

static const char *const outputs[] = {"table", "json", "wide", NULL};
enum output { OUT_TABLE, OUT_JSON, OUT_WIDE };

struct values {
	int output;
	bool quiet, no_trunc, digests;
	struct option_strings filters;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "table, wide (and what is shared with other images) or json", outputs, 0, 0},
	{"digests", 0, OPTION_FLAG, offsetof(struct values, digests), NULL,
         "a column for the digests", NULL, 0, 0},
	{"filter", 'f', OPTION_STRINGS, offsetof(struct values, filters), "FILTER",
         "only those for which dangling=true|false or reference=PATTERN holds", NULL, 0, 0},
	{"quiet", 'q', OPTION_FLAG, offsetof(struct values, quiet), NULL, "image ids only", NULL, 0,
         0},
	{"no-trunc", 0, OPTION_FLAG, offsetof(struct values, no_trunc), NULL, "whole image ids",
         NULL, 0, 0},
};

struct listing {
	const struct values *v;
	const struct store_index *index;
	struct store_size *sizes; /* as the index */
	bool *shown;              /* as the index */
	int64_t now;
};

/* --- filters -----------------------------------------------------------------------------------
 */

enum filter { FILTER_BAD, FILTER_DANGLING, FILTER_NAMED, FILTER_REFERENCE };

static enum filter filter_of(const char *text)
{
	if (streq(text, "dangling=true"))
		return FILTER_DANGLING;
	if (streq(text, "dangling=false"))
		return FILTER_NAMED;
	return starts_with(text, "reference=") ? FILTER_REFERENCE : FILTER_BAD;
}

/* A pattern means a name in full, or its end: "nginx:*" is docker.io/library/nginx:1.25 too. */
static bool name_matches(const char *pattern, const char *name)
{
	for (const char *p = name; p; p = strchr(p, '/')) {
		p += *p == '/';
		autofree char *repository = xstrndup(p, strcspn(p, ":"));

		if (fnmatch(pattern, p, 0) == 0 || fnmatch(pattern, repository, 0) == 0)
			return true;
	}
	return false;
}

static bool passes(const struct store_image *img, const char *filter)
{
	const char *pattern = filter + strlen("reference=");

	switch (filter_of(filter)) {
	case FILTER_DANGLING:
		return !img->names_count;
	case FILTER_NAMED:
		return img->names_count;
	case FILTER_REFERENCE:
		for (uint32_t i = 0; i < img->names_count; i++)
			if (name_matches(pattern, img->names[i]))
				return true;
		return false;
	case FILTER_BAD:
	default:
		return false;
	}
}

static int choose(struct listing *l, struct err *e)
{
	const struct option_strings *f = &l->v->filters;

	for (size_t i = 0; i < f->len; i++) {
		if (filter_of(f->v[i]) == FILTER_BAD)
			return err_set(e, ERR_USAGE,
			               "--filter %s: there are dangling=true, dangling=false and "
			               "reference=PATTERN",
			               f->v[i]);
	}
	for (uint32_t i = 0; i < l->index->images_count; i++) {
		l->shown[i] = true;
		for (size_t j = 0; j < f->len; j++)
			l->shown[i] &= passes(&l->index->images[i], f->v[j]);
	}
	return 0;
}

/* --- table -------------------------------------------------------------------------------------
 */

static void size_cell(struct table *t, int64_t bytes)
{
	char size[REPORT_SIZE_SIZE];

	report_size(bytes, size);
	table_cell(t, size);
}

static void row(struct table *t, const struct listing *l, uint32_t i, const char *name)
{
	const struct store_image *img = &l->index->images[i];
	const char *colon = name ? strrchr(name, ':') : NULL,
		   *slash = name ? strrchr(name, '/') : NULL;
	autofree char *repository = NULL;
	char id[STORED_ID_SIZE], age[REPORT_AGE_SIZE] = "";
	int64_t created;

	if (colon && slash && colon < slash)
		colon = NULL;
	if (name)
		repository = xstrndup(name, colon ? (size_t)(colon - name) : strlen(name));
	stored_id(img->config, l->v->no_trunc, id);
	if (img->created && clock_parse_rfc3339(img->created, &created) == 0)
		report_age(l->now - created, age);
	table_cell(t, repository);
	table_cell(t, colon ? colon + 1 : NULL);
	if (l->v->digests)
		table_cell(t, stored_digest(img, name));
	table_cells(t, *id ? id : "<none>", *age ? age : "<unknown>", NULL);
	size_cell(t, l->sizes[i].size);
	if (l->v->output == OUT_WIDE) {
		size_cell(t, l->sizes[i].shared);
		size_cell(t, l->sizes[i].size - l->sizes[i].shared);
		table_cell(t, img->architecture);
	}
}

static void show_table(const struct listing *l)
{
	bool wide = l->v->output == OUT_WIDE;
	autotable struct table t = {.columns = 5 + (l->v->digests ? 1 : 0) + (wide ? 3 : 0)};

	table_cells(&t, "REPOSITORY", "TAG", NULL);
	if (l->v->digests)
		table_cell(&t, "DIGEST");
	table_cells(&t, "IMAGE ID", "CREATED", "SIZE", NULL);
	if (wide)
		table_cells(&t, "SHARED", "UNIQUE", "ARCH", NULL);
	for (uint32_t i = 0; i < l->index->images_count; i++) {
		const struct store_image *img = &l->index->images[i];

		for (uint32_t j = 0; l->shown[i] && j < img->names_count; j++)
			row(&t, l, i, img->names[j]);
		if (l->shown[i] && !img->names_count)
			row(&t, l, i, NULL);
	}
	table_print(&t);
}

/* --- JSON, ids ---------------------------------------------------------------------------------
 */

static json_t *strings(char *const *list, uint32_t count)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < count; i++)
		(void)json_array_append_new(a, report_string(list[i]));
	return a;
}

static json_t *image_json(const struct store_image *img, const struct store_size *size)
{
	json_t *o = json_object(), *layers = json_array();

	report_set(o, "id", img->config);
	(void)json_object_set_new(o, "names", strings(img->names, img->names_count));
	(void)json_object_set_new(o, "digests", strings(img->digests, img->digests_count));
	report_set(o, "manifest", img->manifest);
	report_set(o, "architecture", img->architecture);
	report_set(o, "created", img->created);
	(void)json_object_set_new(o, "size", json_integer(size->size));
	(void)json_object_set_new(o, "sharedSize", json_integer(size->shared));
	(void)json_object_set_new(o, "uniqueSize", json_integer(size->size - size->shared));
	for (uint32_t j = 0; j < img->layers_count; j++)
		(void)json_array_append_new(layers, report_string(img->layers[j].diff_id));
	(void)json_object_set_new(o, "layers", layers);
	return o;
}

static void show_json(const struct listing *l)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < l->index->images_count; i++)
		if (l->shown[i])
			(void)json_array_append_new(list,
			                            image_json(&l->index->images[i], &l->sizes[i]));
	report_json(list);
}

static void show_ids(const struct listing *l)
{
	for (uint32_t i = 0; i < l->index->images_count; i++) {
		char id[STORED_ID_SIZE];

		if (!l->shown[i])
			continue;
		stored_id(l->index->images[i].config, l->v->no_trunc, id);
		(void)printf("%s\n", id);
	}
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	autostored struct stored s = {.fd = -1};

	UNUSED(args);
	if (stored_open(c, &s, e) < 0)
		return -1;
	autofree struct store_size *sizes = store_sizes(s.index);
	autofree bool *shown = xcalloc(s.index->images_count + 1, sizeof(*shown));
	struct listing l = {
		.v = v, .index = s.index, .sizes = sizes, .shown = shown, .now = clock_real_ns()};

	if (choose(&l, e) < 0)
		return -1;
	if (v->output == OUT_JSON)
		show_json(&l);
	else if (v->quiet)
		show_ids(&l);
	else
		show_table(&l);
	return 0;
}

const struct verb verb_images = {
	.name = "images",
	.usage = "",
	.summary = "list the images in the store",
	.text = "SIZE is that of the unpacked layers, of which images may share some; UNIQUE is what rmi would free.",
	VERB_OPTIONS(options, defaults),
	.run = run,
};
