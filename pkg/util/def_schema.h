/* SPDX-License-Identifier: Apache-2.0 */
/* def_schema.h - read a .def file as libcyaml schemas: T_fields, T_value (embedded), T_top
 * (pointer) */
#ifndef DEF_SCHEMA_ONCE
#define DEF_SCHEMA_ONCE
#define DEF_CAT2(a, b) a##b
#define DEF_CAT(a, b)  DEF_CAT2(a, b)
#define DEF_OPT        CYAML_FLAG_OPTIONAL
#define DEF_STR        (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_SCALAR_QUOTE_DOUBLE)
static const cyaml_schema_value_t def_string_value = {CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER | CYAML_FLAG_SCALAR_QUOTE_DOUBLE, char *, 0, CYAML_UNLIMITED)};
static const cyaml_schema_value_t def_int_value
	__attribute__((unused)) = {CYAML_VALUE_INT(0, int64_t)};
#endif
#define BEGIN  static const cyaml_schema_field_t DEF_CAT(T, _fields)[] = {
#define STR(f) CYAML_FIELD_STRING_PTR(#f, DEF_STR, struct T, f, 0, CYAML_UNLIMITED),
#define STRS(f)                                                                                    \
	CYAML_FIELD_SEQUENCE(#f, CYAML_FLAG_POINTER | DEF_OPT, struct T, f, &def_string_value, 0,  \
	                     CYAML_UNLIMITED),
#define INT(f) CYAML_FIELD_INT(#f, DEF_OPT, struct T, f),
#define NUM(f) CYAML_FIELD_INT_PTR(#f, CYAML_FLAG_POINTER | DEF_OPT, struct T, f),
#define NUMS(f)                                                                                    \
	CYAML_FIELD_SEQUENCE(#f, CYAML_FLAG_POINTER | DEF_OPT, struct T, f, &def_int_value, 0,     \
	                     CYAML_UNLIMITED),
#define BOOL(f)    CYAML_FIELD_BOOL(#f, DEF_OPT, struct T, f),
#define ENUM(f, e) CYAML_FIELD_ENUM(#f, DEF_OPT, struct T, f, e##_strings, ARRAY_LEN(e##_strings)),
#define SUB(f, t)  CYAML_FIELD_MAPPING(#f, DEF_OPT, struct T, f, t##_fields),
#define PTR(f, t)                                                                                  \
	CYAML_FIELD_MAPPING_PTR(#f, CYAML_FLAG_POINTER | DEF_OPT, struct T, f, t##_fields),
#define LIST(f, t)                                                                                 \
	CYAML_FIELD_SEQUENCE(#f, CYAML_FLAG_POINTER | DEF_OPT, struct T, f, &t##_value, 0,         \
	                     CYAML_UNLIMITED),
#define END                                                                                        \
	CYAML_FIELD_END                                                                            \
	}                                                                                          \
	;                                                                                          \
	static const cyaml_schema_value_t DEF_CAT(T, _value)                                       \
		__attribute__((unused)) = {CYAML_VALUE_MAPPING(0, struct T, DEF_CAT(T, _fields))}; \
	static const cyaml_schema_value_t DEF_CAT(T, _top) __attribute__((unused)) = {             \
		CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct T, DEF_CAT(T, _fields))};
