/* SPDX-License-Identifier: Apache-2.0 */
/* ctl.c - see ctl.h */
#include "pkg/pod/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "pkg/pod/wire.h"
#include "pkg/util/log.h"

enum { MESSAGES_PER_TURN = 16 };

static void keep_fds(struct ctl_conn *c, int *fds, size_t nfds)
{
	struct err e = {0};

	if (c->nfds + nfds > CTL_MAX_FDS) {
		fd_close_many(fds, nfds);
		(void)err_set(&e, ERR_INPUT, "too many descriptors");
		ctl_fail(c, &e);
		return;
	}
	c->fds = xrealloc(c->fds, (c->nfds + nfds + 1) * sizeof(*c->fds));
	if (nfds)
		memcpy(c->fds + c->nfds, fds, nfds * sizeof(*fds));
	c->nfds += nfds;
}

/* One message; false when there is no more now. */
static bool serve_one(struct ctl_conn *c)
{
	struct request r = {0};
	struct err e = {0};
	json_t *msg = NULL;
	int fds[FD_MAX_PASS];
	size_t nfds = 0;
	int n = wire_recv(c->src.fd, &msg, fds, &nfds, &e);

	if (n < 0 && (e.sys == EAGAIN || e.sys == EINTR))
		return false;
	if (n <= 0) {
		if (n < 0 && !e.sys)
			ctl_fail(c, &e);
		ctl_close(c);
		return false;
	}
	n = request_parse(msg, &r, &e);
	json_decref(msg);
	if (n < 0) {
		fd_close_many(fds, nfds);
		ctl_fail(c, &e);
		return true;
	}
	if (r.op == REQUEST_FDS)
		keep_fds(c, fds, nfds);
	else
		c->ctl->handle(c, &r, fds, nfds);
	request_done(&r);
	return true;
}

static void conn_ready(struct source *s, uint32_t events)
{
	struct ctl_conn *c = CONTAINER_OF(s, struct ctl_conn, src);

	UNUSED(events);
	for (int i = 0; i < MESSAGES_PER_TURN && !c->doomed; i++)
		if (!serve_one(c))
			break;
}

static bool peer_ok(const struct ctl *ctl, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	return cred.pid == 0 || ctl->any_peer;
}

struct ctl_conn *ctl_add(struct ctl *ctl, int fd, struct err *e)
{
	struct ctl_conn *c = xcalloc(1, sizeof(*c));

	c->ctl = ctl;
	c->src.fd = fd;
	c->src.ready = conn_ready;
	fd_set_nonblock(fd, true);
	if (loop_add(ctl->loop, &c->src, EPOLLIN, e) < 0) {
		close_fd(&c->src.fd);
		free(c);
		return NULL;
	}
	c->next = ctl->conns;
	ctl->conns = c;
	ctl->count++;
	return c;
}

static void listener_ready(struct source *s, uint32_t events)
{
	struct ctl *ctl = CONTAINER_OF(s, struct ctl, listener);
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct err e = {0};

	UNUSED(events);
	if (fd < 0)
		return;
	if (ctl->count >= CTL_MAX_CONNS || !peer_ok(ctl, fd)) {
		log_debug("control socket: peer refused");
		(void)close(fd);
		return;
	}
	if (!ctl_add(ctl, fd, &e))
		log_debug("control socket: %s", e.msg);
}

int ctl_listen(struct ctl *ctl, struct loop *l, int dirfd, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ctl->loop = l;
	if (fd < 0)
		return err_sys(e, errno, "control socket");
	/* By descriptor: the path of a project may be longer than the 108 bytes of an address. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/ctl.sock", dirfd);
	(void)unlinkat(dirfd, "ctl.sock", 0);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 64) < 0)
		return err_sys(e, errno, "control socket");
	ctl->listener.fd = fd;
	ctl->listener.ready = listener_ready;
	if (loop_add(l, &ctl->listener, EPOLLIN, e) < 0)
		return -1;
	(void)take_fd(&fd);
	return 0;
}

void ctl_send(struct ctl_conn *c, json_t *msg)
{
	struct err e = {0};

	if (c->doomed) {
		json_decref(msg);
		return;
	}
	if (wire_send(c->src.fd, msg, NULL, 0, &e) < 0) {
		log_debug("control socket: %s", e.msg);
		ctl_close(c);
	}
}

void ctl_ok(struct ctl_conn *c)
{
	ctl_send(c, json_pack("{s:b}", "ok", 1));
}

void ctl_fail(struct ctl_conn *c, const struct err *e)
{
	ctl_send(c, wire_error(e));
}

void ctl_close(struct ctl_conn *c)
{
	if (c->doomed)
		return;
	c->doomed = true;
	c->ctl->closed(c);
	loop_del(&c->src);
	close_fd(&c->src.fd);
	fd_close_many(c->fds, c->nfds);
	free(c->fds);
	c->fds = NULL;
	c->nfds = 0;
}

void ctl_sweep(struct ctl *ctl)
{
	for (struct ctl_conn **at = &ctl->conns; *at;) {
		struct ctl_conn *c = *at;

		if (!c->doomed) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		ctl->count--;
		free(c);
	}
}

void ctl_done(struct ctl *ctl)
{
	for (struct ctl_conn *c = ctl->conns; c; c = c->next)
		ctl_close(c);
	ctl_sweep(ctl);
	if (ctl->listener.loop) {
		loop_del(&ctl->listener);
		close_fd(&ctl->listener.fd);
	}
}

static bool harmless_device(dev_t d)
{
	static const unsigned int minors[] = {3, 5, 7, 8, 9}; /* null zero full random urandom */

	for (size_t i = 0; i < ARRAY_LEN(minors); i++)
		if (major(d) == 1 && minor(d) == minors[i])
			return true;
	return false;
}

int ctl_check_stdio(int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "descriptor");
	if (flags & O_PATH)
		return err_set(e, ERR_INPUT, "an O_PATH descriptor is not given to a container");
	if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && harmless_device(st.st_rdev)))
		return 0;
	return err_set(e, ERR_INPUT, "a directory, terminal or device is not given to a container");
}
