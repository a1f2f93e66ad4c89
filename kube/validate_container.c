/* SPDX-License-Identifier: Apache-2.0 */
/* validate_container.c - a container and its environment */
#include "kube/quantity.h"
#include "kube/rule.h"

void walk_container(const struct check *x)
{
	const struct k8s_container *c = x->container;
	const struct at *at = x->at;

	check_thing(x, ON_CONTAINER, at, c);
	for (uint32_t i = 0; i < c->env_count; i++)
		check_thing(x, ON_ENV, AT_ITEM(AT(at, "env"), i), &c->env[i]);
	for (uint32_t i = 0; i < c->envFrom_count; i++)
		check_thing(x, ON_ENV_FROM, AT_ITEM(AT(at, "envFrom"), i), &c->envFrom[i]);
	for (uint32_t i = 0; i < c->ports_count; i++)
		check_thing(x, ON_PORT, AT_ITEM(AT(at, "ports"), i), &c->ports[i]);
	for (uint32_t i = 0; i < c->volumeMounts_count; i++)
		check_thing(x, ON_MOUNT, AT_ITEM(AT(at, "volumeMounts"), i), &c->volumeMounts[i]);
	for (uint32_t i = 0; i < c->volumeDevices_count; i++)
		check_thing(x, ON_DEVICE, AT_ITEM(AT(at, "volumeDevices"), i),
		            &c->volumeDevices[i]);
	walk_resources(x, AT(at, "resources"), c->resources);
	walk_security(x, AT(at, "securityContext"), c->securityContext);
	walk_probes(x);
}

void rule_container_name(const struct check *x)
{
	check_name(x, AT(x->at, "name"), NAME_LABEL, "a container's name", x->container->name);
}

void rule_container_image_empty(const struct check *x)
{
	if (x->container->image && !*x->container->image)
		BROKEN(x, "image",
		       "cannot be empty; write a reference such as docker.io/library/"
		       "nginx:1.27");
}

static bool has_blank(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return true;
	return false;
}

void rule_container_image_blank(const struct check *x)
{
	if (x->container->image && has_blank(x->container->image))
		BROKEN(x, "image", "an image reference has no blanks");
}

/* The name of a repository, without host, tag and digest, as a copy. */
static char *repository(const char *image)
{
	size_t len = strcspn(image, "@"), first = strcspn(image, "/");
	const char *start = image, *colon;

	if (first < len && (memchr(image, '.', first) || memchr(image, ':', first) ||
	                    (first == 9 && strncmp(image, "localhost", 9) == 0)))
		start = image + first + 1;
	len -= (size_t)(start - image);
	for (colon = start + len; colon > start && *colon != ':' && *colon != '/'; colon--)
		;
	return xstrndup(start, *colon == ':' ? (size_t)(colon - start) : len);
}

void rule_container_image_case(const struct check *x)
{
	const char *image = x->container->image;

	if (!has_text(image) || has_blank(image))
		return;
	autofree char *name = repository(image);

	if (strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		BROKEN(x, "image", "the name of an image has no upper case (a tag may)");
}

void rule_container_working_dir(const struct check *x)
{
	if (has_text(x->container->workingDir) && x->container->workingDir[0] != '/')
		BROKEN(x, "workingDir", "must be an absolute path");
}

void rule_container_restart(const struct check *x)
{
	if (x->container->restartPolicy != K8S_CONTAINER_RESTART_UNSET && !x->init)
		BROKEN(x, "restartPolicy",
		       "not supported yet in a container; the pod's restartPolicy stands in its "
		       "spec");
}

void rule_container_restart_init(const struct check *x)
{
	if (x->init && x->container->restartPolicy != K8S_CONTAINER_RESTART_UNSET &&
	    x->container->restartPolicy != K8S_CONTAINER_RESTART_ALWAYS)
		BROKEN(x, "restartPolicy",
		       "of an init container can only be Always (a sidecar); leave it out");
}

void rule_container_sidecar(const struct check *x)
{
	/* never only a warning: as a plain init container it would block the pod for ever */
	if (x->init && x->container->restartPolicy == K8S_CONTAINER_RESTART_ALWAYS)
		BROKEN(x, "restartPolicy", "sidecar containers are not supported yet");
}

void rule_container_env_repeated(const struct check *x)
{
	const struct k8s_container *c = x->container;
	autonames struct names seen = {0};
	uint32_t first;

	for (uint32_t i = 0; i < c->env_count; i++)
		if (c->env[i].name && !names_add(&seen, c->env[i].name, i, &first))
			broken(x, AT(AT_ITEM(AT(x->at, "env"), i), "name"),
			       "env[%u] has this name too, and the last one counts; leave one out",
			       first);
}

void rule_env_name(const struct check *x)
{
	check_name(x, AT(x->at, "name"), NAME_ENV, "the name of a variable", x->env->name);
}

void rule_env_value_twice(const struct check *x)
{
	if (x->env->valueFrom && has_text(x->env->value))
		broken(x, x->at, "value and valueFrom cannot both be set; leave one of them out");
}

void rule_env_source(const struct check *x)
{
	const struct k8s_env_source *s = x->env->valueFrom;
	static const char *const none[] = {NULL};
	const struct at *at = AT(x->at, "valueFrom");
	int count;

	if (!s)
		return;
	count = (s->configMapKeyRef != NULL) + (s->secretKeyRef != NULL) + (s->fieldRef != NULL) +
	        (s->resourceFieldRef != NULL) + (s->fileKeyRef != NULL);
	if (count > 1)
		broken(x, at, "more than one source; leave all but one out");
	else if (!count && !others_stand_at(x, at, none))
		broken(x, at,
		       "no source; write one of configMapKeyRef, secretKeyRef, fieldRef, "
		       "resourceFieldRef");
}

/* metadata.labels['key'] */
bool is_subscript(const char *path)
{
	static const char *const maps[] = {"metadata.labels['", "metadata.annotations['"};

	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		size_t head = strlen(maps[i]), len = strlen(path);

		if (!starts_with(path, maps[i]) || len < head + 3 || !ends_with(path, "']"))
			continue;
		autofree char *key = xstrndup(path + head, len - head - 2);

		return name_is_qualified(key);
	}
	return false;
}

void rule_env_field(const struct check *x)
{
	static const char *const fields[] = {
		"metadata.name",           "metadata.namespace", "metadata.uid",
		"spec.nodeName",           "status.hostIP",      "status.hostIPs",
		"spec.serviceAccountName", "status.podIP",       "status.podIPs",
	};
	const struct k8s_field_ref *f = x->env->valueFrom ? x->env->valueFrom->fieldRef : NULL;
	autofree char *hint = NULL;

	if (!f || !f->fieldPath || is_subscript(f->fieldPath) ||
	    is_one_of(f->fieldPath, fields, ARRAY_LEN(fields), &hint))
		return;
	autofree char *shown = diag_quote(f->fieldPath);
	bool map = streq(f->fieldPath, "metadata.labels") ||
	           streq(f->fieldPath, "metadata.annotations");

	broken(x, AT(AT(AT(x->at, "valueFrom"), "fieldRef"), "fieldPath"),
	       "no variable can hold field \"%s\"%s%s%s", shown,
	       map ? "; write one of them: " : hint, map ? shown : "", map ? "['KEY']" : "");
}

void check_resource_field(const struct check *x, const struct at *at,
                          const struct k8s_resource_field_ref *f)
{
	const char *name = text_of(f->resource);
	const char *base = starts_with(name, "limits.")     ? name + strlen("limits.")
	                   : starts_with(name, "requests.") ? name + strlen("requests.")
	                                                    : "";
	bool cpu = streq(base, "cpu");
	uint32_t i;

	if (f->resource && !cpu && !streq(base, "memory") && !streq(base, "ephemeral-storage") &&
	    !starts_with(base, "hugepages-"))
		broken(x, AT(at, "resource"),
		       "must be limits. or requests. and cpu, memory, ephemeral-storage or "
		       "hugepages-SIZE");
	else if (f->resource && f->divisor && f->divisor->text &&
	         !quantity_is_divisor(f->divisor->text, cpu))
		broken(x, AT(at, "divisor"),
		       cpu ? "must be 1 or 1m" : "must be 1, 1k to 1E, or 1Ki to 1Ei");
	if (!has_text(f->containerName) || names_find(&x->pod->containers, f->containerName, &i))
		return;
	autofree char *shown = diag_quote(f->containerName);

	broken(x, AT(at, "containerName"), "the pod has no container \"%s\"", shown);
}

void rule_env_resource(const struct check *x)
{
	const struct k8s_env_source *s = x->env->valueFrom;

	if (s && s->resourceFieldRef)
		check_resource_field(x, AT(AT(x->at, "valueFrom"), "resourceFieldRef"),
		                     s->resourceFieldRef);
}

void rule_env_key(const struct check *x)
{
	const struct k8s_env_source *s = x->env->valueFrom;
	const struct at *at = AT(x->at, "valueFrom");

	if (s && s->configMapKeyRef)
		check_name(x, AT(AT(at, "configMapKeyRef"), "key"), NAME_CONFIG_KEY, "a key",
		           s->configMapKeyRef->key);
	if (s && s->secretKeyRef)
		check_name(x, AT(AT(at, "secretKeyRef"), "key"), NAME_CONFIG_KEY, "a key",
		           s->secretKeyRef->key);
}

void rule_env_file(const struct check *x)
{
	const struct k8s_file_key_ref *f = x->env->valueFrom ? x->env->valueFrom->fileKeyRef : NULL;
	const struct at *at = AT(AT(x->at, "valueFrom"), "fileKeyRef");
	const struct k8s_volume *v;
	uint32_t i;

	if (!f)
		return;
	if (f->path && !fits_below(f->path))
		broken(x, AT(at, "path"), "must be a relative path without \"..\"");
	if (!f->volumeName)
		return;
	v = names_find(&x->pod->volumes, f->volumeName, &i) && i < x->pod->spec->volumes_count
	            ? &x->pod->spec->volumes[i]
	            : NULL;
	if (!v || !v->emptyDir)
		broken(x, AT(at, "volumeName"), "must be an emptyDir volume of this pod");
}

void rule_env_from_source(const struct check *x)
{
	static const char *const fields[] = {"prefix", NULL};
	const struct k8s_env_from *f = x->env_from;

	if (f->configMapRef && f->secretRef)
		broken(x, x->at, "more than one source; write two entries");
	else if (!f->configMapRef && !f->secretRef && !others_stand_at(x, x->at, fields))
		broken(x, x->at, "no source; write configMapRef or secretRef");
}

void rule_env_from_prefix(const struct check *x)
{
	if (has_text(x->env_from->prefix))
		check_name(x, AT(x->at, "prefix"), NAME_ENV, "a prefix", x->env_from->prefix);
}
