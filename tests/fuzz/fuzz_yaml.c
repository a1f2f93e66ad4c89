/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_yaml.c - any bytes become a sound tree or an error with a place; a document reads the same
 * when it is read again from its place; variables and settings leave a sound tree
 */
#include "kube/set.h"
#include "kube/subst.h"
#include "kube/tree.h"
#include "kube/tree_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct node *n, int depth)
{
	if (depth > TREE_MAX_DEPTH + 8)
		abort();
	if (n->kind == NODE_SCALAR && strlen(n->text) != n->len)
		abort();
	/* the first and last child are enough: all of them would be an alias bomb */
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->len; i += MAX(n->len - 1, 1u))
		walk(n->item[i], depth + 1);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->len; i += MAX(n->len - 1, 1u)) {
		if (n->pair[i].key->kind != NODE_SCALAR)
			abort();
		if (i == 0)
			walk(n->pair[i].val, depth + 1);
	}
}

/* What the front end does to every document, and what it does again to find a place. */
static void read_all(const struct strbuf *text, bool change)
{
	static const struct kube_var vars[] = {{"A", "x"}, {"EMPTY", ""}, {"LONG", "${A}: [\n"}};
	static const char *const sets[] = {"a.b[0]=1", "v1/x:q.r=[a, {b: c}]", "metadata.name=x"};
	const struct kube_options o = {.substitute = change,
	                               .vars = vars,
	                               .vars_count = ARRAY_LEN(vars),
	                               .sets = sets,
	                               .sets_count = change ? ARRAY_LEN(sets) : 0};
	struct tree_document doc;
	struct diags d = {0};
	struct subst subst;
	struct sets all;
	struct err e = {0};
	size_t file = diags_file(&d, "fuzz");
	struct tree *t;

	subst_init(&subst, &o);
	if (sets_init(&all, &o, &d, &e) < 0)
		abort();
	t = tree_open(text->s ? text->s : "", text->len, (struct tree_place){0}, &d, file, 0);
	while (tree_next(t, &doc)) {
		struct tree *again = tree_open(text->s, text->len, doc.place, &d, file, 0);
		struct tree_document same;

		walk(doc.root, 0);
		if (!tree_next(again, &same) || same.root->line != doc.root->line ||
		    same.root->column != doc.root->column || same.root->len != doc.root->len)
			abort();
		tree_close(again);
		doc.root = subst_tree(&subst, tree_memory(t), doc.root, &d, file);
		doc.root = sets_apply(&all, tree_memory(t), "Pod", doc.root, &d);
		walk(doc.root, 0);
	}
	sets_check_used(&all, &d);
	tree_close(t);
	sets_done(&all);
	subst_done(&subst);
	diags_done(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf text = {0};

	strbuf_add(&text, data, size);
	tree_text_prepare(&text);
	read_all(&text, false);
	read_all(&text, true);
	strbuf_done(&text);
	return 0;
}
