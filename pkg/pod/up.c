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
 * A project that runs gets only the difference: change.c.
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
#include "pkg/pod/tidy.h"
#include "pkg/pod/up.h"
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
	UNDO_GRACE_S = 2,
};

void up_report(const struct up *u, const char *pod, enum pod_change change)
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

int up_load_images(struct up *u, bool (*want)(const struct plan_pod *, void *), void *arg,
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

int up_host_paths(struct up *u, const struct plan_pod *pod, struct pod_grant *g, struct err *e)
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

int up_make_claims(struct up *u, struct err *e)
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
void up_undo_claims(struct up *u)
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
int up_wait_for(struct up *u, const char *key, struct err *e)
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
	up_undo_claims(u);
}

static int set_up_fresh(struct up *u, struct err *e)
{
	struct plan *p = u->r->plan;
	int64_t key;
	pid_t pid = -1;

	if (wait_old(u, e) < 0 || up_load_images(u, NULL, NULL, e) < 0 || probe_storage(u, e) < 0)
		return -1;
	key = make_key(u);
	plan_stamp(p, u->r->data, (uint64_t)key);
	u->grants = xcalloc(p->pods_count + 1, sizeof(*u->grants));
	for (uint32_t i = 0; i < p->pods_count; i++)
		if (up_host_paths(u, &p->pods[i], &u->grants[i], e) < 0)
			return -1;
	if (u->r->net->prepare(&u->r->net_config, p, &u->net, e) < 0)
		return -1;
	if (clear_old(u, e) < 0 || make_dirs(u, e) < 0 || up_make_claims(u, e) < 0)
		return -1;
	make_state(u, key);
	if (clone_supervisor(u, &pid, e) < 0 || map_supervisor(u, pid, e) < 0)
		return -1;
	return up_wait_for(u, "setup", e);
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
	up_undo_claims(u);
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
		up_report(u, u->r->plan->pods[i].name, POD_CREATED);
	if (up_wait_for(u, "ready", e) == 0)
		return 0;
	if (e->kind == ERR_INTERRUPTED)
		undo_running(u);
	return -1;
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
