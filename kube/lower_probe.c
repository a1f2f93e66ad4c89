/* SPDX-License-Identifier: Apache-2.0 */
/* lower_probe.c - what is asked of a container while it runs: probes and hooks, ports as numbers */
#include "kube/expand.h"
#include "kube/lowering.h"

enum { HANDLER_COST = 128 };

/* --- words of a probe --------------------------------------------------------------------- */

/* A kubelet replaces $(NAME) in the words of a probe too, but knows only what is written as the
 * value of a variable, as it is written. Those of hooks stay as they are. */
struct literals {
	struct names index;        /* name -> number of the value */
	struct plan_value *values; /* as many as the container has variables */
	uint32_t count;
};

static const struct plan_value *lookup(const char *name, void *arg)
{
	const struct literals *l = arg;
	uint32_t i;

	return names_find(&l->index, name, &i) ? &l->values[i] : NULL;
}

/* From the last to the first: the last one of a name counts. */
static void literals_init(struct literals *l, const struct k8s_container *c)
{
	l->count = c->env_count;
	l->values = xcalloc(MAX(l->count, 1U), sizeof(*l->values));
	for (uint32_t i = l->count; i-- > 0;)
		if (c->env[i].name && names_add(&l->index, c->env[i].name, i, NULL))
			plan_value_set(&l->values[i], text_of(c->env[i].value));
}

static void literals_done(struct literals *l)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (l->values[i].parts_count) {
			free(l->values[i].parts[0].text);
			free(l->values[i].parts);
		}
	free(l->values);
	names_done(&l->index);
}

static bool has_reference(const struct k8s_exec_action *exec)
{
	for (uint32_t i = 0; i < exec->command_count; i++)
		if (exec->command[i] && strchr(exec->command[i], '$'))
			return true;
	return false;
}

static char *expand_word(struct lower_pod *p, const struct at *at, const char *word,
                         struct literals *l)
{
	struct plan_value v = {0};
	char *text;

	if (!expand(word, lookup, l, LOWER_MAX_STRING, &v))
		run_report(p->l->r, p->v->o, KUBE_ERROR, at,
		           "longer than %d KiB: the kernel starts no program with it",
		           LOWER_MAX_STRING >> 10);
	text = v.parts_count ? take_ptr(v.parts[0].text) : xstrdup("");
	free(v.parts);
	return text;
}

static void lower_words(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                        const struct k8s_exec_action *exec, bool probe, struct plan_handler *out)
{
	struct literals l = {0};

	at = AT(AT(at, "exec"), "command");
	if (!probe || !has_reference(exec)) {
		lower_strings(p->l, p->v->o, at, exec->command, exec->command_count, &out->command,
		              &out->command_count);
		return;
	}
	literals_init(&l, c);
	for (uint32_t i = 0; i < exec->command_count; i++) {
		char *word = expand_word(p, AT_ITEM(at, i), text_of(exec->command[i]), &l);
		char **slot = LOWER_ADD(out->command, out->command_count);

		*slot = word;
		if (!lower_spend(p, at, LOWER_SMALL + strlen(word)))
			break;
	}
	literals_done(&l);
}

/* --- handlers ----------------------------------------------------------------------------- */

/* A number, or the container's port of that name: the rules see to it that there is one. */
static int64_t *port_of(const struct k8s_container *c, const struct k8s_int_or_string *port)
{
	if (!port)
		return NULL;
	if (!port->string)
		return lower_number(port->number);
	for (uint32_t i = 0; i < c->ports_count; i++)
		if (c->ports[i].name && c->ports[i].containerPort &&
		    streq(c->ports[i].name, port->string))
			return lower_number(*c->ports[i].containerPort);
	return NULL;
}

static void lower_http(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                       const struct k8s_http_get *from, struct plan_handler *out)
{
	const char *path = text_of(from->path);

	out->type = PLAN_HANDLER_HTTP;
	out->host = lower_text(from->host);
	out->port = port_of(c, from->port);
	out->https = from->scheme == K8S_SCHEME_HTTPS;
	out->path = *path == '/' ? xstrdup(path) : xasprintf("/%s", path);
	for (uint32_t i = 0; i < from->httpHeaders_count && lower_spend(p, at, LOWER_SMALL); i++)
		lower_label(&out->headers, &out->headers_count, text_of(from->httpHeaders[i].name),
		            text_of(from->httpHeaders[i].value));
}

static void lower_tcp(const struct k8s_container *c, const struct k8s_tcp_socket *from,
                      struct plan_handler *out)
{
	out->type = PLAN_HANDLER_TCP;
	out->host = lower_text(from->host);
	out->port = port_of(c, from->port);
}

static struct plan_probe *lower_probe(struct lower_pod *p, const struct at *at,
                                      const struct k8s_container *c, const struct k8s_probe *from)
{
	struct plan_probe *to;

	if (!from || !lower_spend(p, at, HANDLER_COST))
		return NULL;
	to = xcalloc(1, sizeof(*to));
	if (from->exec) {
		to->handler.type = PLAN_HANDLER_EXEC;
		lower_words(p, at, c, from->exec, true, &to->handler);
	} else if (from->httpGet) {
		lower_http(p, at, c, from->httpGet, &to->handler);
	} else if (from->tcpSocket) {
		lower_tcp(c, from->tcpSocket, &to->handler);
	} else if (from->grpc) {
		to->handler.type = PLAN_HANDLER_GRPC;
		to->handler.port = from->grpc->port ? lower_number(*from->grpc->port) : NULL;
		to->handler.service = lower_text(from->grpc->service);
	}
	to->initial_delay_seconds = from->initialDelaySeconds ? *from->initialDelaySeconds : 0;
	to->period_seconds =
		from->periodSeconds && *from->periodSeconds ? *from->periodSeconds : 10;
	to->timeout_seconds =
		from->timeoutSeconds && *from->timeoutSeconds ? *from->timeoutSeconds : 1;
	to->success_threshold =
		from->successThreshold && *from->successThreshold ? *from->successThreshold : 1;
	to->failure_threshold =
		from->failureThreshold && *from->failureThreshold ? *from->failureThreshold : 3;
	if (from->terminationGracePeriodSeconds)
		to->grace_seconds = lower_number(*from->terminationGracePeriodSeconds);
	return to;
}

static struct plan_handler *lower_hook(struct lower_pod *p, const struct at *at,
                                       const struct k8s_container *c,
                                       const struct k8s_handler *from)
{
	struct plan_handler *to;

	if (!from || !lower_spend(p, at, HANDLER_COST))
		return NULL;
	to = xcalloc(1, sizeof(*to));
	if (from->exec) {
		to->type = PLAN_HANDLER_EXEC;
		lower_words(p, at, c, from->exec, false, to);
	} else if (from->httpGet) {
		lower_http(p, at, c, from->httpGet, to);
	} else if (from->tcpSocket) {
		lower_tcp(c, from->tcpSocket, to);
	} else if (from->sleep) {
		to->type = PLAN_HANDLER_SLEEP;
		to->seconds = lower_number(from->sleep->seconds ? *from->sleep->seconds : 0);
	}
	return to;
}

void lower_probes(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                  struct plan_container *out)
{
	const struct at *hooks = AT(at, "lifecycle");

	out->liveness = lower_probe(p, AT(at, "livenessProbe"), c, c->livenessProbe);
	out->readiness = lower_probe(p, AT(at, "readinessProbe"), c, c->readinessProbe);
	out->startup = lower_probe(p, AT(at, "startupProbe"), c, c->startupProbe);
	if (!c->lifecycle)
		return;
	out->post_start = lower_hook(p, AT(hooks, "postStart"), c, c->lifecycle->postStart);
	out->pre_stop = lower_hook(p, AT(hooks, "preStop"), c, c->lifecycle->preStop);
	out->stop_signal = lower_text(c->lifecycle->stopSignal);
}
