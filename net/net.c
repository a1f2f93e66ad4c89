/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - kubeplay_net_ops: what pkg/pod calls, and what is decided before anything exists */
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "net/hosts.h"
#include "net/network.h"
#include "pkg/util/fd.h"
#include "pkg/util/hash.h"

/* The command line */

static bool needs_holder(const struct net *n, const struct plan *p)
{
	for (uint32_t i = 0; i < p->pods_count; i++)
		if (!p->pods[i].host_network)
			return network_bridged(n);
	return false;
}

static int choose_subnets(struct net *n, const struct plan *p, struct err *e)
{
	autofree struct addr_prefix *taken = NULL;
	uint64_t seed = HASH_FNV64_INIT;
	size_t count = 0;

	if (netns_host_routes(&taken, &count, e) < 0)
		return -1;
	if (p->project)
		seed = hash_fnv64a(seed, p->project, strlen(p->project));
	return subnet_choose(taken, count, p->pods_count, seed, &n->subnets, e);
}

static int choose_uplink(struct net *n, const struct net_config *c, struct err *e)
{
	struct err why = {0};
	int r = uplink_choose(c->mode, c->uplink_options, c->host_loopback, NULL, &n->uplink, &why);

	if (r == 0 && uplink_check_tun("/dev/net/tun", &why) < 0)
		r = c->mode == NET_AUTO ? 1 : -1;
	if (r < 0) {
		*e = why;
		return -1;
	}
	n->tun = r == 0;
	if (r)
		(void)snprintf(n->no_uplink, sizeof(n->no_uplink), "%.490s", why.msg);
	return 0;
}

static int bind_ports(struct net *n, const struct plan *p, struct err *e)
{
	struct port_list l = {0};
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->pods_count; i++)
		r = port_list_add(&l, &p->pods[i], n->bind_address, e);
	if (r == 0)
		r = port_list_check(&l, e);
	for (size_t i = 0; r == 0 && i < l.len; i++) {
		int fd = port_bind(&l.v[i], e);

		if (fd < 0)
			r = -1;
		else
			publish_add(&n->publish, &l.v[i], fd);
	}
	port_list_done(&l);
	return r;
}

static void net_free(struct net *n)
{
	publish_done(&n->publish);
	uplink_done(&n->uplink);
	relay_done(&n->relay);
	free(n->bind_address);
	free(n->pods);
	free(n);
}

static int net_prepare(const struct net_config *c, const struct plan *p, struct net **ret,
                       struct err *e)
{
	struct net *n = xcalloc(1, sizeof(*n));
	int r = 0;

	n->mode = c->mode;
	n->uid = getuid();
	n->bind_address = c->bind_address ? xstrdup(c->bind_address) : NULL;
	n->wanted = needs_holder(n, p);
	if (network_bridged(n)) /* pods may join later */
		relay_open(&n->relay, c->libexec ? c->libexec : KP_LIBEXECDIR);
	if (network_bridged(n) &&
	    (choose_subnets(n, p, e) < 0 || choose_uplink(n, c, e) < 0 || bind_ports(n, p, e) < 0))
		r = -1;
	if (r < 0) {
		net_free(n);
		return -1;
	}
	*ret = n;
	return 0;
}

/* True if the running project has this port. */
static int is_held(const struct net_config *c, const struct port *want, bool *ret, struct err *e)
{
	struct port_list l = {0};
	int r = 0;

	*ret = false;
	for (uint32_t i = 0; c->live && r == 0 && i < c->live->pods_count; i++)
		r = port_list_add(&l, &c->live->pods[i], c->bind_address, e);
	for (size_t i = 0; i < l.len; i++)
		*ret = *ret || port_same(&l.v[i], want);
	port_list_done(&l);
	return r;
}

static int net_bind_pod(const struct net_config *c, const struct plan_pod *pod, int **ret_fds,
                        size_t *ret_count, struct err *e)
{
	struct port_list l = {0};
	int *fds = NULL;
	size_t count = 0;
	int r = 0;

	if (c->mode != NET_HOST && c->mode != NET_NONE)
		r = port_list_add(&l, pod, c->bind_address, e);
	if (r == 0)
		r = port_list_check(&l, e);
	fds = xcalloc(l.len + 1, sizeof(*fds));
	for (size_t i = 0; r == 0 && i < l.len; i++) {
		bool held;
		int fd;

		r = is_held(c, &l.v[i], &held, e);
		if (r < 0 || held)
			continue;
		fd = port_bind(&l.v[i], e);
		if (fd < 0)
			r = -1;
		else
			fds[count++] = fd;
	}
	port_list_done(&l);
	if (r < 0) {
		fd_close_many(fds, count);
		free(fds);
		return -1;
	}
	*ret_fds = fds;
	*ret_count = count;
	return 0;
}

static void net_free_unused(struct net *n)
{
	if (n)
		net_free(n);
}

/* The supervisor */

static int net_setup(struct net *n, struct loop *l, struct err *e)
{
	n->loop = l;
	n->publish.loop = l;
	n->publish.relay = &n->relay;
	n->relay.control.fd = -1;
	n->resolv_dirs[0] = n->resolv_dirs[1] = -1;
	network_look_at_host(n);
	return n->wanted ? network_make_holder(n, e) : 0;
}

static struct network_pod *find_pod(const struct net *n, const char *name)
{
	for (size_t i = 0; i < n->pod_count; i++)
		if (streq(n->pods[i]->name, name))
			return n->pods[i];
	return NULL;
}

/* The lowest free place in the pod subnet; 0 if it is full. */
static uint32_t free_number(const struct net *n)
{
	uint32_t end = SUBNET_FIRST_POD + subnet_capacity(&n->subnets);

	for (uint32_t number = SUBNET_FIRST_POD; number < end; number++) {
		bool used = false;

		for (size_t i = 0; i < n->pod_count && !used; i++)
			used = n->pods[i]->number == number;
		if (!used)
			return number;
	}
	return 0;
}

static void pod_free(struct network_pod *p)
{
	ns_close(&p->ns);
	close_fd(&p->rtnl);
	strv_done(&p->names);
	free(p->name);
	free(p);
}

static const char *host_name_of(const struct plan_pod *pod)
{
	return pod->hostname && *pod->hostname ? pod->hostname : pod->name;
}

static struct network_pod *pod_new(struct net *n, const struct plan_pod *pod)
{
	struct network_pod *p = xcalloc(1, sizeof(*p));
	const char *host = host_name_of(pod);

	p->name = xstrdup(pod->name);
	p->id = ++n->last_id;
	p->ns = (struct ns_set){-1, -1, -1};
	p->rtnl = -1;
	p->host = pod->host_network || n->mode == NET_HOST;
	strv_add(&p->names, pod->name);
	if (!streq(host, pod->name))
		strv_add(&p->names, host);
	if (pod->subdomain && *pod->subdomain)
		strv_addf(&p->names, "%s.%s.%s.svc.cluster.local", host, pod->subdomain,
		          pod->pod_namespace ? pod->pod_namespace : "default");
	return p;
}

/* Namespaces and addresses; links too, when those of the others are there. */
static int pod_make(struct net *n, const struct plan_pod *pod, struct network_pod *p, struct err *e)
{
	struct pod_ns spec = {.hostname = host_name_of(pod),
	                      .own_net = !p->host,
	                      .own_uts = !p->host,
	                      .wired = !p->host && network_bridged(n)};
	struct in6_addr ip;

	if (spec.wired) {
		if (network_make_holder(n, e) < 0)
			return -1;
		p->number = free_number(n);
		if (!p->number)
			return err_set(e, ERR_HOST, "the project's subnet has no address left");
		ip = addr_nth(&n->subnets.pods, p->number);
		(void)addr_text(&ip, p->ip);
		ip = addr_nth(&n->subnets.pods6, p->number);
		if (!n->holder.shared)
			(void)addr_text(&ip, p->ip6);
	}
	if (pod_ns_make(&n->holder, &spec, &p->ns, &p->rtnl, e) < 0)
		return -1;
	return n->wired ? network_wire_pod(n, p, e) : 0;
}

static int pod_publish(struct net *n, const struct plan_pod *pod, const struct network_pod *p,
                       int *fds, size_t nfds, struct err *e)
{
	struct in6_addr ip = addr_nth(&n->subnets.pods, p->number), ip6 = {0};
	struct port_list l = {0};
	int r = 0;

	if (*p->ip6)
		ip6 = addr_nth(&n->subnets.pods6, p->number);
	if (p->number)
		r = port_list_add(&l, pod, n->bind_address, e);
	if (r == 0)
		r = publish_pod(&n->publish, &l, p->id, &ip, &ip6, fds, nfds, e);
	port_list_done(&l);
	return r;
}

/* A pod added while the network runs: the parts that start() did for the first ones. */
static int pod_live(struct net *n, const struct network_pod *p, bool had_holder, struct err *e)
{
	struct err ignored = {0};

	if (!n->wired) /* network_wire() does it for all */
		return 0;
	if (p->ns.net >= 0)
		(void)pod_ns_after_map(&p->ns.net, 1, &ignored);
	else if (p->number)
		(void)pod_ns_after_map(&n->holder.ns.net, 1, &ignored);
	if (!had_holder && n->holder.sk)
		return network_start(n, e);
	network_tell_names(n, p);
	return 0;
}

static void pod_undo(struct net *n, struct network_pod *p)
{
	publish_leave(&n->publish, p->id);
	network_forget_names(n, p);
	if (p->number)
		pod_ns_unwire(&n->holder, &n->subnets, p->number);
	pod_free(p);
}

static void fill(const struct net *n, const struct network_pod *p, struct net_pod *ret)
{
	int shared_net = p->number && n->holder.shared ? n->holder.ns.net : -1;

	*ret = (struct net_pod){.net_fd = p->ns.net >= 0 ? p->ns.net : shared_net,
	                        .ipc_fd = p->ns.ipc,
	                        .uts_fd = p->ns.uts,
	                        .ip = p->ip,
	                        .ip6 = p->ip6,
	                        .gateway = p->number ? n->gateway : ""};
}

static int net_pod_add(struct net *n, const struct plan_pod *pod, int *fds, size_t nfds,
                       struct net_pod *ret, struct err *e)
{
	bool had_holder = n->holder.sk != NULL;
	struct network_pod *p;

	if (find_pod(n, pod->name) || n->pod_count >= NETWORK_MAX_PODS)
		return err_set(e, ERR_HOST, "pod %s: %s", pod->name,
		               n->pod_count >= NETWORK_MAX_PODS ? "too many pods"
		                                                : "it has a network");
	p = pod_new(n, pod);
	if (pod_make(n, pod, p, e) < 0) {
		pod_free(p);
		return err_wrap(e, "pod %s", pod->name);
	}
	n->pods = xrealloc(n->pods, (n->pod_count + 1) * sizeof(struct network_pod *));
	n->pods[n->pod_count++] = p;
	if (pod_publish(n, pod, p, fds, nfds, e) < 0 || pod_live(n, p, had_holder, e) < 0) {
		n->pod_count--;
		pod_undo(n, p);
		return -1;
	}
	fill(n, p, ret);
	return 0;
}

static void net_pod_remove(struct net *n, const char *pod_name)
{
	for (size_t i = 0; i < n->pod_count; i++) {
		struct network_pod *p = n->pods[i];

		if (!streq(p->name, pod_name))
			continue;
		n->pods[i] = n->pods[--n->pod_count];
		pod_undo(n, p);
		return;
	}
}

static int net_start(struct net *n, struct err *e)
{
	return network_start(n, e);
}

static int net_wire(struct net *n, struct err *e)
{
	return network_wire(n, e);
}

static int net_ready(const struct net *n, struct err *e)
{
	return network_ready(n, e);
}

static void net_on_change(struct net *n, void (*changed)(void *arg), void *arg)
{
	n->changed = changed;
	n->changed_arg = arg;
}

static char *file_text(const char *path, size_t max)
{
	autostrbuf struct strbuf b = STRBUF_MAX(max);
	struct err ignored = {0};

	if (fd_read_file(AT_FDCWD, path, max, &b, &ignored) < 0)
		strbuf_clear(&b);
	return strbuf_take(&b);
}

static char *node_name(void)
{
	char name[HOST_NAME_MAX + 1] = "";

	(void)gethostname(name, sizeof(name) - 1);
	return xstrdup(*name ? name : "localhost");
}

static int net_files(const struct net *n, const struct plan_pod *pod, const struct net_pod *np,
                     struct net_files *ret, struct err *e)
{
	bool host = pod->host_network || n->mode == NET_HOST;
	autofree char *host_file = host ? file_text("/etc/hosts", HOSTS_MAX_FILE) : NULL;
	autofree char *node = host ? node_name() : NULL;
	char host_ip[ADDR_TEXT_SIZE] = "127.0.0.1";
	struct hosts h = {.pod = pod,
	                  .ip = np->ip,
	                  .host_ip = host ? host_ip : network_host_name_ip(n, host_ip),
	                  .host_file = host_file};
	char *text;

	if (hosts_render(&h, &text, e) < 0)
		return -1;
	ret->hosts = text;
	ret->resolv_conf = host ? file_text("/etc/resolv.conf", RESOLV_MAX_FILE)
	                        : resolv_render(&n->resolv, np->gateway);
	ret->hostname = xasprintf("%s\n", host ? node : host_name_of(pod));
	return 0;
}

static const char *net_uplink(const struct net *n)
{
	if (n->mode == NET_HOST)
		return "host";
	if (n->mode == NET_NONE || n->no_uplink[0])
		return "none";
	return uplink_name(&n->uplink);
}

static const char *net_host_ip(const struct net *n)
{
	return n->host_ip;
}

static void net_stop(struct net *n)
{
	network_stop(n);
	while (n->pod_count)
		pod_free(n->pods[--n->pod_count]);
	net_free(n);
}

const struct net_ops kubeplay_net_ops = {
	.prepare = net_prepare,
	.bind_pod = net_bind_pod,
	.free_unused = net_free_unused,
	.setup = net_setup,
	.pod_add = net_pod_add,
	.pod_remove = net_pod_remove,
	.start = net_start,
	.wire = net_wire,
	.ready = net_ready,
	.on_change = net_on_change,
	.files = net_files,
	.uplink = net_uplink,
	.host_ip = net_host_ip,
	.stop = net_stop,
};
