/* SPDX-License-Identifier: Apache-2.0 */
/* validate_port.c - ports of containers, and who may have which port of the host */
#include "kube/rule.h"

enum { PORT_MAX = 65535 };

void rule_port_number(const struct check *x)
{
	if (outside(x->port->containerPort, 1, PORT_MAX))
		BROKEN(x, "containerPort", "a port is 1 to %d", PORT_MAX);
}

void rule_port_host_number(const struct check *x)
{
	if (outside(x->port->hostPort, 0, PORT_MAX))
		BROKEN(x, "hostPort", "a port is 1 to %d", PORT_MAX);
}

void rule_port_host_network(const struct check *x)
{
	const struct k8s_port *p = x->port;

	if (is_true(x->pod->spec->hostNetwork) && p->hostPort && p->containerPort && *p->hostPort &&
	    *p->hostPort != *p->containerPort)
		BROKEN(x, "hostPort", "must be the containerPort (%d) when hostNetwork is true",
		       *p->containerPort);
}

void rule_port_host_ip(const struct check *x)
{
	if (has_text(x->port->hostIP))
		check_name(x, AT(x->at, "hostIP"), NAME_IP, "a hostIP", x->port->hostIP);
}

void rule_port_sctp(const struct check *x)
{
	if (x->port->protocol == K8S_SCTP)
		BROKEN(x, "protocol", "SCTP is not supported; use TCP or UDP");
}

void rule_port_name(const struct check *x)
{
	if (has_text(x->port->name))
		check_name(x, AT(x->at, "name"), NAME_PORT, "a port's name", x->port->name);
}

void rule_container_port_name_repeated(const struct check *x)
{
	const struct k8s_container *c = x->container;
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < c->ports_count; i++)
		if (has_text(c->ports[i].name) && !names_add(&seen, c->ports[i].name, i, NULL))
			broken(x, AT(AT_ITEM(AT(x->at, "ports"), i), "name"),
			       "another port of this container has this name; give it another");
}

void rule_container_port_repeated(const struct check *x)
{
	const struct k8s_container *c = x->container;
	autonames struct names seen = {0};
	uint32_t first;

	for (uint32_t i = 0; i < c->ports_count; i++) {
		const struct k8s_port *p = &c->ports[i];
		char *key;

		if (!p->containerPort)
			continue;
		key = arena_printf(&x->r->arena, "%d/%d/%s/%d", *p->containerPort,
		                   p->protocol ? p->protocol : K8S_TCP, text_of(p->hostIP),
		                   p->hostPort ? *p->hostPort : 0);
		if (!names_add(&seen, key, i, &first))
			broken(x, AT(AT_ITEM(AT(x->at, "ports"), i), "containerPort"),
			       "ports[%u] says the same; leave one of them out", first);
	}
}

/* A published port: who asked for it. */
struct wish {
	const struct object *o;
	const char *ip; /* "" is all addresses */
	int port, protocol;
	bool init;
	uint32_t container, index; /* where it stands */
	size_t order;
	int64_t pods;             /* that have it */
	const struct wish *taken; /* who has the port already, or NULL */
};

struct wishes {
	struct wish *v;
	size_t len;
};

static int by_port(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;
	int all = (*x->ip != '\0') - (*y->ip != '\0'); /* all addresses first */
	int r = x->port != y->port           ? x->port - y->port
	        : x->protocol != y->protocol ? x->protocol - y->protocol
	        : all                        ? all
	                                     : strcmp(x->ip, y->ip);

	return r ? r : x->order < y->order ? -1 : 1;
}

static const char *plain_ip(const char *ip)
{
	return streq(ip, "0.0.0.0") || streq(ip, "::") ? "" : ip;
}

/* The port of the host that an entry asks for; 0 if none. */
static int host_port(const struct k8s_pod_spec *s, const struct k8s_port *p)
{
	const int32_t *port = p->hostPort && *p->hostPort ? p->hostPort
	                      : is_true(s->hostNetwork)   ? p->containerPort
	                                                  : NULL;

	return port && *port > 0 ? *port : 0;
}

static void collect_container(const struct pod_view *v, int64_t pods, bool init, uint32_t index,
                              struct wishes *w)
{
	const struct k8s_container *c =
		init ? &v->spec->initContainers[index] : &v->spec->containers[index];

	for (uint32_t i = 0; i < c->ports_count; i++) {
		const struct k8s_port *p = &c->ports[i];

		if (!host_port(v->spec, p))
			continue;
		if ((w->len & (w->len - 1)) == 0)
			w->v = xrealloc(w->v, MAX(w->len * 2, (size_t)1) * sizeof(*w->v));
		w->v[w->len] = (struct wish){
			.o = v->o,
			.ip = plain_ip(text_of(p->hostIP)),
			.port = host_port(v->spec, p),
			.protocol = p->protocol ? (int)p->protocol : K8S_TCP,
			.init = init,
			.container = index,
			.index = i,
			.order = w->len,
			.pods = pods,
		};
		w->len++;
	}
}

/* Pods of an object that run at the same time. */
static int64_t pods_of(const struct object *o)
{
	struct controller w;

	if (o->type == OBJECT_POD)
		return 1;
	return controller_of(o, &w) ? w.pods : 0;
}

static void collect(const struct run *r, struct wishes *w)
{
	for (size_t i = 0; i < r->objects_count; i++) {
		struct at at[POD_VIEW_DEPTH];
		struct pod_view v;
		int64_t pods = pods_of(&r->objects[i]);

		if (pods < 1 || !run_pod_view(&r->objects[i], at, &v) || !v.spec)
			continue;
		for (uint32_t c = 0; c < v.spec->initContainers_count; c++)
			if (v.spec->initContainers[c].restartPolicy == K8S_CONTAINER_RESTART_ALWAYS)
				collect_container(&v, pods, true, c, w);
		for (uint32_t c = 0; c < v.spec->containers_count; c++)
			collect_container(&v, pods, false, c, w);
	}
}

/* Report at the place where a wish stands. */
static void refuse(const struct check *x, const struct wish *w, const char *text)
{
	struct check here = *x;
	struct at at[POD_VIEW_DEPTH];
	struct pod_view v;

	(void)run_pod_view(w->o, at, &v);
	here.o = w->o;
	broken(&here,
	       AT(AT_ITEM(AT(AT_ITEM(AT(v.spec_at, w->init ? "initContainers" : "containers"),
	                             w->container),
	                     "ports"),
	                  w->index),
	          "hostPort"),
	       "%s", text);
}

/* Of two that want the same the one that was written later does not get it. */
static void mark_second(struct wish *a, struct wish *b)
{
	if (a->order > b->order)
		a->taken = b;
	else
		b->taken = a;
}

static void mark_taken(struct wishes *w)
{
	size_t group = 0;

	if (w->len)
		qsort(w->v, w->len, sizeof(*w->v), by_port);
	for (size_t i = 1; i < w->len; i++) {
		if (w->v[i].port != w->v[group].port || w->v[i].protocol != w->v[group].protocol)
			group = i;
		else if (!*w->v[group].ip)
			mark_second(&w->v[group], &w->v[i]);
		else if (streq(w->v[i].ip, w->v[i - 1].ip))
			mark_second(&w->v[i - 1], &w->v[i]);
	}
}

static int by_order(const void *a, const void *b)
{
	const struct wish *const *x = a, *const *y = b;

	return (*x)->order < (*y)->order ? -1 : 1;
}

static void refuse_second(const struct check *x, const struct wish *late)
{
	const struct wish *early = late->taken;
	autofree char *name = diag_quote(early->o->name);
	autofree char *text =
		xasprintf("port %d is already taken by %s \"%s\"%s; write another", late->port,
	                  kind_name(early->o->type), name, early->o == late->o ? " itself" : "");

	refuse(x, late, text);
}

/* Reported in the order of the files: each document is read again once at most. */
void rule_run_host_port_taken(const struct check *x)
{
	struct wishes w = {0};
	autofree const struct wish **list = NULL;

	collect(x->r, &w);
	mark_taken(&w);
	list = xcalloc(MAX(w.len, (size_t)1), sizeof(*list));
	for (size_t i = 0; i < w.len; i++)
		list[i] = &w.v[i];
	if (w.len)
		qsort(list, w.len, sizeof(*list), by_order);
	for (size_t i = 0; i < w.len; i++)
		if (list[i]->taken)
			refuse_second(x, list[i]);
	free(w.v);
}

void rule_run_host_port_replicas(const struct check *x)
{
	struct wishes w = {0};

	collect(x->r, &w);
	for (size_t i = 0; i < w.len; i++) {
		if (w.v[i].pods < 2)
			continue;
		autofree char *text = xasprintf(
			"%lld pods of this %s want port %d of the host, which only one can have; "
			"write %s: 1, or leave hostPort out",
			(long long)w.v[i].pods, kind_name(w.v[i].o->type), w.v[i].port,
			w.v[i].o->type == OBJECT_JOB ? "parallelism" : "replicas");

		refuse(x, &w.v[i], text);
	}
	free(w.v);
}
