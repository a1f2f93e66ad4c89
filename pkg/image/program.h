/* SPDX-License-Identifier: Apache-2.0 */
/* program.h - kubeplay-image: a request in, JSON lines out (protocol.h) */
#pragma once

#include "pkg/util/err.h"

/* Carry out the request read from request_fd; the exit code of the program. */
int image_program(int store_fd, int request_fd, int events_fd);
