/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "pkg/util/record.h"

enum color { RED, GREEN };
static const cyaml_strval_t color_strings[] = {{"red", RED}, {"green", GREEN}};

struct leaf {
	char *text;
	int64_t number;
};

struct top {
	char *name;
	char **words;
	uint32_t words_count;
	bool on;
	enum color color;
	struct leaf one;
	struct leaf *many;
	uint32_t many_count;
};

/* clang-format off */
#define TEXT (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_SCALAR_QUOTE_DOUBLE)
static const cyaml_schema_value_t word_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER | CYAML_FLAG_SCALAR_QUOTE_DOUBLE, char *, 0, CYAML_UNLIMITED)};
static const cyaml_schema_field_t leaf_fields[] = {
	CYAML_FIELD_STRING_PTR("text", TEXT, struct leaf, text, 0, CYAML_UNLIMITED),
	CYAML_FIELD_INT("number", CYAML_FLAG_OPTIONAL, struct leaf, number),
	CYAML_FIELD_END};
static const cyaml_schema_value_t leaf_value = {CYAML_VALUE_MAPPING(0, struct leaf, leaf_fields)};
static const cyaml_schema_field_t top_fields[] = {
	CYAML_FIELD_STRING_PTR("name", TEXT, struct top, name, 0, CYAML_UNLIMITED),
	CYAML_FIELD_SEQUENCE("words", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct top, words,
	                     &word_value, 0, CYAML_UNLIMITED),
	CYAML_FIELD_BOOL("on", CYAML_FLAG_OPTIONAL, struct top, on),
	CYAML_FIELD_ENUM("color", CYAML_FLAG_OPTIONAL, struct top, color, color_strings, 2),
	CYAML_FIELD_MAPPING("one", CYAML_FLAG_OPTIONAL, struct top, one, leaf_fields),
	CYAML_FIELD_SEQUENCE("many", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct top, many,
	                     &leaf_value, 0, CYAML_UNLIMITED),
	CYAML_FIELD_END};
static const cyaml_schema_value_t top_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct top, top_fields)};
/* clang-format on */

static const char *const nasty[] = {
	"",
	"0644",
	"yes",
	"~",
	"null",
	" lead",
	"trail ",
	"a: b",
	"- x",
	"---",
	"# no",
	"\"q\" 'q'",
	"line\nline\n",
	"tab\there",
	"\xc3\xa4",
	"\xf0\x9f\x98\x80",
	"{a: b}",
	"*x",
	"&x",
	"!t",
	"back\\slash",
	"\xc2\x85",
	"\xe2\x80\xa8",
	"\r\n",
	"%YAML",
	"\x7f",
};

static struct top *make(void)
{
	struct top *t = xcalloc(1, sizeof(*t));

	t->name = xstrdup("top");
	t->words = xcalloc(ARRAY_LEN(nasty), sizeof(char *));
	for (size_t i = 0; i < ARRAY_LEN(nasty); i++)
		t->words[t->words_count++] = xstrdup(nasty[i]);
	t->on = true;
	t->color = GREEN;
	t->one = (struct leaf){xstrdup("leaf"), INT64_MIN};
	t->many = xcalloc(2, sizeof(*t->many));
	t->many[0].number = INT64_MAX;
	t->many[1].text = xstrdup("x");
	t->many_count = 2;
	return t;
}

TEST(every_string_survives_saving)
{
	struct top *t = make(), *again;
	autostrbuf struct strbuf text = {0};
	struct err e = {0};
	void *p = NULL;

	assert_int_equal(record_save(&top_schema, t, &text, &e), 0);
	assert_int_equal(record_load(&top_schema, text.s, text.len, &p, &e), 0);
	again = p;
	assert_int_equal(again->words_count, ARRAY_LEN(nasty));
	for (size_t i = 0; i < ARRAY_LEN(nasty); i++)
		assert_string_equal(again->words[i], nasty[i]);
	assert_true(again->on);
	assert_int_equal(again->color, GREEN);
	assert_true(again->one.number == INT64_MIN && again->many[0].number == INT64_MAX);
	assert_null(again->many[0].text);
	record_free(&top_schema, again);
	again = record_copy(&top_schema, t);
	assert_string_equal(again->one.text, "leaf");
	record_free(&top_schema, again);
	record_free(&top_schema, t);
	record_free(&top_schema, NULL);
}

TEST(damage_is_an_error)
{
	static const char *const rows[] = {"",
	                                   "[",
	                                   "name: [x]",
	                                   "unknown: 1",
	                                   "words: x",
	                                   "one: {number: many}",
	                                   "color: blue",
	                                   "a: &a *a"};
	struct err e = {0};
	void *p = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (record_load(&top_schema, rows[i], strlen(rows[i]), &p, &e) == 0)
			fail_msg("%s is accepted", rows[i]);
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

static bool leaf_hook(const cyaml_schema_field_t *fields, const void *data, struct strbuf *out,
                      void *arg)
{
	UNUSED(data);
	UNUSED(arg);
	if (fields != leaf_fields)
		return false;
	strbuf_adds(out, "\"hooked\"");
	return true;
}

TEST(json_leaves_out_what_is_unset)
{
	struct top t = {.name = (char[]){"a\"\n\x01"}, .one = {.number = -5}};
	autostrbuf struct strbuf out = {0}, hooked = {0};

	record_json(&top_schema, &t, NULL, NULL, &out);
	assert_string_equal(out.s, "{\n  \"name\": \"a\\\"\\n\\u0001\",\n  \"color\": \"red\",\n"
	                           "  \"one\": {\n    \"number\": -5\n  }\n}\n");
	record_json(&top_schema, &t, leaf_hook, NULL, &hooked);
	assert_non_null(strstr(hooked.s, "\"one\": \"hooked\""));
}

RUN_TESTS(CASE(every_string_survives_saving), CASE(damage_is_an_error),
          CASE(json_leaves_out_what_is_unset))
