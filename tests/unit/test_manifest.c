/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest.c - registry JSON, good and hostile; platforms */
#include "tests/unit/test.h"

#include "pkg/image/digest.h"
#include "pkg/image/manifest.h"
#include "pkg/util/str.h"

#define D(c)                                                                                       \
	"sha256:" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c  \
		c c c c c c c c c c c c c c c c c c c c c c c c
#define DESC(c, size) "{\"digest\":\"" D(c) "\",\"size\":" size "}"

static int parse(const char *text, struct manifest *m, struct err *e)
{
	return manifest_parse(text, strlen(text), m, e);
}

TEST(a_manifest_is_read)
{
	struct manifest m = {0};
	struct err e = {0};

	assert_int_equal(
		parse("{\"schemaVersion\":2,\"config\":" DESC("a", "7") ",\"layers\":[" DESC(
			      "b", "8") "," DESC("c", "9") "]}",
	              &m, &e),
		0);
	assert_false(m.is_index);
	assert_string_equal(m.config.digest, D("a"));
	assert_int_equal(m.layers_len, 2);
	assert_int_equal(m.layers[1].size, 9);
	manifest_done(&m);
}

TEST(hostile_manifests_are_refused)
{
	static const char *const rows[] = {
		"",
		"[]",
		"{}",
		"{\"schemaVersion\":1,\"fsLayers\":[]}",
		"{\"schemaVersion\":\"2\",\"manifests\":[]}",
		"{\"schemaVersion\":2,\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":7,\"layers\":[]}",
		"{\"config\":" DESC("a", "7") ",\"layers\":[],\"manifests\":[]}",
		"{\"config\":" DESC("a", "7") ",\"layers\":{}}",
		"{\"config\":" DESC("a", "7") ",\"layers\":[3]}",
		"{\"config\":" DESC("a", "-1") ",\"layers\":[]}",
		"{\"config\":" DESC("a", "1.5") ",\"layers\":[]}",
		"{\"config\":" DESC("a", "\"7\"") ",\"layers\":[]}",
		"{\"config\":" DESC("a", "99999999") ",\"layers\":[]}",
		"{\"config\":" DESC("a", "99999999999999999999") ",\"layers\":[]}",
		"{\"config\":" DESC("A", "7") ",\"layers\":[]}",
		"{\"config\":{\"digest\":\"sha256:../../../../etc/passwd\",\"size\":1},\"layers\":[]}",
		"{\"config\":{\"digest\":\"sha512:"
		"aa\",\"size\":1},\"layers\":[]}",
		"{\"config\":{\"size\":1},\"layers\":[]}",
		"{\"config\":" DESC("a", "7") ",\"config\":" DESC("b", "7") ",\"layers\":[]}",
		"{\"config\":" DESC("a", "7") ",\"layers\":[]} trailing",
		"{\"manifests\":[{\"digest\":\"" D("a") "\",\"size\":1,\"platform\":[]}]}",
		"{\"manifests\":[{\"digest\":\"" D("a") "\",\"size\":1,\"platform\":{\"os\":1}}]}",
		"{\"config\":" DESC("a", "7") ",\"layers\":[{\"mediaType\":\"x.tar+encrypted\",\"digest\":\"" D(
			"b") "\",\"size\":1}]}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct manifest m = {0};
		struct err e = {0};

		if (parse(rows[i], &m, &e) == 0)
			fail_msg("accepted: %s", rows[i]);
		assert_true(e.kind == ERR_IMAGE || e.kind == ERR_UNSUPPORTED);
	}
}

TEST(too_much_of_anything_is_refused)
{
	autostrbuf struct strbuf deep = {0}, layers = {0};
	struct manifest m = {0};
	struct err e = {0};

	for (int i = 0; i < 100000; i++)
		strbuf_addc(&deep, '[');
	assert_int_equal(manifest_parse(deep.s, deep.len, &m, &e), -1);
	strbuf_adds(&layers, "{\"config\":" DESC("a", "7") ",\"layers\":[");
	for (int i = 0; i <= MANIFEST_LAYERS_MAX; i++)
		strbuf_addf(&layers, "%s" DESC("b", "1"), i ? "," : "");
	strbuf_adds(&layers, "]}");
	assert_int_equal(manifest_parse(layers.s, layers.len, &m, &e), -1);
	autofree char *big = xcalloc(1, MANIFEST_MAX + 2);

	memset(big, ' ', MANIFEST_MAX + 1);
	assert_int_equal(manifest_parse(big, MANIFEST_MAX + 1, &m, &e), -1);
	assert_non_null(strstr(e.msg, "4 MiB"));
}

TEST(a_config_gives_its_diff_ids)
{
	static const char good[] = "{\"architecture\":\"amd64\",\"created\":\"2024\","
				   "\"rootfs\":{\"diff_ids\":[\"" D("a") "\"]}}";
	static const char *const bad[] = {
		"{}",
		"{\"rootfs\":{\"diff_ids\":\"x\"}}",
		"{\"rootfs\":{\"diff_ids\":[\"sha256:../../x\"]}}",
		"{\"rootfs\":{\"diff_ids\":[7]}}",
		"{\"architecture\":7,\"rootfs\":{\"diff_ids\":[]}}",
	};
	struct config_info c = {0};
	struct err e = {0};

	assert_int_equal(config_info_parse(good, strlen(good), &c, &e), 0);
	assert_int_equal(c.diff_ids_len, 1);
	assert_string_equal(c.architecture, "amd64");
	config_info_done(&c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (config_info_parse(bad[i], strlen(bad[i]), &c, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
}

#define ENTRY(c, os, arch, variant)                                                                \
	"{\"digest\":\"" D(c) "\",\"size\":1,\"platform\":{\"os\":\"" os                           \
			      "\",\"architecture\":\"" arch "\",\"variant\":\"" variant "\"}}"

TEST(the_best_platform_of_an_index_is_chosen)
{
	static const char text[] = "{\"manifests\":[" ENTRY("0", "unknown", "unknown", "") "," ENTRY("1", "windows", "amd64", "") "," ENTRY(
		"2", "linux", "amd64",
		"v3") "," ENTRY("3", "linux", "amd64",
	                        "") "," ENTRY("4", "linux", "arm",
	                                      "v5") "," ENTRY("5", "linux", "arm",
	                                                      "v6") "," ENTRY("6", "linux", "arm",
	                                                                      "v7") "," ENTRY("7",
	                                                                                      "linux",
	                                                                                      "arm64",
	                                                                                      "v8") "," ENTRY("8",
	                                                                                                      "linux",
	                                                                                                      "riscv64",
	                                                                                                      "") "," ENTRY("9",
	                                                                                                                    "linux",
	                                                                                                                    "s390x",
	                                                                                                                    "v9") "]}";
	static const struct {
		const char *platform, *want;
	} rows[] = {
		{"linux/amd64", D("3")},   {"linux/amd64/v3", D("2")}, {"linux/arm/v7", D("6")},
		{"linux/arm/v6", D("5")},  {"linux/arm64", D("7")},    {"linux/arm64/v8", D("7")},
		{"linux/riscv64", D("8")}, {"linux/ppc64le", NULL},    {"windows/amd64", D("1")},
		{"linux/arm/v4", NULL},    {"linux/s390x", D("9")},
	};
	struct manifest m = {0};
	struct err e = {0};

	if (parse(text, &m, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct platform p;
		const struct manifest_entry *x;

		assert_int_equal(platform_parse(rows[i].platform, &p, &e), 0);
		x = manifest_choose(&m, &p, &e);
		if (!rows[i].want) {
			assert_null(x);
			assert_non_null(strstr(e.msg, "linux/arm/v7"));
			assert_null(strstr(e.msg, "unknown"));
		} else if (!x || strcmp(x->desc.digest, rows[i].want) != 0) {
			fail_msg("%s gives %s", rows[i].platform, x ? x->desc.digest : "nothing");
		}
	}
	manifest_done(&m);
}

TEST(platforms_are_two_or_three_words)
{
	static const char *const bad[] = {
		"",       "linux",   "linux/",
		"/amd64", "a/b/c/d", "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct platform p;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (platform_parse(bad[i], &p, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(platform_parse(NULL, &p, &e), 0);
	assert_string_equal(p.os, "linux");
}

TEST(a_synthesized_manifest_can_be_read_back)
{
	char one[] = D("d"), *ids[] = {one};
	const int64_t sizes[] = {4096};
	autofree char *text = manifest_synthesize(D("c"), 10, ids, sizes, 1);
	struct manifest m = {0};
	struct err e = {0};

	assert_int_equal(parse(text, &m, &e), 0);
	assert_string_equal(m.layers[0].digest, D("d"));
	assert_int_equal(m.layers[0].size, 4096);
	manifest_done(&m);
}

TEST(sha256_is_sha256)
{
	char got[DIGEST_SIZE];

	digest_of("abc", 3, got);
	assert_string_equal(got, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
	                         "f20015ad");
}

RUN_TESTS(CASE(a_manifest_is_read), CASE(hostile_manifests_are_refused),
          CASE(too_much_of_anything_is_refused), CASE(a_config_gives_its_diff_ids),
          CASE(the_best_platform_of_an_index_is_chosen), CASE(platforms_are_two_or_three_words),
          CASE(a_synthesized_manifest_can_be_read_back), CASE(sha256_is_sha256))
