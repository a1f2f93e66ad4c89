/* SPDX-License-Identifier: Apache-2.0
 *
 * dnsd ADDRESS: the name server of the tests' little network, UDP and TCP on port 53 of ADDRESS.
 * Knows upstream.test (A 203.0.113.5, AAAA 2001:db8::5), big.upstream.test (60 addresses: too long
 * for UDP, so TC there) and silent.upstream.test (no answer at all); for all else NXDOMAIN.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

/* Turns the query in b (n bytes, room for 4096) into its answer; 0: stay silent. */
static size_t answer(unsigned char *b, size_t n, size_t limit)
{
	char name[256] = "";
	size_t p = 12, len = 0;
	unsigned count = 0, type, rcode = 0;

	if (n < 17 || b[4] != 0 || b[5] != 1)
		return 0;
	while (p < n && b[p]) {
		size_t l = b[p++];
		if (l > 63 || p + l >= n || len + l + 2 > sizeof name)
			return 0;
		memcpy(name + len, b + p, l);
		len += l;
		name[len++] = '.';
		p += l;
	}
	name[len] = '\0';
	if (p + 5 > n)
		return 0;
	type = (unsigned)b[p + 1] << 8 | b[p + 2];
	p += 5;
	if (!strcasecmp(name, "silent.upstream.test."))
		return 0;
	if (!strcasecmp(name, "upstream.test."))
		count = type == 1 || type == 28;
	else if (!strcasecmp(name, "big.upstream.test."))
		count = type == 1 ? 60 : 0;
	else
		rcode = 3;
	size_t end = p;
	for (unsigned i = 0; i < count; i++) {
		put16(b + end, 0xc00c);
		put16(b + end + 2, type);
		put16(b + end + 4, 1);
		memcpy(b + end + 6, "\0\0\0\36", 4);
		if (type == 28) {
			put16(b + end + 10, 16);
			inet_pton(AF_INET6, "2001:db8::5", b + end + 12);
			end += 28;
		} else {
			put16(b + end + 10, 4);
			inet_pton(AF_INET, "203.0.113.5", b + end + 12);
			b[end + 15] = (unsigned char)(b[end + 15] + i);
			end += 16;
		}
	}
	b[2] = (unsigned char)(0x84 | (b[2] & 1));
	b[3] = (unsigned char)(0x80 | rcode);
	put16(b + 6, count);
	put16(b + 8, 0);
	put16(b + 10, 0);
	if (end > limit) {
		b[2] |= 2;
		put16(b + 6, 0);
		return p;
	}
	return end;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};
	unsigned char b[4098];
	int one = 1, u = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 2 || inet_pton(AF_INET, argv[1], &a.sin_addr) != 1)
		return 2;
	setsockopt(t, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(u, (void *)&a, sizeof a) || bind(t, (void *)&a, sizeof a) || listen(t, 64)) {
		fprintf(stderr, "dnsd: %s\n", strerror(errno));
		return 1;
	}
	struct pollfd p[2] = {{.fd = u, .events = POLLIN}, {.fd = t, .events = POLLIN}};
	while (poll(p, 2, -1) > 0) {
		struct sockaddr_in from;
		socklen_t len = sizeof from;

		if (p[0].revents) {
			ssize_t n = recvfrom(u, b + 2, 1024, 0, (void *)&from, &len);
			size_t r = n > 0 ? answer(b + 2, (size_t)n, 512) : 0;
			if (r)
				sendto(u, b + 2, r, 0, (void *)&from, len);
		}
		if (p[1].revents) {
			int c = accept(t, NULL, NULL);
			struct timeval tv = {.tv_sec = 1};
			setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
			ssize_t n = recv(c, b, 2, MSG_WAITALL);
			if (n == 2 && (n = recv(c, b + 2, ((size_t)b[0] << 8 | b[1]) & 1023,
			                        MSG_WAITALL)) > 0) {
				size_t r = answer(b + 2, (size_t)n, 4096);
				put16(b, (unsigned)r);
				if (r && send(c, b, r + 2, MSG_NOSIGNAL) < 0)
					fprintf(stderr, "dnsd: %s\n", strerror(errno));
			}
			close(c);
		}
	}
	return 1;
}
