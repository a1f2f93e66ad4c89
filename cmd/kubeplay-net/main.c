/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - kubeplay-net: port forwarder and resolver of one project, started by its supervisor */
#include <sys/prctl.h>

#include "net/server.h"
#include "pkg/util/log.h"

int main(int argc, char **argv)
{
	struct err e = {0};

	if (argc == 2 && streq(argv[1], "--version")) {
		(void)printf("kubeplay-net %s\n", KP_VERSION);
		return 0;
	}
	if (argc != 1) {
		log_error("kubeplay-net is started by kubeplay and takes no arguments");
		return 2;
	}
	(void)prctl(PR_SET_NAME, "kubeplay-net"); /* executed by descriptor, it has a number */
	if (server_run(&e) < 0) {
		log_error("%s", e.msg);
		return err_exit_code(&e);
	}
	return 0;
}
