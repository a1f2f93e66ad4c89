/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_lower.c - any bytes become a plan that can be printed, saved and read back, or errors */
#include "kube/kube.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plan(const struct kube_result *r)
{
	autostrbuf struct strbuf json = {0}, saved = {0};
	struct plan *again = NULL;
	struct kube_objects *o = NULL;
	struct err e = {0};

	plan_json(r->plan, &json);
	if (plan_save(r->plan, &saved, &e) < 0 || plan_load(saved.s, saved.len, &again, &e) < 0)
		abort();
	plan_free(again);
	if (kube_objects_load(r->objects.s, r->objects.len, &o, &e) < 0)
		abort();
	for (uint32_t i = 0; i < r->plan->pods_count; i++) {
		autostrbuf struct strbuf out = {0};

		if (kube_objects_pod_json(o, &r->plan->pods[i], &out, &e) < 0)
			abort();
	}
	kube_objects_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int mode = KUBE_STRICT; mode <= KUBE_IGNORE; mode++) {
		struct kube_options o = {.validate = (enum kube_validate)mode,
		                         .namespace_default = "default"};
		struct kube_result r;
		struct err e = {0};

		if (kube_load_text("/fuzz.yaml", (const char *)data, size, &o, &r, &e) < 0 ||
		    !r.plan != (r.errors > 0))
			abort();
		for (size_t i = 0; i < r.diag_count; i++)
			free(kube_diag_text(&r.diags[i]));
		if (r.plan)
			check_plan(&r);
		kube_result_done(&r);
	}
	return 0;
}
