/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - the command line's end of the control socket (DESIGN section 4)
 *
 * SOCK_SEQPACKET, one small JSON object each way; larger things as sealed memfds; descriptors by
 * SCM_RIGHTS. `hello` carries CTL_PROTOCOL; a newer client can still do ps, logs, exec, stop with
 * an older supervisor.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum { CTL_PROTOCOL = 1, CTL_MAX_MESSAGE = 65536 };

struct client {
	int fd;
	int protocol; /* of the supervisor */
};

/* dirfd: the project's run-time directory. ERR_ABSENT if no supervisor listens. */
int client_connect(int dirfd, struct client *ret, struct err *e);
void client_close(struct client *c);

/* The Secrets of the project with their values, as the front end wrote them (PLAN_DATA_SECRETS);
 * empty: there are none. ERR_UNSUPPORTED from an older supervisor. */
int client_secrets(const struct client *c, struct strbuf *out, struct err *e);

struct client_exec {
	const char *pod, *container; /* container NULL: the annotation's default, else the first */
	char *const *argv;
	bool tty, interactive;
	int in, out, err; /* descriptors to give to the process; relayed here when tty */
	uint16_t rows, cols;
};

/*
 * Run a command in a container and wait for it: *ret_code is its exit code (128 + signal when
 * killed; 126, 127 as in sh when it could not be executed, and then *e says why although 0 is
 * returned). With tty the calling terminal is put in raw mode and relayed, WINCH passed on.
 */
int client_exec(struct client *c, const struct client_exec *req, int *ret_code, struct err *e);
