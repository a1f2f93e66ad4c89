/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ref.c - image references, challenges, credential files: refused or the same after a round
 * trip */
#include "pkg/image/auth.h"
#include "pkg/store/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const char *text)
{
	struct reference a = {0}, b = {0};
	struct err e = {0};

	if (reference_parse(text, &a, &e) < 0)
		return;
	autofree char *full = reference_canonical(&a);

	if (reference_parse(full, &b, &e) < 0 || !streq(a.domain, b.domain) ||
	    !streq(a.path, b.path) || strstr(a.path, ".."))
		abort();
	(void)reference_loopback(a.domain);
	reference_done(&a);
	reference_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, strnlen((const char *)data, size));
	struct challenge c = {0};
	struct auths auths = {0};
	struct err e = {0};

	round_trip(text);
	challenge_parse(text, &c);
	if (c.realm)
		(void)auth_realm_allowed(c.realm, false);
	challenge_done(&c);
	if (auths_add(&auths, (const char *)data, size, &e) == 0)
		(void)auths_find(&auths, "docker.io", "library/nginx");
	auths_done(&auths);
	return 0;
}
