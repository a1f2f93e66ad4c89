/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "kube/kube.h"

static const struct kube_var vars[] = {
	{"A", "alpha"}, {"N", "5"},    {"EMPTY", ""},       {"EVIL", "x\n  hostNetwork: true"},
	{"A", "later"}, {"T", "true"}, {"BAD", "\xff\xfe"}, {"REF", "${A}"},
};

static struct kube_result load(const char *text, bool on)
{
	struct kube_options o = {.namespace_default = "default",
	                         .substitute = on,
	                         .vars = vars,
	                         .vars_count = ARRAY_LEN(vars)};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x/t.yaml", text, strlen(text), &o, &r, &e), 0);
	return r;
}

/* A pod with this YAML as its argument. */
static struct kube_result load_arg(const char *arg, bool on)
{
	autofree char *text = xasprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	                                "  containers:\n  - name: c\n    image: i:1\n    args:\n"
	                                "    - %s\n",
	                                arg);

	return load(text, on);
}

static void says(const struct kube_result *r, const char *what)
{
	autofree char *line = r->diag_count ? kube_diag_text(&r->diags[0]) : xstrdup("nothing");

	if (!strstr(line, what))
		fail_msg("expected %s, got %s", what, line);
}

TEST(values_are_replaced)
{
	static const char *const rows[][2] = {
		{"${A}", "alpha"},
		{"x${A}y${N}z", "xalphay5z"},
		{"\"${N}\"", "5"},
		{"x${EMPTY}", "x"},
		{"${NONE:-d}", "d"},
		{"${NONE-d}", "d"},
		{"\"${NONE-}\"", ""},
		{"${EMPTY:-d}", "d"},
		{"\"${EMPTY-d}\"", ""},
		{"${NONE:-${A}${N}}", "alpha5"},
		{"${NONE:-a:-b}", "a:-b"},
		{"${A:?never}", "alpha"},
		{"'$${A} $A $(A) $a ${A}'", "${A} $A $(A) $a alpha"},
		{"$${A", "${A"},
		{"${REF}", "${A}"},
		{"|\n      a ${A}\n      b", "a alpha\nb\n"},
		{"${EVIL}", "x\n  hostNetwork: true"},
		{"'*{}'", "*{}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load_arg(rows[i][0], true);

		if (!r.plan) {
			says(&r, "(no problem)");
			return;
		}
		autofree char *got = plan_value_show(&r.plan->pods[0].containers[0].args[0]);

		assert_string_equal(got, rows[i][1]);
		assert_false(r.plan->pods[0].host_network);
		kube_result_done(&r);
	}
}

TEST(nothing_happens_unless_asked)
{
	struct kube_result r = load_arg("a${A}", false);
	autofree char *got = plan_value_show(&r.plan->pods[0].containers[0].args[0]);

	assert_string_equal(got, "a${A}");
	kube_result_done(&r);
}

TEST(what_cannot_be_replaced_has_a_place)
{
	static const char *const rows[][2] = {
		{"${NONE}", "t.yaml:9:7: spec.containers[0].args[0]: variable \"NONE\" is not set"},
		{"${NONE:?say it}", "variable \"NONE\" is not set: say it"},
		{"${EMPTY:?say it}", "variable \"EMPTY\" is not set: say it"},
		{"${NONE:-${ALSO}}", "variable \"ALSO\" is not set"},
		{"${A", "without }"},
		{"'${}'", "write $${"},
		{"'${1}'", "write $${"},
		{"'${A%x}'", "write $${"},
		{"${A:x}", "write $${"},
		{"${A:}", "write $${"},
		{"${BAD}", "not UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load_arg(rows[i][0], true);

		assert_null(r.plan);
		assert_int_equal(r.errors, 1);
		says(&r, rows[i][1]);
		kube_result_done(&r);
	}
}

TEST(plain_values_get_their_type_afterwards)
{
	static const char head[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n";
	static const struct {
		const char *field, *what;
	} rows[] = {
		{"terminationGracePeriodSeconds: ${N}", NULL},
		{"terminationGracePeriodSeconds: \"${N}\"", "expected a whole number"},
		{"hostNetwork: ${T}", NULL},
		{"hostNetwork: ${A}", "expected true or false"},
		{"hostname: ${T}", "quote it"},
		{"hostname: ${EMPTY}", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = xasprintf("%s  %s\n  containers: [{name: c, image: i:1}]\n",
		                                head, rows[i].field);
		struct kube_result r = load(text, true);

		if (rows[i].what)
			says(&r, rows[i].what);
		else
			assert_int_equal(r.errors, 0);
		kube_result_done(&r);
	}
}

TEST(keys_stay_and_aliases_are_replaced_once)
{
	static const char text[] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
				   "data: &d\n  x: &v $${A}${A}\n  y: *v\n---\n"
				   "apiVersion: v1\nkind: Pod\n"
				   "metadata: {name: p, labels: {\"x${A}\": ok}}\nspec:\n"
				   "  containers: [{name: c, image: i:1}]\n";
	struct kube_result r = load(text, true);

	says(&r, "x${A}");
	kube_result_done(&r);
	r = load("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: &l {a: &v '$${A}'}\n"
	         "  annotations: {x: *v, <<: *l}\nspec: {containers: [{name: c, image: i:1}]}\n",
	         true);
	for (size_t i = 0; i < r.diag_count; i++)
		assert_non_null(strstr(r.diags[i].path, "labels.a")); /* no label value */
	kube_result_done(&r);
	r = load("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {x: &v '$${A}', "
	         "y: *v}\nspec: {containers: [{name: c, image: i:1}]}\n",
	         true);
	assert_non_null(r.plan);
	assert_int_equal(r.plan->pods[0].annotations_count, 2);
	assert_string_equal(r.plan->pods[0].annotations[0].value, "${A}");
	assert_string_equal(r.plan->pods[0].annotations[1].value, "${A}");
	kube_result_done(&r);
}

TEST(text_that_explodes_is_refused)
{
	autostrbuf struct strbuf text = {0};
	autofree char *big = xcalloc(1, 100001);
	struct kube_var v = {"BIG", big};
	struct kube_options o = {.substitute = true, .vars = &v, .vars_count = 1};
	struct kube_result r;
	struct err e = {0};

	for (int i = 0; i < 100000; i++)
		big[i] = 'x';
	strbuf_adds(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n");
	for (int i = 0; i < 2000; i++)
		strbuf_addf(&text, "  k%d: ${BIG}\n", i);
	assert_int_equal(kube_load_text("t", text.s, text.len, &o, &r, &e), 0);
	says(&r, "variables make more than 16 MiB");
	kube_result_done(&r);
}

RUN_TESTS(CASE(values_are_replaced), CASE(nothing_happens_unless_asked),
          CASE(what_cannot_be_replaced_has_a_place), CASE(plain_values_get_their_type_afterwards),
          CASE(keys_stay_and_aliases_are_replaced_once), CASE(text_that_explodes_is_refused))
