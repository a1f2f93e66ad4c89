/* SPDX-License-Identifier: Apache-2.0 */
/* lower_container.c - one container of a pod */
#include "kube/lowering.h"

enum plan_pull lower_pull_policy(const char *image, enum k8s_pull_policy policy)
{
	const char *slash = strrchr(image, '/');
	const char *tag = strchr(slash ? slash : image, ':');

	switch (policy) {
	case K8S_PULL_ALWAYS:
		return PLAN_PULL_ALWAYS;
	case K8S_PULL_NEVER:
		return PLAN_PULL_NEVER;
	case K8S_PULL_IF_NOT_PRESENT:
		return PLAN_PULL_IF_NOT_PRESENT;
	case K8S_PULL_UNSET:
		break;
	}
	if (strchr(image, '@'))
		return PLAN_PULL_IF_NOT_PRESENT;
	return !tag || streq(tag, ":latest") ? PLAN_PULL_ALWAYS : PLAN_PULL_IF_NOT_PRESENT;
}

/* A port of an init container is published only if it keeps running beside the others. */
static void lower_ports(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                        bool init, struct plan_container *out)
{
	bool passes = init && c->restartPolicy != K8S_CONTAINER_RESTART_ALWAYS;

	for (uint32_t i = 0; i < c->ports_count; i++) {
		const struct k8s_port *from = &c->ports[i];
		struct plan_port *to;

		if (!lower_spend(p, at, LOWER_SMALL))
			return;
		to = LOWER_ADD(out->ports, out->ports_count);
		to->name = from->name ? xstrdup(from->name) : NULL;
		to->container_port = from->containerPort ? *from->containerPort : 0;
		to->host_port = from->hostPort && !passes ? *from->hostPort : 0;
		to->host_ip = lower_text(from->hostIP);
		to->protocol = from->protocol == K8S_UDP ? PLAN_UDP : PLAN_TCP;
	}
}

static void lower_restart(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                          struct plan_container *out)
{
	static const enum plan_container_restart restarts[] = {
		[K8S_CONTAINER_RESTART_UNSET] = PLAN_CONTAINER_RESTART_POD,
		[K8S_CONTAINER_RESTART_ALWAYS] = PLAN_CONTAINER_RESTART_ALWAYS,
		[K8S_CONTAINER_RESTART_ON_FAILURE] = PLAN_CONTAINER_RESTART_ON_FAILURE,
		[K8S_CONTAINER_RESTART_NEVER] = PLAN_CONTAINER_RESTART_NEVER,
	};

	out->restart = restarts[c->restartPolicy];
	for (uint32_t i = 0; i < c->restartPolicyRules_count; i++) {
		const struct k8s_restart_rule *from = &c->restartPolicyRules[i];
		const struct k8s_restart_rule_exit_codes *codes = from->exitCodes;
		struct plan_restart_rule *to;

		if (!lower_spend(p, at, LOWER_SMALL))
			return;
		to = LOWER_ADD(out->restart_rules, out->restart_rules_count);
		to->action = from->action == K8S_RESTART_RULE_RESTART_ALL_CONTAINERS
		                     ? PLAN_ACTION_RESTART_ALL
		                     : PLAN_ACTION_RESTART;
		if (!codes || !lower_spend(p, at, codes->values_count * sizeof(int64_t)))
			continue;
		to->not_in = codes->operator== K8S_EXIT_CODE_NOT_IN;
		lower_numbers(codes->values, codes->values_count, &to->exit_codes,
		              &to->exit_codes_count);
	}
}

/* The variable that the pods of an indexed Job have, unless it is written. Nothing of it is freed:
 * the copy lasts as long as the run. */
static const struct k8s_container *with_index(const struct lower_pod *p,
                                              const struct k8s_container *c,
                                              struct k8s_container *copy)
{
	static char name[] = "JOB_COMPLETION_INDEX", version[] = "v1";
	static char path[] = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
	static struct k8s_field_ref field = {.fieldPath = path, .apiVersion = version};
	static struct k8s_env_source source = {.fieldRef = &field};
	struct k8s_env *env;

	if (!p->w->indexed)
		return c;
	for (uint32_t i = 0; i < c->env_count; i++)
		if (c->env[i].name && streq(c->env[i].name, name))
			return c;
	env = arena_alloc(&p->l->r->arena, (c->env_count + 1) * sizeof(*env));
	if (c->env_count)
		memcpy(env, c->env, c->env_count * sizeof(*env));
	env[c->env_count] = (struct k8s_env){.name = name, .valueFrom = &source};
	*copy = *c;
	copy->env = env;
	copy->env_count++;
	return copy;
}

static void lower_messages(const struct k8s_container *c, struct plan_container *out)
{
	const char *path = text_of(c->terminationMessagePath);

	if (!streq(path, "/dev/termination-log"))
		out->termination_message_path = lower_text(path);
	if (c->terminationMessagePolicy == K8S_TERMINATION_MESSAGE_FALLBACK_TO_LOGS_ON_ERROR)
		out->termination_message = PLAN_MESSAGE_FALLBACK_TO_LOGS;
}

void lower_container(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                     bool init, struct plan_container *out)
{
	struct k8s_container copy;

	c = with_index(p, c, &copy);
	out->name = xstrdup(text_of(c->name));
	out->image = xstrdup(text_of(c->image));
	out->pull = lower_pull_policy(out->image, c->imagePullPolicy);
	out->working_dir = lower_text(c->workingDir);
	out->tty = lower_bool(c->tty);
	out->stdin_open = lower_bool(c->stdin);
	out->stdin_once = lower_bool(c->stdinOnce);
	lower_env(p, at, c, out);
	lower_ports(p, at, c, init, out);
	lower_mounts(p, at, c, out);
	lower_security(p, at, c, &out->security);
	lower_resources(p, AT(at, "resources"), c->resources, &out->resources);
	lower_restart(p, at, c, out);
	lower_probes(p, at, c, out);
	lower_messages(c, out);
}
