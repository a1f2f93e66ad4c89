/* SPDX-License-Identifier: Apache-2.0 */
/* save.c - what a project's run-time directory says of it: state, plan and objects as they run */
#include "pkg/pod/supervisor.h"
#include "pkg/util/clock.h"
#include "pkg/util/fs.h"

int sup_save_state(struct supervisor *sup, struct err *e)
{
	sup->saved_ms = clock_mono_ms();
	return state_save(sup->run_fd, sup->state, e);
}

/* The plan as it runs: the newest header, the pods that are there. */
int sup_save_plan(struct supervisor *sup, struct err *e)
{
	struct plan now = *sup->gen->plan;
	autofree struct plan_pod *pods = xcalloc(sup->pod_count + 1, sizeof(*pods));
	autostrbuf struct strbuf text = {0};

	now.pods_count = 0;
	now.pods = pods;
	for (size_t i = 0; i < sup->pod_count; i++)
		if (!sup->pods[i]->removing)
			pods[now.pods_count++] = *sup->pods[i]->plan;
	if (!now.pods_count)
		now.pods = NULL;
	if (plan_save(&now, &text, e) < 0)
		return -1;
	return fs_write_atomic(sup->run_fd, "plan.yaml", text.s, text.len, 0600, false, e);
}

int sup_save_objects(struct supervisor *sup, const char *text, size_t len, struct err *e)
{
	return fs_write_atomic(sup->run_fd, "objects.yaml", text ? text : "", len, 0600, false, e);
}
