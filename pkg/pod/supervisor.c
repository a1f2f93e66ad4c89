/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.c - one process per project: PID 1 of its pid namespace, parent of its containers
 *
 * Theory of operation: supervise() runs in a clone of the command line, in new user, mount, pid,
 * ipc and uts namespaces but in the host's network namespace. What needs no user map, which is the
 * namespaces of network and pods, is made while newuidmap runs; then "mapped" comes over the
 * socket, we become container root, start the network's helpers, make volumes and clone the
 * containers, and give the network its links while all of those get ready. From then on one loop
 * handles signals, pipes, timers and requests. The socket to the command line becomes an ordinary
 * control connection that waits for the verdict; if its other end closes before the set-up is
 * complete, we end.
 *
 * Nothing acts on the spot: handlers note that something changed, and at the end of each turn of
 * the loop the pods are advanced until nothing changes any more, waiters are answered, and the
 * state is saved (at most every SAVE_MS, but always before a waiter is told).
 *
 * We are the init of the namespace: when we die, for whatever reason, the kernel ends everything
 * else.
 */
#include "pkg/pod/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif
#include <sys/signalfd.h>

#include "pkg/pod/wire.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"

enum { SAVE_MS = 50 };

void sup_changed(struct supervisor *sup)
{
	sup->changed = true;
}

/* --- ending ------------------------------------------------------------------------------- */

void sup_begin_end(struct supervisor *sup, int64_t grace_ms)
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
			sup_begin_end(sup, sup->ending ? 0 : -1);
	}
	if (child)
		reap_children(sup);
}

static void NORETURN end(struct supervisor *sup)
{
	struct err e = {0};

	(void)sup_save_state(sup, &e);
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
	if (any && sup_save_state(sup, &ignored) < 0)
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

	if (sup_save_state(sup, &e) < 0)
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
		serve_removals(sup);
		/* Who has ended by now is not ready, though its SIGCHLD still waits to be read. */
		if (!sup->changed && waited_for(sup))
			reap_children(sup);
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

	sup->ctl.handle = serve_request;
	sup->ctl.closed = serve_closed;
	if (ctl_listen(&sup->ctl, &sup->loop, sup->run_fd, e) < 0 || sup_save_plan(sup, e) < 0 ||
	    sup_save_objects(sup, s->objects, s->objects_len, e) < 0 || sup_save_state(sup, e) < 0)
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
	sup->orphan_timer.fired = reap_orphan;
	sup->signals.ready = signals_ready;
	if (begin_network(sup, s, e) < 0 || wait_mapped(sup, s->sock, e) < 0 ||
	    become_root(sup, s, e) < 0 || become_quiet(sup, e) < 0 || open_images(sup, e) < 0)
		return -1;
	/* From here signals are handled; until now SIGTERM waited, and SIGKILL needs nobody. */
	if (loop_add(&sup->loop, &sup->signals, EPOLLIN, e) < 0 || online_begin(sup, e) < 0 ||
	    make_pods(sup, s, e) < 0 || online_finish(sup, e) < 0)
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
