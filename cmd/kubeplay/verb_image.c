/* SPDX-License-Identifier: Apache-2.0 */
/* verb_image.c - all that is known about an image, in the words of other tools */
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/stored.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/store/usage.h"

static json_t *strings(char *const *list, uint32_t count)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < count; i++)
		(void)json_array_append_new(a, report_string(list[i]));
	return a;
}

static void copy(json_t *to, const char *to_key, const json_t *from, const char *key)
{
	json_t *v = json_object_get(from, key);

	if (v && !json_is_null(v))
		(void)json_object_set(to, to_key, v);
}

static json_t *layers(const struct store_image *img)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < img->layers_count; i++)
		(void)json_array_append_new(list, report_string(img->layers[i].diff_id));
	return json_pack("{ss,so}", "Type", "layers", "Layers", list);
}

static json_t *describe(const struct store_image *img, const struct store_size *size,
                        const json_t *config)
{
	static const char *const keys[][2] = {
		{"Created", "created"}, {"Author", "author"}, {"Architecture", "architecture"},
		{"Variant", "variant"}, {"Os", "os"},         {"Config", "config"},
		{"History", "history"},
	};
	json_t *o = json_object();

	report_set(o, "Id", starts_with(img->config, "sha256:") ? img->config + 7 : img->config);
	report_set(o, "Digest", img->manifest);
	(void)json_object_set_new(o, "RepoTags", strings(img->names, img->names_count));
	(void)json_object_set_new(o, "RepoDigests", strings(img->digests, img->digests_count));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		copy(o, keys[i][0], config, keys[i][1]);
	copy(o, "Labels", json_object_get(config, "config"), "Labels");
	(void)json_object_set_new(o, "Size", json_integer(size->size));
	(void)json_object_set_new(o, "SharedSize", json_integer(size->shared));
	(void)json_object_set_new(o, "RootFS", layers(img));
	return o;
}

static int inspect(const struct stored *s, char **names, struct err *e)
{
	autofree struct store_size *sizes = store_sizes(s->index);
	json_t *list = json_array();

	for (; *names; names++) {
		const struct store_image *img = stored_find(s, *names, e);
		json_t *config = img ? stored_config(s, img, e) : NULL;

		if (!config) {
			json_decref(list);
			return img ? err_wrap(e, "image %s", *names) : -1;
		}
		(void)json_array_append_new(list,
		                            describe(img, &sizes[img - s->index->images], config));
		json_decref(config);
	}
	report_json(list);
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	autostored struct stored s = {.fd = -1};

	UNUSED(values);
	if (!streq(args[0], "inspect")) {
		(void)err_set(e, ERR_USAGE, "there is no verb \"image %s\"", args[0]);
		return err_hint(e,
		                "there is inspect; images, rmi, tag and history are verbs of their "
		                "own");
	}
	return stored_open(c, &s, e) < 0 ? -1 : inspect(&s, args + 1, e);
}

const struct verb verb_image = {
	.name = "image",
	.usage = "inspect IMAGE...",
	.summary = "all that is known about an image, as JSON",
	.text = "The keys are those of podman's and docker's image inspect: Id, Digest, RepoTags, Config, RootFS, ...",
	.min_args = 2,
	.max_args = -1,
	.run = run,
};
