/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - see manifest.h */
#include "pkg/image/manifest.h"

#include <jansson.h>
#include <sys/utsname.h>

#include "pkg/store/store.h"
#include "pkg/util/str.h"

enum { TEXT_MAX = 4096 };

static json_t *parse(const char *text, size_t len, const char *what, struct err *e)
{
	json_error_t je;
	json_t *root;

	if (len > MANIFEST_MAX) {
		(void)err_set(e, ERR_IMAGE, "%s is larger than 4 MiB", what);
		return NULL;
	}
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!root) {
		autofree char *shown = str_sanitize(je.text, strlen(je.text));

		(void)err_set(e, ERR_IMAGE, "%s is not JSON: line %d: %s", what, je.line, shown);
		return NULL;
	}
	if (!json_is_object(root)) {
		(void)err_set(e, ERR_IMAGE, "%s is not a JSON object", what);
		json_decref(root);
		return NULL;
	}
	return root;
}

/* A string member or NULL; *ok becomes false if it is something else or far too long. */
static const char *text_of(const json_t *o, const char *key, bool *ok)
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return NULL;
	if (!json_is_string(v) || json_string_length(v) > TEXT_MAX)
		*ok = false;
	return *ok ? json_string_value(v) : NULL;
}

static char *dup_text(const char *s)
{
	return xstrdup(s ? s : "");
}

static int get_descriptor(const json_t *o, const char *what, struct descriptor *ret, struct err *e)
{
	const json_t *size = json_object_get(o, "size");
	bool ok = true;
	const char *digest = text_of(o, "digest", &ok), *type = text_of(o, "mediaType", &ok);

	if (!json_is_object(o) || !ok)
		return err_set(e, ERR_IMAGE, "%s: not a descriptor", what);
	if (digest && starts_with(digest, "sha512:"))
		return err_set(e, ERR_UNSUPPORTED, "%s: sha512 digests are not supported", what);
	if (!store_valid_digest(digest))
		return err_set(e, ERR_IMAGE, "%s: digest is not sha256: and 64 hexadecimal digits",
		               what);
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return err_set(e, ERR_IMAGE, "%s: size is not a number of bytes", what);
	ret->digest = xstrdup(digest);
	ret->media_type = dup_text(type);
	ret->size = json_integer_value(size);
	return 0;
}

static void descriptor_done(struct descriptor *d)
{
	free(d->media_type);
	free(d->digest);
}

static int get_layers(const json_t *list, struct manifest *m, struct err *e)
{
	size_t n = json_array_size(list);

	if (n > MANIFEST_LAYERS_MAX)
		return err_set(e, ERR_IMAGE, "manifest has more than %d layers",
		               MANIFEST_LAYERS_MAX);
	m->layers = xcalloc(n ? n : 1, sizeof(*m->layers));
	for (size_t i = 0; i < n; i++) {
		char what[40];

		(void)snprintf(what, sizeof(what), "manifest: layers[%zu]", i);
		m->layers_len = i + 1;
		if (get_descriptor(json_array_get(list, i), what, &m->layers[i], e) < 0)
			return -1;
		if (strstr(m->layers[i].media_type, "encrypted"))
			return err_set(e, ERR_UNSUPPORTED, "%s is encrypted", what);
	}
	return 0;
}

static int get_entry(const json_t *o, size_t i, struct manifest_entry *ret, struct err *e)
{
	const json_t *platform = json_object_get(o, "platform");
	const json_t *notes = json_object_get(o, "annotations");
	bool ok = true;
	char what[40];

	(void)snprintf(what, sizeof(what), "index: manifests[%zu]", i);
	if (get_descriptor(o, what, &ret->desc, e) < 0)
		return -1;
	if ((platform && !json_is_object(platform) && !json_is_null(platform)) ||
	    (notes && !json_is_object(notes) && !json_is_null(notes)))
		return err_set(e, ERR_IMAGE, "%s: platform or annotations is not an object", what);
	ret->os = dup_text(text_of(platform, "os", &ok));
	ret->architecture = dup_text(text_of(platform, "architecture", &ok));
	ret->variant = dup_text(text_of(platform, "variant", &ok));
	const char *name = text_of(notes, "io.containerd.image.name", &ok);
	const char *ref_name = text_of(notes, "org.opencontainers.image.ref.name", &ok);

	ret->name = name ? xstrdup(name) : NULL;
	ret->ref_name = ref_name ? xstrdup(ref_name) : NULL;
	return ok ? 0 : err_set(e, ERR_IMAGE, "%s: a member that is not a string", what);
}

static int get_entries(const json_t *list, struct manifest *m, struct err *e)
{
	size_t n = json_array_size(list);

	if (n > MANIFEST_ENTRIES_MAX)
		return err_set(e, ERR_IMAGE, "index has more than %d manifests",
		               MANIFEST_ENTRIES_MAX);
	m->entries = xcalloc(n ? n : 1, sizeof(*m->entries));
	for (size_t i = 0; i < n; i++) {
		m->entries_len = i + 1;
		if (get_entry(json_array_get(list, i), i, &m->entries[i], e) < 0)
			return -1;
	}
	return 0;
}

static int get_manifest(const json_t *root, struct manifest *m, struct err *e)
{
	const json_t *manifests = json_object_get(root, "manifests");
	const json_t *layers = json_object_get(root, "layers");
	const json_t *config = json_object_get(root, "config");
	const json_t *version = json_object_get(root, "schemaVersion");

	if (json_is_integer(version) && json_integer_value(version) == 1)
		return err_set(e, ERR_UNSUPPORTED,
		               "the registry only has the old schema 1 form of this image");
	if (version && (!json_is_integer(version) || json_integer_value(version) != 2))
		return err_set(e, ERR_IMAGE, "manifest: schemaVersion is not 2");
	if (manifests && (layers || config))
		return err_set(e, ERR_IMAGE, "manifest and index in one document");
	if (json_is_array(manifests)) {
		m->is_index = true;
		return get_entries(manifests, m, e);
	}
	if (!json_is_array(layers) || !config)
		return err_set(e, ERR_IMAGE, "neither an image manifest nor an index");
	if (get_descriptor(config, "manifest: config", &m->config, e) < 0)
		return -1;
	if (m->config.size > MANIFEST_MAX)
		return err_set(e, ERR_IMAGE, "manifest: config is larger than 4 MiB");
	return get_layers(layers, m, e);
}

int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e)
{
	json_t *root = parse(text, len, "manifest", e);
	struct manifest m = {0};
	int r;

	if (!root)
		return -1;
	r = get_manifest(root, &m, e);
	json_decref(root);
	if (r < 0)
		manifest_done(&m);
	else
		*ret = m;
	return r;
}

void manifest_done(struct manifest *m)
{
	descriptor_done(&m->config);
	for (size_t i = 0; i < m->layers_len; i++)
		descriptor_done(&m->layers[i]);
	for (size_t i = 0; i < m->entries_len; i++) {
		struct manifest_entry *x = &m->entries[i];

		descriptor_done(&x->desc);
		free(x->os);
		free(x->architecture);
		free(x->variant);
		free(x->name);
		free(x->ref_name);
	}
	free(m->layers);
	free(m->entries);
	*m = (struct manifest){0};
}

/* --- config ------------------------------------------------------------------------------------
 */

static int get_diff_ids(const json_t *root, struct config_info *c, struct err *e)
{
	const json_t *list = json_object_get(json_object_get(root, "rootfs"), "diff_ids");
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return err_set(e, ERR_IMAGE,
		               "not a container image: its config has no "
		               "rootfs.diff_ids");
	if (n > MANIFEST_LAYERS_MAX)
		return err_set(e, ERR_IMAGE, "image config: more than %d layers",
		               MANIFEST_LAYERS_MAX);
	c->diff_ids = xcalloc(n ? n : 1, sizeof(*c->diff_ids));
	for (size_t i = 0; i < n; i++) {
		const char *id = json_string_value(json_array_get(list, i));

		if (!store_valid_digest(id))
			return err_set(e, ERR_IMAGE,
			               "image config: rootfs.diff_ids[%zu] is not "
			               "sha256: and 64 hexadecimal digits",
			               i);
		c->diff_ids[c->diff_ids_len++] = xstrdup(id);
	}
	return 0;
}

int config_info_parse(const char *text, size_t len, struct config_info *ret, struct err *e)
{
	json_t *root = parse(text, len, "image config", e);
	struct config_info c = {0};
	bool ok = true;
	int r;

	if (!root)
		return -1;
	r = get_diff_ids(root, &c, e);
	if (r == 0) {
		const struct {
			const char *key;
			char **to;
		} texts[] = {
			{"os", &c.os},
			{"architecture", &c.architecture},
			{"variant", &c.variant},
			{"created", &c.created},
		};

		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			const char *s = text_of(root, texts[i].key, &ok);

			if (s)
				*texts[i].to = str_sanitize(s, strlen(s));
		}
		if (!ok)
			r = err_set(e, ERR_IMAGE, "image config: a member that is not a string");
	}
	json_decref(root);
	if (r < 0)
		config_info_done(&c);
	else
		*ret = c;
	return r;
}

void config_info_done(struct config_info *c)
{
	for (size_t i = 0; i < c->diff_ids_len; i++)
		free(c->diff_ids[i]);
	free(c->diff_ids);
	free(c->os);
	free(c->architecture);
	free(c->variant);
	free(c->created);
	*c = (struct config_info){0};
}

/* --- platforms ---------------------------------------------------------------------------------
 */

/* What uname calls a machine, and what images call it. */
static const struct {
	const char *machine, *architecture, *variant;
} machines[] = {
	{"x86_64", "amd64", ""},        {"aarch64", "arm64", "v8"}, {"armv7l", "arm", "v7"},
	{"armv6l", "arm", "v6"},        {"i686", "386", ""},        {"i386", "386", ""},
	{"riscv64", "riscv64", ""},     {"ppc64le", "ppc64le", ""}, {"s390x", "s390x", ""},
	{"loongarch64", "loong64", ""},
};

static void own_platform(struct platform *p)
{
	struct utsname u;

	*p = (struct platform){.os = "linux"};
	(void)uname(&u);
	(void)snprintf(p->architecture, sizeof(p->architecture), "%.31s", u.machine);
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (streq(u.machine, machines[i].machine)) {
			(void)snprintf(p->architecture, sizeof(p->architecture), "%s",
			               machines[i].architecture);
			(void)snprintf(p->variant, sizeof(p->variant), "%s", machines[i].variant);
		}
}

int platform_parse(const char *text, struct platform *ret, struct err *e)
{
	struct platform p = {0};
	char *const parts[] = {p.os, p.architecture, p.variant};
	size_t n = 0;

	if (!text) {
		own_platform(ret);
		return 0;
	}
	for (const char *at = text; n < 3; n++) {
		size_t len = strcspn(at, "/");

		if (!len || len >= sizeof(p.os))
			break;
		memcpy(parts[n], at, len);
		at += len;
		if (!*at) {
			if (n < 1)
				break;
			*ret = p;
			return 0;
		}
		at++;
	}
	return err_set(e, ERR_USAGE, "\"%s\" is not a platform such as linux/arm64 or linux/arm/v7",
	               text);
}

static int variant_number(const char *v)
{
	return v[0] == 'v' && v[1] >= '1' && v[1] <= '9' && !v[2] ? v[1] - '0' : 0;
}

/* Of older variants the newest runs best. */
int manifest_fitness(const struct manifest_entry *x, const struct platform *p)
{
	int have = variant_number(x->variant), want = variant_number(p->variant);

	if (!streq(x->os, p->os) || !streq(x->architecture, p->architecture))
		return 0;
	if (streq(x->variant, p->variant))
		return 100;
	if (streq(p->architecture, "arm64"))
		return !have || have == 8 ? 90 : 0;
	if (!*p->variant) /* amd64 without a level: the plain one, or the lowest */
		return 50 - have;
	if (!*x->variant)
		return 1;
	return have && have < want ? 1 + have : 0;
}

static void list_platforms(const struct manifest *m, struct strbuf *out)
{
	for (size_t i = 0; i < m->entries_len && out->len < 300; i++) {
		const struct manifest_entry *x = &m->entries[i];

		if (!*x->architecture || streq(x->architecture, "unknown"))
			continue;
		strbuf_addf(out, "%s%s/%s%s%s", out->len ? ", " : "", x->os, x->architecture,
		            *x->variant ? "/" : "", x->variant);
	}
}

const struct manifest_entry *manifest_choose(const struct manifest *m, const struct platform *p,
                                             struct err *e)
{
	autostrbuf struct strbuf list = {0};
	const struct manifest_entry *best = NULL;
	int best_fit = 0;

	for (size_t i = 0; i < m->entries_len; i++) {
		int fit = manifest_fitness(&m->entries[i], p);

		if (fit > best_fit) {
			best_fit = fit;
			best = &m->entries[i];
		}
	}
	/* An index of one image that does not say for what it is. */
	if (!best && m->entries_len == 1 && !*m->entries[0].architecture)
		best = &m->entries[0];
	if (best)
		return best;
	list_platforms(m, &list);
	autofree char *shown = str_sanitize(list.s ? list.s : "", list.len);

	(void)err_set(e, ERR_IMAGE, "not available for %s/%s%s%s (it is for %s)", p->os,
	              p->architecture, *p->variant ? "/" : "", p->variant,
	              *shown ? shown : "no platform at all");
	return NULL;
}

char *manifest_synthesize(const char *config_digest, size_t config_size, char *const *diff_ids,
                          const int64_t *sizes, size_t count)
{
	struct strbuf out = {0};

	strbuf_addf(&out,
	            "{\"schemaVersion\":2,"
	            "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	            "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
	            "\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
	            config_digest, config_size);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&out,
		            "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
		            "\"digest\":\"%s\",\"size\":%lld}",
		            i ? "," : "", diff_ids[i], (long long)sizes[i]);
	strbuf_adds(&out, "]}");
	return strbuf_take(&out);
}
