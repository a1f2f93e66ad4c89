/* SPDX-License-Identifier: Apache-2.0 */
/* verb_rmi.c - let go of images, but not of those that run */
#include "cmd/kubeplay/images.h"
#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/verb.h"

struct values {
	bool force;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"force", 'f', OPTION_FLAG, offsetof(struct values, force), NULL,
         "with all its names, and no error if it is not here", NULL, 0, 0},
};

static int images_in_use(struct cli *c, struct strv *ret, struct err *e)
{
	autoprojects struct projects ps = {0};
	const char *only = c->project;
	int r;

	c->project = NULL; /* whatever -p says: all of them count */
	r = projects_load(c, &ps, e);
	c->project = only;
	if (r < 0)
		return -1;
	for (size_t i = 0; i < ps.len; i++) {
		const struct state_project *s = ps.v[i].alive ? ps.v[i].state : NULL;

		for (uint32_t j = 0; s && j < s->pods_count; j++)
			for (uint32_t k = 0; k < s->pods[j].containers_count; k++) {
				const char *id = s->pods[j].containers[k].image_id;

				if (id && *id && !strv_has(ret, id))
					strv_add(ret, id);
			}
	}
	return 0;
}

static int remove_one(const struct fetch_request *r, const char *name, const struct values *v,
                      const struct strv *used, struct err *e)
{
	autostrv struct strv removed = {0};

	if (fetch_remove(r, name, v->force, used->v, used->len, &removed, e) < 0)
		return v->force && e->kind == ERR_ABSENT ? 0 : -1;
	for (size_t i = 0; i < removed.len; i++) {
		autofree char *clean = str_sanitize(removed.v[i], strlen(removed.v[i]));

		(void)printf("%s\n", clean);
	}
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct image_values how = {.tls_verify = true, .quiet = true};
	autostrv struct strv used = {0};
	struct fetch_request r;

	if (images_in_use(c, &used, e) < 0 || images_request(c, &how, &r, e) < 0)
		return -1;
	for (; *args; args++)
		if (remove_one(&r, *args, values, &used, e) < 0)
			return -1;
	return 0;
}

const struct verb verb_rmi = {
	.name = "rmi",
	.usage = "IMAGE...",
	.summary = "remove images that no running project uses",
	.text = "IMAGE is a name or the beginning of an image id. Layers that nothing else uses go too.",
	VERB_OPTIONS(options, defaults),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
