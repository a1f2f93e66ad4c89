/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_print.c - what we print is read back as what it was: strings that look like something else,
 * and whole objects
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <ftw.h>

#include "kube/objects.h"
#include "kube/print.h"
#include "kube/scalar.h"
#include "kube/tree.h"
#include "pkg/util/fd.h"
#include "pkg/util/record.h"

/* --- strings -------------------------------------------------------------------------------
 */

static const char *const strings[] = {
	"",
	" ",
	"a",
	"a b",
	" a",
	"a ",
	"a: b",
	"a:b",
	"a:",
	"a #b",
	"a#b",
	"#a",
	"-",
	"- a",
	"-a",
	"--flag=x",
	"---",
	"...",
	"?",
	"? a",
	"!a",
	"&a",
	"*a",
	"@a",
	"`a`",
	"%a",
	"|",
	">",
	"[a]",
	"{a}",
	"a, b]",
	"'a'",
	"\"a\"",
	"a\"b'c",
	"\\",
	"a\\nb",
	"~",
	"null",
	"Null",
	"NULL",
	"true",
	"True",
	"tRUE",
	"yes",
	"Yes",
	"no",
	"on",
	"off",
	"y",
	"N",
	"=",
	"<<",
	".inf",
	"-.Inf",
	".NaN",
	"1",
	"-1",
	"+1",
	"007",
	"0x1F",
	"0o17",
	"0b11",
	"1_000",
	"1.5",
	"1.50",
	".5",
	"5.",
	"1e3",
	"1E-3",
	"12:30",
	"12:30:45",
	"2001-01-01",
	"2001-12-14t21:59:43.10-05:00",
	"1.2.3",
	"10.0.0.1",
	"64Mi",
	"500m",
	"8080/tcp",
	"a\tb",
	"\ta",
	"a\n",
	"a\nb",
	"a\nb\n",
	"a\nb\n\n",
	"a\n\nb\n",
	"\na\n",
	"\n",
	"\n\n",
	" a\nb\n",
	"\ta\nb\n",
	"a\n b\n",
	"a\n\tb\n",
	"a \nb \n",
	"a\n  \nb\n",
	"a\n  ",
	"a\n  \n",
	"# a\n# b\n",
	"- a\n- b\n",
	"---\na\n...\n",
	"a: b\nc: d\n",
	"a\r\nb\r\n",
	"a\rb",
	"\x01\x1f\x7f",
	"a\x01\nb\n",
	"\xc2\x80",
	"\xc2\x85",
	"a\xc2\x85\nb\n",
	"\xc2\xa0",
	"\xe2\x80\xa8",
	"\xe2\x80\xa9",
	"\xef\xbb\xbf",
	"\xef\xbf\xbe",
	"gr\xc3\xbc\xc3\x9f",
	"\xe6\xbc\xa2\xe5\xad\x97",
	"\xf0\x9f\x98\x80",
	"\xf0\x9f\x98\x80\nx\n",
	"$(VAR) ${VAR}",
	"$",
	"/",
	"/path:/other",
	"_",
	".",
	"(a)",
};

/* The only document of a text. */
static struct node *parse(const char *text, struct diags *d, struct tree **ret)
{
	struct tree_document doc = {0};

	(void)diags_file(d, "x");
	*ret = tree_open(text, strlen(text), (struct tree_place){0}, d, 0, 0);
	if (!tree_next(*ret, &doc) || d->errors)
		fail_msg("%s\n%s", d->len ? d->v[0].d.text : "nothing", text);
	return doc.root;
}

static void check_string(const struct node *n, const char *want, const char *yaml)
{
	assert_int_equal(n->kind, NODE_SCALAR);
	if (!streq(n->text, want) || (!n->quoted && scalar_kind(n->text) != SCALAR_STRING))
		fail_msg("%s printed as\n%s", want, yaml);
}

/* As a value, a key, and an item, each followed by another one. */
static void print_string(const char *s, struct strbuf *out)
{
	autostrbuf struct strbuf json = {0}, text = {0};

	record_json_string(s, &text);
	strbuf_addf(
		&json,
		"{\"v\":%s,\"l\":[%s,[%s,%s],{\"m\":%s,\"n\":1}],\"k\":{%s:true,\"z\":{}},\"e\":[]}",
		text.s, text.s, text.s, text.s, text.s, text.s);
	print_yaml(json.s, out);
}

TEST(every_string_comes_back_as_the_same_string)
{
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		autostrbuf struct strbuf yaml = {0};
		const char *s = strings[i];
		struct diags d = {0};
		struct tree *t;
		const struct node *n, *l;

		print_string(s, &yaml);
		n = parse(yaml.s, &d, &t);
		l = node_get(n, "l");
		check_string(node_get(n, "v"), s, yaml.s);
		assert_int_equal(l->len, 3);
		check_string(l->item[0], s, yaml.s);
		check_string(l->item[1]->item[0], s, yaml.s);
		check_string(l->item[1]->item[1], s, yaml.s);
		check_string(node_get(l->item[2], "m"), s, yaml.s);
		assert_string_equal(node_get(l->item[2], "n")->text, "1");
		n = node_get(n, "k");
		check_string(n->pair[0].key, s, yaml.s);
		assert_int_equal(node_get(n, "z")->kind, NODE_MAP);
		tree_close(t);
		diags_done(&d);
	}
}

TEST(what_is_harmless_stays_plain)
{
	static const char json[] =
		"{\"image\":\"docker.io/library/nginx:1.25\",\"args\":[\"--flag=x\",\"-c\",\"80\"],"
		"\"number\":80,\"t\":\"a\\nb\\n\",\"u\":\"\\u00fc\\ud83d\\ude00\\u0001\",\"e\":{}}";
	autostrbuf struct strbuf out = {0};

	print_yaml(json, &out);
	assert_string_equal(out.s, "image: docker.io/library/nginx:1.25\n"
	                           "args:\n"
	                           "- --flag=x\n"
	                           "- -c\n"
	                           "- \"80\"\n"
	                           "number: 80\n"
	                           "t: |\n"
	                           "  a\n"
	                           "  b\n"
	                           "u: \"\xc3\xbc\xf0\x9f\x98\x80\\x01\"\n"
	                           "e: {}\n");
}

TEST(a_very_long_key_is_still_a_key)
{
	autofree char *key = xcalloc(1, 5001), *json = NULL;
	autostrbuf struct strbuf yaml = {0};
	struct diags d = {0};
	struct tree *t;
	const struct node *n;

	memset(key, 'k', 5000);
	json = xasprintf("{\"a\":{\"%s\":{\"x\":[1]},\"b\":2}}", key);
	print_yaml(json, &yaml);
	n = node_get(parse(yaml.s, &d, &t), "a");
	assert_int_equal(n->len, 2);
	assert_string_equal(node_get(node_get(n, key), "x")->item[0]->text, "1");
	tree_close(t);
	diags_done(&d);
}

TEST(pretty_json_is_the_same_json)
{
	autostrbuf struct strbuf out = {0};

	print_pretty("{\"a\":[1,\"x,{\\\"\"],\"b\":{},\"c\":[],\"d\":{\"e\":null}}", &out);
	assert_string_equal(out.s, "{\n  \"a\": [\n    1,\n    \"x,{\\\"\"\n  ],\n  \"b\": {},\n"
	                           "  \"c\": [],\n  \"d\": {\n    \"e\": null\n  }\n}\n");
}

/* --- objects -------------------------------------------------------------------------------
 */

static int reloaded;

static struct kube_result load(const char *name, const char *text, size_t len)
{
	struct kube_options o = {.validate = starts_with(name, "warn-") ? KUBE_WARN : KUBE_STRICT,
	                         .project = "p",
	                         .node_name = "node"};
	autofree char *path = xasprintf("/golden/%s", name);
	struct kube_result r;
	struct err e = {0};

	assert_int_equal(kube_load_text(path, text, len, &o, &r, &e), 0);
	return r;
}

/* All objects as one List. */
static void print_list(const struct kube_result *r, struct strbuf *out)
{
	const struct objects_entry *list;
	struct kube_objects *o;
	struct err e = {0};
	size_t count;

	assert_int_equal(kube_objects_load(r->objects.s, r->objects.len, &o, &e), 0);
	list = objects_list(o, &count);
	strbuf_adds(out, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
	for (size_t i = 0; i < count; i++) {
		strbuf_adds(out, i ? "," : "");
		objects_json(&list[i], NULL, out);
	}
	strbuf_adds(out, "]}");
	kube_objects_free(o);
}

/* One that cannot be shown goes back to the caller as it is. */
static void same_plan(const char *name, const struct kube_result *want, const struct strbuf *text)
{
	autostrbuf struct strbuf a = {0}, b = {0};
	struct kube_result got = load(name, text->s, text->len);

	for (size_t i = 0; i < got.diag_count; i++)
		if (got.diags[i].severity == KUBE_ERROR)
			fail_msg("%s: %s: %s\n%s", name, got.diags[i].path, got.diags[i].text,
			         text->s);
	plan_json(want->plan, &a);
	plan_json(got.plan, &b);
	if (!streq(a.s, b.s))
		fail_msg("%s: another plan\n%s\n--- from\n%s\n--- instead of\n%s", name, b.s,
		         text->s, a.s);
	kube_result_done(&got);
}

/* Does this kind make pods? Then the pods themselves stand for it. */
static bool makes_pods(const struct kube_result *r, const struct objects_entry *x)
{
	for (uint32_t i = 0; i < r->plan->pods_count; i++) {
		const struct plan_pod *p = &r->plan->pods[i];

		if (streq(p->owner_kind ? p->owner_kind : "Pod", schema_kinds[x->kind].name))
			return true;
	}
	return false;
}

/* Everything but controllers, and all pods as `get pods` prints them. */
static void print_pods(const struct kube_result *r, struct strbuf *out)
{
	const struct objects_entry *list;
	struct kube_objects *o;
	struct err e = {0};
	size_t count;

	assert_int_equal(kube_objects_load(r->objects.s, r->objects.len, &o, &e), 0);
	list = objects_list(o, &count);
	strbuf_adds(out, "{\"apiVersion\":\"v1\",\"kind\":\"PodList\",\"items\":[");
	for (uint32_t i = 0; i < r->plan->pods_count; i++) {
		strbuf_adds(out, i ? "," : "");
		if (objects_pod_json(o, &r->plan->pods[i], "2026-01-01T00:00:00Z", out, &e) < 0)
			fail_msg("%s", e.msg);
	}
	for (size_t i = 0; i < count; i++) {
		if (makes_pods(r, &list[i]))
			continue;
		strbuf_adds(out, ",");
		objects_json(&list[i], NULL, out);
	}
	strbuf_adds(out, "]}");
	kube_objects_free(o);
}

/* What a pod is, whoever made it. */
static void pod_text(const struct plan_pod *pod, struct strbuf *out)
{
	struct plan_pod alone = *pod;
	struct plan p = {.pods = &alone, .pods_count = 1};

	alone.owner_kind = alone.owner_name = NULL;
	alone.controller = NULL;
	alone.index = NULL;
	alone.data_stamp = 0;
	plan_json(&p, out);
}

static void same_pods(const char *name, const struct kube_result *want, const struct strbuf *text)
{
	struct kube_result got = load(name, text->s, text->len);

	if (!got.plan) {
		fail_msg("%s: %s: %s\n%s", name, got.diags[0].path, got.diags[0].text, text->s);
		return;
	}
	assert_int_equal(got.plan->pods_count, want->plan->pods_count);
	for (uint32_t i = 0; i < got.plan->pods_count; i++) {
		autostrbuf struct strbuf a = {0}, b = {0};

		pod_text(&want->plan->pods[i], &a);
		pod_text(&got.plan->pods[i], &b);
		if (!streq(a.s, b.s))
			fail_msg("%s: another pod\n%s\n--- from\n%s\n--- instead of\n%s", name, b.s,
			         text->s, a.s);
	}
	kube_result_done(&got);
}

static void reload(const char *name, const char *text, size_t len)
{
	autostrbuf struct strbuf json = {0}, yaml = {0}, pretty = {0}, pods = {0}, block = {0};
	struct kube_result r = load(name, text, len);

	if (r.plan) {
		print_list(&r, &json);
		print_yaml(json.s, &yaml);
		print_pretty(json.s, &pretty);
		same_plan(name, &r, &json);
		same_plan(name, &r, &yaml);
		same_plan(name, &r, &pretty);
		print_pods(&r, &pods);
		print_yaml(pods.s, &block);
		same_pods(name, &r, &pods);
		same_pods(name, &r, &block);
		reloaded++;
	}
	kube_result_done(&r);
}

static int reload_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	autostrbuf struct strbuf text = {0};
	struct err e = {0};

	UNUSED(st);
	if (type != FTW_F || !ends_with(path, ".yaml"))
		return 0;
	assert_int_equal(fd_read_file(AT_FDCWD, path, 1 << 24, &text, &e), 0);
	reload(path + at->base, text.s ? text.s : "", text.len);
	return 0;
}

TEST(printed_objects_give_the_same_plan)
{
	reloaded = 0;
	assert_int_equal(nftw("tests/golden", reload_file, 16, FTW_PHYS), 0);
	assert_true(reloaded >= 10);
}

RUN_TESTS(CASE(every_string_comes_back_as_the_same_string), CASE(what_is_harmless_stays_plain),
          CASE(a_very_long_key_is_still_a_key), CASE(pretty_json_is_the_same_json),
          CASE(printed_objects_give_the_same_plan))
