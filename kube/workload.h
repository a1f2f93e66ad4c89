/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload.h - which pods does an object come to, and what are they called?
 *
 * Names, hashes, labels and owners are those that a cluster's controllers would give, but for the
 * letters that are random there: here they follow from project, namespace, controller and number,
 * so that the same files give the same pods, and a changed number of replicas changes no other pod.
 */
#pragma once

#include "kube/run.h"

/* What one controller may ask for; a machine that can hold more pods than this has a cluster. */
enum { WORKLOAD_MAX_PODS = 1000 };

struct workload {
	const struct object *o;
	const struct k8s_pod_template *template; /* NULL: a bare Pod */
	const struct k8s_claim *claims;          /* volumeClaimTemplates */
	uint32_t claims_count;
	int64_t pods;            /* to be made now; at least 0 */
	int64_t first;           /* number of the first one */
	const char *count_field; /* of spec, where the number of pods is written; NULL: nowhere */
	bool indexed;            /* of a Job whose pods have an index */
	const char *uid;         /* of the object */
	char hash[11];           /* of the template */
};

/*
 * What an object comes to; false if it makes no pods at all (a ConfigMap), or cannot because what
 * it needs is missing (reported). A CronJob is looked at as the Job that it makes. Memory of the
 * run.
 */
bool workload_of(struct run *r, const struct object *o, struct workload *ret);
/*
 * The name of pod number i, counted from 0; a later attempt gives another one, if names are free
 * here. Owned.
 */
char *workload_pod_name(const struct run *r, const struct workload *w, int64_t i,
                        unsigned int attempt) MUST_USE;
/* Owner, labels, annotations and names that the controller adds to its pod number i, which has its
 * own name already. */
void workload_mark(const struct run *r, const struct workload *w, int64_t i, struct plan_pod *pod);
/* The name of the claim that the pod called pod makes of a claim template. Owned. */
char *workload_claim_name(const struct k8s_claim *template, const char *pod) MUST_USE;
/* The uid of an object, made from project, namespace, kind (NULL: a pod) and name. Owned. */
char *workload_uid(const struct run *r, const char *ns, const char *kind,
                   const char *name) MUST_USE;
/* A name that begins with prefix, the same for the same project, file and place in it. Owned. */
char *workload_generated_name(const char *project, const char *prefix, const char *file,
                              size_t place) MUST_USE;
