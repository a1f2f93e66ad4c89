/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft.c - see nft.h
 *
 * Theory of operation: one batch of netlink messages makes two tables. As nft(8) would print them:
 *
 *   table ip kp {
 *     chain replies { type filter hook prerouting priority mangle
 *       iifname "kp0" meta l4proto tcp socket transparent 1 meta mark set 0x6b70     (udp, icmp
 * too)
 *     }
 *     chain egress { type nat hook postrouting priority srcnat
 *       ip saddr PODS oifname != "kp0" oifname != "lo" masquerade
 *     }
 *     chain closed { type filter hook forward priority filter           (chain own: the same,
 * output) ip daddr GATEWAY accept                                        (if host loopback is
 * wanted) oifname "tap0" ip daddr TAP reject with icmp type admin-prohibited
 *     }
 *   }
 *   table ip6 kp { replies and egress as above, icmpv6 }
 *
 * Replies (and errors) to connections made in a client's name must come to the forwarder, not be
 * routed away; what the uplink does not answer itself it would send to the real network.
 *
 * Numbers in messages are big endian; what a comparison or an assignment holds is the register's
 * bytes as they are. The last rule asks for an acknowledgement: it comes when all is committed, and
 * an error of any message comes before it.
 */
#include "net/nft.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
	BATCH_MAX = 8192,
	PRIORITY_MANGLE = -150,
	PRIORITY_FILTER = 0,
	PRIORITY_SRCNAT = 100,
	ADMIN_PROHIBITED = 13, /* ICMP code */
	REGISTER = NFT_REG_1,
};

/* --- messages ----------------------------------------------------------------------------- */

struct batch {
	_Alignas(struct nlmsghdr) char buf[BATCH_MAX];
	size_t len;
	uint32_t seq;
	struct nlmsghdr *last; /* the message that is being written */
	const char *names[32]; /* of messages, by sequence number: for errors */
};

/* Append, padded with zeroes; the rules are ours and fit. */
static void *put(struct batch *b, const void *data, size_t len)
{
	char *at = b->buf + b->len;

	if (NLMSG_ALIGN(len) > sizeof(b->buf) - b->len)
		abort();
	memset(at, 0, NLMSG_ALIGN(len));
	if (data)
		memcpy(at, data, len);
	b->len += NLMSG_ALIGN(len);
	if (b->last)
		b->last->nlmsg_len = (uint32_t)(b->buf + b->len - (char *)b->last);
	return at;
}

static void put_attr(struct batch *b, int type, const void *data, size_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = (uint16_t)type};

	(void)put(b, &a, sizeof(a));
	if (len)
		(void)put(b, data, len);
}

static void put_text(struct batch *b, int type, const char *text)
{
	put_attr(b, type, text, strlen(text) + 1);
}

static void put_u32(struct batch *b, int type, uint32_t v)
{
	uint32_t be = htonl(v);

	put_attr(b, type, &be, sizeof(be));
}

static struct nlattr *begin(struct batch *b, int type)
{
	struct nlattr a = {.nla_type = (uint16_t)(type | NLA_F_NESTED)};

	return put(b, &a, sizeof(a));
}

static void end(const struct batch *b, struct nlattr *a)
{
	a->nla_len = (uint16_t)(b->buf + b->len - (const char *)a);
}

static void message(struct batch *b, const char *name, int type, int flags, int family, int res_id)
{
	struct nfgenmsg g = {.nfgen_family = (uint8_t)family,
	                     .version = NFNETLINK_V0,
	                     .res_id = htons((uint16_t)res_id)};
	struct nlmsghdr h = {.nlmsg_type = (uint16_t)type,
	                     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
	                     .nlmsg_seq = b->seq};

	if (b->seq >= ARRAY_LEN(b->names))
		abort();
	b->names[b->seq++] = name;
	b->last = NULL;
	b->last = put(b, &h, sizeof(h));
	(void)put(b, &g, sizeof(g));
}

static void nft_message(struct batch *b, const char *name, int type, int flags, int family)
{
	message(b, name, NFNL_SUBSYS_NFTABLES << 8 | type, flags, family, 0);
}

/* --- expressions -------------------------------------------------------------------------- */

struct expr {
	struct nlattr *elem, *data;
};

static struct expr expr_begin(struct batch *b, const char *name)
{
	struct expr x = {.elem = begin(b, NFTA_LIST_ELEM)};

	put_text(b, NFTA_EXPR_NAME, name);
	x.data = begin(b, NFTA_EXPR_DATA);
	return x;
}

static void expr_end(const struct batch *b, struct expr x)
{
	end(b, x.data);
	end(b, x.elem);
}

static void put_value(struct batch *b, int type, const void *data, size_t len)
{
	struct nlattr *a = begin(b, type);

	put_attr(b, NFTA_DATA_VALUE, data, len);
	end(b, a);
}

static void get_meta(struct batch *b, uint32_t key)
{
	struct expr x = expr_begin(b, "meta");

	put_u32(b, NFTA_META_KEY, key);
	put_u32(b, NFTA_META_DREG, REGISTER);
	expr_end(b, x);
}

static void compare(struct batch *b, uint32_t op, const void *data, size_t len)
{
	struct expr x = expr_begin(b, "cmp");

	put_u32(b, NFTA_CMP_SREG, REGISTER);
	put_u32(b, NFTA_CMP_OP, op);
	put_value(b, NFTA_CMP_DATA, data, len);
	expr_end(b, x);
}

static void if_link(struct batch *b, uint32_t key, uint32_t op, const char *link)
{
	char name[IFNAMSIZ] = "";

	(void)snprintf(name, sizeof(name), "%s", link);
	get_meta(b, key);
	compare(b, op, name, sizeof(name));
}

static void if_protocol(struct batch *b, uint8_t protocol)
{
	get_meta(b, NFT_META_L4PROTO);
	compare(b, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

/* The bits of an address at this offset of the network header are those of a prefix. */
static void if_address(struct batch *b, uint32_t offset, const struct addr_prefix *p)
{
	bool v4 = addr_is_v4(&p->net);
	const uint8_t *net = p->net.s6_addr + (v4 ? 12 : 0), zero[16] = {0};
	uint32_t len = v4 ? 4 : 16;
	uint8_t mask[16] = {0};
	struct expr x;

	for (int i = 0; i < addr_prefix_bits(p); i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	x = expr_begin(b, "payload");
	put_u32(b, NFTA_PAYLOAD_DREG, REGISTER);
	put_u32(b, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put_u32(b, NFTA_PAYLOAD_OFFSET, offset);
	put_u32(b, NFTA_PAYLOAD_LEN, len);
	expr_end(b, x);
	x = expr_begin(b, "bitwise");
	put_u32(b, NFTA_BITWISE_SREG, REGISTER);
	put_u32(b, NFTA_BITWISE_DREG, REGISTER);
	put_u32(b, NFTA_BITWISE_LEN, len);
	put_value(b, NFTA_BITWISE_MASK, mask, len);
	put_value(b, NFTA_BITWISE_XOR, zero, len);
	expr_end(b, x);
	compare(b, NFT_CMP_EQ, net, len);
}

static void if_transparent(struct batch *b)
{
	struct expr x = expr_begin(b, "socket");
	uint8_t yes = 1;

	put_u32(b, NFTA_SOCKET_KEY, NFT_SOCKET_TRANSPARENT);
	put_u32(b, NFTA_SOCKET_DREG, REGISTER);
	expr_end(b, x);
	compare(b, NFT_CMP_EQ, &yes, sizeof(yes));
}

static void set_mark(struct batch *b, uint32_t mark)
{
	struct expr x = expr_begin(b, "immediate");

	put_u32(b, NFTA_IMMEDIATE_DREG, REGISTER);
	put_value(b, NFTA_IMMEDIATE_DATA, &mark, sizeof(mark));
	expr_end(b, x);
	x = expr_begin(b, "meta");
	put_u32(b, NFTA_META_KEY, NFT_META_MARK);
	put_u32(b, NFTA_META_SREG, REGISTER);
	expr_end(b, x);
}

static void accept_it(struct batch *b)
{
	struct expr x = expr_begin(b, "immediate");
	struct nlattr *data, *verdict;

	put_u32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = begin(b, NFTA_IMMEDIATE_DATA);
	verdict = begin(b, NFTA_DATA_VERDICT);
	put_u32(b, NFTA_VERDICT_CODE, NF_ACCEPT);
	end(b, verdict);
	end(b, data);
	expr_end(b, x);
}

static void masquerade(struct batch *b)
{
	expr_end(b, expr_begin(b, "masq"));
}

static void reject(struct batch *b)
{
	struct expr x = expr_begin(b, "reject");
	uint8_t code = ADMIN_PROHIBITED;

	put_u32(b, NFTA_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH);
	put_attr(b, NFTA_REJECT_ICMP_CODE, &code, sizeof(code));
	expr_end(b, x);
}

/* --- tables, chains, rules ---------------------------------------------------------------- */

static const char table_name[] = "kp";

static void add_table(struct batch *b, int family)
{
	nft_message(b, "table kp", NFT_MSG_NEWTABLE, NLM_F_CREATE, family);
	put_text(b, NFTA_TABLE_NAME, table_name);
}

static void add_chain(struct batch *b, int family, const char *name, const char *type,
                      uint32_t hook, int priority)
{
	struct nlattr *a;

	nft_message(b, name, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family);
	put_text(b, NFTA_CHAIN_TABLE, table_name);
	put_text(b, NFTA_CHAIN_NAME, name);
	a = begin(b, NFTA_CHAIN_HOOK);
	put_u32(b, NFTA_HOOK_HOOKNUM, hook);
	put_u32(b, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	end(b, a);
	put_u32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
	put_text(b, NFTA_CHAIN_TYPE, type);
}

static struct nlattr *rule_begin(struct batch *b, int family, const char *chain)
{
	nft_message(b, chain, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family);
	put_text(b, NFTA_RULE_TABLE, table_name);
	put_text(b, NFTA_RULE_CHAIN, chain);
	return begin(b, NFTA_RULE_EXPRESSIONS);
}

static void add_replies(struct batch *b, int family)
{
	const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP,
	                             family == NFPROTO_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP};

	add_chain(b, family, "replies", "filter", NF_INET_PRE_ROUTING, PRIORITY_MANGLE);
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		struct nlattr *rule = rule_begin(b, family, "replies");

		if_link(b, NFT_META_IIFNAME, NFT_CMP_EQ, "kp0");
		if_protocol(b, protocols[i]);
		if_transparent(b);
		set_mark(b, NFT_MARK);
		end(b, rule);
	}
}

static void add_egress(struct batch *b, int family, const struct addr_prefix *pods)
{
	enum { SOURCE_V4 = 12, SOURCE_V6 = 8 };
	struct nlattr *rule;

	add_chain(b, family, "egress", "nat", NF_INET_POST_ROUTING, PRIORITY_SRCNAT);
	rule = rule_begin(b, family, "egress");
	if_address(b, family == NFPROTO_IPV6 ? SOURCE_V6 : SOURCE_V4, pods);
	if_link(b, NFT_META_OIFNAME, NFT_CMP_NEQ, "kp0");
	if_link(b, NFT_META_OIFNAME, NFT_CMP_NEQ, "lo");
	masquerade(b);
	end(b, rule);
}

static void add_closed(struct batch *b, const char *chain, uint32_t hook, const struct subnets *s,
                       bool host_loopback)
{
	enum { DESTINATION_V4 = 16 };
	const struct addr_prefix gateway = {addr_nth(&s->tap, SUBNET_TAP_GATEWAY), 128};
	struct nlattr *rule;

	add_chain(b, NFPROTO_IPV4, chain, "filter", hook, PRIORITY_FILTER);
	if (host_loopback) {
		rule = rule_begin(b, NFPROTO_IPV4, chain);
		if_address(b, DESTINATION_V4, &gateway);
		accept_it(b);
		end(b, rule);
	}
	rule = rule_begin(b, NFPROTO_IPV4, chain);
	if_link(b, NFT_META_OIFNAME, NFT_CMP_EQ, "tap0");
	if_address(b, DESTINATION_V4, &s->tap);
	reject(b);
	end(b, rule);
}

static void write_batch(struct batch *b, const struct subnets *s, bool host_loopback)
{
	const int nft = NFNL_SUBSYS_NFTABLES;

	message(b, "begin", NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, nft);
	add_table(b, NFPROTO_IPV6);
	add_replies(b, NFPROTO_IPV6);
	add_egress(b, NFPROTO_IPV6, &s->pods6);
	add_table(b, NFPROTO_IPV4);
	add_replies(b, NFPROTO_IPV4);
	add_egress(b, NFPROTO_IPV4, &s->pods);
	add_closed(b, "own", NF_INET_LOCAL_OUT, s, host_loopback);
	add_closed(b, "closed", NF_INET_FORWARD, s, host_loopback);
	b->last->nlmsg_flags |= NLM_F_ACK;
	message(b, "end", NFNL_MSG_BATCH_END, 0, AF_UNSPEC, nft);
}

/* --- the kernel --------------------------------------------------------------------------- */

/* Answers until the acknowledgement of message `last`, or the first error. */
static int read_answer(int fd, const struct batch *b, uint32_t last, struct err *e)
{
	union {
		struct nlmsghdr h;
		char buf[16384];
	} m;

	for (;;) {
		ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT); /* it answered while we sent */
		const char *at = m.buf, *stop = m.buf + n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "packet rules: no answer");
		while (stop - at >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
			const struct nlmsghdr *h = (const void *)at;
			const struct nlmsgerr *answer = (const void *)(at + NLMSG_HDRLEN);
			uint32_t seq = h->nlmsg_seq;

			if (h->nlmsg_type == NLMSG_ERROR && answer->error)
				return err_sys(e, -answer->error, "packet rules: %s",
				               seq < b->seq ? b->names[seq] : "?");
			if (h->nlmsg_type == NLMSG_ERROR && seq == last)
				return 0;
			if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > (size_t)(stop - at))
				break;
			at += NLMSG_ALIGN(h->nlmsg_len);
		}
	}
}

int nft_load(int fd, const struct subnets *s, bool host_loopback, struct err *e)
{
	autofree struct batch *b = xcalloc(1, sizeof(*b));

	write_batch(b, s, host_loopback);
	if (send(fd, b->buf, b->len, 0) != (ssize_t)b->len)
		return err_sys(e, errno, "packet rules");
	return read_answer(fd, b, b->seq - 2, e);
}

int nft_open(void)
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
		return -1;
	n = recv(fd, &reply, sizeof(reply), 0);
	if (n < (ssize_t)sizeof(reply.h) || reply.h.nlmsg_type == NLMSG_ERROR)
		return -1;
	return take_fd(&fd);
}
