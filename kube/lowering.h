/* SPDX-License-Identifier: Apache-2.0 */
/* lowering.h - what the files of the lowering stage share (lower.c, lower_env.c, ...) */
#pragma once

#include "kube/config.h"
#include "kube/lower.h"
#include "kube/workload.h"

enum {
	LOWER_SMALL = 96,             /* what a small structure of the plan costs */
	LOWER_MAX_STRING = 128 << 10, /* the kernel takes no longer argument or variable */
	LOWER_MAX_TEXT = 64 << 20,    /* bytes in all strings of a plan */
	LOWER_PART_COST = 64,         /* bytes of a short value */
};

struct lowering {
	struct run *r;
	struct plan *plan;
	struct configs configs;
	struct names claims; /* "namespace/name" */
	struct names pods;   /* "namespace/name" -> object that makes it */
	size_t spent;
	bool stop; /* too large: said once */
};

/* The pod that is being made. */
struct lower_pod {
	struct lowering *l;
	const struct pod_view *v;
	const struct workload *w;
	bool late; /* its name, uid and index are known only when it is made: it is a CronJob's */
	struct plan_pod *pod;
	/* those that are in the plan: their number * 2, + 1 if files may miss */
	struct names volumes;
	struct names annotations; /* lower_index_annotations() */
};

/* Account for memory of the plan; false once it is too much. */
bool lower_spend(struct lower_pod *p, const struct at *at, size_t bytes);
bool lower_spend_on(struct lowering *l, const struct object *o, const struct at *at, size_t bytes);
/* Make room for one more in a counted array and return it zeroed. */
#define LOWER_ADD(list, count)                                                                     \
	(__typeof__(list))lower_grow((void **)&(list), &(count), sizeof(*(list)))
void *lower_grow(void **list, uint32_t *count, size_t size) MUST_USE;

/*
 * Append what a field of the pod is (lower_field.c). file: for a file, which can hold more and less
 * than a variable. False if there is no such field, which the rules report.
 */
bool lower_field(struct lower_pod *p, const struct at *at, const struct k8s_field_ref *ref,
                 bool file, struct plan_value *out);
/* The same for a container's limits and requests; own: where the reference stands, NULL for a file.
 */
bool lower_resource(struct lower_pod *p, const struct at *at,
                    const struct k8s_resource_field_ref *ref, const struct k8s_container *own,
                    struct plan_value *out);
/* Append text in quotes, with escapes (lower_quote.c). */
void lower_quote(const char *text, struct strbuf *out);

/* A copy of a string, NULL if there is none or it is empty. */
char *lower_text(const char *s) MUST_USE;
/* Copies: of a number that may be unset, of a bool that may be unset. */
int64_t *lower_number(int64_t n) MUST_USE;
static inline bool lower_bool(const bool *b)
{
	return b && *b;
}
/* Append copies of strings, of numbers, of keys with values. */
void lower_strings(struct lowering *l, const struct object *o, const struct at *at,
                   char *const *from, uint32_t count, char ***to, uint32_t *to_count);
void lower_numbers(const int64_t *from, uint32_t count, int64_t **to, uint32_t *to_count);
void lower_pairs(struct lowering *l, const struct object *o, const struct at *at,
                 const struct k8s_pair *from, uint32_t count, struct plan_label **to,
                 uint32_t *to_count);
void lower_label(struct plan_label **list, uint32_t *count, const char *key, const char *value);

/* A pod of a workload; it has its name already (lower_pod.c). */
void lower_pod(struct lowering *l, const struct workload *w, int64_t number, struct plan_pod *pod);
/* A container, after the volumes of its pod (lower_container.c). */
void lower_container(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                     bool init, struct plan_container *out);
/* Users, capabilities, profiles: of a container, and of the pod (lower_security.c). */
void lower_security(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                    struct plan_security *out);
void lower_pod_security(struct lower_pod *p);
/* Requests and limits; those of the pod and its class after its containers (lower_resources.c). */
void lower_resources(struct lower_pod *p, const struct at *at, const struct k8s_resources *r,
                     struct plan_resources *out);
void lower_pod_resources(struct lower_pod *p);
/* Probes and hooks, after the ports (lower_probe.c). */
void lower_probes(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                  struct plan_container *out);
/*
 * An annotation of the pod; podman's own may also stand at its controller. With a suffix it is
 * KEY/SUFFIX. NULL if there is none. The index comes before the first question. And what known
 * annotations say, after the containers (lower_annotation.c).
 */
void lower_index_annotations(struct lower_pod *p);
const char *lower_annotation(const struct lower_pod *p, const char *key, const char *suffix);
void lower_annotations(struct lower_pod *p);
/* The same for the annotations of a claim. */
void lower_claim_annotations(struct lowering *l, const struct object *o, const struct at *at,
                             const struct k8s_meta *m, struct plan_claim *out);
/* What a controller says beyond its pods: those from `first` on are its (lower_controller.c). */
void lower_controller(struct lowering *l, const struct workload *w, uint32_t first);
/* The same for Jobs and CronJobs (lower_job.c). */
void lower_job(struct lowering *l, const struct workload *w, uint32_t first);
void lower_cron_job(struct lowering *l, const struct workload *w);
void lower_service(struct lowering *l, const struct object *o); /* lower_service.c */

/* env, envFrom, command and args of a container (lower_env.c). */
void lower_env(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
               struct plan_container *out);
/* The volumes of the pod, with the contents of ConfigMaps and Secrets (lower_volume.c). */
void lower_volumes(struct lower_pod *p);
/* What a policy means for an image, also one that is not written. */
enum plan_pull lower_pull_policy(const char *image, enum k8s_pull_policy policy);
/* Fill in a volume of files (lower_files.c). False if it may have others when it runs elsewhere:
 * something optional is not there. */
bool lower_files(struct lower_pod *p, const struct at *at, const struct k8s_volume *v,
                 struct plan_volume *out);
/* The mounts of a container, after the volumes and its environment (lower_mount.c). */
void lower_mounts(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                  struct plan_container *out);
/* Note that a claim is used; a declared one has its object (lower_claim.c). */
void lower_claim(struct lowering *l, const char *ns, const char *name,
                 const struct object *declared, const struct pod_view *v, const struct at *at);
/* The claims of a StatefulSet's pod, and the volumes that they are in it. */
void lower_claim_volumes(struct lower_pod *p);
/* Find the ConfigMap or Secret that a reference names, which stands at `at`; reports it unless it
 * is optional (lower_files.c). */
struct config *lower_config(struct lower_pod *p, const struct at *at, enum object_type type,
                            const char *name, const bool *optional);
