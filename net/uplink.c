/* SPDX-License-Identifier: Apache-2.0 */
/* uplink.c - see uplink.h */
#include "net/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "pkg/util/proc.h"

enum { MTU = 65520, MAX_PROGRAM = 64 << 20 };

/* Ask the file, not the program: its help text is in it, and looking costs no process. */
static bool program_has(const char *path, const char *text)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	bool found;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > MAX_PROGRAM)
		return false;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	found = memmem(map, (size_t)st.st_size, text, strlen(text)) != NULL;
	(void)munmap(map, (size_t)st.st_size);
	return found;
}

/* slirp4netns options in podman's spelling -> its own. */
static const struct slirp_option {
	const char *name, *flag;
	bool is_bool;
} slirp_options[] = {
	{"mtu", "--mtu", false},
	{"enable_ipv6", "--enable-ipv6", true},
	{"outbound_addr", "--outbound-addr", false},
	{"outbound_addr6", "--outbound-addr6", false},
	{"allow_host_loopback", NULL, true},
	{"port_handler", NULL, false}, /* ports are ours */
};

static int slirp_option(struct uplink *u, const char *word, struct err *e)
{
	const char *eq = strchr(word, '=');
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	const char *value = eq ? eq + 1 : "true";

	for (size_t i = 0; i < ARRAY_LEN(slirp_options); i++) {
		const struct slirp_option *o = &slirp_options[i];

		if (strlen(o->name) != len || strncmp(o->name, word, len) != 0)
			continue;
		if (o->is_bool && !streq(value, "true") && !streq(value, "false"))
			return err_set(e, ERR_USAGE,
			               "--network slirp4netns: %s must be true or false", o->name);
		if (streq(o->name, "allow_host_loopback"))
			u->host_loopback = streq(value, "true");
		else if (o->flag && !o->is_bool)
			strv_addf(&u->options, "%s=%s", o->flag, value);
		else if (o->flag && streq(value, "true"))
			strv_add(&u->options, o->flag);
		return 0;
	}
	return err_set(e, ERR_USAGE, "--network slirp4netns: unknown option \"%.*s\"", (int)len,
	               word);
}

static int pasta_option(struct uplink *u, const char *word, struct err *e)
{
	if (streq(word, "--map-gw")) { /* podman's word for it */
		u->host_loopback = true;
		return 0;
	}
	if (word[0] != '-' && u->options.len == 0)
		return err_set(e, ERR_USAGE, "--network pasta: \"%s\" is not an option of pasta",
		               word);
	strv_add(&u->options, word);
	return 0;
}

static int parse_options(struct uplink *u, const char *text, struct err *e)
{
	autofree char *copy = xstrdup(text);
	char *save = NULL;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int r = u->kind == UPLINK_SLIRP ? slirp_option(u, w, e) : pasta_option(u, w, e);

		if (r < 0)
			return -1;
	}
	return 0;
}

static void pick(struct uplink *u, enum uplink_kind kind, char **path)
{
	u->kind = kind;
	u->path = take_ptr(*path);
}

int uplink_choose(enum net_mode mode, const char *options, bool host_loopback,
                  const struct uplink_places *places, struct uplink *ret, struct err *e)
{
	bool want_pasta = mode != NET_SLIRP, want_slirp = mode != NET_PASTA;
	autofree char *pasta = NULL, *slirp = NULL;
	struct uplink u = {.host_loopback = host_loopback};

	if (want_pasta)
		pasta = !places         ? proc_find("pasta")
		        : places->pasta ? xstrdup(places->pasta)
		                        : NULL;
	u.modern = pasta && program_has(pasta, "--map-host-loopback");
	if (want_slirp && !u.modern)
		slirp = !places         ? proc_find("slirp4netns")
		        : places->slirp ? xstrdup(places->slirp)
		                        : NULL;
	if (slirp)
		pick(&u, UPLINK_SLIRP, &slirp);
	else if (pasta)
		pick(&u, UPLINK_PASTA, &pasta);
	else if (mode == NET_PASTA)
		return err_set(
			e, ERR_HOST,
			"--network pasta: no program \"pasta\" is installed\n  apt install passt");
	else if (mode == NET_SLIRP)
		return err_set(
			e, ERR_HOST,
			"--network slirp4netns: no such program is installed\n  apt install slirp4netns");
	if (options && u.kind != UPLINK_NONE && parse_options(&u, options, e) < 0) {
		uplink_done(&u);
		return -1;
	}
	*ret = u;
	if (u.kind != UPLINK_NONE)
		return 0;
	(void)err_set(
		e, ERR_HOST,
		"no uplink program: pods reach each other and have their published ports, but nothing outside\n  apt install passt or slirp4netns");
	return 1;
}

void uplink_done(struct uplink *u)
{
	free(take_ptr(u->path));
	strv_done(&u->options);
	u->kind = UPLINK_NONE;
}

const char *uplink_name(const struct uplink *u)
{
	static const char *const names[] = {
		[UPLINK_NONE] = "none",
		[UPLINK_PASTA] = "pasta",
		[UPLINK_SLIRP] = "slirp4netns",
	};

	return names[u->kind];
}

static void add_all(struct strv *v, const char *const *words)
{
	for (; *words; words++)
		strv_add(v, *words);
}

static void pasta_argv(const struct uplink *u, const struct subnets *s, const char *netns,
                       bool default_route, struct strv *ret)
{
	static const char *const no_ports[] = {"-t",   "none", "-u",   "none", "-T",
	                                       "none", "-U",   "none", NULL};
	struct in6_addr self = addr_nth(&s->tap, SUBNET_TAP_SELF);
	struct in6_addr gateway = addr_nth(&s->tap, SUBNET_TAP_GATEWAY);
	char text[ADDR_TEXT_SIZE];

	strv_addf(ret, "-q");
	strv_addf(ret, "-f");
	strv_addf(ret, "-4");
	strv_addf(ret, "-a");
	strv_add(ret, addr_text(&self, text));
	strv_addf(ret, "-n");
	strv_addf(ret, "%d", addr_prefix_bits(&s->tap));
	strv_addf(ret, "-g");
	strv_add(ret, addr_text(&gateway, text));
	strv_addf(ret, "-I");
	strv_addf(ret, "tap0");
	strv_addf(ret, "-M");
	strv_addf(ret, "52:54:00:12:34:56");
	if (!default_route) {
		strv_addf(ret, "-i");
		strv_addf(ret, "lo");
	}
	if (!u->host_loopback)
		strv_addf(ret, "--no-map-gw");
	add_all(ret, no_ports);
	for (size_t i = 0; i < u->options.len; i++)
		strv_add(ret, u->options.v[i]);
	strv_addf(ret, "--netns-only");
	strv_addf(ret, "--netns");
	strv_add(ret, netns);
}

static void slirp_argv(const struct uplink *u, const struct subnets *s, const char *netns,
                       int ready_fd, struct strv *ret)
{
	char text[ADDR_TEXT_SIZE];
	bool mtu = false;

	for (size_t i = 0; i < u->options.len; i++)
		mtu = mtu || starts_with(u->options.v[i], "--mtu=");
	if (!mtu)
		strv_addf(ret, "--mtu=%d", MTU);
	strv_addf(ret, "--cidr=%s/%d", addr_text(&s->tap.net, text), addr_prefix_bits(&s->tap));
	strv_addf(ret, "--disable-dns");
	if (!u->host_loopback)
		strv_addf(ret, "--disable-host-loopback");
	strv_addf(ret, "--enable-sandbox");
	strv_addf(ret, "--enable-seccomp");
	for (size_t i = 0; i < u->options.len; i++)
		strv_add(ret, u->options.v[i]);
	strv_addf(ret, "-r");
	strv_addf(ret, "%d", ready_fd);
	strv_addf(ret, "--netns-type=path");
	strv_add(ret, netns);
	strv_addf(ret, "tap0");
}

void uplink_argv(const struct uplink *u, const struct subnets *s, const char *netns,
                 bool default_route, int ready_fd, struct strv *ret)
{
	strv_add(ret, uplink_name(u));
	if (u->kind == UPLINK_PASTA)
		pasta_argv(u, s, netns, default_route, ret);
	else
		slirp_argv(u, s, netns, ready_fd, ret);
}

bool uplink_has_ready_fd(const struct uplink *u)
{
	return u->kind == UPLINK_SLIRP;
}

int uplink_check_tun(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int num = errno;

	if (fd >= 0)
		return 0;
	if (num == ENOENT || num == ENODEV || num == ENXIO) {
		(void)err_sys(e, num, "%s: pods will not reach anything outside", path);
		return err_hint(e, "load the driver: sudo modprobe tun");
	}
	if (stat(path, &st) < 0)
		st.st_mode = 0;
	(void)err_sys(e, num, "%s (mode %04o, owner uid %u): pods will not reach anything outside",
	              path, st.st_mode & 07777, st.st_uid);
	return err_hint(e, "let users open it: sudo chmod 0666 %s", path);
}
