/* SPDX-License-Identifier: Apache-2.0 */
/*
 * down.c - stop a project and remove what it made
 *
 * Theory of operation: the polite way is a `stop` on the control socket; the supervisor's end of
 * the connection closes when it is done. Whatever goes wrong on that way ends in SIGKILL, which is
 * as complete, as the supervisor is the init of its pid namespace. Only when its process is really
 * gone, and with it every process of every container, are directories and claims touched. The logs
 * may go a little earlier: when the supervisor says that all containers have stopped, we remove
 * them while it removes their writable layers.
 */
#include <errno.h>
#include <fcntl.h>

#include "pkg/pod/client.h"
#include "pkg/pod/project.h"
#include "pkg/pod/talk.h"
#include "pkg/pod/tidy.h"
#include "pkg/util/clock.h"
#include "pkg/util/log.h"

enum { CONNECT_MS = 2000, MARGIN_MS = 10000, GONE_MS = 120000, DEFAULT_GRACE_S = 30 };

/* The supervisor may be about to listen (its `up` was killed), so try for a moment. */
static int connect_for(int run_fd, struct client *c, struct err *e)
{
	int64_t end = clock_mono_ms() + CONNECT_MS;

	while (client_connect(run_fd, c, e) < 0) {
		if (!state_alive(run_fd) || clock_mono_ms() > end)
			return -1;
		clock_pause_ms(10);
	}
	return 0;
}

static int64_t longest_grace_ms(const struct down_request *r)
{
	struct plan *plan = NULL;
	struct err ignored = {0};
	int64_t most = 0;

	if (r->grace_seconds >= 0)
		return r->grace_seconds * 1000;
	if (project_plan(r->dirs, r->project, &plan, &ignored) < 0)
		return (int64_t)DEFAULT_GRACE_S * 1000;
	for (uint32_t i = 0; i < plan->pods_count; i++)
		most = MAX(most, plan->pods[i].grace_seconds);
	plan_free(plan);
	return MIN(most, (int64_t)INT_MAX) * 1000;
}

static int ask_to_stop(const struct down_request *r, int run_fd, struct err *e)
{
	int64_t deadline = clock_mono_ms() + MARGIN_MS;
	struct client c = {.fd = -1};
	json_t *msg = NULL;
	int n;

	if (connect_for(run_fd, &c, e) < 0)
		return -1;
	n = talk_call(c.fd, -1, deadline,
	              json_pack("{s:s,s:I}", "op", "stop", "grace", (json_int_t)r->grace_seconds),
	              NULL, e);
	deadline += longest_grace_ms(r); /* looked up while it stops */
	while (n >= 0 && (n = talk_next(c.fd, -1, deadline, &msg, e)) > 0) {
		if (json_is_true(json_object_get(msg, "stopped")))
			tidy_logs(r->dirs, r->project);
		json_decref(msg);
	}
	client_close(&c);
	return n;
}

static int end_supervisor(const struct down_request *r, int run_fd, const struct state_project *s,
                          struct err *e)
{
	struct err polite = {0};

	if (state_alive(run_fd) && ask_to_stop(r, run_fd, &polite) < 0) {
		log_debug("stop: %s", polite.msg);
		if (state_alive(run_fd))
			return tidy_kill(run_fd, r->project, s, e);
	}
	return tidy_wait_gone(run_fd, r->project, s, GONE_MS, e);
}

/* Does another project that runs mount the claim? */
static bool claim_in_use(const struct down_request *r, const char *claim)
{
	struct strv names = {0};
	struct err ignored = {0};
	bool used = false;

	(void)dirs_list_projects(r->dirs, &names, &ignored);
	for (size_t i = 0; i < names.len && !used; i++) {
		struct err e = {0};
		struct plan *plan = NULL;

		if (streq(names.v[i], r->project) || !tidy_occupied(r->dirs, names.v[i]) ||
		    project_plan(r->dirs, names.v[i], &plan, &e) < 0)
			continue;
		for (uint32_t j = 0; j < plan->claims_count; j++) {
			autofree char *other = xasprintf("%s/%s", plan->claims[j].claim_namespace,
			                                 plan->claims[j].name);

			used |= streq(other, claim);
		}
		plan_free(plan);
	}
	strv_done(&names);
	return used;
}

/* By the notes beside the claims: a plain `down` before this one forgot the state. */
static int remove_claims(const struct down_request *r, struct err *e)
{
	autostrv struct strv claims = {0};

	tidy_list_claims(r->dirs, r->project, &claims);
	for (size_t i = 0; i < claims.len; i++) {
		if (claim_in_use(r, claims.v[i]))
			continue;
		if (tidy_remove_claim(r->dirs, r->idmap, claims.v[i], e) < 0)
			return -1;
		if (r->on_volume)
			r->on_volume(claims.v[i], r->arg);
	}
	return claims.len > 0;
}

/* 1 if nothing but claims could have been there, and was not. */
static int remove_all(const struct down_request *r, const struct state_project *s, bool absent,
                      struct err *e)
{
	int claims = 0;

	for (uint32_t i = 0; s && r->on_pod && i < s->pods_count; i++)
		r->on_pod(s->pods[i].name, POD_DELETED, r->arg);
	if (r->volumes && (claims = remove_claims(r, e)) < 0)
		return -1;
	if (absent)
		return claims ? 0 : 1;
	if (tidy_data(r->dirs, r->idmap, r->project, e) < 0)
		return -1;
	return tidy_run(r->dirs, r->project, e);
}

static int down_locked(const struct down_request *r, struct err *e)
{
	struct state_project *s = NULL;
	struct err absent = {0};
	autoclose int run_fd = dirs_open_project(r->dirs, r->project, false, &absent);
	int result;

	if (run_fd < 0 && absent.kind != ERR_ABSENT) {
		*e = absent;
		return -1;
	}
	if (run_fd < 0 && !tidy_has_data(r->dirs, r->project))
		return remove_all(r, NULL, true, e);
	if (run_fd >= 0 && state_load(run_fd, &s, &absent) < 0)
		log_debug("project %s: %s", r->project, absent.msg);
	result = run_fd < 0 ? 0 : end_supervisor(r, run_fd, s, e);
	if (result == 0 && s && run_fd >= 0) { /* its last words: claims made by a later up */
		struct state_project *last = NULL;

		if (state_load(run_fd, &last, &absent) == 0) {
			state_free(s);
			s = last;
		}
	}
	if (result == 0)
		result = remove_all(r, s, false, e);
	state_free(s);
	return result;
}

int project_down(const struct down_request *r, struct err *e)
{
	int lock, result;

	lock = state_op_lock(r->dirs, r->project, -1, e);
	if (lock < 0)
		return -1;
	result = down_locked(r, e);
	state_op_unlock(r->dirs, r->project, &lock, result >= 0);
	return result;
}
