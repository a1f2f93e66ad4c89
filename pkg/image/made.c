/* SPDX-License-Identifier: Apache-2.0 */
/* made.c - see made.h */
#include "pkg/image/made.h"

#include "pkg/util/clock.h"

int made_check(struct made_image *m, const struct platform *p, struct events *v, struct err *e)
{
	const char *arch;

	if (config_info_parse(m->config_text.s, m->config_text.len, &m->config, e) < 0)
		return -1;
	if (m->config.diff_ids_len != m->manifest.layers_len)
		return err_set(e, ERR_IMAGE, "the manifest has %zu layers, the image config %zu",
		               m->manifest.layers_len, m->config.diff_ids_len);
	arch = m->config.architecture;
	if (arch && !streq(arch, p->architecture))
		event_warning(v, "%s is for %s, not for %s",
		              m->names.len ? m->names.v[0] : m->config_digest, arch,
		              p->architecture);
	return 0;
}

void made_want_layers(struct made_image *m, struct layers *l, const struct layer_job *from)
{
	m->jobs = xcalloc(m->manifest.layers_len + 1, sizeof(*m->jobs));
	for (size_t i = 0; i < m->manifest.layers_len; i++) {
		struct layer_job job = *from;

		job.diff_id = m->config.diff_ids[i];
		job.digest = m->manifest.layers[i].digest;
		job.size = m->manifest.layers[i].size;
		m->jobs[i] = layers_add(l, &job);
	}
}

static int64_t known_size(const struct store_index *x, const char *diff_id)
{
	for (uint32_t i = 0; i < x->images_count; i++)
		for (uint32_t j = 0; j < x->images[i].layers_count; j++)
			if (streq(x->images[i].layers[j].diff_id, diff_id))
				return x->images[i].layers[j].size;
	return 0;
}

static struct store_layer *store_layers(const struct made_image *m, const struct layers *l,
                                        const struct store_index *x)
{
	struct store_layer *list = xcalloc(m->manifest.layers_len + 1, sizeof(*list));

	for (size_t i = 0; i < m->manifest.layers_len; i++) {
		const struct layer_job *job = &l->jobs[m->jobs[i]];

		/* Loans: store_add_image() copies. */
		list[i].diff_id = job->diff_id;
		list[i].digest = job->digest;
		list[i].size = job->present ? known_size(x, job->diff_id) : job->unpacked;
	}
	return list;
}

int made_commit(const struct made_image *m, const struct layers *l, struct err *e)
{
	struct store_work *w = l->work;
	struct store_index *x = NULL;
	struct store_layer *list;
	int r;

	if (store_work_blob(w, m->manifest_digest, m->manifest_text.s, m->manifest_text.len, e) <
	            0 ||
	    store_work_blob(w, m->config_digest, m->config_text.s, m->config_text.len, e) < 0 ||
	    store_index_load(w->store_fd, &x, e) < 0)
		return -1;
	list = store_layers(m, l, x);
	autofree char *manifest = xstrdup(m->manifest_digest);
	autofree char *config = xstrdup(m->config_digest);
	const struct store_image img = {
		.names = m->names.v,
		.names_count = (uint32_t)m->names.len,
		.digests = m->digests.v,
		.digests_count = (uint32_t)m->digests.len,
		.manifest = manifest,
		.config = config,
		.layers = list,
		.layers_count = (uint32_t)m->manifest.layers_len,
		.architecture = m->config.architecture,
		.created = m->config.created,
		.pulled_ns = clock_real_ns(),
	};

	r = store_sync(w->store_fd, e);
	if (r == 0)
		r = store_add_image(w->store_fd, &img, e);
	free(list);
	store_index_free(x);
	return r;
}

void made_done(struct made_image *m)
{
	strbuf_done(&m->manifest_text);
	strbuf_done(&m->config_text);
	manifest_done(&m->manifest);
	config_info_done(&m->config);
	strv_done(&m->names);
	strv_done(&m->digests);
	free(m->jobs);
	*m = (struct made_image){0};
}
