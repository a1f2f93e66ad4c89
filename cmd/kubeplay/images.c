/* SPDX-License-Identifier: Apache-2.0 */
/* images.c - see images.h */
#include "cmd/kubeplay/images.h"

static enum fetch_progress progress(const struct image_values *v)
{
	const char *term = getenv("TERM");

	if (v->quiet)
		return FETCH_QUIET;
	return isatty(STDERR_FILENO) && term && !streq(term, "dumb") ? FETCH_BARS : FETCH_PLAIN;
}

int images_request(struct cli *c, const struct image_values *v, struct fetch_request *ret,
                   struct err *e)
{
	const struct dirs *d;
	const struct idmap *m;

	if (cli_ids(c, &m, e) < 0 || cli_dirs(c, &d, e) < 0)
		return -1;
	*ret = (struct fetch_request){
		.dirs = d,
		.idmap = m,
		.libexec = cli_libexec(c),
		.authfile = v->authfile,
		.tls_no_verify = !v->tls_verify,
		.progress = progress(v),
		.progress_fd = STDERR_FILENO,
		.timeout_ms = -1,
	};
	return 0;
}
