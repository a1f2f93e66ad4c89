/* SPDX-License-Identifier: Apache-2.0 */
/* up.h - one `up` on its way, shared by up.c (a new project) and change.c (one that runs) */
#pragma once

#include "pkg/pod/project.h"
#include "pkg/pod/supervisor.h"
#include "pkg/pod/talk.h"

struct up {
	struct up_request *r;
	const char *name;
	int64_t deadline;
	struct talk_signals signals;
	int op_lock, run_fd, lock_fd;
	struct images images;
	struct pod_grant *grants; /* one per pod of the plan */
	struct net *net;
	struct state_project *old, *state;
	struct strv claims; /* this project made them */
	struct strv made;   /* ... in this call */
	int sock;           /* to the supervisor */
	int pidfd;          /* of the supervisor we cloned */
	bool made_dirs;
};

/* --- up.c --- */

void up_report(const struct up *u, const char *pod, enum pod_change change);
/* Images of the pods that are wanted; want NULL: of all. */
int up_load_images(struct up *u, bool (*want)(const struct plan_pod *, void *), void *arg,
                   struct err *e);
/* Check the hostPaths of a pod, and open them where the supervisor could not. */
int up_host_paths(struct up *u, const struct plan_pod *pod, struct pod_grant *g, struct err *e);
int up_make_claims(struct up *u, struct err *e);
/* Claims that this call made are empty still, unless a container ran: then they stay. */
void up_undo_claims(struct up *u);
/* Messages of the supervisor until one has `key`; warnings are passed on. */
int up_wait_for(struct up *u, const char *key, struct err *e);

/* --- change.c --- */

/* The supervisor runs, and u->sock is connected to it. */
int up_live(struct up *u, struct err *e);
