/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_load.c - a text that is an object of a given kind is refused with a place, or comes back
 * from what we print of it as the same plan, with a fate for all that was written
 *
 * The first byte chooses the kind, the second one how strict we are.
 */
#include "kube/objects.h"
#include "kube/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
	if (!holds)
		abort();
}

static void load(const struct strbuf *text, enum kube_validate mode, struct kube_result *r)
{
	struct kube_options o = {
		.validate = mode, .project = "p", .namespace_default = "default", .fates = true};
	struct err e = {0};

	claim(kube_load_text("/fuzz.yaml", text->s, text->len, &o, r, &e) == 0);
	claim(!r->plan == (r->errors > 0));
	for (size_t i = 0; i < r->diag_count; i++) {
		claim(r->diags[i].rule && r->diags[i].line >= 0);
		free(kube_diag_text(&r->diags[i]));
	}
}

/* All objects as one List. */
static void print_list(const struct kube_result *r, struct strbuf *out)
{
	const struct plan_datum *d = plan_data_get(&r->data, PLAN_DATA_SECRETS);
	struct kube_objects *o = NULL, *secrets = NULL;
	const struct objects_entry *list;
	struct err e = {0};
	size_t count;

	claim(kube_objects_load(r->objects.s, r->objects.len, &o, &e) == 0);
	claim(!d || kube_objects_load(d->bytes, d->len, &secrets, &e) == 0);
	list = objects_list(o, &count);
	strbuf_adds(out, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
	for (size_t i = 0; i < count; i++) {
		strbuf_adds(out, i ? "," : "");
		objects_json(&list[i], secrets, out);
	}
	strbuf_adds(out, "]}");
	kube_objects_free(o);
	kube_objects_free(secrets);
}

static void check_again(const struct kube_result *want, const struct strbuf *text)
{
	autostrbuf struct strbuf a = {0}, b = {0};
	struct kube_result got;

	load(text, KUBE_STRICT, &got);
	claim(got.plan != NULL);
	plan_json(want->plan, &a);
	plan_json(got.plan, &b);
	claim(streq(a.s, b.s));
	kube_result_done(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autostrbuf struct strbuf text = {0}, json = {0}, yaml = {0};
	const struct schema_kind *kind;
	enum kube_validate mode;
	struct kube_result r;

	if (size < 2)
		return 0;
	kind = &schema_kinds[data[0] % OBJECT_TYPE_COUNT];
	mode = (enum kube_validate)(data[1] % (KUBE_IGNORE + 1));
	strbuf_addf(&text, "apiVersion: %s\nkind: %s\n", kind->version, kind->name);
	strbuf_add(&text, data + 2, size - 2);
	load(&text, mode, &r);
	if (r.plan && mode == KUBE_STRICT) {
		print_list(&r, &json);
		print_yaml(json.s, &yaml);
		check_again(&r, &json);
		check_again(&r, &yaml);
	}
	kube_result_done(&r);
	return 0;
}
