/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects.h - the objects of a running project, back from objects.yaml, for `get` and `ps -o json`
 *
 * Opened and closed by kube_objects_load() and kube_objects_free() of kube.h.
 */
#pragma once

#include "kube/kube.h"
#include "kube/schema.h"

struct objects_entry {
	enum object_type kind;
	const char *ns, *name; /* ns is "" for a kind that has none */
	const void *data;
};

/* All of them in the order of the files; a loan. */
const struct objects_entry *objects_list(const struct kube_objects *o, size_t *ret_count);
/*
 * Append one as Kubernetes JSON, as it was loaded, with its namespace and the modern apiVersion.
 * Values of a Secret come from `secrets`; without it (NULL) "<secret>" stands for them, in a way
 * that can still be loaded.
 */
void objects_json(const struct objects_entry *x, const struct kube_objects *secrets,
                  struct strbuf *out);
/* kube_objects_pod_json() with the time when the pod was made (RFC 3339, or NULL). */
int objects_pod_json(const struct kube_objects *o, const struct plan_pod *pod, const char *created,
                     struct strbuf *out, struct err *e);
