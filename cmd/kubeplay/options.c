/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - rows of options to getopt_long(3) and back; see options.h */
#include "cmd/kubeplay/options.h"

#include <ctype.h>
#include <getopt.h>

enum { LONG_BASE = 256, MAX_OPTIONS = 64, HELP_COLUMN = 30 };

/* Everything that one parse knows: the rows that are visible, in getopt's form too. */
struct parser {
	const struct option_def *defs[MAX_OPTIONS];
	void *values[MAX_OPTIONS];
	size_t count;
	struct option longs[MAX_OPTIONS + 1];
	char letters[2 * MAX_OPTIONS + 4];
};

static bool takes_value(const struct option_def *d)
{
	return d->type != OPTION_FLAG && d->type != OPTION_BOOL;
}

static const struct option_def *by_letter(const struct parser *p, char letter)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->defs[i]->letter == letter)
			return p->defs[i];
	return NULL;
}

static bool has_name(const struct parser *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (streq(p->defs[i]->name, name))
			return true;
	return false;
}

static void add_option(struct parser *p, const struct option_def *d, void *values)
{
	size_t at = strlen(p->letters);

	if (p->count == MAX_OPTIONS || has_name(p, d->name))
		return;
	if (d->letter && !by_letter(p, d->letter)) {
		p->letters[at++] = d->letter;
		if (takes_value(d))
			p->letters[at++] = ':';
		p->letters[at] = '\0';
	}
	p->longs[p->count] = (struct option){
		.name = d->name,
		.has_arg = d->type == OPTION_FLAG   ? no_argument
	                   : d->type == OPTION_BOOL ? optional_argument
	                                            : required_argument,
		.val = LONG_BASE + (int)p->count,
	};
	p->values[p->count] = values;
	p->defs[p->count++] = d;
}

static const char *const bool_words[] = {"false", "true", NULL};

static int choice_index(const char *text, const char *const *choices)
{
	for (int i = 0; choices[i]; i++)
		if (streq(choices[i], text))
			return i;
	return -1;
}

static int bad_choice(const struct option_def *d, const char *text, const char *const *choices,
                      struct err *e)
{
	autostrbuf struct strbuf list = {0};

	for (size_t i = 0; choices[i]; i++)
		strbuf_addf(&list, "%s%s", !i ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
	return err_set(e, ERR_USAGE, "--%s: \"%s\" is not one of %s", d->name, text, list.s);
}

static bool duration_unit(const char **p, double *ms)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*p, units[i].name, len) == 0 && !isalpha((unsigned char)(*p)[len])) {
			*p += len;
			*ms = units[i].ms;
			return true;
		}
	}
	return false;
}

int option_parse_duration(const char *text, int64_t *ret_ms)
{
	static const double longest_ms = 86400e3 * 36500;
	double total = 0, unit = 0;
	const char *p = text;

	do {
		const char *start = p;
		char *end;
		double n;

		if (!isdigit((unsigned char)p[0]) || p[1] == 'x' || p[1] == 'X')
			return -1;
		n = strtod(p, &end);
		p = end;
		if (!*p && start == text)
			unit = 1000; /* a bare number is seconds */
		else if (!duration_unit(&p, &unit))
			return -1;
		total += n * unit;
	} while (*p);
	if (!(total <= longest_ms))
		return -1;
	*ret_ms = (int64_t)total;
	return 0;
}

static int add_string(const struct option_def *d, struct option_strings *list, const char *text,
                      struct err *e)
{
	if (list->len == OPTION_STRINGS_MAX)
		return err_set(e, ERR_USAGE, "--%s: given more than %d times", d->name,
		               OPTION_STRINGS_MAX);
	list->v[list->len++] = text;
	return 0;
}

static int set_value(const struct option_def *d, void *values, const char *text, struct err *e)
{
	void *at = (char *)values + d->offset;
	int64_t n = 0;
	int i;

	switch (d->type) {
	case OPTION_FLAG:
		*(bool *)at = true;
		return 0;
	case OPTION_BOOL:
		i = text ? choice_index(text, bool_words) : 1;
		if (i < 0)
			return bad_choice(d, text, bool_words, e);
		*(bool *)at = i;
		return 0;
	case OPTION_STRING:
		*(const char **)at = text;
		return 0;
	case OPTION_STRINGS:
		return add_string(d, at, text, e);
	case OPTION_INT:
		if (str_parse_int(text, d->min, d->max, &n) < 0)
			return err_set(e, ERR_USAGE,
			               "--%s: \"%s\" is not a number from %lld to %lld", d->name,
			               text, (long long)d->min, (long long)d->max);
		break;
	case OPTION_DURATION:
		if (option_parse_duration(text, &n) < 0)
			return err_set(e, ERR_USAGE,
			               "--%s: \"%s\" is not a duration such as 30s, 5m or 1h30m",
			               d->name, text);
		break;
	case OPTION_CHOICE:
		i = choice_index(text, d->choices);
		if (i < 0)
			return bad_choice(d, text, d->choices, e);
		*(int *)at = i;
		return 0;
	}
	*(int64_t *)at = n;
	return 0;
}

const char *option_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t limit = strlen(word) > 3 ? 2 : 1, best = limit + 1;
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = str_distance(word, candidates[i], limit);

		if (d < best) {
			best = d;
			found = candidates[i];
		}
	}
	return found;
}

/* `--wrod` or `--wrod=value`: unknown, or short for more than one. */
static int unknown_long(const struct parser *p, const char *arg, struct err *e)
{
	autofree char *name = xstrndup(arg + 2, strcspn(arg + 2, "="));
	const char *names[MAX_OPTIONS], *first = NULL, *near;

	for (size_t i = 0; i < p->count; i++) {
		names[i] = p->defs[i]->name;
		if (!starts_with(names[i], name))
			continue;
		if (first)
			return err_set(e, ERR_USAGE, "option --%s could mean --%s or --%s", name,
			               first, names[i]);
		first = names[i];
	}
	(void)err_set(e, ERR_USAGE, "unknown option --%s", name);
	near = option_nearest(name, names, p->count);
	return near ? err_hint(e, "did you mean --%s?", near) : -1;
}

/* The row of what getopt_long() gave: a letter or LONG_BASE + index. It only gives what we told it.
 */
static size_t row_of(const struct parser *p, int c)
{
	size_t i = 0;

	if (c >= LONG_BASE)
		return (size_t)(c - LONG_BASE);
	while (i + 1 < p->count && p->defs[i]->letter != (char)c)
		i++;
	return i;
}

static int bad_option(const struct parser *p, int how, char **argv, struct err *e)
{
	const struct option_def *d = p->defs[row_of(p, optopt)];

	if (how == ':' && optopt < LONG_BASE)
		return err_set(e, ERR_USAGE, "option -%c needs a value: %s", optopt, d->arg);
	if (how == ':')
		return err_set(e, ERR_USAGE, "option --%s needs a value: %s", d->name, d->arg);
	if (optopt >= LONG_BASE)
		return err_set(e, ERR_USAGE, "option --%s takes no value", d->name);
	if (optopt)
		return err_set(e, ERR_USAGE, "unknown option -%c", optopt);
	return unknown_long(p, argv[optind - 1], e);
}

static int take_option(const struct parser *p, int c, struct err *e)
{
	size_t i = row_of(p, c);

	return set_value(p->defs[i], p->values[i], optarg, e);
}

static int parse_all(const struct parser *p, int argc, char **argv, int stop_after, char **args,
                     size_t *n, struct err *e)
{
	for (;;) {
		int c = getopt_long(argc, argv, p->letters, p->longs, NULL);

		if (c == -1)
			return 0;
		if (c == '?' || c == ':')
			return bad_option(p, c, argv, e);
		if (c != 1) {
			if (take_option(p, c, e) < 0)
				return -1;
			continue;
		}
		if (stop_after >= 0 && *n == (size_t)stop_after) {
			optind--;
			return 0;
		}
		args[(*n)++] = optarg;
	}
}

int options_parse(const struct option_group *groups, size_t count, int argc, char **argv,
                  int stop_after, char ***ret_args, int *ret_used, struct err *e)
{
	autofree struct parser *p = xcalloc(1, sizeof(*p));
	autofree char **args = xcalloc((size_t)argc + 1, sizeof(*args));
	size_t n = 0;

	(void)snprintf(p->letters, sizeof(p->letters), "-:"); /* in order; errors are ours to say */
	for (size_t g = 0; g < count; g++)
		for (size_t i = 0; i < groups[g].count; i++)
			add_option(p, &groups[g].defs[i], groups[g].values);
	optind = 0;
	opterr = 0;
	if (parse_all(p, argc, argv, stop_after, args, &n, e) < 0)
		return -1;
	if (ret_used)
		*ret_used = optind;
	for (int i = optind; i < argc; i++)
		args[n++] = argv[i];
	*ret_args = take_ptr(args);
	return 0;
}

void options_help(const struct option_def *defs, size_t count, struct strbuf *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct option_def *d = &defs[i];
		autostrbuf struct strbuf left = {0};

		if (d->letter)
			strbuf_addf(&left, "  -%c, --%s", d->letter, d->name);
		else
			strbuf_addf(&left, "      --%s", d->name);
		if (d->arg)
			strbuf_addf(&left, "%s%s", d->type == OPTION_BOOL ? "" : " ", d->arg);
		if (left.len + 2 > HELP_COLUMN)
			strbuf_addf(out, "%s\n%*s%s\n", left.s, HELP_COLUMN, "", d->help);
		else
			strbuf_addf(out, "%-*s%s\n", HELP_COLUMN, left.s, d->help);
	}
}
