/* SPDX-License-Identifier: Apache-2.0 */
/* images.c - see images.h */
#include "pkg/pod/images.h"

#include <errno.h>
#include <fcntl.h>

#include "pkg/util/fd.h"

static int load_one(int store_fd, struct images *i, const char *reference, struct err *e)
{
	const struct store_image *img;
	struct image *at;

	if (images_find(i, reference))
		return 0;
	img = store_find(i->index, reference);
	if (!img || !store_complete(store_fd, img)) {
		(void)err_set(e, ERR_IMAGE, "image %s is not here%s", reference,
		              img ? " completely" : "");
		return err_hint(e, "kubeplay pull %s", reference);
	}
	i->v = xrealloc(i->v, (i->len + 1) * sizeof(*i->v));
	at = &i->v[i->len];
	*at = (struct image){0};
	if (store_read_config(store_fd, img, &at->config, e) < 0)
		return err_wrap(e, "image %s", reference);
	at->reference = xstrdup(reference);
	at->id = xstrdup(img->config);
	at->layer_count = img->layers_count;
	i->len++;
	return 0;
}

static int load_pod(int store_fd, struct images *i, const struct plan_pod *pod, struct err *e)
{
	for (uint32_t j = 0; j < pod->init_containers_count; j++)
		if (load_one(store_fd, i, pod->init_containers[j].image, e) < 0)
			return -1;
	for (uint32_t j = 0; j < pod->containers_count; j++)
		if (load_one(store_fd, i, pod->containers[j].image, e) < 0)
			return -1;
	return 0;
}

int images_load(int store_fd, const struct plan *p, bool (*want)(const struct plan_pod *, void *),
                void *arg, struct images *ret, struct err *e)
{
	struct images i = {0};

	if (store_index_load(store_fd, &i.index, e) < 0)
		return -1;
	for (uint32_t j = 0; j < p->pods_count; j++) {
		if (want && !want(&p->pods[j], arg))
			continue;
		if (load_pod(store_fd, &i, &p->pods[j], e) < 0) {
			images_done(&i);
			return err_wrap(e, "pod %s", p->pods[j].name);
		}
	}
	*ret = i;
	return 0;
}

static int open_one(int store_fd, int bottom, const struct store_image *s, struct image *img,
                    struct err *e)
{
	int *fds = NULL, fd;

	if (store_open_layers(store_fd, s, &fds, e) < 0)
		return -1;
	fd = fcntl(bottom, F_DUPFD_CLOEXEC, 3);
	img->layer_fds = xrealloc(fds, (s->layers_count + 1) * sizeof(*fds));
	img->layer_fds[s->layers_count] = fd;
	img->layer_count = s->layers_count + 1;
	return fd < 0 ? err_sys(e, errno, "dup") : 0;
}

int images_open(int store_fd, int bottom, struct images *i, struct err *e)
{
	for (size_t j = 0; j < i->len; j++) {
		struct image *img = &i->v[j];
		const struct store_image *s = store_find(i->index, img->reference);

		if (!s)
			return err_set(e, ERR_IMAGE, "image %s is gone", img->reference);
		if (open_one(store_fd, bottom, s, img, e) < 0)
			return err_wrap(e, "image %s", img->reference);
	}
	store_index_free(take_ptr(i->index));
	return 0;
}

const struct image *images_find(const struct images *i, const char *reference)
{
	for (size_t j = 0; j < i->len; j++)
		if (streq(i->v[j].reference, reference))
			return &i->v[j];
	return NULL;
}

void images_done(struct images *i)
{
	for (size_t j = 0; j < i->len; j++) {
		struct image *img = &i->v[j];

		free(img->reference);
		free(img->id);
		image_config_done(&img->config);
		if (img->layer_fds)
			fd_close_many(img->layer_fds, img->layer_count);
		free(img->layer_fds);
	}
	free(i->v);
	store_index_free(i->index);
	*i = (struct images){0};
}
