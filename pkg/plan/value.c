/* SPDX-License-Identifier: Apache-2.0 */
/* value.c - strings made of parts, some of which are secret or known late; see plan.h */
#include "pkg/plan/plan.h"

void plan_value_add(struct plan_value *v, const char *text, const char *secret, const char *field)
{
	struct plan_part *last = v->parts_count ? &v->parts[v->parts_count - 1] : NULL;

	if (text && last && last->text) {
		char *joined = xasprintf("%s%s", last->text, text);

		free(last->text);
		last->text = joined;
		return;
	}
	v->parts = xrealloc(v->parts, (v->parts_count + 1) * sizeof(*v->parts));
	v->parts[v->parts_count++] = (struct plan_part){
		.text = text ? xstrdup(text) : NULL,
		.secret = secret ? xstrdup(secret) : NULL,
		.field = field ? xstrdup(field) : NULL,
	};
}

void plan_value_done(struct plan_value *v)
{
	for (uint32_t i = 0; i < v->parts_count; i++) {
		free(v->parts[i].text);
		free(v->parts[i].secret);
		free(v->parts[i].field);
	}
	free(v->parts);
	*v = (struct plan_value){0};
}

void plan_value_set(struct plan_value *v, const char *text)
{
	plan_value_add(v, text, NULL, NULL);
}

int plan_value_resolve(const struct plan_value *v, const struct plan_data *d,
                       plan_field_lookup *lookup, void *arg, char **ret, struct err *e)
{
	autostrbuf struct strbuf out = {0};

	for (uint32_t i = 0; i < v->parts_count; i++) {
		const struct plan_part *p = &v->parts[i];
		const struct plan_datum *datum;
		const char *text;

		if (p->text) {
			strbuf_adds(&out, p->text);
		} else if (p->secret) {
			datum = plan_data_get(d, p->secret);
			if (!datum)
				return err_set(e, ERR_INPUT, "%s has no value", p->secret);
			if (memchr(datum->bytes, '\0', datum->len))
				return err_set(
					e, ERR_INPUT,
					"%s holds a NUL byte, which no environment variable can",
					p->secret);
			strbuf_add(&out, datum->bytes, datum->len);
		} else {
			text = p->field && lookup ? lookup(p->field, arg) : NULL;
			if (!text)
				return err_set(e, ERR_INPUT, "field %s has no value",
				               p->field ? p->field : "?");
			strbuf_adds(&out, text);
		}
	}
	*ret = strbuf_take(&out);
	return 0;
}

char *plan_value_show(const struct plan_value *v)
{
	struct strbuf out = {0};

	for (uint32_t i = 0; i < v->parts_count; i++) {
		const struct plan_part *p = &v->parts[i];

		if (p->text)
			strbuf_adds(&out, p->text);
		else if (p->secret)
			strbuf_adds(&out, "<secret>");
		else
			strbuf_addf(&out, "$(%s)", p->field ? p->field : "?");
	}
	return strbuf_take(&out);
}
