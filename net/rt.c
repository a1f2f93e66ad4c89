/* SPDX-License-Identifier: Apache-2.0 */
/* rt.c - see rt.h */
#include "net/rt.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>

#include "net/netns.h"
#include "net/nft.h"

enum { RULE_PRIORITY = 100 };

int rt_fail(struct err *e, int r, const char *what)
{
	int num = r == -NLE_OPNOTSUPP ? EOPNOTSUPP : r == -NLE_EXIST ? EEXIST : 0;

	(void)err_set(e, ERR_HOST, "network: %s: %s", what, nl_geterror(r));
	e->sys = num;
	return -1;
}

struct nl_sock *rt_adopt(int fd, struct err *e)
{
	struct nl_sock *sk = nl_socket_alloc();
	int r;

	if (!sk) {
		(void)err_sys(e, ENOMEM, "network: netlink");
		close_fd(&fd);
		return NULL;
	}
	r = nl_socket_set_fd(sk, NETLINK_ROUTE, fd);
	if (r < 0) {
		(void)rt_fail(e, r, "netlink socket");
		close_fd(&fd);
		nl_socket_free(sk);
		return NULL;
	}
	return sk;
}

struct nl_addr *rt_addr(const struct in6_addr *a, int bits)
{
	bool v4 = addr_is_v4(a);
	/* libnl only copies from it */
	struct nl_addr *n = nl_addr_build(v4 ? AF_INET : AF_INET6,
	                                  v4 ? &a->s6_addr[12] : a->s6_addr, v4 ? 4 : 16);

	if (!n)
		abort();
	nl_addr_set_prefixlen(n, bits);
	return n;
}

int rt_address(struct nl_sock *sk, int ifindex, const struct in6_addr *a, int bits, struct err *e)
{
	struct rtnl_addr *ra = rtnl_addr_alloc();
	struct nl_addr *local = rt_addr(a, bits);
	int r;

	rtnl_addr_set_ifindex(ra, ifindex);
	(void)rtnl_addr_set_local(ra, local);
	if (!addr_is_v4(a))
		rtnl_addr_set_flags(ra, IFA_F_NODAD);
	r = rtnl_addr_add(sk, ra, NLM_F_REPLACE);
	nl_addr_put(local);
	rtnl_addr_put(ra);
	return r < 0 ? rt_fail(e, r, "add an address") : 0;
}

int rt_route(struct nl_sock *sk, const struct rt_route *w, struct err *e)
{
	struct rtnl_route *ro = rtnl_route_alloc();
	struct rtnl_nexthop *nh = rtnl_route_nh_alloc();
	struct nl_addr *dst = rt_addr(&w->to.net, addr_prefix_bits(&w->to));
	struct nl_addr *via = w->via ? rt_addr(w->via, addr_is_v4(w->via) ? 32 : 128) : NULL;
	int r;

	(void)rtnl_route_set_family(ro, addr_is_v4(&w->to.net) ? AF_INET : AF_INET6);
	(void)rtnl_route_set_dst(ro, dst);
	rtnl_route_set_table(ro, w->table);
	(void)rtnl_route_set_type(ro, w->type);
	rtnl_route_set_protocol(ro, RTPROT_STATIC);
	rtnl_route_set_scope(ro, w->type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE);
	rtnl_route_nh_set_ifindex(nh, w->ifindex);
	if (via)
		rtnl_route_nh_set_gateway(nh, via);
	rtnl_route_add_nexthop(ro, nh);
	r = rtnl_route_add(sk, ro, NLM_F_REPLACE);
	nl_addr_put(dst);
	nl_addr_put(via);
	rtnl_route_put(ro);
	return r < 0 ? rt_fail(e, r, "add a route") : 0;
}

int rt_rule(struct nl_sock *sk, int family, struct err *e)
{
	struct rtnl_rule *ru = rtnl_rule_alloc();
	int r;

	rtnl_rule_set_family(ru, family);
	rtnl_rule_set_prio(ru, RULE_PRIORITY);
	rtnl_rule_set_mark(ru, NFT_MARK);
	rtnl_rule_set_table(ru, NETNS_TABLE);
	rtnl_rule_set_action(ru, FR_ACT_TO_TBL);
	r = rtnl_rule_add(sk, ru, NLM_F_EXCL);
	rtnl_rule_put(ru);
	return r < 0 ? rt_fail(e, r, "add a rule") : 0;
}

int rt_find(struct nl_sock *sk, const char *name, struct err *e)
{
	struct rtnl_link *link = NULL;
	int r = rtnl_link_get_kernel(sk, 0, name, &link), index;

	if (r < 0) {
		(void)err_set(e, ERR_HOST, "network: look for %s: %s", name, nl_geterror(r));
		return -1;
	}
	index = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	return index;
}

int rt_up(struct nl_sock *sk, int index, unsigned mtu, struct err *e)
{
	struct rtnl_link *old = rtnl_link_alloc(), *change = rtnl_link_alloc();
	int r;

	rtnl_link_set_ifindex(old, index);
	rtnl_link_set_flags(change, IFF_UP);
	if (mtu)
		rtnl_link_set_mtu(change, mtu);
	r = rtnl_link_change(sk, old, change, 0);
	rtnl_link_put(old);
	rtnl_link_put(change);
	return r < 0 ? rt_fail(e, r, "set a link up") : 0;
}

/* An address on the wire goes with the number, so a replaced pod is found by what others cached. */
struct nl_addr *rt_mac(uint32_t number)
{
	const uint8_t mac[6] = {0x02, 'k', 'p', 0, (uint8_t)(number >> 8), (uint8_t)number};
	struct nl_addr *ll = nl_addr_build(AF_LLC, mac, sizeof(mac));

	if (!ll)
		abort();
	return ll;
}
