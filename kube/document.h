/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - from the text of a source to objects of the run, one document in memory at a time */
#pragma once

#include "kube/run.h"

/* Load all documents of one source; file is its number. */
void documents_load(struct run *r, size_t file);
/* Forget what run_locate() keeps. */
void documents_done(struct run *r);
