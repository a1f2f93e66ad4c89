/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods.c - pods as wholes: made, advanced, judged, stopped, removed
 *
 * Theory of operation: a pod's containers live by their own table; pod_advance() looks at all of
 * them after each change and gives the next ones their turn: init containers one by one, then all
 * others at once. Phase and readiness are derived from the records alone, as Kubernetes derives
 * them, never stored as a second truth.
 */
#include <errno.h>
#include <signal.h>

#include "pkg/pod/supervisor.h"
#include "pkg/util/clock.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"

enum { TAIL_LINES = 5, TAIL_BYTES = 500, MAX_GRACE_S = 100000000 };

void generation_unref(struct generation *g)
{
	if (!g || --g->refs)
		return;
	plan_free(g->plan);
	plan_data_done(&g->data);
	images_done(&g->images);
	free(g);
}

struct volume_place pod_place(struct supervisor *sup)
{
	return (struct volume_place){&sup->dirs, sup->state->project_namespace, sup->data_fd,
	                             sup->private_fd};
}

struct pod *pod_find(struct supervisor *sup, const char *name)
{
	for (size_t i = 0; i < sup->pod_count; i++)
		if (streq(sup->pods[i]->plan->name, name))
			return sup->pods[i];
	return NULL;
}

/* --- making ------------------------------------------------------------------------------- */

/* The records move when the list grows: every pod finds its own again. */
static void relink(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->pod_count; i++)
		sup->pods[i]->st = &sup->state->pods[i];
}

static struct state_pod *new_record(struct supervisor *sup, const struct plan_pod *plan)
{
	struct state_project *s = sup->state;
	uint32_t n = plan->init_containers_count + plan->containers_count;
	struct state_pod *st;

	s->pods = xrealloc(s->pods, (s->pods_count + 1) * sizeof(*s->pods));
	st = &s->pods[s->pods_count++];
	*st = (struct state_pod){
		.name = xstrdup(plan->name),
		.pod_namespace = plan->pod_namespace ? xstrdup(plan->pod_namespace) : NULL,
		.uid = plan->uid ? xstrdup(plan->uid) : NULL,
		.created_ns = clock_real_ns(),
		.containers = n ? xcalloc(n, sizeof(*st->containers)) : NULL,
		.containers_count = n,
	};
	return st;
}

static struct pod *new_pod(struct supervisor *sup, struct generation *gen,
                           const struct plan_pod *plan)
{
	struct pod *p = xcalloc(1, sizeof(*p));
	uint32_t inits = plan->init_containers_count;

	p->sup = sup;
	p->gen = gen;
	gen->refs++;
	p->plan = plan;
	p->net = (struct net_pod){-1, -1, -1, "", "", ""};
	p->st = new_record(sup, plan);
	p->init_count = inits;
	p->count = inits + plan->containers_count;
	p->containers = xcalloc(p->count + 1, sizeof(*p->containers));
	for (uint32_t i = 0; i < p->count; i++)
		container_init(&p->containers[i], p,
		               i < inits ? &plan->init_containers[i] : &plan->containers[i - inits],
		               i < inits, &p->st->containers[i]);
	sup->pods = xrealloc(sup->pods, (sup->pod_count + 1) * sizeof(struct pod *));
	sup->pods[sup->pod_count++] = p;
	relink(sup);
	return p;
}

static int pod_etc(struct pod *p, struct err *e)
{
	struct net_files f = {0};
	int r = p->sup->net_ops->files(p->sup->net, p->plan, &p->net, &f, e);

	if (r == 0)
		r = volumes_etc(&p->volumes, &f, e);
	free(f.hosts);
	free(f.resolv_conf);
	free(f.hostname);
	return r;
}

static int make_parts(struct pod *p, struct pod_grant *g, struct err *e)
{
	struct supervisor *sup = p->sup;
	struct volume_place at = pod_place(sup);

	if (!p->net_added) { /* a live change; at the start the network is made before the map */
		if (sup->net_ops->pod_add(sup->net, p->plan, g->listeners, g->listener_count,
		                          &p->net, e) < 0)
			return -1;
		p->net_added = true; /* it set to -1 what it took of the listeners */
	}
	if (volumes_make(&at, p->plan, &p->gen->data, g->trees, g->tree_count, &p->volumes, e) < 0)
		return -1;
	g->tree_count = 0;
	p->volumes_made = true;
	state_set(&p->st->pod_ip, p->net.ip);
	state_set(&p->st->pod_ip6, p->net.ip6);
	return pod_etc(p, e);
}

int pod_make(struct supervisor *sup, struct generation *gen, const struct plan_pod *plan,
             struct pod_grant *grant, struct err *e)
{
	struct pod *p =
		pod_find(sup, plan->name); /* there already when its network was made first */

	if (!p)
		p = new_pod(sup, gen, plan);
	if (make_parts(p, grant, e) < 0) {
		(void)err_wrap(e, "pod %s", plan->name);
		pod_remove(p);
		return -1;
	}
	sup_changed(sup);
	return 0;
}

int pod_make_network(struct supervisor *sup, struct generation *gen, const struct plan_pod *plan,
                     struct err *e)
{
	struct pod *p = new_pod(sup, gen, plan);

	if (sup->net_ops->pod_add(sup->net, plan, NULL, 0, &p->net, e) < 0)
		return err_wrap(e, "pod %s", plan->name);
	p->net_added = true;
	return 0;
}

/* --- advancing and judging ---------------------------------------------------------------- */

static bool succeeded(const struct sup_container *c)
{
	return container_is_over(c->state) && c->st->state == STATE_TERMINATED &&
	       c->st->now.exit_code == 0;
}

static bool failed_for_good(const struct sup_container *c)
{
	return c->state == CONTAINER_DONE && c->st->now.exit_code != 0;
}

/* The init container whose turn it is, or NULL when all have succeeded. */
static struct sup_container *current_init(const struct pod *p)
{
	for (size_t i = 0; i < p->init_count; i++)
		if (!succeeded(&p->containers[i]))
			return &p->containers[i];
	return NULL;
}

static enum state_pod_phase phase_of(const struct pod *p)
{
	const struct sup_container *init = current_init(p);
	size_t over = 0, bad = 0, begun = 0;

	for (size_t i = 0; i < p->init_count; i++)
		if (failed_for_good(&p->containers[i]))
			return STATE_FAILED;
	for (size_t i = p->init_count; i < p->count; i++) {
		const struct sup_container *c = &p->containers[i];

		over += container_is_over(c->state);
		bad += container_is_over(c->state) && !succeeded(c);
		begun += c->st->state != STATE_WAITING || c->st->now.started_ns ||
		         c->st->last.started_ns;
	}
	if (p->count > p->init_count && over == p->count - p->init_count)
		return bad || init ? STATE_FAILED : STATE_SUCCEEDED;
	return init || !begun ? STATE_PENDING : STATE_POD_RUNNING;
}

static void derive(struct pod *p)
{
	bool ready = !p->stopping && p->count > p->init_count;

	p->st->phase = phase_of(p);
	for (size_t i = 0; i < p->init_count; i++)
		p->containers[i].st->ready = succeeded(&p->containers[i]);
	for (size_t i = p->init_count; i < p->count; i++)
		ready = ready && p->containers[i].st->ready;
	p->st->ready = ready;
	if (p->st->phase == STATE_POD_RUNNING && !p->st->started_ns)
		p->st->started_ns = clock_real_ns();
}

void pod_advance(struct pod *p)
{
	struct sup_container *init;

	if (!p->stopping && p->volumes_made) {
		init = current_init(p);
		if (init)
			container_step(init, CONTAINER_START);
		for (size_t i = p->init_count; !init && i < p->count; i++)
			container_step(&p->containers[i], CONTAINER_START);
	}
	derive(p);
}

static int explain(const struct sup_container *c, const char *what, struct err *e)
{
	struct supervisor *sup = c->pod->sup;
	autofree char *path = xasprintf("projects/%s/logs/%s/%s", sup->state->project,
	                                c->pod->plan->name, c->plan->name);
	struct err ignored = {0};
	autoclose int dir = dirs_open_data(&sup->dirs, path, false, &ignored);
	autofree char *tail = NULL;
	char *save = NULL;

	(void)err_set(e, ERR_WORKLOAD, "pod %s, %scontainer %s: %s", c->pod->plan->name,
	              c->init ? "init " : "", c->plan->name, what);
	if (dir >= 0)
		tail = output_tail(dir, (unsigned int)c->st->restart_count, TAIL_LINES, TAIL_BYTES);
	for (char *line = tail ? strtok_r(tail, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		(void)err_hint(e, "| %s", line);
	return -1;
}

static void describe_exit(const struct state_run *run, char text[128])
{
	if (run->signal)
		(void)snprintf(text, 128, "was killed by signal %d", (int)run->signal);
	else
		(void)snprintf(text, 128, "exited with code %d", (int)run->exit_code);
}

static int verdict_of(const struct sup_container *c, struct err *e)
{
	const struct state_container *st = c->st;
	char text[128], all[256];

	if (c->start_failed) {
		const char *why = st->now.message    ? st->now.message
		                  : st->message      ? st->message
		                  : st->last.message ? st->last.message
		                                     : "it could not be started";

		return err_set(e, ERR_WORKLOAD, "%s", why);
	}
	describe_exit(&st->now, text);
	if (c->state == CONTAINER_BACKOFF && c->delay_ms > 0) {
		(void)snprintf(all, sizeof(all), "%s and is in CrashLoopBackOff", text);
		return explain(c, all, e);
	}
	if (failed_for_good(c))
		return explain(c, text, e);
	if (c->init)
		return succeeded(c);
	return (st->ready && !c->settling) || succeeded(c);
}

int pods_verdict(struct supervisor *sup, struct err *e)
{
	int all = 1;

	for (size_t i = 0; i < sup->pod_count; i++) {
		const struct pod *p = sup->pods[i];

		for (size_t j = 0; j < p->count; j++) {
			int r = verdict_of(&p->containers[j], e);

			if (r < 0)
				return -1;
			all = all && r;
		}
	}
	return all;
}

/* --- ending ------------------------------------------------------------------------------- */

bool pod_is_over(const struct pod *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->containers[i].state != CONTAINER_STOPPED)
			return false;
	return true;
}

static void grace_over(struct timer *t)
{
	struct pod *p = CONTAINER_OF(t, struct pod, clock);

	for (size_t i = 0; i < p->count; i++)
		if (p->containers[i].state == CONTAINER_STOPPING)
			container_step(&p->containers[i], CONTAINER_TIMEOUT);
}

void pod_stop(struct pod *p, int64_t grace_ms)
{
	struct err e = {0};

	if (grace_ms < 0)
		grace_ms = MIN(p->plan->grace_seconds, MAX_GRACE_S) * 1000;
	p->clock.fired = grace_over;
	p->stopping = true;
	for (size_t i = 0; i < p->count; i++)
		container_step(&p->containers[i], CONTAINER_STOP);
	/* Also for a pod that stops already: a second request may shorten its grace period. */
	if (!pod_is_over(p) && timer_set_ms(&p->sup->loop, &p->clock, grace_ms, &e) < 0) {
		log_error("%s", e.msg);
		grace_over(&p->clock);
	}
	sup_changed(p->sup);
}

void pod_remove(struct pod *p)
{
	struct supervisor *sup = p->sup;
	struct volume_place at = pod_place(sup);
	size_t i = 0;

	while (sup->pods[i] != p)
		i++;
	for (size_t j = 0; j < p->count; j++)
		container_done(&p->containers[j]);
	timer_done(&p->clock);
	if (p->volumes_made)
		volumes_done(&p->volumes, &at, p->plan->name);
	if (p->net_added)
		sup->net_ops->pod_remove(sup->net, p->plan->name);
	for (int k = 0; k < 2; k++) {
		struct err e = {0};
		autofree char *path =
			xasprintf("projects/%s/%s", sup->state->project, k ? "logs" : "pods");
		autoclose int dir = dirs_open_data(&sup->dirs, path, false, &e);

		if (dir >= 0)
			sup_trash(sup, dir, p->plan->name);
	}
	state_pod_done(&sup->state->pods[i]);
	memmove(&sup->state->pods[i], &sup->state->pods[i + 1],
	        (sup->pod_count - i - 1) * sizeof(*sup->state->pods));
	memmove(&sup->pods[i], &sup->pods[i + 1], (sup->pod_count - i - 1) * sizeof(struct pod *));
	sup->pod_count--;
	sup->state->pods_count--;
	relink(sup);
	generation_unref(p->gen);
	free(p->containers);
	free(p);
	sup_changed(sup);
}

void pods_sort(struct supervisor *sup, const struct plan *plan)
{
	size_t at = 0;

	for (uint32_t i = 0; i < plan->pods_count; i++) {
		for (size_t j = at; j < sup->pod_count; j++) {
			struct pod *p = sup->pods[j];
			struct state_pod st = sup->state->pods[j];

			if (!streq(p->plan->name, plan->pods[i].name))
				continue;
			sup->pods[j] = sup->pods[at];
			sup->state->pods[j] = sup->state->pods[at];
			sup->pods[at] = p;
			sup->state->pods[at++] = st;
			break;
		}
	}
	relink(sup);
}
