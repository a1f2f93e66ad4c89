/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h - the supervisor's end of kubeplay-net: start it, tell it things, make sockets for it
 */
#pragma once

#include "net/control.h"
#include "net/minder.h"

struct relay_message; /* waits until the socket takes it */

struct relay {
	struct minder m;
	struct source control;
	char *program;
	int holder_net; /* a loan */
	struct relay_message *first, *last;
	/* A new process listens: tell it everything there is. */
	void (*tell_all)(struct relay *r);
};

/* Start kubeplay-net of the directory libexec in the namespace; m.changed and tell_all are set. */
void relay_start(struct relay *r, struct loop *l, const char *libexec, int holder_net);
/* Send a message with up to CONTROL_SOCKETS descriptors (loans); quietly nothing while it is not
 * running. */
void relay_send(struct relay *r, const struct control_msg *m, const int *fds, size_t nfds);
void relay_stop(struct relay *r);
