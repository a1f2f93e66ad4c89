/* SPDX-License-Identifier: Apache-2.0 */
/* jail.c - see jail.h; the list of system calls stands here, next to who enforces it */
#include "net/jail.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define JAIL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define JAIL_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define JAIL_ARCH AUDIT_ARCH_RISCV64
#endif

#if defined(__SANITIZE_ADDRESS__)
#define JAIL_SANITIZED 1
#elif defined(__has_feature)
#define JAIL_SANITIZED __has_feature(address_sanitizer)
#else
#define JAIL_SANITIZED 0
#endif

static int empty_root(struct err *e)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, errno, "new mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, errno, "make mounts private");
	if (mount("kubeplay-net", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	          "mode=0555,size=4k,nr_inodes=4") < 0)
		return err_sys(e, errno, "mount empty root");
	if (chdir("/tmp") < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(e, errno, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, errno, "detach the old root");
	(void)mount(NULL, "/", NULL,
	            MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	return 0;
}

static int drop_ids(struct err *e)
{
	/* Needs CAP_SETPCAP effective, so before the ids change. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap != CAP_NET_RAW && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_sys(e, errno, "drop capability %d from the bounding set", cap);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_SET_KEEPCAPS");
	/* EPERM: setgroups is denied, EINVAL: only one id is mapped. There is nothing to change
	 * then. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(e, errno, "setgroups");
	if (setresgid(JAIL_ID, JAIL_ID, JAIL_ID) < 0 && errno != EINVAL)
		return err_sys(e, errno, "setresgid %d", JAIL_ID);
	if (setresuid(JAIL_ID, JAIL_ID, JAIL_ID) < 0 && errno != EINVAL)
		return err_sys(e, errno, "setresuid %d", JAIL_ID);
	return 0;
}

static int keep_net_raw(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = 1u << CAP_NET_RAW, .permitted = 1u << CAP_NET_RAW}};

	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, errno, "capset");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_SET_NO_NEW_PRIVS");
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* changing ids cleared it */
	return 0;
}

#if defined(JAIL_ARCH) && !JAIL_SANITIZED

enum { MAX_FILTER = 128, X32_BIT = 0x40000000 };

/* What the event loop, the forwarder and the resolver call, most frequent first. */
static const int allowed[] = {
	SYS_splice,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_epoll_pwait,
	SYS_recvfrom,
	SYS_sendto,
	SYS_recvmsg,
	SYS_sendmsg,
	SYS_read,
	SYS_write,
	SYS_accept4,
	SYS_setsockopt,
	SYS_getsockopt,
	SYS_bind,
	SYS_connect,
	SYS_epoll_ctl,
	SYS_shutdown,
	SYS_close,
	SYS_pipe2,
	SYS_fcntl,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_getrandom,
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_clock_gettime,
	SYS_futex,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_exit_group,
	/* what abort() needs to end us with a message */
	SYS_getpid,
	SYS_gettid,
	SYS_tgkill,
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
};

struct program {
	struct sock_filter f[MAX_FILTER];
	unsigned short len;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	p->f[p->len++] = (struct sock_filter)BPF_JUMP(code, k, jt, jf);
}

static void load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void give(struct program *p, uint32_t verdict)
{
	emit(p, BPF_RET | BPF_K, verdict, 0, 0);
}

/* Low half of a system call's argument, little endian. */
#define ARG(n) (offsetof(struct seccomp_data, args) + (n) * sizeof(uint64_t))

static void build(struct program *p)
{
	const uint32_t yes = SECCOMP_RET_ALLOW, no = SECCOMP_RET_KILL_PROCESS;

	load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, JAIL_ARCH, 1, 0);
	give(p, no);
	load(p, offsetof(struct seccomp_data, nr));
	emit(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	give(p, no);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], 0, 1);
		give(p, yes);
	}
	/* mmap: memory that cannot be executed */
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4);
	load(p, ARG(2));
	emit(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	give(p, no);
	give(p, yes);
	/* socket: IPv4 and IPv6 only; no packet, netlink or unix sockets */
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5);
	load(p, ARG(0));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1);
	give(p, yes);
	give(p, no);
	give(p, no);
}

static int filter(struct err *e)
{
	struct program p = {.len = 0};
	struct sock_fprog prog;

	build(&p);
	prog = (struct sock_fprog){.len = p.len, .filter = p.f};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_sys(e, errno, "load the system call filter");
	return 0;
}
#else
static int filter(struct err *e)
{
	UNUSED(e); /* sanitizers need more calls than we can list */
	return 0;
}
#endif

int jail_enter(struct err *e)
{
	static int (*const stages[])(struct err *) = {empty_root, drop_ids, keep_net_raw, filter};

	for (size_t i = 0; i < ARRAY_LEN(stages); i++)
		if (stages[i](e) < 0)
			return err_wrap(e, "give up privileges");
	return 0;
}
