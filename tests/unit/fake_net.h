/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_net.h - net_ops for tests: namespaces of their own for each pod, and nothing in them
 *
 * fake_late_ms: the network is ready that much later. If something exists at fake_canary by then, a
 * program ran too early, and the network says so.
 */
#pragma once

#include <sched.h>

#include "pkg/pod/net_ops.h"
#include "pkg/runtime/ns.h"

enum { FAKE_PODS = 16 };

static int fake_late_ms;
static char fake_canary[200];

struct net {
	struct loop *loop;
	struct timer late;
	bool is_ready, too_early;
	void (*changed)(void *arg);
	void *changed_arg;
	struct {
		char name[64];
		struct ns_set ns;
	} pods[FAKE_PODS];
};

static int fake_prepare(const struct net_config *c, const struct plan *p, struct net **ret,
                        struct err *e)
{
	UNUSED(c);
	/* A pod of this name stands for a hostPort in use. */
	if (plan_find_pod(p, "port-in-use"))
		return err_set(e, ERR_HOST, "port 80 is in use");
	*ret = xcalloc(1, sizeof(**ret));
	return 0;
}

static int fake_bind_pod(const struct net_config *c, const struct plan_pod *pod, int **ret_fds,
                         size_t *ret_count, struct err *e)
{
	UNUSED(c);
	if (streq(pod->name, "port-in-use"))
		return err_set(e, ERR_HOST, "port 80 is in use");
	*ret_fds = NULL;
	*ret_count = 0;
	return 0;
}

static void fake_free(struct net *n)
{
	free(n);
}

static int fake_setup(struct net *n, struct loop *l, struct err *e)
{
	UNUSED(e);
	n->loop = l;
	n->is_ready = !fake_late_ms;
	return 0;
}

static int fake_pod_add(struct net *n, const struct plan_pod *pod, int *fds, size_t nfds,
                        struct net_pod *ret, struct err *e)
{
	UNUSED(fds);
	UNUSED(nfds);
	for (size_t i = 0; i < FAKE_PODS; i++) {
		struct ns_set s;

		if (n->pods[i].name[0])
			continue;
		if (streq(pod->name, "no-network"))
			return err_set(e, ERR_HOST, "no network for this one");
		if (ns_make(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS, NULL, NULL, &s, e) < 0)
			return -1;
		n->pods[i].ns = s;
		(void)snprintf(n->pods[i].name, sizeof(n->pods[i].name), "%s", pod->name);
		*ret = (struct net_pod){s.net, s.ipc, s.uts, "10.9.8.7", "", ""};
		return 0;
	}
	return err_set(e, ERR_HOST, "too many pods");
}

static void fake_pod_remove(struct net *n, const char *pod_name)
{
	for (size_t i = 0; i < FAKE_PODS; i++) {
		if (!streq(n->pods[i].name, pod_name))
			continue;
		ns_close(&n->pods[i].ns);
		n->pods[i].name[0] = '\0';
	}
}

static int fake_start(struct net *n, struct err *e)
{
	UNUSED(n);
	UNUSED(e);
	return 0;
}

static void fake_now_ready(struct timer *t)
{
	struct net *n = CONTAINER_OF(t, struct net, late);

	n->is_ready = true;
	n->too_early = access(fake_canary, F_OK) == 0;
	n->changed(n->changed_arg);
}

static int fake_wire(struct net *n, struct err *e)
{
	n->late.fired = fake_now_ready;
	return fake_late_ms ? timer_set_ms(n->loop, &n->late, fake_late_ms, e) : 0;
}

static int fake_ready(const struct net *n, struct err *e)
{
	return n->too_early ? err_set(e, ERR_HOST, "a program ran too early") : n->is_ready;
}

static void fake_on_change(struct net *n, void (*changed)(void *arg), void *arg)
{
	n->changed = changed;
	n->changed_arg = arg;
}

static int fake_files(const struct net *n, const struct plan_pod *pod, const struct net_pod *np,
                      struct net_files *ret, struct err *e)
{
	UNUSED(n);
	UNUSED(np);
	UNUSED(e);
	ret->hosts = xasprintf("127.0.0.1 %s\n", pod->name);
	ret->hostname = xasprintf("%s\n", pod->name);
	ret->resolv_conf = xstrdup("");
	return 0;
}

static const char *fake_text(const struct net *n)
{
	UNUSED(n);
	return "none";
}

static const struct net_ops fake_net = {
	.prepare = fake_prepare,
	.bind_pod = fake_bind_pod,
	.free_unused = fake_free,
	.setup = fake_setup,
	.pod_add = fake_pod_add,
	.pod_remove = fake_pod_remove,
	.start = fake_start,
	.wire = fake_wire,
	.ready = fake_ready,
	.on_change = fake_on_change,
	.files = fake_files,
	.uplink = fake_text,
	.host_ip = fake_text,
	.stop = fake_free,
};
