/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volume.h - the mounts that a manifest asks for
 *
 * Two halves: volume_open() makes a detached mount of the source, in the mount namespace it was
 * opened in; volume_attach() puts it on its target below the container's root, resolved by the
 * kernel inside that root.
 */
#pragma once

#include "pkg/runtime/spawn.h"

/* A detached mount of the source with its attributes; returns it. */
int volume_open(const struct spawn_mount *m, struct err *e);
/* Is this target fit for a volume? Refuses "/", relative paths, and /proc and /sys with all below.
 */
int volume_check_target(const char *target, struct err *e);
/* Attach tree to m->target below rootfd, which is made if it is missing. */
int volume_attach(const struct spawn_mount *m, int tree, int rootfd, struct err *e);
