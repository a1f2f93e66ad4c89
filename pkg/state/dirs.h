/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirs.h - where things live on disk (DESIGN section 5), opened once, used by descriptor
 *
 *   root (data)   store/ (pkg/store)  volumes/NAMESPACE/CLAIM/  projects/NAME/{pods,logs}/... probe
 * cache runroot       projects/NAME/{lock,ctl.sock,state.yaml,plan.yaml,objects.yaml}
 * locks/NAME.lock (op lock)
 *
 * Directories below root are owned by container root (rootless: you; as root: the first id of the
 * range), mode 0700, so that the supervisor can use them after it became that user; the two top
 * ones are 0711.
 */
#pragma once

#include "pkg/util/err.h"

enum { DIRS_DATA_COUNT = 3 }; /* store, volumes, projects */

struct dirs {
	char *root, *runroot; /* absolute paths */
	int root_fd, runroot_fd;
	/* As real root: the directories below them, opened while we may search their parents. The
	 * supervisor, which becomes the owner below, could not get through a --root of mode 0700.
	 * Else -1. */
	int data_fds[DIRS_DATA_COUNT], run_projects_fd;
	uid_t owner_uid; /* host ids that everything below root belongs to */
	gid_t owner_gid;
};

/*
 * Find, make and open both. root_opt / runroot_opt: --root, --runroot or NULL for the defaults:
 * KUBEPLAY_ROOT, $XDG_DATA_HOME/kubeplay, ~/.local/share/kubeplay (root: /var/lib/kubeplay);
 * KUBEPLAY_RUNROOT, $XDG_RUNTIME_DIR/kubeplay, /run/user/UID/kubeplay, else /tmp/kubeplay-UID made
 * 0700, owner and mode verified, never through a link (root: /run/kubeplay).
 */
int dirs_open(struct dirs *d, const char *root_opt, const char *runroot_opt, uid_t owner_uid,
              gid_t owner_gid, struct err *e);
/*
 * The same directories by new descriptors, of the mount namespace that we are in now: the kernel
 * clones mounts only within their own. For a process that becomes the owner, uid 0 of its user
 * namespace: called while we still are who opened them first. Fails if one was replaced meanwhile.
 */
int dirs_reopen(const struct dirs *d, struct dirs *ret, struct err *e);
void dirs_close(struct dirs *d);

/* Open (making if `make`) a directory below root: "store", "volumes/default/data", ... with mode
 * 0700 and the owner above. ERR_ABSENT if it does not exist and make is false. */
int dirs_open_data(const struct dirs *d, const char *path, bool make, struct err *e);
/* Open (making) runroot/projects/NAME, 0700, owned by owner_uid. ERR_ABSENT as above. */
int dirs_open_project(const struct dirs *d, const char *project, bool make, struct err *e);
/* True if name may be a project: [a-z0-9A-Z][a-zA-Z0-9._-]{0,62}. */
bool dirs_valid_project(const char *name);
/* Names of all projects (those with a directory in runroot/projects or root/projects), sorted.
 * Owned strv. */
struct strv;
int dirs_list_projects(const struct dirs *d, struct strv *ret, struct err *e);
