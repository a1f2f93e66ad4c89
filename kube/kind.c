/* SPDX-License-Identifier: Apache-2.0 */
/* kind.c - see kind.h */
#include "kube/kind.h"

/* Where our types lived before. */
static const struct {
	const char *version;
	enum object_type type;
} old_versions[] = {
	{"extensions/v1beta1", OBJECT_DEPLOYMENT}, {"extensions/v1beta1", OBJECT_DAEMON_SET},
	{"extensions/v1beta1", OBJECT_REPLICA_SET}, {"apps/v1beta1", OBJECT_DEPLOYMENT},
	{"apps/v1beta1", OBJECT_STATEFUL_SET}, {"apps/v1beta2", OBJECT_DEPLOYMENT},
	{"apps/v1beta2", OBJECT_STATEFUL_SET}, {"apps/v1beta2", OBJECT_DAEMON_SET},
	{"apps/v1beta2", OBJECT_REPLICA_SET}, {"batch/v1beta1", OBJECT_CRON_JOB},
	{"batch/v2alpha1", OBJECT_CRON_JOB},
};

/* The groups of Kubernetes itself, and the kinds in them that we do not run. */
static const struct {
	const char *group;
	const char *kinds[24];
} groups[] = {
	{"",
         {"Binding", "ComponentStatus", "Endpoints", "Event", "LimitRange", "Node",
          "ResourceQuota"}},
	{"apps", {"ControllerRevision"}},
	{"batch", {NULL}},
	{"autoscaling", {"HorizontalPodAutoscaler", "Scale"}},
	{"policy", {"Eviction", "PodDisruptionBudget", "PodSecurityPolicy"}},
	{"extensions",
         {"Ingress", "NetworkPolicy", "PodSecurityPolicy"}},
	{"networking.k8s.io",
         {"IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"}},
	{"rbac.authorization.k8s.io", {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}},
	{"storage.k8s.io",
         {"CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment",
          "VolumeAttributesClass"}},
	{"scheduling.k8s.io", {"PodGroup", "PriorityClass", "Workload"}},
	{"admissionregistration.k8s.io",
         {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
          "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
          "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"}},
	{"apiextensions.k8s.io", {"CustomResourceDefinition"}},
	{"apiregistration.k8s.io", {"APIService"}},
	{"authentication.k8s.io", {"SelfSubjectReview", "TokenRequest", "TokenReview"}},
	{"authorization.k8s.io",
         {"LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview",
          "SubjectAccessReview"}},
	{"certificates.k8s.io",
         {"CertificateSigningRequest", "ClusterTrustBundle", "PodCertificateRequest"}},
	{"coordination.k8s.io", {"Lease", "LeaseCandidate"}},
	{"discovery.k8s.io", {"EndpointSlice"}},
	{"events.k8s.io", {"Event"}},
	{"flowcontrol.apiserver.k8s.io", {"FlowSchema", "PriorityLevelConfiguration"}},
	{"internal.apiserver.k8s.io", {"StorageVersion"}},
	{"lifecycle.k8s.io", {"EvictionRequest"}},
	{"node.k8s.io", {"RuntimeClass"}},
	{"resource.k8s.io",
         {"DeviceClass", "DeviceTaintRule", "ResourceClaim", "ResourceClaimTemplate",
          "ResourceSlice"}},
	{"storagemigration.k8s.io", {"StorageVersionMigration"}},
};

const char *kind_name(enum object_type type)
{
	return schema_kinds[type].name;
}

const char *kind_version(enum object_type type)
{
	return schema_kinds[type].version;
}

const cyaml_schema_value_t *kind_schema(enum object_type type)
{
	return schema_kinds[type].schema;
}

struct asked {
	struct load *l;
	const struct node *version, *kind;
	const struct at *version_at, *kind_at;
	char *group; /* of apiVersion; "" for v1 */
	char *base;  /* kind without "List" at its end */
	bool list;
};

static void complain(const struct asked *a, enum kube_severity severity, bool about_kind,
                     const char *fmt, ...) PRINTF(4, 5);

static void complain(const struct asked *a, enum kube_severity severity, bool about_kind,
                     const char *fmt, ...)
{
	const struct node *n = about_kind ? a->kind : a->version;
	va_list ap;

	va_start(ap, fmt);
	diag_vadd(a->l->d, severity, a->l->file, n->line, n->column,
	          about_kind ? a->kind_at : a->version_at, fmt, ap);
	va_end(ap);
}

/* Ours; those that are not run are loaded and checked all the same. */
static struct kind found(const struct asked *a, int type)
{
	const struct schema_kind *k = &schema_kinds[type];

	if (k->verdict == SCHEMA_LATER || k->verdict == SCHEMA_NO)
		complain(a, KUBE_NOTE, true, "%s is not run here%s, skipped", k->name,
		         k->verdict == SCHEMA_LATER ? " yet" : "");
	return (struct kind){a->list ? KIND_LIST : KIND_LOAD, type};
}

/* v1, v2beta1, ... */
static bool is_version(const char *v)
{
	size_t n;

	if (*v++ != 'v')
		return false;
	n = strspn(v, "0123456789");
	if (!n)
		return false;
	v += n;
	if (!*v)
		return true;
	if (!starts_with(v, "alpha") && !starts_with(v, "beta"))
		return false;
	v += *v == 'a' ? 5 : 4;
	n = strspn(v, "0123456789");
	return n && !v[n];
}

static bool group_has(size_t group, const char *kind)
{
	for (const char *const *k = groups[group].kinds; *k; k++)
		if (streq(*k, kind))
			return true;
	return false;
}

static int type_named(const char *name)
{
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++)
		if (streq(schema_kinds[i].name, name))
			return i;
	return KIND_ANY;
}

static const char *group_of_version(const char *version)
{
	return strchr(version, '/') ? version : "";
}

/* One of our types in this very group or an old one; KIND_ANY if it is none of them. */
static int our_type(const struct asked *a)
{
	int type = type_named(a->base);
	const char *version = a->version->text;

	if (type == KIND_ANY || streq(schema_kinds[type].version, version))
		return type;
	for (size_t i = 0; i < ARRAY_LEN(old_versions); i++)
		if ((int)old_versions[i].type == type && streq(old_versions[i].version, version)) {
			complain(a, KUBE_WARNING, false, "%s is old, write %s", version,
			         schema_kinds[type].version);
			return type;
		}
	return KIND_ANY;
}

static void guess_kind(const struct asked *a, size_t group)
{
	struct guess g = {0};

	for (const char *const *k = groups[group].kinds; *k; k++)
		guess_offer(&g, a->kind->text, *k);
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++) {
		const char *v = group_of_version(schema_kinds[i].version);

		if (strncmp(v, a->group, strlen(a->group)) == 0 && !*a->group == !*v)
			guess_offer(&g, a->kind->text, schema_kinds[i].name);
	}
	autofree char *hint = guess_text(&g), *kind = diag_quote(a->kind->text);

	complain(a, KUBE_ERROR, true, "%s has no kind \"%s\"%s", a->version->text, kind, hint);
}

static struct kind unknown_group(const struct asked *a)
{
	autofree char *version = diag_quote(a->version->text), *hint = NULL;
	struct guess g = {0};

	if (strchr(a->group, '.')) {
		autofree char *kind = diag_quote(a->kind->text);

		complain(a, KUBE_NOTE, true, "%s of %s is not run here, skipped", kind, version);
		return (struct kind){KIND_SKIP, KIND_ANY};
	}
	guess_offer(&g, a->version->text, "apps/v1");
	guess_offer(&g, a->version->text, "batch/v1");
	guess_offer(&g, a->version->text, "v1");
	hint = guess_text(&g);
	complain(a, KUBE_ERROR, false, "unknown apiVersion \"%s\"%s", version, hint);
	return (struct kind){KIND_WRONG, KIND_ANY};
}

static struct kind not_ours(const struct asked *a)
{
	size_t group = 0;
	int type = type_named(a->base);

	while (group < ARRAY_LEN(groups) && !streq(groups[group].group, a->group))
		group++;
	if (group < ARRAY_LEN(groups) && group_has(group, a->base)) {
		complain(a, KUBE_NOTE, true, "%s is not run here, skipped", a->kind->text);
		return (struct kind){KIND_SKIP, KIND_ANY};
	}
	if (group == ARRAY_LEN(groups) && strchr(a->group, '.'))
		return unknown_group(a);
	if (type != KIND_ANY) {
		autofree char *version = diag_quote(a->version->text);

		complain(a, KUBE_ERROR, false, "%s belongs to apiVersion \"%s\", not \"%s\"",
		         schema_kinds[type].name, schema_kinds[type].version, version);
		return (struct kind){KIND_WRONG, KIND_ANY};
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (group_has(i, a->base)) {
			autofree char *version = diag_quote(a->version->text);

			complain(a, KUBE_ERROR, false, "%s belongs to group \"%s\", not to \"%s\"",
			         a->base, *groups[i].group ? groups[i].group : "v1", version);
			return (struct kind){KIND_WRONG, KIND_ANY};
		}
	if (group == ARRAY_LEN(groups))
		return unknown_group(a);
	guess_kind(a, group);
	return (struct kind){KIND_WRONG, KIND_ANY};
}

static struct kind resolve(struct asked *a)
{
	const char *slash = strchr(a->version->text, '/');
	const char *version = slash ? slash + 1 : a->version->text;
	int type;

	if (streq(a->kind->text, "List") && streq(a->version->text, "v1"))
		return (struct kind){KIND_LIST, KIND_ANY};
	type = our_type(a);
	if (type != KIND_ANY)
		return found(a, type);
	if (!is_version(version) || (slash && slash == a->version->text)) {
		autofree char *shown = diag_quote(a->version->text);

		complain(a, KUBE_ERROR, false, "\"%s\" is no apiVersion", shown);
		return (struct kind){KIND_WRONG, KIND_ANY};
	}
	return not_ours(a);
}

/* A member of the head that must be a string; NULL with a report if it is not. */
static const struct node *head(struct load *l, const struct at *at, const struct node *doc,
                               const char *key)
{
	const struct node *n = node_get(doc, key);
	const struct at here = {.up = at, .key = key};

	if (!n || node_is_null(n)) {
		diag_add(l->d, KUBE_ERROR, l->file, doc->line, doc->column, at,
		         "missing field \"%s\"", key);
		return NULL;
	}
	if (n->kind != NODE_SCALAR) {
		autofree char *got = load_describe(n);

		diag_add(l->d, KUBE_ERROR, l->file, n->line, n->column, &here,
		         "expected a string, got %s", got);
		return NULL;
	}
	return n;
}

struct kind kind_of(struct load *l, const struct at *at, const struct node *doc, int item_type)
{
	const struct at version_at = {.up = at, .key = "apiVersion"};
	const struct at kind_at = {.up = at, .key = "kind"};
	struct asked a = {.l = l, .version_at = &version_at, .kind_at = &kind_at};
	const struct kind wrong = {KIND_WRONG, KIND_ANY};
	const char *slash;
	size_t len;

	if (doc->kind != NODE_MAP) {
		autofree char *got = load_describe(doc);

		diag_add(l->d, KUBE_ERROR, l->file, doc->line, doc->column, at,
		         "expected a Kubernetes object, got %s", got);
		return wrong;
	}
	if (item_type != KIND_ANY && !node_get(doc, "apiVersion") && !node_get(doc, "kind"))
		return (struct kind){KIND_LOAD, item_type};
	a.version = head(l, at, doc, "apiVersion");
	a.kind = head(l, at, doc, "kind");
	if (!a.version || !a.kind)
		return wrong;
	slash = strchr(a.version->text, '/');
	len = strlen(a.kind->text);
	a.list = len > 4 && ends_with(a.kind->text, "List");
	autofree char *group =
		xstrndup(a.version->text, slash ? (size_t)(slash - a.version->text) : 0);
	autofree char *base = xstrndup(a.kind->text, a.list ? len - 4 : len);

	a.group = group;
	a.base = base;
	return resolve(&a);
}
