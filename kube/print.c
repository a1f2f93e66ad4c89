/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - see print.h */
#include "kube/print.h"

#include "kube/k8s.h"
#include "pkg/util/record.h"

static void put_mapping(const cyaml_schema_field_t *fields, const char *obj, struct strbuf *out);

static const void *pointer_at(const char *data)
{
	const void *p;

	memcpy(&p, data, sizeof(p));
	return p;
}

static void put_int(const cyaml_schema_value_t *s, const char *p, struct strbuf *out)
{
	int32_t small;
	int64_t v;

	if (s->data_size == sizeof(small)) {
		memcpy(&small, p, sizeof(small));
		v = small;
	} else {
		memcpy(&v, p, sizeof(v));
	}
	strbuf_addf(out, "%lld", (long long)v);
}

static const char *enum_text(const cyaml_schema_value_t *s, const char *data)
{
	int v;

	memcpy(&v, data, sizeof(v));
	for (uint32_t i = 0; v && i < s->enumeration.count; i++)
		if (s->enumeration.strings[i].val == v)
			return s->enumeration.strings[i].str;
	return NULL;
}

/* Both kinds of pair have this layout. */
static void put_pairs(const struct k8s_pair *pairs, uint32_t count, struct strbuf *out)
{
	strbuf_addc(out, '{');
	for (uint32_t i = 0; i < count; i++) {
		strbuf_adds(out, i ? "," : "");
		record_json_string(pairs[i].key ? pairs[i].key : "", out);
		strbuf_addc(out, ':');
		record_json_string(pairs[i].value ? pairs[i].value : "", out);
	}
	strbuf_addc(out, '}');
}

_Static_assert(sizeof(struct k8s_pair) == sizeof(struct k8s_quantity_pair) &&
                       offsetof(struct k8s_pair, value) ==
                               offsetof(struct k8s_quantity_pair, value),
               "pairs look alike");

static void put_list(const cyaml_schema_value_t *entry, const char *items, uint32_t count,
                     struct strbuf *out)
{
	size_t size = entry->type == CYAML_STRING ? sizeof(char *) : entry->data_size;

	if (entry->type == CYAML_MAPPING &&
	    (entry->mapping.fields == schema_pair_fields ||
	     entry->mapping.fields == schema_quantity_pair_fields)) {
		put_pairs((const void *)items, count, out);
		return;
	}
	strbuf_addc(out, '[');
	for (uint32_t i = 0; i < count; i++) {
		const char *item = items + i * size;
		const char *text;

		strbuf_adds(out, i ? "," : "");
		if (entry->type == CYAML_STRING) {
			text = pointer_at(item);
			record_json_string(text ? text : "", out);
		} else if (entry->type == CYAML_INT) {
			put_int(entry, item, out);
		} else {
			put_mapping(entry->mapping.fields, item, out);
		}
	}
	strbuf_addc(out, ']');
}

/* The value of a member; false if it is unset. */
static bool is_set(const cyaml_schema_field_t *f, const char *obj)
{
	const char *at = obj + f->data_offset;

	if (f->value.type == CYAML_IGNORE)
		return false;
	if (f->value.type == CYAML_ENUM)
		return enum_text(&f->value, at) != NULL;
	return pointer_at(at) != NULL;
}

/* A member that is a mapping for libcyaml, and perhaps a scalar for people. */
static void put_object(const cyaml_schema_field_t *fields, const void *obj, struct strbuf *out)
{
	const struct k8s_int_or_string *v = obj;
	const struct k8s_quantity *quantity = obj;
	const struct k8s_raw *raw = obj;

	if (fields == schema_quantity_fields)
		record_json_string(quantity->text ? quantity->text : "0", out);
	else if (fields == schema_raw_fields)
		strbuf_adds(out, raw->json ? raw->json : "null");
	else if (fields != schema_int_or_string_fields)
		put_mapping(fields, obj, out);
	else if (v->string)
		record_json_string(v->string, out);
	else
		strbuf_addf(out, "%d", v->number);
}

static void put_member(const cyaml_schema_field_t *f, const char *obj, struct strbuf *out)
{
	const char *at = obj + f->data_offset;
	uint32_t count;

	switch ((int)f->value.type) {
	case CYAML_STRING:
		record_json_string(pointer_at(at), out);
		break;
	case CYAML_INT:
		put_int(&f->value, pointer_at(at), out);
		break;
	case CYAML_BOOL:
		strbuf_adds(out, *(const bool *)pointer_at(at) ? "true" : "false");
		break;
	case CYAML_ENUM:
		record_json_string(enum_text(&f->value, at), out);
		break;
	case CYAML_SEQUENCE:
		memcpy(&count, obj + f->count_offset, sizeof(count));
		put_list(f->value.sequence.entry, pointer_at(at), count, out);
		break;
	default:
		put_object(f->value.mapping.fields, pointer_at(at), out);
		break;
	}
}

static void put_mapping(const cyaml_schema_field_t *fields, const char *obj, struct strbuf *out)
{
	bool first = true;

	strbuf_addc(out, '{');
	for (const cyaml_schema_field_t *f = fields; f->key; f++) {
		if (!is_set(f, obj))
			continue;
		strbuf_adds(out, first ? "" : ",");
		first = false;
		record_json_string(f->key, out);
		strbuf_addc(out, ':');
		put_member(f, obj, out);
	}
	strbuf_addc(out, '}');
}

void print_json(const cyaml_schema_value_t *schema, const void *obj, struct strbuf *out)
{
	put_mapping(schema->mapping.fields, obj, out);
}
