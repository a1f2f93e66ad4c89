/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.c - see network.h
 *
 * Theory of operation: three parts make the network of a project ready: its links with their packet
 * rules, made by network_wire(), and kubeplay-net and the uplink, two processes under a minder that
 * start before, as that takes them longest. Each change of one ends in report(), which compares
 * what network_ready() says with what it said before and calls the supervisor. The host can change
 * under us: a netlink socket and directory notification tell, after a moment of settling the
 * default address and resolv.conf are looked at again.
 */
#include "net/network.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "net/child.h"
#include "net/dns.h"
#include "net/nft.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"
#include "pkg/util/proc.h"

static const uint32_t host_names_id = UINT32_MAX; /* of host.containers.internal among the pods */

static void report(struct net *n)
{
	struct err e = {0};
	int now = network_ready(n, &e);

	if (now != n->last_ready && n->changed) {
		n->last_ready = now;
		n->changed(n->changed_arg);
	}
}

/* Like report(), when files of the pods change too. */
static void report_always(struct net *n)
{
	struct err e = {0};

	n->last_ready = network_ready(n, &e);
	if (n->changed)
		n->changed(n->changed_arg);
}

/* Telling kubeplay-net */

const char *network_host_name_ip(const struct net *n, char out[ADDR_TEXT_SIZE])
{
	struct in6_addr gw = addr_nth(&n->subnets.tap, SUBNET_TAP_GATEWAY);

	out[0] = '\0';
	if (n->mode == NET_HOST)
		(void)snprintf(out, ADDR_TEXT_SIZE, "127.0.0.1");
	else if (!network_bridged(n) || n->no_uplink[0])
		return out;
	else if (n->uplink.host_loopback)
		(void)addr_text(&gw, out);
	else
		memcpy(out, n->host_ip, ADDR_TEXT_SIZE);
	return out;
}

static void tell_name(struct net *n, uint32_t id, const char *name, const char *ip, const char *ip6)
{
	struct control_msg m;

	memset(&m, 0, sizeof(m));
	m.type = CONTROL_NAME;
	m.id = id;
	if ((*ip && addr_parse(ip, &m.u.name.ip) < 0) ||
	    (*ip6 && addr_parse(ip6, &m.u.name.ip6) < 0) || strlen(name) >= sizeof(m.u.name.name))
		return;
	memcpy(m.u.name.name, name, strlen(name));
	relay_send(&n->relay, &m, NULL, 0);
}

static void tell_unname(struct net *n, uint32_t id)
{
	struct control_msg m;

	memset(&m, 0, sizeof(m));
	m.type = CONTROL_UNNAME;
	m.id = id;
	relay_send(&n->relay, &m, NULL, 0);
}

void network_tell_names(struct net *n, const struct network_pod *p)
{
	char host[ADDR_TEXT_SIZE];
	const char *ip = p->host ? network_host_name_ip(n, host) : p->ip;

	/* No AAAA: many servers listen on IPv4 only, and not every client tries a second address.
	 */
	for (size_t i = 0; i < p->names.len; i++)
		if (*ip)
			tell_name(n, p->id, p->names.v[i], ip, "");
}

void network_forget_names(struct net *n, const struct network_pod *p)
{
	tell_unname(n, p->id);
}

static void tell_host_names(struct net *n)
{
	static const char *const names[] = {"host.containers.internal", "host.docker.internal"};
	char ip[ADDR_TEXT_SIZE];

	tell_unname(n, host_names_id);
	if (!*network_host_name_ip(n, ip))
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		tell_name(n, host_names_id, names[i], ip, "");
}

static void tell_resolv(struct net *n)
{
	struct control_msg m;

	memset(&m, 0, sizeof(m));
	m.type = CONTROL_UPSTREAMS;
	m.u.upstreams = n->resolv.servers;
	relay_send(&n->relay, &m, NULL, 0);
	memset(&m, 0, sizeof(m));
	m.type = CONTROL_SEARCH;
	relay_send(&n->relay, &m, NULL, 0);
	for (size_t i = 0; i < n->resolv.search.len; i++) {
		size_t len = strlen(n->resolv.search.v[i]);

		if (len >= sizeof(m.u.name.name))
			continue;
		memset(m.u.name.name, 0, sizeof(m.u.name.name));
		memcpy(m.u.name.name, n->resolv.search.v[i], len);
		relay_send(&n->relay, &m, NULL, 0);
	}
}

static void tell_all(struct relay *r)
{
	struct net *n = CONTAINER_OF(r, struct net, relay);
	struct control_msg m;

	if (!n->wired) /* it waits for this, and must not look before its addresses are there */
		return;
	relay_begin(r);
	memset(&m, 0, sizeof(m));
	m.type = CONTROL_CONFIG;
	m.u.config.gateway = addr_nth(&n->subnets.pods, SUBNET_GATEWAY);
	m.u.config.gateway6 = addr_nth(&n->subnets.pods6, SUBNET_GATEWAY);
	m.u.config.pods = n->subnets.pods;
	m.u.config.pods6 = n->subnets.pods6;
	m.u.config.tap = n->subnets.tap;
	m.u.config.transparent = !n->holder.shared;
	relay_send(r, &m, NULL, 0);
	tell_resolv(n);
	tell_host_names(n);
	for (size_t i = 0; i < n->pod_count; i++)
		network_tell_names(n, n->pods[i]);
	publish_tell(&n->publish);
}

/* The uplink */

static void stop_up_ready(struct net *n)
{
	if (!n->up_ready.loop)
		return;
	loop_del(&n->up_ready);
	if (n->up_ready.fd == n->holder.links)
		holder_listen_links(&n->holder, false);
	else
		close_fd(&n->up_ready.fd);
}

static void up_says(struct source *s, uint32_t events)
{
	struct net *n = CONTAINER_OF(s, struct net, up_ready);
	bool ready;
	char c;

	UNUSED(events);
	if (s->fd == n->holder.links)
		ready = holder_tap_up(&n->holder);
	else
		ready = read(s->fd, &c, 1) == 1;
	if (!ready && s->fd == n->holder.links)
		return;
	stop_up_ready(n);
	if (ready)
		minder_up(&n->up);
}

/* Where the namespace's file is shown to the uplink: AppArmor profiles of pasta allow the first. */
static void netns_place(uid_t uid, char dir[64], char path[80])
{
	struct stat st;

	(void)snprintf(dir, 64, "/run/user/%u", (unsigned)uid);
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		(void)snprintf(dir, 64, "/tmp");
	(void)snprintf(path, 80, "%s/netns", dir);
}

static int start_uplink(struct minder *m, int output, struct err *e)
{
	struct net *n = CONTAINER_OF(m, struct net, up);
	enum { READY_FD = 3 };
	autostrv struct strv argv = {0};
	autoclose int theirs = -1;
	char dir[64], path[80];
	int p[2], pidfd = -1;

	stop_up_ready(n);
	n->up_ready = (struct source){.fd = n->holder.links, .ready = up_says};
	if (uplink_has_ready_fd(&n->uplink)) {
		if (pipe2(p, O_CLOEXEC) < 0)
			return err_sys(e, errno, "pipe");
		n->up_ready.fd = p[0];
		theirs = p[1];
	} else {
		holder_listen_links(&n->holder, true);
	}
	netns_place(n->uid, dir, path);
	uplink_argv(&n->uplink, &n->subnets, path, n->host_ip[0], READY_FD, &argv);
	if (loop_add(m->loop, &n->up_ready, EPOLLIN, e) < 0)
		return -1;
	if (child_start(&(struct child){.path = n->uplink.path,
	                                .program_fd = -1,
	                                .argv = argv.v,
	                                .join_net = -1,
	                                .show_net = n->holder.ns.net,
	                                .show_dir = dir,
	                                .show_path = path,
	                                .output = output,
	                                .pass = theirs,
	                                .pass_as = READY_FD},
	                &pidfd, e) < 0)
		return -1;
	return pidfd;
}

static void up_changed(struct minder *m)
{
	report(CONTAINER_OF(m, struct net, up));
}

static void relay_changed(struct minder *m)
{
	struct relay *r = CONTAINER_OF(m, struct relay, m);

	report(CONTAINER_OF(r, struct net, relay));
}

/* Packet rules */

static void rules_failed(struct net *n)
{
	n->rules = PART_FAILED;
	minder_stop(&n->up); /* without rules what is to stay closed would be open */
	stop_up_ready(n);
}

static void load_rules(struct net *n)
{
	if (!n->holder.nft)
		return;
	n->rules = PART_OK;
	if (nft_load(n->holder.nft_fd, &n->subnets, n->uplink.host_loopback, &n->rules_err) < 0)
		rules_failed(n);
	close_fd(&n->holder.nft_fd);
}

int network_make_holder(struct net *n, struct err *e)
{
	struct in6_addr gw = addr_nth(&n->subnets.pods, SUBNET_GATEWAY);

	if (n->holder.sk)
		return 0;
	if (holder_make(&n->holder, n->tun, e) < 0)
		return -1;
	(void)addr_text(&gw, n->gateway);
	if (!n->wired)
		return 0;
	load_rules(n);
	return holder_wire(&n->holder, &n->subnets, e);
}

int network_wire_pod(struct net *n, struct network_pod *p, struct err *e)
{
	if (!p->number)
		return 0;
	return pod_ns_wire(&n->holder, &n->subnets, p->number, p->ns.net, &p->rtnl, e);
}

static void after_map(struct net *n)
{
	autofree int *fds = xcalloc(n->pod_count + 1, sizeof(int));
	struct err e = {0};
	size_t count = 0;

	for (size_t i = 0; i < n->pod_count; i++)
		if (n->pods[i]->ns.net >= 0)
			fds[count++] = n->pods[i]->ns.net;
	if (!count && n->holder.shared)
		fds[count++] = n->holder.ns.net;
	if (pod_ns_after_map(fds, count, &e) < 0)
		log_debug("ping sockets: %s", e.msg);
}

int network_wire(struct net *n, struct err *e)
{
	if (n->holder.sk && holder_wire(&n->holder, &n->subnets, e) < 0)
		return -1;
	for (size_t i = 0; i < n->pod_count; i++)
		if (network_wire_pod(n, n->pods[i], e) < 0)
			return err_wrap(e, "pod %s", n->pods[i]->name);
	n->wired = true;
	if (n->holder.sk) {
		tell_all(&n->relay); /* it goes on while we do */
		load_rules(n);
	}
	after_map(n);
	return 0;
}

/* The host */

void network_look_at_host(struct net *n)
{
	struct in6_addr ip;
	struct resolv now;

	if (!netns_host_ip(&ip))
		n->host_ip[0] = '\0';
	else
		(void)addr_text(&ip, n->host_ip);
	resolv_read("/etc/resolv.conf", &now);
	resolv_done(&n->resolv);
	n->resolv = now;
}

static void settled(struct timer *t)
{
	struct net *n = CONTAINER_OF(t, struct net, settle);
	struct resolv before = n->resolv;
	char ip[ADDR_TEXT_SIZE];

	memcpy(ip, n->host_ip, sizeof(ip));
	n->resolv = (struct resolv){0};
	network_look_at_host(n);
	if (!streq(ip, n->host_ip) || !resolv_equal(&before, &n->resolv)) {
		tell_resolv(n);
		tell_host_names(n);
		for (size_t i = 0; i < n->pod_count; i++) {
			if (!n->pods[i]->host)
				continue;
			network_forget_names(n, n->pods[i]);
			network_tell_names(n, n->pods[i]);
		}
		report_always(n);
	}
	resolv_done(&before);
}

static void host_changed(struct source *s, uint32_t events)
{
	struct net *n = CONTAINER_OF(s, struct net, host_watch);
	struct err e = {0};

	UNUSED(events);
	netns_drain(s->fd);
	(void)timer_set_ms(n->loop, &n->settle, NETWORK_SETTLE_MS, &e);
}

static void resolv_changed(struct source *s, uint32_t events)
{
	struct net *n = CONTAINER_OF(s, struct net, resolv_watch);
	struct signalfd_siginfo si[4];
	struct err e = {0};

	UNUSED(events);
	while (read(s->fd, si, sizeof(si)) > 0)
		;
	(void)timer_set_ms(n->loop, &n->settle, NETWORK_SETTLE_MS, &e);
}

static int watch_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fcntl(fd, F_NOTIFY, DN_CREATE | DN_MODIFY | DN_RENAME | DN_MULTISHOT) < 0)
		close_fd(&fd);
	return fd;
}

/*
 * Watch the directories of resolv.conf and of the file that it may be a link to, by directory
 * notification: whoever closes an inotify descriptor, if only by ending, waits 15 ms for the kernel
 * to settle, and `down` would with it. One that says less is enough: settled() compares.
 */
static void watch_resolv(struct net *n)
{
	autofree char *real = realpath("/etc/resolv.conf", NULL);
	struct err e = {0};
	sigset_t set;
	char *slash;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGIO);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	n->resolv_watch = (struct source){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
	                                  .ready = resolv_changed};
	if (n->resolv_watch.fd < 0 || loop_add(n->loop, &n->resolv_watch, EPOLLIN, &e) < 0)
		return;
	n->resolv_dirs[0] = watch_dir("/etc");
	slash = real ? strrchr(real, '/') : NULL;
	if (slash && slash != real) {
		*slash = '\0';
		if (!streq(real, "/etc"))
			n->resolv_dirs[1] = watch_dir(real);
	}
}

static void watch_host(struct net *n)
{
	struct err e = {0};

	n->host_watch = (struct source){.fd = netns_watch_host(&e), .ready = host_changed};
	if (n->host_watch.fd >= 0)
		(void)loop_add(n->loop, &n->host_watch, EPOLLIN, &e);
	watch_resolv(n);
	network_look_at_host(n); /* after the watches, so that no change is missed */
}

/* All of it */

static void now_late(struct timer *t)
{
	struct net *n = CONTAINER_OF(t, struct net, late);

	n->is_late = true;
	report(n);
}

int network_start(struct net *n, struct err *e)
{
	n->started = true;
	n->settle.fired = settled;
	n->late.fired = now_late;
	if (!n->host_watch.loop)
		watch_host(n);
	if (!n->holder.sk)
		return 0;
	if (timer_set_ms(n->loop, &n->late, NETWORK_READY_MS, e) < 0)
		return -1;
	if (!n->no_uplink[0] && n->rules != PART_FAILED) {
		n->up.name = uplink_name(&n->uplink);
		n->up.start = start_uplink;
		n->up.changed = up_changed;
		minder_start(&n->up, n->loop);
	}
	n->relay.m.changed = relay_changed;
	n->relay.tell_all = tell_all;
	relay_start(&n->relay, n->loop, n->holder.ns.net);
	return 0;
}

/* What a minder's process means for the whole: reasons are collected in b. */
static enum part_state judge(const struct minder *m, bool late, struct strbuf *b)
{
	switch (m->state) {
	case MINDER_OFF:
		return PART_NONE;
	case MINDER_UP:
		return PART_OK;
	case MINDER_STARTING:
		if (!late)
			return PART_PENDING;
		if (m->why[0] == '\0')
			strbuf_addf(b, "%s%s is not ready yet", b->len ? "; " : "", m->name);
		break;
	case MINDER_PAUSED:
	case MINDER_FAILED:
		break;
	}
	if (m->why[0])
		strbuf_addf(b, "%s%s", b->len ? "; " : "", m->why);
	return PART_FAILED;
}

int network_ready(const struct net *n, struct err *e)
{
	autostrbuf struct strbuf why = STRBUF_MAX(900);
	enum part_state parts[3];
	bool failed = n->no_uplink[0], pending = false;

	if (!network_bridged(n) || !n->holder.sk)
		return 1;
	if (!n->started || !n->wired)
		return 0;
	if (failed)
		strbuf_adds(&why, n->no_uplink);
	parts[0] = n->rules;
	if (n->rules == PART_FAILED)
		strbuf_addf(&why, "%s%s", why.len ? "; " : "", n->rules_err.msg);
	parts[1] = judge(&n->relay.m, n->is_late, &why);
	parts[2] = judge(&n->up, n->is_late, &why);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		failed = failed || parts[i] == PART_FAILED;
		pending = pending || parts[i] == PART_PENDING;
	}
	if (pending && !n->is_late)
		return 0;
	if (!failed && n->holder.shared) {
		failed = true;
		strbuf_addf(
			&why,
			"this kernel has no %s for users: pods share one network namespace and its ports",
			n->holder.nft ? "bridge or veth" : "nf_tables");
	}
	if (!failed && !n->host_ip[0]) {
		failed = true;
		strbuf_adds(&why, "the host has no default route: pods reach the host at most");
	}
	return failed ? err_set(e, ERR_HOST, "%s", why.s) : 1;
}

void network_stop(struct net *n)
{
	struct source *sources[] = {&n->host_watch, &n->resolv_watch};

	stop_up_ready(n);
	minder_stop(&n->up);
	relay_stop(&n->relay);
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (!sources[i]->loop)
			continue;
		loop_del(sources[i]);
		close_fd(&sources[i]->fd);
	}
	for (size_t i = 0; i < ARRAY_LEN(n->resolv_dirs); i++)
		close_fd(&n->resolv_dirs[i]);
	timer_done(&n->late);
	timer_done(&n->settle);
	resolv_done(&n->resolv);
	holder_done(&n->holder);
}
