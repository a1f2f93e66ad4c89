/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - see check.h */
#include "pkg/pod/check.h"

#include <ctype.h>

#include "pkg/state/dirs.h"

enum { MAX_NAME = 253 };

/* A name that is one part of a path, and no hidden one. */
static bool plain(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (!len || len > MAX_NAME || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

static int bad(struct err *e, const char *pod, const char *what)
{
	return err_set(e, ERR_INPUT, "plan: pod %s: bad %s", pod, what);
}

static bool has_volume(const struct plan_pod *p, const char *name)
{
	for (uint32_t i = 0; name && i < p->volumes_count; i++)
		if (streq(p->volumes[i].name, name))
			return true;
	return false;
}

static int check_container(const struct plan_pod *p, const struct plan_container *c, struct err *e)
{
	if (!plain(c->name) || !c->image)
		return bad(e, p->name, "container");
	for (uint32_t i = 0; i < c->env_count; i++)
		if (!c->env[i].name || !c->env[i].name[0] || strchr(c->env[i].name, '='))
			return bad(e, p->name, "environment variable");
	for (uint32_t i = 0; i < c->mounts_count; i++)
		if (!has_volume(p, c->mounts[i].volume) || !c->mounts[i].path ||
		    c->mounts[i].path[0] != '/' ||
		    (c->mounts[i].sub_path && c->mounts[i].sub_path_expr))
			return bad(e, p->name, "mount");
	return 0;
}

static int check_volume(const struct plan_pod *p, const struct plan_volume *v, struct err *e)
{
	if (!plain(v->name) ||
	    (v->type == PLAN_HOST_PATH && (!v->host_path || v->host_path[0] != '/')) ||
	    (v->type == PLAN_CLAIM && !plain(v->claim)))
		return bad(e, p->name, "volume");
	for (uint32_t i = 0; i < v->files_count; i++)
		if (!v->files[i].path || !v->files[i].data == !v->files[i].text)
			return bad(e, p->name, "file of a volume");
	return 0;
}

static int check_pod(const struct plan_pod *p, struct err *e)
{
	if (!plain(p->name))
		return bad(e, "?", "name");
	for (uint32_t i = 0; i < p->volumes_count; i++)
		if (check_volume(p, &p->volumes[i], e) < 0)
			return -1;
	for (uint32_t i = 0; i < p->init_containers_count; i++)
		if (check_container(p, &p->init_containers[i], e) < 0)
			return -1;
	for (uint32_t i = 0; i < p->containers_count; i++)
		if (check_container(p, &p->containers[i], e) < 0)
			return -1;
	return 0;
}

int check_plan(const struct plan *p, struct err *e)
{
	if (!p->project || !dirs_valid_project(p->project))
		return err_set(e, ERR_USAGE, "\"%s\" cannot be the name of a project",
		               p->project ? p->project : "");
	if (p->project_namespace && !plain(p->project_namespace))
		return err_set(e, ERR_INPUT, "plan: bad namespace");
	for (uint32_t i = 0; i < p->claims_count; i++)
		if (!plain(p->claims[i].name) || !plain(p->claims[i].claim_namespace))
			return err_set(e, ERR_INPUT, "plan: bad claim");
	for (uint32_t i = 0; i < p->pods_count; i++) {
		if (check_pod(&p->pods[i], e) < 0)
			return -1;
		for (uint32_t j = 0; j < i; j++)
			if (streq(p->pods[i].name, p->pods[j].name))
				return bad(e, p->pods[i].name, "name: there are two of it");
	}
	return 0;
}
