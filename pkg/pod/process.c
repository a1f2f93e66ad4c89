/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - see process.h */
#include "pkg/pod/process.h"

#include <ctype.h>
#include <signal.h>
#include <strings.h>

#include "pkg/pod/node.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct resolver {
	const struct plan_data *data;
	plan_field_lookup *lookup;
	void *arg;
	char node[24]; /* what was asked of the machine last */
};

static const char *late(const char *field, void *arg)
{
	struct resolver *r = arg;
	const char *v = node_field(field, r->node);

	return v ? v : r->lookup ? r->lookup(field, r->arg) : NULL;
}

static int resolve(struct resolver *r, const struct plan_value *v, char **ret, struct err *e)
{
	return plan_value_resolve(v, r->data, late, r, ret, e);
}

static int add_values(struct resolver *r, const struct plan_value *v, uint32_t count,
                      struct strv *out, struct err *e)
{
	for (uint32_t i = 0; i < count; i++) {
		char *text = NULL;

		if (resolve(r, &v[i], &text, e) < 0)
			return -1;
		strv_take(out, text);
	}
	return 0;
}

static void add_strings(const struct strv *from, struct strv *out)
{
	for (size_t i = 0; i < from->len; i++)
		strv_add(out, from->v[i]);
}

/* command set: command + args. Else: entrypoint + (args or cmd). */
static int make_argv(struct resolver *r, const struct plan_container *c,
                     const struct image_config *img, struct strv *argv, struct err *e)
{
	bool command = c->command_count > 0;

	if (add_values(r, c->command, c->command_count, argv, e) < 0)
		return err_wrap(e, "command");
	if (!command)
		add_strings(&img->entrypoint, argv);
	if (add_values(r, c->args, c->args_count, argv, e) < 0)
		return err_wrap(e, "args");
	if (!command && !c->args_count)
		add_strings(&img->cmd, argv);
	if (!argv->len || !argv->v[0][0]) {
		(void)err_set(e, ERR_WORKLOAD,
		              "there is no command to run: neither the manifest "
		              "nor the image %s names one",
		              c->image);
		return err_hint(e, "set the container's command:");
	}
	return 0;
}

/* Replace NAME=... or append it. Takes the string. */
static void env_put(struct strv *env, char *entry)
{
	size_t name = (size_t)(strchr(entry, '=') - entry) + 1;

	for (size_t i = 0; i < env->len; i++) {
		if (strncmp(env->v[i], entry, name) == 0) {
			free(env->v[i]);
			env->v[i] = entry;
			return;
		}
	}
	strv_take(env, entry);
}

static bool env_has(const struct strv *env, const char *prefix)
{
	for (size_t i = 0; i < env->len; i++)
		if (starts_with(env->v[i], prefix))
			return true;
	return false;
}

static int make_env(struct resolver *r, const struct plan_pod *pod, const struct plan_container *c,
                    const struct image_config *img, struct strv *env, struct err *e)
{
	const char *node =
		pod->host_network && r->lookup ? r->lookup("spec.nodeName", r->arg) : NULL;
	const char *hostname = pod->hostname ? pod->hostname : pod->name;

	/* The image's entries are taken as they are: looking for doubles among them would let a
	 * hostile config cost quadratic time. */
	for (size_t i = 0; i < img->env.len; i++)
		if (strchr(img->env.v[i], '=') > img->env.v[i])
			strv_add(env, img->env.v[i]);
	if (!env_has(env, "PATH="))
		strv_addf(env, "PATH=%s", default_path);
	env_put(env, xasprintf("HOSTNAME=%s", node ? node : hostname));
	env_put(env, xstrdup("container=kubeplay"));
	if (c->tty && !env_has(env, "TERM="))
		strv_add(env, "TERM=xterm");
	for (uint32_t i = 0; i < c->env_count; i++) {
		autofree char *text = NULL;

		if (resolve(r, &c->env[i].value, &text, e) < 0)
			return err_wrap(e, "env %s", c->env[i].name);
		env_put(env, xasprintf("%s=%s", c->env[i].name, text));
	}
	return 0;
}

/* As a kubelet checks it: below the volume, and no step back. */
static bool stays_below(const char *path)
{
	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == 2 && memcmp(p, "..", 2) == 0)
			return false;
		p += len;
	}
	return *path && *path != '/' && strlen(path) < PATH_MAX;
}

static int make_sub_paths(struct resolver *r, const struct plan_container *c, struct strv *out,
                          struct err *e)
{
	for (uint32_t i = 0; i < c->mounts_count; i++) {
		const struct plan_mount *m = &c->mounts[i];
		char *path = NULL;

		if (!m->sub_path_expr)
			path = xstrdup(m->sub_path ? m->sub_path : "");
		else if (resolve(r, m->sub_path_expr, &path, e) < 0)
			return err_wrap(e, "mount %s: subPathExpr", m->path);
		strv_take(out, path);
		if (m->sub_path_expr && !stays_below(path)) {
			autofree char *shown = plan_value_show(m->sub_path_expr);

			return err_set(e, ERR_WORKLOAD,
			               "mount %s: subPathExpr %s does not come to a relative path "
			               "without \"..\"",
			               m->path, shown);
		}
	}
	return 0;
}

int process_stop_signal(const char *text)
{
	int64_t n;
	int rtmin = 0;

	if (!text || !text[0])
		return SIGTERM;
	if (str_parse_int(text, 1, SIGRTMAX, &n) == 0)
		return (int)n;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	if (strncasecmp(text, "RTMIN", 5) == 0) {
		rtmin = SIGRTMIN;
		if (text[5] == '\0')
			return rtmin;
		if (text[5] == '+' && str_parse_int(text + 6, 0, SIGRTMAX - SIGRTMIN, &n) == 0)
			return rtmin + (int)n;
		return SIGTERM;
	}
	for (int s = 1; s < 32; s++) {
		const char *name = sigabbrev_np(s);

		if (name && strcasecmp(name, text) == 0)
			return s;
	}
	return SIGTERM;
}

int process_make(const struct plan_pod *pod, const struct plan_container *c,
                 const struct image_config *img, const struct plan_data *data,
                 plan_field_lookup *lookup, void *arg, struct process *ret, struct err *e)
{
	struct resolver r = {data, lookup, arg, ""};
	struct process p = {.stop_signal = process_stop_signal(img->stop_signal)};
	const char *cwd = c->working_dir && c->working_dir[0] ? c->working_dir : img->working_dir;

	if (make_argv(&r, c, img, &p.argv, e) < 0 || make_env(&r, pod, c, img, &p.env, e) < 0 ||
	    make_sub_paths(&r, c, &p.sub_paths, e) < 0) {
		process_done(&p);
		return -1;
	}
	p.cwd = xstrdup(cwd && cwd[0] ? cwd : "/");
	p.image_user = img->user;
	*ret = p;
	return 0;
}

void process_done(struct process *p)
{
	strv_done(&p->argv);
	strv_done(&p->env);
	strv_done(&p->sub_paths);
	free(p->cwd);
	*p = (struct process){0};
}
