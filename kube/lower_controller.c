/* SPDX-License-Identifier: Apache-2.0 */
/* lower_controller.c - what do controllers want of their pods beyond the templates? */
#include "kube/lowering.h"

enum { CONTROLLER_COST = 256, PROGRESS_SECONDS = 600, REVISIONS = 10 };

static int64_t or_else(const int32_t *n, int64_t otherwise)
{
	return n ? *n : otherwise;
}

static char *amount(const struct k8s_int_or_string *v, const char *otherwise)
{
	if (!v)
		return xstrdup(otherwise);
	return v->string ? xstrdup(v->string) : xasprintf("%d", v->number);
}

static void fill_deployment(const struct object *o, struct plan_controller *out)
{
	const struct k8s_deployment_spec *s = o->deployment->spec;
	const struct k8s_rolling_update *r = s->strategy ? s->strategy->rollingUpdate : NULL;

	out->paused = lower_bool(s->paused);
	out->min_ready_seconds = or_else(s->minReadySeconds, 0);
	out->progress_deadline_seconds =
		lower_number(or_else(s->progressDeadlineSeconds, PROGRESS_SECONDS));
	out->revision_history = lower_number(or_else(s->revisionHistoryLimit, REVISIONS));
	out->recreate = s->strategy && s->strategy->type == K8S_STRATEGY_RECREATE;
	if (out->recreate)
		return;
	out->max_surge = amount(r ? r->maxSurge : NULL, "25%");
	out->max_unavailable = amount(r ? r->maxUnavailable : NULL, "25%");
}

static void fill_replica_set(const struct object *o, struct plan_controller *out)
{
	out->min_ready_seconds = or_else(o->replica_set->spec->minReadySeconds, 0);
}

static void fill_replication_controller(const struct object *o, struct plan_controller *out)
{
	out->min_ready_seconds = or_else(o->replication_controller->spec->minReadySeconds, 0);
}

static void fill_daemon_set(const struct object *o, struct plan_controller *out)
{
	const struct k8s_daemon_set_spec *s = o->daemon_set->spec;
	const struct k8s_ds_strategy *u = s->updateStrategy;
	const struct k8s_ds_rolling *r = u ? u->rollingUpdate : NULL;

	out->min_ready_seconds = or_else(s->minReadySeconds, 0);
	out->revision_history = lower_number(or_else(s->revisionHistoryLimit, REVISIONS));
	out->on_delete = u && u->type == K8S_UPDATE_ON_DELETE;
	if (out->on_delete)
		return;
	out->max_surge = amount(r ? r->maxSurge : NULL, "0");
	out->max_unavailable = amount(r ? r->maxUnavailable : NULL, "1");
}

static void fill_stateful_set(const struct object *o, struct plan_controller *out)
{
	const struct k8s_stateful_set_spec *s = o->stateful_set->spec;
	const struct k8s_claim_retention *keep = s->persistentVolumeClaimRetentionPolicy;
	const struct k8s_sts_strategy *u = s->updateStrategy;
	const struct k8s_sts_rolling *r = u ? u->rollingUpdate : NULL;

	out->first = lower_number(s->ordinals ? or_else(s->ordinals->start, 0) : 0);
	out->ordered = s->podManagementPolicy != K8S_POD_MANAGEMENT_PARALLEL;
	out->min_ready_seconds = or_else(s->minReadySeconds, 0);
	out->revision_history = lower_number(or_else(s->revisionHistoryLimit, REVISIONS));
	out->delete_claims_scaled = keep && keep->whenScaled == K8S_RETENTION_DELETE;
	out->delete_claims_deleted = keep && keep->whenDeleted == K8S_RETENTION_DELETE;
	out->on_delete = u && u->type == K8S_UPDATE_ON_DELETE;
	if (out->on_delete)
		return;
	out->partition = lower_number(r ? or_else(r->partition, 0) : 0);
	out->max_unavailable = amount(r ? r->maxUnavailable : NULL, "1");
}

static void (*const fill[OBJECT_TYPE_COUNT])(const struct object *o,
                                             struct plan_controller *out) = {
	[OBJECT_DEPLOYMENT] = fill_deployment,
	[OBJECT_REPLICA_SET] = fill_replica_set,
	[OBJECT_REPLICATION_CONTROLLER] = fill_replication_controller,
	[OBJECT_DAEMON_SET] = fill_daemon_set,
	[OBJECT_STATEFUL_SET] = fill_stateful_set,
};

void lower_controller(struct lowering *l, const struct workload *w, uint32_t first)
{
	const struct object *o = w->o;
	struct plan_controller *out;

	if (!fill[o->type] || !lower_spend_on(l, o, o->at, CONTROLLER_COST))
		return;
	out = LOWER_ADD(l->plan->controllers, l->plan->controllers_count);
	out->kind = xstrdup(kind_name(o->type));
	out->name = xstrdup(o->name);
	out->controller_namespace = xstrdup(o->ns);
	out->uid = xstrdup(w->uid);
	out->replicas = w->pods;
	for (uint32_t i = first; i < l->plan->pods_count; i++)
		lower_strings(l, o, o->at, &l->plan->pods[i].name, 1, &out->pods, &out->pods_count);
	fill[o->type](o, out);
}
