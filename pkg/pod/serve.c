/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - what clients of a running project ask for
 *
 * Theory of operation: a request is answered at once or leaves a mark that the turn of the loop
 * looks at (waiting, removing, ending). `apply` brings the plan of a changed project: everything of
 * it is checked and made before the old plan is forgotten.
 */
#include "pkg/pod/check.h"
#include "pkg/pod/client.h"
#include "pkg/pod/supervisor.h"
#include "pkg/util/fd.h"
#include "pkg/util/log.h"

enum {
	PLAN_MAX = 64 << 20,
	DATA_MAX = 256 << 20,
	SECRETS_MAX = 7 << 20, /* in one message, where they may take twice as much */
};

static struct supervisor *sup_of(struct ctl_conn *c)
{
	return CONTAINER_OF(c->ctl, struct supervisor, ctl);
}

static void on_hello(struct ctl_conn *c)
{
	ctl_send(c, json_pack("{s:b,s:i,s:s,s:s}", "ok", 1, "protocol", CTL_PROTOCOL, "project",
	                      sup_of(c)->state->project, "version", KP_VERSION));
}

static void on_remove(struct ctl_conn *c, const struct request *r)
{
	struct supervisor *sup = sup_of(c);
	struct err e = {0};
	bool any = false;

	for (size_t i = 0; i < r->pods.len; i++) {
		struct pod *p = pod_find(sup, r->pods.v[i]);

		if (!p)
			continue;
		p->removing = any = true;
		p->remover = c;
		pod_stop(p, -1);
	}
	if (any && sup_save_plan(sup, &e) < 0)
		log_error("%s", e.msg);
	if (!any)
		ctl_ok(c);
}

/* Removed pods are forgotten once they are over; who asked for the last of them gets an answer. */
void serve_removals(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->pod_count;) {
		struct pod *p = sup->pods[i];
		struct ctl_conn *c = p->remover;
		bool more = false;

		if (!p->removing || !pod_is_over(p)) {
			i++;
			continue;
		}
		pod_remove(p);
		for (size_t j = 0; j < sup->pod_count; j++)
			more |= sup->pods[j]->remover == c;
		if (c && !more)
			ctl_ok(c);
	}
}

struct apply {
	struct generation *gen;
	struct strbuf objects;
	int *fds; /* all descriptors, in order; -1 once taken */
	size_t nfds, at;
};

static int read_plan(struct apply *a, const struct supervisor *sup, struct err *e)
{
	autostrbuf struct strbuf plan = {0}, data = {0};

	if (a->nfds < 3)
		return err_set(e, ERR_INPUT, "apply: plan, data and objects are missing");
	if (fd_read_memfd(a->fds[0], PLAN_MAX, &plan, e) < 0 ||
	    fd_read_memfd(a->fds[1], DATA_MAX, &data, e) < 0 ||
	    fd_read_memfd(a->fds[2], PLAN_MAX, &a->objects, e) < 0)
		return -1;
	a->at = 3;
	if (plan_load(plan.s ? plan.s : "", plan.len, &a->gen->plan, e) < 0)
		return -1;
	if (data.len && plan_data_unpack(data.s, data.len, &a->gen->data, e) < 0)
		return -1;
	if (data.s)
		explicit_bzero(data.s, data.len);
	if (check_plan(a->gen->plan, e) < 0)
		return -1;
	if (!streq(a->gen->plan->project, sup->state->project))
		return err_set(e, ERR_INPUT, "apply: the plan is another project's");
	return 0;
}

static bool is_added(const struct plan_pod *p, void *arg)
{
	const struct request *r = arg;

	for (size_t i = 0; i < r->add_count; i++)
		if (p->name && streq(r->add[i].name, p->name))
			return true;
	return false;
}

static int load_images(struct supervisor *sup, struct apply *a, struct request *r, struct err *e)
{
	autoclose int store = -1;

	if (!r->add_count)
		return 0;
	store = dirs_open_data(&sup->dirs, "store", false, e);
	if (store < 0 || images_load(store, a->gen->plan, is_added, r, &a->gen->images, e) < 0)
		return -1;
	return images_open(store, sup->bottom_fd, &a->gen->images, e);
}

/* Take the descriptors of one pod out of the heap of them. */
static int take_fds(struct apply *a, size_t n, int **ret, struct err *e)
{
	if (n > a->nfds - a->at)
		return err_set(e, ERR_INPUT, "apply: descriptors are missing");
	*ret = xcalloc(n + 1, sizeof(int));
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = take_fd(&a->fds[a->at++]);
	return 0;
}

static int add_pod(struct supervisor *sup, struct apply *a, const struct request_pod *add,
                   struct err *e)
{
	const struct plan_pod *plan = plan_find_pod(a->gen->plan, add->name);
	struct pod_grant g = {.listener_count = add->listeners, .tree_count = add->trees};
	int r = -1;

	if (!plan || pod_find(sup, add->name))
		return err_set(e, ERR_INPUT, "apply: pod %s %s", add->name,
		               plan ? "is there already" : "is not in the plan");
	if (take_fds(a, add->listeners, &g.listeners, e) == 0 &&
	    take_fds(a, add->trees, &g.trees, e) == 0) {
		int *trees = g.trees;

		if (!add->trees)
			g.trees = NULL;
		r = pod_make(sup, a->gen, plan, &g, e);
		g.trees = trees;
	}
	if (g.listeners)
		fd_close_many(g.listeners, g.listener_count);
	if (g.trees)
		fd_close_many(g.trees, g.tree_count);
	free(g.listeners);
	free(g.trees);
	return r;
}

static void undo_adds(struct supervisor *sup, const struct generation *gen)
{
	for (size_t i = sup->pod_count; i-- > 0;)
		if (sup->pods[i]->gen == gen)
			pod_remove(sup->pods[i]); /* nothing of it was started yet */
}

static void take_header(struct supervisor *sup, const struct plan *plan, const struct request *r)
{
	struct state_project *s = sup->state;

	for (uint32_t i = 0; i < s->files_count; i++)
		free(s->files[i]);
	s->files_count = plan->files_count;
	s->files = xrealloc(s->files, (plan->files_count + 1) * sizeof(char *));
	for (uint32_t i = 0; i < plan->files_count; i++)
		s->files[i] = xstrdup(plan->files[i]);
	s->created_claims = xrealloc(
		s->created_claims, (s->created_claims_count + r->claims.len + 1) * sizeof(char *));
	for (size_t i = 0; i < r->claims.len; i++)
		s->created_claims[s->created_claims_count++] = xstrdup(r->claims.v[i]);
}

static int apply(struct supervisor *sup, struct apply *a, struct request *r, struct err *e)
{
	if (sup->ending)
		return err_set(e, ERR_WORKLOAD, "the project is being stopped");
	if (read_plan(a, sup, e) < 0 || load_images(sup, a, r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->add_count; i++) {
		if (add_pod(sup, a, &r->add[i], e) < 0) {
			undo_adds(sup, a->gen);
			return -1;
		}
	}
	generation_unref(sup->gen);
	sup->gen = a->gen;
	a->gen->refs++;
	take_header(sup, a->gen->plan, r);
	pods_sort(sup, a->gen->plan);
	if (sup_save_plan(sup, e) < 0 ||
	    sup_save_objects(sup, a->objects.s, a->objects.len, e) < 0 ||
	    sup_save_state(sup, e) < 0)
		return -1;
	return 0;
}

static void on_apply(struct ctl_conn *c, struct request *r, int *fds, size_t nfds)
{
	struct supervisor *sup = sup_of(c);
	struct apply a = {.gen = xcalloc(1, sizeof(*a.gen)), .nfds = c->nfds + nfds};
	struct err e = {0};

	a.gen->refs = 1;
	a.fds = xcalloc(a.nfds + 1, sizeof(int));
	if (c->nfds)
		memcpy(a.fds, c->fds, c->nfds * sizeof(int));
	if (nfds)
		memcpy(a.fds + c->nfds, fds, nfds * sizeof(int));
	c->nfds = 0;
	if (apply(sup, &a, r, &e) < 0) {
		log_error("apply: %s", e.msg);
		ctl_fail(c, &e);
	} else {
		ctl_ok(c);
	}
	fd_close_many(a.fds, a.nfds);
	free(a.fds);
	strbuf_done(&a.objects);
	generation_unref(a.gen);
	sup_changed(sup);
}

/* The values of Secrets, to the user whose they are. */
static void on_secrets(struct ctl_conn *c)
{
	const struct plan_datum *d = plan_data_get(&sup_of(c)->gen->data, PLAN_DATA_SECRETS);
	json_t *text = json_stringn(d ? d->bytes : "", d ? MIN(d->len, (size_t)SECRETS_MAX) : 0);
	struct err e = {0};

	if (!text || (d && d->len > SECRETS_MAX)) {
		json_decref(text);
		(void)err_set(&e, ERR_UNSUPPORTED, "the Secrets are not text of at most %d MiB",
		              SECRETS_MAX >> 20);
		ctl_fail(c, &e);
		return;
	}
	ctl_send(c, json_pack("{s:b, s:o}", "ok", 1, "secrets", text));
}

void serve_request(struct ctl_conn *c, struct request *r, int *fds, size_t nfds)
{
	struct supervisor *sup = sup_of(c);

	if (r->op == REQUEST_EXEC) {
		exec_start(sup, c, r, fds, nfds);
		return;
	}
	if (r->op == REQUEST_APPLY) {
		on_apply(c, r, fds, nfds);
		return;
	}
	fd_close_many(fds, nfds);
	if (r->op == REQUEST_HELLO) {
		on_hello(c);
	} else if (r->op == REQUEST_REMOVE) {
		on_remove(c, r);
	} else if (r->op == REQUEST_STOP) {
		ctl_ok(c);
		sup->stopper = c;
		sup_begin_end(sup, r->grace < 0 ? -1 : r->grace * 1000);
	} else if (r->op == REQUEST_SECRETS) {
		on_secrets(c);
	} else if (r->op == REQUEST_WAIT) {
		c->waiting = true;
		sup_changed(sup);
	} else {
		ctl_ok(c);
	}
}

void serve_closed(struct ctl_conn *c)
{
	struct supervisor *sup = sup_of(c);

	exec_conn_closed(sup, c);
	if (sup->stopper == c)
		sup->stopper = NULL;
	for (size_t i = 0; i < sup->pod_count; i++)
		if (sup->pods[i]->remover == c)
			sup->pods[i]->remover = NULL;
}
