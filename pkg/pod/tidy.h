/* SPDX-License-Identifier: Apache-2.0 */
/* tidy.h - ending old supervisors and removing what projects leave on disk; used by up and down */
#pragma once

#include "pkg/runtime/idmap.h"
#include "pkg/state/state.h"

/*
 * Wait until the project's old supervisor has really ended (its lock is free already): by state if
 * it is not NULL, and by the note in the lock file. ERR_TIMEOUT.
 */
int tidy_wait_gone(int run_fd, const char *project, const struct state_project *s, int timeout_ms,
                   struct err *e);
/* True if the project runs, or if its supervisor was killed and a process of it still lives. */
bool tidy_occupied(const struct dirs *d, const char *project);
/* SIGKILL the supervisor that holds the lock and wait for its end. */
int tidy_kill(int run_fd, const char *project, const struct state_project *s, struct err *e);
/* Remove projects/NAME below root, also what sub-ids own there. Absent is fine. */
int tidy_data(const struct dirs *d, const struct idmap *m, const char *project, struct err *e);
/* Remove the logs in there ahead of it; what fails is left to tidy_data(). */
void tidy_logs(const struct dirs *d, const char *project);
/* Remove projects/NAME below runroot. */
int tidy_run(const struct dirs *d, const char *project, struct err *e);
/* True if projects/NAME exists below root. */
bool tidy_has_data(const struct dirs *d, const char *project);
enum tidy_claim { TIDY_CLAIM_FOREIGN, TIDY_CLAIM_MINE, TIDY_CLAIM_MADE };
/*
 * Make the directory of a claim if it is absent (0777, never filled) and note beside it which
 * project did: a claim outlives its project, and `down --volumes` of a later life must still know.
 * Returns who made it.
 */
int tidy_make_claim(const struct dirs *d, const char *claim_namespace, const char *name,
                    const char *project, struct err *e);
/* Remove a claim "NAMESPACE/NAME", also what sub-ids own in it. */
int tidy_remove_claim(const struct dirs *d, const struct idmap *m, const char *claim,
                      struct err *e);
/* Add the claims "NAMESPACE/NAME" that the project made, in this life or an earlier one. */
void tidy_list_claims(const struct dirs *d, const char *project, struct strv *ret);
