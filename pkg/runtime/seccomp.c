/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.c - see seccomp.h */
#include "pkg/runtime/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "seccomp_default.inc"

size_t seccomp_program(uint64_t caps, const struct sock_filter **ret,
                       struct sock_filter **ret_owned)
{
	size_t n = 0;

	*ret_owned = NULL;
	if ((caps & SECCOMP_GATING_CAPS) == SECCOMP_DEFAULT_CAPS) {
		*ret = seccomp_default;
		return ARRAY_LEN(seccomp_default);
	}
	for (size_t i = 0; i < ARRAY_LEN(seccomp_parts); i++)
		n += seccomp_parts[i].count;
	*ret = *ret_owned = xcalloc(n + ARRAY_LEN(seccomp_base), sizeof(**ret_owned));
	n = 0;
	for (size_t i = 0; i < ARRAY_LEN(seccomp_parts); i++) {
		if (caps >> seccomp_parts[i].cap & 1)
			continue;
		memcpy(*ret_owned + n, seccomp_parts[i].insns,
		       seccomp_parts[i].count * sizeof(**ret_owned));
		n += seccomp_parts[i].count;
	}
	memcpy(*ret_owned + n, seccomp_base, sizeof(seccomp_base));
	return n + ARRAY_LEN(seccomp_base);
}

int seccomp_load_default(uint64_t caps, struct err *e)
{
	autofree struct sock_filter *owned = NULL;
	const struct sock_filter *insns;
	size_t n = seccomp_program(caps, &insns, &owned);
	struct sock_fprog prog = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)(uintptr_t)insns, /* the kernel only reads it */
	};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_sys(e, errno, "load the system call filter");
	return 0;
}
