/* SPDX-License-Identifier: Apache-2.0 */
/* lower_mount.c - which part of which volume stands where in a container? */
#include "kube/lowering.h"
#include "kube/pathname.h"

enum { MOUNT_COST = 96 };

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct plan_mount *)a)->path, ((const struct plan_mount *)b)->path);
}

/* Text order puts a directory before what is below it. */
void lower_mounts(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                  struct plan_container *out)
{
	uint32_t known;

	for (uint32_t i = 0; i < c->volumeMounts_count; i++) {
		const struct k8s_mount *from = &c->volumeMounts[i];
		struct plan_mount *to;

		/* A volume of an unsupported kind that was only warned about is not there. */
		if (!from->mountPath || !from->name || !names_find(&p->volumes, from->name, &known))
			continue;
		if (!lower_spend(p, at, MOUNT_COST + strlen(from->mountPath)))
			return;
		to = LOWER_ADD(out->mounts, out->mounts_count);
		to->volume = xstrdup(from->name);
		to->path = path_clean(from->mountPath);
		to->sub_path = from->subPath && *from->subPath ? path_clean(from->subPath) : NULL;
		to->read_only = from->readOnly && *from->readOnly;
	}
	if (out->mounts_count)
		qsort(out->mounts, out->mounts_count, sizeof(*out->mounts), by_path);
}
