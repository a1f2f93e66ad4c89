/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - kubeplay-net: forwarder and resolver behind one control socket */
#pragma once

#include "pkg/util/err.h"

/*
 * Serve until the other end of the control socket (CONTROL_FD) closes. The process runs in the
 * holder's network namespace as root of its user namespace; it gives that up once it has its port.
 */
int server_run(struct err *e);
