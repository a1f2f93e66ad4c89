/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_manifest.c - registry JSON: refused, or with digests that may become paths */
#include "pkg/image/manifest.h"
#include "pkg/store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct descriptor *d)
{
	if (!store_valid_digest(d->digest) || d->size < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct platform p;
	struct manifest m = {0};
	struct config_info c = {0};
	struct image_config i = {0};
	struct err e = {0};

	if (manifest_parse(text, size, &m, &e) == 0) {
		(void)platform_parse(NULL, &p, &e);
		if (m.is_index)
			(void)manifest_choose(&m, &p, &e);
		else
			check(&m.config);
		for (size_t n = 0; n < m.layers_len; n++)
			check(&m.layers[n]);
		for (size_t n = 0; n < m.entries_len; n++)
			check(&m.entries[n].desc);
		manifest_done(&m);
	}
	if (config_info_parse(text, size, &c, &e) == 0) {
		for (size_t n = 0; n < c.diff_ids_len; n++)
			if (!store_valid_digest(c.diff_ids[n]))
				abort();
		config_info_done(&c);
	}
	if (image_config_parse(text, size, &i, &e) == 0)
		image_config_done(&i);
	return 0;
}
