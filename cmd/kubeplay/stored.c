/* SPDX-License-Identifier: Apache-2.0 */
/* stored.c - see stored.h */
#include "cmd/kubeplay/stored.h"

#include "cmd/kubeplay/options.h"
#include "pkg/util/str.h"

int stored_open(struct cli *c, struct stored *ret, struct err *e)
{
	ret->fd = cli_open_store(c, e);
	if (ret->fd < 0 && e->kind != ERR_ABSENT)
		return -1;
	if (ret->fd >= 0)
		return store_index_load(ret->fd, &ret->index, e);
	*e = (struct err){0};
	ret->index = xcalloc(1, sizeof(*ret->index));
	return 0;
}

void stored_done(struct stored *s)
{
	close_fd(&s->fd);
	store_index_free(s->index);
	*s = (struct stored){.fd = -1};
}

const struct store_image *stored_find(const struct stored *s, const char *reference, struct err *e)
{
	const struct store_image *img = store_find(s->index, reference);
	autostrv struct strv names = {0};
	const char *near;

	if (img)
		return img;
	for (uint32_t i = 0; i < s->index->images_count; i++)
		for (uint32_t j = 0; j < s->index->images[i].names_count; j++)
			strv_add(&names, s->index->images[i].names[j]);
	(void)err_set(e, ERR_ABSENT, "no image %s", reference);
	near = option_nearest(reference, (const char *const *)names.v, names.len);
	if (near)
		(void)err_hint(e, "did you mean %s?", near);
	return NULL;
}

json_t *stored_config(const struct stored *s, const struct store_image *img, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	json_t *o;

	if (store_read_blob(s->fd, img->config, &text, e) < 0) {
		(void)err_wrap(e, "image config");
		return NULL;
	}
	o = json_loadb(text.s ? text.s : "", text.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(o))
		return o;
	json_decref(o);
	(void)err_set(e, ERR_IMAGE, "image config: not a JSON object");
	(void)err_hint(e, "remove the image (kubeplay rmi) and pull it again");
	return NULL;
}

void stored_id(const char *digest, bool whole, char out[STORED_ID_SIZE])
{
	if (!digest)
		digest = "";
	if (!whole && starts_with(digest, "sha256:"))
		digest += strlen("sha256:");
	(void)snprintf(out, STORED_ID_SIZE, "%.*s", whole ? STORED_ID_SIZE - 1 : 12, digest);
}

const char *stored_digest(const struct store_image *img, const char *name)
{
	const char *colon = name ? strrchr(name, ':') : NULL;
	size_t len = colon ? (size_t)(colon - name) : 0;

	for (uint32_t i = 0; len && i < img->digests_count; i++)
		if (strncmp(img->digests[i], name, len) == 0 && img->digests[i][len] == '@')
			return img->digests[i] + len + 1;
	return img->manifest;
}
