/* SPDX-License-Identifier: Apache-2.0 */
/* set.c - which place of which object does an option mean, and what stands there then? see set.h */
#include "kube/set.h"

#include <strings.h>

enum { MAX_SETS = 1000, MAX_STEPS = 32 };

struct step {
	char *key; /* NULL: an item of a list */
	uint32_t index;
};

struct set {
	char *kind, *name; /* NULL: any object */
	char *path;        /* as written, for messages */
	struct step step[MAX_STEPS];
	size_t steps;
	struct tree *tree; /* of a value that is YAML */
	struct node *value;
	uint32_t origin;
	bool used;
};

/* --- reading -----------------------------------------------------------------------------------
 */

static int bad(struct err *e, const char *text, const char *why)
{
	autofree char *shown = diag_quote(text);

	return err_set(e, ERR_USAGE, "--set \"%s\": %s", shown, why);
}

/* "KIND/NAME:" in front: moves *p behind it. */
static void read_object(struct sets *s, struct set *set, const char **p)
{
	size_t kind = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	size_t name;

	if (!kind || (*p)[kind] != '/')
		return;
	name = strcspn(*p + kind + 1, ":=['\"");
	if (!name || (*p)[kind + 1 + name] != ':')
		return;
	set->kind = arena_strndup(&s->memory, *p, kind);
	set->name = arena_strndup(&s->memory, *p + kind + 1, name);
	*p += kind + name + 2;
}

/* [3], ['a.b/c'] or ["a.b/c"]: returns the text behind it, NULL if it is none of these. */
static const char *read_bracket(struct sets *s, const char *p, struct step *ret)
{
	char quote = p[1];
	const char *end;
	int64_t n;

	if (quote == '\'' || quote == '"') {
		end = strchr(p + 2, quote);
		if (!end || end[1] != ']')
			return NULL;
		ret->key = arena_strndup(&s->memory, p + 2, (size_t)(end - p - 2));
		return end + 2;
	}
	end = strchr(p, ']');
	if (!end)
		return NULL;
	autofree char *digits = xstrndup(p + 1, (size_t)(end - p - 1));

	if (str_parse_int(digits, 0, INT32_MAX, &n) < 0)
		return NULL;
	ret->index = (uint32_t)n;
	return end + 1;
}

/* A key up to a dot, bracket or the end of the path; NULL if there is none. */
static const char *read_key(struct sets *s, const char *p, struct step *ret)
{
	autostrbuf struct strbuf key = {0};

	while (*p && !strchr(".[=", *p)) {
		if (*p == '\\' && p[1])
			p++;
		strbuf_addc(&key, *p++);
	}
	if (!key.len)
		return NULL;
	ret->key = arena_strdup(&s->memory, key.s);
	return p;
}

/* Returns the text behind the "=". */
static const char *read_path(struct sets *s, struct set *set, const char *p)
{
	const char *start = p;

	while (p && *p != '=' && set->steps < MAX_STEPS) {
		struct step *step = &set->step[set->steps++];

		if (*p == '[' && p > start)
			p = read_bracket(s, p, step);
		else if (p == start || *p == '.')
			p = read_key(s, p + (p > start), step);
		else
			return NULL;
	}
	if (!p || *p != '=' || !set->steps)
		return NULL;
	set->path = arena_strndup(&s->memory, start, (size_t)(p - start));
	return p + 1;
}

static struct node *new_scalar(struct arena *memory, const char *text, uint32_t origin, bool quoted)
{
	struct node *n = arena_alloc(memory, sizeof(*n));

	n->text = arena_strdup(memory, text);
	n->len = (uint32_t)strlen(text);
	n->column = origin;
	n->quoted = quoted;
	return n;
}

/* A value that is wrong YAML was reported and is left out. */
static void read_value(struct sets *s, struct set *set, const char *text, struct diags *d)
{
	struct tree_document doc;

	if (!*text || !strchr("\"'[{", *text)) {
		set->value = new_scalar(&s->memory, text, set->origin, false);
		return;
	}
	text = arena_strdup(&s->memory, text);
	set->tree = tree_open(text, strlen(text), (struct tree_place){0}, d, set->origin - 1,
	                      set->origin);
	if (tree_next(set->tree, &doc))
		set->value = doc.root;
}

static int read_set(struct sets *s, struct set *set, const char *text, struct diags *d,
                    struct err *e)
{
	autofree char *shown = diag_quote(text), *name = xasprintf("--set %s", shown);
	const char *value = text;

	set->origin = diags_origin(d, name);
	read_object(s, set, &value);
	value = read_path(s, set, value);
	if (!value) {
		(void)bad(e, text, "not [KIND/NAME:]PATH=VALUE");
		return err_hint(e, "for example spec.replicas=2, or "
		                   "Deployment/web:spec.template.spec.containers[0].image=web:2");
	}
	if (strlen(value) > TREE_MAX_BYTES)
		return bad(e, text, "too long");
	read_value(s, set, value, d);
	return 0;
}

int sets_init(struct sets *s, const struct kube_options *o, struct diags *d, struct err *e)
{
	*s = (struct sets){0};
	if (o->sets_count > MAX_SETS)
		return err_set(e, ERR_USAGE, "more than %d options --set", MAX_SETS);
	if (o->sets_count)
		s->v = xcalloc(o->sets_count, sizeof(*s->v));
	while (s->len < o->sets_count) {
		struct set *set = &s->v[s->len++];

		if (read_set(s, set, o->sets[s->len - 1], d, e) < 0)
			return -1;
	}
	return 0;
}

void sets_done(struct sets *s)
{
	for (size_t i = 0; i < s->len; i++)
		tree_close(s->v[i].tree);
	free(s->v);
	arena_done(&s->memory);
	*s = (struct sets){0};
}

static void problem(const struct set *set, struct diags *d, const char *fmt, ...) PRINTF(3, 4);

static void problem(const struct set *set, struct diags *d, const char *fmt, ...)
{
	const char *rule = d->rule;
	va_list ap;

	d->rule = "set";
	va_start(ap, fmt);
	diag_vadd(d, KUBE_ERROR, 0, 0, set->origin, NULL, fmt, ap);
	va_end(ap);
	d->rule = rule;
}

/* --- applying ----------------------------------------------------------------------------------
 */

struct putting {
	const struct set *set;
	struct arena *memory;
	const char *why; /* it cannot be done */
};

static struct node *child(const struct node *n, const struct step *s)
{
	struct node *c = NULL;

	if (s->key)
		c = node_get(n, s->key);
	else if (n->kind == NODE_LIST && s->index < n->len)
		c = n->item[s->index];
	return c && !node_is_null(c) ? c : NULL;
}

/* True if everything but the last step is there, and the last one fits. */
static bool has_place(const struct set *set, const struct node *n)
{
	const struct step *last = &set->step[set->steps - 1];

	for (size_t i = 0; n && i + 1 < set->steps; i++)
		n = child(n, &set->step[i]);
	if (!n)
		return false;
	return last->key ? n->kind == NODE_MAP : n->kind == NODE_LIST && last->index <= n->len;
}

static struct node *put(struct putting *p, const struct node *n, size_t step);

/* A collection like n with room for one more; n NULL or null: an empty one. */
static struct node *copy_of(struct putting *p, const struct node *n, enum node_kind kind)
{
	size_t size = kind == NODE_MAP ? sizeof(struct node_pair) : sizeof(struct node *);
	struct node *copy = arena_alloc(p->memory, sizeof(*copy));
	size_t len = n ? n->len : 0;
	void *all;

	if (n)
		*copy = *n;
	else
		*copy = (struct node){.kind = (uint8_t)kind, .column = p->set->origin};
	all = arena_alloc(p->memory, (len + 1) * size);
	if (len)
		memcpy(all, n->pair, len * size);
	copy->pair = all;
	return copy;
}

static struct node *put_key(struct putting *p, const struct node *n, const struct step *s,
                            size_t step)
{
	struct node *copy = copy_of(p, n, NODE_MAP);
	uint32_t i = 0;

	while (i < copy->len && !streq(copy->pair[i].key->text, s->key))
		i++;
	if (i == copy->len) {
		copy->pair[i] = (struct node_pair){
			.key = new_scalar(p->memory, s->key, p->set->origin, true)};
		copy->len++;
	}
	copy->pair[i].val = put(p, copy->pair[i].val, step + 1);
	return copy->pair[i].val ? copy : NULL;
}

static struct node *put_item(struct putting *p, const struct node *n, const struct step *s,
                             size_t step)
{
	struct node *copy = copy_of(p, n, NODE_LIST);

	if (s->index > copy->len) {
		p->why = "the list is shorter";
		return NULL;
	}
	if (s->index == copy->len)
		copy->len++;
	copy->item[s->index] = put(p, copy->item[s->index], step + 1);
	return copy->item[s->index] ? copy : NULL;
}

/* What stands at a step of the path afterwards; NULL with p->why. */
static struct node *put(struct putting *p, const struct node *n, size_t step)
{
	const struct step *s = &p->set->step[step];

	if (step == p->set->steps)
		return p->set->value;
	if (n && node_is_null(n))
		n = NULL;
	if (n && s->key && n->kind != NODE_MAP) {
		p->why = n->kind == NODE_LIST ? "there is a list on the way: which item, as in [0]?"
		                              : "there is a value on the way, no mapping";
		return NULL;
	}
	if (n && !s->key && n->kind != NODE_LIST) {
		p->why = "there is no list on the way";
		return NULL;
	}
	return s->key ? put_key(p, n, s, step) : put_item(p, n, s, step);
}

static bool means(const struct set *set, const char *kind, const struct node *object)
{
	const struct node *name = node_get(node_get(object, "metadata"), "name");

	if (!set->kind)
		return has_place(set, object);
	return strcasecmp(set->kind, kind) == 0 && name && name->kind == NODE_SCALAR &&
	       streq(name->text, set->name);
}

struct node *sets_apply(struct sets *s, struct arena *memory, const char *kind, struct node *object,
                        struct diags *d)
{
	for (size_t i = 0; i < s->len; i++) {
		struct set *set = &s->v[i];
		struct putting p = {.set = set, .memory = memory};
		struct node *changed;

		if (!set->value || !means(set, kind, object))
			continue;
		set->used = true;
		changed = put(&p, object, 0);
		if (changed)
			object = changed;
		else
			problem(set, d, "%s", p.why);
	}
	return object;
}

void sets_check_used(const struct sets *s, struct diags *d)
{
	for (size_t i = 0; i < s->len; i++) {
		const struct set *set = &s->v[i];

		if (set->used || !set->value)
			continue;
		if (set->kind)
			problem(set, d, "these files have no %s \"%s\"", set->kind, set->name);
		else
			problem(set, d,
			        "no object has a place for %s; with KIND/NAME: in front what is "
			        "missing is made",
			        set->path);
	}
}
