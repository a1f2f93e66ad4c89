/* SPDX-License-Identifier: Apache-2.0 */
/* verb_plan.c - what would `up` run? Nothing is made; Secret values are never shown */
#include <inttypes.h>

#include "cmd/kubeplay/loading.h"
#include "cmd/kubeplay/verb.h"
#include "pkg/util/record.h"

static const char *const outputs[] = {"text", "json", NULL};

struct values {
	struct loading_values loading;
	int output;
};

static const struct values defaults;

static const struct option_def options[] = {
	LOADING_OPTIONS(struct values),
	{"output", 'o', OPTION_CHOICE, offsetof(struct values, output), "FORMAT",
         "text or json (stable, for programs)", outputs, 0, 0},
};

/* Append text as one line that is safe for a terminal. */
static void add(struct strbuf *out, const char *text)
{
	autofree char *clean = str_sanitize(text, strlen(text));

	strbuf_adds(out, clean);
}

/* A word: quoted as in JSON where its ends or its lines could not be told otherwise. */
static void add_value(struct strbuf *out, const struct plan_value *v)
{
	autofree char *text = plan_value_show(v);
	autostrbuf struct strbuf quoted = {0};

	if (*text && !strpbrk(text, " \t\n\"\\")) {
		add(out, text);
		return;
	}
	record_json_string(text, &quoted);
	add(out, quoted.s);
}

static void show_words(struct strbuf *out, const char *label, const struct plan_value *list,
                       uint32_t count)
{
	if (!count)
		return;
	strbuf_addf(out, "    %-9s", label);
	for (uint32_t i = 0; i < count; i++) {
		strbuf_addc(out, ' ');
		add_value(out, &list[i]);
	}
	strbuf_addc(out, '\n');
}

static void show_port(struct strbuf *out, const struct plan_port *p)
{
	strbuf_addf(out, "    port      ");
	if (p->host_port)
		strbuf_addf(out, "%s%s%" PRId64 " -> ", p->host_ip ? p->host_ip : "",
		            p->host_ip ? ":" : "", p->host_port);
	strbuf_addf(out, "%" PRId64 "/%s%s\n", p->container_port,
	            p->protocol == PLAN_UDP ? "udp" : "tcp",
	            p->host_port ? "" : " (not published)");
}

static void show_security(struct strbuf *out, const struct plan_security *s)
{
	struct strbuf text = {0};

	if (s->run_as_user >= 0)
		strbuf_addf(&text, " uid %" PRId64, s->run_as_user);
	if (s->run_as_group >= 0)
		strbuf_addf(&text, " gid %" PRId64, s->run_as_group);
	if (s->privileged)
		strbuf_adds(&text, " privileged");
	if (s->read_only_root)
		strbuf_adds(&text, " read-only-root");
	if (s->no_new_privs)
		strbuf_adds(&text, " no-new-privileges");
	for (uint32_t i = 0; i < s->cap_add_count; i++)
		strbuf_addf(&text, " +%s", s->cap_add[i]);
	for (uint32_t i = 0; i < s->cap_drop_count; i++)
		strbuf_addf(&text, " -%s", s->cap_drop[i]);
	if (text.len) {
		strbuf_adds(out, "    security ");
		add(out, text.s);
		strbuf_addc(out, '\n');
	}
	strbuf_done(&text);
}

static void show_container(struct strbuf *out, const char *kind, const struct plan_container *c)
{
	strbuf_addf(out, "  %s ", kind);
	add(out, c->name);
	strbuf_adds(out, ": ");
	add(out, c->image);
	strbuf_addc(out, '\n');
	show_words(out, "command", c->command, c->command_count);
	show_words(out, "args", c->args, c->args_count);
	for (uint32_t i = 0; i < c->env_count; i++) {
		strbuf_adds(out, "    env       ");
		add(out, c->env[i].name);
		strbuf_addc(out, '=');
		add_value(out, &c->env[i].value);
		strbuf_addc(out, '\n');
	}
	for (uint32_t i = 0; i < c->ports_count; i++)
		show_port(out, &c->ports[i]);
	for (uint32_t i = 0; i < c->mounts_count; i++) {
		const struct plan_mount *m = &c->mounts[i];

		strbuf_adds(out, "    mount     ");
		add(out, m->path);
		strbuf_adds(out, " <- ");
		add(out, m->volume);
		if (m->sub_path) {
			strbuf_addc(out, '/');
			add(out, m->sub_path);
		} else if (m->sub_path_expr) {
			strbuf_addc(out, '/');
			add_value(out, m->sub_path_expr);
		}
		strbuf_adds(out, m->read_only ? " (read only)\n" : "\n");
	}
	show_security(out, &c->security);
}

static void show_volume(struct strbuf *out, const struct plan_volume *v)
{
	strbuf_adds(out, "  volume ");
	add(out, v->name);
	switch (v->type) {
	case PLAN_EMPTY_DIR:
		strbuf_adds(out, v->memory ? ": empty, in memory" : ": empty");
		if (v->substitute) {
			strbuf_adds(out, ", instead of ");
			add(out, v->substitute);
		}
		break;
	case PLAN_EPHEMERAL:
		strbuf_adds(out, ": empty, as claim ");
		add(out, v->claim);
		break;
	case PLAN_IMAGE:
		strbuf_adds(out, ": image ");
		add(out, v->image ? v->image->reference : "");
		break;
	case PLAN_HOST_PATH:
		strbuf_adds(out, ": host path ");
		add(out, v->host_path);
		break;
	case PLAN_FILES:
		strbuf_addf(out, ": %" PRIu32 " file%s%s", v->files_count,
		            v->files_count == 1 ? "" : "s", v->secret ? " of a secret" : "");
		break;
	case PLAN_CLAIM:
		strbuf_adds(out, ": claim ");
		add(out, v->claim);
		break;
	}
	strbuf_adds(out, v->read_only ? " (read only)\n" : "\n");
}

static void show_pod(struct strbuf *out, const struct plan_pod *p)
{
	static const char *const restarts[] = {
		[PLAN_RESTART_ALWAYS] = "Always",
		[PLAN_RESTART_ON_FAILURE] = "OnFailure",
		[PLAN_RESTART_NEVER] = "Never",
	};

	strbuf_adds(out, "pod ");
	add(out, p->name);
	if (p->owner_kind && p->owner_name) {
		strbuf_adds(out, " of ");
		add(out, p->owner_kind);
		strbuf_addc(out, ' ');
		add(out, p->owner_name);
	}
	strbuf_addf(out, " (restart %s, grace %" PRId64 "s%s)\n", restarts[p->restart],
	            p->grace_seconds, p->host_network ? ", host network" : "");
	for (uint32_t i = 0; i < p->init_containers_count; i++)
		show_container(out, "init", &p->init_containers[i]);
	for (uint32_t i = 0; i < p->containers_count; i++)
		show_container(out, "container", &p->containers[i]);
	for (uint32_t i = 0; i < p->volumes_count; i++)
		show_volume(out, &p->volumes[i]);
}

/* What is finished need not wait for the rest. */
static void flush(struct strbuf *out)
{
	if (out->len)
		(void)fwrite(out->s, 1, out->len, stdout);
	strbuf_clear(out);
}

static void show_text(const struct plan *p, struct strbuf *out)
{
	strbuf_adds(out, "project ");
	add(out, p->project);
	strbuf_addf(out, ": %" PRIu32 " pod%s\n", p->pods_count, p->pods_count == 1 ? "" : "s");
	for (uint32_t i = 0; i < p->pods_count; i++) {
		show_pod(out, &p->pods[i]);
		flush(out);
	}
	for (uint32_t i = 0; i < p->claims_count; i++) {
		strbuf_adds(out, "claim ");
		add(out, p->claims[i].claim_namespace);
		strbuf_addc(out, '/');
		add(out, p->claims[i].name);
		strbuf_adds(out, p->claims[i].declared ? "\n" : " (not declared here)\n");
	}
	flush(out);
}

static int run(struct cli *c, const void *values, char **args, struct err *e)
{
	const struct values *v = values;
	autostrbuf struct strbuf out = {0};
	struct kube_result k = {0};
	int r = loading_run(c, &v->loading, args, LOADING_NO_OBJECTS, "there is no plan", &k, e);

	if (r == 0) {
		if (v->output)
			plan_write_json(k.plan, stdout);
		else
			show_text(k.plan, &out);
	}
	kube_result_done(&k);
	return r;
}

const struct verb verb_plan = {
	.name = "plan",
	.usage = "[FILE|DIR|URL|-]...",
	.summary = "check manifests and show what they come to",
	.text = "Makes nothing and needs no image. Values of Secrets are shown as <secret>.",
	VERB_OPTIONS(options, defaults),
	.max_args = -1,
	.run = run,
};
