/* SPDX-License-Identifier: Apache-2.0 */
/* lower_service.c - names and addresses for pods: everything that a Service asks for */
#include "kube/lowering.h"

enum { SERVICE_COST = 256, AFFINITY_SECONDS = 10800 };

static void lower_port(const struct k8s_service_port *from, struct plan_service_port *to)
{
	to->name = lower_text(from->name);
	to->protocol = from->protocol == K8S_UDP ? PLAN_UDP : PLAN_TCP;
	to->port = from->port ? *from->port : 0;
	if (from->targetPort && from->targetPort->string)
		to->target_name = xstrdup(from->targetPort->string);
	else if (from->targetPort && from->targetPort->number)
		to->target = lower_number(from->targetPort->number);
	else
		to->target = lower_number(to->port);
	if (from->nodePort && *from->nodePort)
		to->node_port = lower_number(*from->nodePort);
	to->app_protocol = lower_text(from->appProtocol);
}

static void lower_addresses(struct lowering *l, const struct object *o, const struct at *at,
                            const struct k8s_service_spec *s, struct plan_service *out)
{
	static const char *const policies[] = {
		[K8S_IP_FAMILY_UNSET] = NULL,
		[K8S_IP_FAMILY_SINGLE_STACK] = "SingleStack",
		[K8S_IP_FAMILY_PREFER_DUAL_STACK] = "PreferDualStack",
		[K8S_IP_FAMILY_REQUIRE_DUAL_STACK] = "RequireDualStack",
	};
	const char *first = s->clusterIPs_count ? s->clusterIPs[0] : s->clusterIP;

	out->headless = out->type != PLAN_SERVICE_EXTERNAL_NAME && streq(text_of(first), "None");
	if (!out->headless && s->clusterIPs_count)
		lower_strings(l, o, at, s->clusterIPs, s->clusterIPs_count, &out->cluster_ips,
		              &out->cluster_ips_count);
	else if (!out->headless && *text_of(s->clusterIP))
		lower_strings(l, o, at, &s->clusterIP, 1, &out->cluster_ips,
		              &out->cluster_ips_count);
	lower_strings(l, o, at, s->ipFamilies, s->ipFamilies_count, &out->ip_families,
	              &out->ip_families_count);
	out->ip_family_policy = lower_text(policies[s->ipFamilyPolicy]);
	out->external_name = lower_text(s->externalName);
	lower_strings(l, o, at, s->externalIPs, s->externalIPs_count, &out->external_ips,
	              &out->external_ips_count);
	out->load_balancer_ip = lower_text(s->loadBalancerIP);
	lower_strings(l, o, at, s->loadBalancerSourceRanges, s->loadBalancerSourceRanges_count,
	              &out->source_ranges, &out->source_ranges_count);
}

static void lower_affinity(const struct k8s_service_spec *s, struct plan_service *out)
{
	const struct k8s_client_ip *c =
		s->sessionAffinityConfig ? s->sessionAffinityConfig->clientIP : NULL;

	if (s->sessionAffinity != K8S_SESSION_AFFINITY_CLIENT_IP)
		return;
	out->client_affinity = true;
	out->affinity_seconds =
		lower_number(c && c->timeoutSeconds ? *c->timeoutSeconds : AFFINITY_SECONDS);
}

static void lower_spec(struct lowering *l, const struct object *o, const struct k8s_service_spec *s,
                       struct plan_service *out)
{
	static const enum plan_service_type types[] = {
		[K8S_SERVICE_UNSET] = PLAN_SERVICE_CLUSTER_IP,
		[K8S_SERVICE_CLUSTER_IP] = PLAN_SERVICE_CLUSTER_IP,
		[K8S_SERVICE_NODE_PORT] = PLAN_SERVICE_NODE_PORT,
		[K8S_SERVICE_LOAD_BALANCER] = PLAN_SERVICE_LOAD_BALANCER,
		[K8S_SERVICE_EXTERNAL_NAME] = PLAN_SERVICE_EXTERNAL_NAME,
	};
	const struct at *at = AT(o->at, "spec");

	out->type = types[s->type];
	lower_addresses(l, o, at, s, out);
	for (uint32_t i = 0;
	     i < s->ports_count && lower_spend_on(l, o, at, (size_t)LOWER_SMALL * 2); i++) {
		struct plan_service_port *to = LOWER_ADD(out->ports, out->ports_count);

		lower_port(&s->ports[i], to);
	}
	lower_pairs(l, o, at, s->selector, s->selector_count, &out->selector, &out->selector_count);
	lower_affinity(s, out);
	out->publish_not_ready = lower_bool(s->publishNotReadyAddresses);
}

void lower_service(struct lowering *l, const struct object *o)
{
	const struct k8s_service *from = o->service;
	const struct at *meta = AT(o->at, "metadata");
	struct plan_service *out;

	if (!*o->name || !from->spec || !lower_spend_on(l, o, o->at, SERVICE_COST))
		return;
	out = LOWER_ADD(l->plan->services, l->plan->services_count);
	out->name = xstrdup(o->name);
	out->service_namespace = xstrdup(o->ns);
	lower_pairs(l, o, meta, from->metadata->labels, from->metadata->labels_count, &out->labels,
	            &out->labels_count);
	lower_pairs(l, o, meta, from->metadata->annotations, from->metadata->annotations_count,
	            &out->annotations, &out->annotations_count);
	lower_spec(l, o, from->spec, out);
}
