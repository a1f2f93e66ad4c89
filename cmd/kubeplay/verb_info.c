/* SPDX-License-Identifier: Apache-2.0 */
/* verb_info.c - where things are and what this machine offers, for bug reports and scripts */
#include "cmd/kubeplay/checks.h"
#include "cmd/kubeplay/projects.h"
#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/store/store.h"

static const char *const outputs[] = {"text", "json", NULL};

struct values {
	int output;
};

static const struct values defaults;

static const struct option_def options[] = {
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT", "text or json",
         outputs, 0, 0},
};

/* The checks whose detail is worth knowing even when all is well. */
static const char *const shown[] = {"kernel", "sub-ids", "storage", "overlay", "cgroup delegation",
                                    "uplink", "ports"};

static void add_checks(struct cli *c, json_t *o)
{
	for (size_t i = 0; i < checks_count; i++)
		for (size_t j = 0; j < ARRAY_LEN(shown); j++) {
			struct finding f;

			if (!streq(checks[i].name, shown[j]))
				continue;
			check_run(&checks[i], c, &f);
			report_set(o, checks[i].name, f.detail.s);
			finding_done(&f);
		}
}

static int count_images(struct cli *c, json_int_t *ret, struct err *e)
{
	struct store_index *x = NULL;
	autoclose int fd = cli_open_store(c, e);

	*ret = 0;
	if (fd < 0)
		return e->kind == ERR_ABSENT ? 0 : -1;
	if (store_index_load(fd, &x, e) < 0)
		return -1;
	*ret = x->images_count;
	store_index_free(x);
	return 0;
}

static int gather(struct cli *c, json_t *o, struct err *e)
{
	autoprojects struct projects ps = {0};
	json_int_t images, running = 0;

	if (projects_load(c, &ps, e) < 0 || count_images(c, &images, e) < 0)
		return -1;
	for (size_t i = 0; i < ps.len; i++)
		running += ps.v[i].alive;
	report_set(o, "version", KP_VERSION);
	report_set(o, "root", ps.dirs->root);
	report_set(o, "runroot", ps.dirs->runroot);
	report_set(o, "helpers", cli_libexec(c));
	(void)json_object_set_new(o, "running projects", json_integer(running));
	(void)json_object_set_new(o, "images", json_integer(images));
	add_checks(c, o);
	return 0;
}

static void show(json_t *o)
{
	const char *key;
	json_t *value;

	json_object_foreach(o, key, value)
	{
		const char *text = json_string_value(value);
		autofree char *clean = str_sanitize(text ? text : "", text ? strlen(text) : 0);

		if (text)
			(void)printf("%-18s %s\n", key, clean);
		else
			(void)printf("%-18s %lld\n", key, (long long)json_integer_value(value));
	}
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	json_t *o = json_object();
	int r;

	UNUSED(args);
	c->project = NULL;
	r = gather(c, o, e);
	if (r == 0 && v->output)
		report_json(json_incref(o));
	else if (r == 0)
		show(o);
	json_decref(o);
	return r;
}

const struct verb verb_info = {
	.name = "info",
	.usage = "",
	.summary = "show paths, ids, kernel, storage and network of this installation",
	VERB_OPTIONS(options, defaults),
	.run = run,
};
