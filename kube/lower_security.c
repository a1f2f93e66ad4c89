/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_security.c - as whom, and with which rights?
 *
 * What stands at a container wins over what stands at its pod, member by member; a profile or the
 * SELinux options count as one. The annotations that profiles had before they were fields come
 * last.
 */
#include "kube/capname.h"
#include "kube/lowering.h"

static void add_caps(struct lower_pod *p, const struct at *at, char *const *from, uint32_t count,
                     char ***to, uint32_t *to_count)
{
	for (uint32_t i = 0; i < count && lower_spend(p, at, LOWER_SMALL); i++) {
		char **slot = LOWER_ADD(*to, *to_count);

		*slot = capname_plain(from[i]);
	}
}

/* --- profiles ----------------------------------------------------------------------------- */

struct profile {
	enum plan_profile type;
	const char *name;
};

static struct profile profile_of(enum k8s_profile_type type, const char *name)
{
	static const enum plan_profile types[] = {
		[K8S_PROFILE_UNSET] = PLAN_PROFILE_UNSET,
		[K8S_PROFILE_RUNTIME_DEFAULT] = PLAN_PROFILE_RUNTIME_DEFAULT,
		[K8S_PROFILE_UNCONFINED] = PLAN_PROFILE_UNCONFINED,
		[K8S_PROFILE_LOCALHOST] = PLAN_PROFILE_LOCALHOST,
	};

	return (struct profile){types[type], type == K8S_PROFILE_LOCALHOST ? name : NULL};
}

/* "runtime/default", "unconfined", "localhost/NAME"; others are reported where they stand. */
static struct profile profile_of_text(const char *text)
{
	static const char local[] = "localhost/";

	if (!text)
		return (struct profile){0};
	if (streq(text, "runtime/default") || streq(text, "docker/default"))
		return (struct profile){PLAN_PROFILE_RUNTIME_DEFAULT, NULL};
	if (streq(text, "unconfined"))
		return (struct profile){PLAN_PROFILE_UNCONFINED, NULL};
	if (starts_with(text, local))
		return (struct profile){PLAN_PROFILE_LOCALHOST, text + strlen(local)};
	return (struct profile){0};
}

static struct profile seccomp_of(const struct lower_pod *p, const struct k8s_container *c)
{
	const struct k8s_pod_security_context *pod = p->v->spec->securityContext;
	const struct k8s_security_context *s = c->securityContext;
	const struct k8s_seccomp_profile *f = s ? s->seccompProfile : NULL;
	const char *text;

	if (!f && pod)
		f = pod->seccompProfile;
	if (f)
		return profile_of(f->type, f->localhostProfile);
	text = lower_annotation(p, "container.seccomp.security.alpha.kubernetes.io",
	                        text_of(c->name));
	if (!text)
		text = lower_annotation(p, "seccomp.security.alpha.kubernetes.io/pod", NULL);
	return profile_of_text(text);
}

static struct profile apparmor_of(const struct lower_pod *p, const struct k8s_container *c)
{
	const struct k8s_pod_security_context *pod = p->v->spec->securityContext;
	const struct k8s_security_context *s = c->securityContext;
	const struct k8s_apparmor *f = s ? s->appArmorProfile : NULL;

	if (!f && pod)
		f = pod->appArmorProfile;
	if (f)
		return profile_of(f->type, f->localhostProfile);
	return profile_of_text(lower_annotation(p, "container.apparmor.security.beta.kubernetes.io",
	                                        text_of(c->name)));
}

static void lower_profiles(const struct lower_pod *p, const struct k8s_container *c,
                           struct plan_security *out)
{
	struct profile seccomp = seccomp_of(p, c), apparmor = apparmor_of(p, c);

	out->seccomp = seccomp.type;
	out->seccomp_file = lower_text(seccomp.name);
	out->apparmor = apparmor.type;
	out->apparmor_profile = lower_text(apparmor.name);
}

static void lower_selinux(const struct lower_pod *p, const struct k8s_security_context *s,
                          struct plan_security *out)
{
	const struct k8s_pod_security_context *pod = p->v->spec->securityContext;
	const struct k8s_selinux *from = s ? s->seLinuxOptions : NULL;

	if (!from && pod)
		from = pod->seLinuxOptions;
	if (!from)
		return;
	out->selinux = xcalloc(1, sizeof(*out->selinux));
	out->selinux->user = lower_text(from->user);
	out->selinux->role = lower_text(from->role);
	out->selinux->type = lower_text(from->type);
	out->selinux->level = lower_text(from->level);
}

/* --- the whole ---------------------------------------------------------------------------- */

static void lower_ids(const struct k8s_pod_security_context *pod,
                      const struct k8s_security_context *s, struct plan_security *out)
{
	const int64_t *user = pod ? pod->runAsUser : NULL;
	const int64_t *group = pod ? pod->runAsGroup : NULL;
	const bool *non_root = pod ? pod->runAsNonRoot : NULL;

	user = s && s->runAsUser ? s->runAsUser : user;
	group = s && s->runAsGroup ? s->runAsGroup : group;
	non_root = s && s->runAsNonRoot ? s->runAsNonRoot : non_root;
	out->run_as_user = user ? *user : -1;
	out->run_as_group = group ? *group : -1;
	out->run_as_non_root = lower_bool(non_root);
}

void lower_security(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                    struct plan_security *out)
{
	const struct k8s_security_context *s = c->securityContext;

	if (!lower_spend(p, at, LOWER_SMALL))
		return;
	lower_ids(p->v->spec->securityContext, s, out);
	lower_profiles(p, c, out);
	lower_selinux(p, s, out);
	if (!s)
		return;
	out->read_only_root = lower_bool(s->readOnlyRootFilesystem);
	out->privileged = lower_bool(s->privileged);
	out->no_new_privs = s->allowPrivilegeEscalation && !*s->allowPrivilegeEscalation;
	out->unmasked_proc = s->procMount == K8S_PROC_MOUNT_UNMASKED;
	if (!s->capabilities)
		return;
	add_caps(p, at, s->capabilities->add, s->capabilities->add_count, &out->cap_add,
	         &out->cap_add_count);
	add_caps(p, at, s->capabilities->drop, s->capabilities->drop_count, &out->cap_drop,
	         &out->cap_drop_count);
}

void lower_pod_security(struct lower_pod *p)
{
	const struct k8s_pod_security_context *s = p->v->spec->securityContext;
	const struct at *at = AT(p->v->spec_at, "securityContext");
	struct plan_pod *pod = p->pod;

	if (!s)
		return;
	for (uint32_t i = 0; i < s->sysctls_count && lower_spend(p, at, LOWER_SMALL); i++)
		lower_label(&pod->sysctls, &pod->sysctls_count, text_of(s->sysctls[i].name),
		            text_of(s->sysctls[i].value));
	if (s->fsGroup)
		pod->fs_group = lower_number(*s->fsGroup);
	if (s->fsGroupChangePolicy == K8S_FS_GROUP_ON_ROOT_MISMATCH)
		pod->fs_group_policy = PLAN_FS_GROUP_ON_ROOT_MISMATCH;
	if (lower_spend(p, at, s->supplementalGroups_count * sizeof(int64_t)))
		lower_numbers(s->supplementalGroups, s->supplementalGroups_count, &pod->groups,
		              &pod->groups_count);
	if (s->supplementalGroupsPolicy == K8S_SUPPLEMENTAL_GROUPS_STRICT)
		pod->groups_policy = PLAN_GROUPS_STRICT;
}
