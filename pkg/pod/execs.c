/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execs.c - further processes in containers, for clients of the control socket
 *
 * The process is our child (the runtime sees to that), so it is reaped here and its exit code sent
 * to the client. A client that goes away leaves its process alone: without a terminal it may be a
 * background job, with one it gets the hang-up when the client's copy of the master closes.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "pkg/pod/process.h"
#include "pkg/pod/supervisor.h"
#include "pkg/pod/wire.h"
#include "pkg/runtime/spawn.h"
#include "pkg/util/proc.h"

enum { MAX_EXECS = 1000 };

struct exec {
	struct exec *next;
	struct supervisor *sup;
	struct ctl_conn *conn; /* NULL: gone */
	struct source err_src;
	pid_t pid;
	int pidfd;
};

static struct sup_container *find_container(struct pod *p, const char *name, struct err *e)
{
	if (!name && p->count > p->init_count)
		return &p->containers[p->init_count];
	for (size_t i = 0; name && i < p->count; i++)
		if (streq(p->containers[i].plan->name, name))
			return &p->containers[i];
	(void)err_set(e, ERR_ABSENT, "pod %s has no container %s", p->plan->name, name ? name : "");
	return NULL;
}

/* The annotation by which kubectl, too, chooses. */
static const char *default_container(const struct plan_pod *p)
{
	for (uint32_t i = 0; i < p->annotations_count; i++)
		if (streq(p->annotations[i].key, "kubectl.kubernetes.io/default-container"))
			return p->annotations[i].value;
	return NULL;
}

static struct sup_container *running(struct supervisor *sup, const struct request *r, struct err *e)
{
	struct pod *p = pod_find(sup, r->pod);
	struct sup_container *c;

	if (!p) {
		(void)err_set(e, ERR_ABSENT, "there is no pod %s", r->pod);
		return NULL;
	}
	c = find_container(p, r->container ? r->container : default_container(p->plan), e);
	if (c && c->state != CONTAINER_RUNNING) {
		(void)err_set(e, ERR_WORKLOAD, "pod %s, container %s is not running (%s)",
		              p->plan->name, c->plan->name, container_state_text(c->state));
		return NULL;
	}
	return c;
}

static int check_fds(const struct request *r, const int *fds, size_t nfds, struct err *e)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (nfds != (r->tty ? 1 : 3))
		return err_set(e, ERR_INPUT, "exec: wrong number of descriptors");
	if (r->tty) {
		if (getsockopt(fds[0], SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
		    type != SOCK_SEQPACKET)
			return err_set(e, ERR_INPUT, "exec: not a socket for the terminal");
		return 0;
	}
	for (size_t i = 0; i < nfds; i++)
		if (ctl_check_stdio(fds[i], e) < 0)
			return err_wrap(e, "exec");
	return 0;
}

static void tell_error(struct exec *x, const struct err *e)
{
	json_t *msg = wire_error(e);

	if (e->sys == ENOENT || e->sys == EACCES)
		(void)json_object_set_new(msg, "exit", json_integer(e->sys == ENOENT ? 127 : 126));
	if (x->conn)
		ctl_send(x->conn, msg);
	else
		json_decref(msg);
	x->conn = NULL; /* its end is no news any more */
}

static void exec_err_ready(struct source *s, uint32_t events)
{
	struct exec *x = CONTAINER_OF(s, struct exec, err_src);
	struct err e = {0};

	UNUSED(events);
	loop_del(s);
	if (spawn_result_read(s->fd, &e) < 0)
		tell_error(x, &e);
	else if (x->conn)
		ctl_ok(x->conn);
	close_fd(&s->fd);
}

static int spawn_it(struct exec *x, struct sup_container *c, const struct request *r,
                    const int *fds, struct err *e)
{
	const struct plan_security *sec = &c->plan->security;
	struct process p = {0};
	struct spawn_result result;
	struct exec_spec spec;
	int n;

	if (container_process(c, &p, e) < 0)
		return -1;
	spec = (struct exec_spec){
		.container_pidfd = c->pidfd,
		.container_pid = c->pid,
		.argv = r->argv.v,
		.env = p.env.v,
		.cwd = p.cwd,
		.image_user = p.image_user,
		.uid = sec->run_as_user,
		.gid = sec->run_as_group,
		.no_new_privs = sec->no_new_privs,
		.privileged = sec->privileged,
		.no_seccomp = sec->privileged,
		.nofile = x->sup->nofile,
		.cgroup_fd = -1,
		.stdin_fd = r->tty ? -1 : fds[0],
		.stdout_fd = r->tty ? -1 : fds[1],
		.stderr_fd = r->tty ? -1 : fds[2],
		.tty = r->tty,
		.tty_sock = r->tty ? fds[0] : -1,
		.rows = r->rows,
		.cols = r->cols,
	};
	spec.caps = container_caps(c, e);
	n = e->kind ? -1 : spawn_exec(&spec, &result, e);
	process_done(&p);
	if (n < 0)
		return -1;
	x->pid = result.pid;
	x->pidfd = result.pidfd;
	x->err_src.fd = result.err_fd;
	x->err_src.ready = exec_err_ready;
	return 0;
}

static size_t count_execs(const struct supervisor *sup)
{
	size_t n = 0;

	for (const struct exec *x = sup->execs; x; x = x->next)
		n++;
	return n;
}

void exec_start(struct supervisor *sup, struct ctl_conn *conn, const struct request *r, int *fds,
                size_t nfds)
{
	struct err e = {0};
	struct sup_container *c = running(sup, r, &e);
	struct exec *x = xcalloc(1, sizeof(*x));

	x->sup = sup;
	x->conn = conn;
	x->pidfd = x->err_src.fd = -1;
	if (c && count_execs(sup) >= MAX_EXECS)
		(void)err_set(&e, ERR_WORKLOAD, "too many processes are being executed");
	else if (c && check_fds(r, fds, nfds, &e) == 0)
		(void)spawn_it(x, c, r, fds, &e);
	fd_close_many(fds, nfds);
	if (!x->pid || loop_add(&sup->loop, &x->err_src, EPOLLIN, &e) < 0) {
		tell_error(x, &e);
		if (!x->pid) {
			free(x);
			return;
		}
		(void)proc_signal(x->pidfd, SIGKILL);
	}
	x->next = sup->execs;
	sup->execs = x;
}

bool exec_owns(const struct supervisor *sup, pid_t pid)
{
	for (const struct exec *x = sup->execs; x; x = x->next)
		if (x->pid == pid)
			return true;
	return false;
}

bool exec_reaped(struct supervisor *sup, pid_t pid, int status)
{
	struct exec **at = &sup->execs, *x;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	x = *at;
	if (!x)
		return false;
	if (x->err_src.loop) /* it died before its error pipe was looked at */
		exec_err_ready(&x->err_src, 0);
	if (x->conn)
		ctl_send(x->conn, json_pack("{s:i}", "exit",
		                            WIFSIGNALED(status) ? 128 + WTERMSIG(status)
		                                                : WEXITSTATUS(status)));
	*at = x->next;
	close_fd(&x->err_src.fd);
	close_fd(&x->pidfd);
	free(x);
	return true;
}

void exec_each(struct supervisor *sup, void (*visit)(struct supervisor *sup, pid_t pid))
{
	for (struct exec *x = sup->execs, *next; x; x = next) {
		next = x->next;
		visit(sup, x->pid);
	}
}

void exec_conn_closed(struct supervisor *sup, struct ctl_conn *conn)
{
	for (struct exec *x = sup->execs; x; x = x->next)
		if (x->conn == conn)
			x->conn = NULL;
}
