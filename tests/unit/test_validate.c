/* SPDX-License-Identifier: Apache-2.0 */
/* test_validate.c - each rule finds what breaks it, says where and what to do, and nothing else */
#include "tests/unit/test.h"

#include "kube/cron.h"
#include "kube/kube.h"
#include "kube/validate.h"
#include "pkg/util/clock.h"

#define POD_HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
#define CONTAINERS_HEAD                                                                            \
	"  resourceClaims: [{name: gpu, resourceClaimName: x}]\n"                                  \
	"  volumes: [{name: v, emptyDir: {}}, {name: f, configMap: {name: x, optional: true}}, "   \
	"{name: claim, persistentVolumeClaim: {claimName: x}}]\n"                                  \
	"  containers:\n  - name: c\n    image: i\n    "
#define ONE_CONTAINER "containers: [{name: c, image: i}]"
#define APPS(kind)                                                                                 \
	"apiVersion: apps/v1\nkind: " kind "\nmetadata: {name: d}\nspec:\n"                        \
	"  template: {metadata: {labels: {a: b}}, spec: {volumes: [{name: v, emptyDir: {}}], "     \
	"" ONE_CONTAINER "}}\n  "
#define OBJECT(version, kind) "apiVersion: " version "\nkind: " kind "\nmetadata: {name: o}\n"

/* What the texts of a row are put into. */
enum frame {
	DOCUMENT,
	META,
	DEPLOYMENT,
	DEPLOYMENT_POD,
	REPLICAS,
	POD_TEMPLATE,
	STATEFUL_SET,
	DAEMON_SET,
	JOB,
	JOB_POD,
	CRON_JOB,
	CONFIG_MAP,
	SECRET,
	CLAIM,
	VOLUME_OBJECT,
	SERVICE,
	POD,
	VOLUME,
	CONTAINER,
	HOST_NETWORK,
	LINUX,
	/* the text of a row is a number of letters */
	META_BIG,
	CONFIG_MAP_BIG,
	SECRET_BIG,
};

static const struct {
	const char *before, *after;
} frames[] = {
	[DOCUMENT] = {"", ""},
	[META] = {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  ", "\n"},
	[DEPLOYMENT] = {APPS("Deployment"), "\n"},
	[DEPLOYMENT_POD] =
		{OBJECT("apps/v1",
                        "Deployment") "spec:\n  selector: {matchLabels: {a: b}}\n  template:\n"
                                      "    metadata: {labels: {a: b}}\n    spec:\n"
                                      "      " ONE_CONTAINER "\n      ",
                 "\n"},
	[REPLICAS] = {OBJECT("apps/v1",
                             "Deployment") "spec:\n  selector: {matchLabels: {a: b}}\n  template:\n"
                                           "    metadata: {labels: {a: b}}\n    spec:\n"
                                           "      containers:\n"
                                           "      - {name: c, image: i, "
                                           "ports: [{containerPort: 80, hostPort: 80}]}\n"
                                           "  replicas: ",
                      "\n"},
	[POD_TEMPLATE] = {OBJECT("v1", "PodTemplate") "template:\n  spec: {" ONE_CONTAINER "}\n"
                                                      "  metadata:\n    ",
                          "\n"},
	[STATEFUL_SET] = {APPS("StatefulSet"), "\n"},
	[DAEMON_SET] = {APPS("DaemonSet"), "\n"},
	[JOB] = {OBJECT("batch/v1", "Job") "spec:\n  template: {spec: {restartPolicy: Never, "
                                           "" ONE_CONTAINER "}}\n  ",
                 "\n"},
	[JOB_POD] = {OBJECT("batch/v1", "Job") "spec:\n  template:\n    spec:\n"
                                               "      " ONE_CONTAINER "\n      ",
                     "\n"},
	[CRON_JOB] = {OBJECT("batch/v1",
                             "CronJob") "spec:\n  jobTemplate: {spec: {template: {spec: "
                                        "{restartPolicy: Never, " ONE_CONTAINER "}}}}\n  ",
                      "\n"},
	[CONFIG_MAP] = {OBJECT("v1", "ConfigMap"), "\n"},
	[SECRET] = {OBJECT("v1", "Secret"), "\n"},
	[CLAIM] = {OBJECT("v1", "PersistentVolumeClaim") "spec:\n  ", "\n"},
	[VOLUME_OBJECT] = {OBJECT("v1", "PersistentVolume") "spec:\n  ", "\n"},
	[SERVICE] = {OBJECT("v1", "Service") "spec:\n  ", "\n"},
	[POD] = {POD_HEAD "  " ONE_CONTAINER "\n  ",
                 "\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
                 "---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\n"
                 "type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '{}'}\n"},
	[VOLUME] = {POD_HEAD "  " ONE_CONTAINER "\n  volumes:\n  - name: v\n    ", "\n"},
	[CONTAINER] = {POD_HEAD CONTAINERS_HEAD, "\n"},
	[HOST_NETWORK] = {POD_HEAD "  hostNetwork: true\n" CONTAINERS_HEAD, "\n"},
	[LINUX] = {POD_HEAD "  os: {name: linux}\n" CONTAINERS_HEAD, "\n"},
	[META_BIG] = {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {a: ",
                      "}}\n"},
	[CONFIG_MAP_BIG] = {OBJECT("v1", "ConfigMap") "data: {a: ", "}\n"},
	[SECRET_BIG] = {OBJECT("v1", "Secret") "stringData: {a: ", "}\n"},
};

struct row {
	const char *id;
	enum frame frame;
	const char *bad, *place, *text, *good;
};

#define ROW(id, frame, bad, place, text, good) {id, frame, bad, place, text, good},
static const struct row rows[] = {
#include "tests/unit/validate_rows.def"
};

static struct kube_result load(const char *text, enum kube_validate mode)
{
	struct kube_options o = {.validate = mode, .namespace_default = "default"};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("test.yaml", text, strlen(text), &o, &r, &e), 0);
	return r;
}

static struct kube_result load_row(enum frame frame, const char *text)
{
	autostrbuf struct strbuf all = {0};
	size_t big = frame >= META_BIG ? (size_t)strtoul(text, NULL, 10) : 0;

	strbuf_adds(&all, frames[frame].before);
	for (size_t i = 0; i < big; i++)
		strbuf_addc(&all, 'x');
	strbuf_adds(&all, big ? "" : text);
	strbuf_adds(&all, frames[frame].after);
	return load(all.s, KUBE_STRICT);
}

static const struct kube_diag *find(const struct kube_result *r, const char *rule)
{
	for (size_t i = 0; i < r->diag_count; i++)
		if (streq(r->diags[i].rule, rule))
			return &r->diags[i];
	return NULL;
}

static void print(const struct kube_result *r)
{
	for (size_t i = 0; i < r->diag_count; i++) {
		autofree char *line = kube_diag_text(&r->diags[i]);

		print_error("  %s [%s]\n", line, r->diags[i].rule);
	}
}

static bool is_broken(const struct row *row)
{
	struct kube_result r = load_row(row->frame, row->bad);
	const struct kube_diag *d = find(&r, row->id);
	autofree char *place = d ? xasprintf("%d:%d", d->line, d->column) : xstrdup("nowhere");
	bool ok = d && streq(place, row->place) && strstr(d->text, row->text);

	if (!ok) {
		print_error("%s: wanted \"%s\" at %s, got %s:\n", row->id, row->text, row->place,
		            place);
		print(&r);
	}
	kube_result_done(&r);
	return ok;
}

static bool is_kept(const struct row *row)
{
	struct kube_result r = load_row(row->frame, row->good);
	bool ok = !find(&r, row->id);

	if (!ok) {
		print_error("%s: is not broken by %s:\n", row->id, row->good);
		print(&r);
	}
	kube_result_done(&r);
	return ok;
}

TEST(each_rule_is_broken_by_its_row_and_kept_by_the_other)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		wrong += !is_broken(&rows[i]) + !is_kept(&rows[i]);
	assert_int_equal(wrong, 0);
}

TEST(each_rule_has_a_row_and_words)
{
	size_t count;
	const struct validate_rule *rules = validate_rules(&count);

	for (size_t i = 0; i < count; i++) {
		size_t found = 0;

		for (size_t r = 0; r < ARRAY_LEN(rows); r++)
			found += streq(rows[r].id, rules[i].id);
		if (!found)
			fail_msg("no row for rule %s", rules[i].id);
		for (size_t other = 0; other < i; other++)
			if (streq(rules[other].id, rules[i].id))
				fail_msg("two rules are called %s", rules[i].id);
		if (!*rules[i].doc || ends_with(rules[i].doc, "."))
			fail_msg("rule %s has no sentence without full stop", rules[i].id);
		assert_true(strspn(rules[i].id, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		            strlen(rules[i].id));
	}
}

TEST(problems_of_all_objects_come_in_one_run_sorted_by_place)
{
	struct kube_result r = load(
		POD_HEAD
		"  containers:\n  - name: c\n    image: i\n"
		"    ports:\n    - {containerPort: 1, hostPort: 70000}\n"
		"    - {containerPort: 1, hostPort: 80}\n"
		"    env: [{name: '='}]\n---\n" OBJECT(
			"v1",
			"List") "items:\n"
				"- apiVersion: v1\n  kind: Pod\n  metadata: {name: q}\n  spec:\n"
				"    containers:\n    - name: c\n      image: i\n"
				"      ports: [{containerPort: 1, name: '*'}]\n"
				"    - {name: d, image: i, "
				"ports: [{containerPort: 1, hostPort: 80}]}\n"
				"- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\n"
				"  data: {'*': a}\n",
		KUBE_STRICT);

	assert_true(r.diag_count >= 5);
	for (size_t i = 1; i < r.diag_count; i++)
		assert_true(r.diags[i - 1].line < r.diags[i].line ||
		            (r.diags[i - 1].line == r.diags[i].line &&
		             r.diags[i - 1].column <= r.diags[i].column));
	assert_non_null(find(&r, "host-port-range"));
	assert_non_null(find(&r, "env-name"));
	assert_non_null(find(&r, "port-name"));
	assert_string_equal(find(&r, "host-port-taken")->path,
	                    "items[0].spec.containers[1].ports[0].hostPort");
	assert_string_equal(find(&r, "config-map-key")->path, "items[1].data['*']");
	kube_result_done(&r);
}

TEST(the_user_says_how_strict_the_rules_are)
{
	static const char text[] = POD_HEAD "  hostUsers: false\n  hostIPC: true\n"
					    "  hostname: A\n  " ONE_CONTAINER "\n";
	static const struct {
		enum kube_validate mode;
		int severity; /* of a STRICT rule; -1: nothing is said */
	} modes[] = {{KUBE_STRICT, KUBE_ERROR}, {KUBE_WARN, KUBE_WARNING}, {KUBE_IGNORE, -1}};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct kube_result r = load(text, modes[i].mode);
		const struct kube_diag *d = find(&r, "pod-host-users");

		assert_int_equal(d ? (int)d->severity : -1, modes[i].severity);
		assert_int_equal(find(&r, "pod-hostname")->severity, KUBE_ERROR);
		kube_result_done(&r);
	}
}

TEST(what_is_misspelt_is_not_reported_as_missing_too)
{
	static const struct {
		enum frame frame;
		const char *text, *rule;
	} cases[] = {
		{VOLUME, "emptydir: {}", "volume-no-source"},
		{CONTAINER, "env: [{name: a, valueFrom: {fieldref: {}}}]", "env-source"},
		{CONTAINER, "envFrom: [{configmapRef: {}}]", "env-from-source"},
		{CONTAINER, "livenessProbe: {httpget: {}}", "action-count"},
		{JOB_POD, "restartPolicy: never", "job-restart-policy"},
		{DEPLOYMENT, "selector: {matchExpressions: [{key: a, operator: in}]}",
	         "selector-operator"},
		{CONTAINER, "securityContext: {seccompProfile: {type: runtimeDefault}}",
	         "profile-type"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct kube_result r = load_row(cases[i].frame, cases[i].text);

		assert_true(r.errors > 0);
		if (find(&r, cases[i].rule))
			fail_msg("%s says %s", cases[i].text, cases[i].rule);
		kube_result_done(&r);
	}
}

enum { MANY = 20000, MANY_MS = 10000 };

/* Lists of many things that are looked at against each other. */
TEST(many_things_do_not_take_for_ever)
{
	autostrbuf struct strbuf text = {0};
	int64_t start = clock_mono_ms();
	struct kube_result r;

	strbuf_adds(&text, APPS("Deployment") "selector: {matchLabels: {");
	for (int i = 0; i < MANY; i++)
		strbuf_addf(&text, "%sa%d: b", i ? ", " : "", i);
	strbuf_adds(&text, "}}\n---\n" POD_HEAD "  volumes:\n");
	for (int i = 0; i < MANY; i++)
		strbuf_addf(&text, "  - {name: v%d, configMap: {name: x}}\n", i);
	strbuf_adds(&text, "  containers:\n  - name: c\n    image: i\n    volumeMounts:\n");
	for (int i = 0; i < MANY; i++)
		strbuf_addf(&text, "    - {name: w%d, mountPath: /a/%d}\n", i, i);
	strbuf_adds(&text, "    env: [");
	for (int i = 0; i < MANY; i++)
		strbuf_addf(&text, "%s{name: A%d}", i ? ", " : "", i);
	strbuf_adds(&text, "]\n    ports: [");
	for (int i = 0; i < MANY; i++)
		strbuf_addf(&text, "%s{containerPort: %d, hostPort: %d}", i ? ", " : "", i + 1,
		            i / 2 + 1);
	strbuf_adds(&text, "]\n  imagePullSecrets: [");
	for (int i = 0; i < MANY; i++)
		strbuf_addf(&text, "%s{name: s%d}", i ? ", " : "", i);
	strbuf_adds(&text, "]\n");
	r = load(text.s, KUBE_STRICT);
	assert_true(r.errors > MANY);
	kube_result_done(&r);
	assert_true(clock_mono_ms() - start < MANY_MS);
}

RUN_TESTS(CASE(each_rule_is_broken_by_its_row_and_kept_by_the_other),
          CASE(each_rule_has_a_row_and_words),
          CASE(problems_of_all_objects_come_in_one_run_sorted_by_place),
          CASE(the_user_says_how_strict_the_rules_are),
          CASE(what_is_misspelt_is_not_reported_as_missing_too),
          CASE(many_things_do_not_take_for_ever))
