/* SPDX-License-Identifier: Apache-2.0 */
/* jail.h - kubeplay-net gives up what it does not need: it parses packets of strangers */
#pragma once

#include "pkg/util/err.h"

enum { JAIL_ID = 65534 };

/*
 * In stages: an empty root (a tmpfs of a mount namespace of our own, the old root detached); the
 * bounding set; group and user JAIL_ID (a sub-id on the host; stays 0 where only one id is mapped);
 * every capability but CAP_NET_RAW (for IP_TRANSPARENT); no_new_privs; not dumpable; a seccomp
 * filter with the calls that forwarding needs. After it nothing can be opened or executed.
 */
int jail_enter(struct err *e);
