/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.h - what the supervisor's files share; nothing outside of them includes this, but
 * up.h: `up` starts one
 *
 * - supervisor.c: the process: set-up, loop, turn, end
 * - become.c: ids, mounts, descriptors
 * - reap.c: whose child has ended
 * - online.c: the network, and when programs may run
 * - serve.c: what clients ask for
 * - save.c, trash.c: files that are written, trees that are removed
 * - pods.c: pods: made, advanced, judged, stopped, removed
 * - run.c: one container's actions
 * - execs.c: further processes in containers
 */
#pragma once

#include "pkg/pod/container.h"
#include "pkg/pod/ctl.h"
#include "pkg/pod/images.h"
#include "pkg/pod/net_ops.h"
#include "pkg/pod/output.h"
#include "pkg/pod/restart.h"
#include "pkg/pod/volume.h"
#include "pkg/state/state.h"

/* Descriptors that the command line opened for one pod. */
struct pod_grant {
	int *listeners; /* NULL: its ports were part of net->prepare() */
	size_t listener_count;
	int *trees; /* hostPaths, as root; else NULL */
	size_t tree_count;
};

/* What `up` hands to the process it clones. */
struct supervise {
	const struct dirs *dirs;
	bool as_root;
	struct plan *plan;
	const struct plan_data *data;
	const char *objects;
	size_t objects_len;
	struct images *images;
	struct pod_grant *grants; /* one per pod of the plan */
	struct state_project *state;
	const struct net_ops *net_ops;
	struct net *net;
	int run_fd, lock_fd; /* of the command line's mount namespace; only the lock is kept */
	int sock;            /* to the command line */
	struct restart_curve curve;
};

/* The plan that some pods came from; freed with the last of them. */
struct generation {
	unsigned int refs;
	struct plan *plan;
	struct plan_data data;
	struct images images;
};

struct supervisor;
struct pod;

struct sup_container {
	struct pod *pod;
	const struct plan_container *plan;
	const struct image *image;
	struct state_container *st; /* its record */
	enum container_state state;
	bool init;
	bool start_failed; /* its last start did not reach exec */
	struct restart restart;
	struct timer timer; /* back-off, settling */
	bool settling;      /* runs, but for so short that it may still fail at once */
	int64_t started_ms; /* monotonic */
	pid_t pid;
	int pidfd, status; /* status: of waitid, once reaped */
	int stop_signal;
	struct source err_src; /* error pipe while STARTING */
	bool at_gate;          /* it was cloned before programs may run */
	struct output out;
	int64_t delay_ms; /* until the next start, while in BACKOFF */
};

struct pod {
	struct supervisor *sup;
	struct generation *gen;
	const struct plan_pod *plan;
	struct state_pod *st;
	struct volumes volumes;
	struct net_pod net;
	bool net_added, volumes_made;
	struct sup_container *containers; /* init containers first */
	size_t count, init_count;
	bool stopping;
	struct timer clock;       /* grace period */
	bool removing;            /* forget it once it is over */
	struct ctl_conn *remover; /* who asked for that; NULL: gone */
};

struct exec;

struct supervisor {
	struct loop loop;
	struct source signals;
	struct dirs dirs; /* opened in our mount namespace */
	int run_fd, data_fd, private_fd, trash_fd, lock_fd;
	int bottom_fd; /* lowest layer of every container: mount points */
	struct state_project *state;
	struct generation *gen; /* of the newest plan */
	struct pod **pods;      /* same order as state->pods */
	size_t pod_count;
	const struct net_ops *net_ops;
	struct net *net;
	bool net_ready; /* or late: programs may run */
	int gate[2];    /* pipe; a byte in it lets the containers that are prepared execute */
	struct timer net_timer;
	struct ctl ctl;
	struct output_pool output;
	struct exec *execs;
	struct restart_curve curve;
	char node_name[65];
	uint64_t nofile; /* soft limit of descriptors as we were started, for containers */
	bool changed;    /* the state must be saved, waiters looked at */
	int64_t saved_ms;
	struct timer save_timer;
	struct timer orphan_timer;
	pid_t orphan;             /* an unknown child seen at the last look */
	struct ctl_conn *stopper; /* who asked for the end, and still listens; NULL: nobody */
	pid_t remover_pid;        /* child that empties the trash, 0: none */
	unsigned int trash_made, trash_gone;
	bool ending;
	bool settled; /* the first verdict was given: memory of the set-up returned */
};

/* --- supervisor.c --- */

/* The cloned child's life: set up, run, exit. Errors of the set-up go to the command line. */
void supervise(const struct supervise *s) NORETURN;
/* Something worth saving or telling happened. */
void sup_changed(struct supervisor *sup);
/* Stop all pods, then end; grace_ms -1: their own. */
void sup_begin_end(struct supervisor *sup, int64_t grace_ms);

/* --- save.c --- */

int sup_save_state(struct supervisor *sup, struct err *e);
/* The plan as it runs: the newest header, the pods that are there. */
int sup_save_plan(struct supervisor *sup, struct err *e);
int sup_save_objects(struct supervisor *sup, const char *text, size_t len, struct err *e);

/* --- reap.c --- */

/* Look who has ended, and hand each to its owner. */
void reap_children(struct supervisor *sup);
/* sup->orphan_timer fired. */
void reap_orphan(struct timer *t);

/* --- online.c --- */

/* Start the network's helpers, and the clock of who waits for them. */
int online_begin(struct supervisor *sup, struct err *e);
/* Make its links; from here on it can be ready. */
int online_finish(struct supervisor *sup, struct err *e);

/* --- serve.c --- */

/* Handler of the control socket's requests; fds are closed or taken. */
void serve_request(struct ctl_conn *c, struct request *r, int *fds, size_t nfds);
/* Forget a connection that goes. */
void serve_closed(struct ctl_conn *c);
/* Removed pods are forgotten once they are over; who asked for the last of them gets an answer. */
void serve_removals(struct supervisor *sup);

/* --- trash.c --- */

/* Move name below dirfd away; a child removes it. Absent is fine. */
void sup_trash(struct supervisor *sup, int dirfd, const char *name);
/* Start a child for what was moved away, unless one is at it; again when that has ended. */
void trash_empty(struct supervisor *sup);
/* At the end: remove pods and trash, and wait for it. No container may live. */
int trash_everything(struct supervisor *sup, struct err *e);

/* --- become.c --- */

/* setsid, descriptors, name, signals: before anything else. */
int become_process(struct supervisor *sup, const struct supervise *s, struct err *e);
/* After the map: ids, /proc, our directories and the private tmpfs in our mount namespace. */
int become_root(struct supervisor *sup, const struct supervise *s, struct err *e);
/* Replace descriptors 0-2 and send the log to projects/NAME/supervisor.log. */
int become_quiet(struct supervisor *sup, struct err *e);

/* --- pods.c --- */

/* Make a pod of gen (network, volumes, records) and append it. The grant is taken over. */
int pod_make(struct supervisor *sup, struct generation *gen, const struct plan_pod *plan,
             struct pod_grant *grant, struct err *e);
/* At the start: record and network of a pod, before the map is written; pod_make() does the rest.
 */
int pod_make_network(struct supervisor *sup, struct generation *gen, const struct plan_pod *plan,
                     struct err *e);
/* Start whatever may start now; derive the pod's phase. */
void pod_advance(struct pod *p);
/* Stop all its containers; grace_ms -1: its own. */
void pod_stop(struct pod *p, int64_t grace_ms);
bool pod_is_over(const struct pod *p);
/* Remove it and what it made; frees p. */
void pod_remove(struct pod *p);
struct pod *pod_find(struct supervisor *sup, const char *name);
/* 1 every pod is ready or completed, 0 not yet, -1 with e: a container failed or crashes in a loop.
 */
int pods_verdict(struct supervisor *sup, struct err *e);
/* Put pods and records in the order of the plan. */
void pods_sort(struct supervisor *sup, const struct plan *plan);
struct volume_place pod_place(struct supervisor *sup);
void generation_unref(struct generation *g);

/* --- run.c --- */

/* The one function that changes a container's state. */
void container_step(struct sup_container *c, enum container_event event);
/* Prepare a fresh one. */
void container_init(struct sup_container *c, struct pod *p, const struct plan_container *plan,
                    bool init, struct state_container *st);
/* It was reaped. */
void container_reaped(struct sup_container *c, int status);
void container_done(struct sup_container *c);
/* Final argv, environment ...; process_done(). */
struct process;
int container_process(struct sup_container *c, struct process *ret, struct err *e);
uint64_t container_caps(const struct sup_container *c, struct err *e);

/* --- execs.c --- */

/* Start a process for a client; fds are closed. */
void exec_start(struct supervisor *sup, struct ctl_conn *conn, const struct request *r, int *fds,
                size_t nfds);
/* True if pid was an exec's process: told to its client. */
bool exec_reaped(struct supervisor *sup, pid_t pid, int status);
/* True if pid belongs to an exec. */
bool exec_owns(const struct supervisor *sup, pid_t pid);
/* Call visit for every pid of an exec. */
void exec_each(struct supervisor *sup, void (*visit)(struct supervisor *sup, pid_t pid));
void exec_conn_closed(struct supervisor *sup, struct ctl_conn *conn);
