/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - a fuzz target without a fuzzer: runs every file of the given files and directories, as
 * TAP
 *
 * What a fuzzer once found stays in the corpus and is a regression test for ever, also with gcc.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/util/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count;

static void replay_file(const char *path)
{
	autostrbuf struct strbuf text = {0};
	struct err e = {0};

	count++;
	if (fd_read_file(AT_FDCWD, path, 64 << 20, &text, &e) < 0) {
		(void)printf("not ok %d - %s: %s\n", count, path, e.msg);
		return;
	}
	/* exactly as large as the input, so that a sanitizer sees reads behind it */
	autofree uint8_t *exact = xmalloc(MAX(text.len, (size_t)1));

	if (text.len)
		memcpy(exact, text.s, text.len);
	(void)LLVMFuzzerTestOneInput(exact, text.len);
	(void)printf("ok %d - %s\n", count, path);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void replay(const char *path)
{
	struct dirent **entries = NULL;
	struct stat st;
	int n;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &entries, visible, alphasort);
	for (int i = 0; i < n; i++) {
		autofree char *name = xasprintf("%s/%s", path, entries[i]->d_name);

		if (stat(name, &st) == 0 && S_ISREG(st.st_mode))
			replay_file(name);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	(void)setvbuf(stdout, NULL, _IONBF, 0); /* the last line names what crashed */
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (!count)
		(void)printf("not ok 1 - no input\n");
	(void)printf("1..%d\n", MAX(count, 1));
	return 0;
}
