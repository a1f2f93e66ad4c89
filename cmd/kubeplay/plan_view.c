/* SPDX-License-Identifier: Apache-2.0 */
/* plan_view.c - see plan_view.h */
#include "cmd/kubeplay/plan_view.h"

#include <inttypes.h>

#include "cmd/kubeplay/plan_words.h"

enum { OF_POD = 2, OF_CONTAINER = 4 };

static void add_value(struct strbuf *out, const struct plan_value *v)
{
	autofree char *text = plan_value_show(v);

	plan_word_quoted(out, text);
}

/* A line with one word; nothing if it is unset. */
static void show_text(struct strbuf *out, int indent, const char *label, const char *text)
{
	autostrbuf struct strbuf words = {0};

	if (!text)
		return;
	strbuf_addc(&words, ' ');
	plan_word_quoted(&words, text);
	plan_line(out, indent, label, &words);
}

static void show_pairs(struct strbuf *out, int indent, const char *label,
                       const struct plan_label *list, uint32_t count)
{
	autostrbuf struct strbuf words = {0};

	plan_words_pairs(&words, list, count);
	plan_line(out, indent, label, &words);
}

/* --- containers --------------------------------------------------------------------------- */

static void show_values(struct strbuf *out, const char *label, const struct plan_value *list,
                        uint32_t count)
{
	autostrbuf struct strbuf words = {0};

	for (uint32_t i = 0; i < count; i++) {
		strbuf_addc(&words, ' ');
		add_value(&words, &list[i]);
	}
	plan_line(out, OF_CONTAINER, label, &words);
}

static void show_env(struct strbuf *out, const struct plan_container *c)
{
	for (uint32_t i = 0; i < c->env_count; i++) {
		strbuf_addf(out, "%*senv       ", OF_CONTAINER, "");
		plan_word(out, c->env[i].name);
		strbuf_addc(out, '=');
		add_value(out, &c->env[i].value);
		strbuf_addc(out, '\n');
	}
}

static void show_port(struct strbuf *out, const struct plan_port *p)
{
	strbuf_addf(out, "%*sport      ", OF_CONTAINER, "");
	if (p->host_port)
		strbuf_addf(out, "%s%s%" PRId64 " -> ", p->host_ip ? p->host_ip : "",
		            p->host_ip ? ":" : "", p->host_port);
	strbuf_addf(out, "%" PRId64 "/%s%s", p->container_port,
	            p->protocol == PLAN_UDP ? "udp" : "tcp",
	            p->host_port ? "" : " (not published)");
	if (p->name) {
		strbuf_addc(out, ' ');
		plan_word(out, p->name);
	}
	strbuf_addc(out, '\n');
}

static void show_mount(struct strbuf *out, const struct plan_mount *m)
{
	strbuf_addf(out, "%*smount     ", OF_CONTAINER, "");
	plan_word(out, m->path);
	strbuf_adds(out, " <- ");
	plan_word(out, m->volume);
	if (m->sub_path) {
		strbuf_addc(out, '/');
		plan_word(out, m->sub_path);
	} else if (m->sub_path_expr) {
		strbuf_addc(out, '/');
		add_value(out, m->sub_path_expr);
	}
	strbuf_adds(out, m->read_only ? " (read only)\n" : "\n");
}

static void show_terminal(struct strbuf *out, const struct plan_container *c)
{
	autostrbuf struct strbuf words = {0};

	strbuf_adds(&words, c->tty ? " terminal" : "");
	strbuf_adds(&words, c->stdin_open ? " open" : "");
	strbuf_adds(&words, c->stdin_once ? " once" : "");
	plan_line(out, OF_CONTAINER, "input", &words);
}

static void show_end(struct strbuf *out, const struct plan_container *c)
{
	autostrbuf struct strbuf words = {0};

	if (c->termination_message == PLAN_MESSAGE_FALLBACK_TO_LOGS)
		strbuf_adds(&words, " or the end of the log");
	if (words.len || c->termination_message_path) {
		autostrbuf struct strbuf path = {0};

		strbuf_addc(&path, ' ');
		plan_word_quoted(&path, c->termination_message_path ? c->termination_message_path
		                                                    : "/dev/termination-log");
		strbuf_adds(&path, words.s ? words.s : "");
		plan_line(out, OF_CONTAINER, "message", &path);
	}
	show_text(out, OF_CONTAINER, "stop by", c->stop_signal);
}

static void show_care(struct strbuf *out, const struct plan_container *c)
{
	const struct {
		const char *label;
		const struct plan_probe *probe;
		const struct plan_handler *hook;
	} rows[] = {
		{"startup", c->startup, NULL},     {"liveness", c->liveness, NULL},
		{"readiness", c->readiness, NULL}, {"on start", NULL, c->post_start},
		{"on stop", NULL, c->pre_stop},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autostrbuf struct strbuf words = {0};

		if (rows[i].probe)
			plan_words_probe(&words, rows[i].probe);
		else if (rows[i].hook)
			plan_words_handler(&words, rows[i].hook);
		plan_line(out, OF_CONTAINER, rows[i].label, &words);
	}
}

static void show_limits(struct strbuf *out, int indent, const struct plan_resources *r)
{
	autostrbuf struct strbuf words = {0};

	plan_words_amounts(&words, r, false);
	plan_line(out, indent, "requests", &words);
	plan_words_amounts(&words, r, true);
	plan_line(out, indent, "limits", &words);
}

static void show_head(struct strbuf *out, const char *kind, const struct plan_container *c)
{
	static const char *const pulls[] = {
		[PLAN_PULL_IF_NOT_PRESENT] = "IfNotPresent",
		[PLAN_PULL_ALWAYS] = "Always",
		[PLAN_PULL_NEVER] = "Never",
	};
	static const char *const restarts[] = {
		[PLAN_CONTAINER_RESTART_POD] = "",
		[PLAN_CONTAINER_RESTART_ALWAYS] = ", restart Always",
		[PLAN_CONTAINER_RESTART_ON_FAILURE] = ", restart OnFailure",
		[PLAN_CONTAINER_RESTART_NEVER] = ", restart Never",
	};

	strbuf_addf(out, "  %s ", kind);
	plan_word(out, c->name);
	strbuf_adds(out, ": ");
	plan_word(out, c->image);
	strbuf_addf(out, " (pull %s%s)\n", pulls[c->pull], restarts[c->restart]);
}

static void show_container(struct strbuf *out, const char *kind, const struct plan_container *c)
{
	autostrbuf struct strbuf words = {0};

	show_head(out, kind, c);
	show_values(out, "command", c->command, c->command_count);
	show_values(out, "args", c->args, c->args_count);
	show_text(out, OF_CONTAINER, "directory", c->working_dir);
	show_env(out, c);
	for (uint32_t i = 0; i < c->ports_count; i++)
		show_port(out, &c->ports[i]);
	for (uint32_t i = 0; i < c->mounts_count; i++)
		show_mount(out, &c->mounts[i]);
	plan_words_security(&words, &c->security);
	plan_line(out, OF_CONTAINER, "security", &words);
	show_limits(out, OF_CONTAINER, &c->resources);
	show_care(out, c);
	show_terminal(out, c);
	show_end(out, c);
	show_pairs(out, OF_CONTAINER, "hints", c->hints, c->hints_count);
}

/* --- volumes ------------------------------------------------------------------------------ */

static void show_volume(struct strbuf *out, const struct plan_volume *v)
{
	strbuf_adds(out, "  volume ");
	plan_word(out, v->name);
	switch (v->type) {
	case PLAN_EMPTY_DIR:
		strbuf_adds(out, v->memory ? ": empty, in memory" : ": empty");
		if (v->substitute) {
			strbuf_adds(out, ", instead of ");
			plan_word(out, v->substitute);
		}
		break;
	case PLAN_EPHEMERAL:
		strbuf_adds(out, ": empty, as claim ");
		plan_word(out, v->claim);
		break;
	case PLAN_IMAGE:
		strbuf_adds(out, ": image ");
		plan_word(out, v->image ? v->image->reference : "");
		break;
	case PLAN_HOST_PATH:
		strbuf_adds(out, ": host path ");
		plan_word(out, v->host_path);
		break;
	case PLAN_FILES:
		strbuf_addf(out, ": %" PRIu32 " file%s%s", v->files_count,
		            v->files_count == 1 ? "" : "s", v->secret ? " of a secret" : "");
		break;
	case PLAN_CLAIM:
		strbuf_adds(out, ": claim ");
		plan_word(out, v->claim);
		break;
	}
	strbuf_adds(out, v->read_only ? " (read only)\n" : "\n");
}

/* --- pods --------------------------------------------------------------------------------- */

static void show_pod_head(struct strbuf *out, const struct plan_pod *p)
{
	static const char *const restarts[] = {
		[PLAN_RESTART_ALWAYS] = "Always",
		[PLAN_RESTART_ON_FAILURE] = "OnFailure",
		[PLAN_RESTART_NEVER] = "Never",
	};
	static const char *const classes[] = {
		[PLAN_QOS_BEST_EFFORT] = "BestEffort",
		[PLAN_QOS_BURSTABLE] = "Burstable",
		[PLAN_QOS_GUARANTEED] = "Guaranteed",
	};

	strbuf_adds(out, "pod ");
	plan_word(out, p->name);
	if (p->owner_kind && p->owner_name) {
		strbuf_adds(out, " of ");
		plan_word(out, p->owner_kind);
		strbuf_addc(out, ' ');
		plan_word(out, p->owner_name);
	}
	strbuf_addf(out, " (restart %s, grace %" PRId64 "s, %s", restarts[p->restart],
	            p->grace_seconds, classes[p->qos]);
	if (p->active_deadline_seconds)
		strbuf_addf(out, ", ends after %" PRId64 "s", *p->active_deadline_seconds);
	strbuf_adds(out, p->host_network ? ", host network" : "");
	strbuf_adds(out, p->host_ipc ? ", host IPC" : "");
	strbuf_adds(out, p->host_pid ? ", host processes" : "");
	strbuf_adds(out, p->own_users ? ", own users" : "");
	strbuf_adds(out, p->share_processes ? ", shared processes)\n" : ")\n");
}

static void show_names(struct strbuf *out, const struct plan_pod *p)
{
	autostrbuf struct strbuf words = {0};
	const char *name = p->hostname_override ? p->hostname_override : p->hostname;

	if (name && (p->subdomain || !streq(name, p->name))) {
		strbuf_addc(&words, ' ');
		plan_word(&words, name);
		if (p->subdomain && !p->hostname_override) {
			strbuf_addc(&words, '.');
			plan_word(&words, p->subdomain);
		}
		strbuf_adds(&words, p->hostname_as_fqdn ? " (whole)" : "");
	}
	plan_line(out, OF_POD, "hostname", &words);
	for (uint32_t i = 0; i < p->host_aliases_count; i++) {
		strbuf_addc(&words, ' ');
		plan_word(&words, p->host_aliases[i].ip);
		plan_words_strings(&words, p->host_aliases[i].hostnames,
		                   p->host_aliases[i].hostnames_count);
		plan_line(out, OF_POD, "host", &words);
	}
}

static void show_dns(struct strbuf *out, const struct plan_pod *p)
{
	static const char *const policies[] = {
		[PLAN_DNS_CLUSTER_FIRST] = "",
		[PLAN_DNS_CLUSTER_FIRST_WITH_HOST_NET] = " ClusterFirstWithHostNet",
		[PLAN_DNS_DEFAULT] = " Default",
		[PLAN_DNS_NONE] = " None",
	};
	autostrbuf struct strbuf words = {0};

	strbuf_adds(&words, policies[p->dns_policy]);
	if (p->dns) {
		plan_words_strings(&words, p->dns->nameservers, p->dns->nameservers_count);
		strbuf_adds(&words, p->dns->searches_count ? " search" : "");
		plan_words_strings(&words, p->dns->searches, p->dns->searches_count);
		strbuf_adds(&words, p->dns->options_count ? " options" : "");
		plan_words_pairs(&words, p->dns->options, p->dns->options_count);
	}
	plan_line(out, OF_POD, "dns", &words);
}

static void show_groups(struct strbuf *out, const struct plan_pod *p)
{
	autostrbuf struct strbuf words = {0};

	for (uint32_t i = 0; i < p->groups_count; i++)
		strbuf_addf(&words, " %" PRId64, p->groups[i]);
	if (p->groups_policy == PLAN_GROUPS_STRICT)
		strbuf_adds(&words, " (none of the image)");
	plan_line(out, OF_POD, "groups", &words);
	if (p->fs_group)
		strbuf_addf(&words, " %" PRId64 "%s", *p->fs_group,
		            p->fs_group_policy == PLAN_FS_GROUP_ON_ROOT_MISMATCH
		                    ? " (if the root differs)"
		                    : "");
	plan_line(out, OF_POD, "fs group", &words);
}

static void show_pull_secrets(struct strbuf *out, const struct plan_pod *p)
{
	autostrbuf struct strbuf words = {0};

	for (uint32_t i = 0; i < p->pull_secrets_count; i++) {
		strbuf_addc(&words, ' ');
		plan_word(&words, p->pull_secrets[i].name);
	}
	plan_line(out, OF_POD, "pull with", &words);
}

static void show_pod(struct strbuf *out, const struct plan_pod *p)
{
	show_pod_head(out, p);
	show_pairs(out, OF_POD, "labels", p->labels, p->labels_count);
	show_names(out, p);
	show_dns(out, p);
	show_groups(out, p);
	show_pairs(out, OF_POD, "sysctls", p->sysctls, p->sysctls_count);
	show_text(out, OF_POD, "account", p->service_account);
	show_text(out, OF_POD, "runtime", p->runtime_class);
	show_pull_secrets(out, p);
	if (p->resources)
		show_limits(out, OF_POD, p->resources);
	show_pairs(out, OF_POD, "hints", p->hints, p->hints_count);
	for (uint32_t i = 0; i < p->init_containers_count; i++)
		show_container(out, "init", &p->init_containers[i]);
	for (uint32_t i = 0; i < p->containers_count; i++)
		show_container(out, "container", &p->containers[i]);
	for (uint32_t i = 0; i < p->volumes_count; i++)
		show_volume(out, &p->volumes[i]);
}

/* --- what is not a pod -------------------------------------------------------------------- */

static void add_name(struct strbuf *out, const char *what, const char *ns, const char *name)
{
	strbuf_addf(out, "%s ", what);
	plan_word(out, ns);
	strbuf_addc(out, '/');
	plan_word(out, name);
}

static void show_claim(struct strbuf *out, const struct plan_claim *c)
{
	add_name(out, "claim", c->claim_namespace, c->name);
	if (c->owner) {
		strbuf_adds(out, " of StatefulSet ");
		plan_word(out, c->owner->name);
	}
	strbuf_adds(out, c->declared ? "\n" : " (not declared here)\n");
}

static void show_job(struct strbuf *out, const struct plan_job *j)
{
	add_name(out, "job", j->job_namespace, j->name);
	if (j->completions)
		strbuf_addf(out, ": %" PRId64 " completion%s, ", *j->completions,
		            *j->completions == 1 ? "" : "s");
	else
		strbuf_adds(out, ": until one succeeds, ");
	strbuf_addf(out, "%" PRId64 " at a time%s%s\n", j->parallelism,
	            j->indexed ? ", by index" : "", j->suspend ? ", suspended" : "");
}

static void show_cron_job(struct strbuf *out, const struct plan_cron_job *c)
{
	add_name(out, "cron job", c->job_namespace, c->name);
	strbuf_adds(out, ": ");
	plan_word_quoted(out, c->schedule);
	if (c->time_zone) {
		strbuf_addc(out, ' ');
		plan_word(out, c->time_zone);
	}
	strbuf_adds(out, c->suspend ? " (suspended)\n" : "\n");
	for (uint32_t i = 0; i < c->pod.containers_count; i++)
		show_container(out, "container", &c->pod.containers[i]);
}

static void show_service(struct strbuf *out, const struct plan_service *s)
{
	static const char *const types[] = {
		[PLAN_SERVICE_CLUSTER_IP] = "ClusterIP",
		[PLAN_SERVICE_NODE_PORT] = "NodePort",
		[PLAN_SERVICE_LOAD_BALANCER] = "LoadBalancer",
		[PLAN_SERVICE_EXTERNAL_NAME] = "ExternalName",
	};

	add_name(out, "service", s->service_namespace, s->name);
	strbuf_addf(out, ": %s", s->headless ? "headless" : types[s->type]);
	for (uint32_t i = 0; i < s->ports_count; i++) {
		const struct plan_service_port *p = &s->ports[i];

		strbuf_addf(out, "%s %" PRId64 " -> ", i ? "," : "", p->port);
		if (p->target_name)
			plan_word(out, p->target_name);
		else
			strbuf_addf(out, "%" PRId64, p->target ? *p->target : p->port);
		strbuf_adds(out, p->protocol == PLAN_UDP ? "/udp" : "/tcp");
	}
	plan_words_pairs(out, s->selector, s->selector_count);
	strbuf_addc(out, '\n');
}

/* What is finished need not wait for the rest. */
static void flush(struct strbuf *out, FILE *to)
{
	if (out->len)
		(void)fwrite(out->s, 1, out->len, to);
	strbuf_clear(out);
}

void plan_view(const struct plan *p, FILE *to)
{
	autostrbuf struct strbuf out = {0};

	strbuf_adds(&out, "project ");
	plan_word(&out, p->project);
	strbuf_addf(&out, ": %" PRIu32 " pod%s\n", p->pods_count, p->pods_count == 1 ? "" : "s");
	for (uint32_t i = 0; i < p->pods_count; i++) {
		show_pod(&out, &p->pods[i]);
		flush(&out, to);
	}
	for (uint32_t i = 0; i < p->jobs_count; i++)
		show_job(&out, &p->jobs[i]);
	for (uint32_t i = 0; i < p->cron_jobs_count; i++)
		show_cron_job(&out, &p->cron_jobs[i]);
	for (uint32_t i = 0; i < p->services_count; i++)
		show_service(&out, &p->services[i]);
	for (uint32_t i = 0; i < p->claims_count; i++)
		show_claim(&out, &p->claims[i]);
	flush(&out, to);
}
