/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - give up what unpacking does not need */
#pragma once

#include "pkg/util/err.h"

/*
 * no_new_privs, not dumpable, only the capabilities to make files of any owner; with landlock (if
 * the kernel has it) writing below store_fd only. -1 is no store: no capability at all, and writing
 * nowhere. Before any thread is made.
 */
int confine(int store_fd, struct err *e);
