/* SPDX-License-Identifier: Apache-2.0 */
/* lower_job.c - pods that end: when is a Job done, when has it failed, when does a CronJob make
 * one? */
#include "kube/lowering.h"

enum { JOB_COST = 512, BACKOFF_LIMIT = 6, KEEP_SUCCESSFUL = 3, KEEP_FAILED = 1 };

static int64_t *copy_int(const int32_t *n)
{
	return n ? lower_number(*n) : NULL;
}

static int64_t *copy_long(const int64_t *n)
{
	return n ? lower_number(*n) : NULL;
}

/* --- policies ----------------------------------------------------------------------------- */

static void lower_failure_rule(struct lowering *l, const struct object *o,
                               const struct k8s_failure_rule *from, struct plan_failure_rule *to)
{
	static const enum plan_failure_action actions[] = {
		[K8S_FAILURE_UNSET] = PLAN_FAILURE_COUNT,
		[K8S_FAILURE_COUNT] = PLAN_FAILURE_COUNT,
		[K8S_FAILURE_FAIL_JOB] = PLAN_FAILURE_FAIL_JOB,
		[K8S_FAILURE_FAIL_INDEX] = PLAN_FAILURE_FAIL_INDEX,
		[K8S_FAILURE_IGNORE] = PLAN_FAILURE_IGNORE,
	};
	const struct k8s_failure_exit_codes *codes = from->onExitCodes;

	to->action = actions[from->action];
	if (codes && lower_spend_on(l, o, o->at, codes->values_count * sizeof(int64_t))) {
		to->container = lower_text(codes->containerName);
		to->not_in = codes->operator== K8S_EXIT_CODE_NOT_IN;
		lower_numbers(codes->values, codes->values_count, &to->exit_codes,
		              &to->exit_codes_count);
	}
	for (uint32_t i = 0; i < from->onPodConditions_count; i++) {
		struct plan_condition *c;

		if (!lower_spend_on(l, o, o->at, LOWER_SMALL))
			return;
		c = LOWER_ADD(to->conditions, to->conditions_count);
		c->type = lower_text(from->onPodConditions[i].type);
		c->status = lower_text(from->onPodConditions[i].status);
		if (!c->status)
			c->status = xstrdup("True");
	}
}

static void lower_policies(struct lowering *l, const struct object *o, const struct k8s_job_spec *s,
                           struct plan_job *out)
{
	const struct k8s_pod_failure_policy *failure = s->podFailurePolicy;
	const struct k8s_success_policy *success = s->successPolicy;

	for (uint32_t i = 0; failure && i < failure->rules_count; i++) {
		struct plan_failure_rule *to;

		if (!lower_spend_on(l, o, o->at, LOWER_SMALL))
			return;
		to = LOWER_ADD(out->failure_rules, out->failure_rules_count);
		lower_failure_rule(l, o, &failure->rules[i], to);
	}
	for (uint32_t i = 0; success && i < success->rules_count; i++) {
		struct plan_success_rule *to;

		if (!lower_spend_on(l, o, o->at, LOWER_SMALL))
			return;
		to = LOWER_ADD(out->success_rules, out->success_rules_count);
		to->indexes = lower_text(success->rules[i].succeededIndexes);
		to->count = copy_int(success->rules[i].succeededCount);
	}
}

/* --- jobs --------------------------------------------------------------------------------- */

/* Neither number written means one pod; parallelism alone means: until one succeeds. */
static void lower_numbers_of(const struct k8s_job_spec *s, struct plan_job *out)
{
	bool per_index = s->backoffLimitPerIndex;

	out->parallelism = s->parallelism ? *s->parallelism : 1;
	out->completions = copy_int(s->completions);
	if (!s->completions && !s->parallelism)
		out->completions = lower_number(1);
	out->backoff_limit = s->backoffLimit ? *s->backoffLimit
	                     : per_index     ? INT32_MAX
	                                     : BACKOFF_LIMIT;
	out->backoff_limit_per_index = copy_int(s->backoffLimitPerIndex);
	out->max_failed_indexes = copy_int(s->maxFailedIndexes);
	out->active_deadline_seconds = copy_long(s->activeDeadlineSeconds);
	out->ttl_seconds = copy_int(s->ttlSecondsAfterFinished);
}

static void fill_job(struct lowering *l, const struct workload *w, const struct k8s_job_spec *s,
                     struct plan_job *out)
{
	out->name = xstrdup(w->o->name);
	out->job_namespace = xstrdup(w->o->ns);
	out->uid = xstrdup(w->uid);
	out->indexed = w->indexed;
	out->suspend = lower_bool(s->suspend);
	/* with a policy for failures only those that have failed are replaced */
	out->replace_failed_only =
		s->podReplacementPolicy == K8S_POD_REPLACEMENT_FAILED || s->podFailurePolicy;
	lower_numbers_of(s, out);
	lower_policies(l, w->o, s, out);
}

void lower_job(struct lowering *l, const struct workload *w, uint32_t first)
{
	const struct object *o = w->o;
	struct plan_job *out;

	if (!lower_spend_on(l, o, o->at, JOB_COST))
		return;
	out = LOWER_ADD(l->plan->jobs, l->plan->jobs_count);
	fill_job(l, w, o->job->spec, out);
	for (uint32_t i = first; i < l->plan->pods_count; i++)
		lower_strings(l, o, o->at, &l->plan->pods[i].name, 1, &out->pods, &out->pods_count);
}

/* --- cron jobs ---------------------------------------------------------------------------- */

static void lower_schedule(const struct k8s_cron_job_spec *s, struct plan_cron_job *out)
{
	static const enum plan_concurrency policies[] = {
		[K8S_CONCURRENCY_UNSET] = PLAN_CONCURRENCY_ALLOW,
		[K8S_CONCURRENCY_ALLOW] = PLAN_CONCURRENCY_ALLOW,
		[K8S_CONCURRENCY_FORBID] = PLAN_CONCURRENCY_FORBID,
		[K8S_CONCURRENCY_REPLACE] = PLAN_CONCURRENCY_REPLACE,
	};

	out->schedule = xstrdup(text_of(s->schedule));
	out->time_zone = lower_text(s->timeZone);
	out->concurrency = policies[s->concurrencyPolicy];
	out->starting_deadline_seconds = copy_long(s->startingDeadlineSeconds);
	out->suspend = lower_bool(s->suspend);
	out->keep_successful =
		s->successfulJobsHistoryLimit ? *s->successfulJobsHistoryLimit : KEEP_SUCCESSFUL;
	out->keep_failed = s->failedJobsHistoryLimit ? *s->failedJobsHistoryLimit : KEEP_FAILED;
}

void lower_cron_job(struct lowering *l, const struct workload *w)
{
	const struct object *o = w->o;
	const struct k8s_cron_job_spec *s = o->cron_job->spec;
	const struct k8s_meta *m = s->jobTemplate->metadata;
	const struct at *at = AT(AT(AT(o->at, "spec"), "jobTemplate"), "metadata");
	struct plan_cron_job *out;

	if (!lower_spend_on(l, o, o->at, JOB_COST))
		return;
	out = LOWER_ADD(l->plan->cron_jobs, l->plan->cron_jobs_count);
	out->name = xstrdup(o->name);
	out->job_namespace = xstrdup(o->ns);
	out->uid = xstrdup(w->uid);
	lower_schedule(s, out);
	if (m) {
		lower_pairs(l, o, at, m->labels, m->labels_count, &out->labels, &out->labels_count);
		lower_pairs(l, o, at, m->annotations, m->annotations_count, &out->annotations,
		            &out->annotations_count);
	}
	fill_job(l, w, s->jobTemplate->spec, &out->job);
	out->pod.name = xstrdup(o->name);
	out->pod.pod_namespace = xstrdup(o->ns);
	lower_pod(l, w, 0, &out->pod);
}
