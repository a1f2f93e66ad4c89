/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "kube/kube.h"

static const char manifest[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: &l {app: x}}\nspec:\n"
	"  terminationGracePeriodSeconds: 1\n"
	"  containers: [{name: c, image: i:1, args: [one]}]\n---\n"
	"apiVersion: v1\nkind: List\nitems:\n"
	"- apiVersion: v1\n  kind: Pod\n  metadata: {name: b, annotations: {k: v}}\n"
	"  spec:\n    containers: [{name: c, image: i:1}]\n"
	"- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: m}\n  data: {x: z}\n";

static struct kube_result load(const char *set, const char *other)
{
	const char *sets[] = {set, other};
	struct kube_options o = {.namespace_default = "default",
	                         .node_name = "n",
	                         .sets = sets,
	                         .sets_count = other ? 2 : 1};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/t.yaml", manifest, strlen(manifest), &o, &r, &e), 0);
	return r;
}

static const struct plan_pod *pod(const struct kube_result *r, const char *name)
{
	const struct plan_pod *p;

	if (!r->plan) {
		autofree char *line = kube_diag_text(&r->diags[0]);

		fail_msg("%s", line);
		abort();
	}
	p = plan_find_pod(r->plan, name);
	assert_non_null(p);
	return p;
}

TEST(one_object_or_all_that_have_the_place)
{
	struct kube_result r = load("spec.containers[0].image=j:2", NULL);

	assert_string_equal(pod(&r, "a")->containers[0].image, "j:2");
	assert_string_equal(pod(&r, "b")->containers[0].image, "j:2");
	kube_result_done(&r);
	r = load("Pod/b:spec.containers[0].image=j:2", NULL);
	assert_string_equal(pod(&r, "a")->containers[0].image, "i:1");
	assert_string_equal(pod(&r, "b")->containers[0].image, "j:2");
	kube_result_done(&r);
	r = load("metadata.annotations.k=w", NULL);
	assert_int_equal(pod(&r, "a")->annotations_count, 0);
	assert_string_equal(pod(&r, "b")->annotations[0].value, "w");
	kube_result_done(&r);
	r = load("spec.containers[0].image=j:2", "pod/a:spec.containers[0].image=k:3");
	assert_string_equal(pod(&r, "a")->containers[0].image, "k:3");
	assert_string_equal(pod(&r, "b")->containers[0].image, "j:2");
	kube_result_done(&r);
}

TEST(paths_are_written_as_messages_show_them)
{
	static const char *const rows[] = {
		"Pod/a:metadata.annotations['x.y/z']=v",
		"Pod/a:metadata.annotations[\"x.y/z\"]=v",
		"Pod/a:metadata.annotations.x\\.y/z=v",
		"Pod/a:metadata.annotations={x.y/z: v}",
		"Pod/a:metadata.annotations={\"x.y/z\": \"v\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i], NULL);

		assert_int_equal(pod(&r, "a")->annotations_count, 1);
		assert_string_equal(pod(&r, "a")->annotations[0].key, "x.y/z");
		assert_string_equal(pod(&r, "a")->annotations[0].value, "v");
		kube_result_done(&r);
	}
}

TEST(values_are_typed_like_plain_scalars_unless_quoted)
{
	static const struct {
		const char *set, *what;
	} rows[] = {
		{"Pod/a:spec.terminationGracePeriodSeconds=7", NULL},
		{"Pod/a:spec.terminationGracePeriodSeconds=\"7\"", "got a string \"7\""},
		{"Pod/a:metadata.labels.x=\"7\"", NULL},
		{"Pod/a:metadata.labels.x=7", "quote it"},
		{"Pod/a:metadata.labels.x=a: b # c", "metadata.labels.x: "},
		{"Pod/a:spec.containers[0].args=[a, b", "did not find expected"},
		{"Pod/a:spec.containers[0].args=[a, {b: c}]", "args[1]: expected a string"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i].set, NULL);

		if (!rows[i].what) {
			(void)pod(&r, "a");
		} else {
			autofree char *line = kube_diag_text(&r.diags[0]);

			if (!strstr(line, rows[i].what) || !starts_with(line, "--set Pod/a:"))
				fail_msg("%s: %s", rows[i].set, line);
		}
		kube_result_done(&r);
	}
}

TEST(lists_grow_at_their_end)
{
	struct kube_result r = load("Pod/a:spec.containers[0].args[1]=two",
	                            "Pod/b:spec.containers[0].args[0]=1st");
	const struct plan_container *c = &pod(&r, "a")->containers[0];
	autofree char *two = NULL, *first = NULL;

	assert_int_equal(c->args_count, 2);
	two = plan_value_show(&c->args[1]);
	assert_string_equal(two, "two");
	first = plan_value_show(&pod(&r, "b")->containers[0].args[0]);
	assert_string_equal(first, "1st");
	kube_result_done(&r);
}

TEST(what_names_nothing_is_an_error)
{
	static const char *const rows[][2] = {
		{"spec.none.x=1", "no object has a place for spec.none.x"},
		{"spec.containers[3].image=x", "no object has a place"},
		{"Pod/none:spec.hostname=x", "these files have no Pod \"none\""},
		{"Deployment/a:spec.hostname=x", "these files have no Deployment \"a\""},
		{"Pod/a:spec.containers[3].image=x", "the list is shorter"},
		{"Pod/a:spec.containers.image=x", "which item"},
		{"Pod/a:metadata.name.x=y", "no mapping"},
		{"Pod/a:metadata[0]=y", "no list"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load(rows[i][0], NULL);
		autofree char *line = r.diag_count ? kube_diag_text(&r.diags[0]) : xstrdup("");

		assert_null(r.plan);
		if (!strstr(line, rows[i][1]) || !strstr(line, rows[i][0]))
			fail_msg("%s: %s", rows[i][0], line);
		kube_result_done(&r);
	}
}

TEST(what_is_no_setting_is_refused)
{
	static const char *const rows[] = {"",         "x",       "=v",     "a..b=v", ".a=v",
	                                   "a.=v",     "a[x]=v",  "a[1=v",  "a['b=v", "[0]=v",
	                                   "Pod/a:=v", "a[-1]=v", "a['b'=v"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_options o = {.sets = &rows[i], .sets_count = 1};
		struct kube_result r;
		struct err e = {0};

		if (kube_load_text("t", "a: b", 4, &o, &r, &e) == 0)
			fail_msg("\"%s\" is accepted", rows[i]);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_non_null(strstr(e.msg, "--set"));
	}
}

TEST(other_places_keep_their_value_and_messages_their_line)
{
	static const char text[] = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
				   "  labels: &m {k: v}\n  annotations: *m\nspec:\n"
				   "  containers:\n  - {name: c, image: i:1, "
				   "volumeMounts: [{name: no, mountPath: /x}]}\n";
	const char *sets[] = {"Pod/a:metadata.annotations.k=w", "spec.hostname=UPPER_"};
	struct kube_options o = {.namespace_default = "d", .sets = sets, .sets_count = 2};
	struct kube_result r;
	struct err e = {0};
	bool placed = false, named = false;

	assert_int_equal(kube_load_text("t.yaml", text, strlen(text), &o, &r, &e), 0);
	for (size_t i = 0; i < r.diag_count; i++) { /* found by reading the document again */
		placed |= r.diags[i].line == 9 && strstr(r.diags[i].text, "no volume \"no\"");
		named |= r.diags[i].line == 0 && streq(r.diags[i].path, "spec.hostname") &&
		         streq(r.diags[i].file, "--set spec.hostname=UPPER_");
	}
	assert_true(placed && named);
	kube_result_done(&r);
	o.sets_count = 1;
	autofree char *fine = xstrndup(text, (size_t)(strstr(text, ", volumeMounts") - text));
	autofree char *whole = xasprintf("%s}\n", fine);

	assert_int_equal(kube_load_text("t.yaml", whole, strlen(whole), &o, &r, &e), 0);
	assert_non_null(r.plan);
	assert_string_equal(r.plan->pods[0].labels[0].value, "v");
	assert_string_equal(r.plan->pods[0].annotations[0].value, "w");
	kube_result_done(&r);
}

RUN_TESTS(CASE(one_object_or_all_that_have_the_place),
          CASE(paths_are_written_as_messages_show_them),
          CASE(values_are_typed_like_plain_scalars_unless_quoted), CASE(lists_grow_at_their_end),
          CASE(what_names_nothing_is_an_error), CASE(what_is_no_setting_is_refused),
          CASE(other_places_keep_their_value_and_messages_their_line))
