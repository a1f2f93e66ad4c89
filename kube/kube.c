/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube.c - one run of the front end, from sources to plan; see kube.h
 *
 * read -> tree -> variables and settings -> kind and load -> validate -> lower. Each stage reports
 * into the same collection and leaves what it could not make empty, so that the later ones find
 * their own problems in the same run.
 */
#include "kube/kube.h"

#include "kube/document.h"
#include "kube/fields.h"
#include "kube/generator.h"
#include "kube/lower.h"
#include "kube/save.h"
#include "kube/validate.h"

/* Objects for the disk; Secrets with their values beside the plan, where no file ever has them. */
static int keep_objects(const struct run *r, struct kube_result *ret, struct err *e)
{
	autostrbuf struct strbuf secrets = {0};

	if (save_objects(r, &ret->objects, e) < 0 || save_secrets(r, &secrets, e) < 0)
		return -1;
	if (!secrets.len)
		return 0;
	plan_data_add(&ret->data, PLAN_DATA_SECRETS, true, secrets.s, secrets.len);
	plan_data_sort(&ret->data);
	explicit_bzero(secrets.s, secrets.len);
	return 0;
}

static void finish_plan(struct run *r, struct kube_result *ret)
{
	const struct source_list *list = r->sources;
	struct err e = {0};

	r->d.rule = "plan";
	lower(r, &ret->plan, &ret->data);
	ret->plan->files = xcalloc(MAX(list->len, (size_t)1), sizeof(char *));
	for (size_t i = 0; i < list->len; i++)
		if (!list->v[i].made)
			ret->plan->files[ret->plan->files_count++] = xstrdup(list->v[i].path);
	if (!r->d.errors && !r->o->no_objects && keep_objects(r, ret, &e) < 0)
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
	documents_done(r);
	sets_done(&r->sets);
	subst_done(&r->subst);
	free(r->objects);
	names_done(&r->index);
	arena_done(&r->arena);
	diags_done(&r->d);
}

static void run_stages(struct run *r, struct kube_result *ret)
{
	for (size_t i = 0; i < r->sources->len && !r->load.stop; i++)
		documents_load(r, i);
	if (!r->load.stop && !r->d.errors)
		sets_check_used(&r->sets, &r->d);
	check_not_empty(r);
	if (!r->subst.failed) { /* else objects are missing that others refer to */
		validate(r);
		finish_plan(r, ret);
	}
	if (r->d.errors) {
		plan_free(ret->plan);
		ret->plan = NULL;
		plan_data_done(&ret->data);
		strbuf_done(&ret->objects);
	}
	ret->errors = r->d.errors;
	ret->files = r->sources->len;
	ret->objects_count = r->objects_count;
	if (r->o->fates && !r->load.stop)
		fields_collect(r, &ret->fates, &ret->objects_count);
	diags_take(&r->d, &ret->diags, &ret->diag_count);
}

static int run(const struct source_list *list, const char *first, const struct kube_options *o,
               struct kube_result *ret, struct err *e)
{
	struct kube_options options = *o;
	autofree char *project = o->project ? xstrdup(o->project) : kube_project_name(first);
	struct run r = {.o = &options, .project = project, .sources = list};
	int result;

	*ret = (struct kube_result){0};
	if (!options.namespace_default)
		options.namespace_default = "default";
	r.load = (struct load){.arena = &r.arena,
	                       .d = &r.d,
	                       .mode = options.validate,
	                       .substitute_volumes = options.substitute_volumes};
	for (size_t i = 0; i < list->len; i++)
		(void)diags_file(&r.d, list->v[i].name); /* a file's number is that of its source */
	subst_init(&r.subst, &options);
	result = sets_init(&r.sets, &options, &r.d, e);
	if (result == 0)
		run_stages(&r, ret);
	run_done(&r);
	return result;
}

int kube_load_sources(const struct kube_source *sources, size_t count, const struct kube_options *o,
                      struct kube_result *ret, struct err *e)
{
	autosources struct source_list list = {0};

	if (!count)
		return err_set(e, ERR_USAGE, "no file given");
	for (size_t i = 0; i < count; i++) {
		const struct kube_source *s = &sources[i];

		if (s->text)
			source_add_text(&list, s->name, s->path, s->text, s->len);
		else if (source_list_read(&list, s->name, o->recursive, e) < 0)
			return -1;
	}
	if (generators_add(&list, o, e) < 0)
		return -1;
	return run(&list, sources[0].path ? sources[0].path : sources[0].name, o, ret, e);
}

int kube_load(const char *const *sources, size_t count, const struct kube_options *o,
              struct kube_result *ret, struct err *e)
{
	autofree struct kube_source *list = xcalloc(count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i].name = sources[i];
	return kube_load_sources(list, count, o, ret, e);
}

int kube_load_text(const char *name, const char *text, size_t len, const struct kube_options *o,
                   struct kube_result *ret, struct err *e)
{
	const struct kube_source s = {.name = name, .text = text, .len = len};

	return kube_load_sources(&s, 1, o, ret, e);
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
	fields_free(r->fates, r->fates ? r->objects_count : 0);
	*r = (struct kube_result){0};
}
