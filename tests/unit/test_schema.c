/* SPDX-License-Identifier: Apache-2.0 */
/* Is the def (kube/k8s.def) complete and sound? Against our list of names, and Kubernetes' own
 * manifests with every field set, where KP_KUBERNETES_API says that they are. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>

#include "kube/kind.h"
#include "pkg/util/fd.h"

enum { MAX_TYPES = 256, MIN_FIELDS = 600 };

static size_t index_of(const struct schema_type *type)
{
	for (size_t i = 0; schema_types[i]; i++)
		if (schema_types[i] == type)
			return i;
	fail_msg("%s is no type", type->name);
	return 0;
}

/* The type of what stands in a field, NULL if it has none. */
static const struct schema_type *inner_of(const cyaml_schema_field_t *f)
{
	const cyaml_schema_value_t *v =
		f->value.type == CYAML_SEQUENCE ? f->value.sequence.entry : &f->value;

	if (v->type != CYAML_MAPPING || schema_is_special(v->mapping.fields))
		return NULL;
	return schema_type_of(v->mapping.fields);
}

static const struct schema_type *type_of_kind(int kind)
{
	return schema_type_of(schema_kinds[kind].schema->mapping.fields);
}

/* Every type once, where it is first met. */
static void list_fields(const struct schema_type *type, const char *kind, const char *path,
                        bool met[MAX_TYPES], struct strv *out)
{
	bool *known = &met[index_of(type)];

	if (*known)
		return;
	*known = true;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct schema_type *inner = inner_of(&type->fields[i]);
		autofree char *here =
			xasprintf("%s%s%s", path, *path ? "." : "", type->fields[i].key);

		strv_addf(out, "%s %s", kind, here);
		if (inner)
			list_fields(inner, kind, here, met, out);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the first list has and the second has not; both sorted. */
static size_t missing(const struct strv *all, const struct strv *from, const char *what)
{
	size_t count = 0;

	for (size_t i = 0; i < all->len; i++)
		if (!bsearch(&all->v[i], from->v, from->len, sizeof(char *), by_text)) {
			print_error("%s: %s\n", what, all->v[i]);
			count++;
		}
	return count;
}

TEST(our_list_of_names_and_the_def_are_the_same)
{
	autostrbuf struct strbuf text = {0};
	struct strv listed = {0}, known = {0};
	bool met[MAX_TYPES] = {false};
	struct err e = {0};
	char *save = NULL;

	assert_int_equal(
		fd_read_file(AT_FDCWD, "tests/golden/known-fields.txt", 1 << 20, &text, &e), 0);
	for (char *line = strtok_r(text.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		strv_add(&listed, line);
	for (int k = 0; k < OBJECT_TYPE_COUNT; k++)
		list_fields(type_of_kind(k), schema_kinds[k].name, "", met, &known);
	qsort(listed.v, listed.len, sizeof(char *), by_text);
	qsort(known.v, known.len, sizeof(char *), by_text);
	assert_true(listed.len > MIN_FIELDS);
	assert_int_equal(missing(&listed, &known, "not in the def") +
	                         missing(&known, &listed, "not in known-fields.txt"),
	                 0);
	strv_done(&listed);
	strv_done(&known);
}

static size_t size_of(const cyaml_schema_value_t *s)
{
	return s->flags & CYAML_FLAG_POINTER ? sizeof(void *) : s->data_size;
}

static void check_layout(const cyaml_schema_value_t *s, int depth)
{
	uint8_t used[4096] = {0};

	assert_true(depth < 20 && s->data_size <= sizeof(used));
	for (const cyaml_schema_field_t *f = s->mapping.fields; f->key; f++) {
		const cyaml_schema_value_t *entry =
			f->value.type == CYAML_SEQUENCE ? f->value.sequence.entry : &f->value;

		for (const cyaml_schema_field_t *g = s->mapping.fields; g < f; g++)
			assert_string_not_equal(f->key, g->key);
		if (f->value.type == CYAML_IGNORE)
			continue;
		for (size_t i = 0; i < size_of(&f->value); i++)
			assert_int_equal(used[f->data_offset + i]++, 0);
		for (size_t i = 0; f->value.type == CYAML_SEQUENCE && i < f->count_size; i++)
			assert_int_equal(used[f->count_offset + i]++, 0);
		if (entry->type == CYAML_MAPPING)
			check_layout(entry, depth + 1);
	}
}

TEST(members_of_the_schemas_do_not_overlap)
{
	check_layout(&schema_objects, 0);
}

/* One sentence for a person to read: no full stop, no blanks too many. */
static bool is_sentence(const char *text)
{
	static const char *const beginnings[] = {"The ", "A ", "An ", "This ", "If "};
	size_t len = strlen(text);

	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
		if (starts_with(text, beginnings[i]))
			return false;
	return len > 3 && *text != ' ' && !strchr(".; \t", text[len - 1]) && !strstr(text, "  ");
}

static void check_words(const char *type, const char *field, const char *doc, const char *why,
                        enum schema_verdict verdict)
{
	if (!doc || !is_sentence(doc))
		fail_msg("%s.%s: no meaning: %s", type, field, doc ? doc : "");
	if (verdict == SCHEMA_YES ? *why != '\0' : !is_sentence(why))
		fail_msg("%s.%s: no reason for its verdict", type, field);
}

TEST(every_field_and_kind_has_a_meaning_and_every_verdict_a_reason)
{
	for (size_t t = 0; schema_types[t]; t++) {
		const struct schema_type *type = schema_types[t];

		if (!*type->name) /* the list of all objects: not for people */
			continue;
		check_words(type->name, "", type->doc, "", SCHEMA_YES);
		for (uint32_t i = 0; i < type->count; i++)
			check_words(type->name, type->fields[i].key, type->info[i].doc,
			            type->info[i].why, type->info[i].verdict);
	}
	for (int k = 0; k < OBJECT_TYPE_COUNT; k++)
		check_words(schema_kinds[k].name, "", schema_kinds[k].doc, schema_kinds[k].why,
		            schema_kinds[k].verdict);
}

/* A default that an enum does not have would never be met. */
TEST(defaults_are_values_of_their_fields)
{
	for (size_t t = 0; schema_types[t]; t++)
		for (uint32_t i = 0; i < schema_types[t]->count; i++) {
			const cyaml_schema_value_t *v = &schema_types[t]->fields[i].value;
			const char *unset = schema_types[t]->info[i].unset;
			bool found = !unset || v->type != CYAML_ENUM;

			for (uint32_t w = 0; !found && w < v->enumeration.count; w++)
				found = streq(v->enumeration.strings[w].str, unset);
			if (!found)
				fail_msg("%s.%s: %s", schema_types[t]->name,
				         schema_types[t]->fields[i].key, unset);
			if (unset && v->type == CYAML_INT && !strspn(unset, "-0123456789"))
				fail_msg("%s.%s: %s is no number", schema_types[t]->name,
				         schema_types[t]->fields[i].key, unset);
		}
}

/* Names that the def shares by mistake, or an order that forgets one, would show here. */
TEST(every_type_is_reached_from_a_kind)
{
	bool met[MAX_TYPES] = {false};
	struct strv fields = {0};

	for (int k = 0; k < OBJECT_TYPE_COUNT; k++)
		list_fields(type_of_kind(k), schema_kinds[k].name, "", met, &fields);
	for (size_t t = 0; schema_types[t]; t++)
		if (!met[t] && *schema_types[t]->name)
			fail_msg("%s is in no kind", schema_types[t]->name);
	strv_done(&fields);
}

static uint64_t seen[MAX_TYPES];

static void mark(const struct schema_type *type, const struct node *n)
{
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->len; i++)
		mark(type, n->item[i]);
	for (uint32_t f = 0; n->kind == NODE_MAP && f < type->count; f++) {
		const struct node *value = node_get(n, type->fields[f].key);
		const struct schema_type *inner = inner_of(&type->fields[f]);

		if (!value)
			continue;
		seen[index_of(type)] |= UINT64_C(1) << f;
		if (inner)
			mark(inner, value);
	}
}

static void check_document(struct load *l, const char *name, const struct node *root)
{
	struct kind k = kind_of(l, NULL, root, KIND_ANY);
	size_t before = l->d->len;

	assert_int_not_equal(k.action, KIND_WRONG);
	if (k.action != KIND_LOAD)
		return;
	assert_non_null(load_object(l, NULL, schema_kinds[k.type].schema, root));
	for (size_t i = before; i < l->d->len; i++)
		if (!strstr(l->d->v[i].d.text, "not one of the allowed") &&
		    !strstr(l->d->v[i].d.text, "not supported"))
			fail_msg("%s: %s: %s", name, l->d->v[i].d.path, l->d->v[i].d.text);
	mark(type_of_kind(k.type), root);
}

static void check_file(int dir, const char *name)
{
	autostrbuf struct strbuf text = {0};
	struct arena arena = {0};
	struct diags d = {0};
	struct load l = {.arena = &arena, .d = &d, .mode = KUBE_STRICT};
	struct tree_document doc;
	struct tree *t;
	struct err e = {0};

	assert_int_equal(fd_read_file(dir, name, 1 << 20, &text, &e), 0);
	l.file = diags_file(&d, name);
	t = tree_open(text.s, text.len, (struct tree_place){0}, &d, l.file, 0);
	while (tree_next(t, &doc))
		check_document(&l, name, doc.root);
	tree_close(t);
	arena_done(&arena);
	diags_done(&d);
}

/* Both ways: no field of Kubernetes is unknown, and no field of ours is made up. */
TEST(the_manifests_of_kubernetes_have_our_fields_and_no_others)
{
	const char *path = getenv("KP_KUBERNETES_API");
	struct dirent **files = NULL;
	int n, invented = 0, dir;

	if (!path)
		return;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = scandir(path, &files, NULL, alphasort);
	assert_true(dir >= 0 && n > 0);
	for (int i = 0; i < n; i++) {
		if (ends_with(files[i]->d_name, ".yaml"))
			check_file(dir, files[i]->d_name);
		free(files[i]);
	}
	free(files);
	close(dir);
	for (size_t t = 0; schema_types[t]; t++)
		for (uint32_t f = 0; seen[t] && f < schema_types[t]->count; f++)
			if (!(seen[t] >> f & 1)) {
				print_error("not of Kubernetes: %s.%s\n", schema_types[t]->name,
				            schema_types[t]->fields[f].key);
				invented++;
			}
	assert_int_equal(invented, 0);
}

RUN_TESTS(CASE(our_list_of_names_and_the_def_are_the_same),
          CASE(members_of_the_schemas_do_not_overlap),
          CASE(every_field_and_kind_has_a_meaning_and_every_verdict_a_reason),
          CASE(defaults_are_values_of_their_fields), CASE(every_type_is_reached_from_a_kind),
          CASE(the_manifests_of_kubernetes_have_our_fields_and_no_others))
