/* SPDX-License-Identifier: Apache-2.0 */
/* verb_pull.c - have images here before they are needed */
#include "cmd/kubeplay/images.h"
#include "cmd/kubeplay/verb.h"

static const char *const policies[] = {"always", "missing", NULL};
static const enum plan_pull policy_of[] = {PLAN_PULL_ALWAYS, PLAN_PULL_IF_NOT_PRESENT};

struct values {
	struct image_values images;
	const char *platform;
	int policy;
};

static const struct values defaults = {.images = IMAGE_DEFAULTS};

static const struct option_def options[] = {
	{"policy", 0, OPTION_CHOICE, offsetof(struct values, policy), "POLICY",
         "always (default: ask the registry) or missing", policies, 0, 0},
	{"platform", 0, OPTION_STRING, offsetof(struct values, platform), "OS/ARCH",
         "another platform than this machine's", NULL, 0, 0},
	IMAGE_OPTIONS(struct values),
};

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	autofree struct fetch_image *images = NULL;
	struct fetch_request r;
	size_t n = 0;

	while (args[n])
		n++;
	images = xcalloc(n, sizeof(*images));
	for (size_t i = 0; i < n; i++)
		images[i] =
			(struct fetch_image){.reference = args[i], .pull = policy_of[v->policy]};
	if (images_request(c, &v->images, &r, e) < 0)
		return -1;
	r.platform = v->platform;
	if (fetch_images(&r, images, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		(void)printf("%s\n", images[i].image_id);
	return 0;
}

const struct verb verb_pull = {
	.name = "pull",
	.usage = "IMAGE...",
	.summary = "fetch images from their registries",
	.text = "Prints the image ids. Short names mean docker.io; a registry on the loopback may speak plain http.",
	VERB_OPTIONS(options, defaults),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
