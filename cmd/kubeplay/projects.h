/* SPDX-License-Identifier: Apache-2.0 */
/*
 * projects.h - which project, which pod does the user mean?
 *
 * A pod may be called by its name, as pod/NAME, or by the name of what made it (web, deploy/web,
 * sts/db, job/once); a project by its name or by a file that it was made from, even if that file is
 * gone.
 */
#pragma once

#include "cmd/kubeplay/cli.h"
#include "pkg/plan/plan.h"
#include "pkg/state/state.h"

struct project {
	char *name;
	struct state_project *state; /* NULL: only data is left, nothing runs */
	bool alive;                  /* its supervisor lives */
	struct plan *plan;           /* projects_plan() */
};

struct projects {
	struct project *v;
	size_t len;
	const struct dirs *dirs;
};

#define autoprojects __attribute__((cleanup(projects_done)))

/* All projects, or the one that -p names (ERR_ABSENT if there is none of that name). */
int projects_load(struct cli *c, struct projects *ret, struct err *e);
void projects_done(struct projects *ps);
/* The plan as saved, loaded when first asked for; NULL when there is none (any more). A loan. */
const struct plan *projects_plan(const struct projects *ps, struct project *p);
/* The plan's view of a pod, or NULL. */
const struct plan_pod *projects_plan_pod(const struct projects *ps, struct project *p,
                                         const struct state_pod *pod);

struct pod_ref {
	struct project *project;
	const struct state_pod *pod;
};

struct pod_refs {
	struct pod_ref *v;
	size_t len;
};

void pod_refs_done(struct pod_refs *list);
/* Cut a leading "KIND/" off a name, as kubectl has them; its enum object_type, or ALIAS_NONE. */
int projects_cut_kind(const char **name);
/* All pods that go by this name, by their own or their controller's; ERR_ABSENT if there is none.
 */
int projects_find_pods(struct projects *ps, const char *name, struct pod_refs *ret, struct err *e);
/* One of them: of several equal ones of a controller the first that is ready, said on stderr;
 * ERR_USAGE if it could be somebody else's too. */
int projects_find_pod(struct projects *ps, const char *name, struct pod_ref *ret, struct err *e);
/* The container of that name, init containers included; ERR_ABSENT names those there are. */
int projects_find_container(const struct state_pod *pod, const char *name,
                            const struct state_container **ret, struct err *e);

/*
 * The project that `down` means by an argument (file, directory or name), or without one (NULL).
 * Owned string, or NULL with *e. A name that is no project's is given back as it is, so that `down`
 * twice is fine.
 */
char *projects_resolve(const struct projects *ps, struct cli *c, const char *arg, struct err *e);
