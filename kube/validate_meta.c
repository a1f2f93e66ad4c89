/* SPDX-License-Identifier: Apache-2.0 */
/* validate_meta.c - are objects named, labelled and selected as Kubernetes allows? */
#include "kube/rule.h"

enum {
	MAX_ANNOTATIONS = 256 << 10, /* bytes of keys and values */
	MAX_NAME = 253,
	SUFFIX = 5,         /* letters that are added to a generateName */
	CRON_JOB_NAME = 52, /* a Job of it gets "-" and ten digits more */
};

void walk_meta(const struct check *x, const struct at *at, const struct k8s_meta *m, bool template)
{
	struct check here = *x;

	here.template = template;
	if (m)
		check_thing(&here, ON_META, at, m);
}

void rule_object_duplicate(const struct check *x)
{
	const struct object *o = x->o, *first = run_find(x->r, o->type, o->ns, o->name);

	if (!*o->name || first == o || !first)
		return;
	autofree char *name = diag_quote(o->name);

	broken(x, AT(AT(x->at, "metadata"), "name"),
	       "%s \"%s\" is already defined in %s:%u; give one of them another name",
	       kind_name(o->type), name, x->r->d.files.v[first->file], first->line);
}

/* True if the name was made of the generateName. */
static bool is_generated(const struct k8s_meta *m)
{
	return has_text(m->generateName) && has_text(m->name) &&
	       starts_with(m->name, m->generateName) &&
	       strlen(m->name) == strlen(m->generateName) + SUFFIX;
}

void rule_meta_name_missing(const struct check *x)
{
	if (!x->template && !has_text(x->meta->name) && !has_text(x->meta->generateName))
		broken(x, x->at, "missing field \"name\"");
}

void rule_meta_name(const struct check *x)
{
	if (has_text(x->meta->name) && !is_generated(x->meta) && !name_is_path_safe(x->meta->name))
		BROKEN(x, "name", "a name %s", name_rule(NAME_SUBDOMAIN));
}

void rule_meta_name_cluster(const struct check *x)
{
	const char *name = x->meta->name;
	enum name_kind kind = x->o->type == OBJECT_NAMESPACE ? NAME_LABEL
	                      : x->o->type == OBJECT_SERVICE ? NAME_SERVICE
	                                                     : NAME_SUBDOMAIN;

	if (!x->template && has_text(name) && !is_generated(x->meta) && name_is_path_safe(name) &&
	    !name_ok(kind, name))
		BROKEN(x, "name", "a cluster refuses this name: the name of a %s %s",
		       kind_name(x->o->type), name_rule(kind));
}

void rule_meta_generate_name(const struct check *x)
{
	const char *prefix = x->meta->generateName;

	if (!has_text(prefix) || (has_text(x->meta->name) && !is_generated(x->meta)))
		return;
	autofree char *name = xasprintf("%sxxxxx", prefix);

	if (strlen(prefix) > MAX_NAME - SUFFIX || !name_is_subdomain(name))
		BROKEN(x, "generateName",
		       "with five letters after it this must be a name: a-z 0-9 - . only, at most "
		       "%d, and begins with a letter or digit",
		       MAX_NAME - SUFFIX);
}

void rule_meta_name_cron_job(const struct check *x)
{
	if (!x->template && x->o->type == OBJECT_CRON_JOB && has_text(x->meta->name) &&
	    strlen(x->meta->name) > CRON_JOB_NAME)
		BROKEN(x, "name",
		       "the name of a CronJob has at most %d characters: its Jobs add eleven",
		       CRON_JOB_NAME);
}

void rule_meta_namespace(const struct check *x)
{
	if (has_text(x->meta->namespace))
		check_name(x, AT(x->at, "namespace"), NAME_LABEL, "a namespace",
		           x->meta->namespace);
}

void rule_meta_namespace_none(const struct check *x)
{
	if (!x->template && has_text(x->meta->namespace) &&
	    (x->o->type == OBJECT_NAMESPACE || x->o->type == OBJECT_PERSISTENT_VOLUME))
		BROKEN(x, "namespace", "a %s is in no namespace; leave this out",
		       kind_name(x->o->type));
}

void rule_meta_namespace_template(const struct check *x)
{
	const char *ns = x->meta->namespace;

	if (x->template && has_text(ns) && !streq(ns, x->o->ns))
		BROKEN(x, "namespace",
		       "pods are made in the namespace of their controller; leave this out");
}

void rule_label_key(const struct check *x)
{
	for (uint32_t i = 0; i < x->meta->labels_count; i++)
		check_name(x, AT(AT(x->at, "labels"), x->meta->labels[i].key), NAME_QUALIFIED,
		           "the name of a label", x->meta->labels[i].key);
}

void rule_label_value(const struct check *x)
{
	for (uint32_t i = 0; i < x->meta->labels_count; i++)
		check_name(x, AT(AT(x->at, "labels"), x->meta->labels[i].key), NAME_LABEL_VALUE,
		           "the value of a label", x->meta->labels[i].value);
}

/* Unlike a label's, the prefix may have upper case. */
static bool is_annotation_key(const char *key)
{
	char lower[MAX_NAME + 66];
	size_t len = strlen(key);

	if (len >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= len; i++)
		lower[i] = key[i] >= 'A' && key[i] <= 'Z' ? (char)(key[i] | 0x20) : key[i];
	return name_is_qualified(lower);
}

void rule_annotation_key(const struct check *x)
{
	for (uint32_t i = 0; i < x->meta->annotations_count; i++)
		if (!is_annotation_key(x->meta->annotations[i].key))
			broken(x, AT(AT(x->at, "annotations"), x->meta->annotations[i].key),
			       "the name of an annotation %s", name_rule(NAME_QUALIFIED));
}

void rule_annotation_size(const struct check *x)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < x->meta->annotations_count; i++)
		bytes +=
			strlen(x->meta->annotations[i].key) + strlen(x->meta->annotations[i].value);
	if (bytes > MAX_ANNOTATIONS)
		BROKEN(x, "annotations",
		       "annotations are larger than %d KiB together; put the text into a ConfigMap",
		       MAX_ANNOTATIONS >> 10);
}

void walk_selector(const struct check *x, const struct at *at, const struct k8s_selector *s)
{
	if (s)
		check_thing(x, ON_SELECTOR, at, s);
}

void rule_selector_key(const struct check *x)
{
	const struct k8s_selector *s = x->selector;

	for (uint32_t i = 0; i < s->matchLabels_count; i++)
		check_name(x, AT(AT(x->at, "matchLabels"), s->matchLabels[i].key), NAME_QUALIFIED,
		           "the name of a label", s->matchLabels[i].key);
	for (uint32_t i = 0; i < s->matchExpressions_count; i++)
		check_name(x, AT(AT_ITEM(AT(x->at, "matchExpressions"), i), "key"), NAME_QUALIFIED,
		           "the name of a label", s->matchExpressions[i].key);
}

void rule_selector_value(const struct check *x)
{
	const struct k8s_selector *s = x->selector;

	for (uint32_t i = 0; i < s->matchLabels_count; i++)
		check_name(x, AT(AT(x->at, "matchLabels"), s->matchLabels[i].key), NAME_LABEL_VALUE,
		           "the value of a label", s->matchLabels[i].value);
	for (uint32_t i = 0; i < s->matchExpressions_count; i++) {
		const struct at *values = AT(AT_ITEM(AT(x->at, "matchExpressions"), i), "values");

		for (uint32_t v = 0; v < s->matchExpressions[i].values_count; v++)
			check_name(x, AT_ITEM(values, v), NAME_LABEL_VALUE, "the value of a label",
			           s->matchExpressions[i].values[v]);
	}
}

void rule_selector_operator(const struct check *x)
{
	for (uint32_t i = 0; i < x->selector->matchExpressions_count; i++)
		if (x->selector->matchExpressions[i].operator== K8S_OP_UNSET && !was_written(
			    x, AT_ITEM(AT(x->at, "matchExpressions"), i), "operator"))
			broken(x, AT_ITEM(AT(x->at, "matchExpressions"), i),
			       "missing field \"operator\"; write In, NotIn, Exists or "
			       "DoesNotExist");
}

void rule_selector_values(const struct check *x)
{
	for (uint32_t i = 0; i < x->selector->matchExpressions_count; i++) {
		const struct k8s_selector_term *t = &x->selector->matchExpressions[i];
		const struct at *at = AT_ITEM(AT(x->at, "matchExpressions"), i);

		if ((t->operator== K8S_OP_IN || t->operator== K8S_OP_NOT_IN) && !t->values_count)
			broken(x, at, "In and NotIn need values");
		if ((t->operator== K8S_OP_EXISTS || t->operator== K8S_OP_DOES_NOT_EXIST) &&
		    t->values_count)
			broken(x, AT(at, "values"),
			       "Exists and DoesNotExist have no values; write In or NotIn");
	}
}
