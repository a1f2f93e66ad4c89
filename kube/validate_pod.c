/* SPDX-License-Identifier: Apache-2.0 */
/* validate_pod.c - pods: containers, volumes, mounts, ports and what they say about each other */
#include "kube/validate.h"

#include <arpa/inet.h>

#include "kube/capname.h"
#include "kube/quantity.h"
#include "kube/scalar.h"

/* One pod under inspection. */
struct pod_check {
	struct run *r;
	const struct pod_view *v;
	const struct k8s_pod_spec *spec;
	const struct at *at;     /* of the spec */
	struct names volumes;    /* by name */
	struct names containers; /* both kinds share one space of names */
};

/* One container under inspection. */
struct container_check {
	struct run *r;
	const struct object *o;
	struct pod_check *pod;
	const struct k8s_container *c;
	const struct at *at;
	bool init;
};

#define ERROR_AT(x, at, ...) run_report((x)->r, (x)->o, KUBE_ERROR, at, __VA_ARGS__)

static bool is_address(const char *s)
{
	unsigned char buf[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, s, buf) == 1 || inet_pton(AF_INET6, s, buf) == 1;
}

/* True if a "/"-separated path has a ".." part. */
static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

static bool fits_relative(const char *path)
{
	return *path && *path != '/' && !has_dotdot(path) && strlen(path) < PATH_MAX;
}

static void check_name(struct container_check *x)
{
	if (!x->c->name)
		return;
	if (!name_is_label(x->c->name))
		ERROR_AT(x, AT(x->at, "name"),
		         "a container's name has a-z 0-9 - only, at most 63, and begins and ends "
		         "with a letter or digit");
	else if (!names_add(&x->pod->containers, x->c->name, 0, NULL))
		ERROR_AT(x, AT(x->at, "name"), "another container of this pod has this name");
}

static void check_image(struct container_check *x)
{
	const char *image = x->c->image;

	if (!image)
		return;
	if (!*image)
		ERROR_AT(x, AT(x->at, "image"), "cannot be empty");
	for (const char *p = image; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f) {
			ERROR_AT(x, AT(x->at, "image"), "an image reference has no blanks");
			break;
		}
}

static void check_working_dir(struct container_check *x)
{
	if (x->c->workingDir && *x->c->workingDir && *x->c->workingDir != '/')
		ERROR_AT(x, AT(x->at, "workingDir"), "must be an absolute path");
}

/* Sources that we do not support yet leave no member but stand in the file. */
static bool node_has_entries(const struct container_check *x, const struct at *at)
{
	return run_locate(x->r, x->o, at)->len > 0;
}

static void check_env_source(struct container_check *x, const struct at *at,
                             const struct k8s_env *env)
{
	const struct k8s_env_source *s = env->valueFrom;
	const struct at *from = AT(at, "valueFrom");
	int count =
		(s->configMapKeyRef != NULL) + (s->secretKeyRef != NULL) + (s->fieldRef != NULL);

	if (env->value && *env->value)
		ERROR_AT(x, at, "value and valueFrom cannot both be set");
	if (count > 1)
		ERROR_AT(x, from, "more than one source");
	else if (!count && !node_has_entries(x, from))
		ERROR_AT(x, from, "no source");
}

static void check_env(struct container_check *x)
{
	for (uint32_t i = 0; i < x->c->env_count; i++) {
		const struct k8s_env *env = &x->c->env[i];
		const struct at *at = AT_ITEM(AT(x->at, "env"), i);

		if (env->name && !name_is_env(env->name))
			ERROR_AT(x, AT(at, "name"),
			         "the name of a variable is printable ASCII without \"=\"");
		if (env->valueFrom)
			check_env_source(x, at, env);
	}
	for (uint32_t i = 0; i < x->c->envFrom_count; i++) {
		const struct k8s_env_from *f = &x->c->envFrom[i];
		const struct at *at = AT_ITEM(AT(x->at, "envFrom"), i);

		if (f->prefix && *f->prefix && !name_is_env(f->prefix))
			ERROR_AT(x, AT(at, "prefix"), "a prefix is printable ASCII without \"=\"");
		if (f->configMapRef && f->secretRef)
			ERROR_AT(x, at, "more than one source");
		else if (!f->configMapRef && !f->secretRef)
			ERROR_AT(x, at, "no source: configMapRef or secretRef");
	}
}

static void check_port_numbers(struct container_check *x, const struct at *at,
                               const struct k8s_port *p)
{
	if (p->containerPort && (*p->containerPort < 1 || *p->containerPort > 65535))
		ERROR_AT(x, AT(at, "containerPort"), "a port is 1 to 65535");
	if (p->hostPort && (*p->hostPort < 0 || *p->hostPort > 65535))
		ERROR_AT(x, AT(at, "hostPort"), "a port is 1 to 65535");
	if (x->pod->spec->hostNetwork && *x->pod->spec->hostNetwork && p->hostPort &&
	    p->containerPort && *p->hostPort && *p->hostPort != *p->containerPort)
		ERROR_AT(x, AT(at, "hostPort"),
		         "must be the containerPort (%d) when hostNetwork is true",
		         *p->containerPort);
}

static void check_ports(struct container_check *x)
{
	autonames struct names names = {0}, numbers = {0};

	for (uint32_t i = 0; i < x->c->ports_count; i++) {
		const struct k8s_port *p = &x->c->ports[i];
		const struct at *at = AT_ITEM(AT(x->at, "ports"), i);
		char *number;

		check_port_numbers(x, at, p);
		if (p->hostIP && *p->hostIP && !is_address(p->hostIP))
			ERROR_AT(x, AT(at, "hostIP"), "this is no IP address");
		if (p->protocol == K8S_SCTP)
			ERROR_AT(x, AT(at, "protocol"), "SCTP is not supported; use TCP or UDP");
		if (p->name && !name_is_port(p->name))
			ERROR_AT(x, AT(at, "name"),
			         "a port's name has a-z 0-9 - only, at most 15, and a letter");
		else if (p->name && !names_add(&names, p->name, i, NULL))
			ERROR_AT(x, AT(at, "name"), "another port of this container has this name");
		if (!p->containerPort)
			continue;
		number = arena_printf(&x->r->arena, "%d/%d/%s/%d", *p->containerPort, p->protocol,
		                      text_of(p->hostIP), p->hostPort ? *p->hostPort : 0);
		if (!names_add(&numbers, number, i, NULL))
			run_report(x->r, x->o, KUBE_WARNING, AT(at, "containerPort"),
			           "this port is already listed");
	}
}

static void check_mounts(struct container_check *x)
{
	autonames struct names paths = {0};
	uint32_t i_old;

	for (uint32_t i = 0; i < x->c->volumeMounts_count; i++) {
		const struct k8s_mount *m = &x->c->volumeMounts[i];
		const struct at *at = AT_ITEM(AT(x->at, "volumeMounts"), i);
		const char *path = text_of(m->mountPath);
		size_t len = strlen(path);

		if (m->name && !names_find(&x->pod->volumes, m->name, &i_old)) {
			struct guess g = {0};

			for (uint32_t v = 0; v < x->pod->spec->volumes_count && !x->r->d.full; v++)
				guess_offer(&g, m->name, text_of(x->pod->spec->volumes[v].name));
			autofree char *name = diag_quote(m->name), *hint = guess_text(&g);

			ERROR_AT(x, AT(at, "name"), "the pod has no volume \"%s\"%s", name, hint);
		}
		if (m->subPath && *m->subPath && !fits_relative(m->subPath))
			ERROR_AT(x, AT(at, "subPath"), "must be a relative path without \"..\"");
		if (!m->mountPath)
			continue;
		if (*path != '/' || strchr(path, ':') || has_dotdot(path) || len >= PATH_MAX)
			ERROR_AT(x, AT(at, "mountPath"),
			         "must be an absolute path without \":\" and \"..\"");
		else if (strspn(path, "/.") == len)
			ERROR_AT(x, AT(at, "mountPath"), "cannot be the root directory");
		while (len > 1 && path[len - 1] == '/')
			len--;
		if (!names_add(&paths, arena_strndup(&x->r->arena, path, len), i, &i_old))
			ERROR_AT(x, AT(at, "mountPath"),
			         "volumeMounts[%u] is mounted at this path too", i_old);
	}
}

static void check_capability(struct container_check *x, const struct at *at, const char *name)
{
	struct guess g = {0};

	if (capname_known(name))
		return;
	for (size_t i = 0; capname_nth(i); i++)
		guess_offer(&g, starts_with(name, "CAP_") ? name + 4 : name, capname_nth(i));
	autofree char *text = diag_quote(name), *hint = guess_text(&g);

	ERROR_AT(x, at, "unknown capability \"%s\"%s", text, hint);
}

static void check_capabilities(struct container_check *x, const struct at *at,
                               const struct k8s_security_context *s)
{
	const struct k8s_capabilities *caps = s->capabilities;
	const struct at *add = AT(AT(at, "capabilities"), "add");
	bool admin = false;

	for (uint32_t i = 0; caps && i < caps->add_count; i++) {
		check_capability(x, AT_ITEM(add, i), caps->add[i]);
		admin |= capname_same(caps->add[i], "SYS_ADMIN");
	}
	for (uint32_t i = 0; caps && i < caps->drop_count; i++)
		check_capability(x, AT_ITEM(AT(AT(at, "capabilities"), "drop"), i), caps->drop[i]);
	if (!s->allowPrivilegeEscalation || *s->allowPrivilegeEscalation)
		return;
	if (s->privileged && *s->privileged)
		ERROR_AT(x, AT(at, "allowPrivilegeEscalation"), "cannot be false with privileged");
	if (admin)
		ERROR_AT(x, AT(at, "allowPrivilegeEscalation"),
		         "cannot be false with capability SYS_ADMIN");
}

static void check_id(struct run *r, const struct object *o, const struct at *at, const char *key,
                     const int64_t *id)
{
	if (id && (*id < 0 || *id > INT32_MAX))
		run_report(r, o, KUBE_ERROR, AT(at, key), "an id is 0 to %d", INT32_MAX);
}

static void check_security(struct container_check *x)
{
	const struct k8s_security_context *s = x->c->securityContext;
	const struct k8s_pod_security_context *p = x->pod->spec->securityContext;
	const struct at *at = AT(x->at, "securityContext");
	const struct at *place = at;
	const int64_t *user = s && s->runAsUser ? s->runAsUser : p ? p->runAsUser : NULL;
	const bool *non_root = s ? s->runAsNonRoot : NULL;

	if (!non_root && p && p->runAsNonRoot) {
		non_root = p->runAsNonRoot;
		place = AT(x->pod->at, "securityContext");
	}
	if (non_root && *non_root && user && *user == 0)
		ERROR_AT(x, AT(place, "runAsNonRoot"), "runAsUser is 0");
	else if (non_root && *non_root && !user)
		run_report_strict(x->r, x->o, AT(place, "runAsNonRoot"),
		                  "not supported yet without runAsUser");
	if (!s)
		return;
	check_id(x->r, x->o, at, "runAsUser", s->runAsUser);
	check_id(x->r, x->o, at, "runAsGroup", s->runAsGroup);
	check_capabilities(x, at, s);
}

static void check_container_resources(struct container_check *x)
{
	if (x->c->resources)
		validate_resources(x->r, x->o, AT(x->at, "resources"), x->c->resources, true);
}

static void check_container_restart(struct container_check *x)
{
	const struct at *at = AT(x->at, "restartPolicy");

	if (x->c->restartPolicy == K8S_CONTAINER_RESTART_UNSET)
		return;
	if (x->init && x->c->restartPolicy == K8S_CONTAINER_RESTART_ALWAYS)
		/* never only a warning: as a plain init container it would block the pod for ever
		 */
		ERROR_AT(x, at, "sidecar containers are not supported yet");
	else
		run_report_strict(x->r, x->o, at,
		                  "not supported yet in a container; the pod's restartPolicy "
		                  "stands in its spec");
}

typedef void container_rule(struct container_check *x);

static container_rule *const container_rules[] = {
	check_name,
	check_image,
	check_working_dir,
	check_env,
	check_ports,
	check_mounts,
	check_container_resources,
	check_security,
	check_container_restart,
};

static void check_containers(struct pod_check *p, const char *key, const struct k8s_container *list,
                             uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct container_check x = {
			.r = p->r,
			.o = p->v->o,
			.pod = p,
			.c = &list[i],
			.at = AT_ITEM(AT(p->at, key), i),
			.init = list == p->spec->initContainers,
		};

		for (size_t rule = 0; rule < ARRAY_LEN(container_rules); rule++)
			container_rules[rule](&x);
	}
}

static void pod_containers(struct pod_check *p)
{
	if (p->spec->containers && !p->spec->containers_count)
		run_report(p->r, p->v->o, KUBE_ERROR, AT(p->at, "containers"),
		           "a pod needs a container");
	check_containers(p, "initContainers", p->spec->initContainers,
	                 p->spec->initContainers_count);
	check_containers(p, "containers", p->spec->containers, p->spec->containers_count);
}

static void check_mode(struct pod_check *p, const struct at *at, const char *key,
                       const int32_t *mode)
{
	if (mode && (*mode < 0 || *mode > 0777))
		run_report(p->r, p->v->o, KUBE_ERROR, AT(at, key),
		           "a mode is 0 to 0777 (511); write it in octal, such as 0644");
}

static void check_items(struct pod_check *p, const struct at *at,
                        const struct k8s_key_to_path *items, uint32_t count, const int32_t *mode)
{
	autonames struct names paths = {0};

	check_mode(p, at, "defaultMode", mode);
	for (uint32_t i = 0; i < count; i++) {
		const struct at *here = AT_ITEM(AT(at, "items"), i);

		check_mode(p, here, "mode", items[i].mode);
		if (!items[i].path)
			continue;
		if (!fits_relative(items[i].path) || starts_with(items[i].path, ".."))
			run_report(p->r, p->v->o, KUBE_ERROR, AT(here, "path"),
			           "must be a relative path without \"..\"");
		else if (!names_add(&paths, items[i].path, i, NULL))
			run_report(p->r, p->v->o, KUBE_ERROR, AT(here, "path"),
			           "another item has this path");
	}
}

static void check_empty_dir(struct pod_check *p, const struct at *at, const struct k8s_empty_dir *d)
{
	int64_t size;

	if (d->medium == K8S_MEDIUM_HUGE)
		run_report_strict(p->r, p->v->o, AT(at, "medium"),
		                  "huge pages are not supported yet");
	if (!d->sizeLimit || !d->sizeLimit->text)
		return;
	if (quantity_parse(d->sizeLimit->text, 1, &size) == SCALAR_RANGE)
		run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "sizeLimit"), "too large");
	else if (size < 0)
		run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "sizeLimit"), "cannot be negative");
}

static void check_host_path(struct pod_check *p, const struct at *at, const char *path)
{
	if (path && !*path)
		run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "path"), "cannot be empty");
	else if (path && *path == '/' && has_dotdot(path))
		run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "path"),
		           "an absolute path cannot have \"..\"");
	else if (path && starts_with(path, "~"))
		run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "path"),
		           "\"~\" is not expanded; write an absolute path, or one relative to this "
		           "file");
	else if (path && strlen(path) >= PATH_MAX)
		run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "path"), "too long");
}

static void check_volume_source(struct pod_check *p, const struct at *at,
                                const struct k8s_volume *v)
{
	int count = (v->emptyDir != NULL) + (v->hostPath != NULL) + (v->configMap != NULL) +
	            (v->secret != NULL) + (v->persistentVolumeClaim != NULL);
	const struct node *n;
	uint32_t others = 0;

	if (count > 1)
		run_report(p->r, p->v->o, KUBE_ERROR, at, "more than one source");
	if (count || p->r->d.full)
		return;
	n = run_locate(p->r, p->v->o, at);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->len; i++)
		others += !streq(n->pair[i].key->text, "name") && !node_is_null(n->pair[i].val);
	if (!others)
		run_report(p->r, p->v->o, KUBE_ERROR, at,
		           "a volume needs a source; write emptyDir: {} for an empty directory");
}

static void check_volume(struct pod_check *p, const struct at *at, const struct k8s_volume *v)
{
	check_volume_source(p, at, v);
	if (v->emptyDir)
		check_empty_dir(p, AT(at, "emptyDir"), v->emptyDir);
	if (v->hostPath)
		check_host_path(p, AT(at, "hostPath"), v->hostPath->path);
	if (v->configMap)
		check_items(p, AT(at, "configMap"), v->configMap->items, v->configMap->items_count,
		            v->configMap->defaultMode);
	if (v->secret)
		check_items(p, AT(at, "secret"), v->secret->items, v->secret->items_count,
		            v->secret->defaultMode);
	if (v->persistentVolumeClaim && v->persistentVolumeClaim->claimName &&
	    !name_is_subdomain(v->persistentVolumeClaim->claimName))
		run_report(p->r, p->v->o, KUBE_ERROR,
		           AT(AT(at, "persistentVolumeClaim"), "claimName"),
		           "a claim's name has a-z 0-9 - . only, at most 253, and begins and ends "
		           "with a letter or digit");
}

static void pod_volumes(struct pod_check *p)
{
	for (uint32_t i = 0; i < p->spec->volumes_count; i++) {
		const struct k8s_volume *v = &p->spec->volumes[i];
		const struct at *at = AT_ITEM(AT(p->at, "volumes"), i);

		bool again = v->name && !names_add(&p->volumes, v->name, i, NULL);

		check_volume(p, at, v);
		if (v->name && !name_is_label(v->name))
			run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "name"),
			           "a volume's name has a-z 0-9 - only, at most 63, and begins and "
			           "ends with a letter or digit");
		else if (again)
			run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "name"),
			           "another volume of this pod has this name");
	}
}

static void pod_names(struct pod_check *p)
{
	const struct k8s_pod_spec *s = p->spec;

	if (s->hostname && *s->hostname && !name_is_label(s->hostname))
		run_report(p->r, p->v->o, KUBE_ERROR, AT(p->at, "hostname"),
		           "a hostname has a-z 0-9 - only, at most 63, and begins and ends with a "
		           "letter or digit");
	if (s->subdomain && *s->subdomain && !name_is_label(s->subdomain))
		run_report(p->r, p->v->o, KUBE_ERROR, AT(p->at, "subdomain"),
		           "a subdomain has a-z 0-9 - only, at most 63");
	for (uint32_t i = 0; i < s->hostAliases_count; i++) {
		const struct k8s_host_alias *a = &s->hostAliases[i];
		const struct at *at = AT_ITEM(AT(p->at, "hostAliases"), i);

		if (a->ip && !is_address(a->ip))
			run_report(p->r, p->v->o, KUBE_ERROR, AT(at, "ip"),
			           "this is no IP address");
		for (uint32_t h = 0; h < a->hostnames_count; h++)
			if (!name_is_subdomain(a->hostnames[h]))
				run_report(p->r, p->v->o, KUBE_ERROR,
				           AT_ITEM(AT(at, "hostnames"), h),
				           "a host name has a-z 0-9 - . only");
	}
}

static void pod_settings(struct pod_check *p)
{
	const struct k8s_pod_spec *s = p->spec;
	const struct at *security = AT(p->at, "securityContext");

	if (s->terminationGracePeriodSeconds && *s->terminationGracePeriodSeconds < 0)
		run_report(p->r, p->v->o, KUBE_ERROR, AT(p->at, "terminationGracePeriodSeconds"),
		           "cannot be negative");
	if (s->terminationGracePeriodSeconds && *s->terminationGracePeriodSeconds > INT32_MAX)
		run_report(p->r, p->v->o, KUBE_ERROR, AT(p->at, "terminationGracePeriodSeconds"),
		           "too large");
	if (s->os && s->os->name && !streq(s->os->name, "linux"))
		run_report(p->r, p->v->o, KUBE_ERROR, AT(AT(p->at, "os"), "name"),
		           streq(s->os->name, "windows") ? "Windows containers cannot run on Linux"
		                                         : "must be linux");
	if (!s->securityContext)
		return;
	check_id(p->r, p->v->o, security, "runAsUser", s->securityContext->runAsUser);
	check_id(p->r, p->v->o, security, "runAsGroup", s->securityContext->runAsGroup);
}

typedef void pod_rule(struct pod_check *p);

/* Volumes come first: containers ask for them by name. */
static pod_rule *const pod_rules[] = {pod_volumes, pod_containers, pod_names, pod_settings};

void validate_pod(struct run *r, const struct pod_view *v)
{
	struct pod_check p = {.r = r, .v = v, .spec = v->spec, .at = v->spec_at};

	for (size_t i = 0; i < ARRAY_LEN(pod_rules); i++)
		pod_rules[i](&p);
	names_done(&p.volumes);
	names_done(&p.containers);
}

/* A published port: who asked for it. */
struct claim_of_port {
	const struct object *o;
	const char *ip; /* "" is all addresses */
	int port, protocol;
	uint32_t container, index; /* where it stands */
	size_t order;
};

static int by_port(const void *a, const void *b)
{
	const struct claim_of_port *x = a, *y = b;
	int all = (*x->ip != '\0') - (*y->ip != '\0'); /* all addresses first */
	int r = x->port != y->port           ? x->port - y->port
	        : x->protocol != y->protocol ? x->protocol - y->protocol
	        : all                        ? all
	                                     : strcmp(x->ip, y->ip);

	return r ? r : x->order < y->order ? -1 : 1;
}

static const char *plain_ip(const char *ip)
{
	return streq(ip, "0.0.0.0") || streq(ip, "::") ? "" : ip;
}

static void collect_ports(const struct pod_view *v, struct claim_of_port **list, size_t *count)
{
	bool host = v->spec->hostNetwork && *v->spec->hostNetwork;

	for (uint32_t i = 0; i < v->spec->containers_count; i++) {
		const struct k8s_container *c = &v->spec->containers[i];

		for (uint32_t j = 0; j < c->ports_count; j++) {
			const struct k8s_port *p = &c->ports[j];
			const int32_t *port = p->hostPort && *p->hostPort ? p->hostPort
			                      : host                      ? p->containerPort
			                                                  : NULL;

			if (!port || *port < 1)
				continue;
			if ((*count & (*count - 1)) == 0)
				*list = xrealloc(*list,
				                 MAX(*count * 2, (size_t)1) * sizeof(**list));
			(*list)[*count] = (struct claim_of_port){
				.o = v->o,
				.ip = plain_ip(text_of(p->hostIP)),
				.port = *port,
				.protocol = p->protocol == K8S_UDP,
				.container = i,
				.index = j,
				.order = *count,
			};
			++*count;
		}
	}
}

static void report_port(struct run *r, struct claim_of_port *first, struct claim_of_port *again)
{
	struct at at[POD_VIEW_DEPTH];
	struct pod_view v;
	struct claim_of_port *late = first->order > again->order ? first : again;
	struct claim_of_port *early = late == first ? again : first;

	(void)run_pod_view(late->o, at, &v);
	const struct at *port = AT_ITEM(
		AT(AT_ITEM(AT(v.spec_at, "containers"), late->container), "ports"), late->index);
	autofree char *name = diag_quote(early->o->name);

	run_report(r, late->o, KUBE_ERROR, AT(port, "hostPort"),
	           "port %d is already taken by %s \"%s\"%s", late->port, kind_name(early->o->type),
	           name, early->o == late->o ? " itself" : "");
}

void validate_host_ports(struct run *r)
{
	autofree struct claim_of_port *list = NULL;
	size_t count = 0, group = 0;

	for (size_t i = 0; i < r->objects_count; i++) {
		const struct object *o = &r->objects[i];
		struct at at[POD_VIEW_DEPTH];
		struct pod_view v;
		bool runs = o->type != OBJECT_DEPLOYMENT || !o->deployment->spec ||
		            !o->deployment->spec->replicas || *o->deployment->spec->replicas > 0;

		if (runs && run_pod_view(o, at, &v) && v.spec)
			collect_ports(&v, &list, &count);
	}
	if (count)
		qsort(list, count, sizeof(*list), by_port);
	for (size_t i = 1; i < count; i++) {
		bool same = list[i].port == list[group].port &&
		            list[i].protocol == list[group].protocol;

		if (!same)
			group = i;
		else if (!*list[group].ip)
			report_port(r, &list[group], &list[i]);
		else if (streq(list[i].ip, list[i - 1].ip))
			report_port(r, &list[i - 1], &list[i]);
	}
}
