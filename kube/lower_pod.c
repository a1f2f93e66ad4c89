/* SPDX-License-Identifier: Apache-2.0 */
/* lower_pod.c - a pod: what all its containers share */
#include "kube/lowering.h"

enum { DEFAULT_GRACE = 30, HOSTNAME_MAX = 63, CONTAINER_COST = 512 };

static void lower_meta(struct lower_pod *p, const struct k8s_meta *m)
{
	const struct at *at = AT(p->v->at, "metadata");

	if (!m)
		return;
	lower_pairs(p->l, p->v->o, at, m->labels, m->labels_count, &p->pod->labels,
	            &p->pod->labels_count);
	lower_pairs(p->l, p->v->o, at, m->annotations, m->annotations_count, &p->pod->annotations,
	            &p->pod->annotations_count);
}

/* --- names and networks ------------------------------------------------------------------- */

/* A kubelet cuts what the kernel would not take. */
static char *make_hostname(const char *wanted, const char *pod_name)
{
	char *name = xstrndup(wanted && *wanted ? wanted : pod_name, HOSTNAME_MAX);
	size_t len = strlen(name);

	while (len && (name[len - 1] == '-' || name[len - 1] == '.'))
		name[--len] = '\0';
	return name;
}

static void lower_hostname(struct lower_pod *p, const struct k8s_pod_spec *s)
{
	struct plan_pod *pod = p->pod;
	autofree char *given = take_ptr(pod->hostname); /* by its controller, which wins */

	pod->hostname = make_hostname(given ? given : s->hostname, pod->name);
	if (!pod->subdomain)
		pod->subdomain = lower_text(s->subdomain);
	pod->hostname_override = lower_text(s->hostnameOverride);
	pod->hostname_as_fqdn = lower_bool(s->setHostnameAsFQDN);
}

static void lower_aliases(struct lower_pod *p, const struct k8s_pod_spec *s)
{
	const struct at *at = AT(p->v->spec_at, "hostAliases");

	for (uint32_t i = 0; i < s->hostAliases_count && lower_spend(p, at, LOWER_SMALL); i++) {
		const struct k8s_host_alias *from = &s->hostAliases[i];
		struct plan_host_alias *to =
			LOWER_ADD(p->pod->host_aliases, p->pod->host_aliases_count);

		to->ip = xstrdup(text_of(from->ip));
		lower_strings(p->l, p->v->o, at, from->hostnames, from->hostnames_count,
		              &to->hostnames, &to->hostnames_count);
	}
}

static void lower_dns(struct lower_pod *p, const struct k8s_pod_spec *s)
{
	static const enum plan_dns_policy policies[] = {
		[K8S_DNS_UNSET] = PLAN_DNS_CLUSTER_FIRST,
		[K8S_DNS_CLUSTER_FIRST] = PLAN_DNS_CLUSTER_FIRST,
		[K8S_DNS_CLUSTER_FIRST_WITH_HOST_NET] = PLAN_DNS_CLUSTER_FIRST_WITH_HOST_NET,
		[K8S_DNS_DEFAULT] = PLAN_DNS_DEFAULT,
		[K8S_DNS_NONE] = PLAN_DNS_NONE,
	};
	const struct at *at = AT(p->v->spec_at, "dnsConfig");
	const struct k8s_dns_config *from = s->dnsConfig;
	struct plan_dns *to;

	p->pod->dns_policy = policies[s->dnsPolicy];
	if (!from)
		return;
	to = p->pod->dns = xcalloc(1, sizeof(*to));
	lower_strings(p->l, p->v->o, at, from->nameservers, from->nameservers_count,
	              &to->nameservers, &to->nameservers_count);
	lower_strings(p->l, p->v->o, at, from->searches, from->searches_count, &to->searches,
	              &to->searches_count);
	for (uint32_t i = 0; i < from->options_count && lower_spend(p, at, LOWER_SMALL); i++)
		lower_label(&to->options, &to->options_count, text_of(from->options[i].name),
		            from->options[i].value);
}

static void lower_namespaces(struct lower_pod *p, const struct k8s_pod_spec *s)
{
	p->pod->host_network = lower_bool(s->hostNetwork);
	p->pod->host_ipc = lower_bool(s->hostIPC);
	p->pod->host_pid = lower_bool(s->hostPID);
	p->pod->own_users = s->hostUsers && !*s->hostUsers;
	p->pod->share_processes = lower_bool(s->shareProcessNamespace);
}

/* --- pulling ------------------------------------------------------------------------------ */

static void add_pull_secret(struct lower_pod *p, const char *name)
{
	static const char *const keys[] = {".dockerconfigjson", ".dockercfg"};
	const struct object *o = run_find(p->l->r, OBJECT_SECRET, p->pod->pod_namespace, name);
	struct config *c = o ? configs_get(p->l->r, &p->l->configs, o) : NULL;
	struct plan_pull_secret *to = LOWER_ADD(p->pod->pull_secrets, p->pod->pull_secrets_count);

	to->name = xstrdup(name);
	for (size_t i = 0; c && !to->data && i < ARRAY_LEN(keys); i++) {
		struct config_entry *e = config_find(c, keys[i]);

		if (e)
			to->data = config_use(&p->l->configs, c, e);
		to->old = e && i == 1;
	}
}

static void add_pull_secrets(struct lower_pod *p, const struct at *at,
                             const struct k8s_local_ref *list, uint32_t count)
{
	for (uint32_t i = 0; i < count && lower_spend(p, at, LOWER_SMALL); i++)
		if (list[i].name && *list[i].name)
			add_pull_secret(p, list[i].name);
}

/* Those of the service account count if the pod has none. */
static void lower_identity(struct lower_pod *p, const struct k8s_pod_spec *s)
{
	const struct at *at = AT(p->v->spec_at, "imagePullSecrets");
	const char *name = text_of(s->serviceAccountName);
	const struct object *account;

	if (!*name)
		name = text_of(s->serviceAccount);
	p->pod->service_account = lower_text(name);
	add_pull_secrets(p, at, s->imagePullSecrets, s->imagePullSecrets_count);
	if (s->imagePullSecrets_count)
		return;
	account = run_find(p->l->r, OBJECT_SERVICE_ACCOUNT, p->pod->pod_namespace,
	                   *name ? name : "default");
	if (account)
		add_pull_secrets(p, at, account->service_account->imagePullSecrets,
		                 account->service_account->imagePullSecrets_count);
}

/* --- the whole ---------------------------------------------------------------------------- */

static void lower_life(struct lower_pod *p, const struct k8s_pod_spec *s)
{
	static const enum plan_restart restarts[] = {
		[K8S_RESTART_UNSET] = PLAN_RESTART_ALWAYS,
		[K8S_RESTART_ALWAYS] = PLAN_RESTART_ALWAYS,
		[K8S_RESTART_ON_FAILURE] = PLAN_RESTART_ON_FAILURE,
		[K8S_RESTART_NEVER] = PLAN_RESTART_NEVER,
	};
	struct plan_pod *pod = p->pod;

	pod->restart = restarts[s->restartPolicy];
	pod->grace_seconds = s->terminationGracePeriodSeconds ? *s->terminationGracePeriodSeconds
	                                                      : DEFAULT_GRACE;
	if (s->activeDeadlineSeconds)
		pod->active_deadline_seconds = lower_number(*s->activeDeadlineSeconds);
	pod->node_name = lower_text(s->nodeName);
	pod->runtime_class = lower_text(s->runtimeClassName);
	pod->no_service_links = s->enableServiceLinks && !*s->enableServiceLinks;
	for (uint32_t i = 0; i < s->readinessGates_count; i++)
		lower_strings(p->l, p->v->o, p->v->spec_at, &s->readinessGates[i].conditionType, 1,
		              &pod->readiness_gates, &pod->readiness_gates_count);
}

static void lower_containers(struct lower_pod *p, const char *key, const struct k8s_container *list,
                             uint32_t count, bool init, struct plan_container **to,
                             uint32_t *to_count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct at *at = AT_ITEM(AT(p->v->spec_at, key), i);
		struct plan_container *out;

		if (!lower_spend(p, at, CONTAINER_COST + strlen(text_of(list[i].image))))
			return;
		out = LOWER_ADD(*to, *to_count);
		lower_container(p, at, &list[i], init, out);
	}
}

void lower_pod(struct lowering *l, const struct workload *w, int64_t number, struct plan_pod *pod)
{
	struct lower_pod p = {.l = l, .w = w, .pod = pod};
	const struct k8s_pod_spec *s;
	struct at at[POD_VIEW_DEPTH];
	struct pod_view v;

	if (!run_pod_view(w->o, at, &v) || !v.spec)
		return;
	s = v.spec;
	p.v = &v;
	p.late = w->o->type == OBJECT_CRON_JOB;
	lower_index_annotations(&p);
	lower_meta(&p, v.meta);
	workload_mark(l->r, w, number, pod);
	lower_hostname(&p, s);
	lower_namespaces(&p, s);
	lower_life(&p, s);
	lower_identity(&p, s);
	lower_dns(&p, s);
	lower_aliases(&p, s);
	lower_pod_security(&p);
	lower_claim_volumes(&p);
	lower_volumes(&p); /* before the mounts that name them */
	lower_containers(&p, "initContainers", s->initContainers, s->initContainers_count, true,
	                 &pod->init_containers, &pod->init_containers_count);
	lower_containers(&p, "containers", s->containers, s->containers_count, false,
	                 &pod->containers, &pod->containers_count);
	lower_pod_resources(&p);
	lower_annotations(&p);
	names_done(&p.annotations);
	names_done(&p.volumes);
}
