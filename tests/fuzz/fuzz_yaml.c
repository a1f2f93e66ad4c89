/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_yaml.c - any bytes become a sound tree or an error with a place */
#include "kube/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct node *n, int depth)
{
	if (depth > TREE_MAX_DEPTH)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags d = {0};
	struct tree t = {0};
	size_t file = diags_file(&d, "fuzz");

	tree_parse(&t, (const char *)data, size, &d, file);
	for (size_t i = 0; i < t.docs_count; i++)
		walk(t.docs[i], 0);
	tree_done(&t);
	diags_done(&d);
	return 0;
}
