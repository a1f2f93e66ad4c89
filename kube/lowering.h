/* SPDX-License-Identifier: Apache-2.0 */
/* lowering.h - what the files of the lowering stage share (lower.c, lower_env.c, ...) */
#pragma once

#include "kube/config.h"
#include "kube/lower.h"

enum {
	LOWER_MAX_STRING = 128 << 10, /* the kernel takes no longer argument or variable */
	LOWER_MAX_TEXT = 64 << 20,    /* bytes in all strings of a plan */
	LOWER_PART_COST = 64,         /* bytes of a short value */
};

struct lowering {
	struct run *r;
	struct plan *plan;
	struct configs configs;
	struct names claims; /* "namespace/name" */
	size_t spent;
	bool stop; /* too large: said once */
};

/* The pod that is being made. */
struct lower_pod {
	struct lowering *l;
	const struct pod_view *v;
	bool late; /* its name and uid are known only when it is made: it is a CronJob's */
	struct plan_pod *pod;
	struct names
		volumes; /* those that are in the plan: their number * 2, + 1 if files may miss */
};

/* Account for memory of the plan; false once it is too much. */
bool lower_spend(struct lower_pod *p, const struct at *at, size_t bytes);
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
/* Note that a claim is used; a declared one has its object. */
void lower_claim(struct lowering *l, const char *ns, const char *name,
                 const struct object *declared, const struct pod_view *v, const struct at *at);
/* Find the ConfigMap or Secret that a reference names, which stands at `at`; reports it unless it
 * is optional (lower_files.c). */
struct config *lower_config(struct lower_pod *p, const struct at *at, enum object_type type,
                            const char *name, const bool *optional);
