/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said and planned does not depend on when memory is given back: objects that nobody saves
 * are released while the plan is made, and documents are read again for places.
 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "kube/document.h"
#include "pkg/util/fd.h"

static struct kube_result load(const struct strbuf *text, bool no_objects)
{
	struct kube_options o = {.validate = KUBE_WARN,
	                         .namespace_default = "default",
	                         .node_name = "node",
	                         .no_objects = no_objects};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text("/x.yaml", text->s, text->len, &o, &r, &e), 0);
	return r;
}

static char *all_of(const struct kube_result *r)
{
	struct strbuf out = {0};

	if (r->plan)
		plan_json(r->plan, &out);
	for (size_t i = 0; i < r->diag_count; i++) {
		autofree char *line = kube_diag_text(&r->diags[i]);

		strbuf_addf(&out, "%s\n", line);
	}
	return strbuf_take(&out);
}

static int is_yaml(const struct dirent *d)
{
	return ends_with(d->d_name, ".yaml");
}

/* Each manifest, and all good ones in one stream. */
TEST(released_objects_are_not_missed)
{
	static const char *const dirs[] = {"tests/golden", "tests/golden/bad"};
	autostrbuf struct strbuf stream = {0};

	for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
		struct dirent **entries = NULL;
		int n = scandir(dirs[d], &entries, is_yaml, alphasort);

		assert_true(n > 0);
		for (int i = 0; i <= n; i++) {
			autostrbuf struct strbuf text = {0};
			struct kube_result kept, released;
			struct err e = {0};

			if (i < n) {
				autofree char *path =
					xasprintf("%s/%s", dirs[d], entries[i]->d_name);

				assert_int_equal(fd_read_file(AT_FDCWD, path, 1 << 24, &text, &e),
				                 0);
				if (!d)
					strbuf_addf(&stream, "\n---\n%s", text.s);
			}
			kept = load(i < n ? &text : &stream, false);
			released = load(i < n ? &text : &stream, true);
			autofree char *a = all_of(&kept), *b = all_of(&released);

			/* What cannot be saved is no question here. */
			if (!streq(a, b) && !strstr(a, "save record")) {
				size_t at = 0;

				while (a[at] == b[at])
					at++;
				fail_msg("%s: %.300s\n--- instead of ---\n%.300s",
				         i < n ? entries[i]->d_name : "all", b + at, a + at);
			}
			kube_result_done(&kept);
			kube_result_done(&released);
		}
		for (int i = 0; i < n; i++)
			free(entries[i]);
		free(entries);
	}
}

/* 9 MB of Deployments, ConfigMaps and Pods, as tests/bench/measure makes them. */
TEST(a_large_stream_needs_little_memory)
{
	autostrbuf struct strbuf text = {0};
	struct rusage before, after;
	struct kube_result r;

	for (int i = 0; i < 10000; i++)
		strbuf_addf(
			&text,
			"---\napiVersion: apps/v1\nkind: Deployment\n"
			"metadata:\n  name: web-%d\n  labels: {app: web, instance: web-%d}\n"
			"spec:\n  selector:\n    matchLabels: {app: web-%d}\n"
			"  template:\n    metadata:\n      labels: {app: web-%d}\n    spec:\n"
			"      containers:\n      - name: web\n        image: nginx:1.22\n"
			"        env:\n        - name: LEVEL\n          valueFrom:\n"
			"            configMapKeyRef: {name: c-%d, key: log.level}\n"
			"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-%d\n"
			"data:\n  log.level: info\n  conf: |\n    listen = 80\n    workers = 4\n"
			"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: job-%d\nspec:\n"
			"  containers:\n  - name: job\n    image: busybox:1.35\n"
			"    command: [sh, -c, \"date; sleep 10\"]\n    securityContext:\n"
			"      runAsUser: 1000\n",
			i, i, i, i, i, i, i);
	(void)getrusage(RUSAGE_SELF, &before);
	r = load(&text, true);
	(void)getrusage(RUSAGE_SELF, &after);
	if (!r.plan)
		fail_msg("%s", r.diags[0].text);
	assert_int_equal(r.plan->pods_count, 20000);
#ifndef __SANITIZE_ADDRESS__
	assert_true(after.ru_maxrss - before.ru_maxrss < 64 << 10);
#endif
	kube_result_done(&r);
}

/* Problems of two documents in turns: each is read again and again, but not without end. */
TEST(places_are_not_looked_up_without_end)
{
	struct source_list list = {0};
	struct object objects[2] = {{0}, {0}};
	struct run r = {.sources = &list, .objects = objects, .objects_count = 2};
	const struct at a = {.key = "a"};
	autostrbuf struct strbuf text = {0};
	struct tree_document doc;
	struct diags d = {0};
	struct tree *t;
	int found = 0;

	for (int i = 0; i < 2; i++) {
		strbuf_adds(&text, "---\nb: [");
		for (int k = 0; k < 50000; k++)
			strbuf_adds(&text, "vvvvvvv,");
		strbuf_adds(&text, "]\na: c\n");
	}
	source_add_text(&list, "x", NULL, text.s, text.len);
	t = tree_open(text.s, text.len, (struct tree_place){0}, &d, diags_file(&d, "x"), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(tree_next(t, &doc));
		objects[i].place = doc.place;
		objects[i].line = doc.root->line;
	}
	tree_close(t);
	for (int i = 0; i < 400; i++) {
		const struct node *n = run_locate(&r, &objects[i % 2], &a);

		found += n->kind == NODE_SCALAR && n->line == (i % 2 ? 6 : 3);
		assert_int_equal(n->kind == NODE_SCALAR ? 0 : n->line,
		                 n->kind == NODE_SCALAR ? 0 : objects[i % 2].line);
	}
	assert_true(found > 100 && found < 300);
	documents_done(&r);
	sources_done(&list);
	diags_done(&d);
}

RUN_TESTS(CASE(released_objects_are_not_missed), CASE(a_large_stream_needs_little_memory),
          CASE(places_are_not_looked_up_without_end))
