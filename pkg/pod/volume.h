/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volume.h - the volumes of one pod, made when the pod is made and gone with it
 *
 * Below projects/NAME/pods/POD/volumes: emptyDirs (0777). On the supervisor's private tmpfs, which
 * no other process sees, below POD: ConfigMaps, Secrets and projections in the kubelet's layout,
 * memory emptyDirs (a tmpfs each, by size), /dev/shm, and the files for /etc.
 */
#pragma once

#include "pkg/plan/plan.h"
#include "pkg/pod/net_ops.h"
#include "pkg/state/dirs.h"

struct volumes {
	int *fds; /* O_PATH, one per plan_volume */
	size_t len;
	int shm_fd; /* shared by the containers of the pod */
	int hosts_fd, hostname_fd, resolv_fd;
	int pod_fd;     /* projects/NAME/pods/POD */
	int private_fd; /* POD on the private tmpfs */
};

struct volume_place {
	const struct dirs *dirs;
	const char *claim_namespace;
	int data_fd;    /* projects/NAME */
	int private_fd; /* the private tmpfs */
};

/* Make all volumes of the pod. trees: detached mounts of its hostPaths (as root), taken over, or
 * NULL. */
int volumes_make(const struct volume_place *at, const struct plan_pod *pod,
                 const struct plan_data *data, int *trees, size_t tree_count, struct volumes *ret,
                 struct err *e);
/* Write the files for /etc (in place when they exist: containers have them bound). */
int volumes_etc(struct volumes *v, const struct net_files *f, struct err *e);
/* Unmount and forget; the trees on disk are the caller's to remove. */
void volumes_done(struct volumes *v, const struct volume_place *at, const char *pod);
/*
 * Source of a mount; sub_path is its final one ("": none), see struct process. *ret_fd is a loan
 * when *ret_owned is false. *ret_sub is what the runtime must
 * still resolve below it, or NULL. Files of ConfigMaps and Secrets are resolved here, through
 * ..data.
 */
int volumes_source(const struct volumes *v, const struct plan_pod *pod, const struct plan_mount *m,
                   const char *sub_path, int *ret_fd, bool *ret_owned, const char **ret_sub,
                   const struct plan_volume **ret_volume, struct err *e);

/* Write a volume of files into the empty directory dirfd: ..STAMP/, ..data, a link per
 * top-level name. */
int projection_write(int dirfd, const struct plan_volume *v, const struct plan_data *data,
                     struct err *e);
