/* SPDX-License-Identifier: Apache-2.0 */
/* project.c - looking at a project; see project.h. up.c and down.c change it */
#include "pkg/pod/project.h"

#include <errno.h>

#include "pkg/pod/check.h"
#include "pkg/util/fd.h"

enum { FILE_MAX_SIZE = 64 << 20 };

int project_state(const struct dirs *d, const char *project, struct state_project **ret,
                  bool *ret_alive, struct err *e)
{
	autoclose int dir = dirs_open_project(d, project, false, e);
	bool alive;

	if (dir < 0)
		return -1;
	/* In this order: a supervisor that ends in between has saved its last state before. */
	alive = state_alive(dir);
	if (state_load(dir, ret, e) < 0)
		return err_wrap(e, "project %s", project);
	if (!alive)
		state_mark_gone(*ret);
	*ret_alive = alive;
	return 0;
}

static int read_project_file(const struct dirs *d, const char *project, const char *name,
                             struct strbuf *out, struct err *e)
{
	autoclose int dir = dirs_open_project(d, project, false, e);

	if (dir < 0)
		return -1;
	if (fd_read_file(dir, name, FILE_MAX_SIZE, out, e) < 0) {
		if (e->sys == ENOENT)
			e->kind = ERR_ABSENT;
		return err_wrap(e, "project %s", project);
	}
	return 0;
}

int project_plan(const struct dirs *d, const char *project, struct plan **ret, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	struct plan *plan = NULL;

	if (read_project_file(d, project, "plan.yaml", &text, e) < 0)
		return -1;
	if (!text.len)
		return err_set(e, ERR_ABSENT, "project %s: plan.yaml is empty", project);
	if (plan_load(text.s, text.len, &plan, e) < 0)
		return err_wrap(e, "project %s", project);
	if (check_plan(plan, e) < 0) {
		plan_free(plan);
		return err_wrap(e, "project %s: plan.yaml", project);
	}
	*ret = plan;
	return 0;
}

int project_objects(const struct dirs *d, const char *project, struct strbuf *out, struct err *e)
{
	return read_project_file(d, project, "objects.yaml", out, e);
}

int project_log_dir(const struct dirs *d, const char *project, const char *pod,
                    const char *container, struct err *e)
{
	autofree char *path = xasprintf("projects/%s/logs/%s/%s", project, pod, container);

	if (!dirs_valid_project(project) || strchr(pod, '/') || strchr(container, '/'))
		return err_set(e, ERR_ABSENT, "there is no container %s in pod %s", container, pod);
	return dirs_open_data(d, path, false, e);
}
