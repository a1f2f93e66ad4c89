/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - see schema.h */
#include "kube/schema.h"

#include "kube/k8s.h"

#define BEGIN_ENUM(e, unset) static const cyaml_strval_t e##_strings[] = {
#define WORD(value, word)    {word, value},
#define ALIAS(value, word)   {word, value},
#define END_ENUM                                                                                   \
	}                                                                                          \
	;

#include "kube/enum.def"

#define OPT  CYAML_FLAG_OPTIONAL
#define REQ  0
#define TEXT (CYAML_FLAG_POINTER | CYAML_FLAG_SCALAR_QUOTE_DOUBLE)

static const cyaml_schema_value_t string_value = {
	CYAML_VALUE_STRING(TEXT, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_value_t long_value = {CYAML_VALUE_INT(0, int64_t)};

const cyaml_schema_field_t schema_pair_fields[] = {
	CYAML_FIELD_STRING_PTR("key", TEXT | OPT, struct k8s_pair, key, 0, CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("value", TEXT | OPT, struct k8s_pair, value, 0, CYAML_UNLIMITED),
	CYAML_FIELD_END};
static const cyaml_schema_value_t pair_value = {
	CYAML_VALUE_MAPPING(0, struct k8s_pair, schema_pair_fields)};

const cyaml_schema_field_t schema_quantity_fields[] = {
	CYAML_FIELD_STRING_PTR("text", TEXT | OPT, struct k8s_quantity, text, 0, CYAML_UNLIMITED),
	CYAML_FIELD_END};

const cyaml_schema_field_t schema_quantity_pair_fields[] = {
	CYAML_FIELD_STRING_PTR("key", TEXT | OPT, struct k8s_quantity_pair, key, 0,
                               CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("value", TEXT | OPT, struct k8s_quantity_pair, value, 0,
                               CYAML_UNLIMITED),
	CYAML_FIELD_END};
static const cyaml_schema_value_t quantity_pair_value = {
	CYAML_VALUE_MAPPING(0, struct k8s_quantity_pair, schema_quantity_pair_fields)};

const cyaml_schema_field_t schema_int_or_string_fields[] = {
	CYAML_FIELD_STRING_PTR("string", TEXT | OPT, struct k8s_int_or_string, string, 0,
                               CYAML_UNLIMITED),
	CYAML_FIELD_INT("number", OPT, struct k8s_int_or_string, number), CYAML_FIELD_END};

const cyaml_schema_field_t schema_raw_fields[] = {
	CYAML_FIELD_STRING_PTR("json", TEXT | OPT, struct k8s_raw, json, 0, CYAML_UNLIMITED),
	CYAML_FIELD_END};

bool schema_is_special(const cyaml_schema_field_t *fields)
{
	return fields == schema_pair_fields || fields == schema_quantity_fields ||
	       fields == schema_quantity_pair_fields || fields == schema_int_or_string_fields ||
	       fields == schema_raw_fields;
}

/* clang-format off */
#define CAT2(a, b) a##b
#define CAT(a, b)  CAT2(a, b)

/* How many fields each type has: a byte for each. */
#define BEGIN(name, doc)            struct CAT(T, _bytes) {
#define STR(f, q, v, def, doc)      char f;
#define INT(f, q, v, def, doc)      char f;
#define MODE(f, v, def, doc)        char f;
#define LONG(f, q, v, def, doc)     char f;
#define BOOL(f, v, def, doc)        char f;
#define ENUM(f, e, v, def, doc)     char f;
#define QTY(f, v, def, doc)         char f;
#define IOS(f, q, v, def, doc)      char f;
#define RAW(f, v, def, doc)         char f;
#define SUB(f, t, q, v, def, doc)   char f;
#define LIST(f, t, q, v, def, doc)  char f;
#define STRS(f, v, def, doc)        char f;
#define LONGS(f, v, def, doc)       char f;
#define MAP(f, v, def, doc)         char f;
#define QMAP(f, v, def, doc)        char f;
#define NONE(f, v, def, doc)        char f;
#define EMPTY
#define END                         };

#include "kube/k8s.def"

#include "kube/k8s_end.h"

/* What is said about them. A verdict is two values: itself and why. */
#define YES         SCHEMA_YES, ""
#define QUIET(why)  SCHEMA_QUIET, "" why
#define APPROX(why) SCHEMA_APPROX, "" why
#define LATER(why)  SCHEMA_LATER, "" why
#define NO(why)     SCHEMA_NO, "" why

/* Words before fields, so that a type's head can name both. */
#define BEGIN(name, doc)            static const struct schema_info CAT(T, _info)[] = {
#define STR(f, q, v, def, doc)      {SCHEMA_STRING, v, def, doc, NULL},
#define INT(f, q, v, def, doc)      {SCHEMA_INT, v, def, doc, NULL},
#define MODE(f, v, def, doc)        {SCHEMA_MODE, v, def, doc, NULL},
#define LONG(f, q, v, def, doc)     {SCHEMA_LONG, v, def, doc, NULL},
#define BOOL(f, v, def, doc)        {SCHEMA_BOOL, v, def, doc, NULL},
#define ENUM(f, e, v, def, doc)     {SCHEMA_ENUM, v, def, doc, #e},
#define QTY(f, v, def, doc)         {SCHEMA_QUANTITY, v, def, doc, NULL},
#define IOS(f, q, v, def, doc)      {SCHEMA_INT_OR_STRING, v, def, doc, NULL},
#define RAW(f, v, def, doc)         {SCHEMA_RAW, v, def, doc, NULL},
#define SUB(f, t, q, v, def, doc)   {SCHEMA_OBJECT, v, def, doc, #t},
#define LIST(f, t, q, v, def, doc)  {SCHEMA_OBJECTS, v, def, doc, #t},
#define STRS(f, v, def, doc)        {SCHEMA_STRINGS, v, def, doc, NULL},
#define LONGS(f, v, def, doc)       {SCHEMA_LONGS, v, def, doc, NULL},
#define MAP(f, v, def, doc)         {SCHEMA_MAP, v, def, doc, NULL},
#define QMAP(f, v, def, doc)        {SCHEMA_QUANTITIES, v, def, doc, NULL},
#define NONE(f, v, def, doc)        {SCHEMA_NONE, v, def, doc, NULL},
#define EMPTY
#define END                         {SCHEMA_NONE, YES, NULL, NULL, NULL}};

#include "kube/k8s.def"

#include "kube/k8s_end.h"

/* The fields themselves, each array with its type in front of it. */
#define ARRAY(f, entry, q) \
	CYAML_FIELD_SEQUENCE(#f, CYAML_FLAG_POINTER | (q), struct T, f, &(entry), 0, CYAML_UNLIMITED),

#define BEGIN(type_name, type_doc) \
	static const struct schema_type CAT(T, _type); \
	static const struct { \
		const struct schema_type *type; \
		cyaml_schema_field_t row[sizeof(struct CAT(T, _bytes)) + 1]; \
	} CAT(T, _table); \
	static const struct schema_type CAT(T, _type) = { \
		type_name, type_doc, CAT(T, _info), CAT(T, _table).row, sizeof(struct CAT(T, _bytes))}; \
	static const __typeof__(CAT(T, _table)) CAT(T, _table) = {&CAT(T, _type), {
#define STR(f, q, v, def, doc)      CYAML_FIELD_STRING_PTR(#f, TEXT | (q), struct T, f, 0, CYAML_UNLIMITED),
#define INT(f, q, v, def, doc)      CYAML_FIELD_INT_PTR(#f, q, struct T, f),
#define MODE(f, v, def, doc)        CYAML_FIELD_INT_PTR(#f, OPT, struct T, f),
#define LONG(f, q, v, def, doc)     CYAML_FIELD_INT_PTR(#f, q, struct T, f),
#define BOOL(f, v, def, doc)        CYAML_FIELD_BOOL_PTR(#f, OPT, struct T, f),
#define ENUM(f, e, v, def, doc)     CYAML_FIELD_ENUM(#f, OPT, struct T, f, e##_strings, ARRAY_LEN(e##_strings)),
#define QTY(f, v, def, doc)         CYAML_FIELD_MAPPING_PTR(#f, OPT, struct T, f, schema_quantity_fields),
#define IOS(f, q, v, def, doc)      CYAML_FIELD_MAPPING_PTR(#f, q, struct T, f, schema_int_or_string_fields),
#define RAW(f, v, def, doc)         CYAML_FIELD_MAPPING_PTR(#f, OPT, struct T, f, schema_raw_fields),
#define SUB(f, t, q, v, def, doc)   CYAML_FIELD_MAPPING_PTR(#f, q, struct T, f, t##_table.row),
#define LIST(f, t, q, v, def, doc)  ARRAY(f, t##_value, q)
#define STRS(f, v, def, doc)        ARRAY(f, string_value, OPT)
#define LONGS(f, v, def, doc)       ARRAY(f, long_value, OPT)
#define MAP(f, v, def, doc)         ARRAY(f, pair_value, OPT)
#define QMAP(f, v, def, doc)        ARRAY(f, quantity_pair_value, OPT)
#define NONE(f, v, def, doc)        {.key = #f, .value = {.type = CYAML_IGNORE, .flags = OPT}},
#define EMPTY
#define END            CYAML_FIELD_END}}; \
	_Static_assert(sizeof(struct CAT(T, _bytes)) <= (size_t)SCHEMA_MAX_FIELDS, "too many fields"); \
	static const cyaml_schema_value_t CAT(T, _value) __attribute__((unused)) = { \
		CYAML_VALUE_MAPPING(0, struct T, CAT(T, _table).row)};

#include "kube/k8s.def"

#include "kube/k8s_end.h"

#define BEGIN(name, doc)            &CAT(T, _type),
#define STR(f, q, v, def, doc)
#define INT(f, q, v, def, doc)
#define MODE(f, v, def, doc)
#define LONG(f, q, v, def, doc)
#define BOOL(f, v, def, doc)
#define ENUM(f, e, v, def, doc)
#define QTY(f, v, def, doc)
#define IOS(f, q, v, def, doc)
#define RAW(f, v, def, doc)
#define SUB(f, t, q, v, def, doc)
#define LIST(f, t, q, v, def, doc)
#define STRS(f, v, def, doc)
#define LONGS(f, v, def, doc)
#define MAP(f, v, def, doc)
#define QMAP(f, v, def, doc)
#define NONE(f, v, def, doc)
#define EMPTY
#define END
/* clang-format on */

const struct schema_type *const schema_types[] = {
#include "kube/k8s.def"
	NULL};

#include "kube/k8s_end.h"

#define TOP(type)                                                                                  \
	{                                                                                          \
		CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct type, type##_table.row)             \
	}

const cyaml_schema_value_t schema_objects = TOP(k8s_objects);
const cyaml_schema_value_t schema_pod_spec = TOP(k8s_pod_spec);
const cyaml_schema_value_t schema_pod_template = TOP(k8s_pod_template);

#define KIND(id, type, list, v, n, verdict, meaning)                                               \
	static const cyaml_schema_value_t list##_top = TOP(type);                                  \
	_Static_assert(offsetof(struct type, metadata) == offsetof(struct k8s_head, metadata),     \
	               #type " begins with apiVersion, kind, metadata");

#include "kube/kinds.def"

#undef KIND
#define KIND(id, type, list, v, n, verdict, meaning)                                               \
	[id] = {v,                                                                                 \
	        n,                                                                                 \
	        verdict,                                                                           \
	        meaning,                                                                           \
	        &list##_top,                                                                       \
	        sizeof(struct type),                                                               \
	        offsetof(struct k8s_objects, list),                                                \
	        offsetof(struct k8s_objects, list##_count)},

const struct schema_kind schema_kinds[OBJECT_TYPE_COUNT] = {
#include "kube/kinds.def"
};

/* What stands in front of every array of fields. */
struct table_head {
	const struct schema_type *type;
	cyaml_schema_field_t first;
};

const struct schema_type *schema_type_of(const cyaml_schema_field_t *fields)
{
	const char *head = (const char *)fields - offsetof(struct table_head, first);
	const struct schema_type *type;

	memcpy(&type, head, sizeof(type));
	return type;
}

const struct schema_info *schema_info_of(const cyaml_schema_field_t *fields,
                                         const cyaml_schema_field_t *f)
{
	return &schema_type_of(fields)->info[f - fields];
}

const char *schema_refused(const char *type, const void *object)
{
	const struct schema_type *const *t = schema_types;

	while (*t && !streq((*t)->name, type))
		t++;
	for (uint32_t i = 0; *t && i < (*t)->count; i++) {
		const char *at = (const char *)object + (*t)->fields[i].data_offset;
		const void *value;

		memcpy(&value, at, sizeof(value));
		if (value && (*t)->info[i].verdict == SCHEMA_NO)
			return (*t)->fields[i].key;
	}
	return NULL;
}
