/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkseccomp.c - compile the default seccomp profile to BPF, once, when kubeplay is built
 *
 * Prints C: seccomp_default (the whole filter for the default capabilities), seccomp_base (as if
 * the container had every capability) and one seccomp_part per gating capability, in which
 * "allowed" means a jump behind its end, so that parts and base can be laid one after the other
 * into one program.
 *
 * Theory of operation: libseccomp knows the numbers of every architecture, so it is asked for them;
 * but its code has a comparison and a return for each call, and the kernel's cost of loading grows
 * with the length. Here, neighbouring numbers with the same answer are one range, and a binary
 * search over the ranges finds the answer: a third of the length. Answers that depend on an
 * argument are small programs at the leaves.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkg/runtime/seccomp_profile.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { MAX_CALLS = 4096 };

/* Capabilities that gate something, in the order of the parts. */
static const struct {
	int cap;
	const char *name;
} gates[] = {
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},   {CAP_SYS_BOOT, "CAP_SYS_BOOT"},
	{CAP_SYS_CHROOT, "CAP_SYS_CHROOT"}, {CAP_SYS_NICE, "CAP_SYS_NICE"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"}, {CAP_SYS_TTY_CONFIG, "CAP_SYS_TTY_CONFIG"},
};

#define NEXT UINT32_MAX /* an answer of parts: ask what follows */

/* What is answered to one call. */
struct answer {
	uint32_t ret;                       /* a seccomp return value, or NEXT */
	uint32_t flags;                     /* refuse if any of these bits is set, else ret */
	const struct profile_value *values; /* decide by these */
};

struct call {
	uint32_t nr;
	struct answer answer;
};

/* The calls of one audit architecture that differ from the default answer. */
struct table {
	struct call calls[MAX_CALLS];
	size_t count;
	struct answer other;
};

struct program {
	struct sock_filter insns[BPF_MAXINSNS];
	size_t count;
};

static const struct answer allow = {.ret = SECCOMP_RET_ALLOW};
static const struct answer refuse = {.ret = SECCOMP_RET_ERRNO | EPERM};
static const struct answer unknown = {.ret = SECCOMP_RET_ERRNO | ENOSYS};
static const struct answer next = {.ret = NEXT};

static _Noreturn void die(const char *what, const char *name)
{
	(void)fprintf(stderr, "mkseccomp: %s %s\n", what, name);
	exit(1);
}

/* ---- from names to numbers ---- */

static void set(struct table *t, uint32_t nr, struct answer a)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->calls[i].nr == nr) {
			t->calls[i].answer = a;
			return;
		}
	}
	if (t->count == MAX_CALLS)
		die("too many calls", "");
	t->calls[t->count++] = (struct call){nr, a};
}

static void set_name(struct table *t, const struct profile_arch *arch, const char *name,
                     struct answer a)
{
	int nr = seccomp_syscall_resolve_name_arch(arch->scmp, name);

	if (nr == __NR_SCMP_ERROR)
		die("unknown system call", name);
	if (nr >= 0) /* below zero: this architecture does not have it */
		set(t, (uint32_t)nr, a);
	if (arch->scmp != SCMP_ARCH_X86)
		return;
	for (size_t i = 0; i < LEN(profile_i386_direct); i++)
		if (strcmp(profile_i386_direct[i].name, name) == 0)
			set(t, profile_i386_direct[i].number, a);
}

static struct answer gate_answer(const struct profile_gate *g, struct answer open)
{
	if (g->any_flag)
		return (struct answer){.ret = open.ret, .flags = g->any_flag};
	return (struct answer){.ret = SECCOMP_RET_ERRNO | (uint32_t)g->error};
}

/* Every call for a container with these capabilities. */
static void fill_whole(struct table *t, const struct profile_arch *arch, uint64_t caps)
{
	for (size_t i = 0; i < LEN(profile_allow); i++)
		set_name(t, arch, profile_allow[i], allow);
	for (size_t i = 0; i < LEN(profile_allow_numbers); i++)
		set(t, profile_allow_numbers[i] | arch->number_bit, allow);
	for (size_t i = 0; i < LEN(profile_refuse); i++)
		set_name(t, arch, profile_refuse[i], refuse);
	for (size_t i = 0; i < LEN(profile_values); i++)
		set_name(t, arch, profile_values[i].name,
		         (struct answer){.values = &profile_values[i]});
	for (size_t i = 0; i < LEN(profile_gated); i++)
		if (!(caps >> profile_gated[i].cap & 1))
			set_name(t, arch, profile_gated[i].name,
			         gate_answer(&profile_gated[i], allow));
}

static void fill_part(struct table *t, const struct profile_arch *arch, int cap)
{
	for (size_t i = 0; i < LEN(profile_gated); i++)
		if (profile_gated[i].cap == cap)
			set_name(t, arch, profile_gated[i].name,
			         gate_answer(&profile_gated[i], next));
}

/* ---- from numbers to ranges ---- */

static int by_number(const void *a, const void *b)
{
	uint32_t x = ((const struct call *)a)->nr, y = ((const struct call *)b)->nr;

	return (x > y) - (x < y);
}

static int same(struct answer a, struct answer b)
{
	return a.ret == b.ret && a.flags == b.flags && a.values == b.values;
}

/* Each range begins at nr and reaches to the next; the first begins at 0. Returns their number. */
static size_t make_ranges(struct table *t, struct call *ranges)
{
	uint32_t expected = 0;
	size_t n = 0;

	ranges[n++] = (struct call){0, t->other};
	qsort(t->calls, t->count, sizeof(t->calls[0]), by_number);
	for (size_t i = 0; i < t->count; i++) {
		const struct call *c = &t->calls[i];

		if (c->nr > expected && !same(ranges[n - 1].answer, t->other))
			ranges[n++] = (struct call){expected, t->other};
		if (!same(ranges[n - 1].answer, c->answer))
			ranges[n++] = *c;
		if (n > 1 && ranges[n - 1].nr == ranges[n - 2].nr) { /* the range at 0 was empty */
			ranges[n - 2] = ranges[n - 1];
			n--;
		}
		expected = c->nr + 1;
	}
	if (!same(ranges[n - 1].answer, t->other))
		ranges[n++] = (struct call){expected, t->other};
	return n;
}

/* ---- from ranges to instructions ---- */

static size_t emit(struct program *p, struct sock_filter insn)
{
	if (p->count == BPF_MAXINSNS)
		die("the filter is too long", "");
	p->insns[p->count] = insn;
	return p->count++;
}

static void emit_load(struct program *p, size_t offset)
{
	(void)emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* NEXT becomes a jump whose length is known only when the part is complete. */
static void emit_ret(struct program *p, uint32_t ret)
{
	if (ret == NEXT)
		(void)emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, NEXT));
	else
		(void)emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ret));
}

static void emit_answer(struct program *p, struct answer a)
{
	const struct profile_value *v = a.values;

	if (!a.flags && !v) {
		emit_ret(p, a.ret);
		return;
	}
	emit_load(p, offsetof(struct seccomp_data,
	                      args)); /* the low half, on little-endian machines */
	if (a.flags) {
		(void)emit(p,
		           (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, a.flags, 0, 1));
		emit_ret(p, refuse.ret);
		emit_ret(p, a.ret);
		return;
	}
	for (unsigned int i = 0; i < v->count; i++)
		(void)emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, v->values[i],
		                                           (uint8_t)(v->count - i), 0));
	emit_ret(p, v->allow ? refuse.ret : allow.ret);
	emit_ret(p, v->allow ? allow.ret : refuse.ret);
}

static void emit_search(struct program *p, const struct call *ranges, size_t n)
{
	size_t middle = n / 2, at, left;

	if (n == 1) {
		emit_answer(p, ranges[0].answer);
		return;
	}
	at = emit(p,
	          (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].nr, 0, 0));
	emit_search(p, ranges, middle);
	left = p->count - at - 1;
	if (left > UINT8_MAX)
		die("a branch is too far", "");
	p->insns[at].jt = (uint8_t)left;
	emit_search(p, ranges + middle, n - middle);
}

/* One block per audit architecture; profile_arches of the same one stand together. */
static void emit_filter(struct program *p, struct answer other, uint32_t foreign, uint64_t caps,
                        int part_cap)
{
	static struct call ranges[2 * MAX_CALLS + 2];
	static struct table t;

	for (size_t i = 0; i < LEN(profile_arches);) {
		uint32_t audit = profile_arches[i].audit;
		size_t jump;

		t.count = 0;
		t.other = other;
		for (; i < LEN(profile_arches) && profile_arches[i].audit == audit; i++) {
			if (part_cap >= 0)
				fill_part(&t, &profile_arches[i], part_cap);
			else
				fill_whole(&t, &profile_arches[i], caps);
		}
		emit_load(p, offsetof(struct seccomp_data, arch));
		(void)emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit, 1, 0));
		jump = emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
		emit_load(p, offsetof(struct seccomp_data, nr));
		emit_search(p, ranges, make_ranges(&t, ranges));
		p->insns[jump].k = (uint32_t)(p->count - jump - 1);
	}
	emit_ret(p, foreign);
	for (size_t i = 0; i < p->count; i++)
		if (p->insns[i].code == (BPF_JMP | BPF_JA) && p->insns[i].k == NEXT)
			p->insns[i].k = (uint32_t)(p->count - i - 1);
}

/* ---- output ---- */

static void print_program(const char *name, const struct program *p)
{
	printf("static const struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < p->count; i++)
		printf("\t{0x%02x, %u, %u, 0x%08x},\n", p->insns[i].code, p->insns[i].jt,
		       p->insns[i].jf, p->insns[i].k);
	printf("};\n");
}

static void print_whole(const char *name, uint64_t caps)
{
	static struct program p;

	p.count = 0;
	emit_filter(&p, unknown, SECCOMP_RET_KILL_PROCESS, caps, -1);
	print_program(name, &p);
}

static void print_part(size_t at)
{
	static struct program p;
	char name[40];

	p.count = 0;
	emit_filter(&p, next, NEXT, 0, gates[at].cap);
	(void)snprintf(name, sizeof(name), "seccomp_part_%zu", at);
	print_program(name, &p);
}

int main(void)
{
	uint64_t gating = 0;

	for (size_t i = 0; i < LEN(gates); i++)
		gating |= UINT64_C(1) << gates[i].cap;
	for (size_t i = 0; i < LEN(profile_gated); i++)
		if (!(gating >> profile_gated[i].cap & 1))
			die("no part for the capability of", profile_gated[i].name);
	printf("/* made by mkseccomp from seccomp_profile.h: do not edit */\n");
	printf("#define SECCOMP_GATING_CAPS UINT64_C(0x%llx)\n", (unsigned long long)gating);
	printf("#define SECCOMP_DEFAULT_CAPS UINT64_C(0x%llx)\n",
	       (unsigned long long)PROFILE_DEFAULT_CAPS);
	print_whole("seccomp_default", PROFILE_DEFAULT_CAPS);
	print_whole("seccomp_base", ~UINT64_C(0));
	for (size_t i = 0; i < LEN(gates); i++)
		print_part(i);
	printf("static const struct {\n\tint cap;\n\tsize_t count;\n");
	printf("\tconst struct sock_filter *insns;\n} seccomp_parts[] = {\n");
	for (size_t i = 0; i < LEN(gates); i++)
		printf("\t{%d, sizeof(seccomp_part_%zu) / sizeof(struct sock_filter), seccomp_part_%zu}, /* %s */\n",
		       gates[i].cap, i, i, gates[i].name);
	printf("};\n");
	return fflush(stdout) == 0 ? 0 : 1;
}
