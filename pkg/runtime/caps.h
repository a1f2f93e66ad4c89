/* SPDX-License-Identifier: Apache-2.0 */
/* caps.h - capability names and sets (capabilities(7)) */
#pragma once

#include "pkg/util/err.h"

/* The set a kubelet gives by default (containerd's): DESIGN section 10. */
uint64_t caps_default(void);
/* All capabilities this kernel knows. */
uint64_t caps_all(void);
/* Number of a capability ("NET_RAW", "CAP_NET_RAW", any case), -1 if there is none of that name. */
int caps_number(const char *name);
/*
 * default, minus drop, plus add: "ALL" in either list means all; drop first, then add, as
 * Kubernetes does. privileged: all. Unknown names are ERR_INPUT.
 */
int caps_compute(bool privileged, char *const *add, size_t add_count, char *const *drop,
                 size_t drop_count, uint64_t *ret, struct err *e);
/* Drop the bounding set to `bounding`; needs CAP_SETPCAP effective. */
int caps_set_bounding(uint64_t bounding, struct err *e);
/* capset: inheritable and ambient are empty. */
int caps_set(uint64_t effective, uint64_t permitted, struct err *e);
