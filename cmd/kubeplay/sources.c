/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c - see sources.h */
#include "cmd/kubeplay/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "pkg/util/fd.h"
#include "pkg/util/proc.h"

static bool is_manifest(const char *name)
{
	return name[0] != '.' && (ends_with(name, ".yaml") || ends_with(name, ".yml"));
}

static int list_manifests(struct strv *ret, struct err *e)
{
	DIR *d = opendir(".");
	const struct dirent *entry;

	if (!d)
		return err_sys_kind(e, ERR_INPUT, errno, "working directory");
	while ((entry = readdir(d)))
		if (is_manifest(entry->d_name))
			strv_add(ret, entry->d_name);
	(void)closedir(d);
	return 0;
}

int sources_default(char **ret, struct err *e)
{
	static const char *const preferred[] = {"kube.yaml", "pod.yaml"};
	autostrv struct strv found = {0};

	if (list_manifests(&found, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(preferred); i++)
		if (strv_has(&found, preferred[i])) {
			*ret = xstrdup(preferred[i]);
			return 0;
		}
	if (found.len == 1) {
		*ret = xstrdup(found.v[0]);
		return 0;
	}
	if (!found.len)
		(void)err_set(e, ERR_USAGE,
		              "no manifest here: no kube.yaml, pod.yaml or other *.yaml");
	else
		(void)err_set(e, ERR_USAGE, "%zu manifests here and none is kube.yaml or pod.yaml",
		              found.len);
	return err_hint(e,
	                "name a file, a directory (. for all of this one) or - for standard input");
}

/* --- on the network ----------------------------------------------------------------------------
 */

enum { MAX_TEXT = 64 << 20, MAX_MESSAGE = 4096 };

char *sources_url_shown(const char *url)
{
	const char *host = strstr(url, "://");
	size_t end = strcspn(url, "#"), authority;
	const char *at;

	host = host ? host + 3 : url;
	authority = strcspn(host, "/?#");
	at = memrchr(host, '@', authority);
	at = at ? at + 1 : host;
	return xasprintf("%.*s%.*s", (int)(host - url), url, (int)(url + end - at), at);
}

/* "#sha256=HEX" behind a URL: its 64 digits, "" if there is none, NULL if it is something else. */
static const char *pin_of(const char *url)
{
	static const char key[] = "#sha256=";
	const char *fragment = strchr(url, '#');
	const char *hex = fragment ? fragment + sizeof(key) - 1 : NULL;

	if (!fragment)
		return "";
	if (!starts_with(fragment, key) || strlen(hex) != 64 ||
	    strspn(hex, "0123456789abcdefABCDEF") != 64)
		return NULL;
	return hex;
}

/* What the child says, read to the end; its answer decides. */
static int read_answer(int pidfd, int out, int said, struct strbuf *text, struct err *e)
{
	static const enum err_kind kinds[] = {[1] = ERR_HOST,  [2] = ERR_USAGE, [3] = ERR_INPUT,
	                                      [4] = ERR_IMAGE, [5] = ERR_HOST,  [6] = ERR_TIMEOUT};
	struct err ignored = {0};
	autostrbuf struct strbuf message = {0};
	int r = fd_read_all(out, MAX_TEXT, text, e), code;

	(void)fd_read_all(said, MAX_MESSAGE, &message, &ignored);
	code = proc_reap(pidfd);
	if (code == 0)
		return r;
	autofree char *clean = str_sanitize(message.s ? message.s : "", message.len);

	return err_set(e, code > 0 && code < (int)ARRAY_LEN(kinds) ? kinds[code] : ERR_HOST, "%s",
	               *clean ? clean : "kubeplay-image failed");
}

static int run_fetch(const char *libexec, const char *url, const char *pin, struct strbuf *text,
                     struct err *e)
{
	autofree char *program = xasprintf("%s/kubeplay-image", libexec);
	autofree char *plain = xstrndup(url, strcspn(url, "#"));
	const char *const argv[] = {program, "--fetch-url", plain, *pin ? "--sha256" : NULL,
	                            pin,     NULL};
	int out[2] = {-1, -1}, said[2] = {-1, -1}, r = -1;
	autoclose int pidfd = -1;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0)
		(void)err_sys(e, errno, "pipe");
	else if (proc_spawn(&(struct proc_cmd){.argv = argv, .out = out[1], .err = said[1]}, &pidfd,
	                    e) >= 0)
		r = 0;
	close_fd(&out[1]);
	close_fd(&said[1]);
	if (r == 0)
		r = read_answer(pidfd, out[0], said[0], text, e);
	close_fd(&out[0]);
	close_fd(&said[0]);
	return r;
}

int sources_fetch(const char *libexec, const char *url, struct strbuf *text, struct err *e)
{
	autofree char *shown = sources_url_shown(url);
	const char *pin = pin_of(url);

	if (!pin)
		return err_set(e, ERR_USAGE,
		               "%s: only #sha256= and 64 hexadecimal digits may follow a URL",
		               shown);
	if (run_fetch(libexec, url, pin, text, e) < 0)
		return err_wrap(e, "%s", shown);
	return 0;
}
