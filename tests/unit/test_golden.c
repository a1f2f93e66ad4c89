/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_golden.c - every manifest under tests/golden gives the plan and the messages that lie beside
 * it
 *
 * tests/golden/X.yaml: X.plan.json and X.diag. tests/golden/bad/X.yaml: X.diag, and at least one
 * error with file:line:column. KP_GOLDEN_UPDATE=1 writes what comes out instead: look at the diff.
 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "kube/kube.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"

static const char good[] = "tests/golden", bad[] = "tests/golden/bad";

enum { ONE_FILE_MS = 5000, GROWTH_KIB = 64 << 10, MIN_BAD = 100 };

static struct kube_result load(const char *dir, const char *name, enum kube_validate mode)
{
	struct kube_options o = {
		.validate = mode, .namespace_default = "default", .node_name = "node"};
	autofree char *path = xasprintf("%s/%s", dir, name), *shown = xasprintf("/golden/%s", name);
	autostrbuf struct strbuf text = {0};
	struct kube_result r;
	struct err e = {0};

	if (fd_read_file(AT_FDCWD, path, 1 << 24, &text, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(kube_load_text(shown, text.s ? text.s : "", text.len, &o, &r, &e), 0);
	return r;
}

static void add_diags(const struct kube_result *r, struct strbuf *out)
{
	for (size_t i = 0; i < r->diag_count; i++) {
		autofree char *line = kube_diag_text(&r->diags[i]);

		/* without the made-up directory */
		strbuf_adds(out, starts_with(line, "/golden/") ? line + strlen("/golden/") : line);
		strbuf_addc(out, '\n');
	}
}

static size_t mismatches;

static void compare(const char *dir, const char *stem, const char *ext, const struct strbuf *got)
{
	autofree char *name = xasprintf("%s%s", stem, ext), *path = xasprintf("%s/%s", dir, name);
	autostrbuf struct strbuf want = {0};
	struct err e = {0};
	const char *update = getenv("KP_GOLDEN_UPDATE");

	if (update && *update == '1') {
		autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (got->len)
			assert_int_equal(
				fd_write_all(
					open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644),
					got->s, got->len, &e),
				0);
		else
			(void)unlinkat(fd, name, 0);
		return;
	}
	if (access(path, F_OK) == 0 && fd_read_file(AT_FDCWD, path, 1 << 24, &want, &e) < 0)
		fail_msg("%s", e.msg);
	if (want.len == got->len && (!got->len || memcmp(want.s, got->s, got->len) == 0))
		return;
	print_error("--- %s: expected\n%s+++ got\n%s", path, want.s ? want.s : "",
	            got->s ? got->s : "");
	mismatches++;
}

static int is_yaml(const struct dirent *d)
{
	return ends_with(d->d_name, ".yaml");
}

static int each(const char *dir, void (*visit)(const char *name, const char *stem))
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_yaml, alphasort);

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		autofree char *stem =
			xstrndup(entries[i]->d_name, strlen(entries[i]->d_name) - strlen(".yaml"));

		visit(entries[i]->d_name, stem);
		free(entries[i]);
	}
	free(entries);
	return n;
}

static void visit_good(const char *name, const char *stem)
{
	struct kube_result r =
		load(good, name, starts_with(name, "warn-") ? KUBE_WARN : KUBE_STRICT);
	autostrbuf struct strbuf plan = {0}, diags = {0};

	if (r.plan)
		plan_json(r.plan, &plan);
	add_diags(&r, &diags);
	compare(good, stem, ".plan.json", &plan);
	compare(good, stem, ".diag", &diags);
	kube_result_done(&r);
}

static void visit_bad(const char *name, const char *stem)
{
	struct rusage before, after;
	int64_t start = clock_mono_ms(), took;
	autostrbuf struct strbuf diags = {0};
	bool placed = false;

	(void)getrusage(RUSAGE_SELF, &before);
	struct kube_result r = load(bad, name, KUBE_STRICT);

	took = clock_mono_ms() - start;
	(void)getrusage(RUSAGE_SELF, &after);
	if (r.plan || !r.errors)
		fail_msg("%s is accepted", name);
	for (size_t i = 0; i < r.diag_count; i++)
		placed |= r.diags[i].severity == KUBE_ERROR && r.diags[i].line > 0 &&
		          r.diags[i].column > 0;
	if (!placed)
		fail_msg("%s: no error has a place", name);
	if (took > ONE_FILE_MS)
		fail_msg("%s took %lld ms", name, (long long)took);
	if (after.ru_maxrss - before.ru_maxrss > GROWTH_KIB)
		fail_msg("%s grew memory by %ld KiB", name, after.ru_maxrss - before.ru_maxrss);
	add_diags(&r, &diags);
	compare(bad, stem, ".diag", &diags);
	kube_result_done(&r);
}

TEST(good_manifests_give_their_plan)
{
	mismatches = 0;
	(void)each(good, visit_good);
	assert_int_equal(mismatches, 0);
}

TEST(malformed_manifests_give_errors_with_places)
{
	mismatches = 0;
	assert_true(each(bad, visit_bad) >= MIN_BAD);
	assert_int_equal(mismatches, 0);
}

static void visit_saved(const char *name, const char *stem)
{
	struct kube_result r =
		load(good, name, starts_with(name, "warn-") ? KUBE_WARN : KUBE_STRICT);
	struct kube_objects *o = NULL;
	struct err e = {0};

	UNUSED(stem);
	if (!r.plan) {
		kube_result_done(&r);
		return;
	}
	assert_int_equal(kube_objects_load(r.objects.s, r.objects.len, &o, &e), 0);
	for (uint32_t i = 0; i < r.plan->pods_count; i++) {
		autostrbuf struct strbuf json = {0};

		assert_int_equal(kube_objects_pod_json(o, &r.plan->pods[i], &json, &e), 0);
		assert_true(starts_with(json.s, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\""));
		/* what we print is a manifest again */
		struct kube_options opt = {.validate = KUBE_STRICT, .namespace_default = "default"};
		struct kube_result again;

		assert_int_equal(kube_load_text("/x.json", json.s, json.len, &opt, &again, &e), 0);
		for (size_t d = 0; d < again.diag_count; d++)
			if (strstr(again.diags[d].text, "unknown field") ||
			    strstr(again.diags[d].text, "expected"))
				fail_msg("%s: %s: %s", name, again.diags[d].path,
				         again.diags[d].text);
		kube_result_done(&again);
	}
	kube_objects_free(o);
	kube_result_done(&r);
}

TEST(saved_objects_come_back_as_the_same_pods)
{
	(void)each(good, visit_saved);
}

RUN_TESTS(CASE(good_manifests_give_their_plan), CASE(malformed_manifests_give_errors_with_places),
          CASE(saved_objects_come_back_as_the_same_pods))
