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

RUN_TESTS(CASE(each_rule_is_broken_by_its_row_and_kept_by_the_other),
          CASE(each_rule_has_a_row_and_words))
