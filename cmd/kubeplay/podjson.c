/* SPDX-License-Identifier: Apache-2.0 */
/* podjson.c - see podjson.h */
#include "cmd/kubeplay/podjson.h"

#include "cmd/kubeplay/report.h"
#include "pkg/util/clock.h"

static void set_time(json_t *o, const char *key, int64_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	if (ns <= 0)
		return;
	clock_rfc3339_s(ns, text);
	report_set(o, key, text);
}

/* --- containers
 * -------------------------------------------------------------------------------------------------
 */

/* One id for each run, as a kubelet's containers have: the runs of a container are counted from 0.
 */
static char *container_id(const struct state_pod *pod, const struct state_container *c, int64_t run)
{
	return xasprintf("kubeplay://%s/%s/%lld", pod->uid ? pod->uid : pod->name, c->name,
	                 (long long)run);
}

static json_t *terminated(const struct state_run *run, const char *id)
{
	json_t *t = json_object();

	(void)json_object_set_new(t, "exitCode", json_integer(run->exit_code));
	if (run->signal)
		(void)json_object_set_new(t, "signal", json_integer(run->signal));
	report_set(t, "reason", run->reason);
	report_set(t, "message", run->message);
	set_time(t, "startedAt", run->started_ns);
	set_time(t, "finishedAt", run->finished_ns);
	report_set(t, "containerID", id);
	return t;
}

static json_t *state_now(const struct state_container *c, const char *id)
{
	json_t *inner = json_object(), *o = json_object();

	switch (c->state) {
	case STATE_RUNNING:
		set_time(inner, "startedAt", c->now.started_ns);
		(void)json_object_set_new(o, "running", inner);
		return o;
	case STATE_TERMINATED:
		json_decref(inner);
		(void)json_object_set_new(o, "terminated", terminated(&c->now, id));
		return o;
	case STATE_WAITING:
		break;
	}
	report_set(inner, "reason", c->reason ? c->reason : "ContainerCreating");
	report_set(inner, "message", c->message);
	(void)json_object_set_new(o, "waiting", inner);
	return o;
}

static bool has_run(const struct state_container *c)
{
	return c->state != STATE_WAITING || c->last.started_ns || c->last.finished_ns;
}

static json_t *container(const struct state_pod *pod, const struct state_container *c)
{
	autofree char *id = container_id(pod, c, c->restart_count);
	autofree char *last_id = container_id(pod, c, MAX(c->restart_count - 1, 0));
	json_t *o = json_object(), *last = json_object();

	if (c->last.started_ns || c->last.finished_ns)
		(void)json_object_set_new(last, "terminated", terminated(&c->last, last_id));
	(void)json_object_set_new(o, "name", report_string(c->name));
	(void)json_object_set_new(o, "state", state_now(c, id));
	(void)json_object_set_new(o, "lastState", last);
	(void)json_object_set_new(o, "ready", json_boolean(c->ready));
	(void)json_object_set_new(o, "started", json_boolean(c->state == STATE_RUNNING));
	(void)json_object_set_new(o, "restartCount", json_integer(c->restart_count));
	(void)json_object_set_new(o, "image", report_string(c->image ? c->image : ""));
	(void)json_object_set_new(o, "imageID", report_string(c->image_id ? c->image_id : ""));
	if (has_run(c))
		report_set(o, "containerID", id);
	return o;
}

static void set_containers(json_t *status, const char *key, const struct state_pod *pod, bool init)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < pod->containers_count; i++)
		if (pod->containers[i].init == init)
			(void)json_array_append_new(list, container(pod, &pod->containers[i]));
	if (json_array_size(list) || !init)
		(void)json_object_set_new(status, key, list);
	else
		json_decref(list);
}

/* --- conditions
 * -------------------------------------------------------------------------------------------------
 */

struct facts {
	bool initialized, containers_ready;
	int64_t since; /* of the latest start or end of a container */
	struct strbuf unready;
};

static bool init_done(const struct state_container *c)
{
	return c->state == STATE_TERMINATED && !c->now.exit_code && !c->now.signal;
}

static void gather(const struct state_pod *pod, struct facts *f)
{
	f->initialized = f->containers_ready = true;
	f->since = pod->created_ns;
	for (uint32_t i = 0; i < pod->containers_count; i++) {
		const struct state_container *c = &pod->containers[i];

		f->since = MAX(f->since, MAX(c->now.started_ns, c->now.finished_ns));
		if (c->init) {
			f->initialized = f->initialized && init_done(c);
		} else if (!c->ready) {
			f->containers_ready = false;
			strbuf_addf(&f->unready, "%s%s", f->unready.len ? " " : "", c->name);
		}
	}
}

static void add_condition(json_t *list, const char *type, bool value, int64_t since,
                          const char *reason, const char *message)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "type", json_string(type));
	(void)json_object_set_new(o, "status", json_string(value ? "True" : "False"));
	(void)json_object_set_new(o, "lastProbeTime", json_null());
	set_time(o, "lastTransitionTime", since);
	if (!value) {
		report_set(o, "reason", reason);
		report_set(o, "message", message);
	}
	(void)json_array_append_new(list, o);
}

static json_t *conditions(const struct state_pod *pod)
{
	json_t *list = json_array();
	struct facts f = {0};
	autofree char *message = NULL;
	const char *reason = pod->phase == STATE_SUCCEEDED ? "PodCompleted" : "ContainersNotReady";

	gather(pod, &f);
	if (pod->phase != STATE_SUCCEEDED)
		message = xasprintf("containers with unready status: [%s]",
		                    f.unready.s ? f.unready.s : "");
	add_condition(list, "PodScheduled", true, pod->created_ns, NULL, NULL);
	add_condition(list, "Initialized", f.initialized,
	              f.initialized && pod->started_ns ? pod->started_ns : pod->created_ns,
	              "ContainersNotInitialized", NULL);
	add_condition(list, "ContainersReady", f.containers_ready, f.since, reason, message);
	add_condition(list, "Ready", pod->ready, f.since, reason, message);
	strbuf_done(&f.unready);
	return list;
}

/* --- quality of service
 * ----------------------------------------------------------------------------------------- */

const char *podjson_qos(const struct plan_pod *plan)
{
	static const char *const names[] = {
		[PLAN_QOS_BEST_EFFORT] = "BestEffort",
		[PLAN_QOS_BURSTABLE] = "Burstable",
		[PLAN_QOS_GUARANTEED] = "Guaranteed",
	};

	return names[plan->qos];
}

/* --- the whole
 * --------------------------------------------------------------------------------------------------
 */

static json_t *pod_ips(const struct state_pod *pod)
{
	const char *const ips[] = {pod->pod_ip, pod->pod_ip6};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(ips); i++)
		if (ips[i] && *ips[i])
			(void)json_array_append_new(list, json_pack("{s:s}", "ip", ips[i]));
	return list;
}

json_t *podjson_status(const struct state_project *s, const struct state_pod *pod,
                       const struct plan_pod *plan)
{
	json_t *o = json_object(), *ips = pod_ips(pod);

	(void)json_object_set_new(o, "phase", json_string(state_pod_phase_text(pod->phase)));
	(void)json_object_set_new(o, "conditions", conditions(pod));
	report_set(o, "reason", pod->reason);
	report_set(o, "message", pod->message);
	report_set(o, "hostIP", s->host_ip);
	if (s->host_ip && *s->host_ip)
		(void)json_object_set_new(o, "hostIPs", json_pack("[{s:s}]", "ip", s->host_ip));
	report_set(o, "podIP", pod->pod_ip);
	if (json_array_size(ips))
		(void)json_object_set(o, "podIPs", ips);
	json_decref(ips);
	set_time(o, "startTime", pod->created_ns);
	set_containers(o, "initContainerStatuses", pod, true);
	set_containers(o, "containerStatuses", pod, false);
	if (plan)
		(void)json_object_set_new(o, "qosClass", json_string(podjson_qos(plan)));
	return o;
}

static void complete_metadata(json_t *meta, const struct state_pod *pod)
{
	if (!json_object_get(meta, "name"))
		report_set(meta, "name", pod->name);
	if (!json_object_get(meta, "namespace"))
		report_set(meta, "namespace", pod->pod_namespace);
	if (!json_object_get(meta, "uid"))
		report_set(meta, "uid", pod->uid);
	if (!json_object_get(meta, "creationTimestamp"))
		set_time(meta, "creationTimestamp", pod->created_ns);
}

json_t *podjson_pod(const struct state_project *s, const struct state_pod *pod,
                    const struct plan_pod *plan, json_t *object)
{
	json_t *o = object ? json_deep_copy(object)
	                   : json_pack("{s:s, s:s, s:{}, s:{}}", "apiVersion", "v1", "kind", "Pod",
	                               "metadata", "spec");
	json_t *meta = json_object_get(o, "metadata");

	if (!json_is_object(meta)) {
		meta = json_object();
		(void)json_object_set_new(o, "metadata", meta);
	}
	complete_metadata(meta, pod);
	(void)json_object_set_new(o, "status", podjson_status(s, pod, plan));
	return o;
}
