/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - a table of members per operation; see request.h */
#include "pkg/pod/request.h"

enum {
	MAX_LIST = 100000,
	MAX_TEXT = 4 << 20,
	MAX_GRACE = 100000000,
	MAX_SIZE = 10000,
	MAX_POD_FDS = 4096,
};

enum member_type { M_TEXT, M_LIST, M_ADD, M_GRACE, M_BOOL, M_U16 };

struct member {
	const char *key;
	enum member_type type;
	size_t at;
	unsigned int ops; /* bit per operation that knows it */
	bool required;
};

/* clang-format off */
#define OP(x) (1u << REQUEST_##x)
#define AT(f) offsetof(struct request, f)
static const struct member members[] = {
	{"pod",       M_TEXT,  AT(pod),       OP(EXEC),   true},
	{"container", M_TEXT,  AT(container), OP(EXEC),   false},
	{"argv",      M_LIST,  AT(argv),      OP(EXEC),   true},
	{"tty",       M_BOOL,  AT(tty),       OP(EXEC),   false},
	{"rows",      M_U16,   AT(rows),      OP(EXEC),   false},
	{"cols",      M_U16,   AT(cols),      OP(EXEC),   false},
	{"pods",      M_LIST,  AT(pods),      OP(REMOVE), true},
	{"add",       M_ADD,   AT(add),       OP(APPLY),  true},
	{"claims",    M_LIST,  AT(claims),    OP(APPLY),  false},
	{"grace",     M_GRACE, AT(grace),     OP(STOP),   false},
};
static const char *const op_names[REQUEST_OP_COUNT] = {
	[REQUEST_HELLO]  = "hello",  [REQUEST_PING]  = "ping",  [REQUEST_WAIT] = "wait",
	[REQUEST_FDS]    = "fds",    [REQUEST_REMOVE] = "remove", [REQUEST_APPLY] = "apply",
	[REQUEST_STOP]   = "stop",   [REQUEST_EXEC]  = "exec",
	[REQUEST_SECRETS] = "secrets",
};
#undef OP
#undef AT
/* clang-format on */

/* A string without NUL bytes, bounded. */
static const char *text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	if (!s || json_string_length(v) > MAX_TEXT || strlen(s) != json_string_length(v))
		return NULL;
	return s;
}

static bool get_int(const json_t *v, int64_t min, int64_t max, int64_t *ret)
{
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < min || n > max)
		return false;
	*ret = n;
	return true;
}

static bool get_list(const json_t *v, struct strv *out)
{
	if (!json_is_array(v) || json_array_size(v) > MAX_LIST)
		return false;
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *s = text_of(json_array_get(v, i));

		if (!s)
			return false;
		strv_add(out, s);
	}
	return true;
}

static bool get_add(const json_t *v, struct request *r)
{
	size_t n = json_array_size(v);

	if (!json_is_array(v) || n > MAX_LIST)
		return false;
	r->add = xcalloc(n + 1, sizeof(*r->add));
	for (size_t i = 0; i < n; i++) {
		const json_t *x = json_array_get(v, i);
		const char *name = text_of(json_object_get(x, "pod"));
		int64_t listeners, trees;

		if (!name ||
		    !get_int(json_object_get(x, "listeners"), 0, MAX_POD_FDS, &listeners) ||
		    !get_int(json_object_get(x, "trees"), 0, MAX_POD_FDS, &trees))
			return false;
		r->add[r->add_count++] =
			(struct request_pod){xstrdup(name), (uint32_t)listeners, (uint32_t)trees};
	}
	return true;
}

static bool get_member(const struct member *m, const json_t *v, struct request *r)
{
	void *at = (char *)r + m->at;
	int64_t n = 0;

	switch (m->type) {
	case M_TEXT:
		if (!text_of(v))
			return false;
		*(char **)at = xstrdup(text_of(v));
		return true;
	case M_LIST:
		return get_list(v, at);
	case M_ADD:
		return get_add(v, r);
	case M_GRACE:
		return get_int(v, -1, MAX_GRACE, at);
	case M_BOOL:
		*(bool *)at = json_is_true(v);
		return json_is_boolean(v);
	case M_U16:
		if (!get_int(v, 0, MAX_SIZE, &n))
			return false;
		*(uint16_t *)at = (uint16_t)n;
		return true;
	}
	return false;
}

static int find_op(const json_t *msg)
{
	const char *name = json_string_value(json_object_get(msg, "op"));

	for (int i = 0; name && i < REQUEST_OP_COUNT; i++)
		if (streq(op_names[i], name))
			return i;
	return -1;
}

int request_parse(const json_t *msg, struct request *ret, struct err *e)
{
	struct request r = {.grace = -1};
	int op = find_op(msg);

	if (op < 0)
		return err_set(e, ERR_UNSUPPORTED, "the supervisor does not know this request");
	r.op = (enum request_op)op;
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const struct member *m = &members[i];
		const json_t *v = json_object_get(msg, m->key);

		if (!(m->ops & (1u << op)) || (!v && !m->required) || json_is_null(v))
			continue;
		if (!v || !get_member(m, v, &r)) {
			request_done(&r);
			return err_set(e, ERR_INPUT, "request %s: \"%s\" is %s", op_names[op],
			               m->key, v ? "not valid" : "missing");
		}
	}
	if (r.op == REQUEST_EXEC && (!r.pod || !r.argv.len)) {
		request_done(&r);
		return err_set(e, ERR_INPUT, "request exec: pod or command is empty");
	}
	*ret = r;
	return 0;
}

void request_done(struct request *r)
{
	free(r->pod);
	free(r->container);
	strv_done(&r->argv);
	strv_done(&r->pods);
	strv_done(&r->claims);
	for (size_t i = 0; i < r->add_count; i++)
		free(r->add[i].name);
	free(r->add);
	*r = (struct request){0};
}
