/* SPDX-License-Identifier: Apache-2.0 */
/* subnet.c - see subnet.h */
#include "net/subnet.h"

enum { MIN_PREFIX4 = 96 + 8, MIN_PREFIX6 = 8, SMALL = 120, LARGE = 112, ULA_TRIES = 256 };

struct range {
	uint32_t first, last; /* host byte order, addresses of networks */
};

#define V4(a, b, c) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8)

/* In order of preference: what people expect first, then the rest of the private space. */
static const struct range pod_ranges[] = {
	{V4(10, 244, 0), V4(10, 244, 255)},  {V4(10, 245, 0), V4(10, 255, 255)},
	{V4(172, 16, 0), V4(172, 31, 255)},  {V4(192, 168, 128), V4(192, 168, 255)},
	{V4(100, 64, 0), V4(100, 127, 255)},
};

static const struct range tap_ranges[] = {
	{V4(10, 0, 2), V4(10, 0, 255)},
	{V4(172, 16, 0), V4(172, 31, 255)},
	{V4(192, 168, 0), V4(192, 168, 127)},
	{V4(100, 64, 0), V4(100, 127, 255)},
};

static bool is_free(const struct addr_prefix *p, const struct addr_prefix *taken, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t min = addr_is_v4(&taken[i].net) ? MIN_PREFIX4 : MIN_PREFIX6;

		if (taken[i].len >= min && addr_prefix_overlap(p, &taken[i]))
			return false;
	}
	return true;
}

static bool find_v4(const struct range *ranges, size_t n, uint8_t len,
                    const struct addr_prefix * not, const struct addr_prefix *taken, size_t count,
                    struct addr_prefix *ret)
{
	uint32_t step = UINT32_C(1) << (128 - len);

	for (size_t i = 0; i < n; i++) {
		for (uint32_t a = ranges[i].first; a <= ranges[i].last; a += step) {
			struct addr_prefix p = {addr_from_v4(a), len};

			if ((not &&addr_prefix_overlap(&p, not )) || !is_free(&p, taken, count))
				continue;
			*ret = p;
			return true;
		}
	}
	return false;
}

static bool find_v6(uint64_t seed, const struct addr_prefix *taken, size_t count,
                    struct addr_prefix *ret)
{
	for (uint64_t i = 0; i < ULA_TRIES; i++) {
		uint32_t id = (uint32_t)(seed + i);
		struct addr_prefix p = {.len = 64};
		const uint8_t head[8] = {0xfd,
		                         0x00,
		                         0x6b,
		                         0x70,
		                         (uint8_t)(id >> 24),
		                         (uint8_t)(id >> 16),
		                         (uint8_t)(id >> 8),
		                         (uint8_t)id};

		memcpy(p.net.s6_addr, head, sizeof(head));
		if (is_free(&p, taken, count)) {
			*ret = p;
			return true;
		}
	}
	return false;
}

int subnet_choose(const struct addr_prefix *taken, size_t count, size_t pods, uint64_t seed,
                  struct subnets *ret, struct err *e)
{
	uint8_t len = pods > 120 ? LARGE : SMALL;
	struct subnets s;

	if (!find_v4(tap_ranges, ARRAY_LEN(tap_ranges), SMALL, NULL, taken, count, &s.tap))
		return err_set(e, ERR_HOST,
		               "no private IPv4 subnet is left for the uplink: the "
		               "host's routes cover all of them");
	if (!find_v4(pod_ranges, ARRAY_LEN(pod_ranges), len, &s.tap, taken, count, &s.pods))
		return err_set(e, ERR_HOST,
		               "no private IPv4 subnet is left for pods: the host's "
		               "routes cover all of them");
	if (!find_v6(seed, taken, count, &s.pods6))
		return err_set(e, ERR_HOST,
		               "the host's routes cover fd00:6b70::/32, which pods use");
	*ret = s;
	return 0;
}

uint32_t subnet_capacity(const struct subnets *s)
{
	return (UINT32_C(1) << (128 - s->pods.len)) - 1 - SUBNET_FIRST_POD;
}
