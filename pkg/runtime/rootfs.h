/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.h - the root file system of a container: an overlay of its image's layers
 *
 * Must be called in the mount namespace that the descriptors were opened in: the kernel refuses
 * layers on mounts of another one.
 */
#pragma once

#include "pkg/util/err.h"

/*
 * Mount layers (topmost first) with an upper and a work directory; upper_fd -1: read-only. Returns
 * a detached mount. The upper directory is thrown away with the container, so nothing of it is ever
 * synced (`volatile`).
 */
int rootfs_overlay(const int *layer_fds, size_t layer_count, int upper_fd, int work_fd,
                   struct err *e);
