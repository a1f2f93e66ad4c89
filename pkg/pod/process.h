/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - the plan joined with the image's config: final argv, environment, user, directory
 *
 * Pure. The rules are Kubernetes': command replaces the entrypoint and drops the image's cmd, args
 * replace the cmd; the plan's environment wins over the image's.
 */
#pragma once

#include "pkg/plan/plan.h"
#include "pkg/store/store.h"

struct process {
	struct strv argv, env;
	char *cwd;
	struct strv sub_paths;  /* of the mounts, in their order; "" is none */
	const char *image_user; /* a loan from the image config, or NULL */
	int stop_signal;
};

/*
 * lookup gives late fields (status.podIP ...); node.* are known here. ERR_WORKLOAD when there is
 * nothing to run, or when a sub path that is known only now would lead out of its volume.
 */
int process_make(const struct plan_pod *pod, const struct plan_container *c,
                 const struct image_config *img, const struct plan_data *data,
                 plan_field_lookup *lookup, void *arg, struct process *ret, struct err *e);
void process_done(struct process *p);
/* Number of a signal as images write it ("SIGTERM", "TERM", "15", "SIGRTMIN+3"); SIGTERM if
 * unknown. */
int process_stop_signal(const char *text);
