/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of how kubectl takes what is written without quotes, and what we say where people trip:
 * the typing of load.c, field by field. */
#include "tests/unit/test.h"

#include "kube/load.h"

/* A document that was loaded by a schema, with everything that was said about it. */
struct loaded {
	struct arena arena;
	struct diags d;
	struct tree *tree;
	void *obj;
	char *said; /* one line for each problem, with its path */
};

static struct loaded load(const cyaml_schema_value_t *schema, enum kube_validate mode,
                          const char *text)
{
	struct loaded r = {0};
	struct load l = {.arena = &r.arena, .d = &r.d, .mode = mode};
	struct tree_document doc;
	struct strbuf said = {0};

	l.file = diags_file(&r.d, "x");
	r.tree = tree_open(text, strlen(text), (struct tree_place){0}, &r.d, l.file, 0);
	assert_true(tree_next(r.tree, &doc));
	r.obj = load_object(&l, NULL, schema, doc.root);
	for (size_t i = 0; i < r.d.len; i++)
		strbuf_addf(&said, "%s%s: %s\n",
		            r.d.v[i].d.severity == KUBE_WARNING ? "warning: " : "", r.d.v[i].d.path,
		            r.d.v[i].d.text);
	r.said = strbuf_take(&said);
	return r;
}

static void done(struct loaded *r)
{
	tree_close(r->tree);
	arena_done(&r->arena);
	diags_done(&r->d);
	free(r->said);
}

static void check_said(const char *what, const struct loaded *r, const char *says)
{
	if (says ? !r->said || !strstr(r->said, says) : r->said && *r->said)
		fail_msg("%s: expected to hear %s, heard %s", what, says ? says : "nothing",
		         r->said ? r->said : "nothing");
}

/* A pod with one field: before VALUE after. */
static struct k8s_pod_spec *spec_with(struct loaded *r, enum kube_validate mode, const char *before,
                                      const char *value, const char *after)
{
	autofree char *text = xasprintf("%s%s%s\n", before, value, after);

	*r = load(&schema_pod_spec, mode, text);
	assert_non_null(r->obj);
	return r->obj;
}

static const char empty[] = "containers: []\n";

struct row {
	const char *written, *says; /* NULL: nothing is said */
	const char *value;          /* NULL: unset */
};

static void check_text(const char *written, const char *got, const char *want)
{
	if (!got != !want || (got && !streq(got, want)))
		fail_msg("%s: %s instead of %s", written, got ? got : "unset",
		         want ? want : "unset");
}

/* Strict: an error; lenient: the same line as a warning; the value is as written in all modes. */
TEST(strings_are_what_is_quoted_or_looks_like_nothing_else)
{
	static const struct row rows[] = {
		{"yes", "got a boolean yes; quote it", "yes"},
		{"no", "got a boolean no; quote it", "no"},
		{"on", "got a boolean on; quote it", "on"},
		{"off", "got a boolean off; quote it", "off"},
		{"y", "got a boolean y; quote it", "y"},
		{"n", "got a boolean n; quote it", "n"},
		{"true", "got a boolean true; quote it", "true"},
		{"True", "got a boolean True; quote it", "True"},
		{"1", "got a number 1; quote it", "1"},
		{"0x10", "got a number 0x10; quote it", "0x10"},
		{"010", "got a number 010; quote it", "010"},
		{"0o10", "got a number 0o10; quote it", "0o10"},
		{"1_000", "got a number 1_000; quote it", "1_000"},
		{"0b11", "got a number 0b11; quote it", "0b11"},
		{"1.0", "got a number 1.0; quote it", "1.0"},
		{"1.50", "got a number 1.50; quote it", "1.50"},
		{"1e3", "got a number 1e3; quote it", "1e3"},
		{"2001-01-01", NULL, "2001-01-01"},
		{"12:30", NULL, "12:30"},
		{"12:30:45", NULL, "12:30:45"},
		{"~", NULL, NULL},
		{"null", NULL, NULL},
		{"", NULL, NULL},
		{".inf", NULL, ".inf"},
		{".nan", NULL, ".nan"},
		{"!!str 010", NULL, "010"},
		{"\"010\"", NULL, "010"},
		{"'yes'", NULL, "yes"},
		{"tRue", NULL, "tRue"},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct k8s_pod_spec *s = spec_with(
			&r, KUBE_STRICT, "containers: []\nnodeName: ", rows[i].written, "");

		check_said(rows[i].written, &r, rows[i].says);
		check_text(rows[i].written, s->nodeName, rows[i].value);
		assert_int_equal(r.d.errors, rows[i].says != NULL);
		done(&r);
		s = spec_with(&r, KUBE_WARN, "containers: []\nnodeName: ", rows[i].written, "");
		check_said(rows[i].written, &r, rows[i].says);
		check_text(rows[i].written, s->nodeName, rows[i].value);
		assert_int_equal(r.d.errors, 0);
		done(&r);
		(void)spec_with(&r, KUBE_IGNORE, "containers: []\nnodeName: ", rows[i].written, "");
		check_said(rows[i].written, &r, NULL);
		done(&r);
	}
}

/* Keys are strings whatever they look like. */
TEST(keys_of_mappings_are_taken_as_written)
{
	static const char *const keys[] = {"1.50", "yes", "1", "0x10", "null-ish"};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct k8s_pod_spec *s = spec_with(
			&r, KUBE_STRICT, "containers: []\nnodeSelector: {", keys[i], ": a}");

		check_said(keys[i], &r, NULL);
		assert_int_equal(s->nodeSelector_count, 1);
		assert_string_equal(s->nodeSelector[0].key, keys[i]);
		done(&r);
	}
}

TEST(whole_numbers_are_plain_digits_in_any_base)
{
	static const struct row rows[] = {
		{"8080", NULL, "8080"},
		{"0x1F90", NULL, "8080"},
		{"0o17620", NULL, "8080"},
		{"017620", NULL, "8080"},
		{"0b101", NULL, "5"},
		{"8_080", NULL, "8080"},
		{"+80", NULL, "80"},
		{"-1", NULL, "-1"},
		{"2147483647", NULL, "2147483647"},
		{"~", NULL, NULL},
		{"2147483648", "2147483648 is too large a number", NULL},
		{"99999999999999999999", "is too large a number", NULL},
		{"8080.0", "expected a whole number in plain digits, got 8080.0\n", NULL},
		{"8e3", "expected a whole number in plain digits, got 8e3\n", NULL},
		{"80.5", "expected a whole number in plain digits, got 80.5\n", NULL},
		{"08", "got 08; what begins with 0 is octal", NULL},
		{"\"8080\"", "expected a whole number, got a string \"8080\"; remove the quotes",
	         NULL},
		{"\"http\"", "expected a whole number, got a string \"http\"\n", NULL},
		{"8080abc", "expected a whole number, got a string \"8080abc\"\n", NULL},
		{"true", "expected a whole number, got a boolean true", NULL},
		{"1:30", "expected a whole number, got a string \"1:30\"", NULL},
		{"[1]", "expected a whole number, got a list", NULL},
		{"{}", "expected a whole number, got a mapping", NULL},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct k8s_pod_spec *s = spec_with(
			&r, KUBE_STRICT, "containers: []\npriority: ", rows[i].written, "");
		autofree char *got = s->priority ? xasprintf("%d", *s->priority) : NULL;

		check_said(rows[i].written, &r, rows[i].says);
		check_text(rows[i].written, got, rows[i].value);
		done(&r);
	}
}

TEST(long_numbers_have_64_bits)
{
	struct loaded r;
	struct k8s_pod_spec *s = spec_with(
		&r, KUBE_STRICT, empty, "terminationGracePeriodSeconds: ", "9223372036854775807");

	check_said("the largest", &r, NULL);
	assert_true(*s->terminationGracePeriodSeconds == INT64_MAX);
	done(&r);
	(void)spec_with(&r, KUBE_STRICT, empty,
	                "terminationGracePeriodSeconds: ", "9223372036854775808");
	check_said("one more", &r, "is too large a number");
	done(&r);
}

TEST(lists_of_numbers_are_loaded_as_such)
{
	struct loaded r;
	struct k8s_pod_spec *s =
		spec_with(&r, KUBE_WARN, "containers: []\nsecurityContext: {supplementalGroups: ",
	                  "[1, 0x10, \"3\", ~, 4294967296]", "}");

	assert_int_equal(s->securityContext->supplementalGroups_count, 5);
	assert_true(s->securityContext->supplementalGroups[0] == 1);
	assert_true(s->securityContext->supplementalGroups[1] == 16);
	assert_true(s->securityContext->supplementalGroups[2] == 0);
	assert_true(s->securityContext->supplementalGroups[4] == INT64_C(4294967296));
	check_said("item 2", &r, "supplementalGroups[2]: expected a whole number");
	check_said("item 3", &r, "supplementalGroups[3]: null is not allowed in a list");
	done(&r);
}

TEST(bools_are_the_words_of_yaml)
{
	static const struct row rows[] = {
		{"true", NULL, "1"},
		{"True", NULL, "1"},
		{"TRUE", NULL, "1"},
		{"yes", NULL, "1"},
		{"Yes", NULL, "1"},
		{"YES", NULL, "1"},
		{"on", NULL, "1"},
		{"y", NULL, "1"},
		{"Y", NULL, "1"},
		{"false", NULL, "0"},
		{"no", NULL, "0"},
		{"Off", NULL, "0"},
		{"N", NULL, "0"},
		{"~", NULL, NULL},
		{"\"true\"", "expected true or false, got a string \"true\"; remove the quotes",
	         NULL},
		{"1", "expected true or false, got a number 1\n", NULL},
		{"0", "expected true or false, got a number 0\n", NULL},
		{"tRue", "expected true or false, got a string \"tRue\"\n", NULL},
		{"[]", "expected true or false, got a list\n", NULL},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct k8s_pod_spec *s = spec_with(
			&r, KUBE_STRICT, "containers: []\nhostNetwork: ", rows[i].written, "");
		const char *got = !s->hostNetwork ? NULL : *s->hostNetwork ? "1" : "0";

		check_said(rows[i].written, &r, rows[i].says);
		check_text(rows[i].written, got, rows[i].value);
		done(&r);
	}
}

TEST(modes_are_numbers_and_octal_with_a_zero)
{
	static const struct row rows[] = {
		{"0644", NULL, "420"},
		{"0o644", NULL, "420"},
		{"420", NULL, "420"},
		{"~", NULL, NULL},
		{"\"0644\"", "expected a whole number, got a string \"0644\"; remove the quotes",
	         NULL},
		{"0888", "got 0888; what begins with 0 is octal", NULL},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct k8s_pod_spec *s =
			spec_with(&r, KUBE_STRICT,
		                  "containers: []\nvolumes: [{name: v, secret: {secretName: s, "
		                  "defaultMode: ",
		                  rows[i].written, "}}]");
		const int32_t *mode = s->volumes[0].secret->defaultMode;
		autofree char *got = mode ? xasprintf("%d", *mode) : NULL;

		check_said(rows[i].written, &r, rows[i].says);
		check_text(rows[i].written, got, rows[i].value);
		done(&r);
	}
}

TEST(a_number_or_a_string_is_one_of_the_two)
{
	static const struct row rows[] = {
		{"80", NULL, "80"},
		{"0x50", NULL, "80"},
		{"\"80\"", NULL, "text 80"},
		{"http", NULL, "text http"},
		{"25%", NULL, "text 25%"},
		{"~", NULL, NULL},
		{"080", "got 080; what begins with 0 is octal", "0"},
		{"yes", "expected a whole number or a string, got a boolean yes", "0"},
		{"80.5", "expected a whole number in plain digits, got 80.5", "0"},
		{"2147483648", "2147483648 is too large a number", "0"},
		{"99999999999999999999", "is too large a number", "0"},
		{"[80]", "expected a whole number or a string, got a list", "0"},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text =
			xasprintf("metadata: {}\nspec: {ports: [{port: 1, targetPort: %s}]}\n",
		                  rows[i].written);
		const struct k8s_service *s;
		const struct k8s_int_or_string *v;

		r = load(schema_kinds[OBJECT_SERVICE].schema, KUBE_STRICT, text);
		s = r.obj;
		v = s->spec->ports[0].targetPort;
		autofree char *got = !v          ? NULL
		                     : v->string ? xasprintf("text %s", v->string)
		                                 : xasprintf("%d", v->number);

		check_said(rows[i].written, &r, rows[i].says);
		check_text(rows[i].written, got, rows[i].value);
		done(&r);
	}
}

TEST(quantities_keep_their_text_but_for_the_base)
{
	static const struct row rows[] = {
		{"500m", NULL, "500m"},
		{"0.5", NULL, "0.5"},
		{".5", NULL, ".5"},
		{"1", NULL, "1"},
		{"\"1\"", NULL, "1"},
		{"1Gi", NULL, "1Gi"},
		{"1e3", NULL, "1e3"},
		{"1_000", NULL, "1000"},
		{"0x10", NULL, "16"},
		{"010", NULL, "8"},
		{"-010", NULL, "-8"},
		{"\"010\"", NULL, "010"}, /* a string is read as a quantity: ten */
		{"0b11", NULL, "3"},
		{"1.", NULL, "1."},
		{"-1", NULL, "-1"},
		{"0", NULL, "0"},
		{"~", NULL, "0"},
		{"yes", "expected a quantity such as 500m, 1.5 or 64Mi, got a boolean yes\n", NULL},
		{"\"\"", "expected a quantity such as 500m, 1.5 or 64Mi, got a string \"\"\n",
	         NULL},
		{"1 Gi", "did you mean 1Gi?", NULL},
		{"1gi", "did you mean 1Gi?", NULL},
		{"1GI", "did you mean 1Gi?", NULL},
		{"512MB", "did you mean 512M?", NULL},
		{"512mb", "did you mean 512M?", NULL},
		{"1.5GiB", "did you mean 1.5Gi?", NULL},
		{"10KB", "did you mean 10k?", NULL},
		{"10K", "did you mean 10k?", NULL},
		{"lots", "got a string \"lots\"\n", NULL},
		{"5x", "got a string \"5x\"\n", NULL},
		{"[1]", "expected a quantity such as 500m, 1.5 or 64Mi, got a list\n", NULL},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct k8s_pod_spec *s = spec_with(
			&r, KUBE_STRICT, "containers: []\noverhead: {cpu: ", rows[i].written, "}");

		check_said(rows[i].written, &r, rows[i].says);
		check_text(rows[i].written, s->overhead_count ? s->overhead[0].value : NULL,
		           rows[i].value);
		done(&r);
	}
}

TEST(mappings_and_lists_are_taken_for_nothing_else)
{
	static const struct {
		const char *field, *says;
	} rows[] = {
		{"securityContext: {}", NULL},
		{"securityContext: ~", NULL},
		{"securityContext: \"\"",
	         "expected a mapping, got a string \"\"; write its fields"},
		{"securityContext: []", "expected a mapping, got a list\n"},
		{"securityContext: [{runAsUser: 1}]", "got a list; leave out the dash"},
		{"nodeSelector: [{a: b}]", "expected a mapping, got a list; leave out the dash"},
		{"nodeSelector: {a: [b]}", "nodeSelector.a: expected a string, got a list"},
		{"hostAliases: ~", NULL},
		{"hostAliases: {ip: 1.2.3.4}",
	         "expected a list, got a mapping; begin each item with \"- ip:\""},
		{"hostAliases: [{ip: 1.2.3.4, hostnames: ~}]", NULL},
		{"hostAliases: [{ip: 1.2.3.4, hostnames: a}]",
	         "hostnames: expected a list, got a string \"a\"; write [a]"},
		{"hostAliases: [{ip: 1.2.3.4, hostnames: {}}]",
	         "hostnames: expected a list, got a mapping"},
		{"hostAliases: [{ip: 1.2.3.4, hostnames: [~]}]",
	         "hostnames[0]: null is not allowed in a list"},
		{"hostAliases: [{ip: 1.2.3.4, hostnames: [1]}]",
	         "hostnames[0]: expected a string, got a number 1; quote it"},
		{"hostAliases: [{ip: 1.2.3.4, hostnames: [yes]}]",
	         "hostnames[0]: expected a string, got a boolean yes; quote it"},
		{"hostAliases: [~]", "hostAliases[0]: null is not allowed in a list"},
		{"hostAliases: [a]", "hostAliases[0]: expected a mapping, got a string \"a\""},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)spec_with(&r, KUBE_STRICT, empty, rows[i].field, "");
		check_said(rows[i].field, &r, rows[i].says);
		done(&r);
	}
}

TEST(words_are_one_of_a_few)
{
	static const struct {
		const char *field, *says;
	} rows[] = {
		{"restartPolicy: Never", NULL},
		{"restartPolicy: ~", NULL},
		{"restartPolicy: onFailure",
	         "\"onFailure\" is not one of the allowed values (Always, OnFailure, Never); did you "
	         "mean \"OnFailure\"?"},
		{"restartPolicy: sometimes", "(Always, OnFailure, Never)\n"},
		{"restartPolicy: no", "got a boolean no; quote it"},
		{"volumes: [{name: v, emptyDir: {medium: \"\"}}]", NULL},
		{"volumes: [{name: v, emptyDir: {medium: memory}}]",
	         "(Memory, HugePages, HugePages-2Mi, HugePages-1Gi); did you mean \"Memory\"?"},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)spec_with(&r, KUBE_STRICT, empty, rows[i].field, "");
		check_said(rows[i].field, &r, rows[i].says);
		done(&r);
	}
}

/* What nothing looks into comes back as it was, and cannot grow by aliases. */
TEST(raw_values_are_kept_within_the_budget)
{
	autostrbuf struct strbuf bomb = {0};
	struct loaded r;
	struct k8s_pod_spec *s =
		spec_with(&r, KUBE_WARN, "containers: []\nvolumes: [{name: v, nfs: ",
	                  "{server: a, readOnly: true, n: [1, 1.5, ~]}", "}]");

	assert_string_equal(s->volumes[0].nfs->json,
	                    "{\"server\":\"a\",\"readOnly\":true,\"n\":[1,1.5,null]}");
	done(&r);
	strbuf_adds(&bomb, "containers: []\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n");
	for (int i = 1; i < 10; i++)
		strbuf_addf(&bomb, "x%d: &x%d [*x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d]\n",
		            i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	strbuf_adds(&bomb, "volumes: [{name: v, nfs: *x9}]\n");
	r = load(&schema_pod_spec, KUBE_IGNORE, bomb.s);
	check_said("bomb", &r, "too much data after aliases are followed");
	done(&r);
}

TEST(unknown_fields_say_where_they_belong)
{
	static const struct {
		const char *field, *says;
	} rows[] = {
		{"nodeNam: x", "nodeNam: unknown field; did you mean \"nodeName\"?"},
		{"NODENAME: x", "did you mean \"nodeName\"?"},
		{"image: x", "image: unknown field; it belongs to containers[]\n"},
		{"runAsUser: 1", "it belongs to securityContext\n"},
		{"volumeMounts: []", "it belongs to containers[]\n"},
		{"hostPort: 1", "it belongs to containers[].ports[]\n"},
		{"securityContext: {hostNetwork: true}",
	         "it belongs to the top level of the object"},
		{"volumes: [{name: v, mountPath: /x}]",
	         "it belongs to containers[].volumeMounts[]"},
		{"volumes: [{name: v, persistentVolumeClaim: {name: x}}]",
	         "did you mean \"claimName\"?\n"},
		{"volumes: [{name: v, emptyDir: {fsGroup: 1}}]", "it belongs to securityContext"},
		{"resources: {cpu: 1}",
	         "resources.cpu: unknown field; it belongs to resources.limits"},
		{"resources: {storage: 1}", "it belongs to resources.requests"},
		{"fooBar: 1", "fooBar: unknown field\n"},
	};
	struct loaded r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)spec_with(&r, KUBE_STRICT, empty, rows[i].field, "");
		check_said(rows[i].field, &r, rows[i].says);
		done(&r);
	}
}

static size_t lines_with(const char *text, const char *what)
{
	size_t count = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		count++;
	return count;
}

TEST(a_misspelt_field_is_not_missing_as_well)
{
	struct loaded r = load(&schema_pod_spec, KUBE_STRICT, "container: []\n");

	assert_string_equal(r.said, "container: unknown field; did you mean \"containers\"?\n");
	done(&r);
	r = load(&schema_pod_spec, KUBE_WARN, "container: []\n");
	check_said("lenient: the pod has none", &r, "missing field \"containers\"");
	done(&r);
	r = load(&schema_pod_spec, KUBE_STRICT, "containers:\nhostname: a\n");
	assert_string_equal(r.said, ": missing field \"containers\"\n");
	assert_int_equal(r.d.v[0].d.line, 1);
	done(&r);
}

TEST(what_stands_in_an_unsupported_field_is_checked_but_not_told_again)
{
	struct loaded r;
	struct k8s_pod_spec *s =
		spec_with(&r, KUBE_STRICT, empty,
	                  "ephemeralContainers: [{name: a, image: b, livenessProbe: {exec: "
	                  "{command: [x]}}, imag: c}]",
	                  "");

	assert_int_equal(lines_with(r.said, "not supported"), 1);
	check_said("inside", &r, "ephemeralContainers[0].imag: unknown field");
	assert_non_null(s->ephemeralContainers[0].livenessProbe);
	done(&r);
}

RUN_TESTS(CASE(strings_are_what_is_quoted_or_looks_like_nothing_else),
          CASE(keys_of_mappings_are_taken_as_written),
          CASE(whole_numbers_are_plain_digits_in_any_base), CASE(long_numbers_have_64_bits),
          CASE(lists_of_numbers_are_loaded_as_such), CASE(bools_are_the_words_of_yaml),
          CASE(modes_are_numbers_and_octal_with_a_zero),
          CASE(a_number_or_a_string_is_one_of_the_two),
          CASE(quantities_keep_their_text_but_for_the_base),
          CASE(mappings_and_lists_are_taken_for_nothing_else), CASE(words_are_one_of_a_few),
          CASE(raw_values_are_kept_within_the_budget), CASE(unknown_fields_say_where_they_belong),
          CASE(a_misspelt_field_is_not_missing_as_well),
          CASE(what_stands_in_an_unsupported_field_is_checked_but_not_told_again))
