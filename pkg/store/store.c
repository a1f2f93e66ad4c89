/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the image index, and what is present; see store.h */
#include "pkg/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/store/reference.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/record.h"

enum { INDEX_VERSION = 1, INDEX_MAX = 64 << 20, ID_PREFIX_MIN = 4 };

static const char index_name[] = "images.yaml";

#include "pkg/util/def_schema.h"

#include "pkg/store/store.def"

#include "pkg/util/def_end.h"

bool store_valid_digest(const char *digest)
{
	static const char hex[] = "0123456789abcdef";

	return digest && starts_with(digest, "sha256:") && strlen(digest) == 7 + 64 &&
	       strspn(digest + 7, hex) == 64;
}

/* The index is our own file, but digests become paths: look at them again. */
static bool index_sane(const struct store_index *x)
{
	for (uint32_t i = 0; i < x->images_count; i++) {
		const struct store_image *img = &x->images[i];

		if (!store_valid_digest(img->manifest) || !store_valid_digest(img->config))
			return false;
		for (uint32_t j = 0; j < img->layers_count; j++)
			if (!store_valid_digest(img->layers[j].diff_id))
				return false;
	}
	return true;
}

int store_index_load(int store_fd, struct store_index **ret, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	void *x = NULL;

	if (fd_read_file(store_fd, index_name, INDEX_MAX, &text, e) < 0) {
		if (e->sys != ENOENT)
			return err_wrap(e, "image store");
		*e = (struct err){0};
		struct store_index *empty = xcalloc(1, sizeof(*empty));

		empty->version = INDEX_VERSION;
		*ret = empty;
		return 0;
	}
	if (record_load(&store_index_top, text.s ? text.s : "", text.len, &x, e) < 0)
		return err_wrap(e, "image store: %s", index_name);
	if (((struct store_index *)x)->version != INDEX_VERSION || !index_sane(x)) {
		(void)err_set(e, ERR_HOST, "image store: %s is of another version or damaged",
		              index_name);
		store_index_free(x);
		return -1;
	}
	*ret = x;
	return 0;
}

int store_index_save(int store_fd, const struct store_index *x, struct err *e)
{
	autostrbuf struct strbuf out = {0};

	if (record_save(&store_index_top, x, &out, e) < 0 ||
	    fs_write_atomic(store_fd, index_name, out.s, out.len, 0600, true, e) < 0)
		return err_wrap(e, "image store");
	return 0;
}

void store_index_free(struct store_index *x)
{
	record_free(&store_index_top, x);
}

static bool list_has(char *const *list, uint32_t count, const char *s)
{
	for (uint32_t i = 0; i < count; i++)
		if (streq(list[i], s))
			return true;
	return false;
}

static const struct store_image *find_name(const struct store_index *x, const struct reference *r)
{
	autofree char *name = reference_canonical(r);

	for (uint32_t i = 0; i < x->images_count; i++) {
		const struct store_image *img = &x->images[i];

		if (r->digest ? list_has(img->digests, img->digests_count, name)
		              : list_has(img->names, img->names_count, name))
			return img;
	}
	return NULL;
}

/* A prefix of the image id, with or without "sha256:", that only one image has; or the whole digest
 * of a manifest. */
static const struct store_image *find_id(const struct store_index *x, const char *id)
{
	const struct store_image *found = NULL;
	const char *hex = starts_with(id, "sha256:") ? id + 7 : id;
	size_t len = strlen(hex);

	if (len < ID_PREFIX_MIN || len > 64 || strspn(hex, "0123456789abcdef") != len)
		return NULL;
	for (uint32_t i = 0; i < x->images_count; i++) {
		if (memcmp(x->images[i].config + 7, hex, len) != 0)
			continue;
		if (found)
			return NULL;
		found = &x->images[i];
	}
	for (uint32_t i = 0; i < x->images_count && !found && len == 64; i++)
		if (streq(x->images[i].manifest + 7, hex))
			found = &x->images[i];
	return found;
}

const struct store_image *store_find(const struct store_index *x, const char *reference)
{
	autoreference struct reference r = {0};
	const struct store_image *img = NULL;
	struct err e = {0};

	if (starts_with(reference, "sha256:"))
		return find_id(x, reference);
	if (reference_parse(reference, &r, &e) == 0) {
		img = find_name(x, &r);
		if (!img && r.short_name) {
			/* What a local build tool named "localhost/app" is meant by "app" as well.
			 */
			autofree char *text = xasprintf("localhost/%s", reference);
			autoreference struct reference local = {0};

			if (reference_parse(text, &local, &e) == 0)
				img = find_name(x, &local);
		}
	}
	return img ? img : find_id(x, reference);
}

static bool have_blob(int store_fd, const char *digest)
{
	char path[96];
	struct stat st;

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest + 7);
	return fstatat(store_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

bool store_have_layer(int store_fd, const char *diff_id)
{
	char path[96];
	struct stat st;

	(void)snprintf(path, sizeof(path), "layers/%s", diff_id + 7);
	return fstatat(store_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool store_complete(int store_fd, const struct store_image *img)
{
	if (!have_blob(store_fd, img->manifest) || !have_blob(store_fd, img->config))
		return false;
	for (uint32_t i = 0; i < img->layers_count; i++)
		if (!store_have_layer(store_fd, img->layers[i].diff_id))
			return false;
	return true;
}

int store_open_layers(int store_fd, const struct store_image *img, int **ret_fds, struct err *e)
{
	uint32_t n = img->layers_count;
	int *fds = xcalloc(n ? n : 1, sizeof(*fds));

	for (uint32_t i = 0; i < n; i++) {
		const char *diff_id = img->layers[n - 1 - i].diff_id;
		char path[96];

		(void)snprintf(path, sizeof(path), "layers/%s", diff_id + 7);
		fds[i] = openat(store_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fds[i] < 0) {
			(void)err_sys_kind(e, ERR_IMAGE, errno, "open layer %s", diff_id);
			fd_close_many(fds, i);
			free(fds);
			return -1;
		}
	}
	*ret_fds = fds;
	return 0;
}
