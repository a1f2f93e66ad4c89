/* SPDX-License-Identifier: Apache-2.0 */
/* test_lower_volume.c - volumes and mounts in the plan (kube/lower_volume, _files, _mount) */
#include "tests/unit/test.h"

#include "kube/kube.h"

static const char configs[] =
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"
	"data: {a: A, b: B}\nbinaryData: {c: AAEC}\n"
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: S, t: T}\n";

/* A pod with one volume "v" and what its container says, in flow style. */
static struct kube_result load_as(const char *volume, const char *container,
                                  const struct kube_options *o)
{
	autofree char *text = xasprintf(
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {b: two, a: one}, "
		"annotations: {x/y: \"l1\\nl2\\t\\u00a0\\u00e9\"}}\nspec:\n"
		"  volumes: [{name: v, %s}]\n"
		"  containers: [{name: c, image: \"i:1\", %s}]\n%s",
		volume, container, configs);
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/t.yaml", text, strlen(text), o, &r, &e), 0);
	return r;
}

static struct kube_result load(const char *volume, const char *container)
{
	struct kube_options o = {.namespace_default = "default"};

	return load_as(volume, container, &o);
}

static const struct plan_pod *pod_of(const struct kube_result *r)
{
	if (r->plan && r->plan->pods_count)
		return &r->plan->pods[0];
	print_error("%s: %s\n", r->diags[0].path, r->diags[0].text);
	abort();
}

static const char *mode_text(int64_t mode, char buf[16])
{
	(void)snprintf(buf, 16, "%o", (unsigned)mode);
	return buf;
}

/* "path=content:mode ..." of the volume's files; what is beside the plan by name. */
static char *show_files(const struct plan_volume *v)
{
	struct strbuf out = {0};
	char mode[16];

	for (uint32_t i = 0; i < v->files_count; i++) {
		const struct plan_file *f = &v->files[i];
		autofree char *text = f->text ? plan_value_show(f->text) : xstrdup(f->data);

		strbuf_addf(&out, "%s%s=%s:%s", i ? " " : "", f->path, text,
		            mode_text(f->mode, mode));
	}
	return strbuf_take(&out);
}

#define CM "configmap/default/cm/"
#define S  "secret/default/s/"

TEST(files_of_a_volume_come_from_its_sources_in_order)
{
	static const struct {
		const char *volume, *files;
		bool secret, memory;
		size_t warnings;
	} rows[] = {
		{"configMap: {name: cm}", "a=" CM "a:644 b=" CM "b:644 c=" CM "c:644", false, false,
	         0},
		{"configMap: {name: cm, items: []}", "a=" CM "a:644 b=" CM "b:644 c=" CM "c:644",
	         false, false, 0},
		{"configMap: {name: cm, defaultMode: 0400, items: [{key: a, path: x/y}, "
	         "{key: a, path: z, mode: 0755}]}",
	         "x/y=" CM "a:400 z=" CM "a:755", false, false, 0},
		{"configMap: {name: none, optional: true}", "", false, false, 0},
		{"configMap: {name: cm, optional: true, items: [{key: nokey, path: x}]}", "", false,
	         false, 0},
		{"secret: {secretName: s, defaultMode: 256}", "a=" S "a:400 t=" S "t:400", true,
	         false, 0},
		{"projected: {sources: [{configMap: {name: cm}}, {secret: {name: s}}]}",
	         "a=" S "a:644 b=" CM "b:644 c=" CM "c:644 t=" S "t:644", true, true, 1},
		{"projected: {defaultMode: 0440, sources: ["
	         "{secret: {name: s, items: [{key: t, path: d/t, mode: 0400}]}}, "
	         "{configMap: {name: none, optional: true}}, "
	         "{downwardAPI: {items: [{path: d/name, fieldRef: {fieldPath: metadata.name}}]}}]}",
	         "d/name=p:440 d/t=" S "t:400", true, true, 0},
		{"projected: {sources: [{downwardAPI: {items: [{path: a, fieldRef: {fieldPath: "
	         "metadata.namespace}}]}}, {configMap: {name: cm}}]}",
	         "a=" CM "a:644 b=" CM "b:644 c=" CM "c:644", false, true, 1},
		{"projected: {sources: [{configMap: {name: cm}}, {downwardAPI: {items: [{path: a, "
	         "fieldRef: {fieldPath: metadata.namespace}}]}}]}",
	         "a=default:644 b=" CM "b:644 c=" CM "c:644", false, true, 1},
		{"projected: {sources: []}", "", false, true, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i].volume, "");
		const struct plan_volume *v = &pod_of(&r)->volumes[0];
		autofree char *got = show_files(v);
		size_t warnings = 0;

		assert_string_equal(got, rows[i].files);
		assert_int_equal(v->type, PLAN_FILES);
		assert_int_equal(v->secret, rows[i].secret);
		assert_int_equal(v->memory, rows[i].memory);
		for (size_t d = 0; d < r.diag_count; d++)
			warnings += r.diags[d].severity == KUBE_WARNING;
		assert_int_equal(warnings, rows[i].warnings);
		kube_result_done(&r);
	}
}

TEST(a_pod_can_read_what_it_is)
{
	static const struct {
		const char *item, *text;
	} rows[] = {
		{"fieldRef: {fieldPath: metadata.name}", "p"},
		{"fieldRef: {fieldPath: metadata.namespace}", "default"},
		{"fieldRef: {fieldPath: metadata.labels}", "a=\"one\"\nb=\"two\""},
		{"fieldRef: {fieldPath: metadata.annotations}",
	         "x/y=\"l1\\nl2\\t\\u00a0\xc3\xa9\""},
		{"fieldRef: {fieldPath: \"metadata.labels['b']\"}", "two"},
		{"fieldRef: {fieldPath: \"metadata.labels['none']\"}", ""},
		{"fieldRef: {fieldPath: \"metadata.annotations['x/y']\"}",
	         "l1\nl2\t\xc2\xa0\xc3\xa9"},
		{"resourceFieldRef: {containerName: c, resource: limits.cpu}", "2"},
		{"resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 1m}", "1500"},
		{"resourceFieldRef: {containerName: c, resource: requests.cpu, divisor: 1m}",
	         "1500"},
		{"resourceFieldRef: {containerName: c, resource: requests.memory, divisor: 1Mi}",
	         "65"},
		{"resourceFieldRef: {containerName: c, resource: requests.memory, divisor: '0'}",
	         "67108865"},
		{"resourceFieldRef: {containerName: c, resource: limits.memory, divisor: 1Mi}",
	         "$(node.memory/1048576)"},
		{"resourceFieldRef: {containerName: c, resource: limits.ephemeral-storage}",
	         "$(node.ephemeral-storage/1)"},
		{"resourceFieldRef: {containerName: c, resource: requests.ephemeral-storage}", "0"},
		{"resourceFieldRef: {containerName: c, resource: limits.hugepages-2Mi, divisor: "
	         "1Mi}",
	         "4"},
		{"resourceFieldRef: {containerName: c, resource: limits.hugepages-1Gi}", "0"},
	};
	struct kube_options o = {.namespace_default = "default", .validate = KUBE_WARN};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *volume =
			xasprintf("downwardAPI: {items: [{path: f, %s}]}", rows[i].item);
		struct kube_result r =
			load_as(volume,
		                "resources: {limits: {cpu: 1500m, hugepages-2Mi: 4Mi}, "
		                "requests: {memory: 67108865, hugepages-2Mi: 4Mi}}",
		                &o);
		const struct plan_volume *v = &pod_of(&r)->volumes[0];

		assert_int_equal(v->files_count, 1);
		autofree char *text = plan_value_show(v->files[0].text);

		if (!streq(text, rows[i].text))
			fail_msg("%s: %s", rows[i].item, text);
		kube_result_done(&r);
	}
}

TEST(what_is_missing_is_told_with_what_exists)
{
	static const struct {
		const char *volume, *container, *path, *text;
	} rows[] = {
		{"configMap: {name: none}", "", "volumes[0].configMap.name",
	         "there is no ConfigMap \"none\"; these files have: cm"},
		{"secret: {secretName: none}", "", "volumes[0].secret.secretName",
	         "there is no Secret \"none\"; these files have: s"},
		{"projected: {sources: [{secret: {name: none}}]}", "",
	         "volumes[0].projected.sources[0].secret.name", "there is no Secret \"none\""},
		{"configMap: {name: cm, items: [{key: x, path: to}]}", "",
	         "volumes[0].configMap.items[0].key", "has no key \"x\"; it has: a, b, c"},
		{"projected: {sources: [{secret: {name: s, items: [{key: x, path: to}]}}]}", "",
	         "volumes[0].projected.sources[0].secret.items[0].key",
	         "has no key \"x\"; it has: a, t"},
		{"projected: {sources: [{configMap: {name: cm}}, {secret: {name: s, items: [{key: "
	         "t, path: a/t}]}}]}",
	         "", "volumes[0].projected", "\"a\" would be a file and a directory"},
		{"configMap: {name: cm}",
	         "volumeMounts: [{name: v, mountPath: /m, subPath: nofile}]",
	         "volumeMounts[0].subPath", "has no file \"nofile\"; it has: a, b, c"},
		{"configMap: {name: cm, items: [{key: a, path: d-/x}, {key: a, path: d/x}]}",
	         "volumeMounts: [{name: v, mountPath: /m, subPath: d}, {name: v, mountPath: /n, "
	         "subPath: d/x}, {name: v, mountPath: /o, subPath: d/}, {name: v, mountPath: /p, "
	         "subPath: d/xx}]",
	         "volumeMounts[3].subPath", "has no file \"d/xx\"; it has: d-/x, d/x"},
		{"emptyDir: {}",
	         "volumeMounts: [{name: v, mountPath: /m, subPathExpr: 'x/$(NONE)'}]",
	         "volumeMounts[0].subPathExpr", "no variable \"NONE\""},
		{"emptyDir: {}",
	         "env: [{name: E}], volumeMounts: [{name: v, mountPath: /m, subPathExpr: "
	         "'x/$(E)'}]",
	         "volumeMounts[0].subPathExpr", "\"E\" is empty"},
		{"emptyDir: {}",
	         "env: [{name: E, value: ../..}], volumeMounts: [{name: v, mountPath: /m, "
	         "subPathExpr: 'x/$(E)'}]",
	         "volumeMounts[0].subPathExpr", "comes to \"x/../..\""},
		{"emptyDir: {}",
	         "env: [{name: E, value: /x}], volumeMounts: [{name: v, mountPath: /m, "
	         "subPathExpr: $(E)}]",
	         "volumeMounts[0].subPathExpr", "comes to \"/x\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i].volume, rows[i].container);

		if (r.errors != 1 || !strstr(r.diags[0].text, rows[i].text) ||
		    !ends_with(r.diags[0].path, rows[i].path))
			fail_msg("row %zu: %zu errors; %s: %s", i, r.errors,
			         r.diag_count ? r.diags[0].path : "",
			         r.diag_count ? r.diags[0].text : "");
		kube_result_done(&r);
	}
}

/* In a time that grows with the length only. */
TEST(a_path_without_end_is_refused)
{
	autostrbuf struct strbuf volume = {0};
	struct kube_result r;

	strbuf_adds(&volume, "configMap: {name: cm, items: [{key: a, path: '");
	for (size_t i = 0; i < 1 << 20; i++)
		strbuf_adds(&volume, "x/");
	strbuf_adds(&volume, "x'}]}");
	r = load(volume.s, "");
	assert_int_equal(r.errors, 1);
	kube_result_done(&r);
}

TEST(mounts_say_where_and_how)
{
	static const char container[] =
		"env: [{name: E, value: e}, {name: IP, valueFrom: {fieldRef: {fieldPath: "
		"status.podIP}}}, {name: PW, valueFrom: {secretKeyRef: {name: s, key: t}}}], "
		"volumeMounts: [{name: v, mountPath: /e/./z, subPathExpr: 'a/$(E)//$$(E)'}, "
		"{name: v, mountPath: '/d:z,ro'}, {name: v, mountPath: '/c:Z'}, "
		"{name: v, mountPath: /b, subPathExpr: 'x-$(IP)'}, "
		"{name: v, mountPath: /a, readOnly: true, subPathExpr: $(PW)}, "
		"{name: v, mountPath: /g, readOnly: true, mountPropagation: HostToContainer, "
		"recursiveReadOnly: IfPossible}]";
	struct kube_options o = {.namespace_default = "default", .validate = KUBE_WARN};
	struct kube_result r = load_as("emptyDir: {}", container, &o);
	const struct plan_mount *m = pod_of(&r)->containers[0].mounts;

	assert_int_equal(pod_of(&r)->containers[0].mounts_count, 6);
	assert_string_equal(m[0].path, "/a");
	assert_true(m[0].read_only && m[0].sub_path_expr && !m[0].sub_path);
	assert_string_equal(m[0].sub_path_expr->parts[0].secret, "secret/default/s/t");
	assert_int_equal(m[1].sub_path_expr->parts_count, 2);
	assert_string_equal(m[1].sub_path_expr->parts[0].text, "x-");
	assert_string_equal(m[1].sub_path_expr->parts[1].field, "status.podIP");
	assert_string_equal(m[2].path, "/c");
	assert_false(m[2].read_only);
	assert_string_equal(m[3].path, "/d");
	assert_true(m[3].read_only);
	assert_string_equal(m[4].path, "/e/z");
	assert_string_equal(m[4].sub_path, "a/e/$(E)");
	assert_int_equal(m[5].propagation, PLAN_PROPAGATION_HOST_TO_CONTAINER);
	assert_int_equal(m[5].recursive_read_only, PLAN_RECURSIVE_IF_POSSIBLE);
	kube_result_done(&r);
}

static const char template[] = "ephemeral: {volumeClaimTemplate: {spec: {accessModes: "
			       "[ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}";

TEST(an_ephemeral_volume_belongs_to_its_pod)
{
	struct kube_result r = load(template, "");
	const struct plan_volume *v = &pod_of(&r)->volumes[0];

	assert_int_equal(v->type, PLAN_EPHEMERAL);
	assert_string_equal(v->claim, "p-v");
	assert_int_equal(r.plan->claims_count, 0); /* nothing that outlives the pod */
	kube_result_done(&r);
}

TEST(the_claim_of_an_ephemeral_volume_is_nobody_elses)
{
	autofree char *text = xasprintf(
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
		"  volumes: [{name: v, %s}]\n  containers: [{name: c, image: \"i:1\"}]\n"
		"---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p-v}\n"
		"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
		template);
	struct kube_options o = {.namespace_default = "default"};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/t.yaml", text, strlen(text), &o, &r, &e), 0);
	assert_int_equal(r.errors, 1);
	assert_non_null(strstr(r.diags[0].text, "would be \"p-v\", which is another's"));
	kube_result_done(&r);
}

TEST(an_image_volume_stands_in_the_plan_before_it_works)
{
	struct kube_options o = {.namespace_default = "default", .validate = KUBE_WARN};
	struct kube_result r = load_as("image: {reference: 'r/i:2'}", "", &o);
	const struct plan_volume *v = &pod_of(&r)->volumes[0];

	assert_int_equal(v->type, PLAN_IMAGE);
	assert_string_equal(v->image->reference, "r/i:2");
	assert_int_equal(v->image->pull, PLAN_PULL_IF_NOT_PRESENT);
	kube_result_done(&r);
	r = load("image: {reference: 'r/i:2'}", "");
	assert_int_equal(r.errors, 1);
	kube_result_done(&r);
}

TEST(volumes_that_cannot_work_may_become_directories)
{
	static const char csi[] = "csi: {driver: d.example.com}";
	struct kube_options o = {.namespace_default = "default", .substitute_volumes = true};
	struct kube_result r = load_as(csi, "volumeMounts: [{name: v, mountPath: /m}]", &o);
	const struct plan_pod *p = pod_of(&r);

	assert_int_equal(p->volumes[0].type, PLAN_EMPTY_DIR);
	assert_string_equal(p->volumes[0].substitute, "csi");
	assert_int_equal(p->containers[0].mounts_count, 1);
	kube_result_done(&r);
	r = load(csi, "");
	assert_int_equal(r.errors, 1);
	kube_result_done(&r);
	o.substitute_volumes = false;
	o.validate = KUBE_WARN; /* then it is not there */
	r = load_as(csi, "volumeMounts: [{name: v, mountPath: /m}]", &o);
	assert_int_equal(pod_of(&r)->volumes_count, 0);
	assert_int_equal(pod_of(&r)->containers[0].mounts_count, 0);
	kube_result_done(&r);
}

TEST(devices_stand_in_the_plan)
{
	struct kube_options o = {.namespace_default = "default", .validate = KUBE_WARN};
	struct kube_result r = load_as("persistentVolumeClaim: {claimName: x}",
	                               "volumeDevices: [{name: v, devicePath: /dev/x}]", &o);
	const struct plan_container *c = &pod_of(&r)->containers[0];

	assert_int_equal(c->devices_count, 1);
	assert_string_equal(c->devices[0].volume, "v");
	assert_string_equal(c->devices[0].path, "/dev/x");
	kube_result_done(&r);
}

RUN_TESTS(CASE(files_of_a_volume_come_from_its_sources_in_order), CASE(a_pod_can_read_what_it_is),
          CASE(what_is_missing_is_told_with_what_exists), CASE(a_path_without_end_is_refused),
          CASE(mounts_say_where_and_how), CASE(an_ephemeral_volume_belongs_to_its_pod),
          CASE(the_claim_of_an_ephemeral_volume_is_nobody_elses),
          CASE(an_image_volume_stands_in_the_plan_before_it_works),
          CASE(volumes_that_cannot_work_may_become_directories), CASE(devices_stand_in_the_plan))
