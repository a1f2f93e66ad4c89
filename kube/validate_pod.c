/* SPDX-License-Identifier: Apache-2.0 */
/* validate_pod.c - a pod as a whole: its names, its host, its clock, what it refers to */
#include "kube/rule.h"

enum {
	MAX_NAMESERVERS = 3,
	MAX_SEARCHES = 32,
	MAX_SEARCH_BYTES = 2048,
	DEFAULT_GRACE_S = 30,
};

static void walk_containers(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	struct check here = *x;

	here.init = true;
	for (uint32_t i = 0; i < s->initContainers_count; i++) {
		here.at = AT_ITEM(AT(x->at, "initContainers"), i);
		here.container = &s->initContainers[i];
		walk_container(&here);
	}
	here.init = false;
	for (uint32_t i = 0; i < s->containers_count; i++) {
		here.at = AT_ITEM(AT(x->at, "containers"), i);
		here.container = &s->containers[i];
		walk_container(&here);
	}
}

static void index_names(struct pod_facts *pod, const struct object *o)
{
	const struct k8s_pod_spec *s = pod->spec;
	const struct k8s_stateful_set_spec *set =
		o->type == OBJECT_STATEFUL_SET ? o->stateful_set->spec : NULL;

	for (uint32_t i = 0; i < s->volumes_count; i++)
		if (s->volumes[i].name)
			(void)names_add(&pod->volumes, s->volumes[i].name, i, NULL);
	for (uint32_t i = 0; set && i < set->volumeClaimTemplates_count; i++) {
		const struct k8s_meta *m = set->volumeClaimTemplates[i].metadata;

		if (m && m->name)
			(void)names_add(&pod->volumes, m->name, UINT32_MAX, NULL);
	}
	for (uint32_t i = 0; i < s->initContainers_count; i++)
		if (s->initContainers[i].name)
			(void)names_add(&pod->containers, s->initContainers[i].name, i, NULL);
	for (uint32_t i = 0; i < s->containers_count; i++)
		if (s->containers[i].name)
			(void)names_add(&pod->containers, s->containers[i].name, i, NULL);
}

void walk_pod(const struct check *x, const struct pod_view *v)
{
	struct pod_facts pod = {.spec = v->spec, .at = v->spec_at, .grace = DEFAULT_GRACE_S};
	struct check here = *x;

	if (v->meta && v->meta != x->o->head->metadata)
		walk_meta(x, AT(v->at, "metadata"), v->meta, true);
	if (!v->spec)
		return;
	if (v->spec->terminationGracePeriodSeconds)
		pod.grace = *v->spec->terminationGracePeriodSeconds;
	index_names(&pod, x->o);
	here.pod = &pod;
	here.at = v->spec_at;
	check_thing(&here, ON_POD, here.at, v->spec);
	if (v->spec->securityContext)
		walk_profiles(&here, AT(here.at, "securityContext"),
		              v->spec->securityContext->seccompProfile,
		              v->spec->securityContext->appArmorProfile);
	walk_resources(&here, AT(here.at, "resources"), v->spec->resources);
	walk_volumes(&here);
	walk_containers(&here);
	names_done(&pod.volumes);
	names_done(&pod.containers);
}

void rule_pod_no_container(const struct check *x)
{
	if (x->pod->spec->containers && !x->pod->spec->containers_count)
		BROKEN(x, "containers", "a pod needs a container");
}

static void check_container_names(const struct check *x, const char *key,
                                  const struct k8s_container *list, uint32_t count,
                                  struct names *seen)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i].name && name_is_label(list[i].name) &&
		    !names_add(seen, list[i].name, i, NULL))
			broken(x, AT(AT_ITEM(AT(x->at, key), i), "name"),
			       "another container of this pod has this name; give it another");
}

void rule_pod_container_repeated(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	autonames struct names seen = {0};

	check_container_names(x, "initContainers", s->initContainers, s->initContainers_count,
	                      &seen);
	check_container_names(x, "containers", s->containers, s->containers_count, &seen);
}

void rule_pod_volume_repeated(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < s->volumes_count; i++)
		if (s->volumes[i].name && name_is_label(s->volumes[i].name) &&
		    !names_add(&seen, s->volumes[i].name, i, NULL))
			broken(x, AT(AT_ITEM(AT(x->at, "volumes"), i), "name"),
			       "another volume of this pod has this name; give it another");
}

void rule_pod_hostname(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	if (has_text(s->hostname))
		check_name(x, AT(x->at, "hostname"), NAME_LABEL, "a hostname", s->hostname);
	if (has_text(s->subdomain))
		check_name(x, AT(x->at, "subdomain"), NAME_LABEL, "a subdomain", s->subdomain);
}

void rule_pod_hostname_override(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	if (!has_text(s->hostnameOverride))
		return;
	if (!name_is_subdomain(s->hostnameOverride) || strlen(s->hostnameOverride) > 64)
		BROKEN(x, "hostnameOverride", "has a-z 0-9 - . only, at most 64");
	else if (is_true(s->hostNetwork) || is_true(s->setHostnameAsFQDN))
		BROKEN(x, "hostnameOverride", "cannot be with %s: true; leave one of them out",
		       is_true(s->hostNetwork) ? "hostNetwork" : "setHostnameAsFQDN");
}

void rule_pod_host_alias(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	for (uint32_t i = 0; i < s->hostAliases_count; i++) {
		const struct k8s_host_alias *a = &s->hostAliases[i];
		const struct at *at = AT_ITEM(AT(x->at, "hostAliases"), i);

		check_name(x, AT(at, "ip"), NAME_IP, "an ip", a->ip);
		for (uint32_t h = 0; h < a->hostnames_count; h++)
			check_name(x, AT_ITEM(AT(at, "hostnames"), h), NAME_SUBDOMAIN,
			           "a host name", a->hostnames[h]);
	}
}

void rule_pod_seconds(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	if (outside_long(s->terminationGracePeriodSeconds, 0, INT32_MAX))
		BROKEN(x, "terminationGracePeriodSeconds",
		       *s->terminationGracePeriodSeconds < 0
		               ? "cannot be negative; write 0 to kill at once"
		               : "too large");
	if (outside_long(s->activeDeadlineSeconds, 1, INT32_MAX))
		BROKEN(x, "activeDeadlineSeconds", "is 1 to %d seconds; leave it out for no limit",
		       INT32_MAX);
}

void rule_pod_os(const struct check *x)
{
	const struct k8s_os *os = x->pod->spec->os;

	if (os && os->name && !streq(os->name, "linux"))
		broken(x, AT(AT(x->at, "os"), "name"),
		       streq(os->name, "windows")
		               ? "Windows containers cannot run on Linux; write linux"
		               : "must be linux");
}

void rule_pod_windows(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	if (s->os && s->os->name && streq(s->os->name, "linux") && s->securityContext &&
	    s->securityContext->windowsOptions)
		broken(x, AT(AT(x->at, "securityContext"), "windowsOptions"),
		       "cannot be with os.name linux; leave it out");
}

void rule_pod_dns_policy(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	if (s->dnsPolicy == K8S_DNS_NONE && (!s->dnsConfig || !s->dnsConfig->nameservers_count))
		BROKEN(x, "dnsPolicy", "None needs a server in dnsConfig.nameservers");
}

void rule_pod_nameserver(const struct check *x)
{
	const struct k8s_dns_config *d = x->pod->spec->dnsConfig;
	const struct at *at = AT(AT(x->at, "dnsConfig"), "nameservers");

	if (!d)
		return;
	if (d->nameservers_count > MAX_NAMESERVERS)
		broken(x, at, "a resolver asks at most %d servers; leave the others out",
		       MAX_NAMESERVERS);
	for (uint32_t i = 0; i < d->nameservers_count; i++)
		check_name(x, AT_ITEM(at, i), NAME_IP, "a name server", d->nameservers[i]);
}

/* A search domain may be ".", have "_", and end with a dot. */
static bool is_search(const char *s)
{
	autofree char *name = xstrndup(s, strlen(s) - (strlen(s) > 1 && ends_with(s, ".")));

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = 'x';
	return streq(name, ".") || name_is_subdomain(name);
}

void rule_pod_dns_search(const struct check *x)
{
	const struct k8s_dns_config *d = x->pod->spec->dnsConfig;
	const struct at *at = AT(AT(x->at, "dnsConfig"), "searches");
	size_t bytes = 0;

	for (uint32_t i = 0; d && i < d->searches_count; i++) {
		bytes += strlen(d->searches[i]) + (i > 0);
		if (!is_search(d->searches[i]))
			broken(x, AT_ITEM(at, i), "a search domain %s", name_rule(NAME_SUBDOMAIN));
	}
	if (d && (d->searches_count > MAX_SEARCHES || bytes > MAX_SEARCH_BYTES))
		broken(x, at, "at most %d search domains and %d characters together", MAX_SEARCHES,
		       MAX_SEARCH_BYTES);
}

void rule_pod_dns_option(const struct check *x)
{
	const struct k8s_dns_config *d = x->pod->spec->dnsConfig;

	for (uint32_t i = 0; d && i < d->options_count; i++)
		if (d->options[i].name && !*d->options[i].name)
			broken(x, AT(AT_ITEM(AT(AT(x->at, "dnsConfig"), "options"), i), "name"),
			       "cannot be empty; write an option of resolv.conf such as ndots");
}

void rule_pod_scheduling_gate(const struct check *x)
{
	if (x->pod->spec->schedulingGates_count)
		BROKEN(x, "schedulingGates",
		       "a cluster would not start this pod before they are removed; here it starts "
		       "at once");
}

void rule_pod_pull_secret(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	for (uint32_t i = 0; i < s->imagePullSecrets_count; i++) {
		const char *name = s->imagePullSecrets[i].name;
		const struct at *at = AT_ITEM(AT(x->at, "imagePullSecrets"), i);

		if (!has_text(name)) {
			broken(x, at, "missing field \"name\": this entry does nothing");
		} else if (!run_find(x->r, OBJECT_SECRET, x->o->ns, name)) {
			autofree char *shown = diag_quote(name);
			autofree char *names = run_names(x->r, OBJECT_SECRET, x->o->ns);

			broken(x, AT(at, "name"), "there is no Secret \"%s\"%s", shown, names);
		}
	}
}

void rule_pod_pull_secret_type(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	for (uint32_t i = 0; i < s->imagePullSecrets_count; i++) {
		const char *name = s->imagePullSecrets[i].name;
		const struct object *o =
			has_text(name) ? run_find(x->r, OBJECT_SECRET, x->o->ns, name) : NULL;
		const char *type = o ? text_of(o->secret->type) : "";

		if (o && !streq(type, "kubernetes.io/dockerconfigjson") &&
		    !streq(type, "kubernetes.io/dockercfg"))
			broken(x, AT(AT_ITEM(AT(x->at, "imagePullSecrets"), i), "name"),
			       "this Secret has no credentials for registries; it needs type: "
			       "kubernetes.io/dockerconfigjson");
	}
}

void rule_pod_reference(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	const struct {
		const char *key, *name;
	} names[] = {
		{"serviceAccountName", s->serviceAccountName},
		{"serviceAccount", s->serviceAccount},
		{"priorityClassName", s->priorityClassName},
		{"runtimeClassName", s->runtimeClassName},
		{"nodeName", s->nodeName},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (has_text(names[i].name))
			check_name(x, AT(x->at, names[i].key), NAME_SUBDOMAIN, "this name",
			           names[i].name);
}

void rule_pod_account_twice(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	if (has_text(s->serviceAccount) && has_text(s->serviceAccountName) &&
	    !streq(s->serviceAccount, s->serviceAccountName))
		BROKEN(x, "serviceAccount",
		       "is the old name of serviceAccountName and differs from it; leave it out");
}

void rule_pod_node_selector(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	for (uint32_t i = 0; i < s->nodeSelector_count; i++) {
		const struct at *at = AT(AT(x->at, "nodeSelector"), s->nodeSelector[i].key);

		check_name(x, at, NAME_QUALIFIED, "the name of a label", s->nodeSelector[i].key);
		check_name(x, at, NAME_LABEL_VALUE, "the value of a label",
		           s->nodeSelector[i].value);
	}
}

void rule_pod_host_users(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	const struct {
		const char *key;
		const bool *on;
	} shares[] = {
		{"hostNetwork", s->hostNetwork},
		{"hostPID", s->hostPID},
		{"hostIPC", s->hostIPC},
	};

	for (size_t i = 0; s->hostUsers && !*s->hostUsers && i < ARRAY_LEN(shares); i++)
		if (is_true(shares[i].on))
			broken(x, AT(x->at, shares[i].key),
			       "cannot be true with hostUsers: false: the pod has users of its "
			       "own");
}

void rule_pod_share_processes(const struct check *x)
{
	if (is_true(x->pod->spec->shareProcessNamespace) && is_true(x->pod->spec->hostPID))
		BROKEN(x, "shareProcessNamespace",
		       "cannot be true with hostPID: true; leave one of them out");
}

void rule_pod_readiness_gate(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;

	for (uint32_t i = 0; i < s->readinessGates_count; i++)
		check_name(x, AT(AT_ITEM(AT(x->at, "readinessGates"), i), "conditionType"),
		           NAME_QUALIFIED, "a condition", s->readinessGates[i].conditionType);
}

void rule_pod_resource_claim(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < s->resourceClaims_count; i++) {
		const struct k8s_pod_resource_claim *c = &s->resourceClaims[i];
		const struct at *at = AT_ITEM(AT(x->at, "resourceClaims"), i);

		if (c->name && !names_add(&seen, c->name, i, NULL))
			broken(x, AT(at, "name"),
			       "another resource claim of this pod has this name; give it another");
		if (has_text(c->resourceClaimName) == has_text(c->resourceClaimTemplateName))
			broken(x, at,
			       "needs one of resourceClaimName and resourceClaimTemplateName");
	}
}
