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
	assert_int_equal(r.data.len, 4);
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
          CASE(a_project_that_explodes_is_refused),
          CASE(pods_come_back_from_the_saved_objects_by_name_only))
