/* SPDX-License-Identifier: Apache-2.0 */
/* pull.c - see pull.h */
#include "pkg/image/pull.h"

#include "pkg/image/made.h"

enum { LOOKUPS = 4, COMMIT_TRIES = 3 };

struct wanted {
	const struct pull_image *image;
	struct reference ref;
	struct made_image made;
	char present[DIGEST_SIZE]; /* the image's id, when nothing has to be fetched */
	struct err err;
};

struct pulling {
	const struct pull_request *r;
	struct registry *registry;
	struct store_work work;
	struct store_index *index; /* as it was at the beginning */
	struct wanted *wanted;
	atomic_size_t next;
};

/* --- what is there -----------------------------------------------------------------------------
 */

/* An index has one digest for all platforms. */
static bool right_platform(const struct pulling *p, const struct store_image *img)
{
	return !img->architecture || streq(img->architecture, p->r->platform.architecture);
}

static bool is_there(const struct pulling *p, struct wanted *w, const char *name)
{
	const struct store_image *img = store_find(p->index, name);

	if (!img || !store_complete(p->r->store_fd, img) ||
	    (w->image->policy == PULL_ALWAYS && !right_platform(p, img)))
		return false;
	memcpy(w->present, img->config, DIGEST_SIZE);
	return true;
}

/* The tag stands for this digest now: do we have it? Then at most the tag has to move. */
static int is_current(const struct pulling *p, struct wanted *w, const char *digest, struct err *e)
{
	autofree char *repo = reference_repository(&w->ref);
	autofree char *name = xasprintf("%s@%s", repo, digest);
	autofree char *tagged = reference_tagged(&w->ref);
	const struct store_image *img = store_find(p->index, name);
	struct store_image same;

	if (!img || !store_complete(p->r->store_fd, img) || !right_platform(p, img))
		return 0;
	same = *img;
	same.names = &tagged;
	same.names_count = tagged ? 1 : 0;
	same.digests_count = 0;
	if (store_add_image(p->r->store_fd, &same, e) < 0)
		return -1;
	memcpy(w->present, img->config, DIGEST_SIZE);
	return 1;
}

static int never(const struct wanted *w, struct err *e)
{
	return err_set(e, ERR_IMAGE,
	               "ErrImageNeverPull: %s is not present and imagePullPolicy is Never",
	               w->image->ref);
}

/* --- looking up --------------------------------------------------------------------------------
 */

static void add_digest(struct made_image *m, const struct reference *ref, const char *digest)
{
	autofree char *repo = reference_repository(ref);
	autofree char *name = xasprintf("%s@%s", repo, digest);

	if (!strv_has(&m->digests, name))
		strv_add(&m->digests, name);
}

/* From an index to the manifest for our platform; an index may name another one. */
static int descend(struct pulling *p, struct wanted *w, struct err *e)
{
	struct made_image *m = &w->made;

	for (int depth = 0; m->manifest.is_index; depth++) {
		const struct manifest_entry *x = manifest_choose(&m->manifest, &p->r->platform, e);
		struct manifest inner = {0};

		if (!x)
			return -1;
		if (depth == 3)
			return err_set(e, ERR_IMAGE, "an index in an index in an index");
		if (registry_manifest(p->registry, &w->ref, x->desc.digest, &m->manifest_text,
		                      m->manifest_digest, e) < 0 ||
		    manifest_parse(m->manifest_text.s, m->manifest_text.len, &inner, e) < 0)
			return -1;
		manifest_done(&m->manifest);
		m->manifest = inner;
		add_digest(m, &w->ref, m->manifest_digest);
	}
	return 0;
}

static int look_up(struct pulling *p, struct wanted *w, const char *digest, struct err *e)
{
	struct made_image *m = &w->made;
	autofree char *tagged = w->ref.digest ? NULL : reference_tagged(&w->ref);

	if (registry_manifest(p->registry, &w->ref, *digest ? digest : NULL, &m->manifest_text,
	                      m->manifest_digest, e) < 0 ||
	    manifest_parse(m->manifest_text.s, m->manifest_text.len, &m->manifest, e) < 0)
		return -1;
	if (tagged)
		strv_add(&m->names, tagged);
	add_digest(m, &w->ref, m->manifest_digest);
	if (descend(p, w, e) < 0)
		return -1;
	memcpy(m->config_digest, m->manifest.config.digest, DIGEST_SIZE);
	if (registry_blob(p->registry, &w->ref, m->config_digest, m->manifest.config.size,
	                  &m->config_text, e) < 0)
		return -1;
	return made_check(m, &p->r->platform, p->r->events, e);
}

static int want(struct pulling *p, struct wanted *w, size_t i, struct err *e)
{
	enum pull_policy policy = w->image->policy;
	char digest[DIGEST_SIZE] = "";
	int r;

	if (reference_parse(w->image->ref, &w->ref, e) < 0)
		return -1;
	autofree char *name = reference_canonical(&w->ref);

	/* By digest there is nothing newer. */
	if ((policy != PULL_ALWAYS || w->ref.digest) && is_there(p, w, w->image->ref))
		return 0;
	if (policy == PULL_NEVER)
		return never(w, e);
	if (streq(w->ref.domain, "localhost"))
		return err_set(e, ERR_IMAGE,
		               "%s is not here, and localhost/ names are never pulled: load it "
		               "(kubeplay load FILE)",
		               name);
	event_image(p->r->events, i, name, "resolve");
	if (policy == PULL_ALWAYS && !w->ref.digest && store_find(p->index, w->image->ref)) {
		if (registry_resolve(p->registry, &w->ref, digest, e) < 0)
			return -1;
		r = *digest ? is_current(p, w, digest, e) : 0;
		if (r)
			return r < 0 ? -1 : 0;
	}
	if (look_up(p, w, digest, e) < 0)
		return -1;
	event_image(p->r->events, i, name, "pull");
	return 0;
}

static void *look_up_thread(void *arg)
{
	struct pulling *p = arg;
	size_t i;

	while ((i = p->next++) < p->r->len) {
		struct wanted *w = &p->wanted[i];

		if (want(p, w, i, &w->err) < 0)
			(void)err_wrap(&w->err, "image %s", w->image->ref);
	}
	return NULL;
}

/* All images that fail are named, one line each. */
static int collect_errors(const struct pulling *p, struct err *e)
{
	struct strbuf all = STRBUF_MAX(sizeof(e->msg) - 1);
	const struct wanted *first = NULL;

	for (size_t i = 0; i < p->r->len; i++) {
		const struct wanted *w = &p->wanted[i];

		if (w->err.kind == ERR_NONE)
			continue;
		first = first ? first : w;
		strbuf_addf(&all, "%s%s", all.len ? "\n" : "", w->err.msg);
	}
	if (!first)
		return 0;
	*e = first->err;
	if (all.s && all.len && !all.overflow)
		(void)snprintf(e->msg, sizeof(e->msg), "%s", all.s);
	strbuf_done(&all);
	return -1;
}

static int look_up_all(struct pulling *p, struct err *e)
{
	pthread_t threads[LOOKUPS];
	size_t n = 0, wish = MIN(p->r->len, (size_t)LOOKUPS) - 1;

	/* One of them is this thread. */
	for (; n < wish; n++)
		if (pthread_create(&threads[n], NULL, look_up_thread, p) != 0)
			break;
	(void)look_up_thread(p);
	for (size_t i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	return collect_errors(p, e);
}

/* --- fetching ----------------------------------------------------------------------------------
 */

static int commit_all(struct pulling *p, const struct layers *l, bool *ret_again, struct err *e)
{
	*ret_again = false;
	for (size_t i = 0; i < p->r->len; i++) {
		struct wanted *w = &p->wanted[i];
		int r;

		if (*w->present)
			continue;
		r = made_commit(&w->made, l, e);
		if (r < 0)
			return err_wrap(e, "image %s", w->image->ref);
		if (r > 0)
			*ret_again = true;
		else
			memcpy(w->present, w->made.config_digest, DIGEST_SIZE);
	}
	return 0;
}

static int fetch_once(struct pulling *p, bool *ret_again, struct err *e)
{
	struct layers l;
	int r;

	layers_init(&l, &p->work, p->registry, p->r->events);
	l.ignore_owner = p->r->ignore_owner;
	l.stop = p->r->stop;
	for (size_t i = 0; i < p->r->len; i++) {
		struct wanted *w = &p->wanted[i];
		const struct layer_job from = {.ref = &w->ref, .fd = -1};

		if (*w->present)
			continue;
		free(w->made.jobs);
		made_want_layers(&w->made, &l, &from);
	}
	r = layers_run(&l, e);
	if (r == 0)
		r = commit_all(p, &l, ret_again, e);
	layers_done(&l);
	return r;
}

static int fetch_all(struct pulling *p, struct err *e)
{
	bool again = true;

	for (int i = 0; again; i++) {
		if (i == COMMIT_TRIES)
			return err_set(e, ERR_IMAGE,
			               "layers were removed while they were being pulled");
		if (fetch_once(p, &again, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->r->len; i++)
		event_result(p->r->events, i, p->wanted[i].present);
	return 0;
}

static int begin(struct pulling *p, struct err *e)
{
	const struct registry_options o = {
		.auths = p->r->auths,
		.tls_no_verify = p->r->tls_no_verify,
		.auth_places = p->r->auth_places,
	};

	if (store_work_begin(&p->work, p->r->store_fd, e) < 0 ||
	    store_index_load(p->r->store_fd, &p->index, e) < 0)
		return -1;
	p->registry = registry_new(&o, e);
	if (!p->registry)
		return -1;
	p->r->on_registry(p->registry, p->r->arg);
	return 0;
}

int pull(const struct pull_request *r, struct err *e)
{
	struct pulling p = {.r = r, .work.dir_fd = -1};
	int result = -1;

	if (!r->len)
		return 0;
	p.wanted = xcalloc(r->len, sizeof(*p.wanted));
	for (size_t i = 0; i < r->len; i++)
		p.wanted[i].image = &r->images[i];
	if (begin(&p, e) == 0 && look_up_all(&p, e) == 0)
		result = fetch_all(&p, e);
	r->on_registry(NULL, r->arg);
	registry_free(p.registry);
	for (size_t i = 0; i < r->len; i++) {
		made_done(&p.wanted[i].made);
		reference_done(&p.wanted[i].ref);
	}
	free(p.wanted);
	store_index_free(p.index);
	store_work_end(&p.work);
	return result;
}
