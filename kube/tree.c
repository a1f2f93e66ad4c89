/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - how does a text become nodes, whatever the text?
 *
 * Theory of operation: libyaml tells events; open collections stand on a stack of frames, their
 * children on one stack of node pointers. When a collection ends its children are copied to an
 * array of the exact size. An anchor names a node only once that is finished, so no loop can exist.
 * Depth counts through aliases (node.height), so that whoever walks the tree by recursion is safe
 * too. Memory is given back between documents, once it is worth it.
 */
#include "kube/scalar.h"
#include "kube/tree_build.h"
#include "kube/tree_text.h"

enum { NODE_SLAB = 128, TEXT_SLAB = 4096, TEXT_LARGE = 1024, KEEP = 256 << 10 };

struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->len; i++)
		if (streq(map->pair[i].key->text, key))
			return map->pair[i].val;
	return NULL;
}

bool node_is_null(const struct node *n)
{
	if (n->kind != NODE_SCALAR || n->quoted)
		return false;
	if (n->len != 4) /* the usual cases, said without comparing */
		return !n->len || (n->len == 1 && *n->text == '~');
	return (*n->text == 'n' || *n->text == 'N') && scalar_kind(n->text) == SCALAR_NULL;
}

static char *keep_text(struct tree *t, const char *s, size_t len)
{
	char *p;

	if (len >= TEXT_LARGE)
		return arena_memdup(&t->arena, s, len);
	if (t->free_text_left < len + 1) {
		t->free_text = arena_alloc(&t->arena, TEXT_SLAB);
		t->free_text_left = TEXT_SLAB;
	}
	p = t->free_text;
	memcpy(p, s, len);
	p[len] = '\0';
	t->free_text += len + 1;
	t->free_text_left -= len + 1;
	return p;
}

/* Dense text is honest, aliases and commas without end are not: both bounds are needed. */
static void count_node(struct tree *t, const yaml_event_t *ev)
{
	size_t chars = t->passed + ev->end_mark.index;

	if (++t->nodes > TREE_MAX_NODES)
		tree_refuse(t, ev, "too many values in one document", TREE_MAX_NODES);
	else if (++t->stream_nodes > TREE_MAX_NODES + chars / TREE_CHARS_PER_NODE)
		tree_refuse(t, ev, "too many values in one file",
		            TREE_MAX_NODES + chars / TREE_CHARS_PER_NODE);
}

static struct node *new_node(struct tree *t, const yaml_event_t *ev, enum node_kind kind)
{
	struct node *n;

	count_node(t, ev);
	if (!t->slab_left) {
		t->slab = arena_alloc(&t->arena, NODE_SLAB * sizeof(*t->slab));
		t->slab_left = NODE_SLAB;
	}
	t->slab_left--;
	n = t->slab++;
	n->kind = (uint8_t)kind;
	n->line = tree_line(t, &ev->start_mark);
	n->column = tree_column(t, &ev->start_mark);
	return n;
}

static void add_kid(struct tree *t, struct node *n)
{
	if (t->kids == t->kid_cap) {
		t->kid_cap *= 2;
		t->kid = xrealloc(t->kid, t->kid_cap * sizeof(*t->kid));
	}
	t->kid[t->kids++] = n;
}

/* True if the frame on top waits for a key. */
static bool wants_key(const struct tree *t)
{
	const struct tree_frame *f;

	if (!t->depth)
		return false;
	f = &t->frame[t->depth - 1];
	return f->node->kind == NODE_MAP && (t->kids - f->first) % 2 == 0;
}

static void set_anchor(struct tree *t, const yaml_event_t *ev, const char *name, struct node *n)
{
	if (!name)
		return;
	if (t->anchors >= TREE_MAX_ANCHORS) {
		tree_refuse(t, ev, "too many anchors in one document", TREE_MAX_ANCHORS);
		return;
	}
	if (!t->anchor)
		t->anchor = xcalloc(TREE_MAX_ANCHORS, sizeof(*t->anchor));
	t->anchor[t->anchors++] = (struct tree_anchor){keep_text(t, name, strlen(name)), n};
}

/* What a tag says about a scalar; *quoted is changed, false if it is refused. */
static bool apply_tag(struct tree *t, const yaml_event_t *ev, const char *tag, bool *quoted)
{
	static const char core[] = "tag:yaml.org,2002:";
	static const char *const plain[] = {"int", "float", "bool", "null", "timestamp"};
	uint32_t line = tree_line(t, &ev->start_mark);
	uint32_t column = tree_column(t, &ev->start_mark);

	if (streq(tag, "!")) {
		*quoted = true;
		return true;
	}
	if (starts_with(tag, core)) {
		tag += sizeof(core) - 1;
		if (streq(tag, "str")) {
			*quoted = true;
			return true;
		}
		for (size_t i = 0; i < ARRAY_LEN(plain); i++)
			if (streq(tag, plain[i])) {
				*quoted = false;
				return true;
			}
		if (streq(tag, "binary")) {
			tree_problem(t, line, column, "!!binary is not supported; use binaryData");
			return false;
		}
	}
	autofree char *shown = diag_quote(tag);

	tree_problem(t, line, column, "tag \"%s\" is not supported", shown);
	return false;
}

/* What follows from an unrendered template is not worth reading. */
static void check_key(struct tree *t, const struct node *n)
{
	t->stop |= n->kind == NODE_MAP;
	if (n->kind != NODE_SCALAR)
		tree_problem(t, n->line, n->column, "a key must be a string, not a %s",
		             n->kind == NODE_LIST
		                     ? "list"
		                     : "mapping (if this is a template, render it first)");
	else if (node_is_null(n))
		tree_problem(t, n->line, n->column, "a key cannot be null");
}

/* What a child adds: the members of a merged mapping stand where its own members do. */
static uint8_t height_in_parent(const struct tree *t, const struct node *n)
{
	if (t->frame[t->depth - 1].node->kind == NODE_MAP && !wants_key(t) &&
	    tree_is_merge(t->kid[t->kids - 1]))
		return (uint8_t)(n->height - (n->kind == NODE_LIST && n->height));
	return (uint8_t)(n->height + 1);
}

/* A finished node takes its place in its parent, or becomes the document. */
static void finish(struct tree *t, struct node *n)
{
	struct node *parent;

	if (!t->depth) {
		t->root = node_is_null(n) ? NULL : n;
		return;
	}
	if (wants_key(t)) {
		check_key(t, n);
		if (n->kind != NODE_SCALAR) { /* reported: keep the tree sound */
			static char nothing[] = "";

			n->kind = NODE_SCALAR;
			n->text = nothing;
			n->len = 0;
			n->height = 0;
		}
	}
	parent = t->frame[t->depth - 1].node;
	parent->height = MAX(parent->height, height_in_parent(t, n));
	add_kid(t, n);
}

static void on_scalar(struct tree *t, const yaml_event_t *ev)
{
	const char *value = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	bool quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	struct node *n = new_node(t, ev, NODE_SCALAR);

	if (ev->data.scalar.tag)
		(void)apply_tag(t, ev, (const char *)ev->data.scalar.tag, &quoted);
	if (memchr(value, '\0', len)) {
		tree_problem(t, n->line, n->column,
		             "a NUL character is not allowed here; use binaryData");
		len = strlen(value);
	}
	n->text = keep_text(t, value, len);
	n->len = (uint32_t)len;
	n->quoted = quoted;
	set_anchor(t, ev, (const char *)ev->data.scalar.anchor, n);
	finish(t, n);
}

static void on_alias(struct tree *t, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct node *n = NULL;

	for (size_t i = t->anchors; i-- && !n;)
		if (streq(t->anchor[i].name, name))
			n = t->anchor[i].node;
	if (!n) {
		autofree char *shown = diag_quote(name);

		tree_problem(t, tree_line(t, &ev->start_mark), tree_column(t, &ev->start_mark),
		             "unknown alias *%s", shown);
		t->stop = true;
		return;
	}
	count_node(t, ev);
	if (t->depth + n->height > TREE_MAX_DEPTH) {
		tree_refuse(t, ev, "nested too deeply", TREE_MAX_DEPTH);
		return;
	}
	if (wants_key(t) && n->kind != NODE_SCALAR) {
		check_key(t, n);
		t->stop = true;
		return;
	}
	finish(t, n);
}

static void on_open(struct tree *t, const yaml_event_t *ev, enum node_kind kind,
                    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	static const char *const fine[] = {"!", YAML_SEQ_TAG, YAML_MAP_TAG};
	const char *name = (const char *)tag;
	struct node *n = new_node(t, ev, kind);
	bool known = !name;

	for (size_t i = 0; i < ARRAY_LEN(fine) && !known; i++)
		known = streq(name, fine[i]);
	if (!known) {
		autofree char *shown = diag_quote(name);

		tree_problem(t, n->line, n->column, "tag \"%s\" is not supported", shown);
	}
	if (t->depth >= TREE_MAX_DEPTH) {
		tree_refuse(t, ev, "nested too deeply", TREE_MAX_DEPTH);
		return;
	}
	t->frame[t->depth++] = (struct tree_frame){
		.node = n,
		.first = t->kids,
		.anchor = anchor ? keep_text(t, (const char *)anchor, strlen((const char *)anchor))
	                         : NULL,
	};
}

static void on_close(struct tree *t, const yaml_event_t *ev)
{
	struct tree_frame *f = &t->frame[t->depth - 1];
	struct node **kid = t->kid + f->first;
	size_t kids = t->kids - f->first;
	struct node *n = f->node;

	if (n->kind == NODE_MAP) {
		tree_close_map(t, ev, n, kid, kids);
	} else {
		n->item = arena_alloc(&t->arena, kids * sizeof(struct node *));
		if (kids)
			memcpy(n->item, kid, kids * sizeof(struct node *));
		n->len = (uint32_t)kids;
	}
	t->kids = f->first;
	t->depth--;
	set_anchor(t, ev, f->anchor, n);
	finish(t, n);
}

static void on_start(struct tree *t, const yaml_event_t *ev)
{
	const yaml_mark_t *mark = &ev->start_mark;

	t->anchors = t->nodes = t->depth = t->kids = 0;
	t->root = NULL;
	t->place.offset = tree_offset(t, mark);
	/* Indentation counts: the text of a document begins with its line. */
	for (size_t back = mark->column; back && t->place.offset > t->section.offset; back--)
		do
			t->place.offset--;
		while (((unsigned char)t->text[t->place.offset] & 0xc0) == 0x80);
	t->place.line = t->section.line + (uint32_t)mark->line;
	t->place.column = mark->line ? 0 : t->section.column;
}

static void on_event(struct tree *t, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		on_start(t, ev);
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(t, ev);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(t, ev);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(t, ev, NODE_LIST, ev->data.sequence_start.anchor,
		        ev->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(t, ev, NODE_MAP, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_close(t, ev);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/* --- the stream --------------------------------------------------------------------------------
 */

struct tree *tree_open(const char *text, size_t len, struct tree_place from, struct diags *d,
                       size_t file, uint32_t origin)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->text = text;
	t->len = len;
	t->d = d;
	t->file = file;
	t->origin = origin;
	t->section = from;
	t->kid_cap = 64;
	t->kid = xcalloc(t->kid_cap, sizeof(struct node *));
	if (len > TREE_MAX_BYTES) {
		diag_add(d, KUBE_ERROR, file, 1, 1, NULL, "larger than %d MiB",
		         TREE_MAX_BYTES >> 20);
		t->stop = true;
	}
	return t;
}

/* Begin with the text that is left; false if there is none. */
static bool open_section(struct tree *t)
{
	size_t left = t->len - t->section.offset;

	if (!left)
		return false;
	t->section_len = tree_text_section(t->text + t->section.offset, left);
	t->chars = t->bytes = 0;
	if (!yaml_parser_initialize(&t->parser)) {
		diag_add(t->d, KUBE_ERROR, t->file, 0, 0, NULL, "out of memory");
		return false;
	}
	t->parsing = true;
	yaml_parser_set_encoding(&t->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&t->parser, (const unsigned char *)t->text + t->section.offset,
	                             t->section_len);
	return true;
}

static void close_section(struct tree *t)
{
	const char *text = t->text + t->section.offset;

	t->parsing = false;
	yaml_parser_delete(&t->parser);
	t->passed += t->section_len;
	t->section.offset += t->section_len;
	if (t->section.offset == t->len)
		return;
	for (size_t i = 0; i < t->section_len; i++) {
		t->section.column += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (text[i] == '\n') {
			t->section.line++;
			t->section.column = 0;
		}
	}
}

/* Give back what the document before needed. */
static void recycle(struct tree *t)
{
	t->root = NULL;
	if (t->arena.used <= KEEP)
		return;
	arena_done(&t->arena);
	t->slab_left = t->free_text_left = 0;
}

bool tree_next(struct tree *t, struct tree_document *ret)
{
	yaml_event_type_t type;
	yaml_event_t ev;

	recycle(t);
	while (!t->stop && (t->parsing || open_section(t))) {
		if (!yaml_parser_parse(&t->parser, &ev)) {
			tree_syntax_problem(t);
			break;
		}
		on_event(t, &ev);
		type = ev.type;
		yaml_event_delete(&ev);
		if (type == YAML_STREAM_END_EVENT)
			close_section(t);
		if (type == YAML_DOCUMENT_END_EVENT && t->root && !t->stop) {
			*ret = (struct tree_document){t->root, t->place};
			return true;
		}
	}
	t->stop = true;
	return false;
}

struct arena *tree_memory(struct tree *t)
{
	return &t->arena;
}

size_t tree_chars(const struct tree *t)
{
	return t->passed + (t->parsing ? t->parser.mark.index : 0);
}

void tree_close(struct tree *t)
{
	if (!t)
		return;
	if (t->parsing)
		yaml_parser_delete(&t->parser);
	arena_done(&t->arena);
	free(t->anchor);
	free(t->kid);
	free(t);
}
