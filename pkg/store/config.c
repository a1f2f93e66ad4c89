/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - what does an image's config say about its process?
 *
 * The config blob was verified when it was stored, but whoever made the image wrote it: every
 * member is checked for its type, and an environment entry without "=" is dropped, so that no
 * variable of ours can be taken over by its bare name.
 */
#include <jansson.h>

#include "pkg/store/store.h"
#include "pkg/util/fd.h"

enum { CONFIG_MAX = 4 << 20, STRINGS_MAX = 100000 };

static int get_string(const json_t *o, const char *key, char **ret, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return err_set(e, ERR_IMAGE, "config.%s is not a string", key);
	if (*json_string_value(v))
		*ret = xstrdup(json_string_value(v));
	return 0;
}

static int get_strings(const json_t *o, const char *key, struct strv *ret, struct err *e)
{
	const json_t *list = json_object_get(o, key), *v;
	size_t i;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > STRINGS_MAX)
		return err_set(e, ERR_IMAGE, "config.%s is not a list of strings", key);
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return err_set(e, ERR_IMAGE, "config.%s[%zu] is not a string", key, i);
		strv_add(ret, json_string_value(v));
	}
	return 0;
}

static int get_env(const json_t *o, struct strv *ret, struct err *e)
{
	autostrv struct strv all = {0};

	if (get_strings(o, "Env", &all, e) < 0)
		return -1;
	for (size_t i = 0; i < all.len; i++)
		if (strchr(all.v[i], '=') && all.v[i][0] != '=')
			strv_add(ret, all.v[i]);
	return 0;
}

static int get_volumes(json_t *o, struct strv *ret, struct err *e)
{
	json_t *set = json_object_get(o, "Volumes"), *v;
	const char *key;

	if (!set || json_is_null(set))
		return 0;
	if (!json_is_object(set))
		return err_set(e, ERR_IMAGE, "config.Volumes is not an object");
	json_object_foreach(set, key, v) strv_add(ret, key);
	return 0;
}

int image_config_parse(const char *text, size_t len, struct image_config *ret, struct err *e)
{
	struct image_config c = {0};
	json_error_t je;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je), *o;
	int r = -1;

	if (!root)
		return err_set(e, ERR_IMAGE, "image config: line %d: %s", je.line, je.text);
	o = json_object_get(root, "config");
	if (!json_is_object(root) || (o && !json_is_object(o) && !json_is_null(o))) {
		(void)err_set(e, ERR_IMAGE, "image config: not an object");
	} else if (get_strings(o, "Entrypoint", &c.entrypoint, e) < 0 ||
	           get_strings(o, "Cmd", &c.cmd, e) < 0 || get_env(o, &c.env, e) < 0 ||
	           get_string(o, "User", &c.user, e) < 0 ||
	           get_string(o, "WorkingDir", &c.working_dir, e) < 0 ||
	           get_string(o, "StopSignal", &c.stop_signal, e) < 0 ||
	           get_volumes(o, &c.volumes, e) < 0) {
		(void)err_wrap(e, "image config");
		image_config_done(&c);
	} else {
		*ret = c;
		r = 0;
	}
	json_decref(root);
	return r;
}

int store_read_blob(int store_fd, const char *digest, struct strbuf *ret, struct err *e)
{
	char path[96];

	if (!store_valid_digest(digest))
		return err_set(e, ERR_IMAGE, "its digest is malformed");
	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest + 7);
	if (fd_read_file(store_fd, path, CONFIG_MAX, ret, e) < 0) {
		e->kind = ERR_IMAGE;
		return -1;
	}
	return 0;
}

int store_read_config(int store_fd, const struct store_image *img, struct image_config *ret,
                      struct err *e)
{
	autostrbuf struct strbuf text = {0};

	if (store_read_blob(store_fd, img->config, &text, e) < 0)
		return err_wrap(e, "image config");
	return image_config_parse(text.s ? text.s : "", text.len, ret, e);
}

void image_config_done(struct image_config *c)
{
	strv_done(&c->entrypoint);
	strv_done(&c->cmd);
	strv_done(&c->env);
	strv_done(&c->volumes);
	free(c->user);
	free(c->working_dir);
	free(c->stop_signal);
	*c = (struct image_config){0};
}
