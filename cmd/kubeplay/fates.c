/* SPDX-License-Identifier: Apache-2.0 */
/* fates.c - see fates.h */
#include "cmd/kubeplay/fates.h"

#include "cmd/kubeplay/report.h"

enum { EXIT_INVALID = 3, MAX_PATH_COLUMN = 60 };

/* In the order in which a person wants to know. */
static const struct {
	enum kube_fate fate;
	const char *word;
} fates[] = {
	{KUBE_UNKNOWN, "unknown"},           {KUBE_REFUSED, "refused"},
	{KUBE_NOT_YET, "not supported yet"}, {KUBE_APPROXIMATED, "approximated"},
	{KUBE_IGNORED, "ignored here"},      {KUBE_SERVER, "the API server's own"},
	{KUBE_APPLIED, "applied"},
};

static const char *word_of(enum kube_fate fate)
{
	size_t i = 0;

	while (fates[i].fate != fate)
		i++;
	return fates[i].word;
}

int fates_load(struct cli *c, const struct loading_values *v, char **sources,
               struct kube_result *ret, struct err *e)
{
	struct loading_values lenient = *v;
	int r = 0;

	lenient.validate = KUBE_IGNORE; /* these are what the view shows */
	if (loading_read(c, &lenient, sources, LOADING_NO_OBJECTS | LOADING_FATES, ret, e) < 0)
		return -1;
	for (size_t i = 0; i < ret->diag_count; i++) {
		autofree char *line = NULL;

		if (ret->diags[i].severity != KUBE_ERROR)
			continue;
		line = kube_diag_text(&ret->diags[i]);
		(void)fprintf(stderr, "%s\n", line);
		r = EXIT_INVALID;
	}
	return r;
}

/* "34 fields applied, 2 ignored here"; nothing of a kind that is not run is applied. */
static void add_counts(const struct kube_object *o, struct strbuf *out)
{
	bool runs = o->fate == KUBE_APPLIED || o->fate == KUBE_APPROXIMATED;
	size_t applied = o->counts[KUBE_APPLIED];

	strbuf_addf(out, "%zu field%s %s", applied, applied == 1 ? "" : "s",
	            runs ? "applied" : "checked only");
	for (size_t i = ARRAY_LEN(fates); i-- > 0;)
		if (fates[i].fate != KUBE_APPLIED && o->counts[fates[i].fate])
			strbuf_addf(out, ", %zu %s", o->counts[fates[i].fate], fates[i].word);
}

static void add_head(const struct kube_object *o, struct strbuf *out)
{
	autofree char *name = str_sanitize(o->name, strlen(o->name));
	autofree char *file = str_sanitize(o->file, strlen(o->file));

	strbuf_addf(out, "%s %s (%s:%d): ", o->kind, name, file, o->line);
	add_counts(o, out);
	strbuf_addc(out, '\n');
	if (o->fate != KUBE_APPLIED)
		strbuf_addf(out, "  %s is %s%s%s\n", o->kind, word_of(o->fate), *o->why ? ": " : "",
		            o->why);
}

/* Where it was written. Owned. */
static char *place_of(const struct kube_field *f)
{
	return f->line ? xasprintf("%d:%d", f->line, f->column) : xstrdup("--set");
}

static int width_of(const struct kube_field *f)
{
	autofree char *place = place_of(f);

	return (int)strlen(place);
}

static void add_group(const struct kube_object *o, size_t group, struct strbuf *out)
{
	int place = 0, path = 0;

	for (size_t i = 0; i < o->fields_count; i++) {
		const struct kube_field *f = &o->fields[i];

		if (f->fate != fates[group].fate)
			continue;
		place = MAX(place, width_of(f));
		path = MAX(path, MIN((int)strlen(f->path), MAX_PATH_COLUMN));
	}
	if (place)
		strbuf_addf(out, "  %s:\n", fates[group].word);
	for (size_t i = 0; i < o->fields_count; i++) {
		const struct kube_field *f = &o->fields[i];
		autofree char *shown = str_sanitize(f->path, strlen(f->path));
		autofree char *where = place_of(f);

		if (f->fate != fates[group].fate)
			continue;
		strbuf_addf(out, "    %-*s  ", place, where);
		if (*f->why)
			strbuf_addf(out, "%-*s  %s\n", path, shown, f->why);
		else
			strbuf_addf(out, "%s\n", shown);
	}
}

/* What an API server wrote for itself is in every exported manifest: only when all is asked for. */
static bool is_shown(enum kube_fate fate, bool all)
{
	return all || (fate != KUBE_APPLIED && fate != KUBE_SERVER);
}

void fates_print(const struct kube_result *k, bool all)
{
	for (size_t i = 0; k->fates && i < k->objects_count; i++) {
		autostrbuf struct strbuf out = {0};

		add_head(&k->fates[i], &out);
		for (size_t g = 0; g < ARRAY_LEN(fates); g++)
			if (is_shown(fates[g].fate, all))
				add_group(&k->fates[i], g, &out);
		(void)fwrite(out.s, 1, out.len, stdout);
	}
}

static json_t *json_fields(const struct kube_object *o, bool all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->fields_count; i++) {
		const struct kube_field *f = &o->fields[i];
		json_t *x;

		if (!is_shown(f->fate, all))
			continue;
		x = json_pack("{s:i, s:i, s:o, s:s}", "line", f->line, "column", f->column, "path",
		              report_string(f->path), "verdict", word_of(f->fate));
		report_set(x, "reason", f->why);
		(void)json_array_append_new(list, x);
	}
	return list;
}

json_t *fates_json(const struct kube_result *k, bool all)
{
	json_t *list = json_array();

	for (size_t i = 0; k->fates && i < k->objects_count; i++) {
		const struct kube_object *o = &k->fates[i];
		json_t *x = json_object(), *counts = json_object();

		for (size_t f = 0; f < ARRAY_LEN(fates); f++)
			if (o->counts[fates[f].fate])
				(void)json_object_set_new(
					counts, fates[f].word,
					json_integer((json_int_t)o->counts[fates[f].fate]));
		report_set(x, "file", o->file);
		(void)json_object_set_new(x, "line", json_integer(o->line));
		report_set(x, "apiVersion", o->version);
		report_set(x, "kind", o->kind);
		report_set(x, "namespace", o->ns);
		report_set(x, "name", o->name);
		report_set(x, "verdict", word_of(o->fate));
		report_set(x, "reason", o->why);
		(void)json_object_set_new(x, "counts", counts);
		(void)json_object_set_new(x, "fields", json_fields(o, all));
		(void)json_array_append_new(list, x);
	}
	return list;
}
