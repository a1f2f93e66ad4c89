/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <sys/resource.h>

#include "kube/tree.h"
#include "kube/tree_text.h"
#include "pkg/util/clock.h"

enum { MAX_DOCS = 8 };

/* A whole stream. Nodes of small documents stay, since memory is given back late. */
struct parsed {
	struct strbuf text;
	struct tree *t;
	struct tree_document doc[MAX_DOCS];
	size_t docs;
	struct kube_diag *diags;
	size_t count;
};

static struct parsed parse_raw(const char *text, size_t len)
{
	struct parsed p = {0};
	struct diags d = {0};
	struct tree_document doc;
	size_t file = diags_file(&d, "t.yaml");

	p.t = tree_open(text, len, (struct tree_place){0}, &d, file, 0);
	while (tree_next(p.t, &doc))
		if (p.docs < MAX_DOCS)
			p.doc[p.docs++] = doc;
	diags_take(&d, &p.diags, &p.count);
	diags_done(&d);
	return p;
}

static struct parsed parse_bytes(const char *text, size_t len)
{
	struct strbuf copy = {0};
	struct parsed p;

	strbuf_add(&copy, text, len);
	tree_text_prepare(&copy);
	p = parse_raw(copy.s ? copy.s : "", copy.len);
	p.text = copy;
	return p;
}

static struct parsed parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void done(struct parsed *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->diags[i].file);
		free(p->diags[i].path);
		free(p->diags[i].text);
	}
	free(p->diags);
	tree_close(p->t);
	strbuf_done(&p->text);
}

static void refused_at(const char *text, size_t len, int line, int column, const char *what)
{
	struct parsed p = parse_bytes(text, len);
	autofree char *first = p.count ? kube_diag_text(&p.diags[0]) : xstrdup("nothing");

	if (!p.count || !strstr(first, what) || p.diags[0].line != line ||
	    (column && p.diags[0].column != column))
		fail_msg("expected %d:%d %s, got %s", line, column, what, first);
	done(&p);
}

TEST(nodes_know_where_they_stand)
{
	struct parsed p = parse("# c\na: 1\nb:\n  - x\n  - 'y z'\n---\n{\"k\": [true]}\n");
	const struct node *b;

	assert_int_equal(p.count, 0);
	assert_int_equal(p.docs, 2);
	b = node_get(p.doc[0].root, "b");
	assert_int_equal(b->kind, NODE_LIST);
	assert_int_equal(b->line, 4);
	assert_int_equal(b->column, 3);
	assert_int_equal(b->item[1]->line, 5);
	assert_int_equal(b->item[1]->column, 5);
	assert_true(b->item[1]->quoted && !b->item[0]->quoted);
	assert_string_equal(b->item[1]->text, "y z");
	assert_string_equal(node_get(p.doc[1].root, "k")->item[0]->text, "true");
	assert_null(node_get(p.doc[0].root, "none"));
	done(&p);
}

TEST(empty_documents_are_not_there)
{
	static const char *const rows[] = {"", "# only a comment\n", "---\n---\n...\n", "~\n",
	                                   "null"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct parsed p = parse(rows[i]);

		assert_int_equal(p.count, 0);
		assert_int_equal(p.docs, 0);
		done(&p);
	}
}

TEST(aliases_share_their_node)
{
	struct parsed p = parse("a: &x [1, 2]\nb: *x\nc: {d: *x}\n");

	assert_int_equal(p.count, 0);
	assert_ptr_equal(node_get(p.doc[0].root, "a"), node_get(p.doc[0].root, "b"));
	assert_ptr_equal(node_get(p.doc[0].root, "a"), node_get(node_get(p.doc[0].root, "c"), "d"));
	done(&p);
}

TEST(an_own_key_wins_over_merged_ones_and_the_first_merge_over_the_second)
{
	struct parsed p = parse("x: &x {a: x, b: x, c: x}\ny: &y {b: y, c: y, d: y}\n"
	                        "z:\n  a: own\n  <<: [*x, *y]\n  \"<<\": plain\n");
	const struct node *z = node_get(p.doc[0].root, "z");

	assert_int_equal(p.count, 0);
	assert_int_equal(z->len, 5);
	assert_string_equal(node_get(z, "a")->text, "own");
	assert_string_equal(node_get(z, "b")->text, "x");
	assert_string_equal(node_get(z, "c")->text, "x");
	assert_string_equal(node_get(z, "d")->text, "y");
	assert_string_equal(node_get(z, "<<")->text, "plain");
	done(&p);
}

TEST(a_repeated_key_names_both_lines)
{
	autostrbuf struct strbuf many = {0};

	refused_at("a: 1\nb: 2\na: 3\n", 15, 3, 1, "line 1");
	for (int i = 0; i < 100; i++)
		strbuf_addf(&many, "k%d: v\n", i);
	strbuf_adds(&many, "k42: v\n");
	refused_at(many.s, many.len, 101, 1, "line 43");
}

TEST(what_c_strings_cannot_hold_is_refused)
{
	refused_at("a: \"x\\0y\"\n", 10, 1, 4, "NUL");
	refused_at("? [a]\n: b\n", 10, 1, 3, "must be a string");
	refused_at("? {a: b}\n: b\n", 13, 1, 3, "must be a string");
	refused_at("~: b\n", 5, 1, 1, "cannot be null");
	refused_at("a: !!binary aGk=\n", 17, 1, 4, "binaryData");
	refused_at("a: !x b\n", 8, 1, 4, "tag");
	refused_at("a: *x\n", 6, 1, 4, "unknown alias");
	refused_at("a: &x [*x]\n", 11, 1, 8, "unknown alias");
	refused_at("a: &x 1\n---\nb: *x\n", 18, 3, 4, "unknown alias");
	refused_at("<<: 1\n", 6, 1, 5, "<< needs");
}

TEST(bad_bytes_have_a_line)
{
	refused_at("a: b\nc: \xc3\xa4\xff\n", 12, 2, 5, "UTF-8");
	refused_at("a: b\nc: \x01\n", 10, 2, 4, "control");
	refused_at("a: b\n\tc: d\n", 11, 2, 1, "a tab cannot indent");
	refused_at("a:\n\tb: c\n", 9, 2, 1, "a tab cannot indent");
}

TEST(a_byte_order_mark_may_begin_any_document)
{
	struct parsed p = parse("\xef\xbb\xbf\xef\xbb\xbf"
	                        "a: 1\n---\n\xef\xbb\xbf"
	                        "b: 2\n\xef\xbb\xbf---\nc: 3\n");

	assert_int_equal(p.count, 0);
	assert_int_equal(p.docs, 3);
	assert_int_equal(p.doc[0].root->column, 1);
	assert_non_null(node_get(p.doc[1].root, "b"));
	done(&p);
}

TEST(json_may_split_characters_in_two_escapes)
{
	struct parsed p = parse("{\"a\": \"\\ud83d\\uDE00!\", \"b\": \"\\\\ud83d\\u00e9\"}");

	assert_int_equal(p.count, 0);
	assert_string_equal(node_get(p.doc[0].root, "a")->text, "\xf0\x9f\x98\x80!");
	assert_string_equal(node_get(p.doc[0].root, "b")->text, "\\ud83d\xc3\xa9");
	done(&p);
	refused_at("{\"a\": \"\\ud83d\"}", 15, 1, 0, "invalid Unicode");
}

TEST(utf16_is_read_with_its_mark)
{
	static const char little[] = "\xff\xfe"
				     "a\0:\0 \0\xe9\0\n\0b\0:\0 \0\x3d\xd8\x00\xde\n";
	static const char big[] = "\xfe\xff"
				  "\0a\0:\0 \0\xe9\0\n\0b\0:\0 \xd8\x3d\xde\x00";
	static const char half[] = "\xff\xfe"
				   "a\0:\0 \0\n\0b\0:\0 \0\x3d\xd8";
	struct parsed p = parse_bytes(little, sizeof(little));

	assert_int_equal(p.count, 0);
	assert_string_equal(node_get(p.doc[0].root, "a")->text, "\xc3\xa9");
	assert_string_equal(node_get(p.doc[0].root, "b")->text, "\xf0\x9f\x98\x80");
	assert_int_equal(node_get(p.doc[0].root, "b")->line, 2);
	done(&p);
	p = parse_bytes(big, sizeof(big) - 1);
	assert_int_equal(p.count, 0);
	assert_string_equal(node_get(p.doc[0].root, "b")->text, "\xf0\x9f\x98\x80");
	done(&p);
	refused_at(half, sizeof(half) - 1, 2, 4, "UTF-8");
}

TEST(json_texts_may_follow_each_other)
{
	static const char text[] = "{\"a\": \"}{\\\"\"}{\"b\": 2}\n\n  [3,\n {\"c\": 4}]\n"
				   "{\"\u00e4\": 1}{\"d\": 5}\n---\ne: 6\n";
	struct parsed p = parse(text);
	const struct node *c;

	assert_int_equal(p.count, 0);
	assert_int_equal(p.docs, 6);
	assert_string_equal(node_get(p.doc[0].root, "a")->text, "}{\"");
	assert_int_equal(p.doc[1].root->line, 1);
	assert_int_equal(p.doc[1].root->column, 14);
	assert_int_equal(node_get(p.doc[1].root, "b")->column, 20);
	assert_int_equal(p.doc[2].root->line, 3);
	assert_int_equal(p.doc[2].root->column, 3);
	c = node_get(p.doc[2].root->item[1], "c");
	assert_int_equal(c->line, 4);
	assert_int_equal(c->column, 8);
	assert_int_equal(node_get(p.doc[4].root, "d")->column, 15);
	assert_int_equal(node_get(p.doc[5].root, "e")->line, 7);
	done(&p);
	refused_at("{}{\"a\": }}", 10, 1, 0, "did not find expected");
	refused_at("{a: '} {'}\n{b: c}\n", 18, 2, 1, "did not find expected"); /* YAML */
}

TEST(crlf_and_flow_documents_are_fine)
{
	struct parsed p = parse("a: 1\r\nb: |\r\n  x\r\n--- {c: 2}\r\n--- [d]\r\n...\r\n");

	assert_int_equal(p.count, 0);
	assert_int_equal(p.docs, 3);
	assert_string_equal(node_get(p.doc[0].root, "b")->text, "x\n");
	assert_int_equal(p.doc[1].root->line, 4);
	assert_int_equal(p.doc[1].root->column, 5);
	done(&p);
}

static const char long_lines[] =
	"a: \xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80 and a long line "
	"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\n---\nb: \xc3\xa4 x x x x x x x x "
	"x x x\n---\nc: d\n";

/* Every document, read again from its place, is the same with the same lines and columns. */
TEST(a_document_can_be_read_again_from_its_place)
{
	static const char *const rows[] = {
		"a: 1\n---\nb: 2\n",
		"# \xc3\xa4\xc3\xb6\n---\n# \xe2\x82\xac\n---\n\xc3\xa4: 1\n--- {b: \xc3\xa4, c: d}\n",
		"  a: 1\n  b: 2\n...\n---\n   c: 3\n   d: 4\n",
		"%YAML 1.1\n%TAG !k! tag:yaml.org,2002:\n---\na: !k!str 1\n...\n%YAML 1.1\n---\nb: 2\n",
		"a: 1\r\n---\r\nb: 2\r\n",
		"{\"a\": 1}{\"b\": \"\xc3\xa4\"} {\"c\": 2}\n{\"d\":\n 3}",
		"a: \xe2\x80\xa8\n---\nb: 1\n",
		"--- |\n x\n--- \n- &x y\n- *x\n",
		long_lines,
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct parsed p = parse(rows[i]);

		if (p.count || p.docs < 2)
			fail_msg("%s: %s", rows[i], p.count ? p.diags[0].text : "one document");
		for (size_t n = 0; n < p.docs; n++) {
			struct diags d = {0};
			struct tree_document doc;
			struct tree *t = tree_open(p.text.s, p.text.len, p.doc[n].place, &d,
			                           diags_file(&d, "x"), 0);
			const struct node *a = p.doc[n].root, *b;

			assert_true(tree_next(t, &doc));
			b = doc.root;
			assert_int_equal(a->kind, b->kind);
			assert_int_equal(a->len, b->len);
			assert_int_equal(a->line, b->line);
			assert_int_equal(a->column, b->column);
			if (a->kind == NODE_MAP) {
				a = a->pair[a->len - 1].val;
				b = b->pair[b->len - 1].val;
				assert_int_equal(a->line, b->line);
				assert_int_equal(a->column, b->column);
				assert_string_equal(a->text, b->text);
			}
			tree_close(t);
			diags_done(&d);
		}
		done(&p);
	}
}

TEST(an_origin_stands_for_all_places)
{
	struct diags d = {0};
	uint32_t origin = (diags_file(&d, "file"), diags_origin(&d, "--set x"));
	struct tree_document doc;
	struct kube_diag *v;
	size_t count;
	struct tree *t = tree_open("{a: 1, a: 2}", 12, (struct tree_place){0}, &d, 0, origin);

	assert_true(tree_next(t, &doc));
	assert_int_equal(doc.root->line, 0);
	assert_int_equal(doc.root->column, origin);
	diags_take(&d, &v, &count);
	assert_int_equal(count, 1);
	assert_string_equal(v[0].file, "--set x");
	assert_int_equal(v[0].line + v[0].column, 0);
	for (size_t i = 0; i < count; i++) {
		free(v[i].file);
		free(v[i].path);
		free(v[i].text);
	}
	free(v);
	tree_close(t);
	diags_done(&d);
}

static long rss_kib(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* Bounded time and memory, generously: a machine may be slow and a sanitizer needs memory. */
static void survives(const struct strbuf *text, const char *what)
{
	int64_t start = clock_mono_ms();
	long before = rss_kib();
	struct parsed p = parse_bytes(text->s, text->len);
	long grown = rss_kib() - before;

	if (!p.count || !strstr(p.diags[0].text, what))
		fail_msg("%s: not refused", what);
	if (clock_mono_ms() - start > 20000)
		fail_msg("%s: took too long", what);
#ifndef __SANITIZE_ADDRESS__
	if (grown > 64 << 10)
		fail_msg("%s: %ld KiB", what, grown);
#else
	UNUSED(grown);
#endif
	done(&p);
}

static void repeat(struct strbuf *b, const char *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strbuf_adds(b, s);
}

TEST(floods_and_towers_are_refused_cheaply)
{
	static const struct {
		const char *head, *body;
		size_t count;
		const char *what;
	} rows[] = {
		{"", "[", 10000000, "nested too deeply"},
		{"", "{a: ", 1000000, "nested too deeply"},
		{"", "- ", 1000000, "nested too deeply"},
		{"[", "1,", 3000000, "too many values"},
		{"", "- x\n", 2000000, "too many values"},
		{"x: &a y\nz: [", "*a,", 2000000, "too many values"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autostrbuf struct strbuf text = {0};

		strbuf_adds(&text, rows[i].head);
		repeat(&text, rows[i].body, rows[i].count);
		survives(&text, rows[i].what);
	}
}

/* Honest streams are dense too: 1.5 million values in 100 documents are read in the memory of one.
 */
TEST(a_long_stream_needs_the_memory_of_one_document)
{
	autostrbuf struct strbuf text = {0};
	struct tree_document doc;
	struct diags d = {0};
	size_t count = 0;
	struct tree *t;
	long before;

	for (int i = 0; i < 100; i++) {
		strbuf_adds(&text, "---\n");
		for (int k = 0; k < 7500; k++)
			strbuf_addf(&text, "k%d: v\n", k);
	}
	t = tree_open(text.s, text.len, (struct tree_place){0}, &d, diags_file(&d, "x"), 0);
	assert_true(tree_next(t, &doc));
	before = rss_kib();
	while (tree_next(t, &doc))
		count++;
	assert_int_equal(count, 99);
	assert_int_equal(d.len, 0);
#ifndef __SANITIZE_ADDRESS__
	assert_true(rss_kib() - before < 4096);
#endif
	UNUSED(before);
	tree_close(t);
	diags_done(&d);
}

TEST(a_stream_of_floods_is_refused)
{
	autostrbuf struct strbuf text = {0};

	for (int i = 0; i < 10; i++) {
		strbuf_adds(&text, "---\n[");
		repeat(&text, "1,", 900000);
		strbuf_adds(&text, "]\n");
	}
	survives(&text, "too many values in one file");
}

TEST(anchors_and_merges_are_bounded)
{
	autostrbuf struct strbuf anchors = {0}, merges = {0}, wide = {0};

	for (int i = 0; i < 50000; i++)
		strbuf_addf(&anchors, "k%d: &a%d x\n", i, i);
	survives(&anchors, "too many anchors");
	strbuf_adds(&merges, "x0: &m0 {k: v}\n");
	for (int i = 1; i < 900; i++)
		strbuf_addf(&merges, "x%d: &m%d {<<: *m%d, k%d: v}\n", i, i, i - 1, i);
	survives(&merges, "merged");
	strbuf_adds(&wide, "b: &b {");
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&wide, "k%d: v, ", i);
	strbuf_adds(&wide, "}\n");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&wide, "x%d: {<<: *b}\n", i);
	survives(&wide, "merged");
}

TEST(depth_counts_through_aliases)
{
	autostrbuf struct strbuf text = {0};

	strbuf_adds(&text, "x0: &x0 [[[[[[[[[[y]]]]]]]]]]\n");
	for (int i = 1; i < 20; i++)
		strbuf_addf(&text, "x%d: &x%d [[[[[[[[[[*x%d]]]]]]]]]]\n", i, i, i - 1);
	survives(&text, "nested too deeply");
}

TEST(too_large_a_text_is_refused_unread)
{
	static const char text[] = "a: b\n";
	struct parsed p = parse_raw(text, (size_t)TREE_MAX_BYTES + 1);

	assert_int_equal(p.count, 1);
	assert_non_null(strstr(p.diags[0].text, "larger than"));
	done(&p);
}

RUN_TESTS(CASE(nodes_know_where_they_stand), CASE(empty_documents_are_not_there),
          CASE(aliases_share_their_node),
          CASE(an_own_key_wins_over_merged_ones_and_the_first_merge_over_the_second),
          CASE(a_repeated_key_names_both_lines), CASE(what_c_strings_cannot_hold_is_refused),
          CASE(bad_bytes_have_a_line), CASE(a_byte_order_mark_may_begin_any_document),
          CASE(json_may_split_characters_in_two_escapes),
          CASE(floods_and_towers_are_refused_cheaply), CASE(anchors_and_merges_are_bounded),
          CASE(depth_counts_through_aliases), CASE(utf16_is_read_with_its_mark),
          CASE(json_texts_may_follow_each_other), CASE(crlf_and_flow_documents_are_fine),
          CASE(a_document_can_be_read_again_from_its_place), CASE(an_origin_stands_for_all_places),
          CASE(a_long_stream_needs_the_memory_of_one_document), CASE(a_stream_of_floods_is_refused),
          CASE(too_large_a_text_is_refused_unread))
