/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - libcyaml behind one door; see record.h */
#include "pkg/util/record.h"

static void *record_mem(void *ctx, void *ptr, size_t size)
{
	UNUSED(ctx);
	if (size)
		return xrealloc(ptr, size);
	free(ptr);
	return NULL;
}

struct log_text {
	char text[200];
};

static PRINTF(3, 0) void keep_first(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct log_text *l = ctx;

	if (level >= CYAML_LOG_ERROR && !l->text[0])
		(void)vsnprintf(l->text, sizeof(l->text), fmt, args);
	l->text[strcspn(l->text, "\n")] = '\0';
}

static cyaml_config_t config(struct log_text *l)
{
	return (cyaml_config_t){
		.log_fn = keep_first,
		.log_ctx = l,
		.mem_fn = record_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};
}

int record_save(const cyaml_schema_value_t *schema, const void *record, struct strbuf *out,
                struct err *e)
{
	struct log_text l = {0};
	cyaml_config_t cfg = config(&l);
	char *text = NULL;
	size_t len = 0;
	cyaml_err_t r = cyaml_save_data(&text, &len, &cfg, schema, record, 0);

	if (r != CYAML_OK)
		return err_set(e, ERR_HOST, "save record: %s (%s)", cyaml_strerror(r), l.text);
	strbuf_add(out, text, len);
	free(text);
	return 0;
}

int record_load(const cyaml_schema_value_t *schema, const char *text, size_t len, void **ret,
                struct err *e)
{
	struct log_text l = {0};
	cyaml_config_t cfg = config(&l);
	cyaml_data_t *data = NULL;
	cyaml_err_t r = cyaml_load_data((const uint8_t *)text, len, &cfg, schema, &data, NULL);

	if (r != CYAML_OK)
		return err_set(e, ERR_INPUT, "damaged record: %s (%s)", cyaml_strerror(r), l.text);
	if (!data)
		return err_set(e, ERR_INPUT, "damaged record: empty");
	*ret = data;
	return 0;
}

void record_free(const cyaml_schema_value_t *schema, void *record)
{
	struct log_text l = {0};
	cyaml_config_t cfg = config(&l);

	if (record)
		(void)cyaml_free(&cfg, schema, record, 0);
}

void *record_copy(const cyaml_schema_value_t *schema, const void *record)
{
	autostrbuf struct strbuf text = {0};
	struct err e = {0};
	void *copy = NULL;

	if (record_save(schema, record, &text, &e) < 0 ||
	    record_load(schema, text.s, text.len, &copy, &e) < 0) {
		(void)fprintf(stderr, "kubeplay: internal error: %s\n", e.msg);
		abort();
	}
	return copy;
}

void record_json_string(const char *text, struct strbuf *out)
{
	strbuf_addc(out, '"');
	for (const unsigned char *p = (const unsigned char *)text, *plain; *p; p++) {
		static const char escapes[] = {
			['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
			['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

		for (plain = p; *p >= 0x20 && *p != '"' && *p != '\\' && *p != 0x7f; p++)
			;
		strbuf_add(out, plain, (size_t)(p - plain));
		if (!*p)
			break;
		if (*p < sizeof(escapes) && escapes[*p]) {
			strbuf_addc(out, '\\');
			strbuf_addc(out, escapes[*p]);
		} else {
			strbuf_addf(out, "\\u%04x", *p);
		}
	}
	strbuf_addc(out, '"');
}

struct printer {
	struct strbuf *out;
	record_json_hook *hook;
	void *arg;
};

static void put_value(struct printer *p, const cyaml_schema_value_t *s, const char *data,
                      uint64_t count, int depth);

static void indent(struct printer *p, int depth)
{
	static const char spaces[] = "\n                                ";
	size_t want = 1 + 2 * (size_t)depth, first = MIN(want, sizeof(spaces) - 1);

	strbuf_add(p->out, spaces, first);
	for (; first < want; first++)
		strbuf_addc(p->out, ' ');
}

/* Integers and enums of any width, little-endian as libcyaml stores them. */
static int64_t get_int(const cyaml_schema_value_t *s, const char *data)
{
	uint64_t v = 0;

	memcpy(&v, data, s->data_size);
	if (s->data_size < 8 && s->type == CYAML_INT && v >> (8 * s->data_size - 1))
		v |= ~UINT64_C(0) << (8 * s->data_size);
	return (int64_t)v;
}

static const char *enum_text(const cyaml_schema_value_t *s, int64_t v)
{
	for (uint32_t i = 0; i < s->enumeration.count; i++)
		if (s->enumeration.strings[i].val == v)
			return s->enumeration.strings[i].str;
	return "";
}

static uint64_t get_count(const cyaml_schema_field_t *f, const char *data)
{
	uint64_t v = 0;

	if (f->value.type == CYAML_SEQUENCE)
		memcpy(&v, data + f->count_offset, f->count_size);
	return v;
}

static bool is_unset(const cyaml_schema_value_t *s, const char *data, uint64_t count)
{
	void *ptr;

	switch (s->type) {
	case CYAML_SEQUENCE:
		return count == 0;
	case CYAML_BOOL:
		return !(s->flags & CYAML_FLAG_POINTER) && !*(const bool *)data;
	case CYAML_ENUM:
		return enum_text(s, get_int(s, data))[0] == '\0';
	default:
		if (!(s->flags & CYAML_FLAG_POINTER))
			return false;
		memcpy(&ptr, data, sizeof(ptr));
		return !ptr;
	}
}

static void put_mapping(struct printer *p, const cyaml_schema_field_t *f, const char *data,
                        int depth)
{
	bool first = true;

	if (p->hook && p->hook(f, data, p->out, p->arg))
		return;
	strbuf_addc(p->out, '{');
	for (; f->key; f++) {
		const char *at = data + f->data_offset;
		uint64_t count = get_count(f, data);

		if (is_unset(&f->value, at, count))
			continue;
		strbuf_adds(p->out, first ? "" : ",");
		first = false;
		indent(p, depth + 1);
		record_json_string(f->key, p->out);
		strbuf_adds(p->out, ": ");
		put_value(p, &f->value, at, count, depth + 1);
	}
	if (!first)
		indent(p, depth);
	strbuf_addc(p->out, '}');
}

static void put_value(struct printer *p, const cyaml_schema_value_t *s, const char *data,
                      uint64_t count, int depth)
{
	if (s->flags & CYAML_FLAG_POINTER) {
		const char *target;

		memcpy(&target, data, sizeof(target));
		data = target;
	}
	switch (s->type) {
	case CYAML_STRING:
		record_json_string(data ? data : "", p->out);
		break;
	case CYAML_BOOL:
		strbuf_adds(p->out, *(const bool *)data ? "true" : "false");
		break;
	case CYAML_ENUM:
		record_json_string(enum_text(s, get_int(s, data)), p->out);
		break;
	case CYAML_MAPPING:
		put_mapping(p, s->mapping.fields, data, depth);
		break;
	case CYAML_SEQUENCE:
		strbuf_addc(p->out, '[');
		for (uint64_t i = 0; i < count; i++) {
			const cyaml_schema_value_t *entry = s->sequence.entry;
			size_t size = entry->flags & CYAML_FLAG_POINTER ? sizeof(void *)
			                                                : entry->data_size;

			strbuf_adds(p->out, i ? "," : "");
			indent(p, depth + 1);
			put_value(p, entry, data + i * size, 0, depth + 1);
		}
		indent(p, depth);
		strbuf_addc(p->out, ']');
		break;
	default:
		strbuf_addf(p->out, "%lld", (long long)get_int(s, data));
		break;
	}
}

void record_json(const cyaml_schema_value_t *schema, const void *record, record_json_hook *hook,
                 void *arg, struct strbuf *out)
{
	struct printer p = {out, hook, arg};

	put_value(&p, schema, schema->flags & CYAML_FLAG_POINTER ? (const char *)&record : record,
	          0, 0);
	strbuf_addc(out, '\n');
}
