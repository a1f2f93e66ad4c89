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

	if (r->muted && severity != KUBE_ERROR)
		return;
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

static const struct k8s_pod_template *job_template(const struct k8s_job_spec *s)
{
	return s ? s->template : NULL;
}

static const struct k8s_pod_template *template_of(const struct object *o)
{
#define TEMPLATE(object) ((object)->spec ? (object)->spec->template : NULL)
	const struct k8s_job_template *job;

	switch (o->type) {
	case OBJECT_POD_TEMPLATE:
		return o->pod_template->template;
	case OBJECT_REPLICATION_CONTROLLER:
		return TEMPLATE(o->replication_controller);
	case OBJECT_REPLICA_SET:
		return TEMPLATE(o->replica_set);
	case OBJECT_DEPLOYMENT:
		return TEMPLATE(o->deployment);
	case OBJECT_STATEFUL_SET:
		return TEMPLATE(o->stateful_set);
	case OBJECT_DAEMON_SET:
		return TEMPLATE(o->daemon_set);
	case OBJECT_JOB:
		return job_template(o->job->spec);
	case OBJECT_CRON_JOB:
		job = o->cron_job->spec ? o->cron_job->spec->jobTemplate : NULL;
		return job ? job_template(job->spec) : NULL;
	default:
		return NULL;
	}
#undef TEMPLATE
}

/* Where the template of a pod stands in an object. */
static const char *const template_paths[OBJECT_TYPE_COUNT][POD_VIEW_DEPTH] = {
	[OBJECT_POD_TEMPLATE] = {"template"},
	[OBJECT_REPLICATION_CONTROLLER] = {"spec", "template"},
	[OBJECT_REPLICA_SET] = {"spec", "template"},
	[OBJECT_DEPLOYMENT] = {"spec", "template"},
	[OBJECT_STATEFUL_SET] = {"spec", "template"},
	[OBJECT_DAEMON_SET] = {"spec", "template"},
	[OBJECT_JOB] = {"spec", "template"},
	[OBJECT_CRON_JOB] = {"spec", "jobTemplate", "spec", "template"},
};

bool run_pod_view(const struct object *o, struct at at[static POD_VIEW_DEPTH], struct pod_view *ret)
{
	const char *const *path = template_paths[o->type];
	const struct k8s_pod_template *t;
	size_t n = 0;

	*ret = (struct pod_view){.o = o, .at = o->at};
	if (o->type == OBJECT_POD) {
		ret->meta = o->pod->metadata;
		ret->spec = o->pod->spec;
	} else if (path[0]) {
		t = template_of(o);
		ret->meta = t ? t->metadata : NULL;
		ret->spec = t ? t->spec : NULL;
	} else {
		return false;
	}
	for (; path[n]; n++) {
		at[n] = (struct at){.up = ret->at, .key = path[n]};
		ret->at = &at[n];
	}
	at[n] = (struct at){.up = ret->at, .key = "spec"};
	ret->spec_at = &at[n];
	return true;
}
