/* SPDX-License-Identifier: Apache-2.0 */
/* validate_config.c - ConfigMaps and Secrets: keys, encodings, sizes, and what a type needs */
#include "kube/rule.h"
#include "kube/scalar.h"
#include "kube/tree.h"

enum { MAX_CONFIG = 1 << 20 }; /* bytes in a ConfigMap or Secret */

static void check_keys(const struct check *x, const char *field, const struct k8s_pair *pairs,
                       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		check_name(x, AT(AT(x->at, field), pairs[i].key), NAME_CONFIG_KEY, "a key",
		           pairs[i].key);
}

void rule_config_map_key(const struct check *x)
{
	check_keys(x, "data", x->config_map->data, x->config_map->data_count);
	check_keys(x, "binaryData", x->config_map->binaryData, x->config_map->binaryData_count);
}

void rule_secret_key(const struct check *x)
{
	check_keys(x, "data", x->secret->data, x->secret->data_count);
	check_keys(x, "stringData", x->secret->stringData, x->secret->stringData_count);
}

void rule_config_map_overlap(const struct check *x)
{
	const struct k8s_config_map *c = x->config_map;
	autonames struct names seen = {0};
	uint32_t old;

	if (!c->binaryData_count)
		return;
	for (uint32_t i = 0; i < c->data_count; i++)
		(void)names_add(&seen, c->data[i].key, i, NULL);
	for (uint32_t i = 0; i < c->binaryData_count; i++)
		if (names_find(&seen, c->binaryData[i].key, &old))
			broken(x, AT(AT(x->at, "binaryData"), c->binaryData[i].key),
			       "this key also stands in data; leave one of them out");
}

static void check_base64(const struct check *x, const char *field, const struct k8s_pair *pairs,
                         uint32_t count, const char *hint)
{
	for (uint32_t i = 0; i < count; i++) {
		size_t len;
		autofree unsigned char *decoded = base64_decode(pairs[i].value, &len);

		if (decoded)
			explicit_bzero(decoded, len);
		else
			broken(x, AT(AT(x->at, field), pairs[i].key),
			       "this is not valid base64; %s", hint);
	}
}

void rule_config_map_base64(const struct check *x)
{
	check_base64(x, "binaryData", x->config_map->binaryData, x->config_map->binaryData_count,
	             "plain text goes to data");
}

void rule_secret_base64(const struct check *x)
{
	check_base64(x, "data", x->secret->data, x->secret->data_count,
	             "plain text goes to stringData");
}

static size_t bytes_of(const struct k8s_pair *pairs, uint32_t count, bool base64)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < count; i++) {
		size_t len = strlen(pairs[i].value);

		bytes += base64 ? len / 4 * 3 : len;
	}
	return bytes;
}

void rule_config_map_size(const struct check *x)
{
	const struct k8s_config_map *c = x->config_map;

	if (bytes_of(c->data, c->data_count, false) +
	            bytes_of(c->binaryData, c->binaryData_count, true) >
	    MAX_CONFIG)
		broken(x, x->at, "a ConfigMap holds at most 1 MiB; divide it");
}

void rule_secret_size(const struct check *x)
{
	const struct k8s_secret *s = x->secret;

	if (bytes_of(s->data, s->data_count, true) +
	            bytes_of(s->stringData, s->stringData_count, false) >
	    MAX_CONFIG)
		broken(x, x->at, "a Secret holds at most 1 MiB; divide it");
}

/* What Kubernetes asks of the types that it knows. */
static const struct secret_type {
	const char *type;
	const char *keys[2];
	bool any;  /* one of the keys is enough */
	bool json; /* the value is a JSON object */
} secret_types[] = {
	{"kubernetes.io/tls", {"tls.crt", "tls.key"}, false, false},
	{"kubernetes.io/dockerconfigjson", {".dockerconfigjson"}, false, true},
	{"kubernetes.io/dockercfg", {".dockercfg"}, false, true},
	{"kubernetes.io/basic-auth", {"username", "password"}, true, false},
	{"kubernetes.io/ssh-auth", {"ssh-privatekey"}, false, false},
	{"kubernetes.io/service-account-token", {NULL}, false, false},
};

static const struct secret_type *type_of(const struct k8s_secret *s)
{
	for (size_t i = 0; s->type && i < ARRAY_LEN(secret_types); i++)
		if (streq(secret_types[i].type, s->type))
			return &secret_types[i];
	return NULL;
}

/* The pair with a key; *ret_base64 says whether its value is encoded. */
static const struct k8s_pair *find_key(const struct k8s_secret *s, const char *key,
                                       bool *ret_base64)
{
	*ret_base64 = false;
	for (uint32_t i = 0; i < s->stringData_count; i++)
		if (streq(s->stringData[i].key, key))
			return &s->stringData[i];
	*ret_base64 = true;
	for (uint32_t i = 0; i < s->data_count; i++)
		if (streq(s->data[i].key, key))
			return &s->data[i];
	return NULL;
}

void rule_secret_type_key(const struct check *x)
{
	const struct secret_type *t = type_of(x->secret);
	uint32_t wanted = 0, found = 0;
	bool base64;

	for (size_t i = 0; t && i < ARRAY_LEN(t->keys) && t->keys[i]; i++) {
		wanted++;
		if (find_key(x->secret, t->keys[i], &base64))
			found++;
		else if (!t->any)
			broken(x, x->at, "missing key \"%s\", which type %s needs", t->keys[i],
			       t->type);
	}
	if (wanted && !found && t->any)
		broken(x, x->at, "missing key \"%s\" or \"%s\", of which type %s needs one",
		       t->keys[0], t->keys[1], t->type);
}

/* JSON is YAML: one document that is a mapping. */
static bool is_json_object(const char *text)
{
	struct tree_document doc;
	struct diags silent = {0};
	struct tree *t;
	bool ok;

	if (text[strspn(text, " \t\r\n")] != '{')
		return false;
	t = tree_open(text, strlen(text), (struct tree_place){0}, &silent, diags_file(&silent, ""),
	              0);
	ok = tree_next(t, &doc) && doc.root->kind == NODE_MAP && !tree_next(t, &doc) &&
	     !silent.errors;
	tree_close(t);
	diags_done(&silent);
	return ok;
}

void rule_secret_type_json(const struct check *x)
{
	const struct secret_type *t = type_of(x->secret);
	const struct k8s_pair *p;
	bool base64, ok;
	size_t len; /* what is behind a NUL is no JSON */

	p = t && t->json ? find_key(x->secret, t->keys[0], &base64) : NULL;
	if (!p)
		return;
	autofree char *text = base64 ? (char *)base64_decode(p->value, &len) : xstrdup(p->value);

	if (!text)
		return; /* reported */
	ok = is_json_object(text);
	explicit_bzero(text, strlen(text));
	if (!ok)
		broken(x, AT(AT(x->at, base64 ? "data" : "stringData"), p->key),
		       "must be JSON as `docker login` writes it: {\"auths\": {...}}");
}

void rule_secret_type_unknown(const struct check *x)
{
	const char *type = x->secret->type;
	struct guess g = {0};

	if (!type || !starts_with(type, "kubernetes.io/") || type_of(x->secret))
		return;
	for (size_t i = 0; i < ARRAY_LEN(secret_types); i++)
		guess_offer(&g, type, secret_types[i].type);
	autofree char *hint = guess_text(&g), *shown = diag_quote(type);

	BROKEN(x, "type", "Kubernetes has no type \"%s\"; types of your own need another prefix%s",
	       shown, hint);
}

void rule_secret_account(const struct check *x)
{
	static const char key[] = "kubernetes.io/service-account.name";
	const struct k8s_meta *m = x->secret->metadata;

	if (!x->secret->type || !streq(x->secret->type, "kubernetes.io/service-account-token"))
		return;
	for (uint32_t i = 0; m && i < m->annotations_count; i++)
		if (streq(m->annotations[i].key, key))
			return;
	BROKEN(x, "metadata", "missing annotation \"%s\", which this type needs", key);
}
