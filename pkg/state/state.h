/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what is on disk about a project, and its locks
 *
 * Files in the project's run-time directory (a descriptor from dirs_open_project):
 *   state.yaml   live state; written only by the supervisor (and by `up` before it exists), read by
 * anyone plan.yaml    the resolved plan;  objects.yaml: loaded objects, opaque here, without Secret
 * values lock         flock held by the supervisor for as long as it lives ctl.sock     its control
 * socket Every file is written beside and renamed. Readers never write.
 *
 * A dying supervisor frees `lock` before the kernel has ended its containers: who found the lock
 * free must call state_wait_gone() before it touches anything of the project.
 */
#pragma once

#include "pkg/state/dirs.h"
#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum state_phase { STATE_WAITING, STATE_RUNNING, STATE_TERMINATED };
enum state_pod_phase {
	STATE_PENDING,
	STATE_POD_RUNNING,
	STATE_SUCCEEDED,
	STATE_FAILED,
	STATE_UNKNOWN
};

#include "pkg/util/def_struct.h"

#include "pkg/state/state.def"

#include "pkg/util/def_end.h"

int state_save(int dirfd, const struct state_project *s, struct err *e);
/* ERR_ABSENT if there is none. *ret is owned (state_free). */
int state_load(int dirfd, struct state_project **ret, struct err *e);
void state_free(struct state_project *s);
/* Free what one pod's record holds and zero it (a live change of the list of pods). */
void state_pod_done(struct state_pod *p);
/* Replace a string member of a record; text is copied, NULL unsets it. */
void state_set(char **member, const char *text);
/* Phase of a pod as Kubernetes derives it, e.g. for a project whose supervisor died: all its
 * running containers become terminated with reason "Unknown" (message: supervisor is gone). */
void state_mark_gone(struct state_project *s);
const char *state_pod_phase_text(enum state_pod_phase p);

/*
 * Take the lock that serialises commands on one project (runroot/locks/NAME.lock), waiting at most
 * timeout_ms (-1: for ever). Returns a descriptor; close it with state_op_unlock(), which removes
 * the file when `remove` says that nothing of the project is left. Survives that the file was
 * removed by the holder before us (inode compared after locking).
 */
int state_op_lock(const struct dirs *d, const char *project, int timeout_ms, struct err *e);
void state_op_unlock(const struct dirs *d, const char *project, int *fd, bool remove);
/* Take the supervisor's lock file without waiting: descriptor, or -1 with e->sys == EWOULDBLOCK if
 * a supervisor lives. */
int state_lock(int dirfd, struct err *e);
/* 1 a supervisor holds the lock, 0 free or absent. Never creates the file. */
int state_alive(int dirfd);
/*
 * After the lock was found free: wait until the process that s names has really ended (pidfd; pid
 * and start time must match), which is when the kernel has ended its whole pid namespace. 0, or
 * ERR_TIMEOUT.
 */
int state_wait_gone(const struct state_project *s, int timeout_ms, struct err *e);

/* Write the supervisor's pid and start time (as the host sees them) into the lock file that `up`
 * holds. */
int state_lock_note(int lock_fd, pid_t pid, uint64_t start, struct err *e);
/* Read them back: 0, or -1 if there are none. They name the last supervisor even when it wrote no
 * state. */
int state_lock_owner(int dirfd, pid_t *ret_pid, uint64_t *ret_start);
/* A pidfd of the process with this pid and start time, or -1 if it has been reaped. */
int state_open_process(pid_t pid, uint64_t start);
