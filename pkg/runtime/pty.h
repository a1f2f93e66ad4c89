/* SPDX-License-Identifier: Apache-2.0 */
/* pty.h - a terminal made in the container's own devpts */
#pragma once

#include "pkg/util/err.h"

/*
 * Open ptmx below dev_fd ("pts/ptmx"), checked to be a devpts, give the slave to uid, send the
 * master over sock. Returns the slave.
 */
int pty_open(int dev_fd, const char *ptmx, int sock, uint32_t uid, uint16_t rows, uint16_t cols,
             struct err *e);
