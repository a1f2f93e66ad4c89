/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.h - descriptors: whole reads and writes, memfds, messages with descriptors
 *
 * Every descriptor made here is O_CLOEXEC. EINTR is retried.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum { FD_MAX_PASS = 64 }; /* most descriptors in one message */

/* Write all of data; fails with err_sys. */
int fd_write_all(int fd, const void *data, size_t len, struct err *e);
/* Append everything up to end of file to out; ERR_INPUT if more than max bytes come. */
int fd_read_all(int fd, size_t max, struct strbuf *out, struct err *e);
/* Read a regular file below dirfd (AT_FDCWD allowed), refusing what is larger than max bytes. */
int fd_read_file(int dirfd, const char *path, size_t max, struct strbuf *out, struct err *e);
/* A sealed, read-only memfd with this content; name shows in /proc only. Returns the descriptor. */
int fd_memfd(const char *name, const void *data, size_t len, struct err *e);
/* Like fd_memfd, but checks that fd is a memfd with write and shrink seals; maps and copies its
 * content. */
int fd_read_memfd(int fd, size_t max, struct strbuf *out, struct err *e);

/* Send one message (SOCK_SEQPACKET or SOCK_DGRAM) with nfds descriptors (loans); -1 with errno set.
 */
ssize_t fd_send_msg(int sock, const void *data, size_t len, const int *fds, size_t nfds);
/*
 * Receive one message; *ret_nfds descriptors (at most FD_MAX_PASS, O_CLOEXEC) are the caller's.
 * A message longer than len, or with more descriptors, is an error (EMSGSIZE) and its descriptors
 * are closed. Returns the length, 0 at end of file, -1 with errno set.
 */
ssize_t fd_recv_msg(int sock, void *data, size_t len, int *fds, size_t *ret_nfds);

/* Set or clear O_NONBLOCK / FD_CLOEXEC; they cannot fail on a valid descriptor. */
void fd_set_nonblock(int fd, bool on);
void fd_set_cloexec(int fd, bool on);
/* Close all of n descriptors and set them to -1. */
void fd_close_many(int *fds, size_t n);
