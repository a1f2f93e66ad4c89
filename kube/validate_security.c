/* SPDX-License-Identifier: Apache-2.0 */
/* validate_security.c - users, capabilities, profiles and sysctls: what cannot be, or not together
 */
#include "kube/capname.h"
#include "kube/rule.h"

void walk_profiles(const struct check *x, const struct at *at,
                   const struct k8s_seccomp_profile *seccomp, const struct k8s_apparmor *apparmor)
{
	if (seccomp) {
		const struct profile p = {seccomp->type, seccomp->localhostProfile};

		check_thing(x, ON_PROFILE, AT(at, "seccompProfile"), &p);
	}
	if (apparmor) {
		const struct profile p = {apparmor->type, apparmor->localhostProfile};

		check_thing(x, ON_PROFILE, AT(at, "appArmorProfile"), &p);
	}
}

void walk_security(const struct check *x, const struct at *at, const struct k8s_security_context *s)
{
	if (!s)
		return;
	check_thing(x, ON_SECURITY, at, s);
	walk_profiles(x, at, s->seccompProfile, s->appArmorProfile);
}

void rule_profile_type(const struct check *x)
{
	if (x->profile->type == K8S_PROFILE_UNSET && !was_written(x, x->at, "type"))
		broken(x, x->at,
		       "missing field \"type\"; write RuntimeDefault, Unconfined or Localhost");
}

void rule_profile_localhost(const struct check *x)
{
	const struct profile *p = x->profile;

	if (p->type == K8S_PROFILE_LOCALHOST && !has_text(p->localhost))
		broken(x, x->at, "type Localhost needs a localhostProfile: the name of the file");
	else if (p->type != K8S_PROFILE_LOCALHOST && p->type != K8S_PROFILE_UNSET &&
	         has_text(p->localhost))
		BROKEN(x, "localhostProfile", "means nothing without type: Localhost");
	else if (has_text(p->localhost) && !fits_below(p->localhost))
		BROKEN(x, "localhostProfile", "must be a relative path without \"..\"");
}

static void check_id(const struct check *x, const struct at *at, const int64_t *id)
{
	if (outside_long(id, 0, INT32_MAX))
		broken(x, at, "an id is 0 to %d", INT32_MAX);
}

void rule_security_id(const struct check *x)
{
	check_id(x, AT(x->at, "runAsUser"), x->security->runAsUser);
	check_id(x, AT(x->at, "runAsGroup"), x->security->runAsGroup);
}

void rule_pod_id(const struct check *x)
{
	const struct k8s_pod_security_context *s = x->pod->spec->securityContext;
	const struct at *at = AT(x->at, "securityContext");

	if (!s)
		return;
	check_id(x, AT(at, "runAsUser"), s->runAsUser);
	check_id(x, AT(at, "runAsGroup"), s->runAsGroup);
	check_id(x, AT(at, "fsGroup"), s->fsGroup);
	for (uint32_t i = 0; i < s->supplementalGroups_count; i++)
		check_id(x, AT_ITEM(AT(at, "supplementalGroups"), i), &s->supplementalGroups[i]);
}

static void check_capability(const struct check *x, const struct at *at, const char *name)
{
	struct guess g = {0};

	if (capname_known(name))
		return;
	for (size_t i = 0; capname_nth(i); i++)
		guess_offer(&g, starts_with(name, "CAP_") ? name + 4 : name, capname_nth(i));
	autofree char *text = diag_quote(name), *hint = guess_text(&g);

	broken(x, at, "unknown capability \"%s\"%s", text,
	       *hint ? hint : "; write a name such as NET_ADMIN, or ALL");
}

void rule_security_capability(const struct check *x)
{
	const struct k8s_capabilities *caps = x->security->capabilities;
	const struct at *at = AT(x->at, "capabilities");

	for (uint32_t i = 0; caps && i < caps->add_count && !x->r->d.full; i++)
		check_capability(x, AT_ITEM(AT(at, "add"), i), caps->add[i]);
	for (uint32_t i = 0; caps && i < caps->drop_count && !x->r->d.full; i++)
		check_capability(x, AT_ITEM(AT(at, "drop"), i), caps->drop[i]);
}

static bool adds_admin(const struct k8s_capabilities *caps)
{
	for (uint32_t i = 0; caps && i < caps->add_count; i++)
		if (capname_same(caps->add[i], "SYS_ADMIN"))
			return true;
	return false;
}

void rule_security_escalation(const struct check *x)
{
	const struct k8s_security_context *s = x->security;

	if (!s->allowPrivilegeEscalation || *s->allowPrivilegeEscalation)
		return;
	if (is_true(s->privileged))
		BROKEN(x, "allowPrivilegeEscalation",
		       "cannot be false with privileged: true; leave one of them out");
	if (adds_admin(s->capabilities))
		BROKEN(x, "allowPrivilegeEscalation",
		       "cannot be false with capability SYS_ADMIN; leave one of them out");
}

void rule_security_proc_mount(const struct check *x)
{
	const bool *users = x->pod->spec->hostUsers;

	if (x->security->procMount == K8S_PROC_MOUNT_UNMASKED && (!users || *users))
		BROKEN(x, "procMount", "Unmasked needs hostUsers: false in the pod");
}

void rule_security_windows(const struct check *x)
{
	const struct k8s_os *os = x->pod->spec->os;

	if (x->security->windowsOptions && os && os->name && streq(os->name, "linux"))
		BROKEN(x, "windowsOptions", "cannot be with os.name linux; leave it out");
}

/* True if a container must not run as root; *ret_pod if the pod says so. */
static bool must_not_be_root(const struct check *x, bool *ret_pod)
{
	const struct k8s_security_context *s = x->container->securityContext;
	const struct k8s_pod_security_context *p = x->pod->spec->securityContext;

	*ret_pod = !(s && s->runAsNonRoot);
	return is_true(*ret_pod ? p ? p->runAsNonRoot : NULL : s->runAsNonRoot);
}

/* The user that a container asks for, NULL if that is left to its image. */
static const int64_t *user_of(const struct check *x)
{
	const struct k8s_security_context *s = x->container->securityContext;
	const struct k8s_pod_security_context *p = x->pod->spec->securityContext;

	return s && s->runAsUser ? s->runAsUser : p ? p->runAsUser : NULL;
}

void rule_container_non_root(const struct check *x)
{
	const int64_t *user = user_of(x);
	bool pod;

	if (must_not_be_root(x, &pod) && user && *user == 0)
		broken(x, AT(AT(pod ? x->pod->at : x->at, "securityContext"), "runAsNonRoot"),
		       "runAsUser is 0; write another user");
}

void rule_container_non_root_unknown(const struct check *x)
{
	bool pod;

	if (must_not_be_root(x, &pod) && !user_of(x))
		broken(x, AT(AT(pod ? x->pod->at : x->at, "securityContext"), "runAsNonRoot"),
		       "not supported yet without runAsUser; write the number of the user there");
}

static bool is_sysctl(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(name);

	if (!len || len > 253)
		return false;
	for (const char *p = name; *p; p++) {
		size_t part = strspn(p, letters);

		if (!part || strchr("-_", *p) || strchr("-_", p[part - 1]))
			return false;
		p += part;
		if (!*p)
			return true;
		if (*p != '.' && *p != '/')
			return false;
	}
	return false;
}

/* What belongs to a pod's own namespaces; all else is the host's. */
static const struct {
	const char *prefix;
	bool network; /* else ipc */
	bool whole;   /* the whole name, not a prefix */
} namespaced[] = {
	{"net.", true, false},        {"fs.mqueue.", false, false}, {"kernel.shm", false, false},
	{"kernel.msg", false, false}, {"kernel.sem", false, true},
};

/* The row of a name, with "." between its parts; -1 if it is the host's. */
static int namespace_of(const char *name)
{
	autofree char *dotted = xstrdup(name);

	if (strcspn(name, "./") < strlen(name) && name[strcspn(name, "./")] == '/')
		for (char *p = dotted; *p; p++)
			*p = (char)(*p == '/' ? '.' : *p == '.' ? '/' : *p);
	for (size_t i = 0; i < ARRAY_LEN(namespaced); i++)
		if (namespaced[i].whole ? streq(dotted, namespaced[i].prefix)
		                        : starts_with(dotted, namespaced[i].prefix))
			return (int)i;
	return -1;
}

static const struct k8s_sysctl *sysctls_of(const struct check *x, uint32_t *count)
{
	const struct k8s_pod_security_context *s = x->pod->spec->securityContext;

	*count = s ? s->sysctls_count : 0;
	return s ? s->sysctls : NULL;
}

#define SYSCTL_AT(x, i) AT(AT_ITEM(AT(AT((x)->at, "securityContext"), "sysctls"), i), "name")

void rule_sysctl_name(const struct check *x)
{
	autonames struct names seen = {0};
	uint32_t count;
	const struct k8s_sysctl *s = sysctls_of(x, &count);

	for (uint32_t i = 0; i < count; i++)
		if (s[i].name && !is_sysctl(s[i].name))
			broken(x, SYSCTL_AT(x, i),
			       "this is no name of a kernel setting; write one such as "
			       "net.core.somaxconn");
		else if (s[i].name && !names_add(&seen, s[i].name, i, NULL))
			broken(x, SYSCTL_AT(x, i), "this is set twice; leave one of them out");
}

void rule_sysctl_namespaced(const struct check *x)
{
	uint32_t count;
	const struct k8s_sysctl *s = sysctls_of(x, &count);

	for (uint32_t i = 0; i < count; i++)
		if (s[i].name && is_sysctl(s[i].name) && namespace_of(s[i].name) < 0)
			broken(x, SYSCTL_AT(x, i),
			       "belongs to the host and not to a pod (which has net.*, "
			       "fs.mqueue.*, kernel.shm*, kernel.msg*, kernel.sem); set it on the "
			       "host");
}

void rule_sysctl_host(const struct check *x)
{
	const struct k8s_pod_spec *p = x->pod->spec;
	uint32_t count;
	const struct k8s_sysctl *s = sysctls_of(x, &count);

	for (uint32_t i = 0; i < count; i++) {
		int row = s[i].name && is_sysctl(s[i].name) ? namespace_of(s[i].name) : -1;
		bool network = row >= 0 && namespaced[row].network;

		if (row >= 0 && is_true(network ? p->hostNetwork : p->hostIPC))
			broken(x, SYSCTL_AT(x, i),
			       "cannot be set with %s: true, it would change the host",
			       network ? "hostNetwork" : "hostIPC");
	}
}
