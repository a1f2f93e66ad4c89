/* SPDX-License-Identifier: Apache-2.0 */
/* test_lower_env.c - the environment of a container in the plan (kube/lower_env, _field) */
#include "tests/unit/test.h"

#include "kube/kube.h"

static const char configs[] =
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"
	"data: {a: A, b: B, '1x': bad, dotted.key: d}\nbinaryData: {c: AAEC}\n"
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: S, t: T}\n";

static struct kube_result load(const char *container, const char *spec)
{
	struct kube_options o = {.namespace_default = "ns", .node_name = "host"};
	autofree char *text = xasprintf(
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {l: v}, "
		"annotations: {x/y: z}}\nspec:\n  %s\n"
		"  containers:\n  - {name: c, image: \"i:1\", %s}\n"
		"  - {name: other, image: \"i:1\", resources: {limits: {memory: 3Mi}}}\n%s",
		spec, container, configs);
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/t.yaml", text, strlen(text), &o, &r, &e), 0);
	return r;
}

/* "NAME=value ..." as `plan` shows it */
static char *show(const struct kube_result *r)
{
	const struct plan_container *c;
	struct strbuf out = {0};

	if (!r->plan)
		return xasprintf("%s: %s", r->diags[0].path, r->diags[0].text);
	c = &r->plan->pods[0].containers[0];
	for (uint32_t i = 0; i < c->env_count; i++) {
		autofree char *text = plan_value_show(&c->env[i].value);

		strbuf_addf(&out, "%s%s=%s", i ? " " : "", c->env[i].name, text);
	}
	for (uint32_t i = 0; i < c->command_count; i++) {
		autofree char *text = plan_value_show(&c->command[i]);

		strbuf_addf(&out, " [%s]", text);
	}
	return strbuf_take(&out);
}

#define FROM(kind, rest)     "{" kind ": {" rest "}}"
#define VALUE(name, rest)    "{name: " name ", valueFrom: {" rest "}}"
#define FIELD(name, path)    VALUE(name, "fieldRef: {fieldPath: \"" path "\"}")
#define RESOURCE(name, rest) VALUE(name, "resourceFieldRef: {" rest "}")

TEST(variables_come_in_order_and_later_ones_win)
{
	static const struct {
		const char *container, *want;
	} rows[] = {
		{"env: []", ""},
		{"env: [{name: A}, {name: B, value: b}, {name: A, value: a}]", "A=a B=b"},
		{"envFrom: [" FROM("configMapRef", "name: cm") "]",
	         "a=A b=B dotted.key=d"}, /* 1x is no name, c no text */
		{"envFrom: [" FROM("configMapRef", "name: cm") ", " FROM("secretRef",
	                                                                 "name: s") "]",
	         "a=<secret> b=B dotted.key=d t=<secret>"},
		{"envFrom: [" FROM("secretRef", "name: s") ", " FROM("configMapRef",
	                                                             "name: cm") "]",
	         "a=A t=<secret> b=B dotted.key=d"},
		{"envFrom: [{prefix: P_, configMapRef: {name: cm}}]",
	         "P_1x=bad P_a=A P_b=B P_dotted.key=d"},
		{"envFrom: [{configMapRef: {name: none, optional: true}}]", ""},
		{"envFrom: [{configMapRef: {name: cm}}], env: [{name: b, value: 'x$(a)$(b)'}]",
	         "a=A b=xAB dotted.key=d"},
		{"env: [{name: A, value: $(B)}, {name: B, value: $(A)}, {name: C, value: "
	         "$$(A)$(B)}]",
	         "A=$(B) B=$(B) C=$(A)$(B)"},
		{"env: [{name: A, value: a}, {name: A, value: $(A)$(A)}], command: [$(A), '$(A']",
	         "A=aa [aa] [$(A]"},
		{"env: [" VALUE("K", "configMapKeyRef: {name: cm, key: dotted.key}") ", " VALUE(
			 "S",
			 "secretKeyRef: {name: s, key: a}") ", {name: U, value: 'u:$(S)@$(K)'}]",
	         "K=d S=<secret> U=u:<secret>@d"},
		{"env: [" VALUE(
			 "K",
			 "configMapKeyRef: {name: cm, key: none, optional: true}") ", {name: L, value: '$(K)'}]",
	         "L=$(K)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i].container, "");
		autofree char *got = show(&r);

		if (!streq(got, rows[i].want))
			fail_msg("%s: %s, not %s", rows[i].container, got, rows[i].want);
		kube_result_done(&r);
	}
}

TEST(a_key_that_is_no_name_is_skipped_with_a_warning)
{
	struct kube_result r = load("envFrom: [" FROM("configMapRef", "name: cm") "]", "");
	size_t warnings = 0;

	for (size_t i = 0; i < r.diag_count; i++)
		if (r.diags[i].severity == KUBE_WARNING &&
		    strstr(r.diags[i].text, "is no name of a variable, skipped"))
			warnings++;
	assert_int_equal(warnings, 1);
	kube_result_done(&r);
}

TEST(fields_of_the_pod_become_text_or_stay_open)
{
	static const struct {
		const char *spec, *env, *want;
	} rows[] = {
		{"", FIELD("A", "metadata.name"), "A=p"},
		{"", FIELD("A", "metadata.namespace"), "A=ns"},
		{"", FIELD("A", "metadata.labels['l']"), "A=v"},
		{"", FIELD("A", "metadata.labels['none']"), "A="},
		{"", FIELD("A", "metadata.annotations['x/y']"), "A=z"},
		{"", FIELD("A", "spec.nodeName"), "A=host"},
		{"nodeName: n1", FIELD("A", "spec.nodeName"), "A=n1"},
		{"", FIELD("A", "spec.serviceAccountName"), "A=default"},
		{"serviceAccountName: me", FIELD("A", "spec.serviceAccountName"), "A=me"},
		{"serviceAccount: old", FIELD("A", "spec.serviceAccountName"), "A=old"},
		{"", FIELD("A", "status.podIP"), "A=$(status.podIP)"},
		{"", FIELD("A", "status.podIPs"), "A=$(status.podIPs)"},
		{"", FIELD("A", "status.hostIP"), "A=$(status.hostIP)"},
		{"", FIELD("A", "status.hostIPs") ", {name: B, value: 'x$(A)y'}",
	         "A=$(status.hostIPs) B=x$(status.hostIPs)y"},
		{"", RESOURCE("A", "resource: limits.cpu"), "A=2"},
		{"", RESOURCE("A", "resource: limits.cpu, divisor: 1m"), "A=1250"},
		{"", RESOURCE("A", "resource: requests.cpu, divisor: 1m"), "A=100"},
		{"", RESOURCE("A", "resource: limits.memory"), "A=$(node.memory/1)"},
		{"", RESOURCE("A", "resource: limits.memory, divisor: 1Mi"),
	         "A=$(node.memory/1048576)"},
		{"", RESOURCE("A", "resource: requests.memory"), "A=0"},
		{"", RESOURCE("A", "resource: limits.ephemeral-storage, divisor: 1G"), "A=2"},
		{"", RESOURCE("A", "containerName: other, resource: limits.memory, divisor: 1k"),
	         "A=3146"},
		{"", RESOURCE("A", "containerName: other, resource: requests.memory"), "A=3145728"},
		{"", RESOURCE("A", "containerName: other, resource: limits.cpu"),
	         "A=$(node.cpu/1000)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *container =
			xasprintf("env: [%s], resources: {limits: {cpu: 1250m, ephemeral-storage: "
		                  "1500M}, requests: {cpu: 100m}}",
		                  rows[i].env);
		struct kube_result r = load(container, rows[i].spec);
		autofree char *got = show(&r);

		if (!streq(got, rows[i].want))
			fail_msg("%s: %s, not %s", rows[i].env, got, rows[i].want);
		kube_result_done(&r);
	}
}

TEST(what_is_missing_is_told_with_what_exists)
{
	static const char *const rows[][3] = {
		{"env: [" VALUE("A", "configMapKeyRef: {name: cm, key: none}") "]",
	         "env[0].valueFrom.configMapKeyRef.key",
	         "has no key \"none\"; it has: 1x, a, b, c, dotted.key"},
		{"env: [" VALUE("A", "configMapKeyRef: {name: cm, key: c}") "]",
	         "env[0].valueFrom.configMapKeyRef.key", "stands in binaryData"},
		{"env: [" VALUE("A", "secretKeyRef: {name: none, key: a}") "]",
	         "env[0].valueFrom.secretKeyRef.name",
	         "there is no Secret \"none\"; these files have: s"},
		{"envFrom: [" FROM("configMapRef", "name: none") "]",
	         "envFrom[0].configMapRef.name",
	         "there is no ConfigMap \"none\"; these files have: cm"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i][0], "");

		if (r.errors != 1 || !ends_with(r.diags[0].path, rows[i][1]) ||
		    !strstr(r.diags[0].text, rows[i][2]))
			fail_msg("%s: %zu errors; %s: %s", rows[i][0], r.errors,
			         r.diag_count ? r.diags[0].path : "",
			         r.diag_count ? r.diags[0].text : "");
		kube_result_done(&r);
	}
}

TEST(a_plan_does_not_depend_on_the_machine)
{
	struct kube_result r = load("env: [" RESOURCE("A", "resource: limits.cpu") "]", "");
	autostrbuf struct strbuf saved = {0};
	struct err e = {0};

	assert_int_equal(plan_save(r.plan, &saved, &e), 0);
	assert_non_null(strstr(saved.s, "node.cpu/1000"));
	kube_result_done(&r);
}

RUN_TESTS(CASE(variables_come_in_order_and_later_ones_win),
          CASE(a_key_that_is_no_name_is_skipped_with_a_warning),
          CASE(fields_of_the_pod_become_text_or_stay_open),
          CASE(what_is_missing_is_told_with_what_exists),
          CASE(a_plan_does_not_depend_on_the_machine))
