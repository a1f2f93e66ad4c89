/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.h - files and directories, resolved safely
 *
 * fs_open_in() is the only way to open a path that someone else wrote (an image, a layer, a
 * container): it resolves inside the given root with openat2(2).
 */
#pragma once

#include "pkg/util/err.h"

/*
 * Open path below rootfd with openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve): symbolic
 * links and ".." stay inside rootfd. Returns the descriptor (O_CLOEXEC), or -1 with errno set.
 */
int fs_open_in(int rootfd, const char *path, int flags, mode_t mode, uint64_t resolve);
/* mkdir -p below rootfd, resolved inside it; returns an O_PATH|O_DIRECTORY descriptor of the last
 * part. */
int fs_mkdir_in(int rootfd, const char *path, mode_t mode, struct err *e);
/* mkdir -p of a path of our own (trusted); existing directories are fine. Returns 0. */
int fs_mkdir_p(const char *path, mode_t mode, struct err *e);
/* Open a directory of our own below dirfd, making it with mode if absent.
 * O_RDONLY|O_DIRECTORY|O_NOFOLLOW. */
int fs_open_dir(int dirfd, const char *name, mode_t mode, struct err *e);
/* Write beside (NAME.new), fsync (if durable), rename over name: readers see the old or the new,
 * never half. Writers of one name wait for each other. */
int fs_write_atomic(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
                    bool durable, struct err *e);
/*
 * rm -r of name below dirfd without following links or crossing mounts; absent is fine. Directories
 * without permission are made u+rwx first (the caller owns them or has DAC override).
 */
int fs_remove_tree(int dirfd, const char *name, struct err *e);
/* The file system's name for messages ("ext4", "nfs", "fuse", ... or hex of f_type). */
const char *fs_type_name(int fd, char buf[24]);
