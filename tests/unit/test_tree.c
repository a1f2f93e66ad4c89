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
	refused_at("a: b\n\tc: d\n", 11, 2, 1, "tab character");
	refused_at("a:\n\tb: c\n", 9, 2, 1, "tabs cannot indent");
}

TEST(a_byte_order_mark_may_begin_any_document)
{
	struct parsed p = parse("\xef\xbb\xbf"
	                        "a: 1\n---\n\xef\xbb\xbf"
	                        "b: 2\n\xef\xbb\xbf---\nc: 3\n");

	assert_int_equal(p.count, 0);
	assert_int_equal(p.docs, 3);
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
          CASE(depth_counts_through_aliases), CASE(too_large_a_text_is_refused_unread))
