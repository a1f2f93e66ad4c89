/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft.c - see nft.h
 *
 * libnftables costs 1.5 MB and 1 ms, so it never enters the supervisor: a child that lives for a
 * transaction joins the holder, loads it, and reports through a pipe.
 */
#include "net/nft.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "pkg/util/fd.h"
#include "pkg/util/proc.h"

static void one_family(const struct subnets *s, bool v6, bool host_loopback, struct strbuf *out)
{
	const struct addr_prefix *pods = v6 ? &s->pods6 : &s->pods;
	struct in6_addr gateway = addr_nth(&s->tap, SUBNET_TAP_GATEWAY);
	const char *family = v6 ? "ip6" : "ip";
	char net[ADDR_TEXT_SIZE], tap[ADDR_TEXT_SIZE], gw[ADDR_TEXT_SIZE];

	(void)addr_text(&pods->net, net);
	(void)addr_text(&s->tap.net, tap);
	(void)addr_text(&gateway, gw);
	strbuf_addf(out, "table %s kp {\n", family);
	/* Replies (and errors) to connections made in a client's name must come to us, not be
	 * routed away. */
	strbuf_addf(
		out,
		"\tchain replies {\n"
		"\t\ttype filter hook prerouting priority mangle; policy accept;\n"
		"\t\tiifname \"kp0\" meta l4proto { tcp, udp, %s } socket transparent 1 meta mark set 0x%x\n"
		"\t}\n",
		v6 ? "icmpv6" : "icmp", NFT_MARK);
	strbuf_addf(out,
	            "\tchain egress {\n"
	            "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
	            "\t\t%s saddr %s/%d oifname != { \"kp0\", \"lo\" } masquerade\n"
	            "\t}\n",
	            family, net, addr_prefix_bits(pods));
	if (!v6) {
		/* What the uplink does not answer itself it would send to the real network. */
		for (int own = 0; own < 2; own++) {
			strbuf_addf(out,
			            "\tchain %s {\n"
			            "\t\ttype filter hook %s priority filter; policy accept;\n",
			            own ? "own" : "closed", own ? "output" : "forward");
			if (host_loopback)
				strbuf_addf(out, "\t\tip daddr %s accept\n", gw);
			strbuf_addf(
				out,
				"\t\toifname \"tap0\" ip daddr %s/%d reject with icmp type admin-prohibited\n"
				"\t}\n",
				tap, addr_prefix_bits(&s->tap));
		}
	}
	strbuf_addf(out, "}\n");
}

void nft_rules(const struct subnets *s, bool host_loopback, struct strbuf *out)
{
	one_family(s, false, host_loopback, out);
	one_family(s, true, host_loopback, out);
}

#define LIBRARY "libnftables.so.1"

/* The four functions that we use, found at run time. */
struct library {
	struct nft_ctx *(*ctx_new)(uint32_t flags);
	int (*buffer_error)(struct nft_ctx *ctx);
	int (*run)(struct nft_ctx *nft, const char *buf);
	const char *(*error)(struct nft_ctx *ctx);
};

/* ISO C has no conversion from what dlsym() gives; POSIX has. */
#define FIND(fn, h, name) ((fn) = __extension__(__typeof__(fn)) dlsym(h, name))

static int load(struct library *l, struct err *e)
{
	void *h = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);

	if (h && FIND(l->ctx_new, h, "nft_ctx_new") &&
	    FIND(l->buffer_error, h, "nft_ctx_buffer_error") &&
	    FIND(l->run, h, "nft_run_cmd_from_buffer") &&
	    FIND(l->error, h, "nft_ctx_get_error_buffer"))
		return 0;
	(void)err_set(e, ERR_HOST, "%s: pods have no way out\n  apt install libnftables1",
	              dlerror());
	return -1;
}

static int run(int netns_fd, const char *rules, struct err *e)
{
	struct library l = {0};
	struct nft_ctx *ctx;

	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, errno, "packet rules: join the namespace");
	if (load(&l, e) < 0)
		return -1;
	ctx = l.ctx_new(NFT_CTX_DEFAULT); /* opens its socket: in the namespace by now */
	if (!ctx)
		return err_set(e, ERR_HOST, "packet rules: nft_ctx_new failed");
	(void)l.buffer_error(ctx);
	if (l.run(ctx, rules) != 0)
		return err_set(e, ERR_HOST, "packet rules: %.600s", l.error(ctx));
	return 0;
}

static NORETURN void child(int netns_fd, const char *rules, int out)
{
	struct err e = {0}, ignored = {0};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)run(netns_fd, rules, &e);
	(void)fd_write_all(out, &e, sizeof(e), &ignored);
	_exit(0);
}

pid_t nft_start(int netns_fd, const char *rules, int *ret_pidfd, int *ret_fd, struct err *e)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	pid = proc_clone(0, ret_pidfd);
	if (pid == 0)
		child(netns_fd, rules, p[1]);
	if (pid < 0)
		(void)err_sys(e, errno, "packet rules: fork");
	close_fd(&p[1]);
	if (pid < 0) {
		close_fd(&p[0]);
		return -1;
	}
	*ret_fd = p[0];
	return pid;
}

int nft_result(int fd, struct err *e)
{
	struct err got;
	ssize_t n;

	do
		n = read(fd, &got, sizeof(got));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(got))
		return err_set(e, ERR_HOST, "packet rules: the child died");
	if (got.kind == ERR_NONE)
		return 0;
	*e = got;
	return -1;
}

bool nft_supported(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} ask = {.h = {.nlmsg_len = sizeof(ask),
	               .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
	               .nlmsg_flags = NLM_F_REQUEST},
	         .g = {.version = NFNETLINK_V0}};
	union {
		struct nlmsghdr h;
		char buf[512];
	} reply;
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ssize_t n;

	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		return false;
	n = recv(fd, &reply, sizeof(reply), 0);
	return n >= (ssize_t)sizeof(reply.h) && reply.h.nlmsg_type != NLMSG_ERROR;
}
