/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_spawn.c - real containers from a busybox, seen from the inside
 *
 * Each test starts a small supervisor (user, mount and pid namespace, as kubeplay's own), which
 * makes an image on a tmpfs, starts one container, collects what it says, and sends that back in
 * shared memory. Nothing outlives a test.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "pkg/runtime/caps.h"
#include "pkg/runtime/ns.h"
#include "pkg/runtime/spawn.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/proc.h"

#define DIR_MNT "/tmp"

enum { OUT_MAX = 32768, LAYERS_MAX = 127 };

/* What a test wants to happen, and what came of it. */
struct box {
	/* in */
	const char *argv[8];
	const char *script;       /* instead of argv: sh -c */
	void (*image)(int layer); /* adds to the image */
	void (*tweak)(struct spawn_spec *s, struct box *b);
	const char *exec_argv[8]; /* run in the container while it lives */
	void (*exec_tweak)(struct exec_spec *x);
	bool tty, exec_tty;
	size_t layers; /* extra empty layers */
	enum { NO_GATE, GATE_OPENS, GATE_SHUTS } gate;
	/* for tweaks */
	struct spawn_mount mounts[4];
	uint32_t groups[2];
	const char *env[8];
	int scratch; /* a directory beside the image */
	/* out */
	bool started, exec_started;
	bool waited; /* nothing happened while the gate was closed */
	int code, exec_code;
	int64_t us;
	struct err e;
	char out[OUT_MAX];
};

static struct idmap map;
static struct box *box; /* shared with the supervisor */

/* ---- the image ---- */

/* A program of 22 instruction bytes: exit(geteuid() != 0). */
static const unsigned char am_i_root[] = {
	0x7f, 'E',  'L',  'F',  2,    1,    1,    0,
	0,    0,    0,    0,    0,    0,    0,    0, /* ident */
	2,    0,    0x3e, 0,    1,    0,    0,    0,
	0x78, 0,    0x40, 0,    0,    0,    0,    0, /* exec, x86-64, entry 0x400078 */
	0x40, 0,    0,    0,    0,    0,    0,    0,
	0,    0,    0,    0,    0,    0,    0,    0, /* program header at 64 */
	0,    0,    0,    0,    0x40, 0,    0x38, 0,
	1,    0,    0,    0,    0,    0,    0,    0, /* sizes: one of 56 */
	1,    0,    0,    0,    5,    0,    0,    0,
	0,    0,    0,    0,    0,    0,    0,    0, /* load, r-x, from 0 */
	0,    0,    0x40, 0,    0,    0,    0,    0,
	0,    0,    0x40, 0,    0,    0,    0,    0, /* to 0x400000 */
	0x8e, 0,    0,    0,    0,    0,    0,    0,
	0x8e, 0,    0,    0,    0,    0,    0,    0,    /* 142 bytes */
	0,    0x10, 0,    0,    0,    0,    0,    0,    /* aligned to 4096 */
	0xb8, 0x6b, 0,    0,    0,    0x0f, 0x05,       /* geteuid */
	0x31, 0xff, 0x85, 0xc0, 0x40, 0x0f, 0x95, 0xc7, /* edi = eax != 0 */
	0xb8, 0x3c, 0,    0,    0,    0x0f, 0x05,       /* exit */
};

static void die(const char *what)
{
	(void)err_sys(&box->e, errno, "test: %s", what);
	_exit(99);
}

static void put_file(int dir, const char *name, const void *data, size_t len, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || fchmod(fd, mode) < 0)
		die(name);
	(void)close(fd);
}

static void put_text(int dir, const char *name, const char *text, mode_t mode)
{
	put_file(dir, name, text, strlen(text), mode);
}

static void put_dir(int dir, const char *name, mode_t mode)
{
	if (mkdirat(dir, name, mode) < 0 || fchmodat(dir, name, mode, 0) < 0)
		die(name);
}

static void put_link(int dir, const char *name, const char *to)
{
	if (symlinkat(to, dir, name) < 0)
		die(name);
}

static void put_image(int layer)
{
	static const char *const applets[] = {
		"sh",      "cat",  "id",    "ls",     "tty",  "stty",     "sleep",    "mount",
		"unshare", "stat", "touch", "grep",   "echo", "readlink", "hostname", "true",
		"env",     "wc",   "head",  "chroot", "ps",   "pwd",
	};
	struct strbuf text = {0};
	struct err e = {0};

	put_dir(layer, "bin", 0755);
	put_dir(layer, "etc", 0755);
	if (fd_read_file(AT_FDCWD, "/bin/busybox", 16 << 20, &text, &e) < 0)
		die("/bin/busybox");
	put_file(layer, "bin/busybox", text.s, text.len, 0755);
	strbuf_done(&text);
	for (size_t i = 0; i < ARRAY_LEN(applets); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "bin/%s", applets[i]);
		put_link(layer, path, "busybox");
	}
	put_text(layer, "etc/passwd",
	         "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:w:/home/web:/bin/sh\n", 0644);
	put_text(layer, "etc/group",
	         "root:x:0:\nweb:x:1001:\naudio:x:29:other,web\nnogroup:x:30:we\n", 0644);
	put_file(layer, "bin/amiroot", am_i_root, sizeof(am_i_root), 04755);
	put_text(layer, "bin/plain", "not executable", 0644);
	put_text(layer, "bin/noexec", "neither script nor program", 0755);
	put_text(layer, "bin/badscript", "#!/opt/lost -x\n", 0755);
}

/* ---- the supervisor ---- */

static void must(int r, const char *what)
{
	if (r < 0)
		die(what);
}

static int sub_dir(int dir, const char *name)
{
	struct err e = {0};
	int fd = fs_open_dir(dir, name, 0755, &e);

	must(fd, name);
	return fd;
}

static int set_hostname(void *arg, struct err *e)
{
	(void)arg;
	return sethostname("box", 3) < 0 ? err_sys(e, errno, "sethostname") : 0;
}

/* Everything a process writes until all have closed their end; kept from the last byte of out on.
 */
static void collect(int fd)
{
	size_t len = strlen(box->out);
	ssize_t n;

	while (len < OUT_MAX - 1 && (n = read(fd, box->out + len, OUT_MAX - 1 - len)) > 0)
		len += (size_t)n;
	box->out[len] = '\0';
}

static int receive_master(int sock)
{
	int fds[FD_MAX_PASS];
	size_t n = 0;
	char byte;

	must(fd_recv_msg(sock, &byte, 1, fds, &n) == 1 && n == 1 ? 0 : -1, "receive the terminal");
	return fds[0];
}

static void run_exec(const struct spawn_result *r)
{
	static const char *const env[] = {"PATH=/bin", "EXEC=yes", NULL};
	struct exec_spec x = {
		.container_pidfd = r->pidfd,
		.container_pid = r->pid,
		.env = (char *const *)(uintptr_t)env,
		.cwd = "/",
		.argv = (char *const *)(uintptr_t)box->exec_argv,
		.uid = -1,
		.gid = -1,
		.caps = caps_default(),
		.cgroup_fd = -1,
		.stdin_fd = -1,
		.tty = box->exec_tty,
		.rows = 33,
		.cols = 77,
	};
	struct spawn_result xr = {0};
	int p[2], sv[2], from;

	must(pipe2(p, O_CLOEXEC), "pipe");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), "socketpair");
	x.stdout_fd = x.stderr_fd = p[1];
	x.tty_sock = sv[1];
	if (box->exec_tweak)
		box->exec_tweak(&x);
	if (spawn_exec(&x, &xr, &box->e) < 0)
		return;
	(void)close(p[1]);
	box->exec_started = spawn_result_read(xr.err_fd, &box->e) == 0;
	from = box->exec_tty && box->exec_started ? receive_master(sv[0]) : p[0];
	collect(from);
	if (xr.pid <= 0)
		box->exec_started = false;
	box->exec_code = proc_reap(xr.pidfd);
}

/* The child is prepared and waits; then let it go, or vanish as a dying supervisor does. */
static void attend_gate(int gate[2], int err_fd)
{
	struct pollfd p = {.fd = err_fd, .events = POLLIN};

	box->waited = poll(&p, 1, 300) == 0;
	if (box->gate == GATE_OPENS)
		must((int)write(gate[1], "g", 1), "open the gate");
	fd_close_many(gate, 2);
}

static void run_container(int base)
{
	const char *const sh[] = {"sh", "-c", box->script, NULL};
	int layers[LAYERS_MAX + 1], p[2], sv[2], gate[2] = {-1, -1};
	struct ns_set ns = {-1, -1, -1};
	struct spawn_result r = {0};
	struct spawn_spec s = {
		.name = "box",
		.layer_fds = layers,
		.upper_fd = sub_dir(base, "upper"),
		.work_fd = sub_dir(base, "work"),
		.mounts = box->mounts,
		.shm_fd = -1,
		.cgroup_fd = -1,
		.argv = (char *const *)(uintptr_t)(box->script ? sh
	                                                       : (const char *const *)box->argv),
		.cwd = "/",
		.uid = -1,
		.gid = -1,
		.caps = caps_default(),
		.stdin_fd = -1,
		.tty = box->tty,
	};
	int64_t before;

	(void)umask(0);
	layers[box->layers] = sub_dir(base, "image");
	put_image(layers[box->layers]);
	if (box->image)
		box->image(layers[box->layers]);
	for (size_t i = 0; i < box->layers; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "l%zu", i);
		layers[i] = sub_dir(base, name);
	}
	s.layer_count = box->layers + 1;
	box->env[0] = "PATH=/bin";
	s.env = (char *const *)(uintptr_t)box->env;
	box->scratch = sub_dir(base, "scratch");
	must(ns_make(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS, set_hostname, NULL, &ns, &box->e),
	     "ns");
	s.net_fd = ns.net;
	s.ipc_fd = ns.ipc;
	s.uts_fd = ns.uts;
	must(pipe2(p, O_CLOEXEC), "pipe");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), "socketpair");
	s.stdout_fd = s.stderr_fd = p[1];
	s.tty_sock = sv[1];
	if (box->tweak)
		box->tweak(&s, box);
	if (box->gate) {
		must(pipe2(gate, O_CLOEXEC), "pipe");
		s.gate = gate;
	}
	(void)umask(0077); /* not inherited */
	before = clock_mono_ns();
	if (spawn_container(&s, &r, &box->e) < 0)
		return;
	(void)close(p[1]);
	if (box->gate)
		attend_gate(gate, r.err_fd);
	box->started = spawn_result_read(r.err_fd, &box->e) == 0;
	box->us = (clock_mono_ns() - before) / 1000;
	if (box->exec_argv[0]) {
		run_exec(&r);
		(void)proc_signal(r.pidfd, SIGKILL);
	} else {
		collect(box->tty && box->started ? receive_master(sv[0]) : p[0]);
	}
	box->code = proc_reap(r.pidfd);
}

static NORETURN void supervisor(int ready)
{
	struct rlimit many = {4096, 4096};
	sigset_t all;
	char byte;

	must(read(ready, &byte, 1) == 1 ? 0 : -1, "wait for the map");
	must(setresgid(0, 0, 0), "setresgid");
	must(setresuid(0, 0, 0), "setresuid");
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "rslave");
	must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount /proc");
	must(mount("tmpfs", DIR_MNT, "tmpfs", 0, "mode=0755"), "mount tmpfs");
	/* What a container must not inherit. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setrlimit(RLIMIT_NOFILE, &many);
	(void)open("/etc/hostname", O_RDONLY); /* NOLINT: without O_CLOEXEC on purpose */
	run_container(open(DIR_MNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	_exit(0);
}

/* Run the container that b describes; what came of it is in b again. */
static void run(struct box *b)
{
	struct err e = {0};
	int p[2], pidfd = -1;
	pid_t pid;

	if (map.single)
		skip();
	*box = *b;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, &pidfd);
	if (pid == 0)
		supervisor(p[0]);
	if (pid < 0 && (errno == EPERM || errno == ENOSPC))
		skip();
	assert_true(pid > 0);
	if (userns_map(&map, pid, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(write(p[1], "m", 1), 1);
	assert_int_equal(proc_reap(pidfd), 0);
	(void)close(pidfd);
	(void)close(p[0]);
	(void)close(p[1]);
	*b = *box;
}

static void run_ok(struct box *b)
{
	run(b);
	if (b->e.kind != ERR_NONE)
		fail_msg("%s", b->e.msg);
	assert_true(b->started);
}

static void has(const struct box *b, const char *text)
{
	if (!strstr(b->out, text))
		fail_msg("no \"%s\" in:\n%s\nerror: %s", text, b->out, b->e.msg);
}

static void has_not(const struct box *b, const char *text)
{
	if (strstr(b->out, text))
		fail_msg("\"%s\" in:\n%s", text, b->out);
}

static void fails_with(struct box *b, enum err_kind kind, const char *text)
{
	run(b);
	assert_false(b->started);
	if (!strstr(b->e.msg, text) || b->e.kind != kind)
		fail_msg("no \"%s\" (kind %d) in: %s (kind %d)", text, kind, b->e.msg, b->e.kind);
}

/* ---- privileges ---- */

TEST(root_gets_the_default_capabilities_and_the_filter)
{
	struct box b = {.argv = {"cat", "/proc/self/status"}};

	run_ok(&b);
	assert_int_equal(b.code, 0);
	has(&b, "CapBnd:\t00000000a80425fb\n");
	has(&b, "CapEff:\t00000000a80425fb\n");
	has(&b, "CapPrm:\t00000000a80425fb\n");
	has(&b, "CapInh:\t0000000000000000\n");
	has(&b, "CapAmb:\t0000000000000000\n");
	has(&b, "Seccomp:\t2\n");
	has(&b, "NoNewPrivs:\t0\n");
	has(&b, "SigBlk:\t0000000000000000\n");
	has(&b, "SigIgn:\t0000000000000000\n");
	has(&b, "Pid:\t1\n");
	has(&b, "PPid:\t0\n");
	has(&b, "Umask:\t0022\n");
}

static void as_web(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->image_user = "web";
}

TEST(other_users_have_only_the_bounding_set)
{
	struct box b = {.argv = {"cat", "/proc/self/status"}, .tweak = as_web};

	run_ok(&b);
	has(&b, "CapBnd:\t00000000a80425fb\n");
	has(&b, "CapEff:\t0000000000000000\n");
	has(&b, "CapPrm:\t0000000000000000\n");
	has(&b, "Seccomp:\t2\n");
	has(&b, "Uid:\t1000\t1000\t1000\t1000\n");
	has(&b, "Gid:\t1001\t1001\t1001\t1001\n");
	has(&b, "Groups:\t29 1001 \n");
}

static void web_without_new_privileges(struct spawn_spec *s, struct box *b)
{
	as_web(s, b);
	s->no_new_privs = true;
}

TEST(a_setuid_program_works_by_default)
{
	struct box b = {.argv = {"amiroot"}, .tweak = as_web};

	run_ok(&b);
	assert_int_equal(b.code, 0);
}

TEST(a_setuid_program_gains_nothing_with_no_new_privs)
{
	struct box b = {.argv = {"amiroot"}, .tweak = web_without_new_privileges};
	struct box status = {.argv = {"cat", "/proc/self/status"},
	                     .tweak = web_without_new_privileges};

	run_ok(&b);
	assert_int_equal(b.code, 1);
	run_ok(&status);
	has(&status, "NoNewPrivs:\t1\n");
	has(&status, "Seccomp:\t2\n");
	has(&status, "CapEff:\t0000000000000000\n");
}

static void without_caps(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->caps = 0;
	s->no_new_privs = true;
}

TEST(root_without_capabilities_has_none)
{
	struct box b = {.script = "cat /proc/self/status; chroot / true", .tweak = without_caps};

	run_ok(&b);
	has(&b, "CapBnd:\t0000000000000000\n");
	has(&b, "CapEff:\t0000000000000000\n");
	has(&b, "CapPrm:\t0000000000000000\n");
	has(&b, "Seccomp:\t2\n");
	has(&b, "chroot: can't change root directory");
}

static void with_admin(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->caps |= UINT64_C(1) << 21;
}

TEST(mounting_takes_sys_admin)
{
	struct box no = {.script = "mount -t tmpfs x /etc; unshare -r true"};
	struct box yes = {.script = "mount -t tmpfs x /etc && cat /proc/self/status",
	                  .tweak = with_admin};

	run_ok(&no);
	has(&no, "mount: ");
	has(&no, "unshare: ");
	assert_int_not_equal(no.code, 0);
	run_ok(&yes);
	assert_int_equal(yes.code, 0);
	has(&yes, "Seccomp:\t2\n");
	has(&yes, "CapEff:\t00000000a82425fb\n");
}

static void privileged(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->caps = caps_all();
	s->privileged = s->no_seccomp = true;
}

TEST(a_privileged_container_has_everything_and_no_filter)
{
	struct box b = {
		.script =
			"grep Seccomp: /proc/self/status; mount -t tmpfs x /etc && echo mounted; hostname y && hostname;"
			"grep -E ' /(proc|sys)/(kcore|keys|sys|firmware) ' /proc/self/mountinfo; touch /sys/kernel/x; ls /dev/fuse",
		.tweak = privileged};

	run_ok(&b);
	has(&b, "Seccomp:\t0\n");
	has(&b, "mounted\n");
	has(&b, "\ny\n");
	has(&b, "/dev/fuse\n");
	has_not(&b, " /proc/");
	has_not(&b, "Read-only");
}

/* ---- what is visible ---- */

TEST(there_are_no_foreign_descriptors)
{
	struct box b = {.argv = {"ls", "-l", "/proc/self/fd"}};

	run_ok(&b);
	has(&b, " 0 -> /dev/null\n");
	has(&b, " 1 -> pipe:");
	has(&b, " 2 -> pipe:");
	has(&b, "/proc/self/fd/3: cannot read link"); /* the directory that ls had open */
	has_not(&b, " 3 -> ");
	has_not(&b, " 4");
}

TEST(kernel_files_are_hidden_or_read_only)
{
	struct box b = {
		.script =
			"cat /proc/keys /proc/timer_list /proc/interrupts | wc -c;"
			"ls /proc/acpi /proc/scsi /sys/firmware 2>/dev/null | grep -v : | grep -c .;"
			"echo x > /proc/sys/kernel/hostname; touch /proc/irq/x; echo e > /sys/power/state;"
			"touch /sys/fs/cgroup/x; ls /proc/bus > /dev/null && echo bus"};

	run_ok(&b);
	has(&b, "0\n0\n");
	has(&b, "can't create /proc/sys/kernel/hostname: Read-only file system");
	has(&b, "can't create /sys/power/state: Read-only file system");
	has(&b, "/sys/fs/cgroup/x: ");
	has(&b, "bus\n");
}

TEST(only_its_own_mounts_are_there)
{
	struct box b = {.argv = {"cat", "/proc/self/mountinfo"}};
	static const char *const allowed[] = {"/", "/proc", "/sys", "/dev"};
	char *save = NULL;
	int lines = 0;

	run_ok(&b);
	for (char *l = strtok_r(b.out, "\n", &save); l; l = strtok_r(NULL, "\n", &save), lines++) {
		char where[256] = "";
		bool ok = false;

		assert_int_equal(sscanf(l, "%*s %*s %*s %*s %255s", where), 1);
		for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
			size_t n = strlen(allowed[i]);

			ok |= streq(where, allowed[i]) ||
			      (n > 1 && starts_with(where, allowed[i]) && where[n] == '/');
		}
		if (!ok || strstr(l, "shared:") || strstr(l, "master:"))
			fail_msg("%s", l);
	}
	assert_in_range(lines, 14, 60);
}

TEST(devices_links_and_the_host_name_are_in_place)
{
	struct box b = {
		.script =
			"echo gone > /dev/null; head -c 3 /dev/zero | wc -c; head -c 5 /dev/urandom | wc -c;"
			"readlink /dev/stdout; readlink /dev/ptmx; stat -c %a:%t,%T /dev/full; hostname;"
			"touch /dev/shm/x /dev/mqueue/y && echo shm; "
			"stat -c %a /dev/shm; echo there > /dev/stdout; ls /dev"};

	run_ok(&b);
	has(&b, "3\n5\n/proc/self/fd/1\npts/ptmx\n666:1,7\nbox\nshm\n");
	has(&b, "1777\n");
	has(&b, "there\n");
	has_not(&b, "kvm");
}

TEST(another_user_can_reopen_its_output)
{
	struct box b = {.script = "echo out > /dev/stdout; echo err > /dev/stderr",
	                .tweak = as_web};

	run_ok(&b);
	has(&b, "out\nerr\n");
}

static void oom_and_limits(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->oom_score_adj = 777;
	s->nofile = 300;
}

TEST(oom_score_is_raised_and_limits_are_the_starters)
{
	struct box b = {.script = "cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn",
	                .tweak = oom_and_limits};

	run_ok(&b);
	has(&b, "777\n300\n4096\n");
}

static void read_only(struct spawn_spec *s, struct box *b)
{
	s->read_only_root = true;
	s->mount_count = 1;
	b->mounts[0] = (struct spawn_mount){
		.type = SPAWN_TMPFS, .target = "/data/deep", .size = 1 << 20, .mode = 01777};
}

TEST(a_read_only_root_leaves_volumes_writable)
{
	struct box b = {
		.script =
			"touch /x; touch /data/deep/y && echo ok; touch /dev/shm/z && stat -c %a /data/deep",
		.tweak = read_only};

	run_ok(&b);
	has(&b, "touch: /x: Read-only file system");
	has(&b, "ok\n1777\n");
}

static void host_sys(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->net_fd = -1;
	s->host_sys = true;
}

TEST(host_network_shows_the_hosts_sys_read_only)
{
	struct box b = {
		.script =
			"ls /sys/class/net | wc -l; touch /sys/x; grep ' /sys ' /proc/self/mountinfo; ls /sys/fs/cgroup/unified /sys/fs/cgroup/cpu",
		.tweak = host_sys};

	run_ok(&b);
	has(&b, "Read-only file system");
	has(&b, " /sys ro,");
	has(&b, "/sys/fs/cgroup/unified: No such file");
}

/* ---- identity ---- */

static void unknown_user(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->image_user = "nobodyknows";
}

TEST(an_unknown_user_is_named)
{
	struct box b = {.argv = {"true"}, .tweak = unknown_user};

	fails_with(&b, ERR_WORKLOAD,
	           "box: user: the image's /etc/passwd has no user \"nobodyknows\"");
}

static void unmapped(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->uid = 200000;
}

TEST(an_id_outside_of_the_mapping_is_explained)
{
	struct box b = {.argv = {"true"}, .tweak = unmapped};

	fails_with(&b, ERR_HOST, "become uid 200000: Invalid argument\n  the id range");
}

static void uid_and_groups(struct spawn_spec *s, struct box *b)
{
	b->groups[0] = 4242;
	s->uid = 1000;
	s->image_user = "root:root";
	s->groups = b->groups;
	s->group_count = 1;
}

TEST(an_override_takes_the_users_own_group_and_home)
{
	struct box b = {.script = "id; echo $HOME; echo $SECRET", .tweak = uid_and_groups};

	(void)setenv("SECRET", "of the host", 1);
	run_ok(&b);
	has(&b, "uid=1000(web) gid=1001(web) groups=29(audio),1001(web),4242\n/home/web\n\n");
}

/* ---- hostile images and volumes ---- */

static void proc_is_a_link(int layer)
{
	put_link(layer, "proc", "/etc");
}

static void dev_is_a_link(int layer)
{
	put_link(layer, "dev", "etc");
}

static void sys_is_a_file(int layer)
{
	put_text(layer, "sys", "x", 0644);
}

TEST(kernel_file_systems_are_never_mounted_through_links)
{
	struct box proc = {.argv = {"true"}, .image = proc_is_a_link};
	struct box dev = {.argv = {"true"}, .image = dev_is_a_link};
	struct box sys = {.argv = {"true"}, .image = sys_is_a_file};

	fails_with(&proc, ERR_WORKLOAD, "/proc of the image is not a directory");
	fails_with(&dev, ERR_WORKLOAD, "/dev of the image is not a directory");
	fails_with(&sys, ERR_WORKLOAD, "/sys of the image is not a directory");
}

static void link_to_proc(int layer)
{
	put_link(layer, "data", "/proc/self");
}

static const char *target;

static void tmpfs_on_target(struct spawn_spec *s, struct box *b)
{
	s->mount_count = 1;
	b->mounts[0] = (struct spawn_mount){.type = SPAWN_TMPFS,
	                                    .target = target,
	                                    .mode = 0755,
	                                    .what = "volume data (emptyDir)"};
}

TEST(targets_in_proc_and_sys_are_refused)
{
	static const char *const bad[] = {"/proc", "/proc/self/attr", "//proc/./sys", "/sys",
	                                  "/sys/fs"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct box b = {.argv = {"true"}, .tweak = tmpfs_on_target};

		target = bad[i];
		fails_with(&b, ERR_UNSUPPORTED, "nothing can be mounted on /");
	}
	struct box root = {.argv = {"true"}, .tweak = tmpfs_on_target};
	struct box up = {.argv = {"true"}, .tweak = tmpfs_on_target};
	struct box link = {.argv = {"true"}, .tweak = tmpfs_on_target, .image = link_to_proc};

	target = "/.";
	fails_with(&root, ERR_INPUT, "would hide the image");
	target = "/a/../../proc";
	fails_with(&up, ERR_INPUT, "has a \"..\"");
	target = "/data";
	run(&link);
	assert_false(link.started);
	assert_non_null(strstr(link.e.msg, "volume data (emptyDir)"));
}

static void link_out(int layer)
{
	put_link(layer, "out", "../../../../../../etc");
}

TEST(a_target_link_ends_inside_the_container)
{
	struct box b = {.script = "ls /etc/made && echo inside",
	                .tweak = tmpfs_on_target,
	                .image = link_out};

	target = "/out/made";
	run_ok(&b);
	has(&b, "inside\n");
}

static const char *sub_path;

static void sub_path_of_scratch(struct spawn_spec *s, struct box *b)
{
	(void)fchmod(b->scratch, 0777);
	put_dir(b->scratch, "real", 0755);
	put_text(b->scratch, "real/file", "content\n", 0644);
	put_link(b->scratch, "inner", "real/file");
	put_link(b->scratch, "escape", "/etc");
	put_link(b->scratch, "up", "real/../../upper");
	s->mount_count = 1;
	b->mounts[0] = (struct spawn_mount){.type = SPAWN_BIND,
	                                    .fd = b->scratch,
	                                    .target = "/v",
	                                    .sub_path = sub_path,
	                                    .what = "volume v"};
}

TEST(a_sub_path_cannot_leave_its_volume)
{
	static const char *const bad[] = {"escape",         "up",       "escape/passwd",
	                                  "escape/new/dir", "../upper", "real/../.."};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct box b = {.argv = {"true"}, .tweak = sub_path_of_scratch};

		sub_path = bad[i];
		fails_with(&b, ERR_WORKLOAD, "leads out of its volume");
	}
}

TEST(a_sub_path_may_be_a_file_a_link_inside_or_missing)
{
	struct box file = {.argv = {"cat", "/v"}, .tweak = sub_path_of_scratch};
	struct box missing = {.script = "stat -c %a:%F /v; touch /v/w && echo ok",
	                      .tweak = sub_path_of_scratch};

	sub_path = "inner";
	run_ok(&file);
	has(&file, "content\n");
	sub_path = "new/deep";
	run_ok(&missing);
	has(&missing, "777:directory\nok\n");
}

static void read_only_scratch(struct spawn_spec *s, struct box *b)
{
	put_text(b->scratch, "file", "content\n", 0644);
	s->mount_count = 1;
	b->mounts[0] = (struct spawn_mount){.type = SPAWN_BIND,
	                                    .fd = b->scratch,
	                                    .target = "/v",
	                                    .read_only = true,
	                                    .recursive = true,
	                                    .nosuid_nodev = true};
}

TEST(a_read_only_volume_is_read_only)
{
	struct box b = {.script = "cat /v/file; touch /v/x; grep ' /v ' /proc/self/mountinfo",
	                .tweak = read_only_scratch};

	run_ok(&b);
	has(&b, "content\n");
	has(&b, "touch: /v/x: Read-only file system");
	has(&b, " ro,nosuid,nodev,");
}

static void file_over_directory(struct spawn_spec *s, struct box *b)
{
	put_text(b->scratch, "file", "x", 0644);
	s->mount_count = 1;
	b->mounts[0] = (struct spawn_mount){
		.type = SPAWN_BIND, .fd = b->scratch, .sub_path = "file", .target = "/etc"};
}

TEST(a_file_on_a_directory_is_explained)
{
	struct box b = {.argv = {"true"}, .tweak = file_over_directory};

	fails_with(&b, ERR_WORKLOAD, "/etc is a directory in the image but the volume is a file");
}

static void passwd_is_a_fifo(int layer)
{
	must(unlinkat(layer, "etc/passwd", 0), "unlink");
	must(mknodat(layer, "etc/passwd", S_IFIFO | 0666, 0), "mkfifo");
}

static void passwd_is_huge(int layer)
{
	must(unlinkat(layer, "etc/passwd", 0), "unlink");
	put_text(layer, "etc/passwd", "", 0644);
	int fd = openat(layer, "etc/passwd", O_WRONLY | O_CLOEXEC);

	must(ftruncate(fd, INT64_C(1) << 40), "truncate");
	(void)close(fd);
}

TEST(a_hostile_passwd_file_neither_blocks_nor_fills_memory)
{
	struct box fifo = {.argv = {"true"}, .image = passwd_is_a_fifo, .tweak = as_web};
	struct box huge = {.argv = {"true"}, .image = passwd_is_huge, .tweak = as_web};

	fails_with(&fifo, ERR_WORKLOAD, "/etc/passwd of the image is not a regular file");
	fails_with(&huge, ERR_WORKLOAD, "larger than the limit");
}

/* ---- the working directory ---- */

static const char *cwd;

static void in_cwd(struct spawn_spec *s, struct box *b)
{
	(void)b;
	s->cwd = cwd;
}

static void cwd_links(int layer)
{
	put_link(layer, "wd", "../../../../new/place");
}

TEST(a_missing_working_directory_is_made_inside)
{
	struct box b = {.script = "pwd; stat -c %a:%u .", .tweak = in_cwd};
	struct box link = {.script = "pwd; ls -d /new/place", .tweak = in_cwd, .image = cwd_links};

	cwd = "/srv/app/data";
	run_ok(&b);
	has(&b, "/srv/app/data\n755:0\n");
	cwd = "/wd";
	run(&link); /* a dangling link: an error or a directory inside, never one outside */
	if (link.started)
		has(&link, "/new/place\n");
}

TEST(a_working_directory_cannot_be_a_descriptor_of_ours)
{
	for (int i = 3; i < 40; i++) {
		struct box b = {.argv = {"pwd"}, .tweak = in_cwd};
		char path[32];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", i);
		cwd = path;
		run(&b);
		assert_false(b.started);
		if (i > 8)
			i += 5;
	}
}

/* ---- commands that cannot run ---- */

TEST(a_missing_command_is_told_from_one_that_cannot_run)
{
	static const struct {
		const char *command, *text;
		int sys, code;
	} rows[] = {
		{"lost", "box: executable \"lost\" not found in PATH (/bin) of the container",
	         ENOENT, 127},
		{"/bin/lost", "/bin/lost: No such file or directory", ENOENT, 127},
		{"plain", "/bin/plain: Permission denied\n  is it executable for uid 0?", EACCES,
	         126},
		{"/etc", "/etc: Permission denied\n  it is a directory", EACCES, 126},
		{"noexec", "/bin/noexec: Exec format error", ENOEXEC, 126},
		{"badscript", "/bin/badscript: its interpreter \"/opt/lost\" is not in the image",
	         ENOENT, 127},
		{"", "no command", ENOENT, 127},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct box b = {.argv = {rows[i].command}};

		fails_with(&b, ERR_WORKLOAD, rows[i].text);
		assert_int_equal(b.e.sys, rows[i].sys);
		assert_int_equal(b.code, rows[i].code);
	}
}

TEST(the_exit_code_of_the_command_arrives)
{
	struct box b = {.script = "exit 42"};

	run_ok(&b);
	assert_int_equal(b.code, 42);
}

/* ---- terminals and exec ---- */

TEST(a_terminal_is_the_containers_own)
{
	struct box b = {
		.script =
			"tty; ls -l /dev/console | grep -c '^c'; echo yes > /dev/tty; stat -c %u $(tty)",
		.tty = true,
		.tweak = as_web};

	run_ok(&b);
	has(&b, "/dev/pts/0\r\n1\r\nyes\r\n1000\r\n");
}

TEST(exec_runs_in_the_container_with_its_rules)
{
	struct box b = {
		.argv = {"sleep", "100"},
		.exec_argv =
			{"sh", "-c",
	                 "grep -E 'Cap|Sec|Sig' /proc/self/status; ls -l /proc/self/fd; hostname; ps; echo $EXEC:$HOME:$(cat /proc/self/oom_score_adj); exit 7"},
		.tweak = oom_and_limits,
	};

	run_ok(&b);
	assert_true(b.exec_started);
	assert_int_equal(b.exec_code, 7);
	assert_int_equal(b.code, 128 + SIGKILL);
	has(&b, "CapBnd:\t00000000a80425fb\n");
	has(&b, "CapEff:\t00000000a80425fb\n");
	has(&b, "Seccomp:\t2\n");
	has(&b, "SigIgn:\t0000000000000000\n");
	has(&b, "SigBlk:\t0000000000000000\n");
	has(&b, "\nbox\n");
	has(&b, "sleep 100\n");
	has(&b, "yes:/root:777\n");
	has_not(&b, " 3 -> ");
	has_not(&b, " 4 -> ");
}

static void exec_as_web(struct exec_spec *x)
{
	x->image_user = "web";
	x->no_new_privs = true;
}

TEST(exec_takes_a_user_and_a_terminal_of_the_given_size)
{
	struct box b = {
		.argv = {"sleep", "100"},
		.exec_tty = true,
		.exec_tweak = exec_as_web,
		.exec_argv = {"sh", "-c", "tty; stty size; id; amiroot; echo root=$?"},
	};

	run_ok(&b);
	assert_true(b.exec_started);
	has(&b, "/dev/pts/0\r\n33 77\r\n");
	has(&b, "uid=1000(web) gid=1001(web)");
	has(&b, "root=1\r\n");
}

TEST(exec_tells_a_missing_command_from_one_that_cannot_run)
{
	struct box lost = {.argv = {"sleep", "100"}, .exec_argv = {"lost"}};
	struct box plain = {.argv = {"sleep", "100"}, .exec_argv = {"plain"}};

	run(&lost);
	assert_true(lost.started);
	assert_false(lost.exec_started);
	assert_int_equal(lost.e.sys, ENOENT);
	assert_int_equal(lost.e.kind, ERR_WORKLOAD);
	assert_int_equal(lost.exec_code, 127);
	run(&plain);
	assert_int_equal(plain.e.sys, EACCES);
	assert_int_equal(plain.exec_code, 126);
}

TEST(exec_does_not_trust_the_containers_terminal_device)
{
	struct box b = {
		.script =
			"mount -t tmpfs x /dev/pts; ln -s /etc/passwd /dev/pts/ptmx; echo > /dev/shm/ready; sleep 100",
		.exec_argv = {"true"},
		.exec_tty = true,
		.tweak = privileged,
	};
	int64_t end = clock_mono_ms() + 5000;

	/* The race of the script with exec is run until the script was first. */
	do {
		struct box again = b;

		run(&again);
		if (again.exec_started)
			continue;
		assert_non_null(strstr(again.e.msg, "terminal: "));
		return;
	} while (clock_mono_ms() < end);
	fail_msg("the terminal of exec was never refused");
}

/* ---- layers ---- */

TEST(the_old_way_to_mount_an_overlay_works_with_many_layers)
{
	struct box b = {
		.script = "touch /made && cat /etc/passwd; ls /; grep ' / / ' /proc/self/mountinfo",
		.layers = LAYERS_MAX - 1};

	(void)setenv("KUBEPLAY_OVERLAY", "mount", 1);
	run_ok(&b);
	(void)unsetenv("KUBEPLAY_OVERLAY");
	has(&b, "root:x:0:0");
	has(&b, "made\n");
	has_not(&b, "kubeplay-mnt");
}

TEST(many_layers_work_by_descriptor)
{
	struct box b = {.script = "touch /made && cat /etc/passwd", .layers = LAYERS_MAX - 1};

	run_ok(&b);
	has(&b, "root:x:0:0");
}

/* ---- the gate ---- */

TEST(a_program_waits_until_its_gate_opens)
{
	struct box b = {.script = "echo ran", .gate = GATE_OPENS};

	run_ok(&b);
	assert_true(b.waited);
	has(&b, "ran");
}

TEST(a_program_never_runs_when_its_gate_shuts)
{
	struct box b = {.script = "echo ran", .gate = GATE_SHUTS};

	fails_with(&b, ERR_HOST, "ended before the program was started");
	assert_true(b.waited);
	has_not(&b, "ran");
}

TEST(what_fails_before_the_gate_is_told_at_once)
{
	struct box b = {.argv = {"true"}, .tweak = unknown_user, .gate = GATE_OPENS};

	fails_with(&b, ERR_WORKLOAD, "nobodyknows");
	assert_false(b.waited);
}

static int set_up(void **state)
{
	struct err e = {0};

	(void)state;
	box = mmap(NULL, sizeof(*box), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return box == MAP_FAILED || idmap_detect(&map, &e) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(root_gets_the_default_capabilities_and_the_filter),
		CASE(other_users_have_only_the_bounding_set),
		CASE(a_setuid_program_works_by_default),
		CASE(a_setuid_program_gains_nothing_with_no_new_privs),
		CASE(root_without_capabilities_has_none),
		CASE(mounting_takes_sys_admin),
		CASE(a_privileged_container_has_everything_and_no_filter),
		CASE(there_are_no_foreign_descriptors),
		CASE(kernel_files_are_hidden_or_read_only),
		CASE(only_its_own_mounts_are_there),
		CASE(devices_links_and_the_host_name_are_in_place),
		CASE(another_user_can_reopen_its_output),
		CASE(oom_score_is_raised_and_limits_are_the_starters),
		CASE(a_read_only_root_leaves_volumes_writable),
		CASE(host_network_shows_the_hosts_sys_read_only),
		CASE(an_unknown_user_is_named),
		CASE(an_id_outside_of_the_mapping_is_explained),
		CASE(an_override_takes_the_users_own_group_and_home),
		CASE(kernel_file_systems_are_never_mounted_through_links),
		CASE(targets_in_proc_and_sys_are_refused),
		CASE(a_target_link_ends_inside_the_container),
		CASE(a_sub_path_cannot_leave_its_volume),
		CASE(a_sub_path_may_be_a_file_a_link_inside_or_missing),
		CASE(a_read_only_volume_is_read_only),
		CASE(a_file_on_a_directory_is_explained),
		CASE(a_hostile_passwd_file_neither_blocks_nor_fills_memory),
		CASE(a_missing_working_directory_is_made_inside),
		CASE(a_working_directory_cannot_be_a_descriptor_of_ours),
		CASE(a_missing_command_is_told_from_one_that_cannot_run),
		CASE(the_exit_code_of_the_command_arrives),
		CASE(a_terminal_is_the_containers_own),
		CASE(exec_runs_in_the_container_with_its_rules),
		CASE(exec_takes_a_user_and_a_terminal_of_the_given_size),
		CASE(exec_tells_a_missing_command_from_one_that_cannot_run),
		CASE(exec_does_not_trust_the_containers_terminal_device),
		CASE(the_old_way_to_mount_an_overlay_works_with_many_layers),
		CASE(many_layers_work_by_descriptor),
		CASE(a_program_waits_until_its_gate_opens),
		CASE(a_program_never_runs_when_its_gate_shuts),
		CASE(what_fails_before_the_gate_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
