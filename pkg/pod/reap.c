/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reap.c - whose child has ended
 *
 * Theory of operation: children are peeked at with WNOWAIT. Containers and execs are ours; the
 * network's helpers are reaped by the network through their pidfds, so a child that we do not know
 * gets ORPHAN_MS before it is taken for an orphan and reaped.
 */
#include <sys/wait.h>

#include "pkg/pod/supervisor.h"
#include "pkg/util/log.h"

enum { ORPHAN_MS = 500 };

static struct sup_container *container_of_pid(struct supervisor *sup, pid_t pid)
{
	for (size_t i = 0; i < sup->pod_count; i++)
		for (size_t j = 0; j < sup->pods[i]->count; j++)
			if (sup->pods[i]->containers[j].pid == pid)
				return &sup->pods[i]->containers[j];
	return NULL;
}

/* Reap pid if it has ended and hand it to its owner. */
static void reap(struct supervisor *sup, pid_t pid)
{
	struct sup_container *c;
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return;
	c = container_of_pid(sup, pid);
	if (c) {
		container_reaped(c, status);
	} else if (pid == sup->remover_pid) {
		sup->remover_pid = 0;
		trash_empty(sup);
	} else {
		(void)exec_reaped(sup, pid, status);
	}
}

/* An unknown child hides those behind it from the peek: ask for each that we know. */
static void reap_known(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->pod_count; i++)
		for (size_t j = 0; j < sup->pods[i]->count; j++)
			if (sup->pods[i]->containers[j].pid)
				reap(sup, sup->pods[i]->containers[j].pid);
	exec_each(sup, reap);
	if (sup->remover_pid)
		reap(sup, sup->remover_pid);
}

static bool known(struct supervisor *sup, pid_t pid)
{
	return container_of_pid(sup, pid) || pid == sup->remover_pid || exec_owns(sup, pid);
}

static pid_t peek(void)
{
	siginfo_t si = {0};

	if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return 0;
	return si.si_pid;
}

void reap_children(struct supervisor *sup)
{
	struct err e = {0};
	pid_t pid;

	while ((pid = peek()) > 0 && known(sup, pid))
		reap(sup, pid);
	if (pid <= 0)
		return;
	reap_known(sup);
	if (sup->orphan == pid)
		return;
	sup->orphan = pid;
	(void)timer_set_ms(&sup->loop, &sup->orphan_timer, ORPHAN_MS, &e);
}

void reap_orphan(struct timer *t)
{
	struct supervisor *sup = CONTAINER_OF(t, struct supervisor, orphan_timer);
	pid_t pid = sup->orphan;

	sup->orphan = 0;
	if (peek() == pid && !known(sup, pid)) {
		log_debug("reaped orphan %d", (int)pid);
		reap(sup, pid);
	}
	reap_children(sup);
}
