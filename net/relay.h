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
	int program_fd; /* -1: cannot be opened, or none yet */
	int holder_net; /* a loan */
	struct relay_message *first, *last;
	bool untold; /* it waits for tell_all(): what is sent before is in that anyway */
	/* A new process listens: tell it everything there is; with relay_begin() first. Nothing
	 * happens if it comes too early: call it again later. */
	void (*tell_all)(struct relay *r);
};

/*
 * Find kubeplay-net in the directory libexec: in the command line, because the supervisor may not
 * reach it (as root it is a sub-id, and the program may lie below a home directory of mode 0700).
 */
void relay_open(struct relay *r, const char *libexec);
/* Start it in the namespace; m.changed and tell_all are set. */
void relay_start(struct relay *r, struct loop *l, int holder_net);
/* What is sent from now on reaches it. */
void relay_begin(struct relay *r);
/* Send a message with up to CONTROL_SOCKETS descriptors (loans); quietly nothing while it is not
 * running. */
void relay_send(struct relay *r, const struct control_msg *m, const int *fds, size_t nfds);
void relay_stop(struct relay *r);
/* Forget what relay_open() found. */
void relay_done(struct relay *r);
