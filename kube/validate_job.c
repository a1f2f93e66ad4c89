/* SPDX-License-Identifier: Apache-2.0 */
/* validate_job.c - Jobs and CronJobs: do their pods end, do their numbers fit, when do they run? */
#include "kube/cron.h"
#include "kube/rule.h"

enum {
	MAX_INDEXED_PARALLELISM = 100000,
	MAX_FAILED_INDEXES = 100000,
	MAX_FAILURE_RULES = 20,
	MAX_EXIT_CODES = 255,
};

void rule_job_restart_policy(const struct check *x)
{
	const struct k8s_pod_spec *s = x->job->template ? x->job->template->spec : NULL;
	const struct at *at = AT(AT(x->at, "template"), "spec");

	if (s && s->restartPolicy == K8S_RESTART_UNSET && !was_written(x, at, "restartPolicy"))
		broken(x, at,
		       "missing field \"restartPolicy\"; write OnFailure or Never: with the default "
		       "(Always) the Job would never end");
	else if (s && s->restartPolicy == K8S_RESTART_ALWAYS)
		broken(x, AT(at, "restartPolicy"),
		       "the pods of a Job must end; write OnFailure or Never");
}

void rule_job_number(const struct check *x)
{
	const struct k8s_job_spec *j = x->job;
	const struct {
		const char *key;
		const int32_t *v;
	} numbers[] = {
		{"completions", j->completions},
		{"parallelism", j->parallelism},
		{"backoffLimit", j->backoffLimit},
		{"backoffLimitPerIndex", j->backoffLimitPerIndex},
		{"maxFailedIndexes", j->maxFailedIndexes},
		{"ttlSecondsAfterFinished", j->ttlSecondsAfterFinished},
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (outside(numbers[i].v, 0, INT32_MAX))
			broken(x, AT(x->at, numbers[i].key), "cannot be negative");
	if (outside_long(j->activeDeadlineSeconds, 0, INT32_MAX))
		BROKEN(x, "activeDeadlineSeconds", "is 0 to %d seconds", INT32_MAX);
}

static bool is_indexed(const struct k8s_job_spec *j)
{
	return j->completionMode == K8S_COMPLETION_INDEXED;
}

void rule_job_indexed(const struct check *x)
{
	const struct k8s_job_spec *j = x->job;

	if (is_indexed(j) && !j->completions)
		broken(x, x->at, "completionMode Indexed needs completions: the number of indexes");
	if (is_indexed(j) && outside(j->parallelism, INT32_MIN, MAX_INDEXED_PARALLELISM))
		BROKEN(x, "parallelism", "is at most %d with completionMode Indexed",
		       MAX_INDEXED_PARALLELISM);
}

void rule_job_per_index(const struct check *x)
{
	const struct k8s_job_spec *j = x->job;

	if (j->backoffLimitPerIndex && !is_indexed(j))
		BROKEN(x, "backoffLimitPerIndex", "needs completionMode: Indexed");
	if (j->maxFailedIndexes && !j->backoffLimitPerIndex)
		BROKEN(x, "maxFailedIndexes", "needs backoffLimitPerIndex");
	if (j->maxFailedIndexes && j->completions && *j->maxFailedIndexes > *j->completions)
		BROKEN(x, "maxFailedIndexes", "is more than the completions (%d)", *j->completions);
	else if (outside(j->maxFailedIndexes, INT32_MIN, MAX_FAILED_INDEXES))
		BROKEN(x, "maxFailedIndexes", "is at most %d", MAX_FAILED_INDEXES);
	if (j->successPolicy && !is_indexed(j))
		BROKEN(x, "successPolicy", "needs completionMode: Indexed");
}

/* What a cluster writes into the Jobs that it shows: exported Jobs have it. */
static bool is_generated(const struct k8s_selector *s)
{
	for (uint32_t i = 0; i < s->matchLabels_count; i++)
		if (streq(s->matchLabels[i].key, "controller-uid") ||
		    streq(s->matchLabels[i].key, "batch.kubernetes.io/controller-uid"))
			return true;
	return false;
}

void rule_job_selector(const struct check *x)
{
	const struct k8s_selector *s = x->job->selector;

	if (s && !is_true(x->job->manualSelector) && !is_generated(s))
		BROKEN(x, "selector",
		       "a Job selects its own pods; leave this out (or write manualSelector: "
		       "true)");
}

void rule_job_failure_policy(const struct check *x)
{
	const struct k8s_pod_failure_policy *p = x->job->podFailurePolicy;
	const struct at *at = AT(AT(x->at, "podFailurePolicy"), "rules");
	const struct k8s_pod_spec *pod = x->job->template ? x->job->template->spec : NULL;

	if (!p)
		return;
	if (pod && pod->restartPolicy == K8S_RESTART_ON_FAILURE)
		BROKEN(x, "podFailurePolicy", "needs restartPolicy: Never in the template");
	if (p->rules_count > MAX_FAILURE_RULES)
		broken(x, at, "more than %d rules", MAX_FAILURE_RULES);
	for (uint32_t i = 0; i < p->rules_count; i++) {
		const struct k8s_failure_rule *rule = &p->rules[i];

		if (rule->action == K8S_FAILURE_UNSET && !was_written(x, AT_ITEM(at, i), "action"))
			broken(x, AT_ITEM(at, i),
			       "missing field \"action\"; write FailJob, FailIndex, Ignore or "
			       "Count");
		if ((rule->onExitCodes != NULL) + (rule->onPodConditions_count > 0) != 1)
			broken(x, AT_ITEM(at, i), "needs one of onExitCodes and onPodConditions");
	}
}

void rule_job_failure_codes(const struct check *x)
{
	const struct k8s_pod_failure_policy *p = x->job->podFailurePolicy;

	for (uint32_t i = 0; p && i < p->rules_count; i++) {
		const struct k8s_failure_exit_codes *c = p->rules[i].onExitCodes;
		const struct at *rule = AT_ITEM(AT(AT(x->at, "podFailurePolicy"), "rules"), i);
		const struct at *at = AT(rule, "onExitCodes");

		if (!c)
			continue;
		if (c->operator== K8S_EXIT_CODE_UNSET && !was_written(x, at, "operator"))
			broken(x, at, "missing field \"operator\"; write In or NotIn");
		if (!c->values_count || c->values_count > MAX_EXIT_CODES)
			broken(x, AT(at, "values"), "needs 1 to %d exit codes", MAX_EXIT_CODES);
		for (uint32_t v = 0; v < c->values_count; v++)
			if (c->operator== K8S_EXIT_CODE_IN && c->values[v] == 0)
				broken(x, AT_ITEM(AT(at, "values"), v),
				       "0 is success; leave it out");
	}
}

static bool has_container(const struct k8s_pod_spec *s, const char *name)
{
	for (uint32_t i = 0; i < s->containers_count; i++)
		if (s->containers[i].name && streq(s->containers[i].name, name))
			return true;
	for (uint32_t i = 0; i < s->initContainers_count; i++)
		if (s->initContainers[i].name && streq(s->initContainers[i].name, name))
			return true;
	return false;
}

void rule_job_failure_container(const struct check *x)
{
	const struct k8s_pod_failure_policy *p = x->job->podFailurePolicy;
	const struct k8s_pod_spec *pod = x->job->template ? x->job->template->spec : NULL;

	for (uint32_t i = 0; p && pod && i < p->rules_count && i < MAX_FAILURE_RULES; i++) {
		const struct k8s_failure_exit_codes *c = p->rules[i].onExitCodes;

		if (!c || !has_text(c->containerName) || has_container(pod, c->containerName))
			continue;
		autofree char *shown = diag_quote(c->containerName);

		broken(x,
		       AT(AT(AT_ITEM(AT(AT(x->at, "podFailurePolicy"), "rules"), i), "onExitCodes"),
		          "containerName"),
		       "the template has no container \"%s\"", shown);
	}
}

void rule_cron_schedule(const struct check *x)
{
	struct err e = {0};
	struct cron c;

	if (x->cron_job->schedule && cron_parse(x->cron_job->schedule, &c, &e) < 0)
		BROKEN(x, "schedule", "%s", e.msg);
}

void rule_cron_time_zone(const struct check *x)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
	const char *zone = x->cron_job->timeZone;

	if (zone && (!*zone || zone[strspn(zone, letters)] || *zone == '/' ||
	             ends_with(zone, "/") || strstr(zone, "//") || strcasecmp(zone, "local") == 0))
		BROKEN(x, "timeZone",
		       "must be the name of a time zone such as Europe/Berlin or Etc/UTC");
}

void rule_cron_number(const struct check *x)
{
	const struct k8s_cron_job_spec *c = x->cron_job;

	if (outside_long(c->startingDeadlineSeconds, 0, INT64_MAX))
		BROKEN(x, "startingDeadlineSeconds", "cannot be negative");
	if (outside(c->successfulJobsHistoryLimit, 0, INT32_MAX))
		BROKEN(x, "successfulJobsHistoryLimit", "cannot be negative");
	if (outside(c->failedJobsHistoryLimit, 0, INT32_MAX))
		BROKEN(x, "failedJobsHistoryLimit", "cannot be negative");
}
