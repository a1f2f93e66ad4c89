/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl.h - the supervisor's end of the control socket
 *
 * The socket lies in the project's 0700 directory, which is the access control; besides, whoever is
 * visible in our pid namespace (SO_PEERCRED pid other than 0) is a container of ours and is
 * refused. A client that sends what is not a request gets an error and is closed; it can do no more
 * harm.
 */
#pragma once

#include "pkg/loop/loop.h"
#include "pkg/pod/request.h"
#include "pkg/util/fd.h"

enum { CTL_MAX_CONNS = 128, CTL_MAX_FDS = 4096 };

struct ctl;

struct ctl_conn {
	struct source src;
	struct ctl *ctl;
	struct ctl_conn *next;
	bool waiting; /* wants to hear when the project is ready */
	bool doomed;  /* freed at the end of the turn */
	int *fds;     /* sent ahead for the next apply */
	size_t nfds;
};

struct ctl {
	struct loop *loop;
	struct source listener;
	struct ctl_conn *conns;
	size_t count;
	bool any_peer; /* tests: peers of our own pid namespace are fine */
	/* A request came; fds are the handler's to close. */
	void (*handle)(struct ctl_conn *c, struct request *r, int *fds, size_t nfds);
	/* The connection is about to go. */
	void (*closed)(struct ctl_conn *c);
};

/* Listen on ctl.sock in dirfd (an old one is replaced). */
int ctl_listen(struct ctl *ctl, struct loop *l, int dirfd, struct err *e);
/* Serve a connected socket (taken over) as if it had been accepted. */
struct ctl_conn *ctl_add(struct ctl *ctl, int fd, struct err *e);
/* Send a message (taken over); a client that does not read is closed. */
void ctl_send(struct ctl_conn *c, json_t *msg);
/* {"ok": true} and an error, as messages. */
void ctl_ok(struct ctl_conn *c);
void ctl_fail(struct ctl_conn *c, const struct err *e);
/* Close at the end of the turn; the closed hook runs now. */
void ctl_close(struct ctl_conn *c);
/* Free what was closed; called between turns of the loop. */
void ctl_sweep(struct ctl *ctl);
void ctl_done(struct ctl *ctl);
/* May this descriptor be given to a process in a container? No directories, O_PATH, block devices,
 * ttys. */
int ctl_check_stdio(int fd, struct err *e);
