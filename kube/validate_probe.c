/* SPDX-License-Identifier: Apache-2.0 */
/* validate_probe.c - probes and hooks: exactly one action, times and ports that make sense */
#include "kube/rule.h"

enum { PORT_MAX = 65535 };

static void walk_probe(const struct check *x, const char *key, enum probe_type type,
                       const struct k8s_probe *p)
{
	struct check here = *x;

	if (!p)
		return;
	const struct action a = {.exec = p->exec,
	                         .http = p->httpGet,
	                         .tcp = p->tcpSocket,
	                         .grpc = p->grpc,
	                         .probe = true};

	here.probe_type = type;
	check_thing(&here, ON_PROBE, AT(x->at, key), p);
	check_thing(&here, ON_ACTION, AT(x->at, key), &a);
}

static void walk_hook(const struct check *x, const struct at *at, const struct k8s_handler *h)
{
	if (!h)
		return;
	const struct action a = {
		.exec = h->exec, .http = h->httpGet, .tcp = h->tcpSocket, .sleep = h->sleep};

	check_thing(x, ON_ACTION, at, &a);
}

void walk_probes(const struct check *x)
{
	const struct k8s_container *c = x->container;

	walk_probe(x, "livenessProbe", PROBE_LIVENESS, c->livenessProbe);
	walk_probe(x, "readinessProbe", PROBE_READINESS, c->readinessProbe);
	walk_probe(x, "startupProbe", PROBE_STARTUP, c->startupProbe);
	if (!c->lifecycle)
		return;
	check_thing(x, ON_LIFECYCLE, AT(x->at, "lifecycle"), c->lifecycle);
	walk_hook(x, AT(AT(x->at, "lifecycle"), "postStart"), c->lifecycle->postStart);
	walk_hook(x, AT(AT(x->at, "lifecycle"), "preStop"), c->lifecycle->preStop);
}

void rule_container_init_probe(const struct check *x)
{
	const struct k8s_container *c = x->container;
	const struct {
		const char *key;
		const void *set;
	} fields[] = {
		{"livenessProbe", c->livenessProbe},
		{"readinessProbe", c->readinessProbe},
		{"startupProbe", c->startupProbe},
		{"lifecycle", c->lifecycle},
	};

	if (!x->init || c->restartPolicy == K8S_CONTAINER_RESTART_ALWAYS)
		return;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].set)
			broken(x, AT(x->at, fields[i].key),
			       "an init container has none, as it ends; leave it out, or write "
			       "restartPolicy: Always for a sidecar");
}

void rule_probe_number(const struct check *x)
{
	const struct k8s_probe *p = x->probe;
	const struct {
		const char *key;
		const int32_t *v;
	} numbers[] = {
		{"initialDelaySeconds", p->initialDelaySeconds},
		{"timeoutSeconds", p->timeoutSeconds},
		{"periodSeconds", p->periodSeconds},
		{"successThreshold", p->successThreshold},
		{"failureThreshold", p->failureThreshold},
	};

	/* 0 is what a cluster reads as not written */
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (outside(numbers[i].v, 0, INT32_MAX))
			broken(x, AT(x->at, numbers[i].key), "cannot be negative");
}

void rule_probe_success(const struct check *x)
{
	if (x->probe_type != PROBE_READINESS && outside(x->probe->successThreshold, INT32_MIN, 1))
		BROKEN(x, "successThreshold", "must be 1; only a readinessProbe may need more");
}

void rule_probe_grace(const struct check *x)
{
	const int64_t *grace = x->probe->terminationGracePeriodSeconds;

	if (grace && x->probe_type == PROBE_READINESS)
		BROKEN(x, "terminationGracePeriodSeconds",
		       "a readinessProbe stops nothing; leave it out");
	else if (outside_long(grace, 1, INT32_MAX))
		BROKEN(x, "terminationGracePeriodSeconds", "is 1 to %d seconds", INT32_MAX);
}

void rule_action_count(const struct check *x)
{
	static const char *const fields[] = {"initialDelaySeconds",
	                                     "periodSeconds",
	                                     "timeoutSeconds",
	                                     "successThreshold",
	                                     "failureThreshold",
	                                     "terminationGracePeriodSeconds",
	                                     NULL};
	const struct action *a = x->action;
	int count = (a->exec != NULL) + (a->http != NULL) + (a->tcp != NULL) + (a->grpc != NULL) +
	            (a->sleep != NULL);

	if (count > 1)
		broken(x, x->at, "more than one action; leave all but one out");
	else if (!count && !others_stand_at(x, x->at, fields))
		broken(x, x->at, "what is to be done? write one of exec, httpGet, tcpSocket, %s",
		       a->probe ? "grpc" : "sleep");
}

void rule_action_exec(const struct check *x)
{
	if (x->action->exec && !x->action->exec->command_count)
		broken(x, AT(AT(x->at, "exec"), "command"),
		       "missing command; write it as a list: [cat, /ready]");
}

static void check_port(const struct check *x, const struct at *at,
                       const struct k8s_int_or_string *v)
{
	const struct k8s_container *c = x->container;
	struct guess g = {0};

	if (!v->string) {
		if (v->number < 1 || v->number > PORT_MAX)
			broken(x, at, "a port is 1 to %d, or the name of one of the container's",
			       PORT_MAX);
		return;
	}
	for (uint32_t i = 0; i < c->ports_count; i++) {
		if (c->ports[i].name && streq(c->ports[i].name, v->string))
			return;
		guess_offer(&g, v->string, text_of(c->ports[i].name));
	}
	autofree char *shown = diag_quote(v->string), *hint = guess_text(&g);
	bool digits = *v->string && !v->string[strspn(v->string, "0123456789")];

	broken(x, at, "the container has no port \"%s\"%s", shown,
	       digits  ? "; write the number without quotes"
	       : *hint ? hint
	               : "; add it to ports, or write a number");
}

void rule_action_port(const struct check *x)
{
	const struct action *a = x->action;

	if (a->http && a->http->port)
		check_port(x, AT(AT(x->at, "httpGet"), "port"), a->http->port);
	if (a->tcp && a->tcp->port)
		check_port(x, AT(AT(x->at, "tcpSocket"), "port"), a->tcp->port);
	if (a->grpc && outside(a->grpc->port, 1, PORT_MAX))
		broken(x, AT(AT(x->at, "grpc"), "port"), "a port is 1 to %d", PORT_MAX);
}

void rule_action_path(const struct check *x)
{
	const char *path = x->action->http ? x->action->http->path : NULL;

	if (has_text(path) && *path != '/')
		broken(x, AT(AT(x->at, "httpGet"), "path"),
		       "should begin with \"/\"; it is asked for as if it did");
}

static bool is_token(const char *s)
{
	static const char letters[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz";

	return *s && !s[strspn(s, letters)];
}

void rule_action_header(const struct check *x)
{
	const struct k8s_http_get *h = x->action->http;

	for (uint32_t i = 0; h && i < h->httpHeaders_count; i++) {
		const struct at *at = AT_ITEM(AT(AT(x->at, "httpGet"), "httpHeaders"), i);

		if (h->httpHeaders[i].name && !is_token(h->httpHeaders[i].name))
			broken(x, AT(at, "name"),
			       "the name of a header has letters, digits and - only");
		if (h->httpHeaders[i].value && strpbrk(h->httpHeaders[i].value, "\r\n"))
			broken(x, AT(at, "value"), "the value of a header is one line");
	}
}

void rule_action_sleep(const struct check *x)
{
	const struct k8s_sleep *s = x->action->sleep;

	if (s && outside_long(s->seconds, 0, MAX(x->pod->grace, (int64_t)0)))
		broken(x, AT(AT(x->at, "sleep"), "seconds"),
		       "is 0 to %lld seconds, the pod's terminationGracePeriodSeconds",
		       (long long)MAX(x->pod->grace, (int64_t)0));
}

void rule_lifecycle_signal(const struct check *x)
{
	static const char *const names[] = {
		"SIGABRT",   "SIGALRM",   "SIGBUS",  "SIGCHLD", "SIGCLD",   "SIGCONT",
		"SIGFPE",    "SIGHUP",    "SIGILL",  "SIGINT",  "SIGIO",    "SIGIOT",
		"SIGKILL",   "SIGPIPE",   "SIGPOLL", "SIGPROF", "SIGPWR",   "SIGQUIT",
		"SIGSEGV",   "SIGSTKFLT", "SIGSTOP", "SIGSYS",  "SIGTERM",  "SIGTRAP",
		"SIGTSTP",   "SIGTTIN",   "SIGTTOU", "SIGURG",  "SIGUSR1",  "SIGUSR2",
		"SIGVTALRM", "SIGWINCH",  "SIGXCPU", "SIGXFSZ", "SIGRTMIN", "SIGRTMAX",
	};
	const char *name = x->lifecycle->stopSignal;
	struct guess g = {0};
	int64_t n;

	if (!name)
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (streq(name, names[i]))
			return;
		guess_offer(&g, name, names[i]);
		if (streq(name, names[i] + strlen("SIG")))
			g.best = names[i];
	}
	if ((starts_with(name, "SIGRTMIN+") || starts_with(name, "SIGRTMAX-")) &&
	    str_parse_int(name + strlen("SIGRTMIN+"), 1, 15, &n) == 0)
		return;
	autofree char *shown = diag_quote(name), *hint = guess_text(&g);

	BROKEN(x, "stopSignal", "there is no signal \"%s\"%s", shown,
	       *hint ? hint : "; write a name such as SIGTERM");
}
