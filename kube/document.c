/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.c - which objects stand in a document, and where in it was that field again?
 *
 * Theory of operation: the tree of a document is gone once its objects are loaded. An object knows
 * the place of its document in the text; who has something to report about it later (run_locate())
 * has that one document parsed again, with the same changes applied. Problems come in bursts for
 * one document, so the last one is kept.
 */
#include "kube/document.h"

#include "kube/workload.h"

enum {
	MAX_OBJECTS = 100000,
	BATCH_BYTES = 512 << 10,
	/* All that is read again for places: so often what there is, and this much. */
	REREAD_TIMES = 8,
	REREAD_BYTES = 64 << 20,
};

/* The document that was read again last. */
struct reread {
	struct diags silent; /* everything was said the first time */
	struct tree *tree;
	size_t file, offset;
	struct node *root;
};

struct document {
	struct run *r;
	const char *dir;
	struct tree *tree;
	struct tree_place place;
	size_t before; /* objects in the files before this one */
};

/* The name that an API server would make up; here it follows from the place in the file. */
static void generate_name(const struct document *doc, struct k8s_meta *m)
{
	struct run *r = doc->r;
	const char *file = r->sources->v[r->load.file].name;
	autofree char *name = NULL;

	if (!m || (m->name && *m->name) || !m->generateName || !*m->generateName)
		return;
	name = workload_generated_name(r->project, m->generateName, file,
	                               r->documents - doc->before);
	m->name = arena_strdup(&r->arena, name);
}

/* Only pods and what makes them is looked at once; who saves objects needs them all. */
static bool is_released(const struct run *r, enum object_type type)
{
	static const bool once[OBJECT_TYPE_COUNT] = {
		[OBJECT_POD] = true,         [OBJECT_DEPLOYMENT] = true,
		[OBJECT_REPLICA_SET] = true, [OBJECT_STATEFUL_SET] = true,
		[OBJECT_DAEMON_SET] = true,  [OBJECT_JOB] = true,
		[OBJECT_CRON_JOB] = true,    [OBJECT_REPLICATION_CONTROLLER] = true,
	};

	return once[type] && r->o->no_objects && !r->o->fates;
}

/* Where an object of this type lives. */
static struct arena *arena_for(struct run *r, enum object_type type)
{
	struct batch *last = r->batches_count ? &r->batches[r->batches_count - 1] : NULL;

	if (!is_released(r, type))
		return &r->arena;
	if (last && last->arena.used < BATCH_BYTES)
		return &last->arena;
	r->batches = xrealloc(r->batches, (r->batches_count + 1) * sizeof(*r->batches));
	r->batches[r->batches_count] = (struct batch){0};
	return &r->batches[r->batches_count++].arena;
}

void documents_release(struct run *r, size_t lowered)
{
	while (r->batches_done < r->batches_count && r->batches[r->batches_done].end <= lowered)
		arena_done(&r->batches[r->batches_done++].arena);
}

/* Names are needed longer than the object. */
static void keep_names(struct run *r, struct object *o)
{
	if (o->ns != r->o->namespace_default)
		o->ns = arena_strdup(&r->arena, o->ns);
	if (*o->name)
		o->name = arena_strdup(&r->arena, o->name);
	r->batches[r->batches_count - 1].end = r->objects_count;
}

static void add_object(const struct document *doc, enum object_type type, void *data, uint32_t line,
                       const struct at *at)
{
	struct k8s_meta *m = ((struct k8s_head *)data)->metadata;
	struct run *r = doc->r;

	generate_name(doc, m);
	if ((r->objects_count & (r->objects_count - 1)) == 0)
		r->objects = xrealloc(r->objects,
		                      MAX(r->objects_count * 2, (size_t)1) * sizeof(*r->objects));
	r->objects[r->objects_count++] = (struct object){
		.type = type,
		.ns = m && m->namespace && *m->namespace ? m->namespace : r->o->namespace_default,
		.name = m && m->name ? m->name : "",
		.data = data,
		.file = r->load.file,
		.dir = doc->dir,
		.place = doc->place,
		.line = line,
		.at = at,
	};
	if (is_released(r, type))
		keep_names(r, &r->objects[r->objects_count - 1]);
}

static const struct at *keep_at(struct run *r, const struct at *up, const char *key, uint32_t index)
{
	struct at *at = arena_alloc(&r->arena, sizeof(*at));

	*at = (struct at){up, key, index};
	return at;
}

/* What a list may have besides its items. */
static void check_list(struct run *r, const struct at *at, const struct node *n)
{
	static const char *const known[] = {"apiVersion", "kind", "items", "metadata"};
	enum kube_severity severity;

	for (uint32_t i = 0; i < n->len && load_strictness(r->o->validate, &severity); i++) {
		const struct node *key = n->pair[i].key;
		struct guess g = {0};
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(known); k++) {
			found |= streq(key->text, known[k]);
			guess_offer(&g, key->text, known[k]);
		}
		autofree char *hint = guess_text(&g);

		if (!found)
			diag_add(&r->d, severity, r->load.file, key->line, key->column,
			         AT(at, key->text), "unknown field%s", hint);
	}
}

static void load_node(const struct document *doc, struct node *n, const struct at *at,
                      int item_type);

static void load_items(const struct document *doc, const struct node *n, const struct at *at,
                       int item_type)
{
	struct run *r = doc->r;
	const struct node *items = node_get(n, "items");
	const struct at *items_at = keep_at(r, at, "items", 0);

	check_list(r, at, n);
	if (!items || node_is_null(items))
		return;
	if (items->kind != NODE_LIST) {
		autofree char *got = load_describe(items);

		diag_add(&r->d, KUBE_ERROR, r->load.file, items->line, items->column, items_at,
		         "expected a list, got %s", got);
		return;
	}
	for (uint32_t i = 0; i < items->len && !r->load.stop; i++)
		load_node(doc, items->item[i], keep_at(r, items_at, NULL, i), item_type);
}

/* False (reported) if the option that named the file is for another kind. */
static bool belongs(const struct document *doc, const struct at *at, const struct node *n,
                    struct kind k)
{
	struct run *r = doc->r;
	const struct source *s = &r->sources->v[r->load.file];

	if (!s->only || k.action == KIND_LIST || k.action == KIND_WRONG ||
	    (k.type != KIND_ANY && streq(kind_name((enum object_type)k.type), s->only)))
		return true;
	diag_add(&r->d, KUBE_ERROR, r->load.file, n->line, n->column, at,
	         "a file of %s may hold only objects of kind %s; give this file as a manifest",
	         s->option, s->only);
	return false;
}

/* A document, or an item of a list: then at is its path. */
static void load_node(const struct document *doc, struct node *n, const struct at *at,
                      int item_type)
{
	struct run *r = doc->r;
	struct kind k = kind_of(&r->load, at, n, item_type);
	void *data;

	if (++r->documents > MAX_OBJECTS) {
		diag_add(&r->d, KUBE_ERROR, r->load.file, n->line, n->column, NULL,
		         "more than %d objects", MAX_OBJECTS);
		r->load.stop = true;
		return;
	}
	if (!belongs(doc, at, n, k))
		return;
	if (k.action == KIND_LIST) {
		load_items(doc, n, at, k.type);
	} else if (k.action == KIND_LOAD) {
		enum object_type type = (enum object_type)k.type;

		n = sets_apply(&r->sets, tree_memory(doc->tree), kind_name(type), n, &r->d);
		r->load.arena = arena_for(r, type);
		data = load_object(&r->load, at, kind_schema(type), n);
		if (data)
			add_object(doc, type, data, n->line, at);
	}
}

void documents_load(struct run *r, size_t file)
{
	const struct source *s = &r->sources->v[file];
	struct document doc = {.r = r, .dir = s->dir, .before = r->documents};
	struct tree_document d;

	r->load.file = file;
	doc.tree =
		tree_open(text_of(s->text.s), s->text.len, (struct tree_place){0}, &r->d, file, 0);
	while (!r->load.stop && tree_next(doc.tree, &d)) {
		size_t failed = r->subst.failed;

		doc.place = d.place;
		if (!s->made)
			d.root = subst_tree(&r->subst, tree_memory(doc.tree), d.root, &r->d, file);
		if (r->subst.failed == failed) /* else every rule would complain about "${" */
			load_node(&doc, d.root, NULL, KIND_ANY);
		else
			r->documents++;
	}
	tree_close(doc.tree);
}

/* --- once more ---------------------------------------------------------------------------------
 */

static bool same_document(const struct object *a, const struct object *b)
{
	return a->file == b->file && a->place.offset == b->place.offset;
}

/* Put the changed object in the place of the one that was read. */
static void replace(struct reread *w, const struct at *at, struct node *n)
{
	const struct node *list;

	if (!at) {
		w->root = n;
		return;
	}
	list = diag_locate(w->root, at->up);
	if (list->kind == NODE_LIST && at->index < list->len)
		list->item[at->index] = n;
}

/* The objects of a document are neighbours. */
static void set_again(struct run *r, struct reread *w, const struct object *o)
{
	const struct object *end = r->objects + r->objects_count;

	if (!r->sets.len)
		return;
	while (o > r->objects && same_document(o - 1, o))
		o--;
	for (const struct object *first = o; o < end && same_document(first, o); o++) {
		struct node *n = (struct node *)(uintptr_t)diag_locate(w->root, o->at);

		replace(w, o->at,
		        sets_apply(&r->sets, tree_memory(w->tree), kind_name(o->type), n,
		                   &w->silent));
	}
}

static void forget(struct run *r)
{
	if (!r->reread)
		return;
	tree_close(r->reread->tree);
	diags_done(&r->reread->silent);
	free(r->reread);
	r->reread = NULL;
}

static bool may_read_again(const struct run *r)
{
	size_t all = 0;

	for (size_t i = 0; i < r->sources->len; i++)
		all += r->sources->v[i].text.len;
	return r->reread_chars < REREAD_TIMES * all + REREAD_BYTES;
}

static struct node *read_again(struct run *r, const struct object *o)
{
	const struct source *s = &r->sources->v[o->file];
	struct tree_document d = {0};
	size_t spent = r->subst.spent;
	struct reread *w;

	forget(r);
	w = r->reread = xcalloc(1, sizeof(*w));
	(void)diags_file(&w->silent, s->name);
	w->tree = tree_open(s->text.s, s->text.len, o->place, &w->silent, 0, 0);
	w->file = o->file;
	w->offset = o->place.offset;
	/* The same bytes were a document before: only too many problems in turns end here. */
	if (!may_read_again(r) || !tree_next(w->tree, &d)) {
		d.root = arena_alloc(tree_memory(w->tree), sizeof(*d.root));
		*d.root = (struct node){.kind = NODE_MAP, .line = o->line, .column = 1};
	}
	w->root = s->made ? d.root
	                  : subst_tree(&r->subst, tree_memory(w->tree), d.root, &w->silent, 0);
	r->subst.spent = spent;
	r->reread_chars += tree_chars(w->tree);
	set_again(r, w, o);
	return w->root;
}

void documents_done(struct run *r)
{
	forget(r);
	documents_release(r, SIZE_MAX);
	free(r->batches);
	r->batches = NULL;
	r->batches_count = r->batches_done = 0;
}

const struct node *run_locate(struct run *r, const struct object *o, const struct at *at)
{
	const struct reread *w = r->reread;
	const struct node *root = w && w->file == o->file && w->offset == o->place.offset
	                                  ? w->root
	                                  : read_again(r, o);

	return diag_locate(root, at);
}
