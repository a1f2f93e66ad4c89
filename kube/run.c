/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - see run.h */
#include "kube/run.h"

enum { MAX_LISTED = 10 };

static void report(struct run *r, const struct object *o, enum kube_severity severity,
                   const struct at *at, const char *fmt, va_list ap)
	__attribute__((format(printf, 5, 0)));

static void report(struct run *r, const struct object *o, enum kube_severity severity,
                   const struct at *at, const char *fmt, va_list ap)
{
	const struct node *n;

	if (r->d.full) { /* finding the place costs a walk: not for what nobody will see */
		r->d.errors += severity == KUBE_ERROR;
		return;
	}
	n = run_locate(r, o, at);
	diag_vadd(&r->d, severity, o->file, n->line, n->column, at, fmt, ap);
}

void run_report(struct run *r, const struct object *o, enum kube_severity severity,
                const struct at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(r, o, severity, at, fmt, ap);
	va_end(ap);
}

void run_report_strict(struct run *r, const struct object *o, const struct at *at, const char *fmt,
                       ...)
{
	enum kube_severity severity;
	va_list ap;

	if (!load_strictness(r->o->validate, &severity))
		return;
	va_start(ap, fmt);
	report(r, o, severity, at, fmt, ap);
	va_end(ap);
}

const struct object *run_find(const struct run *r, enum object_type type, const char *ns,
                              const char *name)
{
	autofree char *key = xasprintf("%d/%s/%s", type, ns, name);
	uint32_t i;

	return names_find(&r->index, key, &i) ? &r->objects[i] : NULL;
}

char *run_names(const struct run *r, enum object_type type, const char *ns)
{
	struct strbuf out = {0};
	size_t count = 0;

	for (size_t i = 0; i < r->objects_count && !r->d.full; i++) {
		const struct object *o = &r->objects[i];

		if (o->type != type || !streq(o->ns, ns))
			continue;
		if (++count > MAX_LISTED) {
			strbuf_adds(&out, ", ...");
			break;
		}
		autofree char *name = diag_quote(o->name);

		strbuf_addf(&out, "%s%s", count == 1 ? "; these files have: " : ", ", name);
	}
	if (!count)
		strbuf_addf(&out, "; these files have no %s", kind_name(type));
	return strbuf_take(&out);
}

bool run_pod_view(const struct object *o, struct at at[static 3], struct pod_view *ret)
{
	const struct k8s_pod_template *t;

	*ret = (struct pod_view){.o = o, .at = o->at};
	if (o->type == OBJECT_POD) {
		ret->meta = o->pod->metadata;
		ret->spec = o->pod->spec;
	} else if (o->type == OBJECT_DEPLOYMENT) {
		t = o->deployment->spec ? o->deployment->spec->template : NULL;
		at[0] = (struct at){.up = o->at, .key = "spec"};
		at[1] = (struct at){.up = &at[0], .key = "template"};
		ret->meta = t ? t->metadata : NULL;
		ret->spec = t ? t->spec : NULL;
		ret->at = &at[1];
	} else {
		return false;
	}
	at[2] = (struct at){.up = ret->at, .key = "spec"};
	ret->spec_at = &at[2];
	return true;
}
