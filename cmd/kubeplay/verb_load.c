/* SPDX-License-Identifier: Apache-2.0 */
/* verb_load.c - images from files: no registry needed */
#include "cmd/kubeplay/images.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/util/str.h"

struct values {
	const char *input, *tag;
	bool quiet;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"input", 'i', OPTION_STRING, offsetof(struct values, input), "FILE",
         "the same as the argument", NULL, 0, 0},
	{"tag", 't', OPTION_STRING, offsetof(struct values, tag), "NAME",
         "call the image NAME (an archive of one image)", NULL, 0, 0},
	{"quiet", 'q', OPTION_FLAG, offsetof(struct values, quiet), NULL, "no progress", NULL, 0,
         0},
};

static int choose_path(const struct values *v, char **args, const char **ret, struct err *e)
{
	*ret = args[0] ? args[0] : v->input ? v->input : "-";
	if (args[0] && v->input)
		return err_set(e, ERR_USAGE, "load: two inputs, %s and %s", v->input, args[0]);
	if (streq(*ret, "-") && isatty(STDIN_FILENO))
		return err_set(e, ERR_USAGE,
		               "load: name a file or a directory; standard input is a terminal");
	return 0;
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	const struct image_values how = {.tls_verify = true, .quiet = v->quiet};
	autostrv struct strv names = {0};
	struct fetch_request r;
	const char *path;

	if (choose_path(v, args, &path, e) < 0 || images_request(c, &how, &r, e) < 0)
		return -1;
	if (fetch_load(&r, path, v->tag, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.len; i++) {
		autofree char *clean = str_sanitize(names.v[i], strlen(names.v[i]));

		(void)printf("Loaded %s\n", clean);
	}
	return 0;
}

const struct verb verb_load = {
	.name = "load",
	.usage = "[FILE|DIR|-]",
	.summary = "take images from an OCI layout or a docker-archive",
	.text = "The input is an OCI image layout (directory or tar) or what `docker save` writes; - is standard input.",
	VERB_OPTIONS(options, defaults),
	.max_args = 1,
	.run = run,
};
