/* SPDX-License-Identifier: Apache-2.0 */
/* stores.c - see stores.h */
#include "pkg/pod/stores.h"

#include <errno.h>
#include <sys/mman.h>

#include "pkg/runtime/userns.h"
#include "pkg/store/work.h"
#include "pkg/util/fd.h"

enum { LINES_MAX = 16 << 20 };

struct job {
	int store_fd, lines_fd;
	int (*run)(const struct job *j, struct strv *said, struct err *e);
	const char *reference, *name;
	bool force;
	const struct store_use *uses;
	size_t use_count;
};

static int run_inside(void *arg, struct err *e)
{
	const struct job *j = arg;
	autostrv struct strv said = {0};

	if (j->run(j, &said, e) < 0)
		return -1;
	for (size_t i = 0; i < said.len; i++)
		if (fd_write_all(j->lines_fd, said.v[i], strlen(said.v[i]) + 1, e) < 0)
			return -1;
	return 0;
}

static int run_job(const struct dirs *d, const struct idmap *m, struct job *j, struct strv *ret,
                   struct err *e)
{
	autoclose int store_fd = dirs_open_data(d, "store", false, e);
	autoclose int lines_fd = memfd_create("lines", MFD_CLOEXEC);
	autostrbuf struct strbuf lines = {0};

	if (store_fd < 0)
		return -1;
	if (lines_fd < 0)
		return err_sys(e, errno, "memfd_create");
	j->store_fd = store_fd;
	j->lines_fd = lines_fd;
	if (userns_run(m, run_inside, j, e) < 0)
		return -1;
	(void)lseek(lines_fd, 0, SEEK_SET);
	if (fd_read_all(lines_fd, LINES_MAX, &lines, e) < 0)
		return -1;
	for (size_t at = 0; at < lines.len; at += strlen(lines.s + at) + 1)
		strv_add(ret, lines.s + at);
	return 0;
}

/* Where nothing was ever pulled, no image is. */
static int absent(const char *reference, struct err *e)
{
	return e->kind == ERR_ABSENT ? err_set(e, ERR_ABSENT, "no image %s", reference) : -1;
}

static int remove_one(const struct job *j, struct strv *said, struct err *e)
{
	return store_remove(j->store_fd, j->reference, j->force, j->uses, j->use_count, said, e);
}

int stores_remove(const struct dirs *d, const struct idmap *m, const char *reference, bool force,
                  const struct store_use *uses, size_t use_count, struct strv *ret, struct err *e)
{
	struct job j = {.run = remove_one,
	                .reference = reference,
	                .force = force,
	                .uses = uses,
	                .use_count = use_count};

	return run_job(d, m, &j, ret, e) < 0 ? absent(reference, e) : 0;
}

static int tag_one(const struct job *j, struct strv *said, struct err *e)
{
	return store_tag(j->store_fd, j->reference, j->name, said, e);
}

int stores_tag(const struct dirs *d, const struct idmap *m, const char *reference, const char *name,
               struct strv *ret, struct err *e)
{
	struct job j = {.run = tag_one, .reference = reference, .name = name};

	return run_job(d, m, &j, ret, e) < 0 ? absent(reference, e) : 0;
}
