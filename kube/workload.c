/* SPDX-License-Identifier: Apache-2.0 */
/* workload.c - see workload.h */
#include "kube/workload.h"

#include <inttypes.h>

#include "kube/print.h"
#include "pkg/util/hash.h"

enum {
	SUFFIX = 5, /* letters at the end of a generated name */
	MAX_PREFIX = 63 - SUFFIX,
	MAX_HASH_LABEL = 63,
};

/* Letters and digits that cannot be mistaken for one another or spell a word. */
static const char safe[] = "bcdfghjklmnpqrstvwxz2456789";

static uint64_t hash_words(uint64_t h, const char *const *words)
{
	for (; *words; words++)
		h = hash_fnv64a(h, *words, strlen(*words) + 1);
	return h;
}

/* A prefix and five letters that follow from the words. */
static char *with_suffix(const char *prefix, const char *const *words)
{
	uint64_t h = hash_words(HASH_FNV64_INIT, words);
	char suffix[SUFFIX + 1];

	for (size_t i = 0; i < SUFFIX; i++, h /= sizeof(safe) - 1)
		suffix[i] = safe[h % (sizeof(safe) - 1)];
	suffix[SUFFIX] = '\0';
	return xasprintf("%.*s%s", MAX_PREFIX, prefix, suffix);
}

char *workload_generated_name(const char *project, const char *prefix, const char *file,
                              size_t place)
{
	const char *slash = strrchr(file, '/');
	autofree char *number = xasprintf("%zu", place);
	const char *const words[] = {"generated", project, slash ? slash + 1 : file,
	                             prefix,      number,  NULL};

	return with_suffix(prefix, words);
}

/* A name-based uid: two hashes with the version and variant bits in place. */
char *workload_uid(const struct run *r, const char *ns, const char *kind, const char *name)
{
	const char *const of_pod[] = {r->project, ns, name, NULL};
	const char *const of_object[] = {r->project, ns, kind, name, NULL};
	const char *const *words = kind ? of_object : of_pod;
	uint64_t a = hash_words(hash_fnv64a(HASH_FNV64_INIT, "uid-a", 5), words);
	uint64_t b = hash_words(hash_fnv64a(HASH_FNV64_INIT, "uid-b", 5), words);

	return xasprintf("%08x-%04x-5%03x-%04x-%012llx", (unsigned)(a >> 32),
	                 (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
	                 (unsigned)(0x8000 | (b >> 48 & 0x3fff)),
	                 (unsigned long long)(b & 0xffffffffffff));
}

static void hash_template(const struct k8s_pod_template *t, char out[11])
{
	autostrbuf struct strbuf text = {0};

	print_json(&schema_pod_template, t, &text);
	hash_safe_encode(hash_fnv32a(text.s, text.len), out);
}

/* --- how many pods ------------------------------------------------------------------------ */

static void set_count(struct workload *w, const char *field, const int32_t *count)
{
	w->count_field = field;
	w->pods = count ? MAX(*count, 0) : 1;
}

static void fill_pod(struct workload *w)
{
	w->pods = 1;
}

static void fill_replication_controller(struct workload *w)
{
	const struct k8s_replication_controller_spec *s = w->o->replication_controller->spec;

	w->template = s ? s->template : NULL;
	set_count(w, "replicas", s ? s->replicas : NULL);
}

static void fill_replica_set(struct workload *w)
{
	const struct k8s_replica_set_spec *s = w->o->replica_set->spec;

	w->template = s ? s->template : NULL;
	set_count(w, "replicas", s ? s->replicas : NULL);
}

static void fill_deployment(struct workload *w)
{
	const struct k8s_deployment_spec *s = w->o->deployment->spec;

	w->template = s ? s->template : NULL;
	set_count(w, "replicas", s ? s->replicas : NULL);
}

static void fill_daemon_set(struct workload *w)
{
	const struct k8s_daemon_set_spec *s = w->o->daemon_set->spec;

	w->template = s ? s->template : NULL;
	w->pods = 1;
}

static void fill_stateful_set(struct workload *w)
{
	const struct k8s_stateful_set_spec *s = w->o->stateful_set->spec;

	if (!s)
		return;
	w->template = s->template;
	set_count(w, "replicas", s->replicas);
	w->first = s->ordinals && s->ordinals->start ? MAX(*s->ordinals->start, 0) : 0;
	w->claims = s->volumeClaimTemplates;
	w->claims_count = s->volumeClaimTemplates_count;
}

/* The pods that run at the same time; more of them may follow. */
static void fill_job_spec(struct workload *w, const struct k8s_job_spec *s)
{
	if (!s)
		return;
	w->template = s->template;
	w->indexed = s->completionMode == K8S_COMPLETION_INDEXED;
	set_count(w, "parallelism", s->parallelism);
	if (s->completions && *s->completions < w->pods)
		set_count(w, "completions", s->completions);
	if (s->suspend && *s->suspend)
		w->pods = 0;
}

static void fill_job(struct workload *w)
{
	fill_job_spec(w, w->o->job->spec);
}

static void fill_cron_job(struct workload *w)
{
	const struct k8s_cron_job_spec *s = w->o->cron_job->spec;

	if (s && s->jobTemplate)
		fill_job_spec(w, s->jobTemplate->spec);
}

static void (*const fill[OBJECT_TYPE_COUNT])(struct workload *w) = {
	[OBJECT_POD] = fill_pod,
	[OBJECT_REPLICATION_CONTROLLER] = fill_replication_controller,
	[OBJECT_REPLICA_SET] = fill_replica_set,
	[OBJECT_DEPLOYMENT] = fill_deployment,
	[OBJECT_STATEFUL_SET] = fill_stateful_set,
	[OBJECT_DAEMON_SET] = fill_daemon_set,
	[OBJECT_JOB] = fill_job,
	[OBJECT_CRON_JOB] = fill_cron_job,
};

bool workload_of(struct run *r, const struct object *o, struct workload *ret)
{
	autofree char *uid = NULL;

	*ret = (struct workload){.o = o};
	if (!fill[o->type])
		return false;
	fill[o->type](ret);
	if (o->type == OBJECT_POD)
		return o->pod->spec != NULL;
	if (!ret->template || !ret->template->spec)
		return false;
	uid = workload_uid(r, o->ns, kind_name(o->type), o->name);
	ret->uid = arena_strdup(&r->arena, uid);
	hash_template(ret->template, ret->hash);
	return true;
}

/* --- what they are called ----------------------------------------------------------------- */

static char *prefix_of(const struct workload *w, int64_t i)
{
	const char *name = w->o->name;

	if (w->o->type == OBJECT_DEPLOYMENT)
		return xasprintf("%s-%s-", name, w->hash);
	if (w->indexed) { /* the index is never cut off */
		autofree char *number = xasprintf("-%lld-", (long long)i);

		return xasprintf("%.*s%s", MAX_PREFIX - (int)strlen(number), name, number);
	}
	return xasprintf("%.*s-", MAX_PREFIX - 1, name);
}

char *workload_pod_name(const struct run *r, const struct workload *w, int64_t i,
                        unsigned int attempt)
{
	const struct object *o = w->o;
	autofree char *prefix = NULL, *number = NULL;

	if (o->type == OBJECT_POD)
		return xstrdup(o->name);
	if (o->type == OBJECT_STATEFUL_SET)
		return xasprintf("%s-%" PRId64, o->name, w->first + i);
	prefix = prefix_of(w, i);
	number = attempt ? xasprintf("%lld/%u", (long long)i, attempt)
	                 : xasprintf("%lld", (long long)i);
	const char *const of_deployment[] = {
		r->project, o->ns, o->name, w->hash, i || attempt ? number : NULL, NULL};
	const char *const of_other[] = {r->project, o->ns,  kind_name(o->type),
	                                o->name,    number, NULL};

	return with_suffix(prefix, o->type == OBJECT_DEPLOYMENT ? of_deployment : of_other);
}

char *workload_claim_name(const struct k8s_claim *template, const char *pod)
{
	return xasprintf("%s-%s", text_of(template->metadata ? template->metadata->name : NULL),
	                 pod);
}

/* --- what says whose they are ------------------------------------------------------------- */

static void set_label(struct plan_label **list, uint32_t *count, const char *key, const char *value)
{
	for (uint32_t i = 0; i < *count; i++)
		if (streq((*list)[i].key, key)) {
			free((*list)[i].value);
			(*list)[i].value = xstrdup(value);
			return;
		}
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = (struct plan_label){xstrdup(key), xstrdup(value)};
}

static void label(struct plan_pod *pod, const char *key, const char *value)
{
	set_label(&pod->labels, &pod->labels_count, key, value);
}

static void set_owner(struct plan_pod *pod, const char *version, const char *kind, const char *name,
                      const char *uid)
{
	struct plan_owner *o = xcalloc(1, sizeof(*o));

	o->api_version = xstrdup(version);
	o->kind = xstrdup(kind);
	o->name = xstrdup(name);
	o->uid = xstrdup(uid);
	pod->controller = o;
}

static void set_number(int64_t **member, int64_t n)
{
	*member = xmalloc(sizeof(**member));
	**member = n;
}

static void mark_deployment(const struct run *r, const struct workload *w, struct plan_pod *pod)
{
	autofree char *set = xasprintf("%s-%s", w->o->name, w->hash);
	autofree char *uid = workload_uid(r, w->o->ns, kind_name(OBJECT_REPLICA_SET), set);

	label(pod, "pod-template-hash", w->hash);
	set_owner(pod, kind_version(OBJECT_REPLICA_SET), kind_name(OBJECT_REPLICA_SET), set, uid);
}

static void mark_stateful_set(const struct workload *w, int64_t i, struct plan_pod *pod)
{
	const struct k8s_stateful_set_spec *s = w->o->stateful_set->spec;
	autofree char *number = xasprintf("%" PRId64, w->first + i);
	autofree char *revision = xasprintf("%s-%s", w->o->name, w->hash);

	label(pod, "statefulset.kubernetes.io/pod-name", pod->name);
	label(pod, "apps.kubernetes.io/pod-index", number);
	if (strlen(revision) <= MAX_HASH_LABEL)
		label(pod, "controller-revision-hash", revision);
	else
		label(pod, "controller-revision-hash", w->hash);
	set_number(&pod->index, w->first + i);
	pod->hostname = xstrdup(pod->name);
	pod->subdomain = s->serviceName && *s->serviceName ? xstrdup(s->serviceName) : NULL;
}

static void mark_daemon_set(const struct workload *w, struct plan_pod *pod)
{
	label(pod, "controller-revision-hash", w->hash);
	label(pod, "pod-template-generation", "1");
}

static void mark_job(const struct workload *w, int64_t i, struct plan_pod *pod)
{
	static const char index_key[] = "batch.kubernetes.io/job-completion-index";
	autofree char *number = xasprintf("%lld", (long long)i);

	label(pod, "batch.kubernetes.io/controller-uid", w->uid);
	label(pod, "batch.kubernetes.io/job-name", w->o->name);
	label(pod, "controller-uid", w->uid);
	label(pod, "job-name", w->o->name);
	if (!w->indexed)
		return;
	label(pod, index_key, number);
	set_label(&pod->annotations, &pod->annotations_count, index_key, number);
	set_number(&pod->index, i);
	pod->hostname = xasprintf("%s-%s", w->o->name, number);
}

void workload_mark(const struct run *r, const struct workload *w, int64_t i, struct plan_pod *pod)
{
	const struct object *o = w->o;

	if (o->type == OBJECT_POD)
		return;
	pod->owner_kind = xstrdup(kind_name(o->type));
	pod->owner_name = xstrdup(o->name);
	if (o->type == OBJECT_CRON_JOB) /* the Job that owns it has no name yet */
		return;
	if (o->type == OBJECT_DEPLOYMENT)
		mark_deployment(r, w, pod);
	else
		set_owner(pod, kind_version(o->type), kind_name(o->type), o->name, w->uid);
	if (o->type == OBJECT_STATEFUL_SET)
		mark_stateful_set(w, i, pod);
	else if (o->type == OBJECT_DAEMON_SET)
		mark_daemon_set(w, pod);
	else if (o->type == OBJECT_JOB)
		mark_job(w, i, pod);
}
