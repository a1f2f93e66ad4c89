/* SPDX-License-Identifier: Apache-2.0 */
/* validate.c - objects by themselves: metadata, controllers, ConfigMaps, Secrets, claims */
#include "kube/validate.h"

#include "kube/quantity.h"
#include "kube/scalar.h"

enum {
	MAX_ANNOTATIONS = 256 << 10, /* bytes of keys and values */
	MAX_CONFIG = 1 << 20,        /* bytes in a ConfigMap or Secret */
};

void validate_meta_maps(struct run *r, const struct object *o, const struct at *at,
                        const struct k8s_meta *m)
{
	const struct at *labels = AT(at, "labels"), *annotations = AT(at, "annotations");
	size_t bytes = 0;

	for (uint32_t i = 0; i < m->labels_count; i++) {
		const struct k8s_pair *p = &m->labels[i];

		if (!name_is_qualified(p->key))
			run_report(r, o, KUBE_ERROR, AT(labels, p->key),
			           "this is no name of a label ([prefix/]name, at most 63 of A-Z "
			           "a-z 0-9 - _ .)");
		else if (!name_is_label_value(p->value))
			run_report(r, o, KUBE_ERROR, AT(labels, p->key),
			           "the value of a label is at most 63 of A-Z a-z 0-9 - _ . and "
			           "begins and ends with a letter or digit");
	}
	for (uint32_t i = 0; i < m->annotations_count; i++) {
		const struct k8s_pair *p = &m->annotations[i];

		bytes += strlen(p->key) + strlen(p->value);
		if (!name_is_qualified(p->key))
			run_report(r, o, KUBE_ERROR, AT(annotations, p->key),
			           "this is no name of an annotation ([prefix/]name, at most 63 of "
			           "A-Z a-z 0-9 - _ .)");
	}
	if (bytes > MAX_ANNOTATIONS)
		run_report(r, o, KUBE_ERROR, annotations, "annotations are larger than %d KiB",
		           MAX_ANNOTATIONS >> 10);
}

static void check_meta(struct run *r, const struct object *o)
{
	const struct k8s_meta *m = o->head->metadata;
	const struct at *at = AT(o->at, "metadata");

	if (!m)
		return; /* reported as missing */
	if (!m->name || !*m->name)
		run_report(r, o, KUBE_ERROR, at, "missing field \"name\"");
	else if (!name_is_path_safe(m->name))
		run_report(r, o, KUBE_ERROR, AT(at, "name"),
		           "a name has a-z 0-9 - . only, at most 253, and begins and ends with a "
		           "letter or digit");
	else if (!name_is_subdomain(m->name))
		run_report_strict(r, o, AT(at, "name"),
		                  "a cluster refuses this name: a-z 0-9 - . only, at most 253, "
		                  "beginning and ending with a letter or digit");
	if (m->namespace && !name_is_label(m->namespace))
		run_report(r, o, KUBE_ERROR, AT(at, "namespace"),
		           "a namespace has a-z 0-9 - only, at most 63");
	validate_meta_maps(r, o, at, m);
}

static void check_pod(struct run *r, const struct object *o)
{
	struct at at[POD_VIEW_DEPTH];
	struct pod_view v;

	if (run_pod_view(o, at, &v) && v.spec)
		validate_pod(r, &v);
}

static const char *find_label(const struct k8s_meta *m, const char *key)
{
	for (uint32_t i = 0; m && i < m->labels_count; i++)
		if (streq(m->labels[i].key, key))
			return m->labels[i].value;
	return NULL;
}

static bool has_value(const struct k8s_selector_term *t, const char *value)
{
	for (uint32_t i = 0; value && i < t->values_count; i++)
		if (streq(t->values[i], value))
			return true;
	return false;
}

static bool term_matches(const struct k8s_selector_term *t, const struct k8s_meta *m)
{
	const char *value = find_label(m, text_of(t->key));

	switch (t->operator) {
	case K8S_OP_IN:
		return has_value(t, value);
	case K8S_OP_NOT_IN:
		return !has_value(t, value);
	case K8S_OP_EXISTS:
		return value;
	case K8S_OP_DOES_NOT_EXIST:
		return !value;
	case K8S_OP_UNSET:
		break;
	}
	return true;
}

static void check_selector(struct run *r, const struct object *o, const struct at *spec,
                           const struct k8s_deployment_spec *s)
{
	const struct at *at = AT(spec, "selector");
	const struct k8s_selector *sel = s->selector;
	const struct k8s_meta *m = s->template ? s->template->metadata : NULL;

	if (!sel || !s->template)
		return;
	if (!sel->matchLabels_count && !sel->matchExpressions_count)
		run_report(r, o, KUBE_ERROR, at, "an empty selector selects nothing");
	for (uint32_t i = 0; i < sel->matchLabels_count; i++) {
		const struct k8s_pair *p = &sel->matchLabels[i];
		const char *value = find_label(m, p->key);

		if (value && streq(value, p->value))
			continue;
		autofree char *got = diag_quote(text_of(value));

		run_report(r, o, KUBE_ERROR, AT(AT(at, "matchLabels"), p->key),
		           "does not match the template's labels (%s%s)",
		           value ? "there it is " : "there it is missing", got);
	}
	for (uint32_t i = 0; i < sel->matchExpressions_count; i++) {
		const struct at *term = AT_ITEM(AT(at, "matchExpressions"), i);

		if (sel->matchExpressions[i].operator== K8S_OP_UNSET)
			run_report(r, o, KUBE_ERROR, term, "missing field \"operator\"");
		else if (!term_matches(&sel->matchExpressions[i], m))
			run_report(r, o, KUBE_ERROR, term, "does not match the template's labels");
	}
}

static void check_deployment(struct run *r, const struct object *o)
{
	const struct k8s_deployment_spec *s = o->deployment->spec;
	const struct at *spec = AT(o->at, "spec"), *template = AT(spec, "template");

	if (!s)
		return;
	if (s->replicas && *s->replicas < 0)
		run_report(r, o, KUBE_ERROR, AT(spec, "replicas"), "cannot be negative");
	check_selector(r, o, spec, s);
	if (!s->template)
		return;
	if (s->template->metadata)
		validate_meta_maps(r, o, AT(template, "metadata"), s->template->metadata);
	if (s->template->spec && s->template->spec->restartPolicy != K8S_RESTART_UNSET &&
	    s->template->spec->restartPolicy != K8S_RESTART_ALWAYS)
		run_report(r, o, KUBE_ERROR, AT(AT(template, "spec"), "restartPolicy"),
		           "must be Always in a Deployment");
	check_pod(r, o);
}

static size_t check_keys(struct run *r, const struct object *o, const struct at *at,
                         const struct k8s_pair *pairs, uint32_t count, bool base64)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < count; i++) {
		size_t len = strlen(pairs[i].value);

		bytes += len;
		if (!name_is_config_key(pairs[i].key))
			run_report(r, o, KUBE_ERROR, AT(at, pairs[i].key),
			           "a key has A-Z a-z 0-9 - _ . only, at most 253, and does not "
			           "begin with \"..\"");
		if (!base64)
			continue;
		autofree unsigned char *decoded = base64_decode(pairs[i].value, &len);

		if (!decoded)
			run_report(r, o, KUBE_ERROR, AT(at, pairs[i].key),
			           "this is not valid base64%s",
			           o->type == OBJECT_SECRET ? "; plain text goes to stringData"
			                                    : "");
		else
			explicit_bzero(decoded, len);
	}
	return bytes;
}

static void check_size(struct run *r, const struct object *o, size_t bytes)
{
	if (bytes > MAX_CONFIG)
		run_report(r, o, KUBE_WARNING, o->at,
		           "holds more than 1 MiB, which a cluster refuses");
}

static void check_config_map(struct run *r, const struct object *o)
{
	const struct k8s_config_map *c = o->config_map;
	const struct at *binary = AT(o->at, "binaryData");
	autonames struct names seen = {0};
	size_t bytes;

	bytes = check_keys(r, o, AT(o->at, "data"), c->data, c->data_count, false);
	bytes += check_keys(r, o, binary, c->binaryData, c->binaryData_count, true);
	for (uint32_t i = 0; i < c->data_count; i++)
		(void)names_add(&seen, c->data[i].key, i, NULL);
	for (uint32_t i = 0; i < c->binaryData_count; i++)
		if (!names_add(&seen, c->binaryData[i].key, i, NULL))
			run_report(r, o, KUBE_ERROR, AT(binary, c->binaryData[i].key),
			           "this key also stands in data");
	check_size(r, o, bytes);
}

static void check_secret(struct run *r, const struct object *o)
{
	const struct k8s_secret *s = o->secret;
	size_t bytes = check_keys(r, o, AT(o->at, "data"), s->data, s->data_count, true);

	bytes += check_keys(r, o, AT(o->at, "stringData"), s->stringData, s->stringData_count,
	                    false);
	check_size(r, o, bytes);
}

/* What the value of one resource is: thousandths for cpu, else whole units. */
static enum scalar_result resource_value(const char *key, const char *text, int64_t *ret)
{
	return quantity_parse(text, streq(key, "cpu") ? 1000 : 1, ret);
}

static void check_resource_name(struct run *r, const struct object *o, const struct at *at,
                                const char *key, bool limit)
{
	static const char *const known[] = {"cpu", "memory", "ephemeral-storage"};
	struct guess g = {0};

	if (streq(key, "cpu") || streq(key, "memory"))
		return;
	if (streq(key, "ephemeral-storage")) {
		if (limit)
			run_report(r, o, KUBE_WARNING, at, "this limit is not enforced");
		return;
	}
	if (strchr(key, '/') || starts_with(key, "hugepages-")) {
		run_report_strict(r, o, at, "not supported yet");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		guess_offer(&g, key, known[i]);
	autofree char *hint = guess_text(&g);

	run_report_strict(r, o, at, "unknown resource%s", hint);
}

static void check_amounts(struct run *r, const struct object *o, const struct at *at,
                          const struct k8s_quantity_pair *v, uint32_t count, bool limit,
                          bool of_container)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct at *here = AT(at, v[i].key);
		int64_t n;

		if (of_container)
			check_resource_name(r, o, here, v[i].key, limit);
		else if (!streq(v[i].key, "storage"))
			run_report_strict(r, o, here, "unknown resource; a claim has storage");
		if (resource_value(v[i].key, v[i].value, &n) == SCALAR_RANGE)
			run_report(r, o, KUBE_ERROR, here, "too large");
		else if (v[i].value[0] == '-' && n < 0)
			run_report(r, o, KUBE_ERROR, here, "cannot be negative");
		else if (streq(v[i].key, "memory") && ends_with(v[i].value, "m"))
			run_report(r, o, KUBE_WARNING, here,
			           "\"m\" means thousandths of a byte; did you mean M or Mi?");
	}
}

void validate_resources(struct run *r, const struct object *o, const struct at *at,
                        const struct k8s_resources *res, bool of_container)
{
	autonames struct names limits = {0};
	int64_t want, max;
	uint32_t l;

	check_amounts(r, o, AT(at, "limits"), res->limits, res->limits_count, true, of_container);
	check_amounts(r, o, AT(at, "requests"), res->requests, res->requests_count, false,
	              of_container);
	for (uint32_t i = 0; i < res->limits_count; i++)
		(void)names_add(&limits, res->limits[i].key, i, NULL);
	for (uint32_t i = 0; i < res->requests_count; i++) {
		const struct k8s_quantity_pair *q = &res->requests[i];

		if (names_find(&limits, q->key, &l) &&
		    resource_value(q->key, q->value, &want) == SCALAR_OK &&
		    resource_value(q->key, res->limits[l].value, &max) == SCALAR_OK && want > max) {
			autofree char *limit = diag_quote(res->limits[l].value);

			run_report(r, o, KUBE_ERROR, AT(AT(at, "requests"), q->key),
			           "is more than the limit (%s)", limit);
		}
	}
}

static void check_claim(struct run *r, const struct object *o)
{
	static const char *const modes[] = {"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany",
	                                    "ReadWriteOncePod"};
	const struct k8s_claim_spec *s = o->claim->spec;
	const struct at *spec = AT(o->at, "spec"), *at = AT(spec, "accessModes");
	bool storage = false;

	if (!s)
		return;
	if (!s->accessModes_count)
		run_report_strict(r, o, spec, "missing field \"accessModes\"");
	for (uint32_t i = 0; i < s->accessModes_count; i++) {
		struct guess g = {0};
		bool known = false;

		for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
			known |= streq(s->accessModes[i], modes[m]);
			guess_offer(&g, s->accessModes[i], modes[m]);
		}
		autofree char *hint = guess_text(&g), *text = diag_quote(s->accessModes[i]);

		if (!known)
			run_report(r, o, KUBE_ERROR, AT_ITEM(at, i), "unknown access mode \"%s\"%s",
			           text, hint);
	}
	if (s->resources)
		validate_resources(r, o, AT(spec, "resources"), s->resources, false);
	for (uint32_t i = 0; s->resources && i < s->resources->requests_count; i++)
		storage |= streq(s->resources->requests[i].key, "storage");
	if (!storage)
		run_report_strict(r, o, spec, "missing field \"resources.requests.storage\"");
}

typedef void object_rule(struct run *r, const struct object *o);

/* Which rules look at which objects. */
static object_rule *const rules[OBJECT_TYPE_COUNT][3] = {
	[OBJECT_POD] = {check_meta, check_pod},
	[OBJECT_DEPLOYMENT] = {check_meta, check_deployment},
	[OBJECT_CONFIG_MAP] = {check_meta, check_config_map},
	[OBJECT_SECRET] = {check_meta, check_secret},
	[OBJECT_CLAIM] = {check_meta, check_claim},
};

static void check_unique(struct run *r, uint32_t i)
{
	const struct object *o = &r->objects[i];
	char *key = arena_printf(&r->arena, "%d/%s/%s", o->type, o->ns, o->name);
	uint32_t old;

	if (!*o->name || names_add(&r->index, key, i, &old))
		return;
	autofree char *name = diag_quote(o->name);

	run_report(r, o, KUBE_ERROR, AT(AT(o->at, "metadata"), "name"),
	           "%s \"%s\" is already defined in %s:%u", kind_name(o->type), name,
	           r->d.files.v[r->objects[old].file], r->objects[old].line);
}

void validate(struct run *r)
{
	for (uint32_t i = 0; i < r->objects_count; i++)
		check_unique(r, i);
	for (size_t i = 0; i < r->objects_count; i++)
		for (object_rule *const *rule = rules[r->objects[i].type]; *rule; rule++)
			(*rule)(r, &r->objects[i]);
	validate_host_ports(r);
}
