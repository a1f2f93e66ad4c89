/* SPDX-License-Identifier: Apache-2.0 */
/* pathname.c - see pathname.h */
#include "kube/pathname.h"

/* Drop the last part of what was written; false if there is none to drop. */
static bool drop_part(const char *out, size_t *len, size_t root)
{
	if (*len <= root || (*len >= 2 && memcmp(out + *len - 2, "..", 2) == 0 &&
	                     (*len == 2 || out[*len - 3] == '/')))
		return false;
	while (*len > root && out[*len - 1] != '/')
		--*len;
	if (*len > root)
		--*len; /* the slash before it */
	return true;
}

char *path_clean(const char *path)
{
	size_t root = *path == '/', len = root;
	char *out = xmalloc(strlen(path) + 2);

	out[0] = '/';
	for (size_t n; *path; path += n) {
		n = strcspn(path, "/");
		if (n == 0) {
			n = 1;
			continue;
		}
		if (n == 1 && path[0] == '.')
			continue;
		if (n == 2 && memcmp(path, "..", 2) == 0 && (drop_part(out, &len, root) || root))
			continue;
		if (len > root)
			out[len++] = '/';
		memcpy(out + len, path, n);
		len += n;
	}
	out[len] = '\0';
	return out;
}
