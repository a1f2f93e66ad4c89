/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c - see sources.h */
#include "cmd/kubeplay/sources.h"

#include <dirent.h>
#include <errno.h>

#include "pkg/util/str.h"

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
