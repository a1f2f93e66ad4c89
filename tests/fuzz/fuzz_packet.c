/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_packet.c - DNS messages: the first half is the query of a pod, the second an upstream's
 * reply */
#include "net/dns.h"
#include "net/resolv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct in6_addr ip = addr_from_v4(0x0af40002), ip6 = {.s6_addr = {0xfd, 0, [15] = 2}};
	size_t half = size / 2, n;
	struct dns_names names = {0};
	uint8_t out[DNS_MAX_OWN];
	struct dns_query q;
	struct resolv r;
	int code;

	(void)dns_names_add(&names, "web", 1, &ip, &ip6);
	dns_search_add(&names, "corp.example");
	for (size_t len = half; len <= size; len += half ? half : size + 1) {
		code = dns_parse(data, len, &q);
		if (code == 0) {
			n = dns_answer(&names, data, &q, out, sizeof(out));
			if (n > sizeof(out) || (n && !dns_matches(data, len, out, n)))
				abort();
		}
		if (code >= 0) {
			n = dns_refuse(data, len, &q, DNS_SERVFAIL, out, sizeof(out));
			if (n > sizeof(out))
				abort();
		}
	}
	(void)dns_matches(data, half, data + half, size - half);
	dns_names_done(&names);
	resolv_parse((const char *)data, size, &r);
	free(resolv_render(&r, "10.244.0.1"));
	resolv_done(&r);
	return 0;
}
