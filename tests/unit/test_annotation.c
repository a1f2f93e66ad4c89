/* SPDX-License-Identifier: Apache-2.0 */
/* test_annotation.c - which annotations mean something, and what they may say */
#include "kube/annotation.h"

#include "tests/unit/test.h"

#include "kube/kube.h"

static struct kube_result load(const char *annotations, const char *rest)
{
	autofree char *text = xasprintf(
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {%s}}\nspec:\n"
		"  initContainers: [{name: first, image: \"i:1\"}]\n"
		"  containers: [{name: c, image: \"i:1\"%s}, {name: d, image: \"i:1\"}]\n",
		annotations, rest);
	struct kube_options o = {.validate = KUBE_STRICT, .namespace_default = "default"};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/test.yaml", text, strlen(text), &o, &r, &e), 0);
	return r;
}

TEST(the_table_is_sorted_and_complete)
{
	size_t count;
	const struct annotation *a = annotation_table(&count);

	assert_true(count > 40);
	for (size_t i = 0; i < count; i++) {
		if (i && strcmp(a[i - 1].key, a[i].key) >= 0)
			fail_msg("%s is not in its place", a[i].key);
		if (!*a[i].doc || !*a[i].value)
			fail_msg("%s has no words", a[i].key);
		if (a[i].verdict == SCHEMA_QUIET && !*a[i].why)
			fail_msg("%s: why?", a[i].key);
	}
}

TEST(a_key_is_found_with_what_follows_it)
{
	static const struct {
		const char *key, *row, *suffix;
	} rows[] = {
		{"io.containers.autoupdate", "io.containers.autoupdate", NULL},
		{"io.containers.autoupdate/web", "io.containers.autoupdate", "web"},
		{"io.containers.autoupdate.authfile/web", "io.containers.autoupdate.authfile",
	         "web"},
		{"io.podman.annotations.userns/p", "io.podman.annotations.userns", "p"},
		{"seccomp.security.alpha.kubernetes.io/pod",
	         "seccomp.security.alpha.kubernetes.io/pod", NULL},
		{"container.seccomp.security.alpha.kubernetes.io/c",
	         "container.seccomp.security.alpha.kubernetes.io", "c"},
		{"kubeplay.io/net", "kubeplay.io/net", NULL},
		{"kubeplay.io/net/c", NULL, NULL},
		{"checksum/config", NULL, NULL},
		{"io.containers.autoupdat", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *suffix;
		const struct annotation *a = annotation_find(rows[i].key, &suffix);

		if (!a != !rows[i].row || (a && !streq(a->key, rows[i].row)))
			fail_msg("%s", rows[i].key);
		if (a && rows[i].suffix)
			assert_string_equal(suffix, rows[i].suffix);
		else if (a)
			assert_null(suffix);
	}
}

TEST(values_are_checked)
{
	static const struct {
		const char *key, *good[4], *bad[5];
	} rows[] = {
		{"io.containers.autoupdate",
	         {"registry", "disabled"},
	         {"or", "", "Registry", "local,"}},
		{"io.podman.annotations.ulimit",
	         {"nofile=1024:2048", "nofile=-1,nproc=5", "host"},
	         {"nofile", "nofile=", "nofile=1:", "nofile=1,", "=1"}},
		{"io.podman.annotations.pids-limit", {"0", "-1", "100"}, {"", "-2", "x", "1.5"}},
		{"io.podman.annotations.cpuset",
	         {"0", "0-3,8", "1,2"},
	         {"", "-", "1-", ",1", "1,"}},
		{"io.podman.annotations.init", {"TRUE", "false"}, {"yes", "1"}},
		{"kubeplay.io/probe-scale", {"0.1", "2", "1.50"}, {"0", "0.0", ".5", "1.", "x"}},
		{"kubeplay.io/restart-backoff",
	         {"100ms,5s", "1s,2m"},
	         {"5s", "1,2", "1s,2s,3s", ""}},
		{"kubeplay.io/net", {"own", "host"}, {"none", "own,", "ow"}},
		{"seccomp.security.alpha.kubernetes.io/pod",
	         {"runtime/default", "unconfined", "localhost/a"},
	         {"default", "localhost/", ""}},
		{"volume.podman.io/uid", {"0", "1000"}, {"-1", "root"}},
	};
	const char *suffix;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct annotation *a = annotation_find(rows[i].key, &suffix);

		assert_non_null(a);
		for (size_t k = 0; k < ARRAY_LEN(rows[i].good) && rows[i].good[k]; k++)
			if (!a->valid(a, rows[i].good[k]))
				fail_msg("%s: %s", a->key, rows[i].good[k]);
		for (size_t k = 0; k < ARRAY_LEN(rows[i].bad) && rows[i].bad[k]; k++)
			if (a->valid(a, rows[i].bad[k]))
				fail_msg("%s: %s is accepted", a->key, rows[i].bad[k]);
	}
}

TEST(what_is_wrong_is_said_at_its_place)
{
	static const struct {
		const char *annotation, *text;
		enum kube_severity severity;
	} rows[] = {
		{"kubeplay.io/net: own", "annotation not supported yet, ignored", KUBE_WARNING},
		{"kubeplay.io/net: none", "expected own, cluster or host, got \"none\"",
	         KUBE_ERROR},
		{"kubeplay.io/nte: own", "did you mean \"kubeplay.io/net\"?", KUBE_WARNING},
		{"io.podman.annotations.pids-limit/x: \"5\"", "the pod has no container \"x\"",
	         KUBE_ERROR},
		{"kubectl.kubernetes.io/default-container: x", "the pod has no container \"x\"",
	         KUBE_ERROR},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i].annotation, "");

		assert_int_equal(r.diag_count, 1);
		if (!strstr(r.diags[0].text, rows[i].text))
			fail_msg("%s", r.diags[0].text);
		assert_int_equal(r.diags[0].severity, rows[i].severity);
		assert_int_equal(r.diags[0].line, 3);
		kube_result_done(&r);
	}
}

TEST(what_is_nobodys_is_kept_without_a_word)
{
	struct kube_result r = load("checksum/config: abc, example.org/x: why, "
	                            "io.podman.annotations.infra.name: z, "
	                            "seccomp.security.alpha.kubernetes.io/pod: runtime/default",
	                            "");

	assert_int_equal(r.diag_count, 0);
	assert_int_equal(r.plan->pods[0].annotations_count, 4);
	assert_int_equal(r.plan->pods[0].hints_count, 0);
	kube_result_done(&r);
}

TEST(hints_stand_at_whom_they_are_for)
{
	struct kube_result r = load(
		"io.podman.annotations.ulimit: nproc=5, io.podman.annotations.ulimit/d: "
		"nproc=6, io.podman.annotations.init/first: \"TRUE\", "
		"io.podman.annotations.userns/p: keep-id, io.podman.annotations.userns/q: auto",
		"");
	const struct plan_pod *p = &r.plan->pods[0];

	assert_int_equal(p->hints_count, 2);
	assert_string_equal(p->hints[0].value, "nproc=5");
	assert_string_equal(p->hints[1].key, "userns");
	assert_string_equal(p->hints[1].value, "keep-id");
	assert_int_equal(p->containers[0].hints_count, 0);
	assert_string_equal(p->containers[1].hints[0].value, "nproc=6");
	assert_string_equal(p->init_containers[0].hints[0].key, "init");
	kube_result_done(&r);
}

TEST(old_profiles_count_where_no_field_does)
{
	static const char annotations[] =
		"container.seccomp.security.alpha.kubernetes.io/c: unconfined, "
		"seccomp.security.alpha.kubernetes.io/pod: localhost/a.json, "
		"container.apparmor.security.beta.kubernetes.io/d: localhost/mine";
	struct kube_result r = load(annotations, "");
	const struct plan_container *c = r.plan->pods[0].containers;

	assert_int_equal(c[0].security.seccomp, PLAN_PROFILE_UNCONFINED);
	assert_int_equal(c[1].security.seccomp, PLAN_PROFILE_LOCALHOST);
	assert_string_equal(c[1].security.seccomp_file, "a.json");
	assert_int_equal(c[0].security.apparmor, PLAN_PROFILE_UNSET);
	assert_string_equal(c[1].security.apparmor_profile, "mine");
	kube_result_done(&r);
	r = load(annotations, ", securityContext: {seccompProfile: {type: RuntimeDefault}}");
	assert_int_equal(r.plan->pods[0].containers[0].security.seccomp,
	                 PLAN_PROFILE_RUNTIME_DEFAULT);
	kube_result_done(&r);
}

/* Podman reads them at the controller; the template, where a cluster reads, wins. */
TEST(podmans_own_may_stand_at_the_controller)
{
	static const char text[] =
		"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\n  annotations:\n"
		"    io.containers.autoupdate: registry\n    io.podman.annotations.ulimit: nproc=1\n"
		"    kubeplay.io/net: host\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n"
		"    metadata:\n      labels: {a: b}\n      annotations: "
		"{io.podman.annotations.ulimit: nproc=2}\n    spec: {containers: [{name: c, image: "
		"\"i:1\"}]}\n";
	struct kube_options o = {.validate = KUBE_STRICT, .namespace_default = "default"};
	struct kube_result r;
	struct err e = {0};
	const struct plan_pod *p;

	assert_int_equal(kube_load_text("/x/test.yaml", text, strlen(text), &o, &r, &e), 0);
	assert_non_null(r.plan);
	p = &r.plan->pods[0];
	assert_int_equal(p->annotations_count, 1);
	assert_int_equal(p->hints_count, 2);
	assert_string_equal(p->hints[0].value, "nproc=2");
	assert_string_equal(p->hints[1].value, "registry");
	kube_result_done(&r);
}

TEST(claims_have_annotations_too)
{
	static const char text[] =
		"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: d\n  annotations:\n"
		"    volume.podman.io/uid: \"5\"\n    volume.podman.io/gid: x\n"
		"    volume.podman.io/driver: local\n"
		"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}\n";
	struct kube_options o = {.validate = KUBE_STRICT, .namespace_default = "default"};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/test.yaml", text, strlen(text), &o, &r, &e), 0);
	assert_int_equal(r.errors, 1);
	assert_int_equal(r.diag_count, 3);
	assert_string_equal(r.diags[1].text, "expected a group id, got \"x\"");
	assert_int_equal(r.diags[1].line, 7);
	kube_result_done(&r);
}

RUN_TESTS(CASE(the_table_is_sorted_and_complete), CASE(a_key_is_found_with_what_follows_it),
          CASE(values_are_checked), CASE(what_is_wrong_is_said_at_its_place),
          CASE(what_is_nobodys_is_kept_without_a_word), CASE(hints_stand_at_whom_they_are_for),
          CASE(old_profiles_count_where_no_field_does),
          CASE(podmans_own_may_stand_at_the_controller), CASE(claims_have_annotations_too))
