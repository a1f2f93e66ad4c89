/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - how does a text become nodes, whatever the text?
 *
 * Theory of operation: libyaml tells events; open collections stand on a stack of frames, their
 * children on one stack of node pointers. When a collection ends its children are copied to an
 * array of the exact size. An anchor names a node only once that is finished, so no loop can exist.
 * Depth counts through aliases (node.height), so that whoever walks the tree by recursion is safe
 * too.
 */
#include "kube/tree.h"

#include <yaml.h>

#include "kube/scalar.h"

enum { NODE_SLAB = 512, TEXT_SLAB = 32768, TEXT_LARGE = 2048, FEW = 12 };

static const char bom[] = "\xef\xbb\xbf";

struct anchor {
	char *name;
	struct node *node;
};

struct frame {
	struct node *node;
	size_t first; /* its children begin here */
	char *anchor;
};

struct builder {
	struct tree *t;
	struct diags *d;
	size_t file;
	yaml_parser_t parser;
	struct frame frame[TREE_MAX_DEPTH + 1];
	size_t depth;
	struct node **kid;
	size_t kids, kid_cap;
	struct anchor *anchor;
	size_t anchors;
	struct node *slab;
	size_t slab_left;
	char *text;
	size_t text_left;
	size_t nodes, merged;
	bool stop; /* a limit was passed: the rest is not read */
};

void tree_done(struct tree *t)
{
	free(t->docs);
	arena_done(&t->arena);
	*t = (struct tree){0};
}

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
	if (n->kind != NODE_SCALAR || n->quoted || n->len > 4)
		return false; /* the usual case, said without comparing */
	return scalar_kind(n->text) == SCALAR_NULL;
}

/* Keys are compared often and differ mostly in length. */
static bool same_key(const struct node *a, const struct node *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Where the builder stands: the keys and indices of the open collections. */
static const struct at *place(const struct builder *b, struct at at[static TREE_MAX_DEPTH],
                              size_t depth)
{
	const struct at *up = NULL;

	for (size_t i = 0; i < depth; i++) {
		size_t end = i + 1 < b->depth ? b->frame[i + 1].first : b->kids;
		size_t count = end - b->frame[i].first;

		at[i] = (struct at){.up = up, .index = (uint32_t)count};
		if (b->frame[i].node->kind == NODE_MAP)
			at[i].key = count % 2 ? b->kid[end - 1]->text : "?";
		up = &at[i];
	}
	return up;
}

static void problem(struct builder *b, uint32_t line, uint32_t column, const char *fmt, ...)
	PRINTF(4, 5);

static void problem(struct builder *b, uint32_t line, uint32_t column, const char *fmt, ...)
{
	struct at at[TREE_MAX_DEPTH];
	va_list ap;

	va_start(ap, fmt);
	diag_vadd(b->d, KUBE_ERROR, b->file, line, column,
	          b->depth ? place(b, at, b->depth - 1) : NULL, fmt, ap);
	va_end(ap);
}

/* A limit: say so once and read no further. */
static void refuse(struct builder *b, const yaml_event_t *ev, const char *what, unsigned limit)
{
	diag_add(b->d, KUBE_ERROR, b->file, (uint32_t)ev->start_mark.line + 1,
	         (uint32_t)ev->start_mark.column + 1, NULL, "%s (limit: %u)", what, limit);
	b->stop = true;
}

static char *keep_text(struct builder *b, const char *s, size_t len)
{
	char *p;

	if (len >= TEXT_LARGE)
		return arena_memdup(&b->t->arena, s, len);
	if (b->text_left < len + 1) {
		b->text = arena_alloc(&b->t->arena, TEXT_SLAB);
		b->text_left = TEXT_SLAB;
	}
	p = b->text;
	memcpy(p, s, len);
	p[len] = '\0';
	b->text += len + 1;
	b->text_left -= len + 1;
	return p;
}

static struct node *new_node(struct builder *b, const yaml_event_t *ev, enum node_kind kind)
{
	struct node *n;

	if (++b->nodes > TREE_MAX_NODES)
		refuse(b, ev, "too many values in one file", TREE_MAX_NODES);
	if (!b->slab_left) {
		b->slab = arena_alloc(&b->t->arena, NODE_SLAB * sizeof(*b->slab));
		b->slab_left = NODE_SLAB;
	}
	b->slab_left--;
	n = b->slab++;
	n->kind = (uint8_t)kind;
	n->line = (uint32_t)ev->start_mark.line + 1;
	n->column = (uint32_t)ev->start_mark.column + 1;
	return n;
}

static void add_kid(struct builder *b, struct node *n)
{
	if (b->kids == b->kid_cap) {
		b->kid_cap *= 2;
		b->kid = xrealloc(b->kid, b->kid_cap * sizeof(*b->kid));
	}
	b->kid[b->kids++] = n;
}

/* True if the frame on top waits for a key. */
static bool wants_key(const struct builder *b)
{
	const struct frame *f;

	if (!b->depth)
		return false;
	f = &b->frame[b->depth - 1];
	return f->node->kind == NODE_MAP && (b->kids - f->first) % 2 == 0;
}

static void set_anchor(struct builder *b, const yaml_event_t *ev, const char *name, struct node *n)
{
	if (!name)
		return;
	if (b->anchors >= TREE_MAX_ANCHORS) {
		refuse(b, ev, "too many anchors in one document", TREE_MAX_ANCHORS);
		return;
	}
	b->anchor[b->anchors++] = (struct anchor){keep_text(b, name, strlen(name)), n};
}

/* What a tag says about a scalar; *quoted is changed, false if it is refused. */
static bool apply_tag(struct builder *b, const yaml_event_t *ev, const char *tag, bool *quoted)
{
	static const char core[] = "tag:yaml.org,2002:";
	static const char *const plain[] = {"int", "float", "bool", "null", "timestamp"};
	uint32_t line = (uint32_t)ev->start_mark.line + 1;
	uint32_t column = (uint32_t)ev->start_mark.column + 1;

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
			problem(b, line, column, "!!binary is not supported; use binaryData");
			return false;
		}
	}
	autofree char *shown = diag_quote(tag);

	problem(b, line, column, "tag \"%s\" is not supported", shown);
	return false;
}

static void check_key(struct builder *b, const struct node *n)
{
	if (n->kind != NODE_SCALAR)
		problem(b, n->line, n->column, "a key must be a string, not a %s",
		        n->kind == NODE_LIST ? "list"
		                             : "mapping (if this is a template, render it first)");
	else if (node_is_null(n))
		problem(b, n->line, n->column, "a key cannot be null");
}

static bool is_merge(const struct node *key)
{
	return key->len == 2 && !key->quoted && streq(key->text, "<<");
}

/* What a child adds: the members of a merged mapping stand where its own members do. */
static uint8_t height_in_parent(const struct builder *b, const struct node *n)
{
	if (b->frame[b->depth - 1].node->kind == NODE_MAP && !wants_key(b) &&
	    is_merge(b->kid[b->kids - 1]))
		return (uint8_t)(n->height - (n->kind == NODE_LIST && n->height));
	return (uint8_t)(n->height + 1);
}

/* A finished node takes its place in its parent, or becomes the document. */
static void finish(struct builder *b, struct node *n)
{
	struct node *parent;

	if (!b->depth) {
		if (node_is_null(n))
			return;
		b->t->docs = xrealloc(b->t->docs, (b->t->docs_count + 1) * sizeof(*b->t->docs));
		b->t->docs[b->t->docs_count++] = n;
		return;
	}
	if (wants_key(b)) {
		check_key(b, n);
		if (n->kind != NODE_SCALAR) { /* reported: keep the tree sound */
			static char nothing[] = "";

			n->kind = NODE_SCALAR;
			n->text = nothing;
			n->len = 0;
			n->height = 0;
		}
	}
	parent = b->frame[b->depth - 1].node;
	parent->height = MAX(parent->height, height_in_parent(b, n));
	add_kid(b, n);
}

static void on_scalar(struct builder *b, const yaml_event_t *ev)
{
	const char *value = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	bool quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	struct node *n = new_node(b, ev, NODE_SCALAR);

	if (ev->data.scalar.tag)
		(void)apply_tag(b, ev, (const char *)ev->data.scalar.tag, &quoted);
	if (memchr(value, '\0', len)) {
		problem(b, n->line, n->column,
		        "a NUL character is not allowed here; use binaryData");
		len = strlen(value);
	}
	n->text = keep_text(b, value, len);
	n->len = (uint32_t)len;
	n->quoted = quoted;
	set_anchor(b, ev, (const char *)ev->data.scalar.anchor, n);
	finish(b, n);
}

static void on_alias(struct builder *b, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct node *n = NULL;

	for (size_t i = b->anchors; i-- && !n;)
		if (streq(b->anchor[i].name, name))
			n = b->anchor[i].node;
	if (!n) {
		autofree char *shown = diag_quote(name);

		problem(b, (uint32_t)ev->start_mark.line + 1, (uint32_t)ev->start_mark.column + 1,
		        "unknown alias *%s", shown);
		b->stop = true;
		return;
	}
	if (++b->nodes > TREE_MAX_NODES)
		refuse(b, ev, "too many values in one file", TREE_MAX_NODES);
	if (b->depth + n->height > TREE_MAX_DEPTH) {
		refuse(b, ev, "nested too deeply", TREE_MAX_DEPTH);
		return;
	}
	if (wants_key(b) && n->kind != NODE_SCALAR) {
		check_key(b, n);
		b->stop = true;
		return;
	}
	finish(b, n);
}

static void on_open(struct builder *b, const yaml_event_t *ev, enum node_kind kind,
                    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	static const char *const fine[] = {"!", YAML_SEQ_TAG, YAML_MAP_TAG};
	const char *t = (const char *)tag;
	struct node *n = new_node(b, ev, kind);
	bool known = !t;

	for (size_t i = 0; i < ARRAY_LEN(fine) && !known; i++)
		known = streq(t, fine[i]);
	if (!known) {
		autofree char *shown = diag_quote(t);

		problem(b, n->line, n->column, "tag \"%s\" is not supported", shown);
	}
	if (b->depth >= TREE_MAX_DEPTH) {
		refuse(b, ev, "nested too deeply", TREE_MAX_DEPTH);
		return;
	}
	b->frame[b->depth++] = (struct frame){
		.node = n,
		.first = b->kids,
		.anchor = anchor ? keep_text(b, (const char *)anchor, strlen((const char *)anchor))
	                         : NULL,
	};
}

/* A pair of a mapping that is being put together. */
struct candidate {
	struct node_pair pair;
	size_t rank; /* own keys come first, then merged ones in their order */
	bool drop;
};

static void repeated(struct builder *b, const struct candidate *first, struct candidate *again,
                     size_t own)
{
	again->drop = true;
	if (again->rank >= own)
		return; /* a merged key gives way */
	struct at at[TREE_MAX_DEPTH];
	const struct at *up = place(b, at, b->depth - 1);
	const struct at here = {.up = up, .key = again->pair.key->text};

	diag_add(b->d, KUBE_ERROR, b->file, again->pair.key->line, again->pair.key->column, &here,
	         "this key is already set in line %u", first->pair.key->line);
}

static int by_key(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	int r = strcmp(a->pair.key->text, b->pair.key->text);

	return r ? r : a->rank < b->rank ? -1 : 1;
}

static int by_rank(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	return a->rank < b->rank ? -1 : 1;
}

static void drop_repeats(struct builder *b, struct candidate *c, size_t count, size_t own)
{
	if (count <= FEW) {
		for (size_t i = 1; i < count; i++)
			for (size_t j = 0; j < i && !c[i].drop; j++)
				if (!c[j].drop && same_key(c[i].pair.key, c[j].pair.key))
					repeated(b, &c[j], &c[i], own);
		return;
	}
	qsort(c, count, sizeof(*c), by_key);
	for (size_t i = 1, first = 0; i < count; i++)
		if (streq(c[i].pair.key->text, c[first].pair.key->text))
			repeated(b, &c[first], &c[i], own);
		else
			first = i;
	qsort(c, count, sizeof(*c), by_rank);
}

/* The number of pairs that a merge value brings; complains about what cannot be merged. */
static size_t merge_count(struct builder *b, const struct node *v)
{
	size_t count = 0;

	if (v->kind == NODE_MAP)
		return v->len;
	if (v->kind == NODE_LIST) {
		for (uint32_t i = 0; i < v->len; i++) {
			if (v->item[i]->kind != NODE_MAP)
				break;
			count += v->item[i]->len;
			if (i + 1 == v->len)
				return count;
		}
		if (!v->len)
			return 0;
	}
	problem(b, v->line, v->column, "<< needs a mapping or a list of mappings");
	return 0;
}

static void add_pairs(struct candidate *c, size_t *count, const struct node *map)
{
	for (uint32_t i = 0; i < map->len; i++) {
		c[*count] = (struct candidate){.pair = map->pair[i], .rank = *count};
		++*count;
	}
}

static void add_merged(struct candidate *c, size_t *count, const struct node *v)
{
	if (v->kind == NODE_MAP)
		add_pairs(c, count, v);
	for (uint32_t i = 0; v->kind == NODE_LIST && i < v->len; i++)
		add_pairs(c, count, v->item[i]);
}

static void close_map(struct builder *b, const yaml_event_t *ev, struct node *n, struct node **kid,
                      size_t kids)
{
	struct candidate few[FEW];
	autofree struct candidate *many = NULL;
	struct candidate *c;
	size_t total = 0, own = 0, kept = 0, merged = 0;

	for (size_t i = 0; i + 1 < kids; i += 2)
		if (is_merge(kid[i]))
			merged += merge_count(b, kid[i + 1]);
	b->merged += merged;
	if (b->merged > TREE_MAX_MERGED) {
		refuse(b, ev, "too many keys merged with << in one file", TREE_MAX_MERGED);
		return;
	}
	if (kids / 2 + merged > FEW)
		many = xcalloc(kids / 2 + merged, sizeof(*c));
	c = many ? many : few;
	for (size_t i = 0; i + 1 < kids; i += 2)
		if (!is_merge(kid[i])) {
			c[own] = (struct candidate){{kid[i], kid[i + 1]}, own, false};
			own++;
		}
	total = own;
	for (size_t i = 0; i + 1 < kids; i += 2)
		if (is_merge(kid[i]) && merge_count(b, kid[i + 1]))
			add_merged(c, &total, kid[i + 1]);
	drop_repeats(b, c, total, own);
	for (size_t i = 0; i < total; i++)
		kept += !c[i].drop;
	n->pair = arena_alloc(&b->t->arena, kept * sizeof(*n->pair));
	for (size_t i = 0; i < total; i++)
		if (!c[i].drop)
			n->pair[n->len++] = c[i].pair;
}

static void on_close(struct builder *b, const yaml_event_t *ev)
{
	struct frame *f = &b->frame[b->depth - 1];
	struct node **kid = b->kid + f->first;
	size_t kids = b->kids - f->first;
	struct node *n = f->node;

	if (n->kind == NODE_MAP) {
		close_map(b, ev, n, kid, kids);
	} else {
		n->item = arena_alloc(&b->t->arena, kids * sizeof(struct node *));
		if (kids)
			memcpy(n->item, kid, kids * sizeof(struct node *));
		n->len = (uint32_t)kids;
	}
	b->kids = f->first;
	b->depth--;
	set_anchor(b, ev, f->anchor, n);
	finish(b, n);
}

static void on_event(struct builder *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		b->anchors = 0;
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(b, ev);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(b, ev);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(b, ev, NODE_LIST, ev->data.sequence_start.anchor,
		        ev->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(b, ev, NODE_MAP, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_close(b, ev);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/* libyaml knows only the offset of bad bytes. */
static void reader_problem(struct builder *b, const char *text, size_t len)
{
	size_t offset = MIN(b->parser.problem_offset, len);
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	if (b->parser.problem_value >= 0)
		diag_add(b->d, KUBE_ERROR, b->file, line, column, NULL,
		         "%s: not valid text (byte or character 0x%02x)", b->parser.problem,
		         (unsigned)b->parser.problem_value);
	else
		diag_add(b->d, KUBE_ERROR, b->file, line, column, NULL, "%s: not valid text",
		         b->parser.problem);
}

static const char *syntax_hint(const yaml_parser_t *p, const char *text, size_t len)
{
	size_t offset = p->problem_mark.index;

	if (offset >= len || !p->problem || !starts_with(p->problem, "found character that cannot"))
		return "";
	if (text[offset] == '\t')
		return "; tabs cannot indent, use spaces";
	if (text[offset] == '%' && offset && text[offset - 1] == '{')
		return "; this looks like a template, render it first";
	return "; quote it";
}

static void syntax_problem(struct builder *b, const char *text, size_t len)
{
	const yaml_parser_t *p = &b->parser;
	uint32_t line = (uint32_t)p->problem_mark.line + 1;
	uint32_t column = (uint32_t)p->problem_mark.column + 1;
	const char *problem_text = p->problem ? p->problem : "cannot be parsed";

	if (p->error == YAML_READER_ERROR) {
		reader_problem(b, text, len);
		return;
	}
	if (p->context)
		diag_add(b->d, KUBE_ERROR, b->file, line, column, NULL, "%s %s of line %zu%s",
		         problem_text, p->context, p->context_mark.line + 1,
		         syntax_hint(p, text, len));
	else
		diag_add(b->d, KUBE_ERROR, b->file, line, column, NULL, "%s%s", problem_text,
		         syntax_hint(p, text, len));
}

static int hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
		            : c >= 'a' && c <= 'f' ? c - 'a' + 10
		            : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                                   : -1;

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* The two halves of a character as JSON escapes it, \ud83d\ude00, become the character. */
static bool join_surrogates(const char *s, size_t left, char out[4])
{
	int hi, lo, c;

	if (left < 12 || s[1] != 'u' || s[6] != '\\' || s[7] != 'u')
		return false;
	hi = hex4(s + 2);
	lo = hex4(s + 8);
	if (hi < 0xd800 || hi > 0xdbff || lo < 0xdc00 || lo > 0xdfff)
		return false;
	c = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return true;
}

/*
 * What libyaml refuses although other readers of Kubernetes files do not: a byte order mark at the
 * start of a later document (files joined by cat), and surrogate pairs in JSON. Returns a changed
 * copy, or NULL if there is neither.
 */
static char *prepare(const char *text, size_t len, size_t *ret_len)
{
	bool json = len && (text[0] == '{' || text[0] == '[');
	struct strbuf out = {0};
	size_t from = 0;

	if (len < 4 ||
	    (!(json && memmem(text, len, "\\ud", 3)) && !(json && memmem(text, len, "\\uD", 3)) &&
	     !memmem(text + 1, len - 1, bom, 3)))
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char joined[4];

		if (i && text[i - 1] == '\n' && len - i >= 3 && memcmp(text + i, bom, 3) == 0) {
			strbuf_add(&out, text + from, i - from);
			from = i + 3;
			i += 2;
		} else if (json && text[i] == '\\') {
			if (join_surrogates(text + i, len - i, joined)) {
				strbuf_add(&out, text + from, i - from);
				strbuf_add(&out, joined, 4);
				from = i + 12;
				i += 11;
			} else {
				i++; /* whatever is escaped begins no escape of its own */
			}
		}
	}
	strbuf_add(&out, text + from, len - from);
	*ret_len = out.len;
	return strbuf_take(&out);
}

static void run(struct builder *b, const char *text, size_t len)
{
	yaml_event_t ev;
	bool end = false;

	yaml_parser_set_input_string(&b->parser, (const unsigned char *)text, len);
	while (!end && !b->stop) {
		if (!yaml_parser_parse(&b->parser, &ev)) {
			syntax_problem(b, text, len);
			return;
		}
		on_event(b, &ev);
		end = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
}

void tree_parse(struct tree *t, const char *text, size_t len, struct diags *d, size_t file)
{
	struct builder *b;
	autofree char *copy = NULL;

	if (len > TREE_MAX_BYTES) {
		diag_add(d, KUBE_ERROR, file, 1, 1, NULL, "larger than %d MiB",
		         TREE_MAX_BYTES >> 20);
		return;
	}
	copy = prepare(text, len, &len);
	b = xcalloc(1, sizeof(*b));
	b->t = t;
	b->d = d;
	b->file = file;
	b->kid_cap = 64;
	b->kid = xcalloc(b->kid_cap, sizeof(struct node *));
	b->anchor = xcalloc(TREE_MAX_ANCHORS, sizeof(*b->anchor));
	if (yaml_parser_initialize(&b->parser)) {
		run(b, copy ? copy : text, len);
		yaml_parser_delete(&b->parser);
	} else {
		diag_add(d, KUBE_ERROR, file, 0, 0, NULL, "out of memory");
	}
	free(b->anchor);
	free(b->kid);
	free(b);
}
