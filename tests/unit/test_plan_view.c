/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_plan_view.c - the text of `kubeplay plan`, which must forget nothing that was written
 *
 * Compared with tests/golden/warn-later.txt; KP_GOLDEN_UPDATE=1 writes it anew.
 */
#include "cmd/kubeplay/plan_view.c"
#include "cmd/kubeplay/plan_words.c"
#include "tests/unit/test.h"

#include <fcntl.h>

#include "kube/kube.h"
#include "pkg/util/fd.h"

static const char manifest[] = "tests/golden/warn-later.yaml";
static const char expected[] = "tests/golden/warn-later.txt";

static char *view_of(const char *text, size_t len)
{
	struct kube_options o = {
		.validate = KUBE_WARN, .namespace_default = "default", .node_name = "node"};
	struct kube_result r;
	struct err e = {0};
	char *shown = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&shown, &size);

	assert_int_equal(kube_load_text("/golden/x.yaml", text, len, &o, &r, &e), 0);
	assert_non_null(r.plan);
	plan_view(r.plan, f);
	assert_int_equal(fclose(f), 0);
	kube_result_done(&r);
	return shown;
}

TEST(a_plan_as_text_shows_all_that_was_written)
{
	autostrbuf struct strbuf text = {0}, want = {0};
	const char *update = getenv("KP_GOLDEN_UPDATE");
	struct err e = {0};

	assert_int_equal(fd_read_file(AT_FDCWD, manifest, 1 << 20, &text, &e), 0);
	autofree char *shown = view_of(text.s, text.len);

	if (update && *update == '1') {
		assert_int_equal(
			fd_write_all(open(expected, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644),
		                     shown, strlen(shown), &e),
			0);
		return;
	}
	assert_int_equal(fd_read_file(AT_FDCWD, expected, 1 << 20, &want, &e), 0);
	assert_string_equal(shown, want.s);
}

TEST(nothing_in_a_plan_drives_the_terminal)
{
	static const char pod[] =
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {kubeplay.io/after: "
		"\"\\e[2J\"}}\nspec:\n  containers:\n"
		"  - {name: c, image: \"i:1\", workingDir: \"/\\e[3m\", command: [\"\\e[4m\"]}\n";
	autofree char *shown = view_of(pod, strlen(pod));

	assert_null(strchr(shown, '\x1b'));
	assert_non_null(strstr(shown, "directory"));
}

RUN_TESTS(CASE(a_plan_as_text_shows_all_that_was_written),
          CASE(nothing_in_a_plan_drives_the_terminal))
