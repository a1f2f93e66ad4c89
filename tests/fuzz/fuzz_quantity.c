/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_quantity.c - scalars of all kinds: parsers agree with each other and never read past the end
 */
#include "kube/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	int64_t milli, whole;
	bool b;
	size_t len;

	enum scalar_result m = quantity_parse(text, 1000, &milli);
	enum scalar_result w = quantity_parse(text, 1, &whole);

	if ((m == SCALAR_SYNTAX) != (w == SCALAR_SYNTAX) ||
	    quantity_valid(text) != (w != SCALAR_SYNTAX))
		abort();
	if (m == SCALAR_OK &&
	    (w != SCALAR_OK || milli / 1000 > whole + 1 || milli / 1000 < whole - 1))
		abort();
	(void)scalar_kind(text);
	(void)scalar_bool(text, &b);
	(void)scalar_int(text, &whole);
	(void)name_is_subdomain(text);
	(void)name_is_qualified(text);
	(void)name_is_port(text);
	(void)name_is_config_key(text);
	free(base64_decode(text, &len));
	return 0;
}
