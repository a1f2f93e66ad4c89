/* SPDX-License-Identifier: Apache-2.0 */
/* checks.c - see checks.h */
#include "cmd/kubeplay/checks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#include "net/net.h"
#include "pkg/runtime/probe.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/proc.h"

/* --- saying it
 * --------------------------------------------------------------------------------------------------
 */

static void say(struct finding *f, enum check_status status, const char *fmt, ...) PRINTF(3, 4);
static void say(struct finding *f, enum check_status status, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	f->status = MAX(f->status, status);
	strbuf_addf(&f->detail, "%s%s", f->detail.len ? "; " : "", text);
}

static void fix(struct finding *f, const char *fmt, ...) PRINTF(2, 3);
static void fix(struct finding *f, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	strbuf_addf(&f->fix, "%s%s", f->fix.len ? "; " : "", text);
}

/* An error of a library: its first line is the detail, the hints behind it are the fix. */
static void say_err(struct finding *f, enum check_status status, const struct err *e)
{
	const char *hint = strchr(e->msg, '\n');

	say(f, status, "%.*s", hint ? (int)(hint - e->msg) : (int)strlen(e->msg), e->msg);
	for (; hint; hint = strchr(hint, '\n')) {
		hint += strspn(hint, "\n ");
		fix(f, "%.*s", (int)strcspn(hint, "\n"), hint);
	}
}

static const char *user_name(void)
{
	const struct passwd *p = getpwuid(geteuid());

	return p ? p->pw_name : "USER";
}

/* --- kernel and ids
 * --------------------------------------------------------------------------------------------- */

static void check_kernel(struct cli *c, struct finding *f)
{
	enum { MAJOR = 5, MINOR = 11 }; /* overlay in a user namespace */
	struct utsname u;
	long major, minor = 0;
	char *end;

	UNUSED(c);
	(void)uname(&u);
	major = strtol(u.release, &end, 10);
	if (*end == '.')
		minor = strtol(end + 1, NULL, 10);
	if (major > MAJOR || (major == MAJOR && minor >= MINOR)) {
		say(f, CHECK_OK, "Linux %s", u.release);
		return;
	}
	say(f, CHECK_FAIL, "Linux %s is too old", u.release);
	fix(f, "boot a kernel of at least %d.%d", MAJOR, MINOR);
}

static int do_nothing(void *arg, struct err *e)
{
	UNUSED(arg);
	UNUSED(e);
	return 0;
}

static void check_userns(struct cli *c, struct finding *f)
{
	const struct idmap *m;
	struct err e = {0};

	if (cli_ids(c, &m, &e) < 0 || userns_run(m, do_nothing, NULL, &e) < 0)
		say_err(f, CHECK_FAIL, &e);
	else
		say(f, CHECK_OK, "made one and mapped it");
}

static void say_ranges(struct finding *f, const char *what, const struct idmap_range *r, size_t n)
{
	autostrbuf struct strbuf text = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&text, "%s%u..%u to %u..%u", i ? ", " : "", r[i].inside,
		            r[i].inside + r[i].count - 1, r[i].outside,
		            r[i].outside + r[i].count - 1);
	say(f, CHECK_OK, "%s %s", what, text.s ? text.s : "none");
}

static void check_subids(struct cli *c, struct finding *f)
{
	const struct idmap *m;
	struct err e = {0};

	if (cli_ids(c, &m, &e) < 0) {
		say_err(f, CHECK_FAIL, &e);
		return;
	}
	if (m->single) {
		memcpy(e.msg, m->why_single, sizeof(m->why_single));
		say_err(f, CHECK_WARN, &e);
		if (!f->fix.len)
			fix(f,
			    "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
			    user_name());
		return;
	}
	say_ranges(f, "uids", m->uid, m->uid_count);
	say_ranges(f, "gids", m->gid, m->gid_count);
	if (!idmap_full(m)) {
		say(f, CHECK_WARN, "fewer than 65536 ids: images with high ids will not unpack");
		fix(f, "give %s a range of 65536 in /etc/subuid and /etc/subgid", user_name());
	}
}

/* setuid root, or the file capability that does the same */
static bool is_privileged(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_uid == 0 && (st.st_mode & S_ISUID))
		return true;
	return getxattr(path, "security.capability", NULL, 0) > 0;
}

static void check_newidmap(struct cli *c, struct finding *f)
{
	static const char *const tools[] = {"newuidmap", "newgidmap"};

	UNUSED(c);
	if (geteuid() == 0) {
		say(f, CHECK_OK, "not needed as root");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		autofree char *path = proc_find(tools[i]);

		if (!path) {
			say(f, CHECK_WARN, "%s is missing: only one id can be mapped", tools[i]);
			fix(f, "sudo apt install uidmap");
		} else if (!is_privileged(path)) {
			say(f, CHECK_WARN, "%s is not setuid root", path);
			fix(f, "sudo chmod u+s %s", path);
		} else {
			say(f, CHECK_OK, "%s", path);
		}
	}
}

/* --- storage
 * ----------------------------------------------------------------------------------------------------
 */

static int probe(struct cli *c, struct storage_probe *p, struct err *e)
{
	const struct idmap *m;
	const struct dirs *d;

	if (cli_ids(c, &m, e) < 0 || cli_dirs(c, &d, e) < 0)
		return -1;
	if (storage_probe_run(m, d->root_fd, d->root, p, e) < 0)
		return -1;
	return 0;
}

static void check_storage(struct cli *c, struct finding *f)
{
	struct storage_probe p = {0};
	struct err e = {0};

	if (probe(c, &p, &e) < 0 || storage_probe_verdict(&p, &c->ids, c->dirs.root, &e) < 0)
		say_err(f, CHECK_FAIL, &e);
	else
		say(f, CHECK_OK, "%s on %s", c->dirs.root, p.fs);
}

static void check_overlay(struct cli *c, struct finding *f)
{
	struct storage_probe p = {0};
	struct err e = {0};

	if (probe(c, &p, &e) < 0) {
		say_err(f, CHECK_FAIL, &e);
	} else if (p.overlay_ok) {
		say(f, CHECK_OK, "native overlay mounts there");
	} else {
		say(f, CHECK_FAIL, "overlay cannot be mounted there: %s",
		    strerror(p.overlay_errno));
		fix(f, "put the data on another file system: --root DIR or KUBEPLAY_ROOT");
	}
}

static void check_runtime_dir(struct cli *c, struct finding *f)
{
	const struct dirs *d;
	struct err e = {0};

	if (cli_dirs(c, &d, &e) < 0) {
		say_err(f, CHECK_FAIL, &e);
		return;
	}
	say(f, CHECK_OK, "%s", d->runroot);
	if (faccessat(d->runroot_fd, ".", W_OK, AT_EACCESS) < 0)
		say(f, CHECK_FAIL, "not writable: %s", strerror(errno));
}

static void check_helpers(struct cli *c, struct finding *f)
{
	static const char *const names[] = {"kubeplay-image", "kubeplay-net"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		autofree char *path = xasprintf("%s/%s", cli_libexec(c), names[i]);

		if (access(path, X_OK) == 0)
			continue;
		say(f, CHECK_FAIL, "%s: %s", path, strerror(errno));
		fix(f, "install kubeplay completely: make install");
		return;
	}
	say(f, CHECK_OK, "%s", cli_libexec(c));
}

/* --- cgroups
 * ----------------------------------------------------------------------------------------------------
 */

/* Our own group of the unified hierarchy, as a path below /sys/fs/cgroup; owned, NULL if there is
 * none. */
static char *own_cgroup(void)
{
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};
	autoclose int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	char *line;

	if (fd < 0 || fd_read_all(fd, 65536, &text, &ignored) < 0 || !text.s)
		return NULL;
	line = starts_with(text.s, "0::") ? text.s : strstr(text.s, "\n0::");
	if (!line)
		return NULL;
	line = strchr(line, '/');
	return line ? xstrndup(line, strcspn(line, "\n")) : NULL;
}

static void cgroup_fix(struct finding *f)
{
	fix(f,
	    "log in through systemd (a user session delegates), or run in a unit with Delegate=yes; pods run without "
	    "this, unlimited");
}

static void check_cgroup(struct cli *c, struct finding *f)
{
	autofree char *group = own_cgroup(), *procs = NULL, *controllers = NULL;
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};
	struct statfs fs;
	autoclose int fd = -1;

	UNUSED(c);
	if (statfs("/sys/fs/cgroup", &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC || !group) {
		say(f, CHECK_WARN,
		    "no unified hierarchy (cgroup v2) at /sys/fs/cgroup: limits are not enforced");
		fix(f, "boot with systemd.unified_cgroup_hierarchy=1");
		return;
	}
	procs = xasprintf("/sys/fs/cgroup%s/cgroup.procs", group);
	controllers = xasprintf("/sys/fs/cgroup%s/cgroup.controllers", group);
	if (access(procs, W_OK) < 0) {
		say(f, CHECK_WARN, "%s is not delegated to %s: limits are not enforced", group,
		    user_name());
		cgroup_fix(f);
		return;
	}
	fd = open(controllers, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)fd_read_all(fd, 4096, &text, &ignored);
	while (text.len && text.s[text.len - 1] == '\n')
		text.s[--text.len] = '\0';
	say(f, CHECK_OK, "%s, controllers: %s", group, text.len ? text.s : "none");
}

/* --- network
 * ----------------------------------------------------------------------------------------------------
 */

static void check_tun(struct cli *c, struct finding *f)
{
	autoclose int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	UNUSED(c);
	if (fd >= 0) {
		say(f, CHECK_OK, "can be opened");
		return;
	}
	say(f, CHECK_WARN, "%s: pods cannot reach other machines", strerror(errno));
	fix(f, "%s", errno == ENOENT ? "sudo modprobe tun" : "sudo chmod 0666 /dev/net/tun");
}

/* First line of `PROGRAM --version`; owned, "" if it does not say. */
static char *version_of(const char *program)
{
	const char *const argv[] = {program, "--version", NULL};
	autostrbuf struct strbuf text = {0};
	struct err ignored = {0};
	autoclose int pidfd = -1;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return xstrdup("");
	if (proc_spawn(&(struct proc_cmd){.argv = argv, .out = p[1], .err = p[1]}, &pidfd,
	               &ignored) < 0) {
		fd_close_many(p, 2);
		return xstrdup("");
	}
	close_fd(&p[1]);
	(void)fd_read_all(p[0], 16384, &text, &ignored);
	close_fd(&p[0]);
	(void)proc_reap(pidfd);
	return text.s ? str_sanitize(text.s, strcspn(text.s, "\n")) : xstrdup("");
}

static void say_version(struct finding *f, const char *program)
{
	autofree char *path = proc_find(program), *version = NULL;

	if (!path)
		return;
	version = version_of(path);
	say(f, CHECK_OK, "%s (%s)", path, *version ? version : "version unknown");
}

/* Ask the network itself what `--network auto` would take: it knows which features it needs. */
static void check_uplink(struct cli *c, struct finding *f)
{
	const struct net_config config = {.mode = NET_AUTO};
	struct plan empty = {.version = PLAN_VERSION, .project = NULL};
	struct net *n = NULL;
	struct err e = {0};
	const char *chosen;

	UNUSED(c);
	if (kubeplay_net_ops.prepare(&config, &empty, &n, &e) < 0) {
		say_err(f, CHECK_WARN, &e);
	} else {
		chosen = kubeplay_net_ops.uplink(n);
		if (!chosen || streq(chosen, "none") || !*chosen)
			say(f, CHECK_WARN, "no uplink program: pods cannot reach other machines");
		else
			say(f, CHECK_OK, "%s", chosen);
		kubeplay_net_ops.free_unused(n);
	}
	if (f->status != CHECK_OK && !f->fix.len)
		fix(f, "sudo apt install slirp4netns (or passt)");
	say_version(f, "pasta");
	say_version(f, "slirp4netns");
}

static void check_ports(struct cli *c, struct finding *f)
{
	autostrbuf struct strbuf text = {0};
	struct err e = {0};
	autoclose int fd =
		open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_RDONLY | O_CLOEXEC);

	UNUSED(c);
	if (geteuid() == 0) {
		say(f, CHECK_OK, "all ports, as root");
		return;
	}
	if (fd < 0 || fd_read_all(fd, 64, &text, &e) < 0 || !text.s) {
		say(f, CHECK_OK, "from 1024 on");
		return;
	}
	text.s[strcspn(text.s, "\n")] = '\0';
	say(f, CHECK_OK, "hostPorts from %s on (net.ipv4.ip_unprivileged_port_start)", text.s);
}

static void check_linger(struct cli *c, struct finding *f)
{
	autofree char *path = xasprintf("/var/lib/systemd/linger/%s", user_name());

	UNUSED(c);
	if (geteuid() == 0 || access("/run/systemd/system", F_OK) < 0 || access(path, F_OK) == 0) {
		say(f, CHECK_OK, "pods outlive the session");
		return;
	}
	say(f, CHECK_WARN, "systemd may end the pods at logout");
	fix(f, "loginctl enable-linger");
}

const struct check checks[] = {
	{"kernel", check_kernel},
	{"user namespaces", check_userns},
	{"sub-ids", check_subids},
	{"newuidmap", check_newidmap},
	{"runtime directory", check_runtime_dir},
	{"storage", check_storage},
	{"overlay", check_overlay},
	{"helper programs", check_helpers},
	{"cgroup delegation", check_cgroup},
	{"/dev/net/tun", check_tun},
	{"uplink", check_uplink},
	{"ports", check_ports},
	{"linger", check_linger},
};
const size_t checks_count = ARRAY_LEN(checks);

void check_run(const struct check *k, struct cli *c, struct finding *f)
{
	*f = (struct finding){0};
	k->run(c, f);
}

void finding_done(struct finding *f)
{
	strbuf_done(&f->detail);
	strbuf_done(&f->fix);
}
