/* SPDX-License-Identifier: Apache-2.0 */
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
	struct kube_result r = load_as(text, NULL, KUBE_STRICT);

	if (!r.plan)
		fail_msg("%s: %s", r.diags[0].path, r.diags[0].text);
	return r;
}

static const char secret_pod[] =
	"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
	"data: {pw: aHVudGVyMg==, bin: AAEC}\nstringData: {tok: correct-horse, pw2: hunter2}\n---\n"
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	"  containers:\n  - name: c\n    image: i:1\n    args: ['--pw=$(PW)']\n"
	"    envFrom: [{secretRef: {name: s}, prefix: S_}]\n"
	"    env:\n    - {name: PW, valueFrom: {secretKeyRef: {name: s, key: pw}}}\n"
	"    - {name: URL, value: 'x:$(PW)$(S_tok)'}\n"
	"  volumes: [{name: v, secret: {secretName: s}}]\n";

TEST(no_secret_value_is_in_the_plan_or_the_saved_objects)
{
	static const char *const values[] = {"hunter2", "aHVudGVyMg", "correct-horse"};
	struct kube_result r = load(secret_pod);
	autostrbuf struct strbuf json = {0}, saved = {0};
	struct err e = {0};

	plan_json(r.plan, &json);
	assert_int_equal(plan_save(r.plan, &saved, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		assert_null(strstr(json.s, values[i]));
		assert_null(strstr(saved.s, values[i]));
		assert_null(strstr(r.objects.s, values[i]));
	}
	assert_non_null(strstr(r.objects.s, "tok")); /* keys stay */
	kube_result_done(&r);
}

TEST(secret_values_come_from_the_data_table)
{
	struct kube_result r = load(secret_pod);
	const struct plan_container *c = &r.plan->pods[0].containers[0];
	const struct plan_datum *d = plan_data_get(&r.data, "secret/default/s/bin");
	autofree char *arg = NULL, *url = NULL;
	struct err e = {0};

	assert_int_equal(plan_value_resolve(&c->args[0], &r.data, NULL, NULL, &arg, &e), 0);
	assert_string_equal(arg, "--pw=hunter2");
	assert_string_equal(c->env[c->env_count - 1].name, "URL");
	assert_int_equal(
		plan_value_resolve(&c->env[c->env_count - 1].value, &r.data, NULL, NULL, &url, &e),
		0);
	assert_string_equal(url, "x:hunter2correct-horse");
	assert_non_null(d);
	assert_true(d->secret && d->len == 3 && memcmp(d->bytes, "\0\1\2", 3) == 0);
	assert_int_equal(r.data.len, 4 + 1); /* and the Secrets themselves, for `get` */
	kube_result_done(&r);
}

static char *plan_text(const char *text, const char *project)
{
	struct kube_result r = load_as(text, project, KUBE_STRICT);
	struct strbuf json = {0};

	assert_non_null(r.plan);
	plan_json(r.plan, &json);
	kube_result_done(&r);
	return strbuf_take(&json);
}

static const char deployment[] =
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
	"  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n"
	"    spec: {containers: [{name: c, image: \"i:1\"}]}\n";

TEST(the_same_text_gives_the_same_plan_and_another_project_other_names)
{
	autofree char *one = plan_text(deployment, "p"), *two = plan_text(deployment, "p");
	autofree char *other = plan_text(deployment, "q");
	struct kube_result p = load_as(deployment, "p", KUBE_STRICT);
	struct kube_result q = load_as(deployment, "q", KUBE_STRICT);

	assert_string_equal(one, two);
	assert_string_not_equal(one, other);
	assert_string_not_equal(p.plan->pods[0].name, q.plan->pods[0].name);
	assert_string_not_equal(p.plan->pods[0].uid, q.plan->pods[0].uid);
	assert_string_equal(p.plan->pods[0].labels[1].key, "pod-template-hash");
	assert_string_equal(p.plan->pods[0].labels[1].value, q.plan->pods[0].labels[1].value);
	kube_result_done(&p);
	kube_result_done(&q);
}

TEST(a_changed_template_gives_another_pod_and_a_comment_does_not)
{
	autofree char *commented = xasprintf("# hello\n%s# bye\n", deployment);
	struct kube_result a = load(deployment), b = load(commented);
	struct kube_result c = load("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
	                            "spec:\n  selector: {matchLabels: {a: b}}\n  template:\n"
	                            "    metadata: {labels: {a: b}}\n"
	                            "    spec: {containers: [{name: c, image: \"i:2\"}]}\n");

	assert_string_equal(a.plan->pods[0].name, b.plan->pods[0].name);
	assert_string_not_equal(a.plan->pods[0].name, c.plan->pods[0].name);
	kube_result_done(&a);
	kube_result_done(&b);
	kube_result_done(&c);
}

TEST(no_replicas_are_no_pod_but_references_are_looked_at)
{
	autofree char *none = xasprintf("%s  replicas: 0\n", deployment);
	struct kube_result r = load(none);

	assert_int_equal(r.plan->pods_count, 0);
	kube_result_done(&r);
	r = load_as(
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
		"  replicas: 0\n  selector: {matchLabels: {a: b}}\n  template:\n"
		"    metadata: {labels: {a: b}}\n    spec:\n"
		"      containers: [{name: c, image: i, envFrom: [{configMapRef: {name: x}}]}]\n"
		"      volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]\n",
		NULL, KUBE_STRICT);
	assert_int_equal(r.errors, 1);
	kube_result_done(&r);
}

TEST(pull_policies_follow_the_tag)
{
	static const struct {
		const char *image;
		enum plan_pull pull;
	} rows[] = {
		{"nginx", PLAN_PULL_ALWAYS},
		{"nginx:latest", PLAN_PULL_ALWAYS},
		{"nginx:1", PLAN_PULL_IF_NOT_PRESENT},
		{"host:5000/nginx", PLAN_PULL_ALWAYS},
		{"host:5000/nginx:1", PLAN_PULL_IF_NOT_PRESENT},
		{"nginx:latest@sha256:00", PLAN_PULL_IF_NOT_PRESENT},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = xasprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
		                                "spec: {containers: [{name: c, image: \"%s\"}]}\n",
		                                rows[i].image);
		struct kube_result r = load(text);

		if (r.plan->pods[0].containers[0].pull != rows[i].pull)
			fail_msg("%s", rows[i].image);
		kube_result_done(&r);
	}
}

/* A pod whose container has these resources, and what is added to its spec. */
static struct kube_result load_resources(const char *resources, const char *more)
{
	autofree char *text =
		xasprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	                  "  containers: [{name: c, image: \"i:1\", resources: {%s}}]\n%s",
	                  resources, more);
	struct kube_result r = load_as(text, NULL, KUBE_WARN);

	if (!r.plan)
		fail_msg("%s: %s", r.diags[0].path, r.diags[0].text);
	return r;
}

TEST(the_class_of_service_is_that_of_a_cluster)
{
	static const char pinned[] = "limits: {cpu: 1, memory: 1Gi}";
	static const struct {
		const char *resources, *more;
		enum plan_qos qos;
	} rows[] = {
		{"", "", PLAN_QOS_BEST_EFFORT},
		{"requests: {cpu: 0}", "", PLAN_QOS_BEST_EFFORT},
		{"requests: {cpu: 100m}", "", PLAN_QOS_BURSTABLE},
		{"limits: {cpu: 1}", "", PLAN_QOS_BURSTABLE},
		{"limits: {ephemeral-storage: 1Gi}", "", PLAN_QOS_BEST_EFFORT},
		{pinned, "", PLAN_QOS_GUARANTEED},
		{"limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1000m, memory: 1024Mi}", "",
	         PLAN_QOS_GUARANTEED},
		{"limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 999m}", "", PLAN_QOS_BURSTABLE},
		{pinned, "  initContainers: [{name: i, image: \"i:1\"}]\n", PLAN_QOS_BURSTABLE},
		{pinned,
	         "  initContainers: [{name: i, image: \"i:1\", resources: {limits: {cpu: 2, "
	         "memory: 1}}}]\n",
	         PLAN_QOS_GUARANTEED},
		{pinned, "  resources: {requests: {cpu: 2}}\n", PLAN_QOS_BURSTABLE},
		{"", "  resources: {limits: {cpu: 2, memory: 1Gi}}\n", PLAN_QOS_GUARANTEED},
		{"requests: {cpu: 1}", "  resources: {limits: {cpu: 2, memory: 1Gi}}\n",
	         PLAN_QOS_BURSTABLE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load_resources(rows[i].resources, rows[i].more);

		if (r.plan->pods[0].qos != rows[i].qos)
			fail_msg("row %zu is %d", i, r.plan->pods[0].qos);
		kube_result_done(&r);
	}
}

TEST(amounts_are_whole_numbers_and_requests_follow_limits)
{
	struct kube_result r = load_resources("limits: {memory: 0.5Ki, cpu: 0.0001, example.org/x: "
	                                      "2}, requests: {memory: 1}",
	                                      "");
	const struct plan_resources *res = &r.plan->pods[0].containers[0].resources;

	assert_int_equal(res->all_count, 3);
	assert_string_equal(res->all[0].name, "cpu");
	assert_int_equal(*res->all[0].request, 1);
	assert_int_equal(res->cpu_limit_m, 1);
	assert_string_equal(res->all[1].name, "example.org/x");
	assert_int_equal(*res->all[1].request, 2);
	assert_int_equal(res->memory_limit, 512);
	assert_int_equal(res->memory_request, 1);
	kube_result_done(&r);
}

TEST(a_pod_requests_what_its_containers_do)
{
	struct kube_result r = load_resources(
		"requests: {cpu: 300m, memory: 5}",
		"  initContainers:\n"
		"  - {name: i, image: \"i:1\", resources: {requests: {cpu: 1}}}\n"
		"  - {name: k, image: \"i:1\", resources: {requests: {cpu: 100m}}}\n"
		"  resources: {limits: {cpu: 2, memory: 1Gi, hugepages-2Mi: 2Mi}}\n");
	const struct plan_resources *res = r.plan->pods[0].resources;

	assert_int_equal(res->cpu_request_m, 1000);
	assert_int_equal(res->memory_request, 5);
	assert_int_equal(*res->all[1].request, 2 << 20);
	kube_result_done(&r);
}

TEST(what_a_container_says_wins_over_its_pod)
{
	struct kube_result r = load_as(
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
		"  securityContext: {runAsUser: 1, runAsGroup: 2, runAsNonRoot: true, "
		"seLinuxOptions: {level: s0, type: a}, seccompProfile: {type: Unconfined}}\n"
		"  containers:\n  - {name: c, image: \"i:1\"}\n"
		"  - {name: d, image: \"i:1\", securityContext: {runAsUser: 9, runAsNonRoot: false, "
		"seLinuxOptions: {type: b}, seccompProfile: {type: Localhost, localhostProfile: x}}}\n",
		NULL, KUBE_WARN);
	const struct plan_security *c = &r.plan->pods[0].containers[0].security;
	const struct plan_security *d = &r.plan->pods[0].containers[1].security;

	assert_int_equal(c->run_as_user, 1);
	assert_true(c->run_as_non_root);
	assert_int_equal(c->seccomp, PLAN_PROFILE_UNCONFINED);
	assert_string_equal(c->selinux->level, "s0");
	assert_int_equal(d->run_as_user, 9);
	assert_int_equal(d->run_as_group, 2);
	assert_false(d->run_as_non_root);
	assert_int_equal(d->seccomp, PLAN_PROFILE_LOCALHOST);
	assert_string_equal(d->seccomp_file, "x");
	assert_null(d->selinux->level);
	kube_result_done(&r);
}

TEST(ports_of_probes_become_numbers)
{
	static const struct {
		const char *port;
		int64_t number;
	} rows[] = {{"http", 8080}, {"81", 81}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = xasprintf(
			"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
			"  - name: c\n    image: i:1\n    ports: [{name: http, containerPort: 8080}]\n"
			"    readinessProbe: {httpGet: {port: %s}}\n",
			rows[i].port);
		struct kube_result r = load_as(text, NULL, KUBE_WARN);
		const struct plan_handler *h;

		assert_non_null(r.plan);
		h = &r.plan->pods[0].containers[0].readiness->handler;
		assert_int_equal(*h->port, rows[i].number);
		assert_string_equal(h->path, "/");
		assert_false(h->https);
		kube_result_done(&r);
	}
}

TEST(pull_secrets_are_those_of_the_pod_or_of_its_account)
{
	static const char head[] =
		"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: "
		"kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: e30=}\n---\n"
		"apiVersion: v1\nkind: Secret\nmetadata: {name: b}\ntype: kubernetes.io/dockercfg\n"
		"data: {.dockercfg: e30=}\n---\napiVersion: v1\nkind: ServiceAccount\n"
		"metadata: {name: robot}\nimagePullSecrets: [{name: b}]\n---\n"
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  serviceAccountName: robot\n"
		"  containers: [{name: c, image: \"i:1\"}]\n";
	autofree char *own = xasprintf("%s  imagePullSecrets: [{name: a}, {name: none}]\n", head);
	struct kube_result r = load_as(own, NULL, KUBE_WARN);
	const struct plan_pod *p = &r.plan->pods[0];

	assert_int_equal(p->pull_secrets_count, 2);
	assert_string_equal(p->pull_secrets[0].data, "secret/default/a/.dockerconfigjson");
	assert_false(p->pull_secrets[0].old);
	assert_null(p->pull_secrets[1].data);
	assert_non_null(plan_data_get(&r.data, p->pull_secrets[0].data));
	kube_result_done(&r);
	r = load_as(head, NULL, KUBE_WARN);
	assert_int_equal(r.plan->pods[0].pull_secrets_count, 1);
	assert_true(r.plan->pods[0].pull_secrets[0].old);
	kube_result_done(&r);
}

TEST(a_long_pod_name_gives_a_cut_hostname)
{
	struct kube_result r = load(
		"apiVersion: v1\nkind: Pod\nmetadata:\n"
		"  name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b-c.d\n"
		"spec: {containers: [{name: c, image: \"i:1\"}]}\n");

	assert_int_equal(strlen(r.plan->pods[0].hostname), 62);
	kube_result_done(&r);
}

TEST(a_project_that_explodes_is_refused)
{
	autostrbuf struct strbuf text = {0};
	struct kube_result r;

	strbuf_adds(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  k: \"");
	for (int i = 0; i < 100000; i++)
		strbuf_addc(&text, 'x');
	strbuf_adds(&text, "\"\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	                   "  containers:\n  - name: c\n    image: i\n    env:\n");
	for (int i = 0; i < 2000; i++)
		strbuf_addf(&text,
		            "    - {name: V%d, valueFrom: {configMapKeyRef: {name: x, key: k}}}\n",
		            i);
	r = load_as(text.s, NULL, KUBE_STRICT);
	assert_int_equal(r.errors, 1);
	assert_non_null(strstr(r.diags[0].text, "larger than 64 MiB"));
	kube_result_done(&r);
}

TEST(pods_come_back_from_the_saved_objects_by_name_only)
{
	struct kube_result r = load(deployment);
	struct kube_objects *o = NULL;
	struct plan_pod nobody = {.name = (char[]){"nobody"}, .pod_namespace = (char[]){"default"}};
	autostrbuf struct strbuf json = {0};
	struct err e = {0};

	assert_int_equal(kube_objects_load(r.objects.s, r.objects.len, &o, &e), 0);
	assert_int_equal(kube_objects_pod_json(o, &r.plan->pods[0], &json, &e), 0);
	assert_non_null(strstr(json.s, r.plan->pods[0].name));
	assert_non_null(strstr(json.s, "\"image\":\"i:1\""));
	assert_int_equal(kube_objects_pod_json(o, &nobody, &json, &e), -1);
	assert_int_equal(e.kind, ERR_ABSENT);
	kube_objects_free(o);
	assert_int_equal(kube_objects_load("pods: 1\n", 8, &o, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	kube_result_done(&r);
}

RUN_TESTS(CASE(no_secret_value_is_in_the_plan_or_the_saved_objects),
          CASE(secret_values_come_from_the_data_table),
          CASE(the_same_text_gives_the_same_plan_and_another_project_other_names),
          CASE(a_changed_template_gives_another_pod_and_a_comment_does_not),
          CASE(no_replicas_are_no_pod_but_references_are_looked_at),
          CASE(pull_policies_follow_the_tag), CASE(a_long_pod_name_gives_a_cut_hostname),
          CASE(the_class_of_service_is_that_of_a_cluster),
          CASE(amounts_are_whole_numbers_and_requests_follow_limits),
          CASE(a_pod_requests_what_its_containers_do),
          CASE(what_a_container_says_wins_over_its_pod), CASE(ports_of_probes_become_numbers),
          CASE(pull_secrets_are_those_of_the_pod_or_of_its_account),
          CASE(a_project_that_explodes_is_refused),
          CASE(pods_come_back_from_the_saved_objects_by_name_only))
