/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - from the text of a source to objects of the run, one document in memory at a time */
#pragma once

#include "kube/run.h"

/* Load all documents of one source; file is its number. */
void documents_load(struct run *r, size_t file);
/*
 * The first `lowered` objects are in the plan: give back the memory of those that nothing refers
 * to, if nobody wants to save them.
 */
void documents_release(struct run *r, size_t lowered);
/* Free what run_locate() keeps, and all that was not released. */
void documents_done(struct run *r);
