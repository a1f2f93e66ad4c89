/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's tables: cmd/ is no library, so its file is taken in whole. */
#include "cmd/kubeplay/options.c"
#include "tests/unit/test.h"

struct values {
	bool quiet, verify;
	const char *name;
	int64_t tail, wait_ms;
	int color;
	struct option_strings add;
};

struct outer {
	const char *project;
	bool help;
};

static const char *const colors[] = {"red", "green", "blue", NULL};

static const struct option_def inner_defs[] = {
	{"quiet", 'q', OPTION_FLAG, offsetof(struct values, quiet), NULL, "say nothing", NULL, 0,
         0},
	{"verify", 0, OPTION_BOOL, offsetof(struct values, verify), "[=true|false]", "check", NULL,
         0, 0},
	{"name", 'n', OPTION_STRING, offsetof(struct values, name), "NAME", "a name", NULL, 0, 0},
	{"tail", 0, OPTION_INT, offsetof(struct values, tail), "LINES", "lines", NULL, -1, 1000},
	{"wait", 0, OPTION_DURATION, offsetof(struct values, wait_ms), "TIME", "time", NULL, 0, 0},
	{"add", 'a', OPTION_STRINGS, offsetof(struct values, add), "WORD", "words", NULL, 0, 0},
	{"color", 'p', OPTION_CHOICE, offsetof(struct values, color), "COLOR", "color", colors, 0,
         0},
};

static const struct option_def outer_defs[] = {
	{"project", 'p', OPTION_STRING, offsetof(struct outer, project), "NAME", "project", NULL, 0,
         0},
	{"help", 'h', OPTION_FLAG, offsetof(struct outer, help), NULL, "help", NULL, 0, 0},
};

static struct values v;
static struct outer o;
static struct err e;
static char **args;
static int used;

/* Parse a NULL-terminated command line; argv is built anew each time since getopt may reorder it.
 */
static int parse(int stop_after, ...)
{
	static char *argv[16];
	const struct option_group groups[] = {
		{inner_defs, ARRAY_LEN(inner_defs), &v},
		{outer_defs, ARRAY_LEN(outer_defs), &o},
	};
	int argc = 1;
	va_list ap;

	argv[0] = (char *)(uintptr_t) "verb";
	va_start(ap, stop_after);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	v = (struct values){.verify = true, .tail = -1};
	o = (struct outer){0};
	e = (struct err){0};
	free(args);
	args = NULL;
	return options_parse(groups, ARRAY_LEN(groups), argc, argv, stop_after, &args, &used, &e);
}

TEST(options_and_arguments_may_be_mixed)
{
	assert_int_equal(parse(-1, "a", "--quiet", "b", "-n", "x", "--tail=5", NULL), 0);
	assert_true(v.quiet);
	assert_string_equal(v.name, "x");
	assert_int_equal(v.tail, 5);
	assert_string_equal(args[0], "a");
	assert_string_equal(args[1], "b");
	assert_null(args[2]);
}

TEST(an_option_may_be_given_several_times)
{
	static const struct option_def *const add = &inner_defs[5];
	static struct option_strings many;

	assert_int_equal(parse(-1, "--add", "x=1", "a", "-ay", "--add=", NULL), 0);
	assert_int_equal(v.add.len, 3);
	assert_string_equal(v.add.v[0], "x=1");
	assert_string_equal(v.add.v[1], "y");
	assert_string_equal(v.add.v[2], "");
	assert_string_equal(args[0], "a");
	assert_int_equal(parse(-1, "b", NULL), 0);
	assert_int_equal(v.add.len, 0);
	for (int i = 0; i < OPTION_STRINGS_MAX; i++)
		assert_int_equal(add_string(add, &many, "w", &e), 0);
	assert_int_equal(add_string(add, &many, "w", &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_non_null(strstr(e.msg, "--add: given more than 200 times"));
}

TEST(two_dashes_end_the_options)
{
	assert_int_equal(parse(-1, "a", "--", "--quiet", "-n", NULL), 0);
	assert_false(v.quiet);
	assert_string_equal(args[1], "--quiet");
	assert_string_equal(args[2], "-n");
	assert_null(args[3]);
}

TEST(a_command_keeps_its_own_options)
{
	assert_int_equal(parse(1, "-q", "pod", "-n", "x", "ls", "-la", "--quiet", NULL), 0);
	assert_string_equal(v.name, "x");
	assert_string_equal(args[0], "pod");
	assert_string_equal(args[1], "ls");
	assert_string_equal(args[2], "-la");
	assert_string_equal(args[3], "--quiet");
	assert_null(args[4]);
	assert_int_equal(parse(1, "pod", "--", "-x", NULL), 0);
	assert_string_equal(args[1], "-x");
	assert_null(args[2]);
}

TEST(a_verb_comes_after_the_options_before_it)
{
	assert_int_equal(parse(0, "-p", "blue", "up", "--nonsense", NULL), 0);
	assert_string_equal(args[0], "up");
	assert_int_equal(used, 3);
}

TEST(the_earlier_group_wins_a_letter_and_the_later_keeps_its_name)
{
	assert_int_equal(parse(-1, "-p", "green", "--project", "web", NULL), 0);
	assert_int_equal(v.color, 1);
	assert_string_equal(o.project, "web");
}

TEST(a_bool_may_be_given_with_and_without_a_value)
{
	assert_int_equal(parse(-1, "--verify=false", NULL), 0);
	assert_false(v.verify);
	assert_int_equal(parse(-1, "--verify", "false", NULL), 0);
	assert_true(v.verify);
	assert_string_equal(args[0], "false");
	assert_int_equal(parse(-1, "--verify=maybe", NULL), -1);
	assert_int_equal(e.kind, ERR_USAGE);
}

static void assert_refused(const char *text)
{
	assert_int_equal(e.kind, ERR_USAGE);
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, text);
}

TEST(wrong_values_name_the_option_and_what_it_takes)
{
	assert_int_equal(parse(-1, "--tail", "many", NULL), -1);
	assert_refused("--tail: \"many\" is not a number from -1 to 1000");
	assert_int_equal(parse(-1, "--tail", "1001", NULL), -1);
	assert_refused("-1 to 1000");
	assert_int_equal(parse(-1, "--color", "gren", NULL), -1);
	assert_refused("red, green or blue");
	assert_int_equal(parse(-1, "--wait", "soon", NULL), -1);
	assert_refused("not a duration");
	assert_int_equal(parse(-1, "--name", NULL), -1);
	assert_refused("--name needs a value: NAME");
	assert_int_equal(parse(-1, "-n", NULL), -1);
	assert_refused("-n needs a value: NAME");
	assert_int_equal(parse(-1, "--quiet=yes", NULL), -1);
	assert_refused("--quiet takes no value");
}

TEST(unknown_options_get_a_suggestion)
{
	assert_int_equal(parse(-1, "--quite", NULL), -1);
	assert_refused("did you mean --quiet?");
	assert_int_equal(parse(-1, "--porject=x", NULL), -1);
	assert_refused("did you mean --project?");
	assert_int_equal(parse(-1, "--zzzzzzzz", NULL), -1);
	assert_refused("unknown option --zzzzzzzz");
	assert_null(strstr(e.msg, "did you mean"));
	assert_int_equal(parse(-1, "-Z", NULL), -1);
	assert_refused("unknown option -Z");
}

TEST(durations_have_units)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"30", 30000},  {"30s", 30000},     {"250ms", 250},
	            {"5m", 300000}, {"1h30m", 5400000}, {"1.5h", 5400000},
	            {"0", 0},       {"2d", 172800000},  {"1m1s1ms", 61001}};
	static const char *const bad[] = {"",     "s",     "-5",   "5x",  "5 m", "1h30",
	                                  "0x10", "1e400", "5ms3", "nan", "inf", "99999999d"};
	int64_t ms = -1;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(option_parse_duration(good[i].text, &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (option_parse_duration(bad[i], &ms) == 0)
			fail_msg("\"%s\" was taken for a duration", bad[i]);
}

TEST(suggestions_are_near_or_absent)
{
	static const char *const verbs[] = {"up", "down", "logs"};

	assert_string_equal(option_nearest("dwon", verbs, 3), "down");
	assert_string_equal(option_nearest("log", verbs, 3), "logs");
	assert_null(option_nearest("frobnicate", verbs, 3));
	assert_null(option_nearest("x", verbs, 0));
}

TEST(help_is_aligned_and_complete)
{
	autostrbuf struct strbuf out = {0};

	options_help(inner_defs, ARRAY_LEN(inner_defs), &out);
	assert_non_null(strstr(out.s, "  -q, --quiet                 say nothing\n"));
	assert_non_null(strstr(out.s, "      --verify[=true|false]   check\n"));
	assert_non_null(strstr(out.s, "      --tail LINES            lines\n"));
}

RUN_TESTS(CASE(options_and_arguments_may_be_mixed), CASE(an_option_may_be_given_several_times),
          CASE(two_dashes_end_the_options), CASE(a_command_keeps_its_own_options),
          CASE(a_verb_comes_after_the_options_before_it),
          CASE(the_earlier_group_wins_a_letter_and_the_later_keeps_its_name),
          CASE(a_bool_may_be_given_with_and_without_a_value),
          CASE(wrong_values_name_the_option_and_what_it_takes),
          CASE(unknown_options_get_a_suggestion), CASE(durations_have_units),
          CASE(suggestions_are_near_or_absent), CASE(help_is_aligned_and_complete))
