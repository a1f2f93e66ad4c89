/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests ask a container about itself, in one static program; most of it busybox cannot do.
 * Installed as /bin/probe, and as the setuid-root /bin/suid (which is `probe ids`).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

/* One line of /proc/self/status, without its name. */
static void status(const char *name)
{
	char line[512];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			printf(" %s=%.*s", name, (int)strcspn(line + strlen(name) + 2, "\n"),
			       line + strlen(name) + 2);
	if (f)
		fclose(f);
}

static int ids(char **arg)
{
	uid_t r, e, s;

	(void)arg;
	getresuid(&r, &e, &s);
	printf("ruid=%u euid=%u rgid=%u egid=%u", r, e, getgid(), getegid());
	status("NoNewPrivs");
	status("Seccomp");
	status("CapEff");
	printf("\n");
	return 0;
}

static int groups(char **arg)
{
	gid_t g[256];
	int n = getgroups(256, g);

	(void)arg;
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? " " : "", g[i]);
	printf("\n");
	return 0;
}

/* Open descriptors, one a line: number and what it is. */
static int fds(char **arg)
{
	char path[32], to[256];

	(void)arg;
	for (int fd = 0; fd < 1024; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, to, sizeof to - 1);
		if (n >= 0)
			printf("%d %.*s\n", fd, (int)n, to);
	}
	return 0;
}

/* fsync FILE: append and fsync without end, a number a line; a claim that two holders write to at
 * once shows it. */
static int fsync_loop(char **arg)
{
	int fd = open(arg[0], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		die(arg[0]);
	for (unsigned long i = 0;
	     dprintf(fd, "%s %lu\n", arg[1] ? arg[1] : "x", i) > 0 && !fsync(fd); i++)
		;
	die("write");
	return 1;
}

/* peer PORT: TCP and UDP server that answers each caller with the address it came from, and prints
 * it. */
static int peer(char **arg)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6,
	                         .sin6_port = htons((unsigned short)atoi(arg[0]))};
	int one = 1, t, u, c;
	char name[INET6_ADDRSTRLEN], buf[2048];

	t = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	u = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t < 0 || u < 0)
		die("socket");
	setsockopt(t, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(t, (void *)&a, sizeof a) || bind(u, (void *)&a, sizeof a) || listen(t, 128))
		die("bind");
	printf("listening\n");
	struct pollfd p[2] = {{.fd = t, .events = POLLIN}, {.fd = u, .events = POLLIN}};
	while (poll(p, 2, -1) > 0) {
		struct sockaddr_in6 from;
		socklen_t len = sizeof from;

		if (p[0].revents && (c = accept(t, (void *)&from, &len)) >= 0) {
			const char *s = inet_ntop(AF_INET6, &from.sin6_addr, name, sizeof name);
			s = strncmp(s, "::ffff:", 7) ? s : s + 7;
			printf("tcp %s %u\n", s, ntohs(from.sin6_port));
			dprintf(c, "%s\n", s);
			close(c);
		}
		len = sizeof from;
		if (p[1].revents && recvfrom(u, buf, sizeof buf, 0, (void *)&from, &len) >= 0) {
			const char *s = inet_ntop(AF_INET6, &from.sin6_addr, name, sizeof name);
			s = strncmp(s, "::ffff:", 7) ? s : s + 7;
			printf("udp %s %u\n", s, ntohs(from.sin6_port));
			int n = snprintf(buf, sizeof buf, "%s\n", s);
			sendto(u, buf, (size_t)n, 0, (void *)&from, len);
		}
	}
	die("poll");
	return 1;
}

/* udp ADDRESS PORT: send one datagram, print the answer. */
static int udp(char **arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct timeval tv = {.tv_sec = 3};
	char buf[2048];
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || inet_pton(AF_INET, arg[0], &a.sin_addr) != 1)
		die(arg[0]);
	a.sin_port = htons((unsigned short)atoi(arg[1]));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	if (connect(s, (void *)&a, sizeof a) || send(s, "?", 1, 0) < 0)
		die("send");
	ssize_t n = recv(s, buf, sizeof buf, 0);
	if (n < 0)
		die("recv");
	fwrite(buf, 1, (size_t)n, stdout);
	return 0;
}

/* connect ADDRESS PORT: "open", or why not. */
static int try_connect(char **arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct timeval tv = {.tv_sec = 3};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0 || inet_pton(AF_INET, arg[0], &a.sin_addr) != 1)
		die(arg[0]);
	a.sin_port = htons((unsigned short)atoi(arg[1]));
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	if (connect(s, (void *)&a, sizeof a))
		die("connect");
	printf("open\n");
	return 0;
}

/* abstract NAME: connect to an abstract Unix socket. */
static int abstract(char **arg)
{
	struct sockaddr a = {.sa_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(arg[0]);

	if (n + 1 > sizeof a.sa_data) {
		errno = ENAMETOOLONG;
		die(arg[0]);
	}
	memcpy(a.sa_data + 1, arg[0], n);
	if (connect(s, &a, (socklen_t)(sizeof a.sa_family + 1 + n)))
		die("connect");
	printf("open\n");
	return 0;
}

/* flood BYTES [LINE-LENGTH]: that much text to stdout, in lines, as fast as it goes. */
static int flood(char **arg)
{
	static char buf[65536];
	long long left = atoll(arg[0]);
	size_t line = arg[1] ? (size_t)atoll(arg[1]) : 100;

	for (size_t i = 0; i < sizeof buf; i++)
		buf[i] = line && i % line == line - 1 ? '\n' : (char)('a' + i % 26);
	size_t whole = line && line <= sizeof buf ? sizeof buf - sizeof buf % line : sizeof buf;
	while (left > 0) {
		size_t n = left < (long long)whole ? (size_t)left : whole;
		for (size_t done = 0; done < n;) {
			ssize_t w = write(1, buf + done, n - done);
			if (w < 0)
				return 1;
			done += (size_t)w;
		}
		left -= (long long)n;
	}
	return 0;
}

static volatile sig_atomic_t got;
static void on_signal(int sig)
{
	got = sig;
}

/* term CODE | term ignore: say which signal came and leave with CODE, or stay. */
static int term(char **arg)
{
	struct sigaction sa = {.sa_handler = on_signal};

	for (int s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP && s != SIGSEGV && s != SIGCHLD)
			sigaction(s, &sa, NULL);
	printf("ready\n");
	for (;;) {
		pause();
		printf("signal %d\n", (int)got);
		if (strcmp(arg[0], "ignore"))
			return atoi(arg[0]);
	}
}

/* orphans N: leave N sleeping children without a parent, then go on sleeping: somebody must reap
 * them. */
static int orphans(char **arg)
{
	for (int i = atoi(arg[0]); i > 0; i--)
		if (!fork()) {
			if (!fork()) {
				usleep(100000);
				_exit(0);
			}
			_exit(0);
		}
	sleep(1000000);
	return 0;
}

/* syscall NR [A B C]: "0" or the error's name; for the seccomp filter. */
static int raw(char **arg)
{
	long a[4] = {0};

	for (int i = 0; i < 4 && arg[i]; i++)
		a[i] = strtol(arg[i], NULL, 0);
	errno = 0;
	long r = syscall(a[0], a[1], a[2], a[3]);
	printf("%s\n", r < 0 ? strerrorname_np(errno) : "0");
	return 0;
}

/* setuid N, setgroups N: are those allowed here? */
static int change(char **arg)
{
	gid_t g = (gid_t)atoi(arg[0]);

	printf("setgroups %s\n", setgroups(1, &g) ? strerrorname_np(errno) : "0");
	printf("setuid %s\n", setuid((uid_t)atoi(arg[0])) ? strerrorname_np(errno) : "0");
	return 0;
}

/* eat MIB: hold that much memory. */
static int eat(char **arg)
{
	size_t n = (size_t)atoll(arg[0]) << 20;
	char *p = malloc(n);

	if (!p)
		die("malloc");
	for (size_t i = 0; i < n; i += 4096)
		p[i] = 1;
	printf("have %s MiB\n", arg[0]);
	sleep(1000000);
	return 0;
}

/* setxattr FILE NAME VALUE; getxattr FILE NAME prints the value, bytes that are no text as \\xNN.
 */
static int set_xattr(char **arg)
{
	if (lsetxattr(arg[0], arg[1], arg[2], strlen(arg[2]), 0))
		die(arg[1]);
	return 0;
}

static int get_xattr(char **arg)
{
	unsigned char v[4096];
	ssize_t n = lgetxattr(arg[0], arg[1], v, sizeof v);

	if (n < 0)
		die(arg[1]);
	for (ssize_t i = 0; i < n; i++)
		printf(v[i] >= ' ' && v[i] < 127 ? "%c" : "\\x%02x", v[i]);
	printf("\n");
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **arg);
} verbs[] = {
	{"ids", 0, ids},
	{"groups", 0, groups},
	{"fds", 0, fds},
	{"fsync", 1, fsync_loop},
	{"peer", 1, peer},
	{"udp", 2, udp},
	{"connect", 2, try_connect},
	{"abstract", 1, abstract},
	{"flood", 1, flood},
	{"term", 1, term},
	{"orphans", 1, orphans},
	{"syscall", 1, raw},
	{"change", 1, change},
	{"eat", 1, eat},
	{"setxattr", 3, set_xattr},
	{"getxattr", 2, get_xattr},
};

int main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(base ? base + 1 : argv[0], "suid"))
		return ids(argv + 1);
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
		if (!strcmp(argv[1], verbs[i].name) && argc - 2 >= verbs[i].args)
			return verbs[i].run(argv + 2);
	printf("usage: probe VERB ARGUMENT..., and VERB is one of:");
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		printf(" %s", verbs[i].name);
	printf("\n");
	return 2;
}
