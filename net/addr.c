/* SPDX-License-Identifier: Apache-2.0 */
/* addr.c - see addr.h */
#include "net/addr.h"

#include <arpa/inet.h>

#include "pkg/util/str.h"

struct in6_addr addr_from_v4(uint32_t host_order)
{
	struct in6_addr a = {0};
	uint32_t be = htonl(host_order);

	a.s6_addr[10] = a.s6_addr[11] = 0xff;
	memcpy(&a.s6_addr[12], &be, sizeof(be));
	return a;
}

uint32_t addr_to_v4(const struct in6_addr *a)
{
	uint32_t be;

	memcpy(&be, &a->s6_addr[12], sizeof(be));
	return ntohl(be);
}

int addr_parse(const char *text, struct in6_addr *ret)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret = addr_from_v4(ntohl(v4.s_addr));
		return 0;
	}
	return inet_pton(AF_INET6, text, ret) == 1 ? 0 : -1;
}

const char *addr_text(const struct in6_addr *a, char out[ADDR_TEXT_SIZE])
{
	if (addr_is_v4(a))
		(void)inet_ntop(AF_INET, &a->s6_addr[12], out, ADDR_TEXT_SIZE);
	else
		(void)inet_ntop(AF_INET6, a, out, ADDR_TEXT_SIZE);
	return out;
}

int addr_from_sockaddr(const struct sockaddr_storage *ss, struct in6_addr *ret, uint16_t *ret_port)
{
	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)ss;

		*ret = addr_from_v4(ntohl(in->sin_addr.s_addr));
		*ret_port = ntohs(in->sin_port);
		return 0;
	}
	if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)ss;

		*ret = in6->sin6_addr;
		*ret_port = ntohs(in6->sin6_port);
		return 0;
	}
	return -1;
}

socklen_t addr_to_family(const struct in6_addr *a, uint16_t port, int family,
                         struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)(void *)ret;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = htonl(addr_to_v4(a));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ret;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	in6->sin6_addr = *a;
	return sizeof(*in6);
}

socklen_t addr_to_sockaddr(const struct in6_addr *a, uint16_t port, struct sockaddr_storage *ret)
{
	return addr_to_family(a, port, addr_is_v4(a) ? AF_INET : AF_INET6, ret);
}

static bool same_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a->s6_addr, b->s6_addr, bytes) != 0)
		return false;
	if (!rest)
		return true;
	return ((a->s6_addr[bytes] ^ b->s6_addr[bytes]) & (0xff00u >> rest) & 0xffu) == 0;
}

int addr_prefix_parse(const char *text, struct addr_prefix *ret)
{
	const char *slash = strchr(text, '/');
	char ip[ADDR_TEXT_SIZE];
	struct in6_addr a;
	int64_t len;

	if (!slash || (size_t)(slash - text) >= sizeof(ip))
		return -1;
	memcpy(ip, text, (size_t)(slash - text));
	ip[slash - text] = '\0';
	if (addr_parse(ip, &a) < 0 ||
	    str_parse_int(slash + 1, 0, addr_is_v4(&a) ? 32 : 128, &len) < 0)
		return -1;
	*ret = (struct addr_prefix){a, (uint8_t)(addr_is_v4(&a) ? len + 96 : len)};
	return 0;
}

bool addr_prefix_has(const struct addr_prefix *p, const struct in6_addr *a)
{
	return same_bits(&p->net, a, p->len);
}

bool addr_prefix_overlap(const struct addr_prefix *a, const struct addr_prefix *b)
{
	return same_bits(&a->net, &b->net, MIN(a->len, b->len));
}

int addr_prefix_bits(const struct addr_prefix *p)
{
	return addr_is_v4(&p->net) ? p->len - 96 : p->len;
}

struct in6_addr addr_nth(const struct addr_prefix *p, uint32_t n)
{
	struct in6_addr a = p->net;
	uint32_t low = addr_to_v4(&a) + n;

	low = htonl(low);
	memcpy(&a.s6_addr[12], &low, sizeof(low));
	return a;
}

bool addr_is_routable(const struct in6_addr *a)
{
	if (addr_is_v4(a)) {
		uint32_t v4 = addr_to_v4(a);

		return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 16 != 0xa9fe && v4 >> 28 < 0xe;
	}
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) &&
	       !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_V4COMPAT(a);
}
