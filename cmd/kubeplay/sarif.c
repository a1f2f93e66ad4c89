/* SPDX-License-Identifier: Apache-2.0 */
/* sarif.c - see sarif.h */
#include "cmd/kubeplay/sarif.h"

#include "cmd/kubeplay/report.h"
#include "kube/validate.h"

/* A path as a URI reference: what RFC 3986 does not let stand is %XX. */
static char *uri_of(const char *path)
{
	struct strbuf out = {0};

	if (*path == '/')
		strbuf_adds(&out, "file://");
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		             (*p >= '0' && *p <= '9') || strchr("/-._~", *p);

		if (plain)
			strbuf_addc(&out, (char)*p);
		else
			strbuf_addf(&out, "%%%02X", *p);
	}
	return strbuf_take(&out);
}

static const char *level_of(enum kube_severity s)
{
	static const char *const levels[] = {
		[KUBE_ERROR] = "error", [KUBE_WARNING] = "warning", [KUBE_NOTE] = "note"};

	return levels[s];
}

/* The rules about objects; problems of reading and loading have ids without a rule. */
static json_t *known_rules(void)
{
	size_t count = 0;
	const struct validate_rule *rules = validate_rules(&count);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:{s:s}, s:{s:s}}", "id",
		                                            rules[i].id, "shortDescription", "text",
		                                            rules[i].doc, "defaultConfiguration",
		                                            "level", level_of(rules[i].severity)));
	return list;
}

/* Index of a rule, which is added when it is new. */
static size_t rule_index(json_t *rules, const char *id)
{
	size_t n = json_array_size(rules);

	for (size_t i = 0; i < n; i++)
		if (streq(json_string_value(json_object_get(json_array_get(rules, i), "id")), id))
			return i;
	(void)json_array_append_new(rules, json_pack("{s:s}", "id", id));
	return n;
}

static json_t *location(const struct kube_diag *d)
{
	autofree char *uri = uri_of(d->file);
	json_t *place = json_pack("{s:{s:s}}", "artifactLocation", "uri", uri);
	json_t *o;

	if (d->line)
		(void)json_object_set_new(place, "region",
		                          json_pack("{s:i, s:i}", "startLine", d->line,
		                                    "startColumn", MAX(d->column, 1)));
	o = json_pack("{s:o}", "physicalLocation", place);
	if (*d->path)
		(void)json_object_set_new(
			o, "logicalLocations",
			json_pack("[{s:o}]", "fullyQualifiedName", report_string(d->path)));
	return o;
}

static json_t *result(const struct kube_diag *d, json_t *rules)
{
	autofree char *text = xasprintf("%s%s%s", d->path, *d->path ? ": " : "", d->text);

	return json_pack("{s:s, s:I, s:s, s:{s:o}, s:[o]}", "ruleId", d->rule, "ruleIndex",
	                 (json_int_t)rule_index(rules, d->rule), "level", level_of(d->severity),
	                 "message", "text", report_string(text), "locations", location(d));
}

json_t *sarif_log(const struct kube_result *k)
{
	json_t *rules = known_rules(), *results = json_array();

	for (size_t i = 0; i < k->diag_count; i++)
		(void)json_array_append_new(results, result(&k->diags[i], rules));
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
	                 "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0",
	                 "runs", "tool", "driver", "name", "kubeplay", "version", KP_VERSION,
	                 "rules", rules, "columnKind", "unicodeCodePoints", "results", results);
}
