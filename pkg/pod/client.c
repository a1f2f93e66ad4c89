/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - the command line's end of the control socket; see client.h
 *
 * Theory of operation of exec: pipes, files and sockets go to the process as they are. What a
 * container must not hold (our terminal, a directory, a device) is replaced by a pipe whose other
 * end we relay. With a terminal, the container's side makes a pty of its own and sends us its
 * master; we put our terminal in raw mode and relay, passing on its size.
 */
#include "pkg/pod/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#include "pkg/pod/ctl.h"
#include "pkg/pod/talk.h"
#include "pkg/pod/wire.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

enum { HELLO_MS = 5000, RELAY_SIZE = 32768 };

int client_connect(int dirfd, struct client *ret, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	json_t *hello = NULL;

	if (fd < 0)
		return err_sys(e, errno, "control socket");
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/ctl.sock", dirfd);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		bool absent = errno == ENOENT || errno == ECONNREFUSED;

		return err_sys_kind(e, absent ? ERR_ABSENT : ERR_HOST, errno, "control socket");
	}
	if (talk_call(fd, -1, clock_mono_ms() + HELLO_MS, json_pack("{s:s}", "op", "hello"), &hello,
	              e) < 0)
		return err_wrap(e, "control socket");
	ret->protocol = (int)json_integer_value(json_object_get(hello, "protocol"));
	json_decref(hello);
	ret->fd = take_fd(&fd);
	return 0;
}

void client_close(struct client *c)
{
	close_fd(&c->fd);
}

int client_secrets(const struct client *c, struct strbuf *out, struct err *e)
{
	json_t *msg = NULL;
	const char *text;

	if (talk_call(c->fd, -1, clock_mono_ms() + HELLO_MS, json_pack("{s:s}", "op", "secrets"),
	              &msg, e) < 0)
		return -1;
	text = json_string_value(json_object_get(msg, "secrets"));
	strbuf_adds(out, text ? text : "");
	json_decref(msg);
	return 0;
}

/* --- exec --------------------------------------------------------------------------------- */

/* One direction of bytes: from a descriptor of ours to one of the process, or back. */
struct relay {
	int from, to; /* -1: over */
	bool own_from, own_to;
};

struct exec_client {
	int sock, sigfd;
	int give[3]; /* for the process; -1: none */
	bool own_give[3];
	struct relay relays[3];
	int master;
	bool raw;
	struct termios saved;
	int raw_fd;
	int code;
	bool over;
};

static void relay_end(struct relay *r)
{
	if (r->own_from)
		close_fd(&r->from);
	if (r->own_to)
		close_fd(&r->to);
	r->from = r->to = -1;
}

/* Move what is there; false at the end of either side. */
static bool relay_step(struct relay *r)
{
	char buf[RELAY_SIZE];
	ssize_t n = read(r->from, buf, sizeof(buf));
	struct err e = {0};

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && fd_write_all(r->to, buf, (size_t)n, &e) == 0;
}

static int give_pipe(struct exec_client *x, int i, int ours, struct err *e)
{
	int p[2];
	bool in = i == 0;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	x->give[i] = p[in ? 0 : 1];
	x->own_give[i] = true;
	x->relays[i] = in ? (struct relay){ours, p[1], false, true}
	                  : (struct relay){p[0], ours, true, false};
	return 0;
}

static int prepare_stdio(struct exec_client *x, const struct client_exec *req, struct err *e)
{
	const int ours[] = {req->interactive ? req->in : -1, req->out, req->err};

	for (int i = 0; i < 3; i++) {
		struct err no = {0};

		if (ours[i] < 0) {
			x->give[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
			x->own_give[i] = true;
			if (x->give[i] < 0)
				return err_sys(e, errno, "/dev/null");
		} else if (ctl_check_stdio(ours[i], &no) == 0) {
			x->give[i] = ours[i];
		} else if (give_pipe(x, i, ours[i], e) < 0) {
			return -1;
		}
	}
	return 0;
}

static void close_given(struct exec_client *x)
{
	for (int i = 0; i < 3; i++) {
		if (x->own_give[i])
			close_fd(&x->give[i]);
		x->give[i] = -1;
		x->own_give[i] = false;
	}
}

static json_t *exec_request(const struct client_exec *req)
{
	json_t *argv = json_array();
	json_t *msg;

	for (size_t i = 0; req->argv[i]; i++)
		(void)json_array_append_new(argv, json_string(req->argv[i]));
	msg = json_pack("{s:s,s:s,s:o,s:b,s:i,s:i}", "op", "exec", "pod", req->pod, "argv", argv,
	                "tty", req->tty, "rows", req->rows, "cols", req->cols);
	if (msg && req->container)
		(void)json_object_set_new(msg, "container", json_string(req->container));
	return msg;
}

/* The pty's master comes over the socket pair that we sent one end of. */
static int receive_master(int sock)
{
	int fds[FD_MAX_PASS];
	size_t nfds = 0;
	char buf[64];
	ssize_t n = fd_recv_msg(sock, buf, sizeof(buf), fds, &nfds);

	if (n < 0 || nfds != 1) {
		fd_close_many(fds, nfds);
		return -1;
	}
	return fds[0];
}

static void set_size(struct exec_client *x, int tty)
{
	struct winsize ws;

	if (x->master >= 0 && ioctl(tty, TIOCGWINSZ, &ws) == 0)
		(void)ioctl(x->master, TIOCSWINSZ, &ws);
}

static void begin_raw(struct exec_client *x, int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &x->saved) < 0)
		return;
	raw = x->saved;
	cfmakeraw(&raw);
	x->raw = tcsetattr(fd, TCSADRAIN, &raw) == 0;
	x->raw_fd = fd;
}

static void end_raw(struct exec_client *x)
{
	if (x->raw)
		(void)tcsetattr(x->raw_fd, TCSADRAIN, &x->saved);
	x->raw = false;
}

/* An answer of the supervisor: its end ends us, after what is still in the pipes. */
static int take_answer(struct exec_client *x, struct err *e)
{
	int fds[FD_MAX_PASS];
	json_t *msg = NULL, *code;
	size_t nfds = 0;
	int n = wire_recv(x->sock, &msg, fds, &nfds, e);

	fd_close_many(fds, nfds);
	if (n < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_WORKLOAD, "the project was stopped");
	code = json_object_get(msg, "exit");
	x->over = json_is_integer(code);
	x->code = (int)json_integer_value(code);
	/* "not found" and "not executable" come with an exit code and their words */
	n = wire_is_error(msg, e) && !x->over ? -1 : 0;
	json_decref(msg);
	return n;
}

static bool any_output(const struct exec_client *x)
{
	return x->relays[1].from >= 0 || x->relays[2].from >= 0;
}

/* One poll() of everything; r->revents decides who moves. */
static int exec_turn(struct exec_client *x, const struct client_exec *req, struct err *e)
{
	struct signalfd_siginfo si;
	struct pollfd p[5] = {
		{.fd = x->over ? -1 : x->sock, .events = POLLIN},
		{.fd = x->sigfd, .events = POLLIN},
	};

	for (int i = 0; i < 3; i++)
		p[2 + i] = (struct pollfd){.fd = x->relays[i].from, .events = POLLIN};
	if (x->over)
		p[2].fd = -1;
	if (poll(p, ARRAY_LEN(p), x->over ? 200 : -1) <= 0) {
		if (x->over) /* something in the background keeps the pipe: do not wait for it */
			for (int i = 1; i < 3; i++)
				relay_end(&x->relays[i]);
		return 0;
	}
	if (p[1].revents && read(x->sigfd, &si, sizeof(si)) == sizeof(si))
		set_size(x, req->in);
	for (int i = 2; i >= 0; i--)
		if (p[2 + i].revents && !relay_step(&x->relays[i]))
			relay_end(&x->relays[i]);
	return p[0].revents ? take_answer(x, e) : 0;
}

static int open_winch(struct exec_client *x, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	x->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return x->sigfd < 0 ? err_sys(e, errno, "signalfd") : 0;
}

static int start_tty(struct exec_client *x, const struct client_exec *req, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "socketpair");
	autoclose int ours = pair[0];
	autoclose int theirs = pair[1];

	if (open_winch(x, e) < 0 || wire_send(x->sock, exec_request(req), &theirs, 1, e) < 0)
		return -1;
	close_fd(&theirs);
	x->master = receive_master(ours);
	if (x->master < 0) /* it failed before there was a pty: the answer says how */
		return 0;
	set_size(x, req->in);
	if (req->interactive) {
		begin_raw(x, req->in);
		x->relays[0] = (struct relay){req->in, x->master, false, false};
	}
	x->relays[1] = (struct relay){x->master, req->out, false, false};
	return 0;
}

static int start_plain(struct exec_client *x, const struct client_exec *req, struct err *e)
{
	if (prepare_stdio(x, req, e) < 0 ||
	    wire_send(x->sock, exec_request(req), x->give, 3, e) < 0)
		return -1;
	close_given(x);
	return 0;
}

int client_exec(struct client *c, const struct client_exec *req, int *ret_code, struct err *e)
{
	struct exec_client x = {.sock = c->fd, .sigfd = -1, .give = {-1, -1, -1}, .master = -1};
	void (*old_pipe)(int) = signal(SIGPIPE, SIG_IGN);
	int r;

	for (int i = 0; i < 3; i++)
		x.relays[i].from = x.relays[i].to = -1;
	r = req->tty ? start_tty(&x, req, e) : start_plain(&x, req, e);
	while (r == 0 && (!x.over || any_output(&x)))
		r = exec_turn(&x, req, e);
	end_raw(&x);
	close_given(&x);
	for (int i = 0; i < 3; i++)
		relay_end(&x.relays[i]);
	close_fd(&x.master);
	close_fd(&x.sigfd);
	(void)signal(SIGPIPE, old_pipe);
	if (r == 0)
		*ret_code = x.code;
	return r;
}
