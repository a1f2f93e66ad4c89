/* SPDX-License-Identifier: Apache-2.0 */
/* test_explain.c - paths of the API are found, and every field of a file has the fate that it
 * should */
#include "tests/unit/test.h"

#include "kube/alias.h"
#include "kube/explain.h"
#include "kube/k8s.h"
#include "kube/kube.h"

TEST(kinds_go_by_kubectls_words)
{
	static const struct {
		const char *word;
		int kind;
	} rows[] = {
		{"pod", OBJECT_POD},
		{"Pods", OBJECT_POD},
		{"PO", OBJECT_POD},
		{"deploy", OBJECT_DEPLOYMENT},
		{"Deployment", OBJECT_DEPLOYMENT},
		{"deployments.apps", OBJECT_DEPLOYMENT},
		{"deployments.batch", ALIAS_NONE},
		{"pods.", OBJECT_POD},
		{"sts", OBJECT_STATEFUL_SET},
		{"ds", OBJECT_DAEMON_SET},
		{"rs", OBJECT_REPLICA_SET},
		{"rc", OBJECT_REPLICATION_CONTROLLER},
		{"job", OBJECT_JOB},
		{"cj", OBJECT_CRON_JOB},
		{"cm", OBJECT_CONFIG_MAP},
		{"secrets", OBJECT_SECRET},
		{"pvc", OBJECT_CLAIM},
		{"pv", OBJECT_PERSISTENT_VOLUME},
		{"svc", OBJECT_SERVICE},
		{"sa", OBJECT_SERVICE_ACCOUNT},
		{"ns", OBJECT_NAMESPACE},
		{"podtemplates", OBJECT_POD_TEMPLATE},
		{"", ALIAS_NONE},
		{"p", ALIAS_NONE},
		{"podss", ALIAS_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(alias_kind(rows[i].word), rows[i].kind);
	for (int k = 0; k < OBJECT_TYPE_COUNT; k++) {
		assert_int_equal(alias_kind(schema_kinds[k].name), k);
		assert_int_equal(alias_kind(alias_plural((enum object_type)k)), k);
	}
	assert_string_equal(alias_nearest("deploymnet"), "Deployment");
	assert_null(alias_nearest("xyzzy"));
}

TEST(objects_are_called_as_kubectl_calls_them)
{
	autofree char *pod = alias_object(OBJECT_POD, "a"), *job = alias_object(OBJECT_JOB, "b");

	assert_string_equal(pod, "pod/a");
	assert_string_equal(job, "job.batch/b");
}

TEST(paths_lead_to_fields)
{
	static const struct {
		const char *path, *key, *type;
	} rows[] = {
		{"pod", NULL, "Pod"},
		{"pod.", NULL, "Pod"},
		{"pod.spec", "spec", "PodSpec"},
		{"pod.spec.containers", "containers", "Container"},
		{"pod.spec.containers[0]", "containers", "Container"},
		{"pod.spec.containers[12].image", "image", NULL},
		{"po.spec.containers[].env[0].valueFrom.fieldRef.fieldPath", "fieldPath", NULL},
		{"deployments.apps.spec.template", "template", "PodTemplateSpec"},
		{"cm.data", "data", NULL},
		{"cm.data.any.key[0]", "data", NULL},
		{"pod.metadata.labels.app", "labels", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct explain x;
		struct err e = {0};

		if (explain_find(rows[i].path, &x, &e) < 0)
			fail_msg("%s: %s", rows[i].path, e.msg);
		if (rows[i].key)
			assert_string_equal(x.field->key, rows[i].key);
		else
			assert_null(x.field);
		if (rows[i].type)
			assert_string_equal(x.type->name, rows[i].type);
		else
			assert_null(x.type);
	}
}

TEST(what_is_not_there_has_a_suggestion)
{
	static const struct {
		const char *path, *text;
	} rows[] = {
		{"pud", "did you mean Pod?"},
		{"", "lists the kinds"},
		{"pod.spec.contaners", "did you mean pod.spec.containers?"},
		{"pod.spec.containers[0].imgae", "did you mean pod.spec.containers[0].image?"},
		{"pod.spec.xyzzy", "kubeplay explain pod.spec lists its fields"},
		{"pod.spec.nodeName.x", "pod.spec.nodeName has no fields"},
		{"pod..spec", "has no field"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct explain x;
		struct err e = {0};

		assert_int_equal(explain_find(rows[i].path, &x, &e), -1);
		assert_int_equal(e.kind, ERR_ABSENT);
		if (!strstr(e.msg, rows[i].text))
			fail_msg("%s: %s", rows[i].path, e.msg);
	}
}

static void check_type(const char *path, const char *type, const char *choices, bool required)
{
	struct explain x;
	struct err e = {0};

	assert_int_equal(explain_find(path, &x, &e), 0);
	autofree char *t = explain_type_text(x.info, x.type);
	autofree char *c = explain_choices(x.field, x.info);

	assert_string_equal(t, type);
	assert_string_equal(c, choices);
	assert_int_equal(explain_required(x.field), required);
}

TEST(types_are_words_for_people)
{
	check_type("pod.spec.containers", "[]Container", "", true);
	check_type("pod.spec.containers.image", "string", "", true);
	check_type("pod.spec.containers.command", "[]string", "", false);
	check_type("pod.spec.containers.stdin", "boolean", "", false);
	check_type("pod.spec.restartPolicy", "word", "Always, OnFailure, Never", false);
	check_type("pod.spec.securityContext.supplementalGroups", "[]integer", "", false);
	check_type("pod.spec.volumes.emptyDir", "EmptyDirVolumeSource", "", false);
	check_type("pod.spec.volumes.emptyDir.sizeLimit", "quantity", "", false);
	check_type("pod.spec.volumes.emptyDir.medium", "word",
	           "Memory, HugePages, HugePages-2Mi, HugePages-1Gi", false);
	check_type("pod.spec.volumes.configMap.defaultMode", "mode", "", false);
	check_type("pod.spec.containers.resources.limits", "mapping of quantities", "", false);
	check_type("svc.spec.ports.targetPort", "integer or string", "", false);
	check_type("cm.data", "mapping of strings", "", false);
}

TEST(a_part_shares_the_fate_of_the_whole)
{
	static struct schema_info info[2] = {
		{.shape = SCHEMA_BOOL, .verdict = SCHEMA_YES, .why = ""},
		{.shape = SCHEMA_BOOL, .verdict = SCHEMA_NO, .why = "own"},
	};
	static const cyaml_schema_field_t fields[2] = {{.key = "a"}, {.key = "b"}};
	const struct schema_type type = {.info = info, .fields = fields, .count = 2};
	struct explain up = {.type = &type, .verdict = SCHEMA_LATER, .why = "whole"};

	assert_int_equal(explain_field(&up, 0).verdict, SCHEMA_LATER);
	assert_string_equal(explain_field(&up, 0).why, "whole");
	assert_int_equal(explain_field(&up, 1).verdict, SCHEMA_NO);
	assert_string_equal(explain_field(&up, 1).why, "own");
	up.verdict = SCHEMA_APPROX;
	assert_int_equal(explain_field(&up, 0).verdict, SCHEMA_YES);
}

/* Every shape has a word: a new one without would crash here. */
TEST(every_field_can_be_told)
{
	for (const struct schema_type *const *t = schema_types; *t; t++)
		for (uint32_t i = 0; i < (*t)->count; i++) {
			const struct explain up = {.type = *t};
			struct explain x = explain_field(&up, i);
			autofree char *type = explain_type_text(x.info, x.type);

			assert_true(*type || !*(*t)->name);
			assert_true(*explain_verdict(x.info->verdict));
		}
}

/* --- fates ---------------------------------------------------------------------------------
 */

static const char manifest[] = "apiVersion: v1\n"
			       "kind: Pod\n"
			       "metadata:\n"
			       "  name: p\n"
			       "  uid: x\n"
			       "  annotations: {a: b}\n"
			       "spec:\n"
			       "  nodeSelector: {a: b}\n"
			       "  schedulerName: null\n"
			       "  containers:\n"
			       "  - name: c\n"
			       "    image: i\n"
			       "    imgae: i\n"
			       "    env: []\n"
			       "  volumes:\n"
			       "  - name: n\n"
			       "    nfs: {server: s, path: /p}\n";

static const struct kube_field *field(const struct kube_object *o, const char *path)
{
	for (size_t i = 0; i < o->fields_count; i++)
		if (streq(o->fields[i].path, path))
			return &o->fields[i];
	return NULL;
}

TEST(every_field_of_a_file_has_its_fate)
{
	static const struct {
		const char *path;
		enum kube_fate fate;
		int line, column;
	} rows[] = {
		{"kind", KUBE_APPLIED, 2, 1},
		{"metadata.name", KUBE_APPLIED, 4, 3},
		{"metadata.uid", KUBE_SERVER, 5, 3},
		{"metadata.annotations", KUBE_APPLIED, 6, 3},
		{"spec.nodeSelector", KUBE_IGNORED, 8, 3},
		{"spec.containers[0].image", KUBE_APPLIED, 12, 5},
		{"spec.containers[0].imgae", KUBE_UNKNOWN, 13, 5},
		{"spec.containers[0].env", KUBE_APPLIED, 14, 5},
		{"spec.volumes[0].nfs", KUBE_REFUSED, 17, 5},
	};
	static const char *const absent[] = {"metadata", "spec.containers", "spec.schedulerName",
	                                     "spec.volumes[0].nfs.server"};
	struct kube_options o = {.validate = KUBE_IGNORE, .fates = true};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x.yaml", manifest, strlen(manifest), &o, &r, &e), 0);
	assert_int_equal(r.objects_count, 1);
	assert_string_equal(r.fates[0].name, "p");
	assert_string_equal(r.fates[0].kind, "Pod");
	assert_int_equal(r.fates[0].line, 1);
	assert_int_equal(r.fates[0].fate, KUBE_APPLIED);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kube_field *f = field(&r.fates[0], rows[i].path);

		if (!f) {
			fail_msg("%s is missing", rows[i].path);
			continue;
		}
		assert_int_equal(f->fate, rows[i].fate);
		assert_int_equal(f->line, rows[i].line);
		assert_int_equal(f->column, rows[i].column);
		assert_true((f->fate == KUBE_APPLIED) == !*f->why);
	}
	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		assert_null(field(&r.fates[0], absent[i]));
	assert_int_equal(r.fates[0].counts[KUBE_UNKNOWN], 1);
	assert_int_equal(r.fates[0].counts[KUBE_SERVER], 1);
	kube_result_done(&r);
}

RUN_TESTS(CASE(kinds_go_by_kubectls_words), CASE(objects_are_called_as_kubectl_calls_them),
          CASE(paths_lead_to_fields), CASE(what_is_not_there_has_a_suggestion),
          CASE(types_are_words_for_people), CASE(a_part_shares_the_fate_of_the_whole),
          CASE(every_field_can_be_told), CASE(every_field_of_a_file_has_its_fate))
