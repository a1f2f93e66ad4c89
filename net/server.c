/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - see server.h: one table says which message does what */
#include "net/server.h"

#include <errno.h>
#include <signal.h>

#include "net/forward.h"
#include "net/jail.h"
#include "net/resolver.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"

struct server {
	struct loop loop;
	struct source control;
	struct forward forward;
	struct resolver resolver;
};

static void on_listen(struct server *s, const struct control_msg *m, int *fds, size_t nfds)
{
	struct err e = {0};

	if (nfds && forward_listen(&s->forward, m->id, &m->u.listen, take_fd(&fds[0]), &e) < 0)
		log_debug("%s", e.msg);
}

static void on_unlisten(struct server *s, const struct control_msg *m, int *fds, size_t nfds)
{
	UNUSED(fds);
	UNUSED(nfds);
	forward_unlisten(&s->forward, m->id);
}

static void on_name(struct server *s, const struct control_msg *m, int *fds, size_t nfds)
{
	UNUSED(fds);
	UNUSED(nfds);
	(void)dns_names_add(&s->resolver.names, m->u.name.name, m->id, &m->u.name.ip,
	                    &m->u.name.ip6);
}

static void on_unname(struct server *s, const struct control_msg *m, int *fds, size_t nfds)
{
	UNUSED(fds);
	UNUSED(nfds);
	dns_names_remove(&s->resolver.names, m->id);
}

static void on_upstreams(struct server *s, const struct control_msg *m, int *fds, size_t nfds)
{
	UNUSED(fds);
	UNUSED(nfds);
	resolver_set_upstreams(&s->resolver, &m->u.upstreams);
}

static void on_search(struct server *s, const struct control_msg *m, int *fds, size_t nfds)
{
	UNUSED(fds);
	UNUSED(nfds);
	if (m->u.name.name[0])
		dns_search_add(&s->resolver.names, m->u.name.name);
	else
		dns_search_clear(&s->resolver.names);
}

static void on_sockets(struct server *s, const struct control_msg *m, int *fds, size_t nfds)
{
	for (size_t i = 0; i < nfds; i++)
		resolver_give(&s->resolver, (enum control_type)m->type, take_fd(&fds[i]));
}

typedef void on_message(struct server *s, const struct control_msg *m, int *fds, size_t nfds);

static on_message *const handlers[CONTROL_TYPE_COUNT] = {
	[CONTROL_LISTEN] = on_listen,       [CONTROL_UNLISTEN] = on_unlisten,
	[CONTROL_NAME] = on_name,           [CONTROL_UNNAME] = on_unname,
	[CONTROL_UPSTREAMS] = on_upstreams, [CONTROL_SEARCH] = on_search,
	[CONTROL_UDP_SOCKETS] = on_sockets, [CONTROL_TCP_SOCKETS] = on_sockets,
};

/* One message: 1, 0 nothing there, -1 the supervisor is gone (or not ours). */
static int take_message(struct server *s)
{
	struct control_msg m;
	int fds[FD_MAX_PASS];
	size_t nfds = 0;
	ssize_t n = fd_recv_msg(s->control.fd, &m, sizeof(m), fds, &nfds);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n != (ssize_t)sizeof(m)) {
		fd_close_many(fds, nfds);
		return -1;
	}
	m.u.name.name[CONTROL_NAME_SIZE - 1] = '\0'; /* overlaps nothing that another type uses */
	if (m.type < CONTROL_TYPE_COUNT && handlers[m.type])
		handlers[m.type](s, &m, fds, nfds);
	fd_close_many(fds, nfds);
	return 1;
}

static void control_ready(struct source *src, uint32_t events)
{
	struct server *s = CONTAINER_OF(src, struct server, control);
	int r = 1;

	UNUSED(events);
	for (int i = 0; i < 64 && r > 0; i++)
		r = take_message(s);
	if (r < 0)
		loop_stop(&s->loop);
}

static void ask(void *arg, enum control_type what, uint32_t count)
{
	struct server *s = arg;
	struct control_msg m;

	memset(&m, 0, sizeof(m));
	m.type = what;
	m.id = count;
	(void)fd_send_msg(s->control.fd, &m, sizeof(m), NULL, 0);
}

static int receive_config(struct control_config *ret, struct err *e)
{
	struct control_msg m;
	int fds[FD_MAX_PASS];
	size_t nfds = 0;
	ssize_t n = fd_recv_msg(CONTROL_FD, &m, sizeof(m), fds, &nfds);

	if (n < 0)
		return err_sys(e, errno, "control socket (is this run by hand?)");
	fd_close_many(fds, nfds);
	if (n != (ssize_t)sizeof(m) || m.type != CONTROL_CONFIG)
		return err_set(e, ERR_HOST,
		               "control socket: not the first message of this version");
	*ret = m.u.config;
	return 0;
}

static int serve(struct server *s, struct err *e)
{
	while (!s->loop.stop) {
		if (loop_once(&s->loop, forward_busy(&s->forward) ? 0 : -1, e) < 0)
			return -1;
		forward_turn(&s->forward);
	}
	return 0;
}

int server_run(struct err *e)
{
	struct server *s = xcalloc(1, sizeof(*s));
	struct control_config cfg;
	int r = -1;

	s->control = (struct source){.fd = CONTROL_FD, .ready = control_ready};
	s->resolver.want = ask;
	s->resolver.want_arg = s;
	(void)signal(SIGPIPE, SIG_IGN); /* splice(2) has no MSG_NOSIGNAL */
	if (receive_config(&cfg, e) < 0 || loop_init(&s->loop, e) < 0)
		goto out;
	fd_set_nonblock(CONTROL_FD, true);
	fd_set_cloexec(CONTROL_FD, true);
	forward_init(&s->forward, &s->loop, &cfg);
	if (resolver_init(&s->resolver, &s->loop, &cfg, e) < 0 ||
	    loop_add(&s->loop, &s->control, EPOLLIN, e) < 0 || jail_enter(e) < 0)
		goto done;
	ask(s, CONTROL_READY, 0);
	r = serve(s, e);
done:
	resolver_done(&s->resolver);
	forward_done(&s->forward);
	loop_done(&s->loop);
out:
	free(s);
	return r;
}
