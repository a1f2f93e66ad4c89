/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h - tar entries to files of an unpacked layer, in overlay form
 *
 * Theory of operation: whoever made the layer chose every name in it, so names are cleaned (no
 * "..", bounded), each parent is resolved by openat2(RESOLVE_IN_ROOT) below the layer's directory
 * and kept as a descriptor (a tar goes directory by directory: few are resolved twice), and the
 * last part is only ever created with O_EXCL or its like, never followed. What exists is removed
 * first: later entries win.
 *
 *   .wh.NAME       a whiteout: character device 0:0      .wh..wh..opq   user.overlay.opaque=y on
 * the parent devices        left out (a user namespace cannot make them; the runtime provides /dev)
 *   user.overlay.* in the tar is dropped: it would speak to the overlay in our name
 *
 * Order for each file: data, owner, mode, xattrs, times. Times of directories are kept until the
 * end. Nobody else writes below the directory; nothing is synced here.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum writer_type {
	WRITER_FILE,
	WRITER_DIR,
	WRITER_SYMLINK,
	WRITER_HARDLINK,
	WRITER_FIFO,
	WRITER_OTHER, /* devices and sockets */
};

struct writer_entry {
	const char *name;
	enum writer_type type;
	mode_t mode; /* permission bits */
	int64_t uid, gid;
	int64_t mtime;
	long mtime_ns;
	int64_t size;     /* of a file */
	const char *link; /* target of a link */
};

struct writer {
	int root_fd;       /* the layer's directory (O_RDONLY), a loan */
	int spill_fd;      /* directory for a temporary file, a loan */
	bool ignore_owner; /* only container id 0 exists: note owners in
	                      user.containers.override_stat */
	void (*warn)(const char *text, void *arg);
	void *arg;
	uint64_t bytes, entries, skipped;

	/* working state */
	char *parent;
	int parent_fd;
	bool parent_setgid, stale;
	char *path, *base; /* of the entry being made; base points into path */
	int fd;            /* of the file being written */
	int64_t end;       /* of what was written to it */
	struct strbuf dirs;
	int dirs_fd;
	bool warned_caps;
};

void writer_init(struct writer *w, int root_fd, int spill_fd);
void writer_done(struct writer *w);
/* Make the object. 1: give it data (files), then xattrs, then call writer_finish(). 0: nothing more
 * to do. */
int writer_make(struct writer *w, const struct writer_entry *ent, struct err *e);
int writer_data(struct writer *w, int64_t offset, const void *data, size_t len, struct err *e);
/* Owner and mode; then writer_xattr() any number of times; then writer_finish(). */
int writer_owner(struct writer *w, const struct writer_entry *ent, struct err *e);
int writer_xattr(struct writer *w, const struct writer_entry *ent, const char *name,
                 const void *value, size_t size, struct err *e);
int writer_finish(struct writer *w, const struct writer_entry *ent, struct err *e);
/* After the last entry: times of directories. */
int writer_end(struct writer *w, struct err *e);
