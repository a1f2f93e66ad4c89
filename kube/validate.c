/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate.c - which rules look at which objects?
 *
 * Theory of operation: rules of one scope stand together in rule.def, so each scope is a slice of
 * one table. The walk down an object calls check_thing() at each part, and that runs the slice.
 */
#include "kube/rule.h"

#define ERROR                                 RULE_ERROR
#define STRICT                                RULE_STRICT
#define WARNING                               RULE_WARNING
#define RULE(scope, id, level, function, doc) {id, scope, level, function},
static const struct rule rules[] = {
#include "kube/rule.def"
};
#undef RULE
#undef ERROR
#undef STRICT
#undef WARNING

#define ERROR                                 KUBE_ERROR
#define STRICT                                KUBE_ERROR
#define WARNING                               KUBE_WARNING
#define RULE(scope, id, level, function, doc) {id, doc, level},
static const struct validate_rule described[] = {
#include "kube/rule.def"
};
#undef RULE

const struct validate_rule *validate_rules(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(described);
	return described;
}

static void find_slices(struct rule_slice slices[static SCOPE_COUNT])
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct rule_slice *s = &slices[rules[i].scope];

		if (!s->end)
			s->begin = (uint16_t)i;
		s->end = (uint16_t)(i + 1);
	}
}

void broken(const struct check *x, const struct at *at, const char *fmt, ...)
{
	enum kube_severity severity = x->rule->level == RULE_WARNING ? KUBE_WARNING : KUBE_ERROR;
	struct diags *d = &x->r->d;
	const struct node *n;
	va_list ap;

	if (x->rule->level == RULE_STRICT && !load_strictness(x->r->o->validate, &severity))
		return;
	if (d->full) { /* finding the place costs a walk: not for what nobody will see */
		d->errors += severity == KUBE_ERROR;
		return;
	}
	n = run_locate(x->r, x->o, at);
	d->rule = x->rule->id;
	va_start(ap, fmt);
	diag_vadd(d, severity, x->o->file, n->line, n->column, at, fmt, ap);
	va_end(ap);
	d->rule = NULL;
}

void check_thing(const struct check *x, enum scope scope, const struct at *at, const void *thing)
{
	struct check here = *x;

	here.at = at;
	here.thing = thing;
	for (uint16_t i = x->slices[scope].begin; i < x->slices[scope].end; i++) {
		here.rule = &rules[i];
		rules[i].run(&here);
	}
}

void check_name(const struct check *x, const struct at *at, enum name_kind kind, const char *what,
                const char *text)
{
	if (text && !name_ok(kind, text))
		broken(x, at, "%s %s", what, name_rule(kind));
}

bool is_one_of(const char *word, const char *const *list, size_t count, char **hint)
{
	struct guess g = {0};

	for (size_t i = 0; i < count; i++)
		if (streq(word, list[i]))
			return true;
	for (size_t i = 0; i < count; i++)
		guess_offer(&g, word, list[i]);
	*hint = guess_text(&g);
	return false;
}

bool others_stand_at(const struct check *x, const struct at *at, const char *const *fields)
{
	const struct node *n;

	if (x->r->d.full)
		return true;
	n = run_locate(x->r, x->o, at);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->len; i++) {
		const char *const *f = fields;

		while (*f && !streq(*f, n->pair[i].key->text))
			f++;
		if (!*f && !node_is_null(n->pair[i].val))
			return true;
	}
	return false;
}

bool was_written(const struct check *x, const struct at *at, const char *field)
{
	const struct node *n;

	if (x->r->d.full)
		return true;
	n = node_get(run_locate(x->r, x->o, at), field);
	return n && !node_is_null(n);
}

bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

bool fits_below(const char *path)
{
	return *path && *path != '/' && !has_dotdot(path) && strlen(path) < PATH_MAX;
}

static void check_service(const struct check *x, const struct k8s_service_spec *s)
{
	const struct at *at = AT(x->at, "spec");

	check_thing(x, ON_SERVICE, at, s);
	for (uint32_t i = 0; i < s->ports_count; i++)
		check_thing(x, ON_SERVICE_PORT, AT_ITEM(AT(at, "ports"), i), &s->ports[i]);
}

/* What is looked at in an object besides its metadata and its pod. */
static void check_object(const struct check *x)
{
	const struct object *o = x->o;
	const struct at *spec = AT(x->at, "spec");

	switch (o->type) {
	case OBJECT_CONFIG_MAP:
		check_thing(x, ON_CONFIG_MAP, x->at, o->config_map);
		break;
	case OBJECT_SECRET:
		check_thing(x, ON_SECRET, x->at, o->secret);
		break;
	case OBJECT_CLAIM:
		walk_claim(x, spec, o->claim->spec);
		break;
	case OBJECT_PERSISTENT_VOLUME:
		if (o->volume->spec)
			check_thing(x, ON_PERSISTENT_VOLUME, spec, o->volume->spec);
		break;
	case OBJECT_SERVICE:
		if (o->service->spec)
			check_service(x, o->service->spec);
		break;
	default:
		walk_controller(x);
		break;
	}
}

static void index_object(struct run *r, uint32_t i)
{
	const struct object *o = &r->objects[i];

	if (*o->name)
		(void)names_add(&r->index,
		                arena_printf(&r->arena, "%d/%s/%s", o->type, o->ns, o->name), i,
		                NULL);
}

void validate(struct run *r)
{
	struct rule_slice slices[SCOPE_COUNT] = {0};
	struct check x = {.r = r, .slices = slices};
	struct at at[POD_VIEW_DEPTH];
	struct pod_view v;

	find_slices(slices);
	for (uint32_t i = 0; i < r->objects_count; i++)
		index_object(r, i);
	for (size_t i = 0; i < r->objects_count; i++) {
		x.o = &r->objects[i];
		x.at = x.o->at;
		check_thing(&x, ON_OBJECT, x.at, x.o->data);
		walk_meta(&x, AT(x.at, "metadata"), x.o->head->metadata, false);
		check_object(&x);
		if (run_pod_view(x.o, at, &v))
			walk_pod(&x, &v);
	}
	check_thing(&x, ON_RUN, NULL, NULL);
}
