/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.c - adding images to the index and removing them
 *
 * An index is loaded, changed and replaced under store/lock. Layers and blobs that nobody names any
 * more are renamed into store/tmp under the same lock, so that they vanish at once, and deleted
 * after.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "pkg/store/internal.h"
#include "pkg/store/reference.h"
#include "pkg/store/work.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

static void list_add(char ***list, uint32_t *count, const char *s)
{
	for (uint32_t i = 0; i < *count; i++)
		if (streq((*list)[i], s))
			return;
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = xstrdup(s);
}

static bool list_del(char ***list, uint32_t *count, const char *s)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (!streq((*list)[i], s))
			continue;
		free((*list)[i]);
		memmove(*list + i, *list + i + 1, (*count - i - 1) * sizeof(**list));
		if (--*count == 0) {
			free(*list);
			*list = NULL;
		}
		return true;
	}
	return false;
}

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void set_string(char **at, const char *s)
{
	if (!s)
		return;
	free(*at);
	*at = xstrdup(s);
}

static struct store_image *find_config(struct store_index *x, const char *config)
{
	for (uint32_t i = 0; i < x->images_count; i++)
		if (streq(x->images[i].config, config))
			return &x->images[i];
	return NULL;
}

static struct store_image *append_image(struct store_index *x, const struct store_image *img)
{
	struct store_image *to;

	x->images = xrealloc(x->images, (x->images_count + 1) * sizeof(*x->images));
	to = &x->images[x->images_count++];
	*to = (struct store_image){0};
	to->config = xstrdup(img->config);
	to->layers = xcalloc(img->layers_count ? img->layers_count : 1, sizeof(*to->layers));
	to->layers_count = img->layers_count;
	for (uint32_t i = 0; i < img->layers_count; i++)
		to->layers[i] = (struct store_layer){
			.diff_id = xstrdup(img->layers[i].diff_id),
			.digest = dup_or_null(img->layers[i].digest),
			.size = img->layers[i].size,
		};
	return to;
}

/* Returns the manifest that img's replaced (owned), or NULL. */
static char *merge_image(struct store_index *x, const struct store_image *img)
{
	char *replaced = NULL;

	struct store_image *to;

	for (uint32_t i = 0; i < x->images_count; i++)
		for (uint32_t j = 0; j < img->names_count; j++)
			(void)list_del(&x->images[i].names, &x->images[i].names_count,
			               img->names[j]);
	to = find_config(x, img->config);
	if (!to)
		to = append_image(x, img);
	for (uint32_t i = 0; i < img->names_count; i++)
		list_add(&to->names, &to->names_count, img->names[i]);
	for (uint32_t i = 0; i < img->digests_count; i++)
		list_add(&to->digests, &to->digests_count, img->digests[i]);
	if (to->manifest && !streq(to->manifest, img->manifest))
		replaced = xstrdup(to->manifest);
	set_string(&to->manifest, img->manifest);
	set_string(&to->architecture, img->architecture);
	set_string(&to->created, img->created);
	to->pulled_ns = img->pulled_ns;
	return replaced;
}

static bool blob_used(const struct store_index *x, const char *digest)
{
	for (uint32_t i = 0; i < x->images_count; i++)
		if (streq(x->images[i].manifest, digest) || streq(x->images[i].config, digest))
			return true;
	return false;
}

static void drop_blob(int store_fd, const char *digest)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest + 7);
	(void)unlinkat(store_fd, path, 0);
}

int store_add_image(int store_fd, const struct store_image *img, struct err *e)
{
	autoclose int lock = store_lock(store_fd, e);
	struct store_index *x = NULL;
	int r;

	if (lock < 0 || store_index_load(store_fd, &x, e) < 0)
		return -1;
	if (!store_complete(store_fd, img)) {
		store_index_free(x);
		return 1;
	}
	autofree char *replaced = merge_image(x, img);

	r = store_index_save(store_fd, x, e);
	if (r == 0 && replaced && !blob_used(x, replaced))
		drop_blob(store_fd, replaced);
	store_index_free(x);
	if (r < 0)
		return store_write_error(store_fd, e->sys, "image store: write index", e);
	return 0;
}

/* --- naming ----------------------------------------------------------------------------------- */

static int tag_in_index(struct store_index *x, const char *reference, const char *name,
                        struct err *e)
{
	const struct store_image *found = store_find(x, reference);
	struct store_image *img;

	if (!found)
		return err_set(e, ERR_ABSENT, "no image %s", reference);
	img = &x->images[found - x->images];
	for (uint32_t i = 0; i < x->images_count; i++)
		(void)list_del(&x->images[i].names, &x->images[i].names_count, name);
	list_add(&img->names, &img->names_count, name);
	return 0;
}

int store_tag(int store_fd, const char *reference, const char *name, struct strv *ret,
              struct err *e)
{
	autoreference struct reference r = {0};
	struct store_index *x = NULL;
	int result;

	if (reference_parse(name, &r, e) < 0) {
		e->kind = ERR_USAGE;
		return -1;
	}
	if (r.digest)
		return err_set(e, ERR_USAGE, "%s: a name to give cannot have a digest", name);
	autofree char *full = reference_tagged(&r);
	autoclose int lock = store_lock(store_fd, e);

	if (lock < 0 || store_index_load(store_fd, &x, e) < 0)
		return -1;
	result = tag_in_index(x, reference, full, e);
	if (result == 0 && store_index_save(store_fd, x, e) < 0)
		result = store_write_error(store_fd, e->sys, "image store: write index", e);
	store_index_free(x);
	if (result == 0 && ret)
		strv_add(ret, full);
	return result;
}

/* --- removal ---------------------------------------------------------------------------------- */

static void image_clear(struct store_image *img)
{
	for (uint32_t i = 0; i < img->names_count; i++)
		free(img->names[i]);
	for (uint32_t i = 0; i < img->digests_count; i++)
		free(img->digests[i]);
	for (uint32_t i = 0; i < img->layers_count; i++) {
		free(img->layers[i].diff_id);
		free(img->layers[i].digest);
	}
	free(img->names);
	free(img->digests);
	free(img->layers);
	free(img->manifest);
	free(img->config);
	free(img->architecture);
	free(img->created);
}

static bool layer_used(const struct store_index *x, const char *diff_id)
{
	for (uint32_t i = 0; i < x->images_count; i++)
		for (uint32_t j = 0; j < x->images[i].layers_count; j++)
			if (streq(x->images[i].layers[j].diff_id, diff_id))
				return true;
	return false;
}

/* Move a layer out of sight; deleted by sweep_removed() or by the next pull. */
static void hide_layer(int store_fd, const char *diff_id)
{
	char from[96], to[96];

	(void)snprintf(from, sizeof(from), "layers/%s", diff_id + 7);
	(void)snprintf(to, sizeof(to), "tmp/removed-%s", diff_id + 7);
	if (renameat(store_fd, from, store_fd, to) < 0 && errno != ENOENT)
		log_debug("image store: hide layer %s: %s", diff_id, strerror(errno));
}

static bool in_list(char *const *list, size_t count, const char *s)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] && streq(list[i], s))
			return true;
	return false;
}

struct removal {
	struct store_index *x;
	struct store_image gone; /* its layers and blobs are to be looked at; zero: nothing */
	struct strv *said;
};

static void untag_all(struct store_image *img, struct strv *said)
{
	while (img->names_count) {
		strv_addf(said, "untagged %s", img->names[0]);
		(void)list_del(&img->names, &img->names_count, img->names[0]);
	}
}

/* The name that reference means, if it is one of the image's (not its id or digest). Owned. */
static char *name_meant(const struct store_image *img, const char *reference)
{
	const char *const prefix[] = {"", "localhost/"};

	for (size_t i = 0; i < ARRAY_LEN(prefix); i++) {
		autofree char *text = xasprintf("%s%s", prefix[i], reference);
		autoreference struct reference r = {0};
		struct err e = {0};

		if (reference_parse(text, &r, &e) < 0 || r.digest)
			continue;
		autofree char *name = reference_tagged(&r);

		if (in_list(img->names, img->names_count, name))
			return take_ptr(name);
	}
	return NULL;
}

static int remove_in_index(struct removal *rm, const char *reference, bool force,
                           const struct store_use *uses, size_t use_count, struct err *e)
{
	const struct store_image *found = store_find(rm->x, reference);
	struct store_image *img;

	if (!found)
		return err_set(e, ERR_ABSENT, "no image %s", reference);
	img = &rm->x->images[found - rm->x->images];
	autofree char *name = name_meant(img, reference);

	if (name && img->names_count > 1) {
		strv_addf(rm->said, "untagged %s", name);
		(void)list_del(&img->names, &img->names_count, name);
		return 0;
	}
	if (!name && img->names_count > 1 && !force) {
		(void)err_set(e, ERR_USAGE, "image %.19s has %u names", img->config,
		              img->names_count);
		return err_hint(e, "remove one of them, such as %s, or all with --force",
		                img->names[0]);
	}
	const char *user = store_user(uses, use_count, img->config);

	if (user) {
		if (!force) {
			(void)err_set(e, ERR_WORKLOAD, "image %s is in use by %s", reference, user);
			return err_hint(e, "stop it first (kubeplay down), or take only the "
			                   "names away with --force");
		}
		untag_all(img, rm->said);
		return 0;
	}
	untag_all(img, rm->said);
	strv_addf(rm->said, "removed %s", img->config);
	rm->gone = *img;
	memmove(img, img + 1,
	        (rm->x->images_count - (uint32_t)(found - rm->x->images) - 1) * sizeof(*img));
	rm->x->images_count--;
	return 0;
}

static void sweep_removed(int store_fd, const struct removal *rm)
{
	for (uint32_t i = 0; i < rm->gone.layers_count; i++) {
		struct err e = {0};
		char path[96];

		(void)snprintf(path, sizeof(path), "tmp/removed-%s",
		               rm->gone.layers[i].diff_id + 7);
		if (fs_remove_tree(store_fd, path, &e) < 0)
			log_debug("image store: %s", e.msg);
	}
}

static int commit_removal(int store_fd, struct removal *rm, struct err *e)
{
	/* First the index, so that it never names what is not there. */
	if (store_index_save(store_fd, rm->x, e) < 0)
		return store_write_error(store_fd, e->sys, "image store: write index", e);
	for (uint32_t i = 0; i < rm->gone.layers_count; i++)
		if (!layer_used(rm->x, rm->gone.layers[i].diff_id))
			hide_layer(store_fd, rm->gone.layers[i].diff_id);
	if (rm->gone.manifest && !blob_used(rm->x, rm->gone.manifest))
		drop_blob(store_fd, rm->gone.manifest);
	if (rm->gone.config && !blob_used(rm->x, rm->gone.config))
		drop_blob(store_fd, rm->gone.config);
	return 0;
}

int store_remove(int store_fd, const char *reference, bool force, const struct store_use *uses,
                 size_t use_count, struct strv *ret, struct err *e)
{
	autoclose int lock = store_lock(store_fd, e);
	autostrv struct strv said = {0};
	struct removal rm = {.said = &said};
	int r;

	if (lock < 0 || store_index_load(store_fd, &rm.x, e) < 0)
		return -1;
	(void)mkdirat(store_fd, "tmp", 0700);
	r = remove_in_index(&rm, reference, force, uses, use_count, e);
	if (r == 0)
		r = commit_removal(store_fd, &rm, e);
	close_fd(&lock);
	if (r == 0) {
		sweep_removed(store_fd, &rm);
		for (size_t i = 0; i < said.len; i++)
			strv_add(ret, said.v[i]);
	}
	image_clear(&rm.gone);
	store_index_free(rm.x);
	return r;
}
