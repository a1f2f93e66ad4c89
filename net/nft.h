/* SPDX-License-Identifier: Apache-2.0 */
/* nft.h - packet rules of the holder namespace, by libnftables in a short-lived child */
#pragma once

#include "net/subnet.h"
#include "pkg/util/str.h"

enum { NFT_MARK = 0x6b70 }; /* of replies to connections that the forwarder made */

/* The whole rule set as nft(8) reads it. host_loopback: the uplink's gateway may be reached. */
void nft_rules(const struct subnets *s, bool host_loopback, struct strbuf *out);
/*
 * Begin to load rules in the namespace netns_fd; returns the pid of the child. *ret_fd gives one
 * struct err (nft_result) when it has ended.
 */
pid_t nft_start(int netns_fd, const char *rules, int *ret_pidfd, int *ret_fd, struct err *e);
/* Read the result: 0 loaded, -1 not. */
int nft_result(int fd, struct err *e);
/* True if the namespace that the calling thread is in has nf_tables. */
bool nft_supported(void);
