/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trash.c - how writable layers and the directories of pods are removed
 *
 * Theory of operation: while the project lives nobody waits for it: a tree is renamed into `trash`,
 * which a child empties. At the end everything must be gone before we are, and a layer is six
 * inodes for the overlay alone, so several children share the layers.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "pkg/pod/supervisor.h"
#include "pkg/util/fs.h"
#include "pkg/util/log.h"

enum { TRASH_NICE = 10, MAX_WORKERS = 4, LAYERS_PER_WORKER = 4 };

void trash_empty(struct supervisor *sup)
{
	unsigned int from = sup->trash_gone + 1, to = sup->trash_made;
	pid_t pid;

	if (sup->remover_pid || sup->trash_gone == sup->trash_made)
		return;
	pid = fork();
	if (pid < 0)
		return;
	if (pid == 0) {
		(void)!nice(TRASH_NICE);
		for (unsigned int i = from; i <= to; i++) {
			char name[16];
			struct err e = {0};

			(void)snprintf(name, sizeof(name), "%u", i);
			(void)fs_remove_tree(sup->trash_fd, name, &e);
		}
		_exit(0);
	}
	sup->remover_pid = pid;
	sup->trash_gone = to;
}

void sup_trash(struct supervisor *sup, int dirfd, const char *name)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", sup->trash_made + 1);
	if (sup->trash_fd < 0) {
		struct err e = {0};

		sup->trash_fd = fs_open_dir(sup->data_fd, "trash", 0700, &e);
	}
	if (renameat(dirfd, name, sup->trash_fd, number) < 0) {
		if (errno != ENOENT)
			log_error("cannot move %s away (errno %d)", name, errno);
		return;
	}
	sup->trash_made++;
	trash_empty(sup);
}

/* --- at the end --------------------------------------------------------------------------- */

static size_t count_layers(const struct supervisor *sup)
{
	size_t n = 0;

	for (size_t i = 0; i < sup->pod_count; i++)
		n += sup->pods[i]->count;
	return n;
}

static void remove_layer(int rootfs, const char *container)
{
	static const char *const kinds[] = {"upper", "work"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		autofree char *name = xasprintf("%s.%s", container, kinds[i]);
		struct err e = {0};

		(void)fs_remove_tree(rootfs, name, &e); /* who comes last says why not */
	}
}

/* Every count-th layer. */
static void remove_share(const struct supervisor *sup, size_t which, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < sup->pod_count; i++) {
		const struct pod *p = sup->pods[i];
		autoclose int rootfs =
			p->volumes_made ? openat(p->volumes.pod_fd, "rootfs",
		                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
					: -1;

		for (size_t j = 0; rootfs >= 0 && j < p->count; j++)
			if (n++ % count == which)
				remove_layer(rootfs, p->containers[j].plan->name);
	}
}

int trash_everything(struct supervisor *sup, struct err *e)
{
	size_t workers = MIN(count_layers(sup) / LAYERS_PER_WORKER, (size_t)MAX_WORKERS);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pid_t pids[MAX_WORKERS] = {0};

	workers = MAX(MIN(workers, (size_t)MAX(cpus, 1L)), (size_t)1);
	for (size_t i = 1; i < workers; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			remove_share(sup, i, workers);
			_exit(0);
		}
	}
	if (workers > 1)
		remove_share(sup, 0, workers);
	for (size_t i = 1; i < workers; i++)
		while (pids[i] > 0 && waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	if (fs_remove_tree(sup->data_fd, "pods", e) < 0 ||
	    fs_remove_tree(sup->data_fd, "trash", e) < 0)
		return -1;
	return 0;
}
