/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - see load.h
 *
 * First it is found out which images there are and what they are called (oci.c-like for layouts, by
 * manifest.json for docker-archives), then their layers are unpacked from where they lie, all
 * together.
 */
#include "pkg/image/load.h"

#include <jansson.h>

#include "pkg/image/made.h"
#include "pkg/image/source.h"
#include "pkg/store/reference.h"

enum { IMAGES_MAX = 1000, INDEX_DEPTH = 3, COMMIT_TRIES = 3 };

struct loaded {
	struct made_image made;
	struct source_range *layers; /* as many as the manifest has */
	bool docker;
	bool committed;
};

struct loading {
	const struct load_request *r;
	struct store_work work;
	struct source source;
	struct loaded *images;
	size_t len;
};

static struct loaded *add_image(struct loading *l)
{
	l->images = xrealloc(l->images, (l->len + 1) * sizeof(*l->images));
	l->images[l->len] = (struct loaded){0};
	return &l->images[l->len++];
}

/* --- names -------------------------------------------------------------------------------------
 */

/* Give the image this name; with `digest` the repository's digest is known too. */
static int add_name(struct loaded *x, const char *text, const char *digest, struct err *e)
{
	autoreference struct reference ref = {0};

	if (reference_parse(text, &ref, e) < 0)
		return -1;
	autofree char *tagged = reference_tagged(&ref);
	autofree char *repo = reference_repository(&ref);

	if (tagged && !strv_has(&x->made.names, tagged))
		strv_add(&x->made.names, tagged);
	if (digest)
		strv_addf(&x->made.digests, "%s@%s", repo, digest);
	return 0;
}

static int add_tag(const struct loading *l, struct loaded *x, const char *digest, struct err *e)
{
	if (strchr(l->r->tag, '@'))
		return err_set(e, ERR_USAGE, "--tag %s: a tag cannot have a digest", l->r->tag);
	if (add_name(x, l->r->tag, digest, e) < 0) {
		e->kind = ERR_USAGE;
		return err_wrap(e, "--tag");
	}
	return 0;
}

/* "1.25", "v2", "latest": a tag without the name of an image. */
static bool bare_tag(const char *ref_name)
{
	if (strpbrk(ref_name, "/:@"))
		return false;
	return streq(ref_name, "latest") || strspn(ref_name, "0123456789v") > 0;
}

/* A name that is no reference is passed over: the image is loaded all the same. */
static void add_layout_names(const struct loading *l, struct loaded *x,
                             const struct manifest_entry *from, const char *digest)
{
	const char *name = from->name ? from->name : from->ref_name;
	struct err e = {0};

	if (!name || (!from->name && bare_tag(name)))
		return;
	if (add_name(x, name, digest, &e) < 0)
		event_warning(l->r->events, "%s", e.msg);
}

/* --- OCI layouts -------------------------------------------------------------------------------
 */

/* A small blob, its digest checked. */
static int read_blob(const struct loading *l, const char *digest, struct strbuf *ret, struct err *e)
{
	char path[96], got[DIGEST_SIZE];

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest + 7);
	if (source_read(&l->source, path, MANIFEST_MAX, ret, e) < 0)
		return -1;
	digest_of(ret->s, ret->len, got);
	return streq(got, digest) ? 0
	                          : err_set(e, ERR_IMAGE, "%s has wrong content (its digest is %s)",
	                                    path, got);
}

static int read_manifest(const struct loading *l, const char *digest, struct made_image *m,
                         struct err *e)
{
	manifest_done(&m->manifest);
	memcpy(m->manifest_digest, digest, DIGEST_SIZE);
	if (read_blob(l, m->manifest_digest, &m->manifest_text, e) < 0)
		return -1;
	return manifest_parse(m->manifest_text.s, m->manifest_text.len, &m->manifest, e);
}

static int layout_layers(const struct loading *l, struct loaded *x, struct err *e)
{
	const struct manifest *m = &x->made.manifest;

	x->layers = xcalloc(m->layers_len + 1, sizeof(*x->layers));
	for (size_t i = 0; i < m->layers_len; i++)
		x->layers[i].fd = -1;
	for (size_t i = 0; i < m->layers_len; i++) {
		char path[96];

		(void)snprintf(path, sizeof(path), "blobs/sha256/%s", m->layers[i].digest + 7);
		if (source_find(&l->source, path, &x->layers[i], e) < 0)
			return -1;
		if (x->layers[i].size != m->layers[i].size)
			return err_set(e, ERR_IMAGE, "%s has %lld bytes, the manifest says %lld",
			               path, (long long)x->layers[i].size,
			               (long long)m->layers[i].size);
	}
	return 0;
}

static int layout_image(struct loading *l, const struct manifest_entry *from, struct err *e)
{
	struct loaded *x = add_image(l);
	struct made_image *m = &x->made;

	if (read_manifest(l, from->desc.digest, m, e) < 0)
		return -1;
	for (int depth = 0; m->manifest.is_index; depth++) {
		const struct manifest_entry *next =
			manifest_choose(&m->manifest, &l->r->platform, e);
		char digest[DIGEST_SIZE];

		if (!next)
			return -1;
		if (depth == INDEX_DEPTH)
			return err_set(e, ERR_IMAGE, "an index in an index in an index");
		memcpy(digest, next->desc.digest, DIGEST_SIZE);
		if (read_manifest(l, digest, m, e) < 0)
			return -1;
	}
	memcpy(m->config_digest, m->manifest.config.digest, DIGEST_SIZE);
	if (read_blob(l, m->config_digest, &m->config_text, e) < 0)
		return -1;
	if (l->r->tag) {
		if (add_tag(l, x, from->desc.digest, e) < 0)
			return -1;
	} else {
		add_layout_names(l, x, from, from->desc.digest);
	}
	return layout_layers(l, x, e);
}

static const char *entry_name(const struct manifest_entry *x)
{
	return x->name ? x->name : x->ref_name ? x->ref_name : "";
}

/* Of several entries with one name (platforms) only the best is meant. */
static bool is_best(const struct manifest *index, size_t i, const struct platform *p)
{
	const struct manifest_entry *x = &index->entries[i];
	int fit = manifest_fitness(x, p);

	for (size_t j = 0; j < index->entries_len; j++) {
		const struct manifest_entry *y = &index->entries[j];
		int other = manifest_fitness(y, p);

		if (j != i && streq(entry_name(x), entry_name(y)) &&
		    (other > fit || (other == fit && j < i)))
			return false;
	}
	return true;
}

static int read_layout(struct loading *l, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	struct manifest index = {0};
	int r = 0;

	if (source_read(&l->source, "index.json", MANIFEST_MAX, &text, e) < 0)
		return -1;
	if (manifest_parse(text.s, text.len, &index, e) < 0)
		return err_wrap(e, "index.json");
	if (!index.is_index)
		r = err_set(e, ERR_IMAGE, "index.json is not an index");
	for (size_t i = 0; i < index.entries_len && r == 0; i++)
		if (is_best(&index, i, &l->r->platform))
			r = layout_image(l, &index.entries[i], e);
	manifest_done(&index);
	return r;
}

/* --- docker-archives ---------------------------------------------------------------------------
 */

static int docker_layers(const struct loading *l, const json_t *list, struct loaded *x,
                         struct err *e)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n != x->made.config.diff_ids_len)
		return err_set(e, ERR_IMAGE, "manifest.json has %zu layers, the image config %zu",
		               n, x->made.config.diff_ids_len);
	x->layers = xcalloc(n + 1, sizeof(*x->layers));
	autofree int64_t *sizes = xcalloc(n + 1, sizeof(*sizes));

	for (size_t i = 0; i < n; i++)
		x->layers[i].fd = -1;
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (!name)
			return err_set(e, ERR_IMAGE, "manifest.json: Layers[%zu] is not a string",
			               i);
		if (source_find(&l->source, name, &x->layers[i], e) < 0)
			return -1;
		sizes[i] = x->layers[i].size;
	}
	struct made_image *m = &x->made;
	autofree char *text = manifest_synthesize(m->config_digest, m->config_text.len,
	                                          m->config.diff_ids, sizes, n);

	strbuf_adds(&m->manifest_text, text);
	digest_of(text, strlen(text), m->manifest_digest);
	return manifest_parse(text, strlen(text), &m->manifest, e);
}

static int docker_names(const struct loading *l, const json_t *o, struct loaded *x, struct err *e)
{
	const json_t *tags = json_object_get(o, "RepoTags"), *tag;
	size_t i;

	if (l->r->tag)
		return add_tag(l, x, NULL, e);
	json_array_foreach(tags, i, tag)
	{
		struct err bad = {0};

		if (!json_is_string(tag) || add_name(x, json_string_value(tag), NULL, &bad) < 0)
			event_warning(l->r->events, "manifest.json: RepoTags[%zu]: %s", i,
			              bad.kind != ERR_NONE ? bad.msg : "not a string");
	}
	return 0;
}

static int docker_image(struct loading *l, const json_t *o, struct err *e)
{
	const char *config = json_string_value(json_object_get(o, "Config"));
	struct loaded *x = add_image(l);
	struct made_image *m = &x->made;

	x->docker = true;
	if (!config)
		return err_set(e, ERR_IMAGE, "manifest.json: an image without Config");
	if (source_read(&l->source, config, MANIFEST_MAX, &m->config_text, e) < 0)
		return -1;
	digest_of(m->config_text.s, m->config_text.len, m->config_digest);
	if (config_info_parse(m->config_text.s, m->config_text.len, &m->config, e) < 0 ||
	    docker_names(l, o, x, e) < 0)
		return -1;
	return docker_layers(l, json_object_get(o, "Layers"), x, e);
}

static int read_docker(struct loading *l, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	json_error_t je;
	json_t *root, *o;
	size_t i;
	int r = 0;

	if (source_read(&l->source, "manifest.json", MANIFEST_MAX, &text, e) < 0)
		return -1;
	root = json_loadb(text.s, text.len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_array(root) || json_array_size(root) > IMAGES_MAX)
		r = err_set(e, ERR_IMAGE, "manifest.json is not a list of images");
	json_array_foreach(root, i, o) if (r == 0) r = docker_image(l, o, e);
	json_decref(root);
	return r;
}

/* --- together ----------------------------------------------------------------------------------
 */

static int read_archive(struct loading *l, struct err *e)
{
	int r;

	if (source_has(&l->source, "oci-layout") || source_has(&l->source, "index.json"))
		r = read_layout(l, e);
	else if (source_has(&l->source, "manifest.json"))
		r = read_docker(l, e);
	else
		r = err_set(e, ERR_IMAGE,
		            "neither an OCI layout (index.json) nor a docker-archive "
		            "(manifest.json)");
	if (r < 0)
		return -1;
	if (!l->len)
		return err_set(e, ERR_IMAGE, "no image in it");
	if (l->r->tag && l->len > 1)
		return err_set(e, ERR_USAGE, "--tag %s: there are %zu images in it", l->r->tag,
		               l->len);
	return 0;
}

static void want_layers(const struct loaded *x, struct layers *ls)
{
	for (size_t i = 0; i < x->made.manifest.layers_len; i++) {
		const struct layer_job job = {
			.diff_id = x->made.config.diff_ids[i],
			.digest = x->docker ? NULL : x->made.manifest.layers[i].digest,
			.size = x->layers[i].size,
			.fd = x->layers[i].fd,
			.offset = x->layers[i].offset,
		};

		x->made.jobs[i] = layers_add(ls, &job);
	}
}

static int check_all(struct loading *l, struct err *e)
{
	for (size_t i = 0; i < l->len; i++) {
		struct made_image *m = &l->images[i].made;

		config_info_done(&m->config);
		if (made_check(m, &l->r->platform, l->r->events, e) < 0)
			return -1;
		m->jobs = xcalloc(m->manifest.layers_len + 1, sizeof(*m->jobs));
	}
	return 0;
}

static int commit_all(struct loading *l, const struct layers *ls, bool *ret_again, struct err *e)
{
	*ret_again = false;
	for (size_t i = 0; i < l->len; i++) {
		struct loaded *x = &l->images[i];
		int r = x->committed ? 0 : made_commit(&x->made, ls, e);

		if (r < 0)
			return -1;
		x->committed = r == 0;
		*ret_again |= r > 0;
	}
	return 0;
}

static int unpack_all(struct loading *l, struct err *e)
{
	bool again = true;

	for (int i = 0; again; i++) {
		struct layers ls;
		int r;

		if (i == COMMIT_TRIES)
			return err_set(e, ERR_IMAGE,
			               "layers were removed while they were being loaded");
		layers_init(&ls, &l->work, NULL, l->r->events);
		ls.ignore_owner = l->r->ignore_owner;
		ls.stop = l->r->stop;
		for (size_t j = 0; j < l->len; j++)
			want_layers(&l->images[j], &ls);
		r = layers_run(&ls, e);
		if (r == 0)
			r = commit_all(l, &ls, &again, e);
		layers_done(&ls);
		if (r < 0)
			return -1;
	}
	return 0;
}

static void tell_names(const struct loading *l)
{
	for (size_t i = 0; i < l->len; i++) {
		const struct made_image *m = &l->images[i].made;

		for (size_t j = 0; j < m->names.len; j++)
			event_name(l->r->events, m->names.v[j]);
		if (!m->names.len)
			event_name(l->r->events, m->config_digest);
	}
}

int load(const struct load_request *r, struct err *e)
{
	struct loading l = {.r = r, .work.dir_fd = -1, .source = {.dir_fd = -1, .file_fd = -1}};
	int result = -1;

	if (store_work_begin(&l.work, r->store_fd, e) == 0 &&
	    source_open(&l.source, r->fd, l.work.dir_fd, r->stop, e) == 0 &&
	    read_archive(&l, e) == 0 && check_all(&l, e) == 0)
		result = unpack_all(&l, e);
	if (result == 0)
		tell_names(&l);
	for (size_t i = 0; i < l.len; i++) {
		struct loaded *x = &l.images[i];

		for (size_t j = 0; x->layers && j < x->made.manifest.layers_len; j++)
			source_range_done(&x->layers[j]);
		free(x->layers);
		made_done(&x->made);
	}
	free(l.images);
	source_done(&l.source);
	store_work_end(&l.work);
	return result < 0 ? err_wrap(e, "%s", r->path) : 0;
}
