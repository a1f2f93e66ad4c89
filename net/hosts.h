/* SPDX-License-Identifier: Apache-2.0 */
/* hosts.h - /etc/hosts of a pod, in the layout that a kubelet writes */
#pragma once

#include "pkg/plan/plan.h"

enum { HOSTS_MAX_FILE = 1 << 20 };

struct hosts {
	const struct plan_pod *pod;
	const char *ip;        /* of the pod; "" when it has none. Its ULA stays out: see DNS */
	const char *host_ip;   /* of host.containers.internal; "" leaves the names out */
	const char *host_file; /* hostNetwork: text of the host's own file; else NULL */
};

/* Owned text; fails if an alias has what would break a line. */
int hosts_render(const struct hosts *h, char **ret, struct err *e);
