/* SPDX-License-Identifier: Apache-2.0 */
/* kind.c - see kind.h */
#include "kube/kind.h"

#include <strings.h>

/* Where our types lived before. */
static const struct {
	const char *version;
	enum object_type type;
} old_versions[] = {
	{"extensions/v1beta1", OBJECT_DEPLOYMENT},  {"extensions/v1beta1", OBJECT_DAEMON_SET},
	{"extensions/v1beta1", OBJECT_REPLICA_SET}, {"apps/v1beta1", OBJECT_DEPLOYMENT},
	{"apps/v1beta1", OBJECT_STATEFUL_SET},      {"apps/v1beta2", OBJECT_DEPLOYMENT},
	{"apps/v1beta2", OBJECT_STATEFUL_SET},      {"apps/v1beta2", OBJECT_DAEMON_SET},
	{"apps/v1beta2", OBJECT_REPLICA_SET},       {"batch/v1beta1", OBJECT_CRON_JOB},
	{"batch/v2alpha1", OBJECT_CRON_JOB},
};

/*
 * The groups of Kubernetes itself, their version of today, and the kinds in them that we do not
 * load. A kind with a "?" in front has no version but its alpha or beta.
 */
static const struct {
	const char *group, *version;
	const char *kinds[24];
} groups[] = {
	{"",
         "v1",
         {"Binding", "ComponentStatus", "Endpoints", "Event", "LimitRange", "Node",
          "ResourceQuota"}},
	{"apps", "v1", {"ControllerRevision"}},
	{"batch", "v1", {NULL}},
	{"autoscaling", "v2", {"HorizontalPodAutoscaler", "Scale"}},
	{"policy", "v1", {"Eviction", "PodDisruptionBudget", "?PodSecurityPolicy"}},
	{"networking.k8s.io",
         "v1",
         {"IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"}},
	{"rbac.authorization.k8s.io",
         "v1",
         {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}},
	{"storage.k8s.io",
         "v1",
         {"CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment",
          "VolumeAttributesClass"}},
	{"scheduling.k8s.io", "v1", {"?PodGroup", "PriorityClass", "?Workload"}},
	{"admissionregistration.k8s.io",
         "v1",
         {"?MutatingAdmissionPolicy", "?MutatingAdmissionPolicyBinding",
          "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
          "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"}},
	{"apiextensions.k8s.io", "v1", {"CustomResourceDefinition"}},
	{"apiregistration.k8s.io", "v1", {"APIService"}},
	{"authentication.k8s.io", "v1", {"SelfSubjectReview", "TokenRequest", "TokenReview"}},
	{"authorization.k8s.io",
         "v1",
         {"LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview",
          "SubjectAccessReview"}},
	{"certificates.k8s.io",
         "v1",
         {"CertificateSigningRequest", "?ClusterTrustBundle", "?PodCertificateRequest"}},
	{"coordination.k8s.io", "v1", {"Lease", "?LeaseCandidate"}},
	{"discovery.k8s.io", "v1", {"EndpointSlice"}},
	{"events.k8s.io", "v1", {"Event"}},
	{"flowcontrol.apiserver.k8s.io", "v1", {"FlowSchema", "PriorityLevelConfiguration"}},
	{"internal.apiserver.k8s.io", "v1alpha1", {"?StorageVersion"}},
	{"lifecycle.k8s.io", "v1alpha1", {"?EvictionRequest"}},
	{"node.k8s.io", "v1", {"RuntimeClass"}},
	{"resource.k8s.io",
         "v1",
         {"DeviceClass", "?DeviceTaintRule", "ResourceClaim", "ResourceClaimTemplate",
          "ResourceSlice"}},
	{"storagemigration.k8s.io", "v1beta1", {"?StorageVersionMigration"}},
	{"extensions", "v1beta1", {"?Ingress", "?NetworkPolicy", "?PodSecurityPolicy"}},
};

/* Kinds that moved to another group. */
static const struct {
	const char *version, *kind, *now;
} moved[] = {
	{"extensions/v1beta1", "Ingress", "networking.k8s.io/v1"},
	{"extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1"},
};

/* What people may miss when a kind is skipped. NULL: nothing, so it is skipped without a word. */
static const struct {
	const char *kind, *why;
} skipped[] = {
	{"CustomResourceDefinition", "nothing here would act on its objects"},
	{"EndpointSlice", "Services are not run here yet"},
	{"Endpoints", "Services are not run here yet"},
	{"HorizontalPodAutoscaler", "replicas says how many pods there are"},
	{"Ingress", "no ingress controller runs here: publish ports by hostPort"},
	{"LimitRange", "containers have the resources that they name themselves"},
	{"NetworkPolicy", "nothing keeps pods from reaching each other"},
	{"PodDisruptionBudget", "nothing is evicted here"},
	{"PriorityClass", NULL},
	{"ResourceQuota", "projects are not limited"},
	{"StorageClass", NULL},
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

/*
 * Say that a kind is skipped: once for all its objects, at the first one, where later ones raise
 * the number.
 */
static void skip(const struct asked *a, enum kube_severity severity, const char *what,
                 const char *yet, const char *why)
{
	struct load *l = a->l;
	struct load_note *note = l->notes;
	size_t len = l->d->len;

	while (note < l->notes + l->notes_len && !streq(note->what, what))
		note++;
	if (note < l->notes + l->notes_len) {
		char **text = &l->d->v[note->diag].d.text;

		free(*text);
		*text = xasprintf("%s is not run here%s, all %u are skipped%s%s", what, yet,
		                  ++note->count, *why ? "; " : "", why);
		return;
	}
	complain(a, severity, true, "%s is not run here%s, skipped%s%s", what, yet,
	         *why ? "; " : "", why);
	if (l->d->len != len + 1 || l->d->full || l->notes_len == ARRAY_LEN(l->notes) ||
	    strlen(what) >= sizeof(note->what))
		return;
	note = &l->notes[l->notes_len++];
	*note = (struct load_note){.diag = len, .count = 1};
	memcpy(note->what, what, strlen(what) + 1);
}

/* Ours; those that are not run are loaded and checked all the same. */
static struct kind found(const struct asked *a, int type)
{
	const struct schema_kind *k = &schema_kinds[type];

	if (!a->list && (k->verdict == SCHEMA_LATER || k->verdict == SCHEMA_NO))
		skip(a, KUBE_NOTE, k->name, k->verdict == SCHEMA_LATER ? " yet" : "", k->why);
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

/* The row of a kind in its group, with its "?" if it has one; NULL if it is not there. */
static const char *group_has(size_t group, const char *kind)
{
	for (const char *const *k = groups[group].kinds; *k; k++)
		if (streq(*k + (**k == '?'), kind))
			return *k;
	return NULL;
}

/* True if a later group has the kind as well. */
static bool in_other_group(size_t group, const char *kind)
{
	while (++group < ARRAY_LEN(groups))
		if (group_has(group, kind))
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
		guess_offer(&g, a->kind->text, *k + (**k == '?'));
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++) {
		const char *v = group_of_version(schema_kinds[i].version);

		if (strncmp(v, a->group, strlen(a->group)) == 0 && !*a->group == !*v)
			guess_offer(&g, a->kind->text, schema_kinds[i].name);
	}
	autofree char *hint = guess_text(&g), *kind = diag_quote(a->kind->text);

	complain(a, KUBE_ERROR, true, "%s has no kind \"%s\"%s", a->version->text, kind, hint);
}

static struct kind wrong(void)
{
	return (struct kind){KIND_WRONG, KIND_ANY};
}

/* One of our kinds under another group or version. */
static struct kind misplaced(const struct asked *a, int type)
{
	autofree char *version = diag_quote(a->version->text);

	complain(a, KUBE_ERROR, false, "%s belongs to apiVersion \"%s\", not \"%s\"",
	         schema_kinds[type].name, schema_kinds[type].version, version);
	return wrong();
}

/* A group that is not Kubernetes': custom resources, unless it only looks like one. */
static struct kind unknown_group(const struct asked *a)
{
	autofree char *version = diag_quote(a->version->text), *hint = NULL;
	struct guess g = {0};

	if (strchr(a->group, '.')) {
		autofree char *kind = diag_quote(a->kind->text);
		autofree char *what = xasprintf("%s of %s", kind, version);

		skip(a, KUBE_NOTE, what, "", "");
		return (struct kind){KIND_SKIP, KIND_ANY};
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		autofree char *known = xasprintf("%s%s%s", groups[i].group,
		                                 *groups[i].group ? "/" : "", groups[i].version);

		guess_offer(&g, a->version->text, known);
		if (g.best == known)
			g.best = arena_strdup(a->l->arena, known);
	}
	hint = guess_text(&g);
	complain(a, KUBE_ERROR, false, "unknown apiVersion \"%s\"%s", version, hint);
	return wrong();
}

/* An old version of a kind that we skip; a kind with a "?" has no other. */
static void check_version(const struct asked *a, size_t group, const char *kind)
{
	const char *slash = strchr(a->version->text, '/');
	const char *version = slash ? slash + 1 : a->version->text;

	for (size_t i = 0; i < ARRAY_LEN(moved); i++)
		if (streq(moved[i].version, a->version->text) && streq(moved[i].kind, a->base))
			complain(a, KUBE_WARNING, false, "%s is old, write %s", a->version->text,
			         moved[i].now);
	if (*kind != '?' && strpbrk(version, "ab")) /* alpha, beta */
		complain(a, KUBE_WARNING, false, "%s is old, write %s/%s", a->version->text,
		         groups[group].group, groups[group].version);
}

/* A kind of Kubernetes that is neither loaded nor run. */
static struct kind skip_kind(const struct asked *a, size_t group, const char *kind)
{
	const char *why = "";

	check_version(a, group, kind);
	for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
		if (streq(skipped[i].kind, a->base))
			why = skipped[i].why;
	if (why)
		skip(a, streq(a->base, "NetworkPolicy") ? KUBE_WARNING : KUBE_NOTE, a->kind->text,
		     "", why);
	return (struct kind){KIND_SKIP, KIND_ANY};
}

static struct kind not_ours(const struct asked *a)
{
	int type = type_named(a->base);
	const char *kind = NULL;
	size_t group = 0;

	while (group < ARRAY_LEN(groups) && !streq(groups[group].group, a->group))
		group++;
	if (group < ARRAY_LEN(groups))
		kind = group_has(group, a->base);
	if (kind)
		return skip_kind(a, group, kind);
	if (type != KIND_ANY && (!strchr(a->group, '.') || ends_with(a->group, ".k8s.io")))
		return misplaced(a, type);
	if (group == ARRAY_LEN(groups) && strchr(a->group, '.'))
		return unknown_group(a);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		const char *found = group_has(i, a->base);

		/* what moved is in an old group too */
		if (found && (*found != '?' || !in_other_group(i, a->base))) {
			autofree char *version = diag_quote(a->version->text);

			complain(a, KUBE_ERROR, false,
			         "%s belongs to apiVersion \"%s%s%s\", not \"%s\"", a->base,
			         groups[i].group, *groups[i].group ? "/" : "", groups[i].version,
			         version);
			return wrong();
		}
	}
	if (group == ARRAY_LEN(groups))
		return unknown_group(a);
	guess_kind(a, group);
	return wrong();
}

/* "; write "v1"" if the kind is one of ours, in whatever case. */
static char *version_hint(const char *kind)
{
	for (int i = 0; i < OBJECT_TYPE_COUNT; i++)
		if (strcasecmp(schema_kinds[i].name, kind) == 0)
			return xasprintf("; write \"%s\"", schema_kinds[i].version);
	return xstrdup("");
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
		autofree char *hint = version_hint(a->base);

		complain(a, KUBE_ERROR, false, "\"%s\" is no apiVersion%s", shown, hint);
		return wrong();
	}
	return not_ours(a);
}

/* A key of the document that seems to be the one that is missing: "apiversion". */
static const struct node *misspelt(const struct node *doc, const char *key)
{
	for (uint32_t i = 0; i < doc->len; i++) {
		struct guess g = {0};

		guess_offer(&g, doc->pair[i].key->text, key);
		if (g.best)
			return doc->pair[i].key;
	}
	return NULL;
}

static void missing_head(struct load *l, const struct at *at, const struct node *doc,
                         const char *key)
{
	const struct node *kind = node_get(doc, "kind");
	const struct node *other = node_get(doc, key) ? NULL : misspelt(doc, key);
	const struct node *n = other ? other : doc;
	const struct at here = {.up = at, .key = other ? other->text : NULL};
	autofree char *hint = streq(key, "apiVersion") && kind && kind->kind == NODE_SCALAR
	                              ? version_hint(kind->text)
	                              : xstrdup("");

	if (other)
		diag_add(l->d, KUBE_ERROR, l->file, n->line, n->column, &here,
		         "unknown field; did you mean \"%s\"?", key);
	else
		diag_add(l->d, KUBE_ERROR, l->file, n->line, n->column, at,
		         "missing field \"%s\"%s", key, hint);
}

/* A member of the head that must be a string; NULL with a report if it is not. */
static const struct node *head(struct load *l, const struct at *at, const struct node *doc,
                               const char *key)
{
	const struct node *n = node_get(doc, key);
	const struct at here = {.up = at, .key = key};

	if (!n || node_is_null(n)) {
		missing_head(l, at, doc, key);
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

/* True if neither is there, nor what could be meant by one. */
static bool says_nothing(const struct node *doc)
{
	return !node_get(doc, "apiVersion") && !node_get(doc, "kind") &&
	       !misspelt(doc, "apiVersion") && !misspelt(doc, "kind");
}

struct kind kind_of(struct load *l, const struct at *at, const struct node *doc, int item_type)
{
	const struct at version_at = {.up = at, .key = "apiVersion"};
	const struct at kind_at = {.up = at, .key = "kind"};
	struct asked a = {.l = l, .version_at = &version_at, .kind_at = &kind_at};
	const char *slash;
	size_t len;

	if (doc->kind != NODE_MAP) {
		autofree char *got = load_describe(doc);

		diag_add(l->d, KUBE_ERROR, l->file, doc->line, doc->column, at,
		         "expected a Kubernetes object, got %s", got);
		return wrong();
	}
	if (item_type != KIND_ANY && !node_get(doc, "apiVersion") && !node_get(doc, "kind")) {
		a.kind = doc;
		a.kind_at = at;
		return found(&a, item_type);
	}
	if (says_nothing(doc)) {
		diag_add(l->d, KUBE_ERROR, l->file, doc->line, doc->column, at,
		         "this is no Kubernetes object: it has neither apiVersion nor kind");
		return wrong();
	}
	a.version = head(l, at, doc, "apiVersion");
	a.kind = head(l, at, doc, "kind");
	if (!a.version || !a.kind)
		return wrong();
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
