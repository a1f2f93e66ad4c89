/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ctl.c - requests on the control socket: decode anything, leak nothing */
#include "pkg/pod/request.h"
#include "pkg/pod/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *msg = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct request r = {0};
	struct err e = {0};

	if (request_parse(msg, &r, &e) == 0)
		request_done(&r);
	(void)wire_is_error(msg, &e);
	json_decref(msg);
	return 0;
}
