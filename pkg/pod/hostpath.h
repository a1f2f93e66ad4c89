/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostpath.h - hostPath volumes: checked, and made where their type says so, in the host's view
 *
 * The command line does this with the user's rights before anything is created. Rootless, the
 * supervisor (the same user) then opens the path in its own mount namespace. As root it is a sub-id
 * that may not be allowed to: the command line hands it a detached mount of each path instead.
 */
#pragma once

#include "pkg/plan/plan.h"

/*
 * Check and make every hostPath of the pod. With trees: *ret_fds is an owned array of one detached
 * mount per hostPath volume, in the order of the pod's volumes. Without: *ret_fds is NULL.
 */
int hostpath_prepare(const struct plan_pod *pod, bool trees, int **ret_fds, size_t *ret_count,
                     struct err *e);
/* Compare what fd (O_PATH) is with the volume's type; the error names what was found. */
int hostpath_check(const struct plan_volume *v, int fd, struct err *e);
