/* SPDX-License-Identifier: Apache-2.0 */
/* netns.c - see netns.h */
#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/nft.h"
#include "net/rt.h"
#include "pkg/util/log.h"

enum { LO = 1 };

/* The host's side */

struct prefixes {
	struct addr_prefix *v;
	size_t len;
};

static void take_route(struct nl_object *o, void *arg)
{
	struct nl_addr *dst = rtnl_route_get_dst((struct rtnl_route *)(void *)o);
	struct prefixes *p = arg;
	struct addr_prefix x = {0};
	unsigned bits = dst ? nl_addr_get_prefixlen(dst) : 0;

	if (!dst)
		return;
	if (nl_addr_get_family(dst) == AF_INET && nl_addr_get_len(dst) == 4) {
		uint32_t be;

		memcpy(&be, nl_addr_get_binary_addr(dst), sizeof(be));
		x = (struct addr_prefix){addr_from_v4(ntohl(be)), (uint8_t)(bits + 96)};
	} else if (nl_addr_get_family(dst) == AF_INET6 && nl_addr_get_len(dst) == 16) {
		memcpy(&x.net, nl_addr_get_binary_addr(dst), sizeof(x.net));
		x.len = (uint8_t)bits;
	} else {
		return;
	}
	p->v = xrealloc(p->v, (p->len + 1) * sizeof(*p->v));
	p->v[p->len++] = x;
}

int netns_host_routes(struct addr_prefix **ret, size_t *ret_count, struct err *e)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct nl_cache *cache = NULL;
	struct prefixes p = {0};
	int r;

	if (!sk)
		return err_sys(e, ENOMEM, "routes of the host");
	r = nl_connect(sk, NETLINK_ROUTE);
	if (r >= 0)
		r = rtnl_route_alloc_cache(sk, AF_UNSPEC, 0, &cache);
	if (r >= 0)
		nl_cache_foreach(cache, take_route, &p);
	nl_cache_free(cache);
	nl_socket_free(sk);
	if (r < 0)
		return rt_fail(e, r, "routes of the host");
	*ret = p.v;
	*ret_count = p.len;
	return 0;
}

bool netns_host_ip(struct in6_addr *ret)
{
	/* connect(2) of a datagram socket only looks the route up; the address is never sent to. */
	const struct in6_addr somewhere = addr_from_v4(0xc0000009); /* 192.0.0.9, global anycast */
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&somewhere, 9, &ss);
	uint16_t port;

	if (fd < 0 || connect(fd, (const struct sockaddr *)(const void *)&ss, len) < 0)
		return false;
	len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)(void *)&ss, &len) < 0 ||
	    addr_from_sockaddr(&ss, ret, &port) < 0)
		return false;
	return addr_is_routable(ret);
}

static int rtnl_open(uint32_t groups, struct err *e)
{
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = groups};
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)(void *)&sa, sizeof(sa)) < 0)
		return err_sys(e, errno, "network: netlink socket");
	return take_fd(&fd);
}

int netns_watch_host(struct err *e)
{
	return rtnl_open(RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_LINK, e);
}

void netns_drain(int fd)
{
	char buf[4096];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) > 0 || errno == ENOBUFS)
		;
}

/* Inside a new namespace: the functions of the vfork children */

struct sysctl {
	const char *path, *value;
	bool required;
};

static const struct sysctl holder_sysctls[] = {
	{"ipv4/ip_forward", "1", true},
	{"ipv4/conf/all/rp_filter", "0", false}, /* a new namespace may start from the host's */
	{"ipv4/conf/default/rp_filter", "0", false},
	{"ipv4/ip_unprivileged_port_start", "0", false},
	{"ipv6/conf/all/disable_ipv6", "0", false},
	{"ipv6/conf/default/disable_ipv6", "0", false},
	{"ipv6/conf/default/accept_dad", "0", false},
	{"ipv6/conf/default/accept_ra", "0", false},
	{"ipv6/conf/all/forwarding", "1", false},
};

static const struct sysctl pod_sysctls[] = {
	{"ipv4/ip_unprivileged_port_start", "0", false},
	{"ipv4/conf/all/rp_filter", "0", false},
	{"ipv4/conf/default/rp_filter", "0", false},
	{"ipv6/conf/all/disable_ipv6", "0", false},
	{"ipv6/conf/default/disable_ipv6", "0", false},
	{"ipv6/conf/default/accept_dad", "0", false},
	{"ipv6/conf/default/accept_ra", "0", false},
};

static int sysctl_write(const struct sysctl *s, struct err *e)
{
	char path[96];
	autoclose int fd = -1;
	size_t len = strlen(s->value);

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s", s->path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, s->value, len) == (ssize_t)len)
		return 0;
	if (!s->required)
		return 0;
	(void)err_sys(e, errno, "network: write %s to %s", s->value, path);
	return errno == EROFS
	               ? err_hint(
				 e,
				 "/proc/sys is read-only: this is a nested container whose outer one must unmask /proc")
	               : -1;
}

static int sysctl_all(const struct sysctl *s, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (sysctl_write(&s[i], e) < 0)
			return -1;
	return 0;
}

static int loopback_up(struct err *e)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return err_sys(e, errno, "network: loopback up");
	return 0;
}

static int make_tap(struct err *e)
{
	autoclose int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq ifr = {.ifr_name = "tap0", .ifr_flags = IFF_TAP | IFF_NO_PI};

	if (fd < 0)
		return err_sys(e, errno, "network: /dev/net/tun");
	/* Persistent: the uplink only attaches, so it can be restarted without touching anything.
	 */
	if (ioctl(fd, TUNSETIFF, &ifr) < 0 || ioctl(fd, TUNSETPERSIST, 1) < 0)
		return err_sys(e, errno, "network: make tap0");
	return 0;
}

struct inside {
	bool tap;
	int rtnl, links, nft;
	const char *hostname;
	bool own_net, own_uts;
};

static int holder_inside(void *arg, struct err *e)
{
	struct inside *in = arg;

	if (sysctl_all(holder_sysctls, ARRAY_LEN(holder_sysctls), e) < 0 || loopback_up(e) < 0)
		return -1;
	if (in->tap && make_tap(e) < 0)
		return -1;
	in->rtnl = rtnl_open(0, e);
	if (in->rtnl < 0)
		return -1;
	in->links = rtnl_open(RTMGRP_LINK, e);
	if (in->links < 0)
		return -1;
	in->nft = nft_open();
	return 0;
}

static int pod_inside(void *arg, struct err *e)
{
	struct inside *in = arg;

	if (in->own_uts && sethostname(in->hostname, strlen(in->hostname)) < 0)
		return err_sys(e, errno, "set hostname \"%s\"", in->hostname);
	if (!in->own_net)
		return 0;
	if (sysctl_all(pod_sysctls, ARRAY_LEN(pod_sysctls), e) < 0 || loopback_up(e) < 0)
		return -1;
	in->rtnl = rtnl_open(0, e);
	return in->rtnl < 0 ? -1 : 0;
}

/* The holder */

static int make_bridge(struct nl_sock *sk, struct err *e)
{
	struct nl_addr *ll = rt_mac(SUBNET_GATEWAY);
	struct rtnl_link *link = rtnl_link_alloc();
	int r;

	rtnl_link_set_name(link, "kp0");
	r = rtnl_link_set_type(link, "bridge");
	rtnl_link_set_mtu(link, NETNS_MTU);
	rtnl_link_set_addr(link, ll);
	rtnl_link_set_flags(link, IFF_UP);
	if (r >= 0)
		r = rtnl_link_add(sk, link, NLM_F_CREATE | NLM_F_EXCL);
	nl_addr_put(ll);
	rtnl_link_put(link);
	return r < 0 ? rt_fail(e, r, "make the bridge") : rt_find(sk, "kp0", e);
}

/* Without a bridge the pods will live in the holder: their addresses, and the gateway's, go to its
 * loopback. */
static int find_topology(struct holder *h, struct err *e)
{
	struct err why = {0};

	h->bridge = h->nft && !h->shared ? make_bridge(h->sk, &why) : -1;
	if (h->bridge >= 0)
		return 0;
	if (h->nft && !h->shared && why.sys != EOPNOTSUPP) {
		*e = why;
		return -1;
	}
	h->shared = true;
	h->bridge = LO;
	return 0;
}

static int wire_shared_holder(struct holder *h, const struct subnets *s, struct err *e)
{
	struct in6_addr gw = addr_nth(&s->pods, SUBNET_GATEWAY);

	return rt_address(h->sk, LO, &gw, 32, e);
}

static int wire_tap(struct holder *h, const struct subnets *s, struct err *e)
{
	struct in6_addr self = addr_nth(&s->tap, SUBNET_TAP_SELF);
	struct in6_addr gw = addr_nth(&s->tap, SUBNET_TAP_GATEWAY);
	struct rt_route out = {.to = {addr_from_v4(0), 96},
	                       .via = &gw,
	                       .table = RT_TABLE_MAIN,
	                       .type = RTN_UNICAST};

	h->tap = rt_find(h->sk, "tap0", e);
	if (h->tap < 0)
		return -1;
	out.ifindex = h->tap;
	if (rt_up(h->sk, h->tap, NETNS_MTU, e) < 0 ||
	    rt_address(h->sk, h->tap, &self, addr_prefix_bits(&s->tap), e) < 0)
		return -1;
	return rt_route(h->sk, &out, e);
}

static int wire_bridge(struct holder *h, const struct subnets *s, struct err *e)
{
	const struct rt_route back[] = {
		{.to = {addr_from_v4(0), 96},
	         .ifindex = LO,
	         .table = NETNS_TABLE,
	         .type = RTN_LOCAL},
		{.to = {IN6ADDR_ANY_INIT, 0},
	         .ifindex = LO,
	         .table = NETNS_TABLE,
	         .type = RTN_LOCAL},
	};
	struct in6_addr gw = addr_nth(&s->pods, SUBNET_GATEWAY);
	struct in6_addr gw6 = addr_nth(&s->pods6, SUBNET_GATEWAY);
	struct err v6 = {0};

	if (rt_address(h->sk, h->bridge, &gw, addr_prefix_bits(&s->pods), e) < 0 ||
	    rt_rule(h->sk, AF_INET, e) < 0 || rt_route(h->sk, &back[0], e) < 0)
		return -1;
	/* A kernel without IPv6 is fine: pods have IPv4 only, then. */
	if (rt_address(h->sk, h->bridge, &gw6, addr_prefix_bits(&s->pods6), &v6) < 0 ||
	    rt_rule(h->sk, AF_INET6, &v6) < 0 || rt_route(h->sk, &back[1], &v6) < 0)
		log_debug("no IPv6 for pods: %s", v6.msg);
	return 0;
}

int holder_make(struct holder *h, bool with_tap, struct err *e)
{
	struct inside in = {.tap = with_tap, .rtnl = -1, .links = -1, .nft = -1};
	struct ns_set ns;

	if (ns_make(CLONE_NEWNET, holder_inside, &in, &ns, e) < 0) {
		close_fd(&in.rtnl);
		close_fd(&in.links);
		return err_wrap(e, "network namespace of the project");
	}
	*h = (struct holder){
		.ns = ns,
		.links = in.links,
		.nft = in.nft >= 0,
		.nft_fd = in.nft,
		.tap = with_tap,
		.shared = h->shared,
	};
	h->sk = rt_adopt(in.rtnl, e);
	if (!h->sk || find_topology(h, e) < 0) {
		holder_done(h);
		return -1;
	}
	return 0;
}

int holder_wire(struct holder *h, const struct subnets *s, struct err *e)
{
	if (h->shared ? wire_shared_holder(h, s, e) < 0 : wire_bridge(h, s, e) < 0)
		return -1;
	return h->tap ? wire_tap(h, s, e) : 0;
}

void holder_listen_links(struct holder *h, bool on)
{
	int group = RTNLGRP_LINK;

	netns_drain(h->links);
	(void)setsockopt(h->links, SOL_NETLINK,
	                 on ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group,
	                 sizeof(group));
}

int holder_tap_up(struct holder *h)
{
	union {
		struct nlmsghdr h;
		char buf[16384];
	} m;
	int up = 0;

	for (;;) {
		ssize_t n = recv(h->links, &m, sizeof(m), MSG_DONTWAIT);
		const char *at = m.buf, *end = m.buf + n;

		if (n < 0 && errno == ENOBUFS)
			continue;
		if (n <= 0)
			return up;
		while (end - at >= (ssize_t)NLMSG_LENGTH(sizeof(struct ifinfomsg))) {
			const struct nlmsghdr *nh = (const void *)at;
			const struct ifinfomsg *ifi = (const void *)(at + NLMSG_HDRLEN);
			const unsigned both = IFF_UP | IFF_RUNNING;

			if (nh->nlmsg_len < sizeof(*nh) || nh->nlmsg_len > (size_t)(end - at))
				break;
			if (nh->nlmsg_type == RTM_NEWLINK && ifi->ifi_index == h->tap)
				up = (ifi->ifi_flags & both) == both;
			at += NLMSG_ALIGN(nh->nlmsg_len);
		}
	}
}

void holder_done(struct holder *h)
{
	if (h->sk)
		nl_socket_free(h->sk);
	h->sk = NULL;
	if (h->links > 0)
		close_fd(&h->links);
	if (h->nft_fd > 0)
		close_fd(&h->nft_fd);
	ns_close(&h->ns);
}

/* Pods */

static int make_veth(struct holder *h, uint32_t number, int net_fd, struct err *e)
{
	struct rtnl_link *link = rtnl_link_veth_alloc(), *peer;
	struct nl_addr *ll = rt_mac(number);
	char name[IFNAMSIZ];
	int r;

	if (!link)
		return err_sys(e, ENOMEM, "network: veth");
	(void)snprintf(name, sizeof(name), "kp%u", number);
	rtnl_link_set_name(link, name);
	rtnl_link_set_mtu(link, NETNS_MTU);
	rtnl_link_set_master(link, h->bridge);
	rtnl_link_set_flags(link, IFF_UP);
	peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(peer, "eth0");
	rtnl_link_set_mtu(peer, NETNS_MTU); /* it cannot be up before its other end exists */
	rtnl_link_set_addr(peer, ll);
	rtnl_link_set_ns_fd(peer, net_fd);
	r = rtnl_link_add(h->sk, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(peer);
	rtnl_link_veth_release(link);
	nl_addr_put(ll);
	return r < 0 ? rt_fail(e, r, "make the pod's link") : 0;
}

static int address_pod(struct nl_sock *sk, const struct subnets *s, uint32_t number, struct err *e)
{
	const struct in6_addr ip = addr_nth(&s->pods, number), ip6 = addr_nth(&s->pods6, number);
	const struct in6_addr gw = addr_nth(&s->pods, SUBNET_GATEWAY);
	const struct in6_addr gw6 = addr_nth(&s->pods6, SUBNET_GATEWAY);
	struct rt_route out = {.to = {addr_from_v4(0), 96},
	                       .via = &gw,
	                       .table = RT_TABLE_MAIN,
	                       .type = RTN_UNICAST};
	struct rt_route out6 = {.to = {IN6ADDR_ANY_INIT, 0},
	                        .via = &gw6,
	                        .table = RT_TABLE_MAIN,
	                        .type = RTN_UNICAST};
	struct err v6 = {0};

	out.ifindex = out6.ifindex = rt_find(sk, "eth0", e);
	if (out.ifindex < 0 || rt_up(sk, out.ifindex, 0, e) < 0 ||
	    rt_address(sk, out.ifindex, &ip, addr_prefix_bits(&s->pods), e) < 0 ||
	    rt_route(sk, &out, e) < 0)
		return -1;
	if (rt_address(sk, out.ifindex, &ip6, addr_prefix_bits(&s->pods6), &v6) < 0 ||
	    rt_route(sk, &out6, &v6) < 0)
		log_debug("no IPv6 for a pod: %s", v6.msg);
	return 0;
}

static int wire_shared(struct holder *h, const struct subnets *s, uint32_t number, struct err *e)
{
	const struct in6_addr ip = addr_nth(&s->pods, number);

	return rt_address(h->sk, LO, &ip, 32, e);
}

int pod_ns_wire(struct holder *h, const struct subnets *s, uint32_t number, int net_fd, int *rtnl,
                struct err *e)
{
	struct nl_sock *sk;
	int r;

	if (h->shared)
		return wire_shared(h, s, number, e);
	if (make_veth(h, number, net_fd, e) < 0)
		return -1;
	sk = rt_adopt(take_fd(rtnl), e);
	if (!sk)
		return -1;
	r = address_pod(sk, s, number, e);
	nl_socket_free(sk);
	return r;
}

int pod_ns_make(const struct holder *h, const struct pod_ns *p, struct ns_set *ret, int *ret_rtnl,
                struct err *e)
{
	bool shared = p->wired && h->shared;
	struct inside in = {.rtnl = -1,
	                    .links = -1,
	                    .hostname = p->hostname,
	                    .own_net = p->own_net && !shared,
	                    .own_uts = p->own_uts};
	int flags =
		CLONE_NEWIPC | (in.own_net ? CLONE_NEWNET : 0) | (p->own_uts ? CLONE_NEWUTS : 0);

	if (ns_make(flags, pod_inside, &in, ret, e) < 0) {
		close_fd(&in.rtnl);
		return -1;
	}
	*ret_rtnl = in.rtnl;
	return 0;
}

void pod_ns_unwire(struct holder *h, const struct subnets *s, uint32_t number)
{
	if (!h->sk)
		return;
	if (h->shared) {
		const struct in6_addr ip = addr_nth(&s->pods, number);
		struct rtnl_addr *ra = rtnl_addr_alloc();
		struct nl_addr *local = rt_addr(&ip, 32);

		rtnl_addr_set_ifindex(ra, LO);
		(void)rtnl_addr_set_local(ra, local);
		(void)rtnl_addr_delete(h->sk, ra, 0);
		nl_addr_put(local);
		rtnl_addr_put(ra);
	} else {
		struct rtnl_link *link = rtnl_link_alloc();
		char name[IFNAMSIZ];

		(void)snprintf(name, sizeof(name), "kp%u", number);
		rtnl_link_set_name(link, name);
		(void)rtnl_link_delete(h->sk, link);
		rtnl_link_put(link);
	}
}

struct nets {
	const int *fds;
	size_t count;
};

static int ping_range(void *arg, struct err *e)
{
	/* As containerd: everyone whose group is mapped. Where only one id is, nobody else exists.
	 */
	static const struct sysctl all = {"ipv4/ping_group_range", "0 65535", true};
	static const struct sysctl one = {"ipv4/ping_group_range", "0 0", false};
	const struct nets *n = arg;

	for (size_t i = 0; i < n->count; i++) {
		struct err ignored = {0};

		if (setns(n->fds[i], CLONE_NEWNET) < 0)
			return err_sys(e, errno, "join a pod's network namespace");
		if (sysctl_write(&all, &ignored) < 0)
			(void)sysctl_write(&one, e);
	}
	return 0;
}

int pod_ns_after_map(const int *net_fds, size_t count, struct err *e)
{
	struct nets n = {net_fds, count};

	return count ? ns_join_run(net_fds[0], CLONE_NEWNET, ping_range, &n, e) : 0;
}
