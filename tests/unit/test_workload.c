/* SPDX-License-Identifier: Apache-2.0 */
/* test_workload.c - controllers become pods with the names, labels and owners of a cluster */
#include "tests/unit/test.h"

#include "kube/kube.h"

static struct kube_result load_as(const char *text, const char *project, enum kube_validate mode)
{
	struct kube_options o = {
		.validate = mode, .project = project, .namespace_default = "default"};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/test.yaml", text, strlen(text), &o, &r, &e), 0);
	return r;
}

static struct kube_result load(const char *text)
{
	struct kube_result r = load_as(text, "p", KUBE_WARN);

	if (!r.plan)
		fail_msg("%s: %s", r.diags[0].path, r.diags[0].text);
	return r;
}

static const char *pair(const struct plan_label *l, uint32_t count, const char *key)
{
	for (uint32_t i = 0; i < count; i++)
		if (streq(l[i].key, key))
			return l[i].value;
	return "";
}

static const char *label_of(const struct plan_pod *p, const char *key)
{
	return pair(p->labels, p->labels_count, key);
}

/* A controller with a plain template; extra goes into its spec. */
static char *controller(const char *version, const char *kind, const char *name, const char *extra)
{
	return xasprintf("apiVersion: %s\nkind: %s\nmetadata: {name: %s}\nspec:\n"
	                 "  selector: %s\n"
	                 "  template:\n    metadata: {labels: {a: b}}\n"
	                 "    spec: {containers: [{name: c, image: \"i:1\"}]}\n%s",
	                 version, kind, name,
	                 streq(kind, "ReplicationController") ? "{a: b}" : "{matchLabels: {a: b}}",
	                 extra);
}

static char *job(const char *name, const char *extra)
{
	return xasprintf("apiVersion: batch/v1\nkind: Job\nmetadata: {name: %s}\nspec:\n"
	                 "  template:\n    spec: {restartPolicy: Never, containers: [{name: c, "
	                 "image: \"i:1\", command: [echo, $(JOB_COMPLETION_INDEX)]}]}\n%s",
	                 name, extra);
}

/* "X" is one of the letters and digits of a generated name. */
static bool looks_like(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++)
		if (*pattern == 'X' ? !*text || !strchr("bcdfghjklmnpqrstvwxz2456789", *text)
		                    : *text != *pattern)
			return false;
	return !*text;
}

TEST(pods_are_named_after_their_controllers)
{
	static const struct {
		const char *version, *kind, *extra, *pattern[4];
	} rows[] = {
		{"apps/v1", "ReplicaSet", "  replicas: 2\n", {"web-XXXXX", "web-XXXXX"}},
		{"v1", "ReplicationController", "  replicas: 2\n", {"web-XXXXX", "web-XXXXX"}},
		{"apps/v1", "ReplicaSet", "", {"web-XXXXX"}},
		{"apps/v1", "DaemonSet", "", {"web-XXXXX"}},
		{"apps/v1",
	         "StatefulSet",
	         "  serviceName: s\n  replicas: 3\n",
	         {"web-0", "web-1", "web-2"}},
		{"apps/v1",
	         "StatefulSet",
	         "  ordinals: {start: 7}\n  replicas: 2\n",
	         {"web-7", "web-8"}},
		{"apps/v1", "StatefulSet", "  replicas: 0\n", {NULL}},
		{"apps/v1", "Deployment", "  replicas: 0\n", {NULL}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text =
			controller(rows[i].version, rows[i].kind, "web", rows[i].extra);
		struct kube_result r = load(text);
		uint32_t n = 0;

		for (; rows[i].pattern[n]; n++) {
			const struct plan_pod *p = &r.plan->pods[n];

			assert_true(n < r.plan->pods_count);
			if (!looks_like(p->name, rows[i].pattern[n]))
				fail_msg("%s: %s is not %s", rows[i].kind, p->name,
				         rows[i].pattern[n]);
			assert_string_equal(p->owner_kind, rows[i].kind);
			assert_string_equal(p->owner_name, "web");
			assert_string_equal(p->controller->kind, rows[i].kind);
			assert_string_equal(p->controller->api_version, rows[i].version);
			assert_string_equal(p->hostname, p->name);
		}
		assert_int_equal(r.plan->pods_count, n);
		assert_int_equal(r.plan->controllers_count, 1);
		assert_int_equal(r.plan->controllers[0].pods_count, n);
		kube_result_done(&r);
	}
}

TEST(a_deployment_has_a_replica_set_between_itself_and_its_pods)
{
	autofree char *text = controller("apps/v1", "Deployment", "web", "  replicas: 3\n");
	struct kube_result r = load(text);
	const char *hash = label_of(&r.plan->pods[0], "pod-template-hash");
	autofree char *set = xasprintf("web-%s", hash), *pattern = xasprintf("%s-XXXXX", set);

	assert_int_equal(r.plan->pods_count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		const struct plan_pod *p = &r.plan->pods[i];

		assert_true(looks_like(p->name, pattern));
		assert_string_equal(label_of(p, "pod-template-hash"), hash);
		assert_string_equal(label_of(p, "a"), "b");
		assert_string_equal(p->owner_kind, "Deployment");
		assert_string_equal(p->controller->kind, "ReplicaSet");
		assert_string_equal(p->controller->name, set);
		assert_int_equal(strlen(p->controller->uid), 36);
	}
	assert_string_not_equal(r.plan->pods[0].name, r.plan->pods[1].name);
	assert_string_not_equal(r.plan->pods[1].name, r.plan->pods[2].name);
	kube_result_done(&r);
}

TEST(more_replicas_leave_the_others_as_they_are)
{
	autofree char *three = controller("apps/v1", "Deployment", "web", "  replicas: 3\n");
	autofree char *five = controller("apps/v1", "Deployment", "web", "  replicas: 5\n");
	struct kube_result a = load(three), b = load(five);

	for (uint32_t i = 0; i < 3; i++)
		assert_true(plan_pod_equal(&a.plan->pods[i], &b.plan->pods[i]));
	kube_result_done(&a);
	kube_result_done(&b);
}

TEST(a_thousand_pods_have_a_thousand_names_and_one_more_is_refused)
{
	autofree char *most = controller("apps/v1", "ReplicaSet", "web", "  replicas: 1000\n");
	autofree char *more = controller("apps/v1", "ReplicaSet", "web", "  replicas: 1000000\n");
	struct kube_result r = load(most);

	assert_int_equal(r.plan->pods_count, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(r.plan->pods[i].name, r.plan->pods[j].name);
	kube_result_done(&r);
	r = load_as(more, "p", KUBE_WARN);
	assert_int_equal(r.errors, 1);
	assert_string_equal(r.diags[0].path, "spec.replicas");
	assert_string_equal(r.diags[0].text, "1000000 pods are too many for one machine: at most "
	                                     "1000 of one ReplicaSet");
	kube_result_done(&r);
}

TEST(long_names_are_cut_before_the_letters)
{
	static const char name[] = "a123456789-123456789-123456789-123456789-123456789-123456789";
	autofree char *text = controller("apps/v1", "ReplicaSet", name, "");
	autofree char *indexed =
		job(name, "  completions: 12\n  parallelism: 12\n  completionMode: Indexed\n");
	struct kube_result r = load(text);

	assert_int_equal(strlen(r.plan->pods[0].name), 63);
	assert_memory_equal(r.plan->pods[0].name, name, 57);
	assert_int_equal(r.plan->pods[0].name[57], '-');
	kube_result_done(&r);
	r = load(indexed);
	assert_int_equal(strlen(r.plan->pods[11].name), 63);
	assert_memory_equal(r.plan->pods[11].name + 54, "-11-", 4);
	kube_result_done(&r);
}

TEST(a_pod_of_a_stateful_set_keeps_its_name_and_its_claims)
{
	autofree char *text = controller(
		"apps/v1", "StatefulSet", "db",
		"  replicas: 2\n  serviceName: peers\n  persistentVolumeClaimRetentionPolicy: "
		"{whenScaled: Delete}\n  volumeClaimTemplates:\n"
		"  - metadata: {name: data}\n    spec: {accessModes: [ReadWriteOnce], resources: "
		"{requests: {storage: 2Gi}}}\n");
	struct kube_result r = load(text);
	const struct plan_pod *p = &r.plan->pods[1];
	const struct plan_claim *c = &r.plan->claims[1];

	assert_string_equal(p->hostname, "db-1");
	assert_string_equal(p->subdomain, "peers");
	assert_int_equal(*p->index, 1);
	assert_string_equal(label_of(p, "statefulset.kubernetes.io/pod-name"), "db-1");
	assert_string_equal(label_of(p, "apps.kubernetes.io/pod-index"), "1");
	assert_true(starts_with(label_of(p, "controller-revision-hash"), "db-"));
	assert_int_equal(p->volumes_count, 1);
	assert_string_equal(p->volumes[0].name, "data");
	assert_string_equal(p->volumes[0].claim, "data-db-1");
	assert_int_equal(r.plan->claims_count, 2);
	assert_string_equal(c->name, "data-db-1");
	assert_true(c->declared);
	assert_int_equal(c->storage, INT64_C(2) << 30);
	assert_string_equal(c->access_modes[0], "ReadWriteOnce");
	assert_string_equal(c->owner->name, "db");
	assert_true(r.plan->controllers[0].ordered && r.plan->controllers[0].delete_claims_scaled);
	kube_result_done(&r);
}

TEST(a_claim_takes_the_place_of_a_volume_of_its_name)
{
	struct kube_result r = load(
		"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-db-0}\n"
		"spec: {accessModes: [ReadOnlyMany], resources: {requests: {storage: 1}}}\n---\n"
		"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n"
		"  selector: {matchLabels: {a: b}}\n  volumeClaimTemplates: [{metadata: {name: "
		"data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 7}}}}]\n"
		"  template:\n    metadata: {labels: {a: b}}\n    spec:\n"
		"      containers: [{name: c, image: \"i:1\", volumeMounts: [{name: data, mountPath: "
		"/d}]}]\n      volumes: [{name: data, emptyDir: {}}, {name: tmp, emptyDir: {}}]\n");

	assert_int_equal(r.plan->pods[0].volumes_count, 2);
	assert_int_equal(r.plan->pods[0].volumes[0].type, PLAN_CLAIM);
	assert_string_equal(r.plan->pods[0].volumes[1].name, "tmp");
	assert_int_equal(r.plan->pods[0].containers[0].mounts_count, 1);
	/* the claim that is there already is the one that is used */
	assert_int_equal(r.plan->claims_count, 1);
	assert_int_equal(r.plan->claims[0].storage, 1);
	kube_result_done(&r);
}

TEST(a_daemon_set_has_one_pod_on_one_node)
{
	autofree char *text = controller("apps/v1", "DaemonSet", "agent", "");
	struct kube_result r = load(text);

	assert_int_equal(r.plan->pods_count, 1);
	assert_string_equal(label_of(&r.plan->pods[0], "pod-template-generation"), "1");
	assert_int_equal(strlen(label_of(&r.plan->pods[0], "controller-revision-hash")), 10);
	kube_result_done(&r);
}

TEST(a_job_starts_as_many_pods_as_it_needs_at_once)
{
	static const struct {
		const char *extra;
		uint32_t pods;
		int64_t completions; /* -1: unset */
	} rows[] = {
		{"", 1, 1},
		{"  completions: 5\n", 1, 5},
		{"  completions: 5\n  parallelism: 3\n", 3, 5},
		{"  completions: 2\n  parallelism: 3\n", 2, 2},
		{"  parallelism: 3\n", 3, -1},
		{"  parallelism: 0\n", 0, -1},
		{"  completions: 0\n", 0, 0},
		{"  suspend: true\n", 0, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = job("pi", rows[i].extra);
		struct kube_result r = load(text);
		const struct plan_job *j = &r.plan->jobs[0];

		if (r.plan->pods_count != rows[i].pods || j->pods_count != rows[i].pods)
			fail_msg("%s: %u pods", rows[i].extra, r.plan->pods_count);
		assert_int_equal(j->completions ? *j->completions : -1, rows[i].completions);
		assert_int_equal(j->backoff_limit, 6);
		if (rows[i].pods)
			assert_true(looks_like(r.plan->pods[0].name, "pi-XXXXX"));
		kube_result_done(&r);
	}
}

TEST(the_pods_of_a_job_say_whose_they_are)
{
	static const char *const names[] = {"batch.kubernetes.io/job-name", "job-name"};
	static const char *const uids[] = {"batch.kubernetes.io/controller-uid", "controller-uid"};
	autofree char *text = job("pi", "");
	struct kube_result r = load(text);
	const struct plan_pod *p = &r.plan->pods[0];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_string_equal(label_of(p, names[i]), "pi");
		assert_string_equal(label_of(p, uids[i]), r.plan->jobs[0].uid);
	}
	assert_string_equal(p->controller->uid, r.plan->jobs[0].uid);
	assert_null(p->index);
	kube_result_done(&r);
}

TEST(the_pods_of_an_indexed_job_know_their_index)
{
	static const char key[] = "batch.kubernetes.io/job-completion-index";
	autofree char *text =
		job("pi", "  completions: 3\n  parallelism: 3\n  completionMode: Indexed\n");
	struct kube_result r = load(text);
	const struct plan_pod *p = &r.plan->pods[2];
	const struct plan_container *c = &p->containers[0];
	autofree char *word = plan_value_show(&c->command[1]);
	autofree char *value = plan_value_show(&c->env[0].value);

	assert_true(looks_like(p->name, "pi-2-XXXXX"));
	assert_string_equal(p->hostname, "pi-2");
	assert_int_equal(*p->index, 2);
	assert_string_equal(label_of(p, key), "2");
	assert_string_equal(pair(p->annotations, p->annotations_count, key), "2");
	assert_string_equal(c->env[0].name, "JOB_COMPLETION_INDEX");
	assert_string_equal(value, "2");
	assert_string_equal(word, "2");
	kube_result_done(&r);
}

TEST(policies_of_a_job_reach_the_plan)
{
	autofree char *text = job(
		"pi",
		"  completions: 3\n  completionMode: Indexed\n  backoffLimitPerIndex: 2\n"
		"  maxFailedIndexes: 1\n  activeDeadlineSeconds: 60\n  "
		"ttlSecondsAfterFinished: 9\n"
		"  podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {containerName: c,"
		" operator: NotIn, values: [1, 2]}}, {action: Ignore, onPodConditions: "
		"[{type: DisruptionTarget}]}]}\n"
		"  successPolicy: {rules: [{succeededIndexes: 0-1, succeededCount: 1}]}\n");
	struct kube_result r = load(text);
	const struct plan_job *j = &r.plan->jobs[0];

	assert_true(j->indexed && j->replace_failed_only);
	assert_int_equal(j->backoff_limit, INT32_MAX);
	assert_int_equal(*j->backoff_limit_per_index, 2);
	assert_int_equal(*j->max_failed_indexes, 1);
	assert_int_equal(*j->active_deadline_seconds, 60);
	assert_int_equal(*j->ttl_seconds, 9);
	assert_int_equal(j->failure_rules[0].action, PLAN_FAILURE_FAIL_INDEX);
	assert_string_equal(j->failure_rules[0].container, "c");
	assert_true(j->failure_rules[0].not_in);
	assert_int_equal(j->failure_rules[0].exit_codes[1], 2);
	assert_string_equal(j->failure_rules[1].conditions[0].status, "True");
	assert_string_equal(j->success_rules[0].indexes, "0-1");
	assert_int_equal(*j->success_rules[0].count, 1);
	kube_result_done(&r);
}

TEST(a_cron_job_has_its_job_in_full_and_no_pod)
{
	struct kube_result r = load(
		"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: night}\nspec:\n"
		"  schedule: '*/5 * * * *'\n  timeZone: Etc/UTC\n  concurrencyPolicy: Forbid\n"
		"  startingDeadlineSeconds: 30\n  failedJobsHistoryLimit: 4\n  suspend: true\n"
		"  jobTemplate:\n    metadata: {labels: {x: y}}\n    spec:\n      completions: 2\n"
		"      completionMode: Indexed\n      template:\n        spec:\n"
		"          restartPolicy: OnFailure\n          containers:\n"
		"          - name: c\n            image: i:1\n            env:\n"
		"            - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"
		"            - {name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}\n");
	const struct plan_cron_job *c = &r.plan->cron_jobs[0];
	const struct plan_env *env = c->pod.containers[0].env;
	autofree char *name = plan_value_show(&env[0].value), *ns = plan_value_show(&env[1].value);
	autofree char *index = plan_value_show(&env[2].value);

	assert_int_equal(r.plan->pods_count, 0);
	assert_string_equal(c->schedule, "*/5 * * * *");
	assert_string_equal(c->time_zone, "Etc/UTC");
	assert_int_equal(c->concurrency, PLAN_CONCURRENCY_FORBID);
	assert_int_equal(*c->starting_deadline_seconds, 30);
	assert_int_equal(c->keep_successful, 3);
	assert_int_equal(c->keep_failed, 4);
	assert_true(c->suspend);
	assert_string_equal(c->labels[0].key, "x");
	assert_int_equal(*c->job.completions, 2);
	assert_int_equal(c->pod.restart, PLAN_RESTART_ON_FAILURE);
	/* what only its Jobs will know */
	assert_string_equal(name, "$(metadata.name)");
	assert_string_equal(ns, "default");
	assert_string_equal(index, "$(metadata.annotations['batch.kubernetes.io/"
	                           "job-completion-index'])");
	kube_result_done(&r);
}

TEST(a_generated_name_stays_while_the_place_stays)
{
	static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n"
				  "spec: {containers: [{name: c, image: \"i:1\"}]}\n";
	autofree char *two = xasprintf("# a comment\n%s---\n%s", pod, pod);
	struct kube_result a = load(pod), b = load(two), other = load_as(pod, "q", KUBE_WARN);

	assert_true(looks_like(a.plan->pods[0].name, "job-XXXXX"));
	assert_string_equal(a.plan->pods[0].name, b.plan->pods[0].name);
	assert_string_not_equal(b.plan->pods[0].name, b.plan->pods[1].name);
	assert_string_not_equal(a.plan->pods[0].name, other.plan->pods[0].name);
	kube_result_done(&a);
	kube_result_done(&b);
	kube_result_done(&other);
}

TEST(two_objects_cannot_make_a_pod_of_one_name)
{
	autofree char *set = controller("apps/v1", "StatefulSet", "web", "");
	autofree char *text =
		xasprintf("%s---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-0}\n"
	                  "spec: {containers: [{name: c, image: \"i:1\"}]}\n",
	                  set);
	struct kube_result r = load_as(text, "p", KUBE_WARN);

	assert_int_equal(r.errors, 1);
	assert_non_null(strstr(r.diags[0].text,
	                       "has the name of a pod of the StatefulSet in /x/test.yaml:1;"));
	kube_result_done(&r);
}

TEST(what_is_said_of_one_replica_is_not_said_of_each)
{
	autofree char *text = controller("apps/v1", "Deployment", "web", "  replicas: 50\n");
	struct kube_result r;

	/* a note about the claim, a warning about the annotation */
	autofree char *more = xasprintf(
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
		"  replicas: 50\n  selector: {matchLabels: {a: b}}\n  template:\n"
		"    metadata: {labels: {a: b}, annotations: {kubeplay.io/net: own}}\n    spec:\n"
		"      containers: [{name: c, image: i}]\n"
		"      volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]\n");

	r = load(text);
	assert_int_equal(r.diag_count, 0);
	kube_result_done(&r);
	r = load(more);
	assert_int_equal(r.plan->pods_count, 50);
	assert_int_equal(r.diag_count, 2);
	assert_int_equal(r.plan->claims_count, 1);
	kube_result_done(&r);
}

TEST(a_service_reaches_the_plan_in_full)
{
	struct kube_result r = load(
		"apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n"
		"  type: NodePort\n  clusterIP: 10.96.0.9\n  selector: {app: web}\n"
		"  sessionAffinity: ClientIP\n  publishNotReadyAddresses: true\n"
		"  ports:\n  - {name: http, port: 80, targetPort: http, nodePort: 30080}\n"
		"  - {name: dns, port: 53, protocol: UDP}\n---\n"
		"apiVersion: v1\nkind: Service\nmetadata: {name: peers}\n"
		"spec: {clusterIP: None, ports: [{port: 1, targetPort: 2}]}\n---\n"
		"apiVersion: v1\nkind: Service\nmetadata: {name: far}\n"
		"spec: {type: ExternalName, externalName: example.org}\n");
	const struct plan_service *s = r.plan->services;

	assert_int_equal(r.plan->services_count, 3);
	assert_string_equal(s[0].service_namespace, "shop");
	assert_int_equal(s[0].type, PLAN_SERVICE_NODE_PORT);
	assert_string_equal(s[0].cluster_ips[0], "10.96.0.9");
	assert_int_equal(*s[0].affinity_seconds, 10800);
	assert_true(s[0].publish_not_ready && s[0].client_affinity && !s[0].headless);
	assert_string_equal(s[0].ports[0].target_name, "http");
	assert_int_equal(*s[0].ports[0].node_port, 30080);
	assert_int_equal(*s[0].ports[1].target, 53);
	assert_int_equal(s[0].ports[1].protocol, PLAN_UDP);
	assert_string_equal(s[0].selector[0].value, "web");
	assert_true(s[1].headless && !s[1].cluster_ips_count);
	assert_int_equal(*s[1].ports[0].target, 2);
	assert_int_equal(s[2].type, PLAN_SERVICE_EXTERNAL_NAME);
	assert_string_equal(s[2].external_name, "example.org");
	kube_result_done(&r);
}

TEST(a_plan_with_everything_comes_back_from_its_file)
{
	autofree char *set = controller("apps/v1", "Deployment", "web", "  replicas: 2\n");
	autofree char *one = job("pi", "  completions: 2\n  completionMode: Indexed\n");
	autofree char *text = xasprintf("%s---\n%s", set, one);
	struct kube_result r = load(text);
	autostrbuf struct strbuf saved = {0}, a = {0}, b = {0};
	struct plan *again = NULL;
	struct err e = {0};

	assert_int_equal(plan_save(r.plan, &saved, &e), 0);
	assert_int_equal(plan_load(saved.s, saved.len, &again, &e), 0);
	plan_json(r.plan, &a);
	plan_json(again, &b);
	assert_string_equal(a.s, b.s);
	plan_free(again);
	kube_result_done(&r);
}

RUN_TESTS(CASE(pods_are_named_after_their_controllers),
          CASE(a_deployment_has_a_replica_set_between_itself_and_its_pods),
          CASE(more_replicas_leave_the_others_as_they_are),
          CASE(a_thousand_pods_have_a_thousand_names_and_one_more_is_refused),
          CASE(long_names_are_cut_before_the_letters),
          CASE(a_pod_of_a_stateful_set_keeps_its_name_and_its_claims),
          CASE(a_claim_takes_the_place_of_a_volume_of_its_name),
          CASE(a_daemon_set_has_one_pod_on_one_node),
          CASE(a_job_starts_as_many_pods_as_it_needs_at_once),
          CASE(the_pods_of_a_job_say_whose_they_are),
          CASE(the_pods_of_an_indexed_job_know_their_index), CASE(policies_of_a_job_reach_the_plan),
          CASE(a_cron_job_has_its_job_in_full_and_no_pod),
          CASE(a_generated_name_stays_while_the_place_stays),
          CASE(two_objects_cannot_make_a_pod_of_one_name),
          CASE(what_is_said_of_one_replica_is_not_said_of_each),
          CASE(a_service_reaches_the_plan_in_full),
          CASE(a_plan_with_everything_comes_back_from_its_file))
