/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c - see relay.h */
#include "net/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "net/child.h"
#include "pkg/util/fd.h"

enum { MAX_REQUESTS = 16 }; /* of one turn: the helper may not keep us busy */

struct relay_message {
	struct relay_message *next;
	struct control_msg m;
	int fds[CONTROL_SOCKETS];
	size_t nfds;
};

static void drop_message(struct relay *r)
{
	struct relay_message *x = r->first;

	r->first = x->next;
	if (!r->first)
		r->last = NULL;
	fd_close_many(x->fds, x->nfds);
	free(x);
}

/* Send what waits, as far as the socket takes it. */
static void flush(struct relay *r)
{
	while (r->first) {
		struct relay_message *x = r->first;

		if (fd_send_msg(r->control.fd, &x->m, sizeof(x->m), x->fds, x->nfds) < 0 &&
		    errno == EAGAIN)
			break;
		drop_message(r);
	}
	loop_mod(&r->control, EPOLLIN | (r->first ? (uint32_t)EPOLLOUT : 0));
}

void relay_begin(struct relay *r)
{
	r->untold = false;
}

void relay_send(struct relay *r, const struct control_msg *m, const int *fds, size_t nfds)
{
	struct relay_message *x;

	if (r->control.fd < 0 || !r->control.loop || r->untold)
		return;
	if (!r->first &&
	    (fd_send_msg(r->control.fd, m, sizeof(*m), fds, nfds) >= 0 || errno != EAGAIN))
		return;
	x = xcalloc(1, sizeof(*x));
	x->m = *m;
	for (size_t i = 0; i < nfds; i++)
		x->fds[x->nfds++] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
	*(r->last ? &r->last->next : &r->first) = x;
	r->last = x;
	loop_mod(&r->control, EPOLLIN | EPOLLOUT);
}

/* Sockets of our network namespace, the host's, for the resolver to ask its servers with. */
static void give_sockets(struct relay *r, enum control_type what, uint32_t count)
{
	int type = what == CONTROL_UDP_SOCKETS ? SOCK_DGRAM : SOCK_STREAM;
	int fds[CONTROL_SOCKETS], zero = 0;
	struct control_msg m;
	size_t n = 0;

	if (r->first)
		return; /* it does not take what it has: nothing may pile up here */
	while (n < MIN(count, (uint32_t)CONTROL_SOCKETS)) {
		int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd >= 0)
			(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
		else
			fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			break;
		fds[n++] = fd;
	}
	memset(&m, 0, sizeof(m));
	m.type = what;
	relay_send(r, &m, fds, n);
	fd_close_many(fds, n);
}

static void take_request(struct relay *r, const struct control_msg *m)
{
	if (m->type == CONTROL_READY)
		minder_up(&r->m);
	else if (m->type == CONTROL_WANT_UDP)
		give_sockets(r, CONTROL_UDP_SOCKETS, m->id);
	else if (m->type == CONTROL_WANT_TCP)
		give_sockets(r, CONTROL_TCP_SOCKETS, m->id);
}

static void control_ready(struct source *s, uint32_t events)
{
	struct relay *r = CONTAINER_OF(s, struct relay, control);

	if (events & EPOLLOUT)
		flush(r);
	for (int i = 0; i < MAX_REQUESTS; i++) {
		struct control_msg m;
		int fds[FD_MAX_PASS];
		size_t nfds = 0;
		ssize_t n = fd_recv_msg(s->fd, &m, sizeof(m), fds, &nfds);

		fd_close_many(fds, nfds); /* it has nothing that we want */
		if (n < 0 && errno == EAGAIN)
			return;
		if (n != (ssize_t)sizeof(m)) {
			loop_del(s); /* its end is seen by its pidfd */
			return;
		}
		take_request(r, &m);
	}
}

static void close_control(struct relay *r)
{
	while (r->first)
		drop_message(r);
	loop_del(&r->control);
	close_fd(&r->control.fd);
}

static int start_program(struct minder *m, int output, struct err *e)
{
	struct relay *r = CONTAINER_OF(m, struct relay, m);
	char name[] = "kubeplay-net";
	char *argv[] = {name, NULL};
	autoclose int theirs = -1;
	int pair[2], pidfd = -1;

	close_control(r);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "socketpair");
	theirs = pair[1];
	r->control = (struct source){.fd = pair[0], .ready = control_ready};
	fd_set_nonblock(pair[0], true);
	if (child_start(&(struct child){.path = r->program,
	                                .program_fd = r->program_fd,
	                                .argv = argv,
	                                .join_net = r->holder_net,
	                                .show_net = -1,
	                                .output = output,
	                                .pass = theirs,
	                                .pass_as = CONTROL_FD},
	                &pidfd, e) < 0)
		return -1;
	if (loop_add(m->loop, &r->control, EPOLLIN, e) < 0) {
		close_fd(&pidfd);
		return -1;
	}
	r->untold = true;
	r->tell_all(r);
	return pidfd;
}

void relay_open(struct relay *r, const char *libexec)
{
	r->program = xasprintf("%s/kubeplay-net", libexec);
	r->program_fd = open(r->program, O_PATH | O_CLOEXEC);
}

void relay_start(struct relay *r, struct loop *l, int holder_net)
{
	r->holder_net = holder_net;
	r->control.fd = -1;
	r->m.name = "kubeplay-net";
	r->m.start = start_program;
	minder_start(&r->m, l);
}

void relay_stop(struct relay *r)
{
	if (!r->m.start)
		return;
	close_control(r);
	minder_stop(&r->m);
	r->m.start = NULL;
}

void relay_done(struct relay *r)
{
	if (!r->program)
		return;
	close_fd(&r->program_fd);
	free(take_ptr(r->program));
}
