/* SPDX-License-Identifier: Apache-2.0 */
/* ns.c - namespaces made and visited by vfork-like children; see ns.h */
#include "pkg/runtime/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { STACK_SIZE = 256 * 1024 };

struct visit {
	int join_fd, join_type; /* -1: nothing to join */
	int (*in_ns)(void *arg, struct err *e);
	void *arg;
	struct ns_set *set; /* what to open, NULL: nothing */
	int flags;
	struct err *e;
	int result;
};

static int open_ns(const char *name, struct err *e)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "open %s", path) : fd;
}

static int open_set(struct visit *v)
{
	const struct {
		int flag;
		const char *name;
		int *fd;
	} kinds[] = {
		{CLONE_NEWNET, "net", &v->set->net},
		{CLONE_NEWIPC, "ipc", &v->set->ipc},
		{CLONE_NEWUTS, "uts", &v->set->uts},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (v->flags & kinds[i].flag && (*kinds[i].fd = open_ns(kinds[i].name, v->e)) < 0)
			return -1;
	return 0;
}

static int visit_child(void *arg)
{
	struct visit *v = arg;

	v->result = -1;
	if (v->join_fd >= 0 && setns(v->join_fd, v->join_type) < 0)
		(void)err_sys(v->e, errno, "join namespace");
	else if (!v->in_ns || v->in_ns(v->arg, v->e) >= 0)
		v->result = v->set ? open_set(v) : 0;
	return 0; /* the C library ends just this process, without exit handlers */
}

/*
 * We sleep while the child works: it shall do so on our processor, not queue behind somebody on
 * another one while ours is idle, which is where the scheduler likes to put it.
 */
static bool stay_here(cpu_set_t *ret_before)
{
	int cpu = sched_getcpu();
	cpu_set_t here;

	if (cpu < 0 || cpu >= CPU_SETSIZE ||
	    sched_getaffinity(0, sizeof(*ret_before), ret_before) < 0)
		return false;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	return sched_setaffinity(0, sizeof(here), &here) == 0;
}

/* "All" is what nobody restricted has, and keeps following the cgroup; else what it was. */
static void stay_anywhere(const cpu_set_t *before)
{
	cpu_set_t all, now;

	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all) < 0 ||
	    sched_getaffinity(0, sizeof(now), &now) < 0 || !CPU_EQUAL(&now, before))
		(void)sched_setaffinity(0, sizeof(*before), before);
}

/* Memory and descriptors are shared, and the caller sleeps until the child is gone. */
static int visit(struct visit *v)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	cpu_set_t before;
	bool stays;
	int saved;
	pid_t pid;

	if (stack == MAP_FAILED)
		return err_sys(v->e, errno, "mmap stack");
	v->result = -1;
	(void)err_set(v->e, ERR_HOST, "the namespace child was killed");
	stays = stay_here(&before);
	pid = clone(visit_child, stack + STACK_SIZE,
	            CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD | v->flags, v);
	saved = errno;
	if (stays)
		stay_anywhere(&before);
	(void)munmap(stack, STACK_SIZE);
	if (pid < 0)
		return err_sys(v->e, saved, "make namespaces");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (v->result == 0)
		*v->e = (struct err){0};
	return v->result;
}

int ns_make(int flags, int (*in_ns)(void *arg, struct err *e), void *arg, struct ns_set *ret,
            struct err *e)
{
	struct ns_set set = {-1, -1, -1};
	struct visit v = {
		.join_fd = -1, .in_ns = in_ns, .arg = arg, .set = &set, .flags = flags, .e = e};

	if (visit(&v) < 0) {
		ns_close(&set);
		return -1;
	}
	*ret = set;
	return 0;
}

int ns_join_run(int nsfd, int nstype, int (*in_ns)(void *arg, struct err *e), void *arg,
                struct err *e)
{
	struct visit v = {.join_fd = nsfd, .join_type = nstype, .in_ns = in_ns, .arg = arg, .e = e};

	return visit(&v);
}

void ns_close(struct ns_set *s)
{
	close_fd(&s->net);
	close_fd(&s->ipc);
	close_fd(&s->uts);
}
