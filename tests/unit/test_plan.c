/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "pkg/plan/plan.h"

static void *grow(void *list, uint32_t *count, size_t size)
{
	list = xrealloc(list, (*count + 1) * size);
	memset((char *)list + *count * size, 0, size);
	++*count;
	return list;
}

static struct plan *make_plan(void)
{
	struct plan *p = xcalloc(1, sizeof(*p));
	struct plan_container *c;
	struct plan_env *e;

	p->version = PLAN_VERSION;
	p->project = xstrdup("web");
	p->project_namespace = xstrdup("default");
	p->pods = grow(p->pods, &p->pods_count, sizeof(*p->pods));
	p->pods[0].name = xstrdup("a");
	p->pods[0].containers =
		grow(p->pods[0].containers, &p->pods[0].containers_count, sizeof(*c));
	c = &p->pods[0].containers[0];
	c->name = xstrdup("c \"quoted\" \t\xc3\xa4");
	c->image = xstrdup("0644"); /* must stay a string */
	c->env = grow(c->env, &c->env_count, sizeof(*e));
	e = c->env;
	e->name = xstrdup("URL");
	plan_value_set(&e->value, "http://u:");
	plan_value_add(&e->value, NULL, "secret/default/db/pw", NULL);
	plan_value_add(&e->value, "@", NULL, NULL);
	plan_value_add(&e->value, NULL, NULL, "status.podIP");
	return p;
}

TEST(a_plan_comes_back_as_it_was_saved)
{
	struct plan *p = make_plan(), *again = NULL;
	autostrbuf struct strbuf text = {0}, second = {0}, j1 = {0}, j2 = {0};
	struct err e = {0};

	assert_int_equal(plan_save(p, &text, &e), 0);
	assert_int_equal(plan_load(text.s, text.len, &again, &e), 0);
	assert_string_equal(again->pods[0].containers[0].name, p->pods[0].containers[0].name);
	assert_string_equal(again->pods[0].containers[0].image, "0644");
	assert_int_equal(plan_save(again, &second, &e), 0);
	assert_string_equal(text.s, second.s);
	plan_json(p, &j1);
	plan_json(again, &j2);
	assert_string_equal(j1.s, j2.s);
	assert_true(plan_pod_equal(&p->pods[0], &again->pods[0]));
	assert_ptr_equal(plan_find_pod(p, "a"), &p->pods[0]);
	assert_null(plan_find_pod(p, "b"));
	plan_free(p);
	plan_free(again);
	plan_free(NULL);
}

TEST(another_version_or_damage_is_refused)
{
	struct plan *p = make_plan(), *again = NULL;
	autostrbuf struct strbuf text = {0};
	struct err e = {0};

	p->version = PLAN_VERSION + 1;
	assert_int_equal(plan_save(p, &text, &e), 0);
	assert_int_equal(plan_load(text.s, text.len, &again, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(plan_load("pods: {}\n", 9, &again, &e), -1);
	assert_int_equal(plan_load("", 0, &again, &e), -1);
	assert_int_equal(plan_load("what: 1\n", 8, &again, &e), -1);
	plan_free(p);
}

static const char *lookup(const char *field, void *arg)
{
	UNUSED(arg);
	return streq(field, "status.podIP") ? "10.0.0.7" : NULL;
}

TEST(values_resolve_late_and_show_no_secret)
{
	struct plan *p = make_plan();
	struct plan_value *v = &p->pods[0].containers[0].env[0].value;
	struct plan_data d = {0};
	autofree char *shown = plan_value_show(v), *text = NULL;
	struct err e = {0};

	assert_string_equal(shown, "http://u:<secret>@$(status.podIP)");
	assert_int_equal(plan_value_resolve(v, &d, lookup, NULL, &text, &e), -1);
	plan_data_add(&d, "secret/default/db/pw", true, "hunter2", 7);
	plan_data_sort(&d);
	assert_int_equal(plan_value_resolve(v, &d, lookup, NULL, &text, &e), 0);
	assert_string_equal(text, "http://u:hunter2@10.0.0.7");
	assert_int_equal(plan_value_resolve(v, &d, NULL, NULL, &shown, &e), -1);
	plan_data_add(&d, "secret/default/db/pw", true, "a\0b", 3);
	plan_data_sort(&d);
	assert_int_equal(d.len, 1); /* the last one wins */
	assert_int_equal(plan_value_resolve(v, &d, lookup, NULL, &shown, &e), -1);
	assert_non_null(strstr(e.msg, "NUL"));
	plan_data_done(&d);
	plan_free(p);
}

TEST(json_in_pieces_is_the_same_json)
{
	struct plan *p = make_plan();
	autofree char *large = xcalloc(1, 200001), *text = NULL;
	autostrbuf struct strbuf whole = {0};
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	memset(large, 'x', 200000);
	memcpy(large + 100000, "\x1f\x7f\t\"\\\n", 6);
	plan_value_add(&p->pods[0].containers[0].env[0].value, large, NULL, NULL);
	plan_json(p, &whole);
	plan_write_json(p, to);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(len, whole.len);
	assert_memory_equal(text, whole.s, len);
	assert_non_null(strstr(text, "xx\\u001f\\u007f\\t\\\"\\\\\\nxx"));
	plan_free(p);
}

/* More entries of one name than any sort keeps in order by chance. */
TEST(the_last_of_many_entries_wins)
{
	struct plan_data d = {0};

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			uint32_t v = round * 5000 + i;

			plan_data_add(&d, i % 2 ? "a" : "b", false, &v, sizeof(v));
		}
		plan_data_sort(&d);
		assert_int_equal(d.len, 2);
		for (int odd = 0; odd < 2; odd++) {
			uint32_t v = round * 5000 + 4998 + (uint32_t)odd;

			assert_memory_equal(plan_data_get(&d, odd ? "a" : "b")->bytes, &v,
			                    sizeof(v));
		}
	}
	plan_data_done(&d);
}

TEST(neighbouring_texts_are_joined)
{
	struct plan_value v = {0};

	plan_value_set(&v, "a");
	plan_value_add(&v, "b", NULL, NULL);
	assert_int_equal(v.parts_count, 1);
	assert_string_equal(v.parts[0].text, "ab");
	free(v.parts[0].text);
	free(v.parts);
}

TEST(the_data_table_crosses_a_process_border)
{
	struct plan_data d = {0}, again = {0};
	autostrbuf struct strbuf packed = {0};
	struct err e = {0};

	plan_data_add(&d, "b", false, "", 0);
	plan_data_add(&d, "a", true, "x\0y", 3);
	plan_data_sort(&d);
	plan_data_pack(&d, &packed);
	assert_int_equal(plan_data_unpack(packed.s, packed.len, &again, &e), 0);
	assert_int_equal(again.len, 2);
	assert_true(plan_data_get(&again, "a")->secret);
	assert_memory_equal(plan_data_get(&again, "a")->bytes, "x\0y", 4);
	assert_int_equal(plan_data_get(&again, "b")->len, 0);
	assert_null(plan_data_get(&again, "c"));
	plan_data_done(&again);
	for (size_t cut = 0; cut < packed.len; cut++)
		assert_int_equal(plan_data_unpack(packed.s, cut, &again, &e), -1);
	for (size_t i = 0; i < packed.len; i++) { /* any byte may be wrong: no crash */
		packed.s[i] = (char)(packed.s[i] ^ 0xff);
		if (plan_data_unpack(packed.s, packed.len, &again, &e) == 0)
			plan_data_done(&again);
		packed.s[i] = (char)(packed.s[i] ^ 0xff);
	}
	plan_data_done(&d);
}

TEST(stamps_follow_what_a_pod_uses_and_nothing_else)
{
	struct plan *p = make_plan();
	struct plan_data d = {0};
	int64_t first, keyed;

	plan_data_add(&d, "secret/default/db/pw", true, "one", 3);
	plan_data_sort(&d);
	plan_stamp(p, &d, 1);
	first = p->pods[0].data_stamp;
	plan_stamp(p, &d, 2);
	keyed = p->pods[0].data_stamp;
	assert_true(first != keyed);
	plan_data_add(&d, "secret/default/db/other", true, "zzz", 3);
	plan_data_sort(&d);
	plan_stamp(p, &d, 1);
	assert_true(p->pods[0].data_stamp == first);
	plan_data_add(&d, "secret/default/db/pw", true, "two", 3);
	plan_data_sort(&d);
	plan_stamp(p, &d, 1);
	assert_true(p->pods[0].data_stamp != first);
	plan_data_done(&d);
	plan_free(p);
}

RUN_TESTS(CASE(a_plan_comes_back_as_it_was_saved), CASE(another_version_or_damage_is_refused),
          CASE(values_resolve_late_and_show_no_secret), CASE(neighbouring_texts_are_joined),
          CASE(the_last_of_many_entries_wins), CASE(json_in_pieces_is_the_same_json),
          CASE(the_data_table_crosses_a_process_border),
          CASE(stamps_follow_what_a_pod_uses_and_nothing_else))
