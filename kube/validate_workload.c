/* SPDX-License-Identifier: Apache-2.0 */
/* validate_workload.c - controllers: do they own the pods that they make, and can they update them?
 */
#include "kube/rule.h"
#include "pkg/util/str.h"

/* What all specs but that of a ReplicationController have. */
#define TAKE(s)                                                                                    \
	do {                                                                                       \
		if (!(s))                                                                          \
			return false;                                                              \
		ret->selector = (s)->selector;                                                     \
		ret->template = (s)->template;                                                     \
	} while (0)

#define TAKE_REPLICAS(s)                                                                           \
	do {                                                                                       \
		ret->replicas = (s)->replicas;                                                     \
		ret->ready_seconds = (s)->minReadySeconds;                                         \
		ret->pods = ret->replicas ? *ret->replicas : 1;                                    \
	} while (0)

/* Pods of a Job that run at the same time. */
static int64_t job_pods(const struct k8s_job_spec *s)
{
	int64_t pods = s->parallelism ? *s->parallelism : 1;

	if (is_true(s->suspend))
		return 0;
	return s->completions && *s->completions < pods ? *s->completions : pods;
}

bool controller_of(const struct object *o, struct controller *ret)
{
	*ret = (struct controller){.pods = 1};
	switch (o->type) {
	case OBJECT_DEPLOYMENT:
		TAKE(o->deployment->spec);
		TAKE_REPLICAS(o->deployment->spec);
		ret->history = o->deployment->spec->revisionHistoryLimit;
		return true;
	case OBJECT_REPLICA_SET:
		TAKE(o->replica_set->spec);
		TAKE_REPLICAS(o->replica_set->spec);
		return true;
	case OBJECT_STATEFUL_SET:
		TAKE(o->stateful_set->spec);
		TAKE_REPLICAS(o->stateful_set->spec);
		ret->history = o->stateful_set->spec->revisionHistoryLimit;
		return true;
	case OBJECT_DAEMON_SET:
		TAKE(o->daemon_set->spec);
		ret->ready_seconds = o->daemon_set->spec->minReadySeconds;
		ret->history = o->daemon_set->spec->revisionHistoryLimit;
		return true;
	case OBJECT_REPLICATION_CONTROLLER:
		if (!o->replication_controller->spec)
			return false;
		ret->map = o->replication_controller->spec->selector;
		ret->map_count = o->replication_controller->spec->selector_count;
		ret->template = o->replication_controller->spec->template;
		TAKE_REPLICAS(o->replication_controller->spec);
		return true;
	case OBJECT_JOB:
		TAKE(o->job->spec);
		ret->pods = job_pods(o->job->spec);
		return true;
	default:
		return false;
	}
}

/* Storage of each pod of a StatefulSet. */
static void walk_claim_templates(const struct check *x, const struct k8s_stateful_set_spec *s)
{
	for (uint32_t i = 0; i < s->volumeClaimTemplates_count; i++) {
		const struct k8s_claim *c = &s->volumeClaimTemplates[i];
		const struct at *at = AT_ITEM(AT(AT(x->at, "spec"), "volumeClaimTemplates"), i);

		walk_meta(x, AT(at, "metadata"), c->metadata, true);
		walk_claim(x, AT(at, "spec"), c->spec);
	}
}

static void walk_cron_job(const struct check *x, const struct k8s_cron_job_spec *s)
{
	const struct at *at = AT(AT(x->at, "spec"), "jobTemplate");

	check_thing(x, ON_CRON_JOB, AT(x->at, "spec"), s);
	if (!s->jobTemplate)
		return;
	walk_meta(x, AT(at, "metadata"), s->jobTemplate->metadata, true);
	if (s->jobTemplate->spec)
		check_thing(x, ON_JOB, AT(at, "spec"), s->jobTemplate->spec);
}

void walk_controller(const struct check *x)
{
	const struct at *spec = AT(x->at, "spec");
	const struct object *o = x->o;
	struct controller w;

	if (o->type == OBJECT_CRON_JOB && o->cron_job->spec)
		walk_cron_job(x, o->cron_job->spec);
	if (!controller_of(o, &w))
		return;
	walk_selector(x, AT(spec, "selector"), w.selector);
	if (o->type == OBJECT_JOB) {
		check_thing(x, ON_JOB, spec, o->job->spec);
		return;
	}
	check_thing(x, ON_CONTROLLER, spec, &w);
	if (o->type == OBJECT_DEPLOYMENT)
		check_thing(x, ON_DEPLOYMENT, spec, o->deployment->spec);
	if (o->type == OBJECT_DAEMON_SET)
		check_thing(x, ON_DAEMON_SET, spec, o->daemon_set->spec);
	if (o->type == OBJECT_STATEFUL_SET) {
		check_thing(x, ON_STATEFUL_SET, spec, o->stateful_set->spec);
		walk_claim_templates(x, o->stateful_set->spec);
	}
}

void rule_workload_number(const struct check *x)
{
	const struct controller *w = x->controller;

	if (outside(w->replicas, 0, INT32_MAX))
		BROKEN(x, "replicas", "cannot be negative; write 0 for no pods");
	if (outside(w->ready_seconds, 0, INT32_MAX))
		BROKEN(x, "minReadySeconds", "cannot be negative; write 0 or leave it out");
	if (outside(w->history, 0, INT32_MAX))
		BROKEN(x, "revisionHistoryLimit", "cannot be negative; write 0 to keep none");
}

void rule_workload_template(const struct check *x)
{
	/* where it is required the loader has said so */
	if (!x->controller->template &&
	    (x->o->type == OBJECT_REPLICATION_CONTROLLER || x->o->type == OBJECT_REPLICA_SET))
		broken(x, x->at, "missing field \"template\": the pod that is to be kept running");
}

void rule_workload_selector_empty(const struct check *x)
{
	const struct k8s_selector *s = x->controller->selector;

	if (s && !s->matchLabels_count && !s->matchExpressions_count)
		BROKEN(x, "selector",
		       "an empty selector selects nothing; write matchLabels: with the labels of "
		       "the template");
}

static bool has_value(const struct k8s_selector_term *t, const char *value)
{
	for (uint32_t i = 0; value && i < t->values_count; i++)
		if (streq(t->values[i], value))
			return true;
	return false;
}

static bool term_matches(const struct k8s_selector_term *t, const char *value)
{
	switch (t->operator) {
	case K8S_OP_IN:
		return !t->values_count || has_value(t, value); /* none: reported */
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

/* The labels of a template by name. */
static void index_labels(const struct k8s_pod_template *t, struct names *ret)
{
	for (uint32_t i = 0; t->metadata && i < t->metadata->labels_count; i++)
		(void)names_add(ret, t->metadata->labels[i].key, i, NULL);
}

static const char *label_of(const struct k8s_pod_template *t, const struct names *labels,
                            const char *key)
{
	uint32_t i;

	return names_find(labels, key, &i) ? t->metadata->labels[i].value : NULL;
}

static void match_pairs(const struct check *x, const struct at *at, const struct names *labels,
                        const struct k8s_pair *p, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *value = label_of(x->controller->template, labels, p[i].key);

		if ((value && streq(value, p[i].value)) || !name_is_qualified(p[i].key))
			continue;
		autofree char *got = diag_quote(text_of(value)), *want = diag_quote(p[i].value);

		if (value)
			broken(x, AT(at, p[i].key),
			       "the template has \"%s\", so its pods are not selected; write \"%s\" "
			       "in both",
			       got, want);
		else
			broken(x, AT(at, p[i].key),
			       "the template does not have this label, so its pods are not "
			       "selected; add it to the labels in template.metadata");
	}
}

void rule_workload_selector_mismatch(const struct check *x)
{
	const struct controller *w = x->controller;
	const struct at *at = AT(x->at, "selector");
	autonames struct names labels = {0};

	if (!w->template)
		return;
	index_labels(w->template, &labels);
	match_pairs(x, at, &labels, w->map, w->map_count);
	if (!w->selector)
		return;
	match_pairs(x, AT(at, "matchLabels"), &labels, w->selector->matchLabels,
	            w->selector->matchLabels_count);
	for (uint32_t i = 0; i < w->selector->matchExpressions_count; i++) {
		const struct k8s_selector_term *t = &w->selector->matchExpressions[i];

		if (t->key && name_is_qualified(t->key) &&
		    !term_matches(t, label_of(w->template, &labels, t->key)))
			broken(x, AT_ITEM(AT(at, "matchExpressions"), i),
			       "does not match the template's labels; change one of them");
	}
}

static const struct k8s_pod_spec *template_spec(const struct check *x)
{
	return x->controller->template ? x->controller->template->spec : NULL;
}

void rule_workload_restart_policy(const struct check *x)
{
	const struct k8s_pod_spec *s = template_spec(x);

	if (s && s->restartPolicy != K8S_RESTART_UNSET && s->restartPolicy != K8S_RESTART_ALWAYS)
		broken(x, AT(AT(AT(x->at, "template"), "spec"), "restartPolicy"),
		       "must be Always in a %s; pods that are to end belong to a Job",
		       kind_name(x->o->type));
}

void rule_workload_deadline(const struct check *x)
{
	const struct k8s_pod_spec *s = template_spec(x);

	if (s && s->activeDeadlineSeconds)
		broken(x, AT(AT(AT(x->at, "template"), "spec"), "activeDeadlineSeconds"),
		       "the pods of a %s have no deadline; pods that are to end belong to a Job",
		       kind_name(x->o->type));
}

/* A number of pods, or a percentage such as 25%; -1 if it is neither. */
static int64_t amount_of(const struct k8s_int_or_string *v)
{
	int64_t n;

	if (!v->string)
		return v->number;
	if (!ends_with(v->string, "%"))
		return -1;
	autofree char *digits = xstrndup(v->string, strlen(v->string) - 1);

	return str_parse_int(digits, 0, INT32_MAX, &n) < 0 ? -1 : n;
}

static void check_amount(const struct check *x, const struct at *at, const char *key,
                         const struct k8s_int_or_string *v)
{
	if (v && amount_of(v) < 0)
		broken(x, AT(at, key), "must be a number of pods or a percentage such as 25%%");
	else if (v && v->string && amount_of(v) > 100 && streq(key, "maxUnavailable"))
		broken(x, AT(at, key), "cannot be more than 100%%");
}

static bool is_zero(const struct k8s_int_or_string *v)
{
	return v && amount_of(v) == 0;
}

void rule_deployment_update_amount(const struct check *x)
{
	const struct k8s_strategy *s = x->deployment->strategy;
	const struct at *at = AT(AT(x->at, "strategy"), "rollingUpdate");

	if (!s || !s->rollingUpdate)
		return;
	check_amount(x, at, "maxSurge", s->rollingUpdate->maxSurge);
	check_amount(x, at, "maxUnavailable", s->rollingUpdate->maxUnavailable);
}

void rule_deployment_update_stuck(const struct check *x)
{
	const struct k8s_strategy *s = x->deployment->strategy;

	if (s && s->rollingUpdate && is_zero(s->rollingUpdate->maxSurge) &&
	    is_zero(s->rollingUpdate->maxUnavailable))
		broken(x, AT(AT(AT(x->at, "strategy"), "rollingUpdate"), "maxUnavailable"),
		       "maxSurge and maxUnavailable cannot both be 0: no pod could be replaced");
}

void rule_deployment_recreate(const struct check *x)
{
	const struct k8s_strategy *s = x->deployment->strategy;

	if (s && s->type == K8S_STRATEGY_RECREATE && s->rollingUpdate)
		broken(x, AT(AT(x->at, "strategy"), "rollingUpdate"),
		       "means nothing with type Recreate; leave it out, or write type: "
		       "RollingUpdate");
}

void rule_deployment_progress(const struct check *x)
{
	const int32_t *deadline = x->deployment->progressDeadlineSeconds;
	const int32_t *ready = x->deployment->minReadySeconds;
	int32_t least = ready && *ready > 0 ? *ready : 0;

	if (deadline && *deadline <= least)
		BROKEN(x, "progressDeadlineSeconds", "must be more than minReadySeconds (%d)",
		       least);
}

void rule_daemon_set_update_amount(const struct check *x)
{
	const struct k8s_ds_strategy *s = x->daemon_set->updateStrategy;
	const struct at *at = AT(AT(x->at, "updateStrategy"), "rollingUpdate");

	if (!s || !s->rollingUpdate)
		return;
	check_amount(x, at, "maxSurge", s->rollingUpdate->maxSurge);
	check_amount(x, at, "maxUnavailable", s->rollingUpdate->maxUnavailable);
}

/* Unlike in a Deployment one of them must be 0. */
void rule_daemon_set_update_stuck(const struct check *x)
{
	const struct k8s_ds_strategy *s = x->daemon_set->updateStrategy;
	const struct at *at = AT(AT(x->at, "updateStrategy"), "rollingUpdate");
	bool surge, unavailable;

	if (!s || !s->rollingUpdate)
		return;
	surge = s->rollingUpdate->maxSurge && !is_zero(s->rollingUpdate->maxSurge);
	unavailable = !is_zero(s->rollingUpdate->maxUnavailable);
	if (!surge && !unavailable)
		broken(x, AT(at, "maxUnavailable"),
		       "maxSurge and maxUnavailable cannot both be 0: no pod could be replaced");
	if (surge && unavailable)
		broken(x, AT(at, "maxSurge"), "with maxSurge write maxUnavailable: 0");
}

void rule_stateful_set_service(const struct check *x)
{
	if (has_text(x->stateful_set->serviceName))
		check_name(x, AT(x->at, "serviceName"), NAME_SERVICE, "the name of a Service",
		           x->stateful_set->serviceName);
}

void rule_stateful_set_ordinals(const struct check *x)
{
	const struct k8s_ordinals *o = x->stateful_set->ordinals;

	if (o && outside(o->start, 0, INT32_MAX))
		broken(x, AT(AT(x->at, "ordinals"), "start"), "cannot be negative");
}

void rule_stateful_set_update(const struct check *x)
{
	const struct k8s_sts_strategy *s = x->stateful_set->updateStrategy;
	const struct at *at = AT(AT(x->at, "updateStrategy"), "rollingUpdate");

	if (!s || !s->rollingUpdate)
		return;
	if (s->type == K8S_UPDATE_ON_DELETE)
		broken(x, at, "means nothing with type OnDelete; leave it out");
	if (outside(s->rollingUpdate->partition, 0, INT32_MAX))
		broken(x, AT(at, "partition"), "cannot be negative");
	check_amount(x, at, "maxUnavailable", s->rollingUpdate->maxUnavailable);
	if (is_zero(s->rollingUpdate->maxUnavailable))
		broken(x, AT(at, "maxUnavailable"), "cannot be 0: no pod could be replaced");
}

void rule_stateful_set_claim_name(const struct check *x)
{
	const struct k8s_stateful_set_spec *s = x->stateful_set;
	autonames struct names seen = {0};

	for (uint32_t i = 0; i < s->volumeClaimTemplates_count; i++) {
		const struct k8s_meta *m = s->volumeClaimTemplates[i].metadata;
		const struct at *at = AT(AT_ITEM(AT(x->at, "volumeClaimTemplates"), i), "metadata");

		if (m && !has_text(m->name))
			broken(x, at, "missing field \"name\": what volumeMounts call this volume");
		else if (m && !name_is_label(m->name))
			check_name(x, AT(at, "name"), NAME_LABEL, "a volume's name", m->name);
		else if (m && !names_add(&seen, m->name, i, NULL))
			broken(x, AT(at, "name"),
			       "another claim template has this name; give one of them another");
	}
}

void rule_stateful_set_claim_hides(const struct check *x)
{
	const struct k8s_stateful_set_spec *s = x->stateful_set;
	const struct k8s_pod_spec *pod = s->template ? s->template->spec : NULL;
	autonames struct names volumes = {0};
	uint32_t v;

	for (uint32_t i = 0; pod && i < pod->volumes_count; i++)
		if (pod->volumes[i].name)
			(void)names_add(&volumes, pod->volumes[i].name, i, NULL);
	for (uint32_t i = 0; i < s->volumeClaimTemplates_count; i++) {
		const struct k8s_meta *m = s->volumeClaimTemplates[i].metadata;

		if (m && m->name && names_find(&volumes, m->name, &v))
			broken(x,
			       AT(AT(AT_ITEM(AT(x->at, "volumeClaimTemplates"), i), "metadata"),
			          "name"),
			       "takes the place of volumes[%u] of the template; leave one of them "
			       "out",
			       v);
	}
}
