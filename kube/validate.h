/* SPDX-License-Identifier: Apache-2.0 */
/* validate.h - rules about loaded objects that no type can say; each rule is a row of a table */
#pragma once

#include "kube/run.h"

/* Check every object of the run by itself, and against the others. */
void validate(struct run *r);
/* The pod rules (validate_pod.c). */
void validate_pod(struct run *r, const struct pod_view *v);
/* Host ports of all pods of the project against each other. */
void validate_host_ports(struct run *r);
/* Labels and annotations of a metadata block that stands at `at`. */
void validate_meta_maps(struct run *r, const struct object *o, const struct at *at,
                        const struct k8s_meta *m);
/* Limits and requests of a container or claim. */
void validate_resources(struct run *r, const struct object *o, const struct at *at,
                        const struct k8s_resources *res, bool of_container);
