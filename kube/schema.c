/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - see schema.h */
#include "kube/schema.h"

#include "kube/k8s.h"

static const cyaml_strval_t k8s_protocol_strings[] = {
	{"TCP", K8S_TCP},
	{"UDP", K8S_UDP},
	{"SCTP", K8S_SCTP},
};
static const cyaml_strval_t k8s_pull_policy_strings[] = {
	{"Always", K8S_PULL_ALWAYS},
	{"IfNotPresent", K8S_PULL_IF_NOT_PRESENT},
	{"Never", K8S_PULL_NEVER},
};
static const cyaml_strval_t k8s_container_restart_strings[] = {
	{"Always", K8S_CONTAINER_RESTART_ALWAYS},
	{"OnFailure", K8S_CONTAINER_RESTART_ON_FAILURE},
	{"Never", K8S_CONTAINER_RESTART_NEVER},
};
static const cyaml_strval_t k8s_restart_policy_strings[] = {
	{"Always", K8S_RESTART_ALWAYS},
	{"OnFailure", K8S_RESTART_ON_FAILURE},
	{"Never", K8S_RESTART_NEVER},
};
static const cyaml_strval_t k8s_medium_strings[] = {
	{"", K8S_MEDIUM_UNSET},
	{"Memory", K8S_MEDIUM_MEMORY},
	{"HugePages", K8S_MEDIUM_HUGE},
	{"HugePages-2Mi", K8S_MEDIUM_HUGE},
	{"HugePages-1Gi", K8S_MEDIUM_HUGE},
};
static const cyaml_strval_t k8s_host_path_type_strings[] = {
	{"", K8S_HOST_PATH_UNSET},
	{"DirectoryOrCreate", K8S_HOST_PATH_DIRECTORY_OR_CREATE},
	{"Directory", K8S_HOST_PATH_DIRECTORY},
	{"FileOrCreate", K8S_HOST_PATH_FILE_OR_CREATE},
	{"File", K8S_HOST_PATH_FILE},
	{"Socket", K8S_HOST_PATH_SOCKET},
	{"CharDevice", K8S_HOST_PATH_CHAR_DEVICE},
	{"BlockDevice", K8S_HOST_PATH_BLOCK_DEVICE},
};
static const cyaml_strval_t k8s_operator_strings[] = {
	{"In", K8S_OP_IN},
	{"NotIn", K8S_OP_NOT_IN},
	{"Exists", K8S_OP_EXISTS},
	{"DoesNotExist", K8S_OP_DOES_NOT_EXIST},
};
static const cyaml_strval_t k8s_strategy_type_strings[] = {
	{"RollingUpdate", K8S_STRATEGY_ROLLING},
	{"Recreate", K8S_STRATEGY_RECREATE},
};

#define OPT  CYAML_FLAG_OPTIONAL
#define REQ  0
#define TEXT (CYAML_FLAG_POINTER | CYAML_FLAG_SCALAR_QUOTE_DOUBLE)
#define SEQ  (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t string_value = {
	CYAML_VALUE_STRING(TEXT, char *, 0, CYAML_UNLIMITED)};

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

/* clang-format off */
#define CAT2(a, b) a##b
#define CAT(a, b)  CAT2(a, b)
#define ARRAY(f, entry, q) \
	CYAML_FIELD_SEQUENCE(#f, CYAML_FLAG_POINTER | (q), struct T, f, &(entry), 0, CYAML_UNLIMITED),
#define WITHOUT_MEMBER(f, verdict, def, why) \
	{.key = #f, .value = {.type = CYAML_IGNORE, .flags = OPT, .enumeration = { \
		.strings = (const cyaml_strval_t[]){{def, verdict}, {why, 0}}, .count = 2}}},

#define BEGIN          static const cyaml_schema_field_t CAT(T, _fields)[] = {
#define STR(f, q)      CYAML_FIELD_STRING_PTR(#f, TEXT | (q), struct T, f, 0, CYAML_UNLIMITED),
#define INT(f, q)      CYAML_FIELD_INT_PTR(#f, q, struct T, f),
#define LONG(f, q)     CYAML_FIELD_INT_PTR(#f, q, struct T, f),
#define BOOL(f)        CYAML_FIELD_BOOL_PTR(#f, OPT, struct T, f),
#define ENUM(f, e)     CYAML_FIELD_ENUM(#f, OPT, struct T, f, e##_strings, ARRAY_LEN(e##_strings)),
#define QTY(f)         CYAML_FIELD_MAPPING_PTR(#f, OPT, struct T, f, schema_quantity_fields),
#define SUB(f, t, q)   CYAML_FIELD_MAPPING_PTR(#f, q, struct T, f, t##_fields),
#define LIST(f, t, q)  ARRAY(f, t##_value, q)
#define STRS(f)        ARRAY(f, string_value, OPT)
#define MAP(f)         ARRAY(f, pair_value, OPT)
#define QMAP(f)        ARRAY(f, quantity_pair_value, OPT)
#define NONE
#define QUIET(f)           WITHOUT_MEMBER(f, SCHEMA_QUIET, NULL, NULL)
#define SKIP(f, def, why)  WITHOUT_MEMBER(f, SCHEMA_LATER, def, why)
#define END            CYAML_FIELD_END}; \
	_Static_assert(ARRAY_LEN(CAT(T, _fields)) <= SCHEMA_MAX_FIELDS + 1, "too many fields"); \
	static const cyaml_schema_value_t CAT(T, _value) __attribute__((unused)) = { \
		CYAML_VALUE_MAPPING(0, struct T, CAT(T, _fields))};
/* clang-format on */

#include "kube/k8s.def"

#include "kube/k8s_end.h"

#define TOP(type)                                                                                  \
	{                                                                                          \
		CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct type, type##_fields)                \
	}

const cyaml_schema_value_t schema_pod = TOP(k8s_pod);
const cyaml_schema_value_t schema_deployment = TOP(k8s_deployment);
const cyaml_schema_value_t schema_config_map = TOP(k8s_config_map);
const cyaml_schema_value_t schema_secret = TOP(k8s_secret);
const cyaml_schema_value_t schema_claim = TOP(k8s_claim);
const cyaml_schema_value_t schema_objects = TOP(k8s_objects);
const cyaml_schema_value_t schema_pod_spec = TOP(k8s_pod_spec);
const cyaml_schema_value_t schema_pod_template = TOP(k8s_pod_template);
const cyaml_schema_value_t schema_meta = TOP(k8s_meta);

enum schema_verdict schema_verdict(const cyaml_schema_field_t *f)
{
	return (enum schema_verdict)f->value.enumeration.strings[0].val;
}

const char *schema_default(const cyaml_schema_field_t *f)
{
	return f->value.enumeration.strings[0].str;
}

const char *schema_hint(const cyaml_schema_field_t *f)
{
	return f->value.enumeration.strings[1].str;
}
