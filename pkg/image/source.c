/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - see source.h */
#include "pkg/image/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/image/inflate.h"
#include "pkg/store/work.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"

enum { MEMBERS_MAX = 100000, LINKS_MAX = 8, STEP = 256 << 10, SPOOL_RING = 1 << 20 };

/* --- spooling ----------------------------------------------------------------------------------
 */

struct spool {
	int fd;
	const atomic_bool *stop;
	uint8_t buf[STEP];
	struct inflate inflate;
	struct err err;
	int result;
};

static int next_bytes(void *arg, const uint8_t **ret, size_t *ret_len, struct err *e)
{
	struct spool *s = arg;
	ssize_t n;

	if (s->stop && *s->stop)
		return err_set(e, ERR_INTERRUPTED, "stopped");
	do
		n = read(s->fd, s->buf, sizeof(s->buf));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "read");
	*ret = s->buf;
	*ret_len = (size_t)n;
	return n > 0;
}

static void *inflate_thread(void *arg)
{
	struct spool *s = arg;

	s->result = inflate_run(&s->inflate, &s->err);
	return NULL;
}

static int write_all(struct stream *from, int to, int spill_fd, struct err *e)
{
	const uint8_t *p;
	size_t len;
	int r;

	while ((r = stream_peek(from, &p, &len, e)) > 0) {
		if (fd_write_all(to, p, len, e) < 0)
			return store_write_error(spill_fd, e->sys, "write a temporary file", e);
		stream_consume(from, len);
	}
	return r;
}

/* All of fd, decompressed, as a file without a name. */
static int spool(int fd, int spill_fd, const atomic_bool *stop, struct err *e)
{
	autoclose int to = openat(spill_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct spool *s;
	struct stream ring;
	pthread_t thread;
	int r;

	if (to < 0)
		return store_write_error(spill_fd, errno, "make a temporary file", e);
	s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	s->stop = stop;
	stream_init(&ring, SPOOL_RING);
	s->inflate = (struct inflate){.next = next_bytes, .arg = s, .out = &ring};
	r = pthread_create(&thread, NULL, inflate_thread, s);
	if (r) {
		r = err_sys(e, r, "start a thread");
	} else {
		r = write_all(&ring, to, spill_fd, e);
		stream_abort(&ring);
		(void)pthread_join(thread, NULL);
	}
	stream_done(&ring);
	free(s);
	return r < 0 ? -1 : take_fd(&to);
}

/* --- the index of a tar ------------------------------------------------------------------------
 */

static const char *clean(const char *name)
{
	while (starts_with(name, "./") || *name == '/')
		name += *name == '/' ? 1 : 2;
	return name;
}

/* "dir/a" with link "../b/c" means "b/c". Owned, NULL if it leads out. */
static char *resolve_link(const char *name, const char *target)
{
	const char *slash = strrchr(name, '/');
	autofree char *path = xasprintf("%.*s/%s", slash ? (int)(slash - name) : 0, name, target);
	autofree char *out = xcalloc(1, strlen(path) + 1);
	size_t n = 0;

	for (const char *p = *target == '/' ? target : path; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && memcmp(p, "..", 2) == 0) {
			if (!n)
				return NULL;
			out[n] = '\0';
			char *last = strrchr(out, '/');

			n = last ? (size_t)(last - out) : 0;
		} else if (len && !(len == 1 && *p == '.')) {
			if (n)
				out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
		p += *p == '/';
	}
	out[n] = '\0';
	return take_ptr(out);
}

static int add_member(struct source *s, struct archive *a, struct archive_entry *ae, struct err *e)
{
	const char *name = archive_entry_pathname(ae);
	const char *hard = archive_entry_hardlink(ae), *soft = archive_entry_symlink(ae);
	struct source_member m = {0};

	if (!name || (!hard && !soft && archive_entry_filetype(ae) != AE_IFREG))
		return 0;
	if (s->len == MEMBERS_MAX)
		return err_set(e, ERR_IMAGE, "more than %d files in the archive", MEMBERS_MAX);
	m.name = xstrdup(clean(name));
	m.offset = archive_filter_bytes(a, 0);
	m.size = archive_entry_size(ae);
	if (hard)
		m.link = xstrdup(clean(hard));
	else if (soft && archive_entry_filetype(ae) == AE_IFLNK)
		m.link = resolve_link(m.name, soft);
	if ((hard || soft) && !m.link)
		m.link = xstrdup(""); /* it leads out: to nothing */
	if ((s->len & (s->len - 1)) == 0)
		s->members = xrealloc(s->members, MAX(s->len * 2, (size_t)16) * sizeof(m));
	s->members[s->len++] = m;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct source_member *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	/* Of two with the same name the later one counts: it comes first. */
	return r ? r : (x->offset < y->offset) - (x->offset > y->offset);
}

static int index_tar(struct source *s, struct err *e)
{
	struct archive *a = archive_read_new();
	struct archive_entry *ae;
	int r;

	if (!a)
		abort();
	archive_read_support_format_tar(a);
	(void)lseek(s->file_fd, 0, SEEK_SET);
	r = archive_read_open_fd(a, s->file_fd, 65536);
	while (r >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		r = archive_read_next_header(a, &ae);
		if ((r == ARCHIVE_OK || r == ARCHIVE_WARN) && add_member(s, a, ae, e) < 0)
			break;
	}
	if (e->kind == ERR_NONE && r != ARCHIVE_EOF)
		(void)err_set(e, ERR_IMAGE, "not a good tar archive: %s",
		              archive_error_string(a) ? archive_error_string(a) : "damaged");
	archive_read_free(a);
	if (s->len)
		qsort(s->members, s->len, sizeof(*s->members), by_name);
	return e->kind == ERR_NONE ? 0 : -1;
}

static bool is_plain_tar(int fd)
{
	char head[512];

	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       memcmp(head + 257, "ustar", 5) == 0;
}

int source_open(struct source *s, int fd, int spill_fd, const atomic_bool *stop, struct err *e)
{
	struct stat st;

	*s = (struct source){.dir_fd = -1, .file_fd = -1};
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "stat");
	if (S_ISDIR(st.st_mode)) {
		s->dir_fd = fd;
		return 0;
	}
	if (S_ISREG(st.st_mode) && is_plain_tar(fd)) {
		s->file_fd = fd;
	} else {
		s->file_fd = spool(fd, spill_fd, stop, e);
		s->own = true;
	}
	return s->file_fd < 0 ? -1 : index_tar(s, e);
}

void source_done(struct source *s)
{
	for (size_t i = 0; i < s->len; i++) {
		free(s->members[i].name);
		free(s->members[i].link);
	}
	free(s->members);
	if (s->own)
		close_fd(&s->file_fd);
	*s = (struct source){.dir_fd = -1, .file_fd = -1};
}

/* --- looking up --------------------------------------------------------------------------------
 */

static const struct source_member *member(const struct source *s, const char *name)
{
	size_t lo = 0, hi = s->len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(s->members[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->len && streq(s->members[lo].name, name) ? &s->members[lo] : NULL;
}

/* docker save writes equal layers as links. */
static const struct source_member *target(const struct source *s, const char *name)
{
	const struct source_member *m = member(s, clean(name));

	for (int i = 0; m && m->link; i++)
		m = i < LINKS_MAX ? member(s, m->link) : NULL;
	return m;
}

static int find_file(const struct source *s, const char *name, struct source_range *ret,
                     struct err *e)
{
	autoclose int fd = fs_open_in(s->dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0);
	struct stat st;

	if (fd < 0)
		return err_sys_kind(e, ERR_IMAGE, errno, "open %s", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_IMAGE, "%s is not a regular file", name);
	*ret = (struct source_range){take_fd(&fd), true, 0, st.st_size};
	return 0;
}

bool source_has(const struct source *s, const char *name)
{
	struct source_range r = {0};
	struct err ignored = {0};

	if (s->dir_fd < 0)
		return target(s, name) != NULL;
	if (find_file(s, name, &r, &ignored) < 0)
		return false;
	source_range_done(&r);
	return true;
}

int source_find(const struct source *s, const char *name, struct source_range *ret, struct err *e)
{
	const struct source_member *m;

	if (s->dir_fd >= 0)
		return find_file(s, name, ret, e);
	m = target(s, name);
	if (!m) {
		autofree char *shown = str_sanitize(name, MIN(strlen(name), (size_t)200));

		return err_set(e, ERR_IMAGE, "%s is not in the archive", shown);
	}
	*ret = (struct source_range){s->file_fd, false, m->offset, m->size};
	return 0;
}

void source_range_done(struct source_range *r)
{
	if (r->own)
		close_fd(&r->fd);
}

int source_read(const struct source *s, const char *name, size_t max, struct strbuf *ret,
                struct err *e)
{
	struct source_range r = {0};
	int64_t at = 0;
	ssize_t n = 0;

	strbuf_clear(ret);
	if (source_find(s, name, &r, e) < 0)
		return -1;
	if (r.size < 0 || (uint64_t)r.size > max) {
		source_range_done(&r);
		return err_set(e, ERR_IMAGE, "%s is larger than the limit of %zu bytes", name, max);
	}
	while (at < r.size) {
		char buf[65536];

		n = pread(r.fd, buf, (size_t)MIN((int64_t)sizeof(buf), r.size - at), r.offset + at);
		if (n <= 0)
			break;
		strbuf_add(ret, buf, (size_t)n);
		at += n;
	}
	source_range_done(&r);
	strbuf_add(ret, "", 0);
	if (n < 0)
		return err_sys(e, errno, "read %s", name);
	return at == r.size ? 0 : err_set(e, ERR_IMAGE, "%s is cut off", name);
}
