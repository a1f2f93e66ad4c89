/* SPDX-License-Identifier: Apache-2.0 */
/* verb_images.c - which images are here? */
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/store/store.h"
#include "pkg/util/clock.h"

static const char *const outputs[] = {"table", "json", NULL};

struct values {
	int output;
	bool quiet, no_trunc;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT", "table or json",
         outputs, 0, 0},
	{"quiet", 'q', OPTION_FLAG, offsetof(struct values, quiet), NULL, "image ids only", NULL, 0,
         0},
	{"no-trunc", 0, OPTION_FLAG, offsetof(struct values, no_trunc), NULL, "whole image ids",
         NULL, 0, 0},
};

static int64_t image_size(const struct store_image *img)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < img->layers_count; i++)
		n += img->layers[i].size;
	return n;
}

/* The first twelve digits, as people quote them, or all of it. */
static void image_id(const struct store_image *img, bool whole, char out[80])
{
	const char *id = img->config ? img->config : "";

	if (!whole && starts_with(id, "sha256:"))
		id += strlen("sha256:");
	(void)snprintf(out, 80, "%.*s", whole ? 79 : 12, id);
}

static void row(struct table *t, const struct store_image *img, const char *name,
                const struct values *v, int64_t now)
{
	const char *colon = name ? strrchr(name, ':') : NULL,
		   *slash = name ? strrchr(name, '/') : NULL;
	autofree char *repository = NULL;
	char id[80], age[REPORT_AGE_SIZE] = "", size[REPORT_SIZE_SIZE];
	int64_t created;

	if (colon && slash && colon < slash)
		colon = NULL;
	if (name)
		repository = xstrndup(name, colon ? (size_t)(colon - name) : strlen(name));
	image_id(img, v->no_trunc, id);
	if (img->created && clock_parse_rfc3339(img->created, &created) == 0)
		report_age(now - created, age);
	report_size(image_size(img), size);
	table_cell(t, repository);
	table_cell(t, colon ? colon + 1 : NULL);
	table_cells(t, *id ? id : "<none>", *age ? age : "<unknown>", size, NULL);
}

static void show_table(const struct store_index *x, const struct values *v)
{
	autotable struct table t = {.columns = 5};
	int64_t now = clock_real_ns();

	table_cells(&t, "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", NULL);
	for (uint32_t i = 0; i < x->images_count; i++) {
		const struct store_image *img = &x->images[i];

		for (uint32_t j = 0; j < img->names_count; j++)
			row(&t, img, img->names[j], v, now);
		if (!img->names_count)
			row(&t, img, NULL, v, now);
	}
	table_print(&t);
}

static json_t *strings(char *const *list, uint32_t count)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < count; i++)
		(void)json_array_append_new(a, report_string(list[i]));
	return a;
}

static void show_json(const struct store_index *x)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < x->images_count; i++) {
		const struct store_image *img = &x->images[i];
		json_t *o = json_object(), *layers = json_array();

		report_set(o, "id", img->config);
		(void)json_object_set_new(o, "names", strings(img->names, img->names_count));
		(void)json_object_set_new(o, "digests", strings(img->digests, img->digests_count));
		report_set(o, "manifest", img->manifest);
		report_set(o, "architecture", img->architecture);
		report_set(o, "created", img->created);
		(void)json_object_set_new(o, "size", json_integer(image_size(img)));
		for (uint32_t j = 0; j < img->layers_count; j++)
			(void)json_array_append_new(layers, report_string(img->layers[j].diff_id));
		(void)json_object_set_new(o, "layers", layers);
		(void)json_array_append_new(list, o);
	}
	report_json(list);
}

static void show_ids(const struct store_index *x, const struct values *v)
{
	for (uint32_t i = 0; i < x->images_count; i++) {
		char id[80];

		image_id(&x->images[i], v->no_trunc, id);
		(void)printf("%s\n", id);
	}
}

/* The index; an empty one when there is no store yet. */
static int load(struct cli *c, struct store_index **ret, struct err *e)
{
	autoclose int fd = cli_open_store(c, e);

	if (fd >= 0)
		return store_index_load(fd, ret, e);
	if (e->kind != ERR_ABSENT)
		return -1;
	*ret = NULL;
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	static const struct store_index none;
	const struct values *v = values;
	struct store_index *x = NULL;

	UNUSED(args);
	if (load(c, &x, e) < 0)
		return -1;
	if (v->output)
		show_json(x ? x : &none);
	else if (v->quiet)
		show_ids(x ? x : &none, v);
	else
		show_table(x ? x : &none, v);
	store_index_free(x);
	return 0;
}

const struct verb verb_images = {
	.name = "images",
	.usage = "",
	.summary = "list the images in the store",
	.text = "SIZE is that of the unpacked layers; images share layers.",
	VERB_OPTIONS(options, defaults),
	.run = run,
};
