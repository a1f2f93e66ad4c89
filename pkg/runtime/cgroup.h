/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - one cgroup per project and per container, where the host lets us
 *
 * Only grouping: it names the processes of a container and ends them at once. Nothing depends on it
 * (the pid namespaces do the same), so each function says why it cannot instead of failing the
 * caller.
 */
#pragma once

#include "pkg/util/err.h"

/* The cgroup "kubeplay-NAME" below our own, made if missing. -1 with the reason in *e where cgroup2
 * is not delegated. */
int cgroup_project_open(const char *name, struct err *e);
/* A cgroup below another, made if missing; -1 with *e. */
int cgroup_child(int parent, const char *name, struct err *e);
/* SIGKILL to every process in it and below. */
int cgroup_kill(int fd, struct err *e);
/* Remove a cgroup and those below it; waits at most timeout_ms for killed processes to go. Absent
 * is fine. */
int cgroup_remove(int parent, const char *name, int timeout_ms, struct err *e);
/* The same for the project's cgroup. */
int cgroup_project_remove(const char *name, int timeout_ms, struct err *e);
