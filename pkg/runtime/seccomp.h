/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h - the default system call filter
 *
 * The profile is compiled when kubeplay is built (gen/mkseccomp.c); here the parts for the
 * capabilities that a container lacks are laid before the base, and the whole is loaded.
 */
#pragma once

#include <linux/filter.h>

#include "pkg/util/err.h"

/* Put the filter for a container with these capabilities together; *ret is owned unless it is the
 * static one. Returns the number of instructions. */
size_t seccomp_program(uint64_t caps, const struct sock_filter **ret,
                       struct sock_filter **ret_owned);
/* Load it into this process, for ever. Needs CAP_SYS_ADMIN effective, or no_new_privs. */
int seccomp_load_default(uint64_t caps, struct err *e);
