/* SPDX-License-Identifier: Apache-2.0 */
/* test_container_check.c - plans that came from somewhere else than the front end (pkg/pod/check.c)
 */
#include "tests/unit/test.h"

#include "pkg/pod/check.h"

static struct plan *sound(void)
{
	static const char text[] =
		"version: 2\nproject: \"web\"\nproject_namespace: \"default\"\n"
		"pods:\n- name: \"a\"\n  containers:\n  - name: \"c\"\n"
		"    image: \"i\"\n    mounts:\n    - volume: \"v\"\n"
		"      path: \"/v\"\n  volumes:\n  - name: \"v\"\n    type: claim\n"
		"    claim: \"pg\"\n- name: \"b\"\n"
		"claims:\n- name: \"pg\"\n  claim_namespace: \"default\"\n";
	struct plan *p = NULL;
	struct err e = {0};

	assert_int_equal(plan_load(text, sizeof(text) - 1, &p, &e), 0);
	return p;
}

static void replace(char **member, const char *text)
{
	free(*member);
	*member = text ? xstrdup(text) : NULL;
}

TEST(a_sound_plan_is_fine)
{
	struct plan *p = sound();
	struct err e = {0};

	assert_int_equal(check_plan(p, &e), 0);
	plan_free(p);
}

TEST(names_that_are_no_file_names_are_refused_everywhere)
{
	static const char *const names[] = {NULL, "", ".", "..", "../x", "a/b", "-a", ".a", "a b"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (int where = 0; where < 7; where++) {
			struct plan *p = sound();
			struct plan_pod *pod = p->pods;
			char **members[] = {&p->project,
			                    &pod->name,
			                    &pod->containers[0].name,
			                    &pod->volumes[0].name,
			                    &pod->volumes[0].claim,
			                    &p->claims[0].name,
			                    &p->claims[0].claim_namespace};
			struct err e = {0};

			replace(members[where], names[i]);
			assert_int_equal(check_plan(p, &e), -1);
			plan_free(p);
		}
	}
}

TEST(what_leads_nowhere_is_refused)
{
	struct plan *p = sound();
	struct err e = {0};

	replace(&p->pods[0].containers[0].mounts[0].volume, "other");
	assert_int_equal(check_plan(p, &e), -1);
	replace(&p->pods[0].containers[0].mounts[0].volume, "v");
	replace(&p->pods[0].containers[0].mounts[0].path, "relative");
	assert_int_equal(check_plan(p, &e), -1);
	replace(&p->pods[0].containers[0].mounts[0].path, "/v");
	assert_int_equal(check_plan(p, &e), 0);
	p->pods[0].volumes[0].type = PLAN_HOST_PATH;
	assert_int_equal(check_plan(p, &e), -1);
	replace(&p->pods[0].volumes[0].host_path, "/etc");
	assert_int_equal(check_plan(p, &e), 0);
	replace(&p->pods[1].name, "a");
	assert_int_equal(check_plan(p, &e), -1);
	plan_free(p);
}

RUN_TESTS(CASE(a_sound_plan_is_fine), CASE(names_that_are_no_file_names_are_refused_everywhere),
          CASE(what_leads_nowhere_is_refused))
