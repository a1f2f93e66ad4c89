/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nft.h - packet rules of the holder namespace, spoken to the kernel directly
 *
 * The rules are few and never change, so they are written as the kernel's own messages in one
 * transaction; libnftables would parse, compile and send the same in about 2 ms and 1.5 MB.
 */
#pragma once

#include "net/subnet.h"
#include "pkg/util/err.h"

enum { NFT_MARK = 0x6b70 }; /* of replies to connections that the forwarder made */

/* A socket for nft_load() of the namespace that the calling thread is in; -1: it has no nf_tables.
 */
int nft_open(void);
/*
 * Load all rules, or none: fails with what the kernel refused. host_loopback: the uplink's gateway
 * may be reached.
 */
int nft_load(int fd, const struct subnets *s, bool host_loopback, struct err *e);
