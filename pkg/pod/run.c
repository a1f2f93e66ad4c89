/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - what the container table's actions do
 *
 * Theory of operation: container_step() looks the event up in the table (container.c), changes the
 * state, performs the action and tells the supervisor that something changed. Starting is only
 * cloning: the child builds its root file system while we go on, and reports by the error pipe. A
 * start that fails before there is a child takes the same road with events of its own making, so
 * that the restart policy sees one kind of failure.
 *
 * Each start gets an empty writable layer: the old one is renamed into the trash, which a child
 * empties, so that a container that wrote a million files does not hold up the others.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pkg/pod/process.h"
#include "pkg/pod/supervisor.h"
#include "pkg/runtime/caps.h"
#include "pkg/runtime/spawn.h"
#include "pkg/util/clock.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"
#include "pkg/util/proc.h"

enum {
	EXIT_START_ERROR = 128, /* what containerd reports for a container that never ran */
	SHM_UNUSED = 0,
	SETTLE_MS = 100,
	OOM_BEST_EFFORT = 1000,
	OOM_GUARANTEED = 1, /* a kubelet says -997, which only real root may */
};

/* --- joining plan and image --------------------------------------------------------------- */

static const char *late_field(const char *field, void *arg)
{
	struct pod *p = arg;
	const struct net_ops *net = p->sup->net_ops;
	bool has_ip = p->net.ip && p->net.ip[0];

	if (streq(field, "spec.nodeName"))
		return p->sup->node_name;
	if (streq(field, "status.hostIP") || streq(field, "status.hostIPs"))
		return net->host_ip(p->sup->net);
	if (streq(field, "status.podIP") || streq(field, "status.podIPs"))
		return has_ip ? p->net.ip : net->host_ip(p->sup->net);
	return NULL;
}

int container_process(struct sup_container *c, struct process *ret, struct err *e)
{
	return process_make(c->pod->plan, c->plan, &c->image->config, &c->pod->gen->data,
	                    late_field, c->pod, ret, e);
}

uint64_t container_caps(const struct sup_container *c, struct err *e)
{
	const struct plan_security *s = &c->plan->security;
	uint64_t caps = 0;

	(void)caps_compute(s->privileged, s->cap_add, s->cap_add_count, s->cap_drop,
	                   s->cap_drop_count, &caps, e);
	return caps;
}

/* The kubelet's order of who dies first when memory is out, without its negative values. */
static int oom_score(const struct plan_resources *r)
{
	int64_t total = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);

	if (r->memory_limit > 0 && r->cpu_limit_m > 0 &&
	    (r->memory_request < 0 || r->memory_request == r->memory_limit) &&
	    (r->cpu_request_m < 0 || r->cpu_request_m == r->cpu_limit_m))
		return OOM_GUARANTEED;
	if (r->memory_request <= 0 || total <= 0)
		return r->memory_limit > 0 || r->cpu_request_m > 0 ? OOM_BEST_EFFORT - 1
		                                                   : OOM_BEST_EFFORT;
	return (int)MAX(OOM_BEST_EFFORT - OOM_BEST_EFFORT * r->memory_request / total, 2);
}

/* --- the pieces of a start ---------------------------------------------------------------- */

struct start {
	struct process process;
	int upper_fd, work_fd;
	int out_fd, err_fd;
	struct spawn_mount *mounts;
	size_t mount_count;
	int *owned; /* descriptors to close once the child is cloned */
	size_t owned_count;
};

static void start_done(struct start *s)
{
	process_done(&s->process);
	close_fd(&s->upper_fd);
	close_fd(&s->work_fd);
	close_fd(&s->out_fd);
	close_fd(&s->err_fd);
	if (s->owned)
		fd_close_many(s->owned, s->owned_count);
	free(s->owned);
	free(s->mounts);
}

/* An empty directory rootfs/CONTAINER.KIND; an old one goes to the trash. */
static int fresh_dir(struct sup_container *c, int rootfs, const char *kind, mode_t mode,
                     struct err *e)
{
	autofree char *name = xasprintf("%s.%s", c->plan->name, kind);
	int fd;

	if (mkdirat(rootfs, name, mode) < 0) {
		if (errno != EEXIST)
			return err_sys(e, errno, "mkdir %s", name);
		sup_trash(c->pod->sup, rootfs, name);
		if (mkdirat(rootfs, name, mode) < 0)
			return err_sys(e, errno, "mkdir %s", name);
	}
	fd = openat(rootfs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "open %s", name) : fd;
}

static int fresh_layer(struct sup_container *c, struct start *s, struct err *e)
{
	autoclose int rootfs = fs_open_dir(c->pod->volumes.pod_fd, "rootfs", 0700, e);

	if (rootfs < 0)
		return -1;
	/* upper is the container's "/": everybody must be able to enter it */
	s->upper_fd = fresh_dir(c, rootfs, "upper", 0755, e);
	s->work_fd = s->upper_fd < 0 ? -1 : fresh_dir(c, rootfs, "work", 0700, e);
	return s->work_fd < 0 ? -1 : 0;
}

static int start_output(struct sup_container *c, struct start *s, struct err *e)
{
	struct supervisor *sup = c->pod->sup;
	autofree char *path = xasprintf("projects/%s/logs/%s/%s", sup->state->project,
	                                c->pod->plan->name, c->plan->name);
	int dir = dirs_open_data(&sup->dirs, path, true, e);

	if (dir < 0 ||
	    output_open(&c->out, &sup->output, dir, (unsigned int)c->st->restart_count, e) < 0)
		return -1;
	return output_pipes(&c->out, &s->out_fd, &s->err_fd, e);
}

static int add_volume_mount(struct sup_container *c, uint32_t i, struct start *s, struct err *e)
{
	const struct plan_mount *m = &c->plan->mounts[i];
	const struct plan_volume *v = NULL;
	const char *sub = NULL;
	bool owned = false;
	int fd = -1;

	if (volumes_source(&c->pod->volumes, c->pod->plan, m, s->process.sub_paths.v[i], &fd,
	                   &owned, &sub, &v, e) < 0)
		return -1;
	if (owned)
		s->owned[s->owned_count++] = fd;
	s->mounts[s->mount_count++] = (struct spawn_mount){
		.type = SPAWN_BIND,
		.fd = fd,
		.target = m->path,
		.sub_path = sub,
		.read_only = m->read_only || v->read_only || v->type == PLAN_FILES,
		.recursive = v->type == PLAN_HOST_PATH,
		.nosuid_nodev = v->type == PLAN_FILES,
		.what = v->name,
	};
	return 0;
}

static bool mounts_on(const struct plan_container *c, const char *path)
{
	for (uint32_t i = 0; i < c->mounts_count; i++)
		if (streq(c->mounts[i].path, path))
			return true;
	return false;
}

static int start_mounts(struct sup_container *c, struct start *s, struct err *e)
{
	const struct volumes *v = &c->pod->volumes;
	const struct {
		int fd;
		const char *path;
	} etc[] = {
		{v->hosts_fd, "/etc/hosts"},
		{v->hostname_fd, "/etc/hostname"},
		{v->resolv_fd, "/etc/resolv.conf"},
	};

	s->mounts = xcalloc(c->plan->mounts_count + ARRAY_LEN(etc), sizeof(*s->mounts));
	s->owned = xcalloc(c->plan->mounts_count + 1, sizeof(*s->owned));
	for (uint32_t i = 0; i < c->plan->mounts_count; i++)
		if (add_volume_mount(c, i, s, e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(etc); i++) {
		if (etc[i].fd < 0 || mounts_on(c->plan, etc[i].path))
			continue;
		s->mounts[s->mount_count++] = (struct spawn_mount){
			.type = SPAWN_BIND,
			.fd = etc[i].fd,
			.target = etc[i].path,
			.read_only = c->plan->security.read_only_root,
			.nosuid_nodev = true,
			.what = etc[i].path,
		};
	}
	return 0;
}

static void error_pipe_ready(struct source *src, uint32_t events)
{
	struct sup_container *c = CONTAINER_OF(src, struct sup_container, err_src);
	struct err e = {0};
	int r;

	UNUSED(events);
	loop_del(src);
	r = spawn_result_read(src->fd, &e);
	close_fd(&src->fd);
	if (r == 0 && c->at_gate) /* nothing was executed: the gate is shut */
		r = err_set(&e, ERR_HOST,
		            "pod %s, container %s: the process that prepared it was killed",
		            c->pod->plan->name, c->plan->name);
	if (r < 0) {
		state_set(&c->st->message, e.msg);
		c->status = e.sys;
	}
	container_step(c, r < 0 ? CONTAINER_START_FAILED : CONTAINER_STARTED);
}

static int spawn_now(struct sup_container *c, struct start *s, struct err *e)
{
	const struct plan_security *sec = &c->plan->security;
	struct pod *p = c->pod;
	autofree char *name = xasprintf("pod %s, container %s", p->plan->name, c->plan->name);
	struct spawn_spec spec = {
		.name = name,
		.layer_fds = c->image->layer_fds,
		.layer_count = c->image->layer_count,
		.upper_fd = s->upper_fd,
		.work_fd = s->work_fd,
		.read_only_root = sec->read_only_root,
		.mounts = s->mounts,
		.mount_count = s->mount_count,
		.shm_size = SHM_UNUSED,
		.shm_fd = p->volumes.shm_fd,
		.net_fd = p->net.net_fd,
		.ipc_fd = p->net.ipc_fd,
		.uts_fd = p->net.uts_fd,
		.cgroup_fd = -1,
		.argv = s->process.argv.v,
		.env = s->process.env.v,
		.cwd = s->process.cwd,
		.image_user = s->process.image_user,
		.uid = sec->run_as_user,
		.gid = sec->run_as_group,
		.no_new_privs = sec->no_new_privs,
		.privileged = sec->privileged,
		.no_seccomp = sec->privileged,
		.nofile = p->sup->nofile,
		.oom_score_adj = oom_score(&c->plan->resources),
		.host_sys = p->plan->host_network,
		.stdin_fd = -1,
		.stdout_fd = s->out_fd,
		.stderr_fd = s->err_fd,
		.tty_sock = -1,
		.gate = p->sup->net_ready ? NULL : p->sup->gate,
	};
	struct spawn_result result;

	spec.caps = container_caps(c, e);
	if (e->kind)
		return -1;
	if (spawn_container(&spec, &result, e) < 0)
		return -1;
	c->pid = result.pid;
	c->pidfd = result.pidfd;
	c->at_gate = spec.gate != NULL;
	c->err_src.fd = result.err_fd;
	c->err_src.ready = error_pipe_ready;
	return loop_add(&p->sup->loop, &c->err_src, EPOLLIN, e);
}

static int start(struct sup_container *c, struct err *e)
{
	struct start s = {.upper_fd = -1, .work_fd = -1, .out_fd = -1, .err_fd = -1};
	int r = -1;

	if (!c->image)
		(void)err_set(e, ERR_IMAGE, "image %s is not here", c->plan->image);
	else if (container_process(c, &s.process, e) == 0 && fresh_layer(c, &s, e) == 0 &&
	         start_output(c, &s, e) == 0 && start_mounts(c, &s, e) == 0) {
		c->stop_signal = s.process.stop_signal;
		r = spawn_now(c, &s, e);
	}
	start_done(&s);
	return r;
}

/* --- actions ------------------------------------------------------------------------------ */

static void waiting_because(struct sup_container *c, const char *reason)
{
	c->st->state = STATE_WAITING;
	c->st->ready = false;
	c->st->restart_at_ns = 0;
	state_set(&c->st->reason, reason);
}

/* The run that is over becomes the last one. */
static void shift_runs(struct state_container *st)
{
	free(st->last.reason);
	free(st->last.message);
	st->last = st->now;
	st->now = (struct state_run){0};
}

static void act_spawn(struct sup_container *c)
{
	struct err e = {0};

	if (c->st->state == STATE_TERMINATED || c->st->now.finished_ns) {
		shift_runs(c->st);
		c->st->restart_count++;
	}
	waiting_because(c, "ContainerCreating");
	state_set(&c->st->message, NULL);
	c->started_ms = clock_mono_ms();
	if (start(c, &e) == 0)
		return;
	(void)err_wrap(&e, "pod %s, container %s", c->pod->plan->name, c->plan->name);
	state_set(&c->st->message, e.msg);
	c->status = e.sys;
	container_step(c, CONTAINER_START_FAILED);
	if (!c->pid) /* nothing to reap */
		container_step(c, CONTAINER_EXITED);
	else
		(void)proc_signal(c->pidfd, SIGKILL);
}

static enum plan_restart policy_of(const struct sup_container *c)
{
	enum plan_restart policy = c->pod->plan->restart;

	return c->init && policy == PLAN_RESTART_ALWAYS ? PLAN_RESTART_ON_FAILURE : policy;
}

static void settled(struct timer *t)
{
	struct sup_container *c = CONTAINER_OF(t, struct sup_container, timer);

	c->settling = false;
	sup_changed(c->pod->sup);
}

static void act_announce(struct sup_container *c)
{
	struct state_container *st = c->st;
	struct err e = {0};

	/* What fails at once and is not started again has failed for good: `up` should not answer
	 * by chance whether it was faster, so it waits for a moment before it believes in it. */
	c->timer.fired = settled;
	c->settling = !c->init && policy_of(c) == PLAN_RESTART_NEVER &&
	              timer_set_ms(&c->pod->sup->loop, &c->timer, SETTLE_MS, &e) == 0;

	c->start_failed = false;
	c->started_ms = clock_mono_ms();
	st->state = STATE_RUNNING;
	st->ready = true;
	st->pid = c->pid;
	st->now.started_ns = clock_real_ns();
	state_set(&st->reason, NULL);
	state_set(&st->message, NULL);
}

static void act_report(struct sup_container *c)
{
	c->start_failed = true;
	waiting_because(c, "RunContainerError");
	log_error("%s", c->st->message ? c->st->message : "start failed");
}

static void end_of_process(struct sup_container *c)
{
	output_close(&c->out);
	output_init(&c->out);
	close_fd(&c->pidfd);
	c->pid = 0;
	c->st->pid = 0;
	c->st->ready = false;
}

/* Fill the record of the run that ended. */
static void record_end(struct sup_container *c)
{
	struct state_run *run = &c->st->now;

	run->finished_ns = clock_real_ns();
	if (!run->started_ns) {
		run->started_ns = run->finished_ns;
		run->exit_code = EXIT_START_ERROR;
		run->signal = 0;
		state_set(&run->reason, c->status == ENOENT || c->status == EACCES
		                                ? "ContainerCannotRun"
		                                : "StartError");
		state_set(&run->message, c->st->message);
	} else if (WIFSIGNALED(c->status)) {
		run->signal = WTERMSIG(c->status);
		run->exit_code = 128 + run->signal;
		state_set(&run->reason, "Error");
	} else {
		run->exit_code = WEXITSTATUS(c->status);
		run->signal = 0;
		state_set(&run->reason, run->exit_code ? "Error" : "Completed");
	}
	c->st->state = STATE_TERMINATED;
	state_set(&c->st->reason, NULL);
	state_set(&c->st->message, NULL);
}

static void act_decide(struct sup_container *c)
{
	end_of_process(c);
	record_end(c);
	c->delay_ms = restart_after(&c->restart, &c->pod->sup->curve, policy_of(c),
	                            c->st->now.exit_code != 0, clock_mono_ms() - c->started_ms);
	log_info("pod %s, container %s: exited with code %d", c->pod->plan->name, c->plan->name,
	         (int)c->st->now.exit_code);
	container_step(c, c->delay_ms < 0 ? CONTAINER_GIVE_UP : CONTAINER_RETRY);
}

static void back_off_over(struct timer *t)
{
	container_step(CONTAINER_OF(t, struct sup_container, timer), CONTAINER_TIMEOUT);
}

static void act_delay(struct sup_container *c)
{
	struct err e = {0};

	if (c->delay_ms > 0) {
		waiting_because(c, "CrashLoopBackOff");
		c->st->restart_at_ns = clock_real_ns() + c->delay_ms * 1000000;
		autofree char *text = xasprintf("back-off %lld s restarting failed container",
		                                (long long)(c->delay_ms + 999) / 1000);

		state_set(&c->st->message, text);
	}
	c->timer.fired = back_off_over;
	if (timer_set_ms(&c->pod->sup->loop, &c->timer, c->delay_ms, &e) < 0)
		log_error("%s", e.msg);
}

static void act_term(struct sup_container *c)
{
	(void)proc_signal(c->pidfd, c->stop_signal);
}

static void act_kill(struct sup_container *c)
{
	if (c->pidfd >= 0)
		(void)proc_signal(c->pidfd, SIGKILL);
}

static void act_finish(struct sup_container *c)
{
	end_of_process(c);
	record_end(c);
}

static void act_cancel(struct sup_container *c)
{
	timer_done(&c->timer);
	c->st->restart_at_ns = 0;
	state_set(&c->st->message, NULL);
	if (c->st->now.finished_ns)
		c->st->state = STATE_TERMINATED;
	state_set(&c->st->reason, c->st->now.finished_ns ? NULL : "Stopped");
}

static void (*const actions[CONTAINER_ACTION_COUNT])(struct sup_container *c) = {
	[CONTAINER_SPAWN] = act_spawn,   [CONTAINER_ANNOUNCE] = act_announce,
	[CONTAINER_REPORT] = act_report, [CONTAINER_DECIDE] = act_decide,
	[CONTAINER_DELAY] = act_delay,   [CONTAINER_TERM] = act_term,
	[CONTAINER_KILL] = act_kill,     [CONTAINER_FINISH] = act_finish,
	[CONTAINER_CANCEL] = act_cancel,
};

void container_step(struct sup_container *c, enum container_event event)
{
	const struct container_step *step = container_next(c->state, event);

	log_debug("pod %s, container %s: event %d in state %s", c->pod->plan->name, c->plan->name,
	          (int)event, container_state_text(c->state));
	if (!step)
		return;
	c->state = step->next;
	if (actions[step->action])
		actions[step->action](c);
	sup_changed(c->pod->sup);
}

void container_reaped(struct sup_container *c, int status)
{
	if (c->err_src.loop) /* it died before its error pipe was looked at */
		error_pipe_ready(&c->err_src, 0);
	if (c->st->now.started_ns) /* else status is the errno of the failed start */
		c->status = status;
	container_step(c, CONTAINER_EXITED);
}

void container_init(struct sup_container *c, struct pod *p, const struct plan_container *plan,
                    bool init, struct state_container *st)
{
	*c = (struct sup_container){.pod = p, .plan = plan, .init = init, .st = st, .pidfd = -1};
	c->err_src.fd = -1;
	output_init(&c->out);
	c->image = images_find(&p->gen->images, plan->image);
	st->name = xstrdup(plan->name);
	st->image = xstrdup(plan->image);
	st->image_id = c->image ? xstrdup(c->image->id) : NULL;
	st->init = init;
	waiting_because(c, p->plan->init_containers_count && c != p->containers
	                           ? "PodInitializing"
	                           : "ContainerCreating");
}

void container_done(struct sup_container *c)
{
	timer_done(&c->timer);
	loop_del(&c->err_src);
	close_fd(&c->err_src.fd);
	close_fd(&c->pidfd);
	output_close(&c->out);
}
