/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.h - the program that carries packets out: pasta or slirp4netns
 *
 * The only file that knows their features and arguments. They attach to a tap device that we made
 * and configured; they only move packets.
 */
#pragma once

#include "net/subnet.h"
#include "pkg/pod/net_ops.h"
#include "pkg/util/str.h"

enum uplink_kind { UPLINK_NONE, UPLINK_PASTA, UPLINK_SLIRP };

struct uplink {
	enum uplink_kind kind;
	char *path;  /* of the program; owned */
	bool modern; /* pasta with --map-host-loopback */
	bool host_loopback;
	struct strv options; /* the user's, as arguments of the program */
};

/* Where programs are looked up; NULL: PATH. For tests. */
struct uplink_places {
	const char *pasta, *slirp; /* paths, or NULL if there is none */
};

/*
 * Choose by mode: NET_AUTO takes a modern pasta, else slirp4netns, else an old pasta; nothing found
 * is UPLINK_NONE with the reason and the fix in *e (returned as 1). A program that the user named
 * must be there (-1). options: text behind "pasta:" or "slirp4netns:".
 */
int uplink_choose(enum net_mode mode, const char *options, bool host_loopback,
                  const struct uplink_places *places, struct uplink *ret, struct err *e);
void uplink_done(struct uplink *u);
/* "pasta", "slirp4netns", "none". */
const char *uplink_name(const struct uplink *u);
/*
 * Its arguments. netns: path of the namespace file. default_route: the host has one. ready_fd:
 * where slirp4netns says that it is ready.
 */
void uplink_argv(const struct uplink *u, const struct subnets *s, const char *netns,
                 bool default_route, int ready_fd, struct strv *ret);
/* True if it tells on ready_fd; else the tap's carrier tells. */
bool uplink_has_ready_fd(const struct uplink *u);
/* Can /dev/net/tun be used? -1 with its mode and the fix. */
int uplink_check_tun(const char *path, struct err *e);
