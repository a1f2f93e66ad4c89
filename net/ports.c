/* SPDX-License-Identifier: Apache-2.0 */
/* ports.c - see ports.h */
#include "net/ports.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/stat.h>

#include "pkg/util/fd.h"

enum { BACKLOG = 4096, MAX_TABLE = 16 << 20, STATE_LISTEN = 0x0a };

static int add(struct port_list *l, const struct plan_pod *pod, const struct plan_container *c,
               const struct plan_port *spec, const char *bind_address, struct err *e)
{
	const char *ip = spec->host_ip && *spec->host_ip ? spec->host_ip : bind_address;
	struct port p = {.pod = pod->name, .container = c->name, .spec = spec};

	if (ip && addr_parse(ip, &p.ip) < 0)
		return err_set(e, ERR_INPUT,
		               "pod %s, container %s: hostIP \"%s\" is not an address", pod->name,
		               c->name, ip);
	l->v = xrealloc(l->v, (l->len + 1) * sizeof(*l->v));
	l->v[l->len++] = p;
	return 0;
}

int port_list_add(struct port_list *l, const struct plan_pod *pod, const char *bind_address,
                  struct err *e)
{
	const struct plan_container *lists[] = {pod->init_containers, pod->containers};
	const uint32_t counts[] = {pod->init_containers_count, pod->containers_count};

	if (pod->host_network)
		return 0;
	for (size_t k = 0; k < ARRAY_LEN(lists); k++)
		for (uint32_t i = 0; i < counts[k]; i++)
			for (uint32_t j = 0; j < lists[k][i].ports_count; j++) {
				const struct plan_container *c = &lists[k][i];

				if (c->ports[j].host_port > 0 &&
				    add(l, pod, c, &c->ports[j], bind_address, e) < 0)
					return -1;
			}
	return 0;
}

void port_list_done(struct port_list *l)
{
	free(l->v);
	*l = (struct port_list){0};
}

bool port_same(const struct port *a, const struct port *b)
{
	return a->spec->protocol == b->spec->protocol && a->spec->host_port == b->spec->host_port &&
	       addr_equal(&a->ip, &b->ip);
}

/* All addresses: ::, or 0.0.0.0 among IPv4. */
static bool is_any(const struct in6_addr *a)
{
	return addr_is_unset(a) || (addr_is_v4(a) && addr_to_v4(a) == 0);
}

static bool collide(const struct in6_addr *a, const struct in6_addr *b)
{
	if (addr_is_unset(a) || addr_is_unset(b) || addr_equal(a, b))
		return true;
	return addr_is_v4(a) == addr_is_v4(b) && (is_any(a) || is_any(b));
}

static const char *port_text(const struct port *p, char out[ADDR_TEXT_SIZE + 16])
{
	const char *udp = p->spec->protocol == PLAN_UDP ? "/udp" : "";
	int n = (int)p->spec->host_port;

	if (addr_is_unset(&p->ip)) {
		(void)snprintf(out, ADDR_TEXT_SIZE + 16, "%d%s", n, udp);
	} else {
		char ip[ADDR_TEXT_SIZE];

		(void)snprintf(out, ADDR_TEXT_SIZE + 16,
		               addr_is_v4(&p->ip) ? "%s:%d%s" : "[%s]:%d%s", addr_text(&p->ip, ip),
		               n, udp);
	}
	return out;
}

int port_list_check(const struct port_list *l, struct err *e)
{
	char text[ADDR_TEXT_SIZE + 16];

	for (size_t i = 0; i < l->len; i++)
		for (size_t j = 0; j < i; j++) {
			const struct port *a = &l->v[j], *b = &l->v[i];

			if (a->spec->protocol != b->spec->protocol ||
			    a->spec->host_port != b->spec->host_port || !collide(&a->ip, &b->ip))
				continue;
			return err_set(
				e, ERR_INPUT,
				"port %s is wanted twice as hostPort: by pod %s, container %s, and by pod %s, container %s",
				port_text(b, text), a->pod, a->container, b->pod, b->container);
		}
	return 0;
}

/* A number of at most 16 digits in this base at *at, which moves behind it. */
static bool number(const char **at, int base, size_t digits, uint64_t *ret)
{
	char text[17], *end;
	size_t n = 0;

	while (n < MIN(digits, sizeof(text) - 1) && isxdigit((unsigned char)(*at)[n])) {
		text[n] = (*at)[n];
		n++;
	}
	text[n] = '\0';
	*ret = strtoull(text, &end, base);
	*at += n;
	return n > 0 && *end == '\0';
}

/* "0100007F:1F90" or 32 digits: words of the address in the machine's byte order each. */
static bool parse_local(const char **at, bool v6, struct in6_addr *ret, uint64_t *ret_port)
{
	uint32_t w[4] = {0};

	for (int i = 0; i < (v6 ? 4 : 1); i++) {
		uint64_t word;

		if (!number(at, 16, 8, &word))
			return false;
		w[i] = (uint32_t)word;
	}
	if (v6)
		memcpy(ret, w, sizeof(w));
	else
		*ret = addr_from_v4(ntohl(w[0]));
	return *(*at)++ == ':' && number(at, 16, 4, ret_port);
}

static void skip_words(const char **at, int n)
{
	for (; n > 0; n--) {
		*at += strspn(*at, " ");
		*at += strcspn(*at, " \n");
	}
	*at += strspn(*at, " ");
}

struct row {
	struct in6_addr ip;
	uint64_t port, state, uid, inode;
};

/* sl local_address rem_address st queues tr:tm retrnsmt uid timeout inode ... */
static bool parse_row(const char *at, bool v6, struct row *r)
{
	skip_words(&at, 1);
	if (!parse_local(&at, v6, &r->ip, &r->port))
		return false;
	skip_words(&at, 1);
	if (!number(&at, 16, 2, &r->state))
		return false;
	skip_words(&at, 3);
	if (!number(&at, 10, 10, &r->uid))
		return false;
	skip_words(&at, 1);
	return number(&at, 10, 16, &r->inode);
}

bool port_find_socket(const char *table, bool v6, bool tcp, const struct in6_addr *ip,
                      uint16_t port, uint64_t *ret_inode, uint32_t *ret_uid)
{
	for (const char *line = strchr(table, '\n'); line && line[1];
	     line = strchr(line + 1, '\n')) {
		struct row r;

		if (!parse_row(line + 1, v6, &r) || r.port != port || r.inode == 0 ||
		    (tcp && r.state != STATE_LISTEN))
			continue;
		if (!collide(&r.ip, ip) && !(v6 && is_any(&r.ip)))
			continue;
		*ret_inode = r.inode;
		*ret_uid = (uint32_t)r.uid;
		return true;
	}
	return false;
}

static bool holds(int proc, const char *pid, const char *want)
{
	char path[64], target[64];
	struct dirent *d;
	bool found = false;
	int fd;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%.20s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	dir = fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return false;
	}
	while (!found && (d = readdir(dir))) {
		ssize_t n = readlinkat(fd, d->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		found = streq(target, want);
	}
	(void)closedir(dir);
	return found;
}

/* Process that holds the socket with this inode, 0 if there is none that we may look at. */
static pid_t find_owner(uint64_t inode)
{
	autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = opendir("/proc");
	struct dirent *d;
	char want[64];
	pid_t pid = 0;

	(void)snprintf(want, sizeof(want), "socket:[%llu]", (unsigned long long)inode);
	while (dir && proc >= 0 && !pid && (d = readdir(dir))) {
		int64_t n;

		if (str_parse_int(d->d_name, 1, INT32_MAX, &n) == 0 && holds(proc, d->d_name, want))
			pid = (pid_t)n;
	}
	if (dir)
		(void)closedir(dir);
	return pid;
}

static char *process_name(pid_t pid)
{
	autostrbuf struct strbuf b = STRBUF_MAX(64);
	struct err e = {0};
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (fd_read_file(AT_FDCWD, path, 64, &b, &e) < 0 || !b.len)
		return xstrdup("?");
	return str_sanitize(b.s, b.s[b.len - 1] == '\n' ? b.len - 1 : b.len);
}

static int in_use(const struct port *p, const char *what, struct err *e)
{
	static const char *const tables[2][2] = {{"/proc/net/tcp", "/proc/net/tcp6"},
	                                         {"/proc/net/udp", "/proc/net/udp6"}};
	bool tcp = p->spec->protocol == PLAN_TCP;
	uint64_t inode = 0;
	uint32_t uid = 0;
	pid_t pid = 0;

	for (int v6 = 0; v6 < 2 && !inode; v6++) {
		autostrbuf struct strbuf b = STRBUF_MAX(MAX_TABLE);
		struct err ignored = {0};

		if (fd_read_file(AT_FDCWD, tables[!tcp][v6], MAX_TABLE, &b, &ignored) == 0 && b.s)
			(void)port_find_socket(b.s, v6, tcp, &p->ip, (uint16_t)p->spec->host_port,
			                       &inode, &uid);
	}
	if (inode)
		pid = find_owner(inode);
	if (pid) {
		autofree char *name = process_name(pid);

		(void)err_set(e, ERR_HOST, "%s is in use by pid %d (%s)", what, (int)pid, name);
	} else if (inode) {
		struct passwd *pw = getpwuid(uid);

		(void)err_set(e, ERR_HOST, "%s is in use by a process of user %s (uid %u)", what,
		              pw ? pw->pw_name : "?", uid);
		(void)err_hint(e, "to see which: sudo ss -lnp 'sport = :%d'",
		               (int)p->spec->host_port);
	} else {
		(void)err_set(e, ERR_HOST, "%s is in use", what);
	}
	e->sys = EADDRINUSE;
	return -1;
}

static int explain(const struct port *p, int num, struct err *e)
{
	char text[ADDR_TEXT_SIZE + 16];
	autofree char *what = xasprintf("port %s (pod %s, container %s, hostPort)",
	                                port_text(p, text), p->pod, p->container);

	if (num == EADDRINUSE)
		return in_use(p, what, e);
	if (num == EADDRNOTAVAIL)
		return err_sys(e, num, "%s: no interface of this machine has that address", what);
	(void)err_sys(e, num, "%s", what);
	if (num != EACCES)
		return -1;
	return err_hint(
		e,
		"ordinary users may bind ports from net.ipv4.ip_unprivileged_port_start on; to allow this one:\n"
		"  sudo sysctl net.ipv4.ip_unprivileged_port_start=%d",
		(int)p->spec->host_port);
}

static int bind_family(const struct port *p, int family, const struct in6_addr *ip)
{
	int type = p->spec->protocol == PLAN_TCP ? SOCK_STREAM : SOCK_DGRAM;
	autoclose int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, v6only = !addr_is_unset(ip);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_family(ip, (uint16_t)p->spec->host_port, family, &ss);

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)(const void *)&ss, len) < 0)
		return -1;
	if (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		return -1;
	return take_fd(&fd);
}

int port_bind(const struct port *p, struct err *e)
{
	const struct in6_addr any4 = addr_from_v4(0);
	int fd;

	if (addr_is_v4(&p->ip)) {
		fd = bind_family(p, AF_INET, &p->ip);
	} else {
		fd = bind_family(p, AF_INET6, &p->ip); /* ::, dual: IPv4 clients come as mapped */
		if (fd < 0 && addr_is_unset(&p->ip) &&
		    (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
			fd = bind_family(p, AF_INET, &any4);
	}
	return fd >= 0 ? fd : explain(p, errno, e);
}
