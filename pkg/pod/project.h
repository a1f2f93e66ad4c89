/* SPDX-License-Identifier: Apache-2.0 */
/*
 * project.h - what the command line does with a project: up, down, look
 *
 * up: op.lock -> is a supervisor alive? -> (live: hand over the new plan by memfd; else: images are
 * present by now, storage probed, ports bound, supervisor forked) -> wait until ready, failed or
 * timeout. These functions may print nothing; progress comes through callbacks.
 */
#pragma once

#include "pkg/plan/plan.h"
#include "pkg/pod/net_ops.h"
#include "pkg/runtime/idmap.h"
#include "pkg/state/state.h"

enum pod_change { POD_CREATED, POD_CONFIGURED, POD_UNCHANGED, POD_DELETED };

struct up_request {
	const struct dirs *dirs;
	const struct idmap *idmap;
	struct plan *plan; /* stamped by project_up */
	const struct plan_data *data;
	const char *objects; /* text of objects.yaml, opaque */
	size_t objects_len;
	const struct net_ops *net;
	struct net_config net_config;
	int64_t timeout_ms;
	const char *libexec; /* directory of kubeplay-net and kubeplay-image */
	bool replace;        /* --replace: recreate all pods */
	bool project_given;  /* -p NAME: files of another path may take the project over */
	/* called for each pod once it is known what happens to it */
	void (*on_pod)(const char *pod, enum pod_change change, void *arg);
	void (*on_warning)(const char *text, void *arg);
	void *arg;
};

/*
 * Bring the project up; the images must be in the store (see fetch.h). 0 when every pod is Ready
 * (or completed); ERR_WORKLOAD when a pod failed or is in CrashLoopBackOff, ERR_TIMEOUT, ERR_HOST
 * ... A set-up failure undoes what this call made; a workload failure leaves it running.
 */
int project_up(struct up_request *r, struct err *e);

struct down_request {
	const struct dirs *dirs;
	const struct idmap *idmap;
	const char *project;
	bool volumes; /* remove claims this project created and no other running project mounts */
	int64_t grace_seconds; /* -1: each pod's own */
	void (*on_pod)(const char *pod, enum pod_change change, void *arg);
	void (*on_volume)(const char *claim, void *arg);
	void *arg;
};

/* Stop and remove; fine when it is already gone. 0, or 1 if there was nothing of that name, -1 on
 * error. */
int project_down(const struct down_request *r, struct err *e);

/* Live state: from disk, corrected by the lock (a dead supervisor's pods are not running).
 * ERR_ABSENT. */
int project_state(const struct dirs *d, const char *project, struct state_project **ret,
                  bool *ret_alive, struct err *e);
/* The plan and objects as saved; ERR_ABSENT. */
int project_plan(const struct dirs *d, const char *project, struct plan **ret, struct err *e);
int project_objects(const struct dirs *d, const char *project, struct strbuf *out, struct err *e);
/* Descriptor of the log directory of one container: files 0.log, 1.log ... (restart count), rotated
 * N.log.TIMESTAMP. */
int project_log_dir(const struct dirs *d, const char *project, const char *pod,
                    const char *container, struct err *e);
