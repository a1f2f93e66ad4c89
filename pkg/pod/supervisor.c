/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.c - one process per project: PID 1 of its pid namespace, parent of its containers
 *
 * Theory of operation: supervise() runs in a clone of the command line, in new user, mount, pid,
 * ipc and uts namespaces but in the host's network namespace. Everything that needs no user map -
 * the network, mostly - is made while newuidmap runs; then "mapped" comes over the socket, we
 * become container root, make mounts and volumes, and from then on one loop handles signals, pipes,
 * timers and requests. The socket to the command line becomes an ordinary control connection that
 * waits for the verdict; if its other end closes before the set-up is complete, we end.
 *
 * Nothing acts on the spot: handlers note that something changed, and at the end of each turn of
 * the loop the pods are advanced until nothing changes any more, waiters are answered, and the
 * state is saved (at most every SAVE_MS, but always before a waiter is told).
 *
 * Children are peeked at with WNOWAIT. Containers and execs are ours; the network's helpers are
 * reaped by the network through their pidfds, so a child that we do not know gets ORPHAN_MS before
 * it is taken for an orphan and reaped. We are the init of the namespace: when we die, for whatever
 * reason, the kernel ends everything else.
 */
#include "pkg/pod/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "pkg/pod/check.h"
#include "pkg/pod/client.h"
#include "pkg/pod/wire.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"
#include "pkg/util/proc.h"

enum {
	SAVE_MS = 50,
	ORPHAN_MS = 500,
	NET_MS = 3000,
	PLAN_MAX = 64 << 20,
	DATA_MAX = 256 << 20,
	SECRETS_MAX = 7 << 20, /* in one message, where they may take twice as much */
};

void sup_changed(struct supervisor *sup)
{
	sup->changed = true;
}

/* --- files -------------------------------------------------------------------------------- */

static int save_state(struct supervisor *sup, struct err *e)
{
	sup->saved_ms = clock_mono_ms();
	return state_save(sup->run_fd, sup->state, e);
}

/* The plan as it runs: the newest header, the pods that are there. */
static int save_plan(struct supervisor *sup, struct err *e)
{
	struct plan now = *sup->gen->plan;
	autofree struct plan_pod *pods = xcalloc(sup->pod_count + 1, sizeof(*pods));
	autostrbuf struct strbuf text = {0};

	now.pods_count = 0;
	now.pods = pods;
	for (size_t i = 0; i < sup->pod_count; i++)
		if (!sup->pods[i]->removing)
			pods[now.pods_count++] = *sup->pods[i]->plan;
	if (!now.pods_count)
		now.pods = NULL;
	if (plan_save(&now, &text, e) < 0)
		return -1;
	return fs_write_atomic(sup->run_fd, "plan.yaml", text.s, text.len, 0600, false, e);
}

static int save_objects(struct supervisor *sup, const char *text, size_t len, struct err *e)
{
	return fs_write_atomic(sup->run_fd, "objects.yaml", text ? text : "", len, 0600, false, e);
}

/* --- children ----------------------------------------------------------------------------- */

static struct sup_container *container_of_pid(struct supervisor *sup, pid_t pid)
{
	for (size_t i = 0; i < sup->pod_count; i++)
		for (size_t j = 0; j < sup->pods[i]->count; j++)
			if (sup->pods[i]->containers[j].pid == pid)
				return &sup->pods[i]->containers[j];
	return NULL;
}

/* Reap pid if it has ended and hand it to its owner. */
static void reap(struct supervisor *sup, pid_t pid)
{
	struct sup_container *c;
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return;
	c = container_of_pid(sup, pid);
	if (c) {
		container_reaped(c, status);
	} else if (pid == sup->remover_pid) {
		sup->remover_pid = 0;
		trash_empty(sup);
	} else {
		(void)exec_reaped(sup, pid, status);
	}
}

/* An unknown child hides those behind it from the peek: ask for each that we know. */
static void reap_known(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->pod_count; i++)
		for (size_t j = 0; j < sup->pods[i]->count; j++)
			if (sup->pods[i]->containers[j].pid)
				reap(sup, sup->pods[i]->containers[j].pid);
	exec_each(sup, reap);
	if (sup->remover_pid)
		reap(sup, sup->remover_pid);
}

static bool known(struct supervisor *sup, pid_t pid)
{
	return container_of_pid(sup, pid) || pid == sup->remover_pid || exec_owns(sup, pid);
}

static pid_t peek(void)
{
	siginfo_t si = {0};

	if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return 0;
	return si.si_pid;
}

static void look_at_children(struct supervisor *sup)
{
	struct err e = {0};
	pid_t pid;

	while ((pid = peek()) > 0 && known(sup, pid))
		reap(sup, pid);
	if (pid <= 0)
		return;
	reap_known(sup);
	if (sup->orphan == pid)
		return;
	sup->orphan = pid;
	(void)timer_set_ms(&sup->loop, &sup->orphan_timer, ORPHAN_MS, &e);
}

static void orphan_time(struct timer *t)
{
	struct supervisor *sup = CONTAINER_OF(t, struct supervisor, orphan_timer);
	pid_t pid = sup->orphan;

	sup->orphan = 0;
	if (peek() == pid && !known(sup, pid)) {
		log_debug("reaped orphan %d", (int)pid);
		reap(sup, pid);
	}
	look_at_children(sup);
}

/* --- ending ------------------------------------------------------------------------------- */

static void begin_end(struct supervisor *sup, int64_t grace_ms)
{
	log_info("stopping");
	sup->ending = true;
	for (size_t i = 0; i < sup->pod_count; i++)
		pod_stop(sup->pods[i], grace_ms);
	sup_changed(sup);
}

static void signals_ready(struct source *s, uint32_t events)
{
	struct supervisor *sup = CONTAINER_OF(s, struct supervisor, signals);
	struct signalfd_siginfo si[8];
	ssize_t n = read(s->fd, si, sizeof(si));
	bool child = false;

	UNUSED(events);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(si[0]); i++) {
		if (si[i].ssi_signo == SIGCHLD)
			child = true;
		else if (si[i].ssi_signo != SIGHUP)
			begin_end(sup, sup->ending ? 0 : -1);
	}
	if (child)
		look_at_children(sup);
}

static void NORETURN end(struct supervisor *sup)
{
	struct err e = {0};

	(void)save_state(sup, &e);
	if (sup->stopper) /* nothing of ours writes a log any more: it need not wait with those */
		ctl_send(sup->stopper, json_pack("{s:b}", "stopped", 1));
	sup->net_ops->stop(sup->net);
	/* Here the owner of every file can remove it; `down` would need a user namespace for it. */
	if (trash_everything(sup, &e) < 0)
		log_warn("remove writable layers: %s", e.msg);
	log_info("ended");
#ifdef __SANITIZE_ADDRESS__
	__lsan_do_leak_check(); /* what lives longest would not be looked at by _exit() */
#endif
	_exit(0);
}

/* --- network ------------------------------------------------------------------------------ */

static void warn_waiters(struct supervisor *sup, const char *text)
{
	log_warn("%s", text);
	for (struct ctl_conn *c = sup->ctl.conns; c; c = c->next)
		if (c->waiting)
			ctl_send(c, json_pack("{s:s}", "warning", text));
}

static void network_state(struct supervisor *sup, const char *name, const char *message)
{
	bool news = message &&
	            (!sup->state->network_message || !streq(sup->state->network_message, message));

	state_set(&sup->state->network, name);
	state_set(&sup->state->network_message, message);
	state_set(&sup->state->host_ip, sup->net_ops->host_ip(sup->net));
	if (news) {
		autofree char *text = xasprintf("network degraded: %s", message);

		warn_waiters(sup, text);
	}
}

static void refresh_files(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->pod_count; i++) {
		struct pod *p = sup->pods[i];
		struct net_files f = {0};
		struct err e = {0};

		if (p->volumes_made &&
		    (sup->net_ops->files(sup->net, p->plan, &p->net, &f, &e) < 0 ||
		     volumes_etc(&p->volumes, &f, &e) < 0))
			log_warn("pod %s: %s", p->plan->name, e.msg);
		free(f.hosts);
		free(f.resolv_conf);
		free(f.hostname);
	}
}

/* Programs may run: those that are prepared, and whatever starts from now on. */
static void open_gate(struct supervisor *sup)
{
	if (sup->net_ready)
		return;
	sup->net_ready = true;
	if (write(sup->gate[1], "g", 1) != 1) /* it cannot be full */
		log_error("open the gate of the containers: errno %d", errno);
	fd_close_many(sup->gate, ARRAY_LEN(sup->gate));
	for (size_t i = 0; i < sup->pod_count; i++)
		for (size_t j = 0; j < sup->pods[i]->count; j++)
			sup->pods[i]->containers[j].at_gate = false;
}

static void network_changed(void *arg)
{
	struct supervisor *sup = arg;
	struct err e = {0};
	int r = sup->net_ops->ready(sup->net, &e);

	if (r == 0)
		return;
	if (sup->net_ready)
		refresh_files(sup);
	open_gate(sup);
	timer_done(&sup->net_timer);
	network_state(sup, r < 0 ? "degraded" : sup->net_ops->uplink(sup->net),
	              r < 0 ? e.msg : NULL);
	sup_changed(sup);
}

static void network_late(struct timer *t)
{
	struct supervisor *sup = CONTAINER_OF(t, struct supervisor, net_timer);

	if (sup->net_ready)
		return;
	open_gate(sup);
	network_state(sup, "degraded", "the network is not ready in time; pods start without it");
	sup_changed(sup);
}

/* --- requests ----------------------------------------------------------------------------- */

static struct supervisor *sup_of(struct ctl_conn *c)
{
	return CONTAINER_OF(c->ctl, struct supervisor, ctl);
}

static void on_hello(struct ctl_conn *c)
{
	ctl_send(c, json_pack("{s:b,s:i,s:s,s:s}", "ok", 1, "protocol", CTL_PROTOCOL, "project",
	                      sup_of(c)->state->project, "version", KP_VERSION));
}

static void on_remove(struct ctl_conn *c, const struct request *r)
{
	struct supervisor *sup = sup_of(c);
	struct err e = {0};
	bool any = false;

	for (size_t i = 0; i < r->pods.len; i++) {
		struct pod *p = pod_find(sup, r->pods.v[i]);

		if (!p)
			continue;
		p->removing = any = true;
		p->remover = c;
		pod_stop(p, -1);
	}
	if (any && save_plan(sup, &e) < 0)
		log_error("%s", e.msg);
	if (!any)
		ctl_ok(c);
}

/* Removed pods are forgotten once they are over; who asked for the last of them gets an answer. */
static void finish_removals(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->pod_count;) {
		struct pod *p = sup->pods[i];
		struct ctl_conn *c = p->remover;
		bool more = false;

		if (!p->removing || !pod_is_over(p)) {
			i++;
			continue;
		}
		pod_remove(p);
		for (size_t j = 0; j < sup->pod_count; j++)
			more |= sup->pods[j]->remover == c;
		if (c && !more)
			ctl_ok(c);
	}
}

struct apply {
	struct generation *gen;
	struct strbuf objects;
	int *fds; /* all descriptors, in order; -1 once taken */
	size_t nfds, at;
};

static int read_plan(struct apply *a, const struct supervisor *sup, struct err *e)
{
	autostrbuf struct strbuf plan = {0}, data = {0};

	if (a->nfds < 3)
		return err_set(e, ERR_INPUT, "apply: plan, data and objects are missing");
	if (fd_read_memfd(a->fds[0], PLAN_MAX, &plan, e) < 0 ||
	    fd_read_memfd(a->fds[1], DATA_MAX, &data, e) < 0 ||
	    fd_read_memfd(a->fds[2], PLAN_MAX, &a->objects, e) < 0)
		return -1;
	a->at = 3;
	if (plan_load(plan.s ? plan.s : "", plan.len, &a->gen->plan, e) < 0)
		return -1;
	if (data.len && plan_data_unpack(data.s, data.len, &a->gen->data, e) < 0)
		return -1;
	if (data.s)
		explicit_bzero(data.s, data.len);
	if (check_plan(a->gen->plan, e) < 0)
		return -1;
	if (!streq(a->gen->plan->project, sup->state->project))
		return err_set(e, ERR_INPUT, "apply: the plan is another project's");
	return 0;
}

static bool is_added(const struct plan_pod *p, void *arg)
{
	const struct request *r = arg;

	for (size_t i = 0; i < r->add_count; i++)
		if (p->name && streq(r->add[i].name, p->name))
			return true;
	return false;
}

static int load_images(struct supervisor *sup, struct apply *a, struct request *r, struct err *e)
{
	autoclose int store = -1;

	if (!r->add_count)
		return 0;
	store = dirs_open_data(&sup->dirs, "store", false, e);
	if (store < 0 || images_load(store, a->gen->plan, is_added, r, &a->gen->images, e) < 0)
		return -1;
	return images_open(store, sup->bottom_fd, &a->gen->images, e);
}

/* Take the descriptors of one pod out of the heap of them. */
static int take_fds(struct apply *a, size_t n, int **ret, struct err *e)
{
	if (n > a->nfds - a->at)
		return err_set(e, ERR_INPUT, "apply: descriptors are missing");
	*ret = xcalloc(n + 1, sizeof(int));
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = take_fd(&a->fds[a->at++]);
	return 0;
}

static int add_pod(struct supervisor *sup, struct apply *a, const struct request_pod *add,
                   struct err *e)
{
	const struct plan_pod *plan = plan_find_pod(a->gen->plan, add->name);
	struct pod_grant g = {.listener_count = add->listeners, .tree_count = add->trees};
	int r = -1;

	if (!plan || pod_find(sup, add->name))
		return err_set(e, ERR_INPUT, "apply: pod %s %s", add->name,
		               plan ? "is there already" : "is not in the plan");
	if (take_fds(a, add->listeners, &g.listeners, e) == 0 &&
	    take_fds(a, add->trees, &g.trees, e) == 0) {
		int *trees = g.trees;

		if (!add->trees)
			g.trees = NULL;
		r = pod_make(sup, a->gen, plan, &g, e);
		g.trees = trees;
	}
	if (g.listeners)
		fd_close_many(g.listeners, g.listener_count);
	if (g.trees)
		fd_close_many(g.trees, g.tree_count);
	free(g.listeners);
	free(g.trees);
	return r;
}

static void undo_adds(struct supervisor *sup, const struct generation *gen)
{
	for (size_t i = sup->pod_count; i-- > 0;)
		if (sup->pods[i]->gen == gen)
			pod_remove(sup->pods[i]); /* nothing of it was started yet */
}

static void take_header(struct supervisor *sup, const struct plan *plan, const struct request *r)
{
	struct state_project *s = sup->state;

	for (uint32_t i = 0; i < s->files_count; i++)
		free(s->files[i]);
	s->files_count = plan->files_count;
	s->files = xrealloc(s->files, (plan->files_count + 1) * sizeof(char *));
	for (uint32_t i = 0; i < plan->files_count; i++)
		s->files[i] = xstrdup(plan->files[i]);
	s->created_claims = xrealloc(
		s->created_claims, (s->created_claims_count + r->claims.len + 1) * sizeof(char *));
	for (size_t i = 0; i < r->claims.len; i++)
		s->created_claims[s->created_claims_count++] = xstrdup(r->claims.v[i]);
}

static int apply(struct supervisor *sup, struct apply *a, struct request *r, struct err *e)
{
	if (sup->ending)
		return err_set(e, ERR_WORKLOAD, "the project is being stopped");
	if (read_plan(a, sup, e) < 0 || load_images(sup, a, r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->add_count; i++) {
		if (add_pod(sup, a, &r->add[i], e) < 0) {
			undo_adds(sup, a->gen);
			return -1;
		}
	}
	generation_unref(sup->gen);
	sup->gen = a->gen;
	a->gen->refs++;
	take_header(sup, a->gen->plan, r);
	pods_sort(sup, a->gen->plan);
	if (save_plan(sup, e) < 0 || save_objects(sup, a->objects.s, a->objects.len, e) < 0 ||
	    save_state(sup, e) < 0)
		return -1;
	return 0;
}

static void on_apply(struct ctl_conn *c, struct request *r, int *fds, size_t nfds)
{
	struct supervisor *sup = sup_of(c);
	struct apply a = {.gen = xcalloc(1, sizeof(*a.gen)), .nfds = c->nfds + nfds};
	struct err e = {0};

	a.gen->refs = 1;
	a.fds = xcalloc(a.nfds + 1, sizeof(int));
	if (c->nfds)
		memcpy(a.fds, c->fds, c->nfds * sizeof(int));
	if (nfds)
		memcpy(a.fds + c->nfds, fds, nfds * sizeof(int));
	c->nfds = 0;
	if (apply(sup, &a, r, &e) < 0) {
		log_error("apply: %s", e.msg);
		ctl_fail(c, &e);
	} else {
		ctl_ok(c);
	}
	fd_close_many(a.fds, a.nfds);
	free(a.fds);
	strbuf_done(&a.objects);
	generation_unref(a.gen);
	sup_changed(sup);
}

/* The values of Secrets, to the user whose they are. */
static void on_secrets(struct ctl_conn *c)
{
	const struct plan_datum *d = plan_data_get(&sup_of(c)->gen->data, PLAN_DATA_SECRETS);
	json_t *text = json_stringn(d ? d->bytes : "", d ? MIN(d->len, (size_t)SECRETS_MAX) : 0);
	struct err e = {0};

	if (!text || (d && d->len > SECRETS_MAX)) {
		json_decref(text);
		(void)err_set(&e, ERR_UNSUPPORTED, "the Secrets are not text of at most %d MiB",
		              SECRETS_MAX >> 20);
		ctl_fail(c, &e);
		return;
	}
	ctl_send(c, json_pack("{s:b, s:o}", "ok", 1, "secrets", text));
}

static void handle(struct ctl_conn *c, struct request *r, int *fds, size_t nfds)
{
	struct supervisor *sup = sup_of(c);

	if (r->op == REQUEST_EXEC) {
		exec_start(sup, c, r, fds, nfds);
		return;
	}
	if (r->op == REQUEST_APPLY) {
		on_apply(c, r, fds, nfds);
		return;
	}
	fd_close_many(fds, nfds);
	if (r->op == REQUEST_HELLO) {
		on_hello(c);
	} else if (r->op == REQUEST_REMOVE) {
		on_remove(c, r);
	} else if (r->op == REQUEST_STOP) {
		ctl_ok(c);
		sup->stopper = c;
		begin_end(sup, r->grace < 0 ? -1 : r->grace * 1000);
	} else if (r->op == REQUEST_SECRETS) {
		on_secrets(c);
	} else if (r->op == REQUEST_WAIT) {
		c->waiting = true;
		sup_changed(sup);
	} else {
		ctl_ok(c);
	}
}

static void conn_closed(struct ctl_conn *c)
{
	struct supervisor *sup = sup_of(c);

	exec_conn_closed(sup, c);
	if (sup->stopper == c)
		sup->stopper = NULL;
	for (size_t i = 0; i < sup->pod_count; i++)
		if (sup->pods[i]->remover == c)
			sup->pods[i]->remover = NULL;
}

/* --- the turn ----------------------------------------------------------------------------- */

static bool waited_for(const struct supervisor *sup)
{
	for (const struct ctl_conn *c = sup->ctl.conns; c; c = c->next)
		if (c->waiting && !c->doomed)
			return true;
	return false;
}

static void answer_waiters(struct supervisor *sup)
{
	struct err e = {0}, ignored = {0};
	int verdict;
	bool any = waited_for(sup);

	if (!any && sup->settled)
		return;
	verdict = pods_verdict(sup, &e);
	if (sup->ending && any)
		verdict = err_set(&e, ERR_WORKLOAD, "project %s is being stopped",
		                  sup->state->project);
	if (!verdict)
		return;
	if (any && save_state(sup, &ignored) < 0)
		log_error("%s", ignored.msg);
	for (struct ctl_conn *c = sup->ctl.conns; c; c = c->next) {
		if (!c->waiting)
			continue;
		c->waiting = false;
		if (verdict > 0)
			ctl_send(c, json_pack("{s:b}", "ready", 1));
		else
			ctl_fail(c, &e);
	}
	if (!sup->settled) {
		sup->settled = true;
		(void)malloc_trim(0);
	}
}

static void save_time(struct timer *t)
{
	struct supervisor *sup = CONTAINER_OF(t, struct supervisor, save_timer);
	struct err e = {0};

	if (save_state(sup, &e) < 0)
		log_error("%s", e.msg);
}

static void turn(struct supervisor *sup)
{
	int64_t since = clock_mono_ms() - sup->saved_ms;
	struct err e = {0};

	ctl_sweep(&sup->ctl);
	if (!sup->changed)
		return;
	while (sup->changed) {
		sup->changed = false;
		for (size_t i = 0; i < sup->pod_count; i++)
			pod_advance(sup->pods[i]);
		finish_removals(sup);
		/* Who has ended by now is not ready, though its SIGCHLD still waits to be read. */
		if (!sup->changed && waited_for(sup))
			look_at_children(sup);
	}
	answer_waiters(sup);
	if (sup->ending) {
		bool over = true;

		for (size_t i = 0; i < sup->pod_count; i++)
			over &= pod_is_over(sup->pods[i]);
		if (over)
			end(sup);
	}
	if (timer_set_ms(&sup->loop, &sup->save_timer, MAX(SAVE_MS - since, (int64_t)1), &e) < 0)
		save_time(&sup->save_timer);
}

/* --- set-up ------------------------------------------------------------------------------- */

static int wait_mapped(struct supervisor *sup, int sock, struct err *e)
{
	int fds[FD_MAX_PASS];
	json_t *msg = NULL;
	size_t nfds;
	int n = wire_recv(sock, &msg, fds, &nfds, e);

	if (n <= 0)
		_exit(1); /* the command line is gone, or gave up: there is nobody to tell */
	fd_close_many(fds, nfds);
	sup->state->supervisor_pid = json_integer_value(json_object_get(msg, "pid"));
	sup->state->supervisor_start = json_integer_value(json_object_get(msg, "start"));
	json_decref(msg);
	return 0;
}

/* "mapped" has come: true without waiting. */
static bool is_mapped(int sock)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* The network, and of the pods' namespaces what can be made before the map is there. */
static int begin_network(struct supervisor *sup, const struct supervise *s, struct err *e)
{
	struct generation *gen = xcalloc(1, sizeof(*gen));

	*gen = (struct generation){1, s->plan, *s->data, *s->images};
	sup->gen = gen;
	sup->net_ops = s->net_ops;
	sup->net = s->net;
	if (sup->net_ops->setup(sup->net, &sup->loop, e) < 0)
		return -1;
	for (uint32_t i = 0; i < s->plan->pods_count && !is_mapped(s->sock); i++)
		if (pod_make_network(sup, gen, &s->plan->pods[i], e) < 0)
			return -1;
	return 0;
}

static int open_images(struct supervisor *sup, struct err *e)
{
	autoclose int store = -1;

	if (!sup->gen->images.len)
		return 0;
	store = dirs_open_data(&sup->dirs, "store", false, e);
	return store < 0 ? -1 : images_open(store, sup->bottom_fd, &sup->gen->images, e);
}

static int start_network(struct supervisor *sup, struct err *e)
{
	sup->net_ops->on_change(sup->net, network_changed, sup);
	if (sup->net_ops->start(sup->net, e) < 0)
		return -1;
	sup->net_timer.fired = network_late;
	return timer_set_ms(&sup->loop, &sup->net_timer, NET_MS, e);
}

static int finish_network(struct supervisor *sup, struct err *e)
{
	if (sup->net_ops->wire && sup->net_ops->wire(sup->net, e) < 0)
		return -1;
	network_changed(sup);
	return 0;
}

/* Each container is cloned as soon as its pod's files are there; it waits at the gate. */
static int make_pods(struct supervisor *sup, const struct supervise *s, struct err *e)
{
	for (uint32_t i = 0; i < s->plan->pods_count; i++) {
		if (pod_make(sup, sup->gen, &s->plan->pods[i], &s->grants[i], e) < 0)
			return -1;
		pod_advance(sup->pods[i]);
	}
	return 0;
}

static int begin_service(struct supervisor *sup, const struct supervise *s, struct err *e)
{
	struct ctl_conn *c;

	sup->ctl.handle = handle;
	sup->ctl.closed = conn_closed;
	if (ctl_listen(&sup->ctl, &sup->loop, sup->run_fd, e) < 0 || save_plan(sup, e) < 0 ||
	    save_objects(sup, s->objects, s->objects_len, e) < 0 || save_state(sup, e) < 0)
		return -1;
	c = ctl_add(&sup->ctl, s->sock, e);
	if (!c)
		return -1;
	c->waiting = true;
	ctl_send(c, json_pack("{s:b}", "setup", 1));
	if (c->doomed)
		return err_set(e, ERR_INTERRUPTED, "the command line is gone");
	return 0;
}

static int set_up(struct supervisor *sup, const struct supervise *s, struct err *e)
{
	sup->state = s->state;
	sup->lock_fd = s->lock_fd;
	sup->curve = s->curve;
	if (become_process(sup, s, e) < 0 || loop_init(&sup->loop, e) < 0)
		return -1;
	if (pipe2(sup->gate, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	sup->output.loop = &sup->loop;
	sup->save_timer.fired = save_time;
	sup->orphan_timer.fired = orphan_time;
	sup->signals.ready = signals_ready;
	if (begin_network(sup, s, e) < 0 || wait_mapped(sup, s->sock, e) < 0 ||
	    become_root(sup, s, e) < 0 || become_quiet(sup, e) < 0 || open_images(sup, e) < 0)
		return -1;
	/* From here signals are handled; until now SIGTERM waited, and SIGKILL needs nobody. */
	if (loop_add(&sup->loop, &sup->signals, EPOLLIN, e) < 0 || start_network(sup, e) < 0 ||
	    make_pods(sup, s, e) < 0 || finish_network(sup, e) < 0)
		return -1;
	return begin_service(sup, s, e);
}

void supervise(const struct supervise *s)
{
	struct supervisor *sup = xcalloc(1, sizeof(*sup));
	int given[] = {s->run_fd, s->dirs->root_fd, s->dirs->runroot_fd};
	struct err e = {0};

	sup->run_fd = sup->data_fd = sup->private_fd = sup->trash_fd = sup->bottom_fd = -1;
	if (set_up(sup, s, &e) < 0) {
		struct err ignored = {0};

		(void)wire_send(s->sock, wire_error(&e), NULL, 0, &ignored);
		_exit(1);
	}
	fd_close_many(given, ARRAY_LEN(given)); /* they hold the host's mount namespace */
	turn(sup);
	for (;;) {
		if (loop_once(&sup->loop, -1, &e) < 0) {
			log_error("%s", e.msg);
			_exit(1);
		}
		turn(sup);
	}
}
