/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kube/kind.h"
#include "kube/run.h"
#include "pkg/util/fd.h"

static const struct kube_options strict = {
	.validate = KUBE_STRICT, .namespace_default = "default", .node_name = "node"};

static struct kube_result load_text(const char *text, enum kube_validate mode)
{
	struct kube_options o = strict;
	struct kube_result r;
	struct err e = {0};

	o.validate = mode;
	assert_int_equal(kube_load_text("/x/test.yaml", text, strlen(text), &o, &r, &e), 0);
	return r;
}

static bool says(const struct kube_result *r, const char *what)
{
	for (size_t i = 0; i < r->diag_count; i++) {
		autofree char *line = kube_diag_text(&r->diags[i]);

		if (strstr(line, what))
			return true;
	}
	return false;
}

static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
			  "  containers: [{name: c, image: i:1}]\n";

TEST(unknown_fields_are_as_bad_as_the_user_wants)
{
	autofree char *text = xasprintf("%s  nodeNam: x\n  hostIPC: true\n", pod);
	static const struct {
		enum kube_validate mode;
		size_t errors, diags;
	} rows[] = {{KUBE_STRICT, 2, 2}, {KUBE_WARN, 0, 2}, {KUBE_IGNORE, 0, 0}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kube_result r = load_text(text, rows[i].mode);

		assert_int_equal(r.errors, rows[i].errors);
		assert_int_equal(r.diag_count, rows[i].diags);
		assert_true(!r.plan == (rows[i].errors > 0));
		kube_result_done(&r);
	}
}

TEST(a_written_default_means_the_same_as_nothing)
{
	static const char *const quiet[] = {"dnsPolicy: ClusterFirst",
	                                    "hostPID: no",
	                                    "imagePullSecrets: []",
	                                    "dnsConfig: {}",
	                                    "hostUsers:",
	                                    "shareProcessNamespace: false",
	                                    "affinity: {nodeAffinity: {}}",
	                                    "priority: 5"};

	for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
		autofree char *text = xasprintf("%s  %s\n", pod, quiet[i]);
		struct kube_result r = load_text(text, KUBE_STRICT);

		if (r.diag_count)
			fail_msg("%s: %s", quiet[i], r.diags[0].text);
		kube_result_done(&r);
	}
}

TEST(problems_of_all_documents_come_in_one_run_in_order)
{
	struct kube_result r = load_text("apiVersion: v1\nkind: Pod\nmetadata: {name: A/}\nspec:\n"
	                                 "  containers: [{name: c, imag: x}]\n---\n"
	                                 "apiVersion: v1\nkind: Pdd\n---\n"
	                                 "apiVersion: v1\nkind: ConfigMap\nmetadata: {nam: x}\n",
	                                 KUBE_STRICT);
	int last = 0;

	assert_true(r.errors >= 5);
	for (size_t i = 0; i < r.diag_count; i++) {
		assert_true(r.diags[i].line >= last);
		last = r.diags[i].line;
	}
	assert_true(last > 9 && says(&r, "has no kind"));
	kube_result_done(&r);
}

TEST(text_from_outside_cannot_drive_a_terminal)
{
	struct kube_result r = load_text("apiVersion: v1\nkind: \"P\\e[31mod\\n\"\n", KUBE_STRICT);
	autofree char *line = NULL;

	assert_int_equal(r.diag_count, 1);
	line = kube_diag_text(&r.diags[0]);
	assert_null(strchr(line, '\x1b'));
	assert_null(strchr(line, '\n'));
	assert_non_null(strstr(line, "\\x1b"));
	kube_result_done(&r);
}

TEST(messages_are_bounded)
{
	autostrbuf struct strbuf text = {0};

	strbuf_adds(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n");
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&text, "k%d: v\n", i);
	struct kube_result r = load_text(text.s, KUBE_STRICT);

	assert_int_equal(r.errors, 5000);
	assert_true(r.diag_count <= 1001);
	assert_non_null(strstr(r.diags[r.diag_count - 1].text, "too many problems"));
	kube_result_done(&r);
}

static char *make_dir(void)
{
	char *dir = xstrdup("/tmp/kp-load-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void put(const char *dir, const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", dir, name);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct err e = {0};

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static void drop(const char *dir, const char *name)
{
	autofree char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(unlink(path), 0);
}

TEST(a_directory_is_its_manifests_in_order)
{
	autofree char *dir = make_dir(), *name = kube_project_name(dir);
	autofree char *other = NULL;
	const char *sources[] = {dir};
	struct kube_result r;
	struct err e = {0};

	put(dir, "b.yml", pod);
	put(dir, "a.yaml",
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: first}\nspec:\n"
	    "  containers: [{name: c, image: i:1}]\n"
	    "  volumes: [{name: h, hostPath: {path: data}}]\n");
	put(dir, "c.json",
	    "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"j\"}}");
	put(dir, ".hidden.yaml", "}");
	put(dir, "notes.txt", "}");
	assert_int_equal(kube_load(sources, 1, &strict, &r, &e), 0);
	assert_int_equal(r.diag_count, 0);
	assert_int_equal(r.plan->pods_count, 2);
	assert_string_equal(r.plan->pods[0].name, "first");
	other = xasprintf("%s/data", dir);
	assert_string_equal(r.plan->pods[0].volumes[0].host_path, other);
	assert_string_equal(r.plan->project, name);
	assert_int_equal(r.plan->files_count, 3);
	kube_result_done(&r);
	drop(dir, "b.yml");
	drop(dir, "a.yaml");
	drop(dir, "c.json");
	assert_int_equal(kube_load(sources, 1, &strict, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	drop(dir, ".hidden.yaml");
	drop(dir, "notes.txt");
	assert_int_equal(rmdir(dir), 0);
}

TEST(a_source_that_is_not_there_is_named)
{
	const char *sources[] = {"/nonexistent/x.yaml"};
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load(sources, 1, &strict, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.msg, "/nonexistent/x.yaml"));
}

TEST(stdin_is_read_once)
{
	const char *sources[] = {"-", "-"};
	int pipe_fds[2], saved = dup(0);
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(write(pipe_fds[1], pod, strlen(pod)), strlen(pod));
	close(pipe_fds[1]);
	assert_int_equal(dup2(pipe_fds[0], 0), 0);
	close(pipe_fds[0]);
	assert_int_equal(kube_load(sources, 1, &strict, &r, &e), 0);
	assert_non_null(r.plan);
	assert_string_equal(r.plan->project, "stdin");
	assert_string_equal(r.plan->files[0], "-");
	kube_result_done(&r);
	assert_int_equal(kube_load(sources, 2, &strict, &r, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_int_equal(dup2(saved, 0), 0);
	close(saved);
}

TEST(project_names_are_made_valid)
{
	static const char *const rows[][2] = {
		{"web.yaml", "web"},     {"a/b/My App.yml", "my-app"},
		{"-", "stdin"},          {"x.tar.json", "x-tar"},
		{".yaml", "yaml"},       {"___", "project"},
		{"/dev/fd/63", "stdin"}, {"plain", "plain"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *name = kube_project_name(rows[i][0]);

		assert_string_equal(name, rows[i][1]);
	}
}

RUN_TESTS(CASE(unknown_fields_are_as_bad_as_the_user_wants),
          CASE(a_written_default_means_the_same_as_nothing),
          CASE(problems_of_all_documents_come_in_one_run_in_order),
          CASE(text_from_outside_cannot_drive_a_terminal), CASE(messages_are_bounded),
          CASE(a_directory_is_its_manifests_in_order), CASE(a_source_that_is_not_there_is_named),
          CASE(stdin_is_read_once), CASE(project_names_are_made_valid))
