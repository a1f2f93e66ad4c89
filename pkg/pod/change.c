/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.c - bring a project that runs to what its files say now
 *
 * Theory of operation: the plans are compared pod by pod. New ports are bound here, pods that are
 * gone or changed are removed, then the new ones are made by the supervisor from the plan that is
 * sent along with the ports. What can fail for the user's reasons does so before any pod is
 * touched.
 */
#include "pkg/pod/up.h"
#include "pkg/pod/wire.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

enum {
	FDS_PER_MESSAGE = 60,
	REMOVE_MARGIN_MS = 15000,
};

struct live {
	struct up *u;
	struct plan *old;
	bool *changed; /* per pod of the new plan: to be made */
	struct strv gone;
	json_t *add;
	bool objects_same;
};

static int check_files(const struct up *u, struct err *e)
{
	const struct plan *p = u->r->plan;
	const struct state_project *s = u->old;
	bool same = p->files_count == s->files_count;

	for (uint32_t i = 0; same && i < p->files_count; i++)
		same = streq(p->files[i], s->files[i]);
	if (same || u->r->project_given)
		return 0;
	(void)err_set(e, ERR_USAGE, "project %s runs from %s%s; %s%s is another one", u->name,
	              s->files_count ? s->files[0] : "elsewhere",
	              s->files_count > 1 ? " (and others)" : "",
	              p->files_count ? p->files[0] : "this",
	              p->files_count > 1 ? " (and others)" : "");
	return err_hint(e,
	                "give this one a name of its own: -p NAME; or replace the running project: "
	                "-p %s",
	                u->name);
}

static void find_changes(struct live *l)
{
	struct up *u = l->u;
	const struct plan *p = u->r->plan;
	autostrbuf struct strbuf objects = {0};
	struct err ignored = {0};

	l->changed = xcalloc(p->pods_count + 1, sizeof(bool));
	for (uint32_t i = 0; i < p->pods_count; i++) {
		const struct plan_pod *was = plan_find_pod(l->old, p->pods[i].name);

		l->changed[i] = !was || u->r->replace || !plan_pod_equal(was, &p->pods[i]);
		if (was && l->changed[i])
			strv_add(&l->gone, was->name);
	}
	for (uint32_t i = 0; i < l->old->pods_count; i++)
		if (!plan_find_pod(p, l->old->pods[i].name))
			strv_add(&l->gone, l->old->pods[i].name);
	l->objects_same = project_objects(u->r->dirs, u->name, &objects, &ignored) == 0 &&
	                  objects.len == u->r->objects_len &&
	                  (!objects.len || memcmp(objects.s, u->r->objects, objects.len) == 0);
}

static bool is_changed(const struct plan_pod *pod, void *arg)
{
	const struct live *l = arg;

	return l->changed[pod - l->u->r->plan->pods];
}

static bool nothing_to_do(const struct live *l)
{
	for (uint32_t i = 0; i < l->u->r->plan->pods_count; i++)
		if (l->changed[i])
			return false;
	return !l->gone.len && l->objects_same;
}

/* Stop the pods that go; they hold their names until they are gone. */
static int remove_pods(struct live *l, struct err *e)
{
	struct up *u = l->u;
	json_t *names = json_array();
	int64_t grace = 0;

	if (!l->gone.len) {
		json_decref(names);
		return 0;
	}
	for (size_t i = 0; i < l->gone.len; i++) {
		const struct plan_pod *was = plan_find_pod(l->old, l->gone.v[i]);

		(void)json_array_append_new(names, json_string(l->gone.v[i]));
		grace = MAX(grace, MIN(was->grace_seconds, (int64_t)INT_MAX));
	}
	return talk_call(u->sock, u->signals.fd, clock_mono_ms() + grace * 1000 + REMOVE_MARGIN_MS,
	                 json_pack("{s:s,s:o}", "op", "remove", "pods", names), NULL, e);
}

static int send_fds(struct up *u, const int *fds, size_t n, struct err *e)
{
	while (n) {
		size_t now = MIN(n, (size_t)FDS_PER_MESSAGE);

		if (wire_send(u->sock, json_pack("{s:s}", "op", "fds"), fds, now, e) < 0)
			return -1;
		fds += now;
		n -= now;
	}
	return 0;
}

/* Plan, data and objects as sealed memfds. */
static int send_documents(struct up *u, struct err *e)
{
	autostrbuf struct strbuf plan = {0}, data = {0};
	int fds[] = {-1, -1, -1};
	int r = -1;

	if (plan_save(u->r->plan, &plan, e) < 0)
		return -1;
	plan_data_pack(u->r->data, &data);
	fds[0] = fd_memfd("kubeplay-plan", plan.s, plan.len, e);
	if (fds[0] >= 0)
		fds[1] = fd_memfd("kubeplay-data", data.s, data.len, e);
	if (fds[1] >= 0)
		fds[2] = fd_memfd("kubeplay-objects", u->r->objects, u->r->objects_len, e);
	if (fds[2] >= 0)
		r = send_fds(u, fds, 3, e);
	fd_close_many(fds, 3);
	if (data.s)
		explicit_bzero(data.s, data.len);
	return r;
}

/*
 * New hostPorts are bound before any pod is touched, so that one in use changes nothing. Those that
 * the project holds already stay in its hands and are not among the descriptors.
 */
static int bind_ports(struct live *l, struct err *e)
{
	struct up *u = l->u;
	struct net_config config = u->r->net_config;

	config.live = l->old;
	for (uint32_t i = 0; i < u->r->plan->pods_count; i++) {
		struct pod_grant *g = &u->grants[i];

		if (l->changed[i] && u->r->net->bind_pod(&config, &u->r->plan->pods[i],
		                                         &g->listeners, &g->listener_count, e) < 0)
			return -1;
	}
	return 0;
}

static int send_pods(struct live *l, struct err *e)
{
	struct up *u = l->u;
	const struct plan *p = u->r->plan;

	l->add = json_array();
	for (uint32_t i = 0; i < p->pods_count; i++) {
		const struct pod_grant *g = &u->grants[i];

		if (!l->changed[i])
			continue;
		if (send_fds(u, g->listeners, g->listener_count, e) < 0 ||
		    send_fds(u, g->trees, g->tree_count, e) < 0)
			return -1;
		(void)json_array_append_new(
			l->add, json_pack("{s:s,s:i,s:i}", "pod", p->pods[i].name, "listeners",
		                          (int)g->listener_count, "trees", (int)g->tree_count));
	}
	return 0;
}

static int send_apply(struct live *l, struct err *e)
{
	struct up *u = l->u;
	json_t *claims = json_array();

	for (size_t i = 0; i < u->claims.len; i++)
		(void)json_array_append_new(claims, json_string(u->claims.v[i]));
	return talk_call(u->sock, u->signals.fd, u->deadline,
	                 json_pack("{s:s,s:o,s:o}", "op", "apply", "add", take_ptr(l->add),
	                           "claims", claims),
	                 NULL, e);
}

static int change(struct live *l, struct err *e)
{
	struct up *u = l->u;
	const struct plan *p = u->r->plan;

	if (up_load_images(u, is_changed, l, e) < 0)
		return -1;
	u->grants = xcalloc(p->pods_count + 1, sizeof(*u->grants));
	for (uint32_t i = 0; i < p->pods_count; i++)
		if (l->changed[i] && up_host_paths(u, &p->pods[i], &u->grants[i], e) < 0)
			return -1;
	if (bind_ports(l, e) < 0 || up_make_claims(u, e) < 0)
		return -1;
	if (remove_pods(l, e) < 0 || send_documents(u, e) < 0 || send_pods(l, e) < 0)
		return -1;
	return send_apply(l, e);
}

static void report_changes(const struct live *l)
{
	const struct plan *p = l->u->r->plan;

	for (uint32_t i = 0; i < p->pods_count; i++) {
		const char *name = p->pods[i].name;

		up_report(l->u, name,
		          !l->changed[i]                ? POD_UNCHANGED
		          : plan_find_pod(l->old, name) ? POD_CONFIGURED
		                                        : POD_CREATED);
	}
	for (uint32_t i = 0; i < l->old->pods_count; i++)
		if (!plan_find_pod(p, l->old->pods[i].name))
			up_report(l->u, l->old->pods[i].name, POD_DELETED);
}

static int update(struct live *l, struct err *e)
{
	struct up *u = l->u;
	int r = 0;

	if (state_load(u->run_fd, &u->old, e) < 0 || check_files(u, e) < 0 ||
	    project_plan(u->r->dirs, u->name, &l->old, e) < 0)
		return -1;
	plan_stamp(u->r->plan, u->r->data, (uint64_t)u->old->stamp_key);
	find_changes(l);
	if (!nothing_to_do(l))
		r = change(l, e);
	if (r < 0) {
		up_undo_claims(u);
		return -1;
	}
	report_changes(l);
	return wire_send(u->sock, json_pack("{s:s}", "op", "wait"), NULL, 0, e);
}

int up_live(struct up *u, struct err *e)
{
	struct live l = {.u = u};
	int r = update(&l, e);

	state_op_unlock(u->r->dirs, u->name, &u->op_lock, false);
	plan_free(l.old);
	free(l.changed);
	strv_done(&l.gone);
	json_decref(l.add);
	return r < 0 ? -1 : up_wait_for(u, "ready", e);
}
