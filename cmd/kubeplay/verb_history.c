/* SPDX-License-Identifier: Apache-2.0 */
/* verb_history.c - which steps made an image, and how large is what each of them left? */
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/stored.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/util/clock.h"

enum { COMMAND_SHOWN = 60 };

static const char *const outputs[] = {"table", "json", NULL};

struct values {
	int output;
	bool no_trunc;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT", "table or json",
         outputs, 0, 0},
	{"no-trunc", 0, OPTION_FLAG, offsetof(struct values, no_trunc), NULL, "whole commands",
         NULL, 0, 0},
};

struct step {
	const char *created, *by, *comment; /* NULL: not said */
	const struct store_layer *layer;    /* NULL: it left none */
};

/* The steps, oldest first; an image that does not tell them has one for each layer. Owned. */
static struct step *steps_of(const struct store_image *img, const json_t *config, size_t *ret_len)
{
	const json_t *history = json_object_get(config, "history"), *h;
	size_t n = json_is_array(history) ? json_array_size(history) : 0, i;
	struct step *steps = xcalloc(n + img->layers_count + 1, sizeof(*steps));
	uint32_t layer = 0;

	json_array_foreach(history, i, h)
	{
		steps[i].created = json_string_value(json_object_get(h, "created"));
		steps[i].by = json_string_value(json_object_get(h, "created_by"));
		steps[i].comment = json_string_value(json_object_get(h, "comment"));
		if (!json_is_true(json_object_get(h, "empty_layer")) && layer < img->layers_count)
			steps[i].layer = &img->layers[layer++];
	}
	while (layer < img->layers_count)
		steps[n++].layer = &img->layers[layer++];
	*ret_len = n;
	return steps;
}

static void show_table(const struct step *steps, size_t len, const struct values *v)
{
	autotable struct table t = {.columns = 5};
	int64_t now = clock_real_ns(), created;

	table_cells(&t, "LAYER", "CREATED", "SIZE", "CREATED BY", "COMMENT", NULL);
	for (size_t i = len; i-- > 0;) {
		const struct step *s = &steps[i];
		char age[REPORT_AGE_SIZE] = "<unknown>", size[REPORT_SIZE_SIZE];
		char id[STORED_ID_SIZE];
		const char *by = s->by ? s->by : "";
		bool cut = !v->no_trunc && strlen(by) > COMMAND_SHOWN;

		if (s->created && clock_parse_rfc3339(s->created, &created) == 0)
			report_age(now - created, age);
		report_size(s->layer ? s->layer->size : 0, size);
		stored_id(s->layer ? s->layer->diff_id : NULL, false, id);
		table_cells(&t, id, age, size, NULL);
		table_cellf(&t, "%.*s%s", cut ? COMMAND_SHOWN : (int)strlen(by), by,
		            cut ? "..." : "");
		table_cell(&t, s->comment);
	}
	table_print(&t);
}

static void show_json(const struct step *steps, size_t len)
{
	json_t *list = json_array();

	for (size_t i = len; i-- > 0;) {
		const struct step *s = &steps[i];
		json_t *o = json_object();

		report_set(o, "layer", s->layer ? s->layer->diff_id : NULL);
		report_set(o, "created", s->created);
		(void)json_object_set_new(o, "size", json_integer(s->layer ? s->layer->size : 0));
		report_set(o, "createdBy", s->by);
		report_set(o, "comment", s->comment);
		(void)json_array_append_new(list, o);
	}
	report_json(list);
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	autostored struct stored s = {.fd = -1};
	const struct store_image *img;
	json_t *config;
	size_t len;

	if (stored_open(c, &s, e) < 0)
		return -1;
	img = stored_find(&s, args[0], e);
	if (!img)
		return -1;
	config = stored_config(&s, img, e);
	if (!config)
		return err_wrap(e, "image %s", args[0]);
	autofree struct step *steps = steps_of(img, config, &len);

	if (v->output)
		show_json(steps, len);
	else
		show_table(steps, len, v);
	json_decref(config);
	return 0;
}

const struct verb verb_history = {
	.name = "history",
	.usage = "IMAGE",
	.summary = "the steps that made an image, the newest first",
	.text = "As the image's own config tells them; SIZE is that of the layer which a step left.",
	VERB_OPTIONS(options, defaults),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
