/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeplay-image - fetch and unpack images, inside a mapped user namespace (pkg/image/protocol.h)
 *
 * It reads what strangers wrote: JSON, gzip, tar. So before it reads anything it gives up what it
 * does not need: new privileges, being traced, every capability but those that make files of other
 * owners, and (with landlock, where the kernel has it) writing anywhere but below the store.
 *
 * kubeplay-image --fetch-url URL [--sha256 HEX] needs neither namespace nor store: the text goes to
 * stdout, the reason of a failure to stderr and, as kubeplay's own exit code, to the parent.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <sys/prctl.h>

#include "cmd/kubeplay-image/confine.h"
#include "pkg/image/program.h"
#include "pkg/image/url.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"
#include "pkg/util/str.h"

enum { BAD_USAGE = 2 };

static int usage(const char *why)
{
	log_error("kubeplay-image: %s; it is started by kubeplay, not by hand", why);
	return BAD_USAGE;
}

static int number(const char *text)
{
	int64_t n;

	return str_parse_int(text, 0, 1 << 20, &n) == 0 && fcntl((int)n, F_GETFD) >= 0 ? (int)n
	                                                                               : -1;
}

static int fetch(const char *url, const char *sha256)
{
	autostrbuf struct strbuf text = {0};
	struct err e = {0};

	(void)signal(SIGPIPE, SIG_IGN);
	if (confine(-1, &e) == 0 && url_fetch(url, sha256, &text, &e) == 0 &&
	    fd_write_all(STDOUT_FILENO, text.s ? text.s : "", text.len, &e) == 0)
		return 0;
	(void)fd_write_all(STDERR_FILENO, e.msg, strlen(e.msg), &(struct err){0});
	return err_exit_code(&e);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"store-fd", required_argument, NULL, 's'},
		{"request-fd", required_argument, NULL, 'r'},
		{"events-fd", required_argument, NULL, 'e'},
		{"debug", no_argument, NULL, 'd'},
		{"fetch-url", required_argument, NULL, 'u'},
		{"sha256", required_argument, NULL, 'p'},
		{0},
	};
	const char *url = NULL, *sha256 = NULL;
	int store_fd = -1, request_fd = -1, events_fd = -1, c;
	struct err e = {0};

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 's':
			store_fd = number(optarg);
			break;
		case 'r':
			request_fd = number(optarg);
			break;
		case 'e':
			events_fd = number(optarg);
			break;
		case 'd':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'u':
			url = optarg;
			break;
		case 'p':
			sha256 = optarg;
			break;
		default:
			return usage("unknown option");
		}
	}
	if (url && optind == argc)
		return fetch(url, sha256);
	if (optind != argc || store_fd < 0 || request_fd < 0 || events_fd < 0)
		return usage("--store-fd, --request-fd and --events-fd are needed");
	if (geteuid() != 0)
		return usage("not uid 0 of a user namespace");
	(void)prctl(PR_SET_NAME, "kubeplay-image"); /* executed by descriptor, it has a number */
	/* Names in PAX headers are UTF-8; libarchive wants a locale that knows it. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (confine(store_fd, &e) < 0) {
		log_error("kubeplay-image: %s", e.msg);
		return 1;
	}
	return image_program(store_fd, request_fd, events_fd);
}
