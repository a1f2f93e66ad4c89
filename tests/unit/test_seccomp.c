/* SPDX-License-Identifier: Apache-2.0 */
/* test_seccomp.c - the default filter, run by a small interpreter of classic BPF */
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "pkg/runtime/caps.h"
#include "pkg/runtime/seccomp.h"

#define CAP(c) (UINT64_C(1) << (c))

enum { ALLOW = 0, KILL = -1, X32 = 0x40000000 };

/* The filter's answer as an errno, ALLOW or KILL. */
static int verdict(const struct sock_filter *f, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &f[pc];
		bool jump = false;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k + 4 <= sizeof(*d));
			memcpy(&a, (const char *)d + i->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			jump = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			jump = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			jump = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			jump = a & i->k;
			break;
		case BPF_RET | BPF_K:
			if (i->k == SECCOMP_RET_ALLOW)
				return ALLOW;
			if (i->k == SECCOMP_RET_KILL_PROCESS || i->k == SECCOMP_RET_KILL_THREAD)
				return KILL;
			assert_int_equal(i->k & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_ERRNO);
			return (int)(i->k & SECCOMP_RET_DATA);
		default:
			fail_msg("instruction %#x", i->code);
		}
		pc += jump ? i->jt : i->jf;
	}
	fail_msg("the filter has no end");
	return KILL;
}

static int ask(uint64_t caps, uint32_t arch, int nr, uint64_t arg0)
{
	const struct sock_filter *f;
	struct sock_filter *owned;
	size_t n = seccomp_program(caps, &f, &owned);
	struct seccomp_data d = {.nr = nr, .arch = arch, .args = {arg0}};
	int r;

	assert_in_range(n, 100, BPF_MAXINSNS);
	r = verdict(f, n, &d);
	free(owned);
	return r;
}

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static int native(uint64_t caps, long nr, uint64_t arg0)
{
	return ask(caps, NATIVE, (int)nr, arg0);
}

TEST(ordinary_calls_are_allowed)
{
	static const long calls[] = {
		SYS_read,
		SYS_write,
		SYS_openat,
		SYS_openat2,
		SYS_execve,
		SYS_exit_group,
		SYS_futex,
		SYS_mmap,
		SYS_capset,
		SYS_prctl,
		SYS_seccomp,
		SYS_close_range,
		SYS_statx,
		SYS_rseq,
		SYS_getrandom,
		SYS_epoll_pwait2,
		SYS_pidfd_open,
		SYS_faccessat2,
		SYS_ptrace,
		SYS_chroot,
		SYS_setuid,
		SYS_mknodat,
		451 /* cachestat */,
		452 /* fchmodat2 */,
		462 /* mseal */,
		466 /* removexattrat */,
	};

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (native(caps_default(), calls[i], 0) != ALLOW)
			fail_msg("call %ld", calls[i]);
}

TEST(dangerous_calls_are_refused_whatever_the_capabilities)
{
	static const long calls[] = {
		SYS_add_key,
		SYS_keyctl,
		SYS_request_key,
		SYS_bpf,
		SYS_perf_event_open,
		SYS_kexec_load,
		SYS_io_uring_setup,
		SYS_io_uring_enter,
		SYS_io_uring_register,
		SYS_userfaultfd,
		SYS_open_by_handle_at,
		SYS_init_module,
		SYS_finit_module,
		SYS_delete_module,
		SYS_settimeofday,
		SYS_swapon,
		SYS_move_pages,
		SYS_syslog,
		SYS_acct,
	};

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		assert_int_equal(native(caps_default(), calls[i], 0), EPERM);
		assert_int_equal(native(caps_all(), calls[i], 0), EPERM);
		assert_int_equal(native(0, calls[i], 0), EPERM);
	}
}

TEST(calls_without_a_rule_do_not_exist)
{
	assert_int_equal(native(caps_default(), 450 + 3, 0), ENOSYS); /* map_shadow_stack */
	assert_int_equal(native(caps_default(), 457, 0), ENOSYS);     /* statmount */
	assert_int_equal(native(caps_default(), 467, 0), ENOSYS);     /* open_tree_attr */
	assert_int_equal(native(caps_default(), 999, 0), ENOSYS);
	assert_int_equal(native(caps_all(), 999, 0), ENOSYS);
}

TEST(namespaces_and_mounts_take_sys_admin)
{
	static const long calls[] = {
		SYS_mount,      SYS_umount2,     SYS_unshare,    SYS_setns,     SYS_fsopen,
		SYS_fsconfig,   SYS_fsmount,     SYS_move_mount, SYS_open_tree, SYS_mount_setattr,
		SYS_pivot_root, SYS_sethostname, SYS_quotactl};
	uint64_t admin = caps_default() | CAP(CAP_SYS_ADMIN);

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		assert_int_equal(native(caps_default(), calls[i], 0), EPERM);
		assert_int_equal(native(0, calls[i], 0), EPERM);
		assert_int_equal(native(admin, calls[i], 0), ALLOW);
	}
}

TEST(clone_makes_threads_and_processes_but_no_namespaces)
{
	static const unsigned long news[] = {CLONE_NEWNS,    CLONE_NEWUTS, CLONE_NEWIPC,
	                                     CLONE_NEWUSER,  CLONE_NEWPID, CLONE_NEWNET,
	                                     CLONE_NEWCGROUP};
	uint64_t sets[] = {caps_default(), 0, caps_default() | CAP(CAP_SYS_PTRACE)};

	for (size_t s = 0; s < ARRAY_LEN(sets); s++) {
		assert_int_equal(
			native(sets[s], SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND), ALLOW);
		assert_int_equal(native(sets[s], SYS_clone, CLONE_VM | CLONE_VFORK | 17), ALLOW);
		for (size_t i = 0; i < ARRAY_LEN(news); i++)
			assert_int_equal(native(sets[s], SYS_clone, news[i] | 17), EPERM);
		assert_int_equal(native(sets[s], SYS_clone, CLONE_NEWUSER | CLONE_NEWNET), EPERM);
		assert_int_equal(native(sets[s], SYS_clone3, 0), ENOSYS);
	}
	assert_int_equal(native(caps_default() | CAP(CAP_SYS_ADMIN), SYS_clone, CLONE_NEWUSER),
	                 ALLOW);
	assert_int_equal(native(caps_default() | CAP(CAP_SYS_ADMIN), SYS_clone3, 0), ALLOW);
}

TEST(each_gate_opens_for_its_own_capability_only)
{
	static const struct {
		int cap;
		long nr;
	} rows[] = {
		{CAP_SYS_BOOT, SYS_reboot},        {CAP_SYS_CHROOT, SYS_chroot},
		{CAP_SYS_NICE, SYS_mbind},         {CAP_SYS_PTRACE, SYS_kcmp},
		{CAP_SYS_TTY_CONFIG, SYS_vhangup}, {CAP_SYS_ADMIN, SYS_mount},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			assert_int_equal(native(CAP(rows[i].cap), rows[k].nr, 0),
			                 i == k ? ALLOW : EPERM);
	for (size_t k = 0; k < ARRAY_LEN(rows); k++)
		assert_int_equal(native(caps_all(), rows[k].nr, 0), ALLOW);
}

TEST(personality_is_limited)
{
	assert_int_equal(native(caps_default(), SYS_personality, 0), ALLOW);
	assert_int_equal(native(caps_default(), SYS_personality, 8), ALLOW);
	assert_int_equal(native(caps_default(), SYS_personality, 0xffffffff), ALLOW);
	assert_int_not_equal(native(caps_default(), SYS_personality, 0x0040000),
	                     ALLOW); /* ADDR_NO_RANDOMIZE */
}

TEST(sockets_of_virtual_machines_are_refused)
{
	assert_int_equal(native(caps_default(), SYS_socket, AF_INET), ALLOW);
	assert_int_equal(native(caps_default(), SYS_socket, AF_UNIX), ALLOW);
	assert_int_equal(native(caps_default(), SYS_socket, AF_NETLINK), ALLOW);
	assert_int_equal(native(caps_default(), SYS_socket, AF_ALG), ALLOW);
	assert_int_equal(native(caps_default(), SYS_socket, AF_XDP), ALLOW);
	assert_int_not_equal(native(caps_default(), SYS_socket, AF_VSOCK), ALLOW);
	assert_int_not_equal(native(caps_all(), SYS_socket, AF_VSOCK), ALLOW);
	/* The kernel looks at the low half of the register only. */
	assert_int_equal(native(caps_default(), SYS_socket, UINT64_C(0x100000000) | AF_VSOCK),
	                 EPERM);
	assert_int_equal(native(caps_all(), SYS_socket, UINT64_C(0xffffffff00000000) | AF_VSOCK),
	                 EPERM);
	assert_int_equal(native(caps_default(), SYS_clone, UINT64_C(0x100000000) | CLONE_NEWUSER),
	                 EPERM);
}

#if defined(__x86_64__)
/* Numbers of i386 and x32 by hand: no header of this machine has them together. */
TEST(the_32_bit_entries_have_the_same_rules)
{
	uint64_t caps = caps_default();

	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 4, 0), ALLOW);    /* write */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 403, 0), ALLOW);  /* clock_gettime64 */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 452, 0), ALLOW);  /* fchmodat2 */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 21, 0), EPERM);   /* mount */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 435, 0), ENOSYS); /* clone3 */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 120, CLONE_NEWUSER), EPERM);
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 120, 17), ALLOW); /* clone */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 359, AF_INET), ALLOW);
	assert_int_not_equal(ask(caps, AUDIT_ARCH_I386, 359, AF_VSOCK), ALLOW);
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 102, 3), ALLOW); /* socketcall: connect */
	assert_int_not_equal(ask(caps, AUDIT_ARCH_I386, 102, 1),
	                     ALLOW); /* socketcall: socket, family unseen */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 117, 23), ALLOW); /* ipc: shmget */
	assert_int_equal(ask(caps, AUDIT_ARCH_I386, 166, 0), EPERM);  /* vm86 */
	assert_int_equal(ask(caps, AUDIT_ARCH_X86_64, X32 | 1, 0), ALLOW);
	assert_int_equal(ask(caps, AUDIT_ARCH_X86_64, X32 | 41, AF_INET), ALLOW);
	assert_int_equal(ask(caps, AUDIT_ARCH_X86_64, X32 | 41, AF_VSOCK), EPERM);
	assert_int_equal(ask(caps, AUDIT_ARCH_X86_64, X32 | 165, 0), EPERM); /* mount */
	assert_int_equal(ask(CAP(CAP_SYS_CHROOT), AUDIT_ARCH_I386, 21, 0), EPERM);
	assert_int_equal(ask(CAP(CAP_SYS_PTRACE), AUDIT_ARCH_I386, 21, 0), EPERM);
	assert_int_equal(ask(CAP(CAP_SYS_PTRACE), AUDIT_ARCH_X86_64, X32 | 165, 0), EPERM);
	assert_int_equal(ask(CAP(CAP_SYS_ADMIN), AUDIT_ARCH_I386, 21, 0), ALLOW);
}

TEST(a_foreign_architecture_is_killed)
{
	assert_int_equal(ask(caps_default(), AUDIT_ARCH_ARM, 4, 0), KILL);
	assert_int_equal(ask(caps_all(), AUDIT_ARCH_S390X, 4, 0), KILL);
}
#define NATIVE_TESTS                                                                               \
	CASE(the_32_bit_entries_have_the_same_rules), CASE(a_foreign_architecture_is_killed),
#else
#define NATIVE_TESTS
#endif

RUN_TESTS(CASE(ordinary_calls_are_allowed),
          CASE(dangerous_calls_are_refused_whatever_the_capabilities),
          CASE(calls_without_a_rule_do_not_exist), CASE(namespaces_and_mounts_take_sys_admin),
          CASE(clone_makes_threads_and_processes_but_no_namespaces),
          CASE(each_gate_opens_for_its_own_capability_only), CASE(personality_is_limited),
          NATIVE_TESTS CASE(sockets_of_virtual_machines_are_refused))
