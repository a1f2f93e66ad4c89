/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - which verb is meant? Help, usage errors and exit codes are the same for all of them
 */
#include <errno.h>

#include "cmd/kubeplay/report.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/util/log.h"

static const struct {
	const char *title; /* NULL: goes on */
	const struct verb *verb;
} verbs[] = {
	{"Run", &verb_up},     {NULL, &verb_down},     {"Manifests", &verb_plan},
	{NULL, &verb_check},   {NULL, &verb_explain},  {"Look", &verb_ps},
	{NULL, &verb_get},     {NULL, &verb_logs},     {NULL, &verb_exec},
	{NULL, &verb_port},    {"Images", &verb_pull}, {NULL, &verb_load},
	{NULL, &verb_images},  {NULL, &verb_image},    {NULL, &verb_history},
	{NULL, &verb_tag},     {NULL, &verb_rmi},      {"Data and machine", &verb_volume},
	{NULL, &verb_unshare}, {NULL, &verb_doctor},   {NULL, &verb_info},
	{NULL, &verb_version},
};

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};

static const struct option_def global_options[] = {
	{"root", 0, OPTION_STRING, offsetof(struct cli, root), "DIR",
         "where images and volumes are kept", NULL, 0, 0},
	{"runroot", 0, OPTION_STRING, offsetof(struct cli, runroot), "DIR",
         "where running projects are kept", NULL, 0, 0},
	{"project", 'p', OPTION_STRING, offsetof(struct cli, project), "NAME",
         "the project that is meant", NULL, 0, 0},
	{"log-level", 0, OPTION_CHOICE, offsetof(struct cli, log_level), "LEVEL",
         "error, warn (default), info or debug", log_levels, 0, 0},
	{"help", 'h', OPTION_FLAG, offsetof(struct cli, help), NULL, "this text, or that of a verb",
         NULL, 0, 0},
	{"version", 0, OPTION_FLAG, offsetof(struct cli, version), NULL, "the version", NULL, 0, 0},
};

static void print(FILE *f, const struct strbuf *text)
{
	(void)fwrite(text->s, 1, text->len, f);
}

static void help_all(FILE *f)
{
	autostrbuf struct strbuf out = {0};

	strbuf_adds(
		&out,
		"Usage: kubeplay [OPTION]... VERB [ARGUMENT]...\n\n"
		"Runs Kubernetes manifests on this machine, without root and without a daemon.\n");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (verbs[i].title)
			strbuf_addf(&out, "\n%s:\n", verbs[i].title);
		strbuf_addf(&out, "  %-10s  %s\n", verbs[i].verb->name, verbs[i].verb->summary);
	}
	strbuf_adds(&out, "\nOptions, before or after the verb:\n");
	options_help(global_options, ARRAY_LEN(global_options), &out);
	strbuf_adds(&out, "\n`kubeplay VERB --help` says more; so does kubeplay(1).\n");
	print(f, &out);
}

static void help_verb(const struct verb *v)
{
	autostrbuf struct strbuf out = {0};

	strbuf_addf(&out, "Usage: kubeplay %s%s%s%s\n\n%s\n", v->name,
	            v->option_count ? " [OPTION]..." : "", *v->usage ? " " : "", v->usage,
	            v->summary);
	if (v->text)
		strbuf_addf(&out, "\n%s\n", v->text);
	if (v->option_count)
		strbuf_adds(&out, "\nOptions:\n");
	options_help(v->options, v->option_count, &out);
	strbuf_adds(&out, "\nGlobal options: see kubeplay --help.\n");
	print(stdout, &out);
}

static const struct verb *find_verb(const char *name, struct err *e)
{
	const char *names[ARRAY_LEN(verbs)], *near;

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		names[i] = verbs[i].verb->name;
		if (streq(names[i], name))
			return verbs[i].verb;
	}
	(void)err_set(e, ERR_USAGE, "there is no verb \"%s\"", name);
	near = option_nearest(name, names, ARRAY_LEN(names));
	(void)(near ? err_hint(e, "did you mean %s?", near)
	            : err_hint(e, "kubeplay --help lists them"));
	return NULL;
}

static int check_args(const struct verb *v, char **args, struct err *e)
{
	int n = 0;

	while (args[n])
		n++;
	if (n < v->min_args || (!v->has_command && v->max_args >= 0 && n > v->max_args)) {
		(void)err_set(e, ERR_USAGE,
		              n < v->min_args ? "%s: an argument is missing"
		                              : "%s: too many arguments",
		              v->name);
		return err_hint(e, "usage: kubeplay %s %s", v->name, v->usage);
	}
	return 0;
}

/* argv[0] is the verb's name. */
static int run_verb(struct cli *c, const struct verb *v, int argc, char **argv, struct err *e)
{
	autofree void *values = v->values_size ? xmemdup(v->defaults, v->values_size) : NULL;
	autofree char **args = NULL;
	const struct option_group groups[] = {
		{v->options, v->option_count, values},
		{global_options, ARRAY_LEN(global_options), c},
	};

	if (options_parse(groups, ARRAY_LEN(groups), argc, argv, v->has_command ? v->max_args : -1,
	                  &args, NULL, e) < 0)
		return err_hint(e, "kubeplay %s --help lists its options", v->name);
	log_set_level((enum log_level)c->log_level);
	if (c->help) {
		help_verb(v);
		return 0;
	}
	if (check_args(v, args, e) < 0)
		return -1;
	if (c->project && !dirs_valid_project(c->project))
		return err_set(
			e, ERR_USAGE,
			"\"%s\" cannot be a project's name: letters, digits, and after the first . _ -",
			c->project);
	return v->run(c, values, args, e);
}

static int run(struct cli *c, int argc, char **argv, struct err *e)
{
	const struct option_group globals = {global_options, ARRAY_LEN(global_options), c};
	autofree char **args = NULL;
	const struct verb *v;
	int used = 0;

	if (options_parse(&globals, 1, argc, argv, 0, &args, &used, e) < 0)
		return err_hint(
			e, "kubeplay --help lists the options; those of a verb stand behind it");
	if (c->version)
		return verb_version.run(c, verb_version.defaults, args, e);
	if (c->help || (args[0] && streq(args[0], "help") && !args[1])) {
		help_all(stdout);
		return 0;
	}
	if (!args[0]) {
		help_all(stderr);
		return 2;
	}
	if (streq(args[0], "help")) {
		c->help = true;
		used++;
	}
	v = find_verb(argv[used], e);
	return v ? run_verb(c, v, argc - used, argv + used, e) : -1;
}

/* Results that could not be written are not results. A reader that left early (a pager, head) is no
 * failure. */
static int flush_results(int code)
{
	struct err e = {0};

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		return code;
	(void)err_sys(&e, errno, "write to standard output");
	report_error(&e);
	return code ? code : err_exit_code(&e);
}

int main(int argc, char **argv)
{
	struct cli c = {.log_level = LOG_LEVEL_WARN};
	struct err e = {0};
	int code = run(&c, argc, argv, &e);

	if (code < 0) {
		(void)fflush(stdout);
		report_error(&e);
		code = err_exit_code(&e);
		code = code ? code : 1;
	}
	code = flush_results(code);
	cli_done(&c);
	return code;
}
