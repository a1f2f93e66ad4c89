/* SPDX-License-Identifier: Apache-2.0 */
/* validate_service.c - Services: ports, addresses, and what each type may have */
#include "kube/rule.h"

enum {
	NODE_PORT_MIN = 30000,
	NODE_PORT_MAX = 32767,
	PORT_MAX = 65535,
	AFFINITY_MAX = 86400,
};

static bool is_headless(const struct k8s_service_spec *s)
{
	return s->clusterIP && streq(s->clusterIP, "None");
}

static bool is_external_name(const struct k8s_service_spec *s)
{
	return s->type == K8S_SERVICE_EXTERNAL_NAME;
}

static bool has_node_ports(const struct k8s_service_spec *s)
{
	return s->type == K8S_SERVICE_NODE_PORT || s->type == K8S_SERVICE_LOAD_BALANCER;
}

void rule_service_ports_missing(const struct check *x)
{
	if (!x->service->ports_count && !is_headless(x->service) && !is_external_name(x->service))
		broken(x, x->at,
		       "missing field \"ports\"; only headless Services (clusterIP: None) and "
		       "ExternalName have none");
}

void rule_service_port_names(const struct check *x)
{
	const struct k8s_service_spec *s = x->service;
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < s->ports_count; i++) {
		const struct at *at = AT_ITEM(AT(x->at, "ports"), i);

		if (!has_text(s->ports[i].name)) {
			if (s->ports_count > 1)
				broken(x, at,
				       "missing field \"name\": each of several ports needs one");
		} else if (!names_add(&seen, s->ports[i].name, i, NULL)) {
			broken(x, AT(at, "name"),
			       "another port of this Service has this name; give it another");
		}
	}
}

/* Numbers that two ports with the same protocol share. */
static void check_repeated(const struct check *x, bool node)
{
	const struct k8s_service_spec *s = x->service;
	autonames struct names seen = {0};
	uint32_t first;

	for (uint32_t i = 0; i < s->ports_count; i++) {
		const int32_t *number = node ? s->ports[i].nodePort : s->ports[i].port;
		char *key;

		if (!number || !*number)
			continue;
		key = arena_printf(&x->r->arena, "%d/%d", *number,
		                   s->ports[i].protocol ? s->ports[i].protocol : K8S_TCP);
		if (!names_add(&seen, key, i, &first))
			broken(x, AT(AT_ITEM(AT(x->at, "ports"), i), node ? "nodePort" : "port"),
			       "ports[%u] has this number and protocol too", first);
	}
}

void rule_service_port_repeated(const struct check *x)
{
	check_repeated(x, false);
	check_repeated(x, true);
}

void rule_service_node_port_type(const struct check *x)
{
	const struct k8s_service_spec *s = x->service;

	for (uint32_t i = 0; i < s->ports_count; i++)
		if (s->ports[i].nodePort && *s->ports[i].nodePort && !has_node_ports(s))
			broken(x, AT(AT_ITEM(AT(x->at, "ports"), i), "nodePort"),
			       "only type NodePort and LoadBalancer have one; write type: "
			       "NodePort, or leave it out");
}

void rule_service_cluster_ip(const struct check *x)
{
	const struct k8s_service_spec *s = x->service;

	if (has_text(s->clusterIP) && !is_headless(s) && !name_is_ip(s->clusterIP))
		BROKEN(x, "clusterIP", "must be an IP address, or None for a headless Service");
	for (uint32_t i = 0; i < s->clusterIPs_count; i++)
		if (!name_is_ip(s->clusterIPs[i]) && !streq(s->clusterIPs[i], "None"))
			broken(x, AT_ITEM(AT(x->at, "clusterIPs"), i),
			       "must be an IP address, or None for a headless Service");
	if (s->clusterIPs_count && has_text(s->clusterIP) && !streq(s->clusterIP, s->clusterIPs[0]))
		BROKEN(x, "clusterIPs", "must begin with the clusterIP");
}

void rule_service_headless_type(const struct check *x)
{
	if (is_headless(x->service) && has_node_ports(x->service))
		BROKEN(x, "clusterIP",
		       "None cannot be with type NodePort or LoadBalancer: they need an address");
	if (has_text(x->service->clusterIP) && is_external_name(x->service))
		BROKEN(x, "clusterIP", "type ExternalName has none; leave it out");
}

void rule_service_external_name(const struct check *x)
{
	const char *name = x->service->externalName;

	if (!is_external_name(x->service))
		return;
	if (!has_text(name)) {
		broken(x, x->at,
		       "missing field \"externalName\": the host name that this Service stands "
		       "for");
		return;
	}
	autofree char *bare =
		xstrndup(name, strlen(name) - (strlen(name) > 1 && ends_with(name, ".")));

	if (!name_is_subdomain(bare))
		BROKEN(x, "externalName", "a host name %s", name_rule(NAME_SUBDOMAIN));
}

void rule_service_affinity(const struct check *x)
{
	const struct k8s_session_affinity_config *c = x->service->sessionAffinityConfig;
	const struct at *at = AT(x->at, "sessionAffinityConfig");

	if (c && x->service->sessionAffinity != K8S_SESSION_AFFINITY_CLIENT_IP)
		broken(x, at, "means nothing without sessionAffinity: ClientIP");
	if (c && c->clientIP && outside(c->clientIP->timeoutSeconds, 1, AFFINITY_MAX))
		broken(x, AT(AT(at, "clientIP"), "timeoutSeconds"), "is 1 to %d seconds",
		       AFFINITY_MAX);
}

void rule_service_addresses(const struct check *x)
{
	const struct k8s_service_spec *s = x->service;

	for (uint32_t i = 0; i < s->externalIPs_count; i++)
		check_name(x, AT_ITEM(AT(x->at, "externalIPs"), i), NAME_IP, "an external IP",
		           s->externalIPs[i]);
	for (uint32_t i = 0; i < s->loadBalancerSourceRanges_count; i++) {
		const char *text = s->loadBalancerSourceRanges[i];
		size_t blanks = strspn(text, " \t"), end = strlen(text);

		while (end > blanks && strchr(" \t", text[end - 1]))
			end--;
		autofree char *bare = xstrndup(text + blanks, end - blanks);

		check_name(x, AT_ITEM(AT(x->at, "loadBalancerSourceRanges"), i), NAME_CIDR,
		           "a source range", bare);
	}
}

void rule_service_ip_family(const struct check *x)
{
	const struct k8s_service_spec *s = x->service;

	for (uint32_t i = 0; i < s->ipFamilies_count; i++)
		if (!streq(s->ipFamilies[i], "IPv4") && !streq(s->ipFamilies[i], "IPv6"))
			broken(x, AT_ITEM(AT(x->at, "ipFamilies"), i), "must be IPv4 or IPv6");
	if (s->ipFamilies_count > 2)
		BROKEN(x, "ipFamilies", "there are two: IPv4 and IPv6");
	else if (s->ipFamilies_count == 2 && streq(s->ipFamilies[0], s->ipFamilies[1]))
		BROKEN(x, "ipFamilies", "must be two different ones");
}

void rule_service_selector(const struct check *x)
{
	const struct k8s_service_spec *s = x->service;

	for (uint32_t i = 0; i < s->selector_count; i++) {
		const struct at *at = AT(AT(x->at, "selector"), s->selector[i].key);

		check_name(x, at, NAME_QUALIFIED, "the name of a label", s->selector[i].key);
		check_name(x, at, NAME_LABEL_VALUE, "the value of a label", s->selector[i].value);
	}
}

void rule_service_port_number(const struct check *x)
{
	if (outside(x->service_port->port, 1, PORT_MAX))
		BROKEN(x, "port", "a port is 1 to %d", PORT_MAX);
}

void rule_service_port_name(const struct check *x)
{
	if (has_text(x->service_port->name))
		check_name(x, AT(x->at, "name"), NAME_LABEL, "the name of a Service's port",
		           x->service_port->name);
}

void rule_service_target_port(const struct check *x)
{
	const struct k8s_int_or_string *t = x->service_port->targetPort;

	if (t && t->string)
		check_name(x, AT(x->at, "targetPort"), NAME_PORT, "the name of a container's port",
		           t->string);
	else if (t && (t->number < 0 || t->number > PORT_MAX))
		BROKEN(x, "targetPort", "a port is 1 to %d, or the name of a container's port",
		       PORT_MAX);
}

void rule_service_node_port(const struct check *x)
{
	const int32_t *port = x->service_port->nodePort;

	if (port && *port && outside(port, NODE_PORT_MIN, NODE_PORT_MAX))
		BROKEN(x, "nodePort", "a cluster has %d to %d for these; leave it out to get one",
		       NODE_PORT_MIN, NODE_PORT_MAX);
}
