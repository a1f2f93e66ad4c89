/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_state.c - a state file that somebody damaged: an error or a state, never a crash */
#include <fcntl.h>

#include "pkg/state/state.h"
#include "pkg/util/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/kubeplay-fuzz-XXXXXX";
	struct state_project *s = NULL;
	struct err e = {0};
	int fd;

	if (!mkdtemp(dir))
		return 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs_write_atomic(fd, "state.yaml", data, size, 0600, false, &e) == 0 &&
	    state_load(fd, &s, &e) == 0) {
		state_mark_gone(s);
		(void)state_save(fd, s, &e);
		state_free(s);
	}
	(void)close(fd);
	(void)fs_remove_tree(AT_FDCWD, dir, &e);
	return 0;
}
