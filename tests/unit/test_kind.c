/* SPDX-License-Identifier: Apache-2.0 */
/* Which object is this, and what becomes of it? */
#include "tests/unit/test.h"

#include "kube/kind.h"

/* What is made of a stream: one letter for each document, and what is said. */
static char *kinds_of(const char *text, char *letters)
{
	struct arena arena = {0};
	struct diags d = {0};
	struct load l = {.arena = &arena, .d = &d, .mode = KUBE_STRICT};
	struct tree_document doc;
	struct strbuf said = {0};
	struct tree *t;

	l.file = diags_file(&d, "x");
	t = tree_open(text, strlen(text), (struct tree_place){0}, &d, l.file, 0);
	while (tree_next(t, &doc))
		*letters++ = "LisW"[kind_of(&l, NULL, doc.root, KIND_ANY).action];
	*letters = '\0';
	tree_close(t);
	for (size_t i = 0; i < d.len; i++) {
		autofree char *line = kube_diag_text(&d.v[i].d);

		strbuf_addf(&said, "%s\n", line);
	}
	diags_done(&d);
	arena_done(&arena);
	return said.s ? strbuf_take(&said) : xstrdup("");
}

static void check(const char *version, const char *kind, const char *letters, const char *says)
{
	autofree char *text = xasprintf("apiVersion: %s\nkind: %s\n", version, kind);
	char got[8];
	autofree char *said = kinds_of(text, got);

	if (!streq(got, letters) || (says ? !strstr(said, says) : *said))
		fail_msg("%s %s: %s, %s", version, kind, got, said);
}

TEST(kinds_that_run_are_loaded_without_a_word)
{
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++) {
		const struct schema_kind *k = &schema_kinds[i];
		bool skipped = k->verdict == SCHEMA_LATER || k->verdict == SCHEMA_NO;
		autofree char *list = xasprintf("%sList", k->name);

		check(k->version, k->name, "L", skipped ? "is not run here" : NULL);
		check(k->version, list, "i", NULL);
	}
	check("v1", "List", "i", NULL);
	check("v1", "Service", "L",
	      "x:2:7: note: kind: Service is not run here yet, skipped; pods reach");
}

TEST(other_kinds_of_clusters_are_known_by_name)
{
	check("networking.k8s.io/v1", "Ingress", "s",
	      "note: kind: Ingress is not run here, skipped; no");
	check("networking.k8s.io/v1", "NetworkPolicy", "s",
	      "warning: kind: NetworkPolicy is not run here");
	check("rbac.authorization.k8s.io/v1", "ClusterRole", "s", "ClusterRole is not run here");
	check("rbac.authorization.k8s.io/v1", "RoleBindingList", "s", "RoleBindingList is not run");
	check("apiextensions.k8s.io/v1", "CustomResourceDefinition", "s", "is not run here");
	check("storage.k8s.io/v1", "StorageClass", "s", NULL);
	check("scheduling.k8s.io/v1", "PriorityClass", "s", NULL);
	check("cert-manager.io/v1", "Certificate", "s",
	      "Certificate of cert-manager.io/v1 is not run");
	check("gateway.networking.k8s.io/v1", "HTTPRoute", "s", "is not run here, skipped");
	check("serving.knative.dev/v1", "Service", "s",
	      "Service of serving.knative.dev/v1 is not run");
}

TEST(old_versions_are_taken_and_the_new_one_is_named)
{
	static const char *const rows[][3] = {
		{"extensions/v1beta1", "Deployment", "write apps/v1"},
		{"extensions/v1beta1", "DaemonSet", "write apps/v1"},
		{"extensions/v1beta1", "ReplicaSet", "write apps/v1"},
		{"apps/v1beta1", "Deployment", "write apps/v1"},
		{"apps/v1beta1", "StatefulSet", "write apps/v1"},
		{"apps/v1beta2", "StatefulSet", "write apps/v1"},
		{"apps/v1beta2", "DaemonSet", "write apps/v1"},
		{"apps/v1beta2", "ReplicaSet", "write apps/v1"},
		{"batch/v1beta1", "CronJob", "write batch/v1"},
		{"batch/v2alpha1", "CronJob", "write batch/v1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(rows[i][0], rows[i][1], "L", rows[i][2]);
	check("extensions/v1beta1", "Ingress", "s", "is old, write networking.k8s.io/v1\n");
	check("networking.k8s.io/v1beta1", "Ingress", "s", "is old, write networking.k8s.io/v1\n");
	check("policy/v1beta1", "PodDisruptionBudget", "s", "is old, write policy/v1\n");
	check("autoscaling/v2beta2", "HorizontalPodAutoscaler", "s",
	      "is old, write autoscaling/v2\n");
	check("certificates.k8s.io/v1beta1", "ClusterTrustBundle", "s",
	      "is not run here, skipped\n");
}

TEST(mistakes_are_told_with_their_cure)
{
	check("v1", "pod", "W", "v1 has no kind \"pod\"; did you mean \"Pod\"?");
	check("apps/v1", "Deploymnt", "W", "did you mean \"Deployment\"?");
	check("v1", "Deployment", "W", "belongs to apiVersion \"apps/v1\", not \"v1\"");
	check("apps/v2", "Deployment", "W", "belongs to apiVersion \"apps/v1\", not \"apps/v2\"");
	check("app/v1", "Deployment", "W", "belongs to apiVersion \"apps/v1\"");
	check("apps.k8s.io/v1", "Deployment", "W", "belongs to apiVersion \"apps/v1\"");
	check("v1", "Ingress", "W", "belongs to apiVersion \"networking.k8s.io/v1\", not \"v1\"");
	check("V1", "Pod", "W", "\"V1\" is no apiVersion; write \"v1\"");
	check("apps", "deployment", "W", "\"apps\" is no apiVersion; write \"apps/v1\"");
	check("1", "Pod", "W", "\"1\" is no apiVersion; write \"v1\"");
	check("bach/v1", "Jop", "W", "unknown apiVersion \"bach/v1\"; did you mean \"batch/v1\"?");
}

static void check_text(const char *text, const char *says)
{
	char got[8];
	autofree char *said = kinds_of(text, got);

	assert_string_equal(got, "W");
	if (!streq(said, says))
		fail_msg("%s", said);
}

TEST(a_missing_head_is_told_once)
{
	check_text("kind: Deployment\n",
	           "x:1:1: missing field \"apiVersion\"; write \"apps/v1\"\n");
	check_text("apiVersion: v1\n", "x:1:1: missing field \"kind\"\n");
	check_text("apiversion: v1\nkind: Pod\n",
	           "x:1:1: apiversion: unknown field; did you mean \"apiVersion\"?\n");
	check_text("apiVersion: v1\nKind: Pod\n",
	           "x:2:1: Kind: unknown field; did you mean \"kind\"?\n");
	check_text("apiVersion: [v1]\nkind: Pod\n",
	           "x:1:13: apiVersion: expected a string, got a list\n");
	check_text("- 1\n", "x:1:1: expected a Kubernetes object, got a list\n");
}

TEST(many_objects_of_a_skipped_kind_are_one_note)
{
	autostrbuf struct strbuf text = {0};
	char got[64];

	for (int i = 0; i < 5; i++)
		strbuf_adds(
			&text,
			"---\napiVersion: v1\nkind: Service\n---\napiVersion: a.b/v1\nkind: C\n");
	autofree char *said = kinds_of(text.s, got);

	assert_string_equal(got, "LsLsLsLsLs");
	assert_string_equal(said,
	                    "x:3:7: note: kind: Service is not run here yet, all 5 are skipped; "
	                    "pods reach each other by their names\n"
	                    "x:6:7: note: kind: C of a.b/v1 is not run here, all 5 are "
	                    "skipped\n");
}

TEST(more_skipped_kinds_than_are_counted_are_told_one_by_one)
{
	autostrbuf struct strbuf text = {0};
	char got[128];

	for (int i = 0; i < 100; i++)
		strbuf_addf(&text, "---\napiVersion: a.b/v1\nkind: C%d\n", i % 50);
	autofree char *said = kinds_of(text.s, got);

	assert_non_null(strstr(said, "C1 of a.b/v1 is not run here, all 2 are skipped"));
	assert_non_null(strstr(said, "C49 of a.b/v1 is not run here, skipped"));
}

RUN_TESTS(CASE(kinds_that_run_are_loaded_without_a_word),
          CASE(other_kinds_of_clusters_are_known_by_name),
          CASE(old_versions_are_taken_and_the_new_one_is_named),
          CASE(mistakes_are_told_with_their_cure), CASE(a_missing_head_is_told_once),
          CASE(many_objects_of_a_skipped_kind_are_one_note),
          CASE(more_skipped_kinds_than_are_counted_are_told_one_by_one))
