/* SPDX-License-Identifier: Apache-2.0 */
/*
 * up.c - bring a project up, or change one that runs
 *
 * Theory of operation: everything that can fail for the user's reasons happens here, before
 * anything exists: images are looked up, storage is probed, hostPaths are checked, ports are bound.
 * Then come directories, claims, the lock, and a clone of this process that becomes the supervisor
 * (supervisor.c) while we write its user map. Up to "setup" the op lock is held and any failure, or
 * Ctrl-C, undoes all of it: SIGKILL to the supervisor ends every process and mount, what remains
 * are directories. After "setup" the lock is released, so that `down` need not wait for a slow
 * image to become ready; a workload that fails is left for inspection.
 *
 * A project that runs gets only the difference: new ports are bound here, pods that are gone or
 * changed are removed, then the new ones are made from the plan that is sent along with the ports.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "pkg/pod/check.h"
#include "pkg/pod/client.h"
#include "pkg/pod/hostpath.h"
#include "pkg/pod/project.h"
#include "pkg/pod/supervisor.h"
#include "pkg/pod/talk.h"
#include "pkg/pod/tidy.h"
#include "pkg/pod/wire.h"
#include "pkg/runtime/probe.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"
#include "pkg/util/proc.h"

enum {
	STATE_VERSION = 1,
	GONE_MS = 120000,
	CONNECT_MS = 5000,
	FDS_PER_MESSAGE = 60,
	UNDO_GRACE_S = 2,
	REMOVE_MARGIN_MS = 15000,
};

struct up {
	struct up_request *r;
	const char *name;
	int64_t deadline;
	struct talk_signals signals;
	int op_lock, run_fd, lock_fd;
	struct images images;
	struct pod_grant *grants; /* one per pod of the plan */
	struct net *net;
	struct state_project *old, *state;
	struct strv claims; /* this project made them */
	struct strv made;   /* ... in this call */
	int sock;           /* to the supervisor */
	int pidfd;          /* of the supervisor we cloned */
	bool made_dirs;
};

static void report(const struct up *u, const char *pod, enum pod_change change)
{
	if (u->r->on_pod)
		u->r->on_pod(pod, change, u->r->arg);
}

/* --- what comes before anything exists ---------------------------------------------------- */

/* Kept for as long as the project is remembered, so that unchanged data has an unchanged stamp. */
static int64_t make_key(const struct up *u)
{
	uint64_t key = 0;

	if (u->old && u->old->stamp_key)
		return u->old->stamp_key;
	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		key = (uint64_t)clock_real_ns();
	return (int64_t)(key >> 1 | 1);
}

static int probe_storage(struct up *u, struct err *e)
{
	const struct dirs *d = u->r->dirs;
	struct storage_probe p;

	if (storage_probe_run(u->r->idmap, d->root_fd, d->root, &p, e) < 0)
		return -1;
	return storage_probe_verdict(&p, u->r->idmap, d->root, e);
}

static bool any_container(const struct plan *p)
{
	for (uint32_t i = 0; i < p->pods_count; i++)
		if (p->pods[i].containers_count || p->pods[i].init_containers_count)
			return true;
	return false;
}

static int load_images(struct up *u, bool (*want)(const struct plan_pod *, void *), void *arg,
                       struct err *e)
{
	autoclose int store = -1;

	if (!any_container(u->r->plan))
		return 0;
	store = dirs_open_data(u->r->dirs, "store", true, e);
	if (store < 0)
		return -1;
	return images_load(store, u->r->plan, want, arg, &u->images, e);
}

static int prepare_host_paths(struct up *u, const struct plan_pod *pod, struct pod_grant *g,
                              struct err *e)
{
	return hostpath_prepare(pod, u->r->idmap->as_root, &g->trees, &g->tree_count, e);
}

static void free_grants(struct up *u)
{
	for (uint32_t i = 0; u->grants && i < u->r->plan->pods_count; i++) {
		struct pod_grant *g = &u->grants[i];

		if (g->listeners)
			fd_close_many(g->listeners, g->listener_count);
		if (g->trees)
			fd_close_many(g->trees, g->tree_count);
		free(g->listeners);
		free(g->trees);
	}
	free(take_ptr(u->grants));
}

static bool in_state(const struct state_project *s, const char *claim)
{
	for (uint32_t i = 0; s && i < s->created_claims_count; i++)
		if (streq(s->created_claims[i], claim))
			return true;
	return false;
}

static int make_claims(struct up *u, struct err *e)
{
	const struct plan *p = u->r->plan;

	for (uint32_t i = 0; i < p->claims_count; i++) {
		const struct plan_claim *c = &p->claims[i];
		autofree char *full = xasprintf("%s/%s", c->claim_namespace, c->name);
		int r = tidy_make_claim(u->r->dirs, c->claim_namespace, c->name, u->name, e);

		if (r < 0)
			return -1;
		if (r == TIDY_CLAIM_MADE)
			strv_add(&u->made, full);
		if (r != TIDY_CLAIM_FOREIGN && !in_state(u->old, full))
			strv_add(&u->claims, full);
	}
	return 0;
}

/* Claims that this call made are empty still, unless a container ran: then they stay. */
static void undo_claims(struct up *u)
{
	for (size_t i = 0; i < u->made.len; i++) {
		autofree char *path = xasprintf("volumes/%s", u->made.v[i]);
		struct err ignored = {0};

		if (unlinkat(u->r->dirs->root_fd, path, AT_REMOVEDIR) == 0) /* the note goes too */
			(void)tidy_remove_claim(u->r->dirs, u->r->idmap, u->made.v[i], &ignored);
	}
}

/* --- a new supervisor --------------------------------------------------------------------- */

static char **copy_list(char *const *list, uint32_t n, const struct strv *more)
{
	char **copy = xcalloc(n + (more ? more->len : 0) + 1, sizeof(char *));

	for (uint32_t i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	for (size_t i = 0; more && i < more->len; i++)
		copy[n + i] = xstrdup(more->v[i]);
	return copy;
}

static void make_state(struct up *u, int64_t key)
{
	const struct plan *p = u->r->plan;
	uint32_t had = u->old ? u->old->created_claims_count : 0;
	struct state_project *s = xcalloc(1, sizeof(*s));

	s->version = STATE_VERSION;
	s->project = xstrdup(p->project);
	s->project_namespace = xstrdup(p->project_namespace ? p->project_namespace : "default");
	s->files = copy_list(p->files, p->files_count, NULL);
	s->files_count = p->files_count;
	s->created_ns = clock_real_ns();
	s->stamp_key = key;
	s->created_claims = copy_list(u->old ? u->old->created_claims : NULL, had, &u->claims);
	s->created_claims_count = had + (uint32_t)u->claims.len;
	u->state = s;
}

/* A dead supervisor's containers may still be dying: nothing is touched before they are gone. */
static int wait_old(struct up *u, struct err *e)
{
	struct err absent = {0};
	autoclose int dir = dirs_open_project(u->r->dirs, u->name, false, &absent);

	if (dir < 0)
		return 0;
	if (state_load(dir, &u->old, &absent) < 0)
		log_debug("project %s: %s", u->name, absent.msg);
	return tidy_wait_gone(dir, u->name, u->old, GONE_MS, e);
}

/* What it left behind. */
static int clear_old(struct up *u, struct err *e)
{
	if (tidy_run(u->r->dirs, u->name, e) < 0)
		return -1;
	if (tidy_has_data(u->r->dirs, u->name))
		return tidy_data(u->r->dirs, u->r->idmap, u->name, e);
	return 0;
}

static int make_dirs(struct up *u, struct err *e)
{
	autofree char *path = xasprintf("projects/%s", u->name);
	autoclose int data = -1;

	u->made_dirs = true;
	data = dirs_open_data(u->r->dirs, path, true, e);
	if (data < 0)
		return -1;
	u->run_fd = dirs_open_project(u->r->dirs, u->name, true, e);
	if (u->run_fd < 0)
		return -1;
	u->lock_fd = state_lock(u->run_fd, e);
	if (u->lock_fd < 0)
		return -1;
	if (u->r->dirs->owner_uid != geteuid() &&
	    fchown(u->lock_fd, u->r->dirs->owner_uid, u->r->dirs->owner_gid) < 0)
		return err_sys(e, errno, "chown lock");
	return 0;
}

/* The clone: its own copy of everything here, from which it never returns. */
static void NORETURN child(struct up *u, int sock)
{
	struct supervise s = {
		.dirs = u->r->dirs,
		.as_root = u->r->idmap->as_root,
		.plan = u->r->plan,
		.data = u->r->data,
		.objects = u->r->objects,
		.objects_len = u->r->objects_len,
		.images = &u->images,
		.grants = u->grants,
		.state = u->state,
		.net_ops = u->r->net,
		.net = u->net,
		.run_fd = u->run_fd,
		.lock_fd = u->lock_fd,
		.sock = sock,
		.curve = restart_curve(getenv("KUBEPLAY_BACKOFF_MS")),
	};

	close_fd(&u->signals.fd);
	close_fd(&u->op_lock);
	close_fd(&u->sock);
	supervise(&s);
}

static int clone_supervisor(struct up *u, pid_t *ret_pid, struct err *e)
{
	uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "socketpair");
	u->sock = pair[0];
	*ret_pid = proc_clone(flags, &u->pidfd);
	if (*ret_pid == 0)
		child(u, pair[1]);
	(void)close(pair[1]);
	if (*ret_pid < 0) {
		int num = errno;

		return userns_explain(num, e);
	}
	return 0;
}

static int map_supervisor(struct up *u, pid_t pid, struct err *e)
{
	uint64_t start = proc_start_time(pid);

	if (state_lock_note(u->lock_fd, pid, start, e) < 0)
		return -1;
	close_fd(&u->lock_fd); /* from here the supervisor alone holds it */
	if (userns_map(u->r->idmap, pid, e) < 0)
		return -1;
	return wire_send(u->sock,
	                 json_pack("{s:i,s:I}", "pid", (int)pid, "start", (json_int_t)start), NULL,
	                 0, e);
}

/* Its last words, when it could not send them. */
static int supervisor_died(struct up *u, struct err *e)
{
	autofree char *path = xasprintf("projects/%s/supervisor.log", u->name);
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};
	const char *last;

	(void)err_set(e, ERR_HOST, "the supervisor of project %s ended unexpectedly", u->name);
	if (fd_read_file(u->r->dirs->root_fd, path, 1 << 20, &text, &ignored) < 0 || !text.len)
		return -1;
	text.s[text.len - 1] = '\0';
	last = strrchr(text.s, '\n');
	return err_hint(e, "%s", last ? last + 1 : text.s);
}

/* Messages until one has `key`; warnings are passed on. */
static int wait_for(struct up *u, const char *key, struct err *e)
{
	json_t *msg = NULL;
	int n;

	while ((n = talk_next(u->sock, u->signals.fd, u->deadline, &msg, e)) > 0) {
		const char *warning = json_string_value(json_object_get(msg, "warning"));
		bool done = json_is_true(json_object_get(msg, key));

		if (warning && u->r->on_warning)
			u->r->on_warning(warning, u->r->arg);
		json_decref(msg);
		if (done)
			return 0;
	}
	if (n == 0)
		return supervisor_died(u, e);
	if (e->kind == ERR_TIMEOUT)
		return err_set(e, ERR_TIMEOUT, "project %s: not %s within %lld s", u->name,
		               streq(key, "ready") ? "ready" : "set up",
		               (long long)u->r->timeout_ms / 1000);
	return -1;
}

static void undo_fresh(struct up *u)
{
	struct err e = {0};

	if (u->pidfd >= 0) {
		(void)proc_signal(u->pidfd, SIGKILL);
		(void)proc_reap(u->pidfd); /* it ends after all that it started */
	}
	close_fd(&u->lock_fd);
	if (u->made_dirs && (tidy_data(u->r->dirs, u->r->idmap, u->name, &e) < 0 ||
	                     tidy_run(u->r->dirs, u->name, &e) < 0))
		log_debug("undo: %s", e.msg);
	undo_claims(u);
}

static int set_up_fresh(struct up *u, struct err *e)
{
	struct plan *p = u->r->plan;
	int64_t key;
	pid_t pid = -1;

	if (wait_old(u, e) < 0 || load_images(u, NULL, NULL, e) < 0 || probe_storage(u, e) < 0)
		return -1;
	key = make_key(u);
	plan_stamp(p, u->r->data, (uint64_t)key);
	u->grants = xcalloc(p->pods_count + 1, sizeof(*u->grants));
	for (uint32_t i = 0; i < p->pods_count; i++)
		if (prepare_host_paths(u, &p->pods[i], &u->grants[i], e) < 0)
			return -1;
	if (u->r->net->prepare(&u->r->net_config, p, &u->net, e) < 0)
		return -1;
	if (clear_old(u, e) < 0 || make_dirs(u, e) < 0 || make_claims(u, e) < 0)
		return -1;
	make_state(u, key);
	if (clone_supervisor(u, &pid, e) < 0 || map_supervisor(u, pid, e) < 0)
		return -1;
	return wait_for(u, "setup", e);
}

/* Ctrl-C while waiting for pods that are set up: the same as `down`, in a hurry. */
static void undo_running(struct up *u)
{
	struct down_request down = {
		.dirs = u->r->dirs,
		.idmap = u->r->idmap,
		.project = u->name,
		.grace_seconds = UNDO_GRACE_S,
	};
	struct err e = {0};

	if (project_down(&down, &e) < 0)
		log_debug("undo: %s", e.msg);
	if (u->pidfd >= 0)
		(void)proc_reap(u->pidfd);
	undo_claims(u);
}

static int up_fresh(struct up *u, struct err *e)
{
	if (set_up_fresh(u, e) < 0) {
		undo_fresh(u);
		state_op_unlock(u->r->dirs, u->name, &u->op_lock, true);
		return -1;
	}
	state_op_unlock(u->r->dirs, u->name, &u->op_lock, false);
	for (uint32_t i = 0; i < u->r->plan->pods_count; i++)
		report(u, u->r->plan->pods[i].name, POD_CREATED);
	if (wait_for(u, "ready", e) == 0)
		return 0;
	if (e->kind == ERR_INTERRUPTED)
		undo_running(u);
	return -1;
}

/* --- a supervisor that runs --------------------------------------------------------------- */

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

	if (load_images(u, is_changed, l, e) < 0)
		return -1;
	u->grants = xcalloc(p->pods_count + 1, sizeof(*u->grants));
	for (uint32_t i = 0; i < p->pods_count; i++)
		if (l->changed[i] && prepare_host_paths(u, &p->pods[i], &u->grants[i], e) < 0)
			return -1;
	if (bind_ports(l, e) < 0 || make_claims(u, e) < 0)
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

		report(l->u, name,
		       !l->changed[i]                ? POD_UNCHANGED
		       : plan_find_pod(l->old, name) ? POD_CONFIGURED
		                                     : POD_CREATED);
	}
	for (uint32_t i = 0; i < l->old->pods_count; i++)
		if (!plan_find_pod(p, l->old->pods[i].name))
			report(l->u, l->old->pods[i].name, POD_DELETED);
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
		undo_claims(u);
		return -1;
	}
	report_changes(l);
	return wire_send(u->sock, json_pack("{s:s}", "op", "wait"), NULL, 0, e);
}

static int up_live(struct up *u, struct err *e)
{
	struct live l = {.u = u};
	int r = update(&l, e);

	state_op_unlock(u->r->dirs, u->name, &u->op_lock, false);
	plan_free(l.old);
	free(l.changed);
	strv_done(&l.gone);
	json_decref(l.add);
	return r < 0 ? -1 : wait_for(u, "ready", e);
}

/* --- the entrance ------------------------------------------------------------------------- */

static void up_done(struct up *u)
{
	free_grants(u);
	images_done(&u->images);
	if (u->net)
		u->r->net->free_unused(u->net);
	state_free(u->old);
	state_free(u->state);
	strv_done(&u->claims);
	strv_done(&u->made);
	close_fd(&u->sock);
	close_fd(&u->pidfd);
	close_fd(&u->run_fd);
	close_fd(&u->lock_fd);
	state_op_unlock(u->r->dirs, u->name, &u->op_lock, false);
	talk_signals_end(&u->signals);
}

/*
 * 1: a supervisor lives and we are connected, 0: none lives. One that is just ending, or whose `up`
 * was killed before it was set up, is waited for.
 */
static int find_supervisor(struct up *u, struct err *e)
{
	int64_t end = clock_mono_ms() + CONNECT_MS;
	struct client c = {.fd = -1};
	struct err absent = {0};

	u->run_fd = dirs_open_project(u->r->dirs, u->name, false, &absent);
	while (u->run_fd >= 0 && state_alive(u->run_fd)) {
		if (client_connect(u->run_fd, &c, e) == 0) {
			u->sock = c.fd;
			return 1;
		}
		if (clock_mono_ms() > end)
			return err_wrap(e, "project %s: its supervisor does not answer", u->name);
		clock_pause_ms(10);
	}
	close_fd(&u->run_fd);
	*e = (struct err){0};
	return 0;
}

int project_up(struct up_request *r, struct err *e)
{
	struct up u = {
		.r = r,
		.name = r->plan->project,
		.deadline = r->timeout_ms < 0 ? -1 : clock_mono_ms() + r->timeout_ms,
		.signals = {.fd = -1},
		.op_lock = -1,
		.run_fd = -1,
		.lock_fd = -1,
		.sock = -1,
		.pidfd = -1,
	};
	int result = -1, found;

	if (check_plan(r->plan, e) < 0)
		return -1;
	u.op_lock = state_op_lock(r->dirs, u.name,
	                          r->timeout_ms < 0 ? -1 : (int)MIN(r->timeout_ms, INT_MAX), e);
	if (u.op_lock >= 0 && talk_signals_begin(&u.signals, e) == 0 &&
	    (found = find_supervisor(&u, e)) >= 0)
		result = found ? up_live(&u, e) : up_fresh(&u, e);
	up_done(&u);
	return result;
}
