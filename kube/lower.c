/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower.c - what exactly is to run? Objects become the plan, and no Kubernetes type is left.
 *
 * Defaults are applied here and nowhere else. Names, uids and hashes depend only on what is
 * written, so that the same files give the same plan.
 */
#include "kube/lower.h"

#include "kube/capname.h"
#include "kube/lowering.h"
#include "kube/print.h"
#include "kube/quantity.h"
#include "pkg/util/hash.h"

enum { DEFAULT_GRACE = 30, HOSTNAME_MAX = 63, CONTAINER_COST = 512, SMALL_COST = 96 };

/* Letters and digits that cannot be mistaken for one another or spell a word. */
static const char safe[] = "bcdfghjklmnpqrstvwxz2456789";

bool lower_spend(struct lower_pod *p, const struct at *at, size_t bytes)
{
	struct lowering *l = p->l;

	l->spent += bytes;
	if (l->spent > LOWER_MAX_TEXT && !l->stop) {
		run_report(l->r, p->v->o, KUBE_ERROR, at, "the plan becomes larger than %d MiB",
		           LOWER_MAX_TEXT >> 20);
		l->stop = true;
	}
	return !l->stop;
}

void *lower_grow(void **list, uint32_t *count, size_t size)
{
	char *item;

	if ((*count & (*count - 1)) == 0)
		*list = xrealloc(*list, MAX(*count * 2, (uint32_t)1) * size);
	item = (char *)*list + *count * size;
	memset(item, 0, size);
	++*count;
	return item;
}

static uint64_t hash_words(uint64_t h, const char *const *words)
{
	for (; *words; words++)
		h = hash_fnv64a(h, *words, strlen(*words) + 1);
	return h;
}

/* A name-based uid: two hashes with the version and variant bits in place. */
static char *make_uid(const char *project, const char *ns, const char *name)
{
	const char *const words[] = {project, ns, name, NULL};
	uint64_t a = hash_words(hash_fnv64a(HASH_FNV64_INIT, "uid-a", 5), words);
	uint64_t b = hash_words(hash_fnv64a(HASH_FNV64_INIT, "uid-b", 5), words);

	return xasprintf("%08x-%04x-5%03x-%04x-%012llx", (unsigned)(a >> 32),
	                 (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
	                 (unsigned)(0x8000 | (b >> 48 & 0x3fff)),
	                 (unsigned long long)(b & 0xffffffffffff));
}

/* pod-template-hash: as a cluster writes it, the digits of a 32-bit hash in the safe alphabet. */
static void template_hash(const struct k8s_pod_template *t, char out[16])
{
	autostrbuf struct strbuf text = {0};
	int len;

	print_json(&schema_pod_template, t, &text);
	len = snprintf(out, 16, "%u", hash_fnv32a(text.s, text.len));
	for (int i = 0; i < len; i++)
		out[i] = safe[(unsigned char)out[i] % (sizeof(safe) - 1)];
}

static char *deployment_pod_name(struct lowering *l, const struct object *o, const char *hash)
{
	const char *const words[] = {l->r->project, o->ns, o->name, hash, NULL};
	uint64_t h = hash_words(HASH_FNV64_INIT, words);
	char suffix[6];

	for (size_t i = 0; i < sizeof(suffix) - 1; i++, h /= sizeof(safe) - 1)
		suffix[i] = safe[h % (sizeof(safe) - 1)];
	suffix[sizeof(suffix) - 1] = '\0';
	return xasprintf("%s-%s-%s", o->name, hash, suffix);
}

static void add_label(struct plan_label **list, uint32_t *count, const char *key, const char *value)
{
	struct plan_label *l = LOWER_ADD(*list, *count);

	l->key = xstrdup(key);
	l->value = xstrdup(value);
}

static void lower_meta(struct lower_pod *p, const struct k8s_meta *m)
{
	const struct at *at = AT(p->v->at, "metadata");

	for (uint32_t i = 0; m && i < m->labels_count; i++)
		if (lower_spend(p, at, SMALL_COST + strlen(m->labels[i].value)))
			add_label(&p->pod->labels, &p->pod->labels_count, m->labels[i].key,
			          m->labels[i].value);
	for (uint32_t i = 0; m && i < m->annotations_count; i++)
		if (lower_spend(p, at, SMALL_COST + strlen(m->annotations[i].value)))
			add_label(&p->pod->annotations, &p->pod->annotations_count,
			          m->annotations[i].key, m->annotations[i].value);
}

enum plan_pull lower_pull_policy(const char *image, enum k8s_pull_policy policy)
{
	const char *slash = strrchr(image, '/');
	const char *tag = strchr(slash ? slash : image, ':');

	switch (policy) {
	case K8S_PULL_ALWAYS:
		return PLAN_PULL_ALWAYS;
	case K8S_PULL_NEVER:
		return PLAN_PULL_NEVER;
	case K8S_PULL_IF_NOT_PRESENT:
		return PLAN_PULL_IF_NOT_PRESENT;
	case K8S_PULL_UNSET:
		break;
	}
	if (strchr(image, '@'))
		return PLAN_PULL_IF_NOT_PRESENT;
	return !tag || streq(tag, ":latest") ? PLAN_PULL_ALWAYS : PLAN_PULL_IF_NOT_PRESENT;
}

static void lower_ports(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                        bool init, struct plan_container *out)
{
	for (uint32_t i = 0; i < c->ports_count; i++) {
		const struct k8s_port *from = &c->ports[i];
		struct plan_port *to;

		if (!lower_spend(p, at, SMALL_COST))
			return;
		to = LOWER_ADD(out->ports, out->ports_count);
		to->name = from->name ? xstrdup(from->name) : NULL;
		to->container_port = from->containerPort ? *from->containerPort : 0;
		to->host_port = from->hostPort && !init ? *from->hostPort : 0;
		to->host_ip = from->hostIP && *from->hostIP ? xstrdup(from->hostIP) : NULL;
		to->protocol = from->protocol == K8S_UDP ? PLAN_UDP : PLAN_TCP;
	}
}

static void add_caps(struct lower_pod *p, const struct at *at, char *const *from, uint32_t count,
                     char ***to, uint32_t *to_count)
{
	for (uint32_t i = 0; i < count && lower_spend(p, at, SMALL_COST); i++) {
		char **slot = LOWER_ADD(*to, *to_count);

		*slot = capname_plain(from[i]);
	}
}

static void lower_security(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                           struct plan_security *out)
{
	const struct k8s_pod_security_context *pod = p->v->spec->securityContext;
	const struct k8s_security_context *s = c->securityContext;
	const int64_t *user = pod ? pod->runAsUser : NULL;
	const int64_t *group = pod ? pod->runAsGroup : NULL;

	user = s && s->runAsUser ? s->runAsUser : user;
	group = s && s->runAsGroup ? s->runAsGroup : group;
	out->run_as_user = user ? *user : -1;
	out->run_as_group = group ? *group : -1;
	if (!s)
		return;
	out->read_only_root = s->readOnlyRootFilesystem && *s->readOnlyRootFilesystem;
	out->privileged = s->privileged && *s->privileged;
	out->no_new_privs = s->allowPrivilegeEscalation && !*s->allowPrivilegeEscalation;
	if (!s->capabilities)
		return;
	add_caps(p, at, s->capabilities->add, s->capabilities->add_count, &out->cap_add,
	         &out->cap_add_count);
	add_caps(p, at, s->capabilities->drop, s->capabilities->drop_count, &out->cap_drop,
	         &out->cap_drop_count);
}

static int64_t amount(const struct k8s_quantity_pair *v, uint32_t count, const char *key, int scale)
{
	int64_t n;

	for (uint32_t i = 0; i < count; i++)
		if (streq(v[i].key, key))
			return quantity_parse(v[i].value, scale, &n) == SCALAR_OK && n >= 0 ? n
			                                                                    : -1;
	return -1;
}

static void lower_resources(const struct k8s_resources *r, struct plan_resources *out)
{
	static const struct k8s_resources none;

	r = r ? r : &none;
	out->cpu_limit_m = amount(r->limits, r->limits_count, "cpu", 1000);
	out->memory_limit = amount(r->limits, r->limits_count, "memory", 1);
	out->cpu_request_m = amount(r->requests, r->requests_count, "cpu", 1000);
	out->memory_request = amount(r->requests, r->requests_count, "memory", 1);
	if (out->cpu_request_m < 0) /* as an API server fills it in */
		out->cpu_request_m = out->cpu_limit_m;
	if (out->memory_request < 0)
		out->memory_request = out->memory_limit;
}

static void lower_container(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
                            bool init, struct plan_container *out)
{
	out->name = xstrdup(text_of(c->name));
	out->image = xstrdup(text_of(c->image));
	out->pull = lower_pull_policy(out->image, c->imagePullPolicy);
	out->working_dir = c->workingDir && *c->workingDir ? xstrdup(c->workingDir) : NULL;
	out->tty = c->tty && *c->tty;
	out->stdin_open = c->stdin && *c->stdin;
	lower_env(p, at, c, out);
	lower_ports(p, at, c, init, out);
	lower_mounts(p, at, c, out);
	lower_security(p, at, c, &out->security);
	lower_resources(c->resources, &out->resources);
}

static void lower_containers(struct lower_pod *p, const char *key, const struct k8s_container *list,
                             uint32_t count, bool init, struct plan_container **to,
                             uint32_t *to_count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct at *at = AT_ITEM(AT(p->v->spec_at, key), i);
		struct plan_container *out;

		if (!lower_spend(p, at, CONTAINER_COST + strlen(text_of(list[i].image))))
			return;
		out = LOWER_ADD(*to, *to_count);
		lower_container(p, at, &list[i], init, out);
	}
}

static char *make_hostname(const char *wanted, const char *pod_name)
{
	char *name = xstrndup(wanted && *wanted ? wanted : pod_name, HOSTNAME_MAX);
	size_t len = strlen(name);

	while (len && (name[len - 1] == '-' || name[len - 1] == '.'))
		name[--len] = '\0';
	return name;
}

static void lower_aliases(struct lower_pod *p, const struct k8s_pod_spec *s)
{
	const struct at *at = AT(p->v->spec_at, "hostAliases");

	for (uint32_t i = 0; i < s->hostAliases_count && lower_spend(p, at, SMALL_COST); i++) {
		const struct k8s_host_alias *from = &s->hostAliases[i];
		struct plan_host_alias *to =
			LOWER_ADD(p->pod->host_aliases, p->pod->host_aliases_count);

		to->ip = xstrdup(text_of(from->ip));
		for (uint32_t h = 0; h < from->hostnames_count && lower_spend(p, at, SMALL_COST);
		     h++) {
			char **slot = LOWER_ADD(to->hostnames, to->hostnames_count);

			*slot = xstrdup(from->hostnames[h]);
		}
	}
}

static void lower_spec(struct lower_pod *p)
{
	static const enum plan_restart restarts[] = {
		[K8S_RESTART_UNSET] = PLAN_RESTART_ALWAYS,
		[K8S_RESTART_ALWAYS] = PLAN_RESTART_ALWAYS,
		[K8S_RESTART_ON_FAILURE] = PLAN_RESTART_ON_FAILURE,
		[K8S_RESTART_NEVER] = PLAN_RESTART_NEVER,
	};
	const struct k8s_pod_spec *s = p->v->spec;
	struct plan_pod *pod = p->pod;

	pod->hostname = make_hostname(s->hostname, pod->name);
	pod->subdomain = s->subdomain && *s->subdomain ? xstrdup(s->subdomain) : NULL;
	pod->host_network = s->hostNetwork && *s->hostNetwork;
	pod->restart = restarts[s->restartPolicy];
	pod->grace_seconds = s->terminationGracePeriodSeconds ? *s->terminationGracePeriodSeconds
	                                                      : DEFAULT_GRACE;
	lower_aliases(p, s);
	lower_volumes(p); /* before the mounts that name them */
	lower_containers(p, "initContainers", s->initContainers, s->initContainers_count, true,
	                 &pod->init_containers, &pod->init_containers_count);
	lower_containers(p, "containers", s->containers, s->containers_count, false,
	                 &pod->containers, &pod->containers_count);
}

static void lower_pod_object(struct lowering *l, const struct object *o)
{
	struct lower_pod p = {.l = l};
	struct pod_view v;
	struct at at[POD_VIEW_DEPTH];
	char hash[16];

	if ((o->type != OBJECT_POD && o->type != OBJECT_DEPLOYMENT) || !run_pod_view(o, at, &v) ||
	    !v.spec)
		return;
	p.v = &v;
	p.pod = LOWER_ADD(l->plan->pods, l->plan->pods_count);
	p.pod->pod_namespace = xstrdup(o->ns);
	if (o->type == OBJECT_DEPLOYMENT) {
		template_hash(o->deployment->spec->template, hash);
		p.pod->name = deployment_pod_name(l, o, hash);
		p.pod->owner_kind = xstrdup(kind_name(o->type));
		p.pod->owner_name = xstrdup(o->name);
	} else {
		p.pod->name = xstrdup(o->name);
	}
	p.pod->uid = make_uid(l->r->project, o->ns, p.pod->name);
	lower_meta(&p, v.meta);
	if (o->type == OBJECT_DEPLOYMENT)
		add_label(&p.pod->labels, &p.pod->labels_count, "pod-template-hash", hash);
	lower_spec(&p);
	names_done(&p.volumes);
}

/* Nothing of it runs, but its references are looked at all the same. */
static void lower_nothing(struct lowering *l, const struct object *o)
{
	struct plan *real = l->plan;
	struct names claims = l->claims;

	l->plan = xcalloc(1, sizeof(*l->plan));
	l->claims = (struct names){0};
	lower_pod_object(l, o);
	plan_free(l->plan);
	names_done(&l->claims);
	l->plan = real;
	l->claims = claims;
}

void lower_claim(struct lowering *l, const char *ns, const char *name,
                 const struct object *declared, const struct pod_view *v, const struct at *at)
{
	const struct k8s_claim_spec *s = declared ? declared->claim->spec : NULL;
	const struct k8s_resources *res = s ? s->resources : NULL;
	struct plan_claim *c;
	int64_t storage;

	if (!names_add(&l->claims, arena_printf(&l->r->arena, "%s/%s", ns, name), 0, NULL))
		return;
	c = LOWER_ADD(l->plan->claims, l->plan->claims_count);
	c->name = xstrdup(name);
	c->claim_namespace = xstrdup(ns);
	c->declared = declared;
	storage = res ? amount(res->requests, res->requests_count, "storage", 1) : 0;
	c->storage = MAX(storage, (int64_t)0);
	if (!declared)
		run_report(l->r, v->o, KUBE_NOTE, at,
		           "no PersistentVolumeClaim of this name is in these files; it is made "
		           "if it does not exist yet");
}

static bool wants_no_pod(const struct object *o)
{
	const struct k8s_deployment_spec *s =
		o->type == OBJECT_DEPLOYMENT ? o->deployment->spec : NULL;

	return s && s->replicas && *s->replicas < 1;
}

void lower(struct run *r, struct plan **ret, struct plan_data *ret_data)
{
	struct lowering l = {.r = r, .configs = {.data = ret_data}};

	l.plan = xcalloc(1, sizeof(*l.plan));
	l.plan->version = PLAN_VERSION;
	l.plan->project = xstrdup(r->project);
	l.plan->project_namespace = xstrdup(r->o->namespace_default);
	for (size_t i = 0; i < r->objects_count; i++)
		if (r->objects[i].type == OBJECT_CLAIM && *r->objects[i].name)
			lower_claim(&l, r->objects[i].ns, r->objects[i].name, &r->objects[i], NULL,
			            NULL);
	for (size_t i = 0; i < r->objects_count && !l.stop; i++)
		if (wants_no_pod(&r->objects[i]))
			lower_nothing(&l, &r->objects[i]);
		else
			lower_pod_object(&l, &r->objects[i]);
	plan_data_sort(ret_data);
	configs_done(&l.configs);
	names_done(&l.claims);
	*ret = l.plan;
}
