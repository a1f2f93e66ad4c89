/* SPDX-License-Identifier: Apache-2.0 */
/* annotation.c - see annotation.h */
#include "kube/annotation.h"

#include "kube/scalar.h"
#include "pkg/util/str.h"

/* --- values ------------------------------------------------------------------------------- */

/* One of the words of `value`, which are separated by " or " and ", ". */
static bool is_word(const struct annotation *a, const char *value)
{
	size_t len = strlen(value);

	for (const char *at = a->value; *at;) {
		size_t n = strcspn(at, ", ");

		if (len == n && memcmp(at, value, n) == 0 && !streq(value, "or"))
			return true;
		at += n;
		at += strspn(at, ", ");
	}
	return false;
}

static bool is_text(const struct annotation *a, const char *value)
{
	UNUSED(a);
	return *value;
}

static bool is_limit(const struct annotation *a, const char *value)
{
	int64_t n;

	UNUSED(a);
	return str_parse_int(value, -1, INT32_MAX, &n) == 0;
}

static bool is_id(const struct annotation *a, const char *value)
{
	int64_t n;

	UNUSED(a);
	return str_parse_int(value, 0, INT32_MAX, &n) == 0;
}

/* Digits with one point in between, not zero. */
static bool is_factor(const struct annotation *a, const char *value)
{
	size_t whole = strspn(value, "0123456789"), rest;

	UNUSED(a);
	if (!whole)
		return false;
	rest = value[whole] == '.' ? 1 + strspn(value + whole + 1, "0123456789") : 0;
	return rest != 1 && !value[whole + rest] && strspn(value, "0.") < whole + rest;
}

/* "0-3,8": lists of processors and memory nodes. */
static bool is_cpu_list(const struct annotation *a, const char *value)
{
	UNUSED(a);
	for (const char *p = value;; p++) {
		size_t n = strspn(p, "0123456789");

		if (!n)
			return false;
		p += n;
		if (*p == '-') {
			n = strspn(p + 1, "0123456789");
			if (!n)
				return false;
			p += 1 + n;
		}
		if (!*p)
			return true;
		if (*p != ',')
			return false;
	}
}

static bool is_ulimit_number(const char *text, size_t len)
{
	return (len == 2 && memcmp(text, "-1", 2) == 0) ||
	       (len && len < 19 && strspn(text, "0123456789") >= len);
}

/* "nofile=1024:2048,nproc=100", or host. */
static bool is_ulimits(const struct annotation *a, const char *value)
{
	UNUSED(a);
	if (streq(value, "host"))
		return true;
	for (const char *p = value;; p++) {
		size_t name = strspn(p, "abcdefghijklmnopqrstuvwxyz"), n;

		if (!name || p[name] != '=')
			return false;
		p += name + 1;
		n = strcspn(p, ":,");
		if (!is_ulimit_number(p, n))
			return false;
		p += n;
		if (*p == ':') {
			n = strcspn(++p, ",");
			if (!is_ulimit_number(p, n))
				return false;
			p += n;
		}
		if (!*p)
			return true;
	}
}

/* "100ms,5s": the first pause and the longest. */
static bool is_backoff(const struct annotation *a, const char *value)
{
	const char *p = value;

	UNUSED(a);
	for (int i = 0; i < 2; i++) {
		size_t n = strspn(p, "0123456789");

		if (!n || n > 9)
			return false;
		p += n;
		if (starts_with(p, "ms"))
			p += 2;
		else if (*p == 's' || *p == 'm')
			p++;
		else
			return false;
		if (*p != (i ? '\0' : ','))
			return false;
		p++;
	}
	return true;
}

static bool is_profile(const struct annotation *a, const char *value)
{
	UNUSED(a);
	return streq(value, "runtime/default") || streq(value, "docker/default") ||
	       streq(value, "unconfined") ||
	       (starts_with(value, "localhost/") && value[strlen("localhost/")]);
}

/* --- the table ---------------------------------------------------------------------------- */

#define YES        SCHEMA_YES, ""
#define QUIET(why) SCHEMA_QUIET, why
#define LATER      SCHEMA_LATER, ""
#define PODMAN     "io.podman.annotations."

/* clang-format off */
static const struct annotation table[] = {
	{"bind-mount-options", ANNOTATION_POD, LATER, "PATH:z or PATH:Z", is_text, NULL,
	 "podman: SELinux option of one hostPath"},
	{"container.apparmor.security.beta.kubernetes.io", ANNOTATION_CONTAINER, LATER,
	 "runtime/default, unconfined or localhost/NAME", is_profile, NULL,
	 "AppArmor profile of a container, as it was written before appArmorProfile, which wins"},
	{"container.seccomp.security.alpha.kubernetes.io", ANNOTATION_CONTAINER, LATER,
	 "runtime/default, unconfined or localhost/FILE", is_profile, NULL,
	 "seccomp profile of a container, as it was written before seccompProfile, which wins"},
	{"io.containers.autoupdate", ANNOTATION_EITHER, LATER,
	 "registry, local or disabled", is_word, "auto-update",
	 "where newer images are looked for"},
	{"io.containers.autoupdate.authfile", ANNOTATION_EITHER, LATER, "a path", is_text, "auto-update-auth",
	 "credentials for looking for newer images"},
	{"io.containers.sdnotify", ANNOTATION_EITHER, LATER,
	 "ignore, conmon, container or healthy", is_word, "sdnotify",
	 "who tells systemd that the pod is ready"},
	{PODMAN "apparmor", ANNOTATION_CONTAINER, QUIET("podman shows it only"), "text", NULL, NULL,
	 "podman: AppArmor profile as it was"},
	{PODMAN "autoremove", ANNOTATION_CONTAINER, QUIET("containers go with their pod"), "TRUE or FALSE", NULL, NULL,
	 "podman: remove the container when it ends"},
	{PODMAN "cid-file", ANNOTATION_CONTAINER, QUIET("podman shows it only"), "a path", NULL, NULL,
	 "podman: file with the container's id"},
	{PODMAN "cpuset", ANNOTATION_CONTAINER, LATER, "processors such as 0-3,8", is_cpu_list, "cpuset",
	 "processors that a container may use"},
	{PODMAN "infra.name", ANNOTATION_POD, QUIET("no container holds the pod's namespaces"), "a name", NULL, NULL,
	 "podman: name of the pod's infra container"},
	{PODMAN "init", ANNOTATION_CONTAINER, LATER, "TRUE, FALSE, true or false", is_word, "init",
	 "start a small process 1 that collects what others leave behind"},
	{PODMAN "init.container.type", ANNOTATION_POD, QUIET("init containers are always kept"), "once or always",
	 is_word, NULL, "podman: whether init containers are removed when they are done"},
	{PODMAN "kube.health.check", ANNOTATION_EITHER, QUIET("podman writes it for itself"), "true", NULL, NULL,
	 "podman: the container has a probe"},
	{PODMAN "kube.image.automount", ANNOTATION_CONTAINER, LATER, "IMAGE;IMAGE", is_text, NULL,
	 "podman: mount the volumes of these images"},
	{PODMAN "kube.image.volumes.mount", ANNOTATION_CONTAINER, LATER, "IMAGE;IMAGE", is_text, NULL,
	 "podman: mount the volumes of these images"},
	{PODMAN "label", ANNOTATION_CONTAINER, LATER, "an SELinux option, or nested", is_text, "selinux-label",
	 "podman: SELinux option of a container"},
	{PODMAN "memory-nodes", ANNOTATION_CONTAINER, LATER, "memory nodes such as 0-1", is_cpu_list, "memory-nodes",
	 "memory nodes that a container may use"},
	{PODMAN "pids-limit", ANNOTATION_CONTAINER, LATER, "a number, or -1 for no limit", is_limit, "pids-limit",
	 "how many processes and threads a container may have"},
	{PODMAN "privileged", ANNOTATION_CONTAINER, QUIET("podman shows it only"), "TRUE or FALSE", NULL, NULL,
	 "podman: the container was privileged"},
	{PODMAN "publish-all", ANNOTATION_CONTAINER, QUIET("podman shows it only"), "TRUE or FALSE", NULL, NULL,
	 "podman: all ports were published"},
	{PODMAN "seccomp", ANNOTATION_CONTAINER, QUIET("podman shows it only"), "text", NULL, NULL,
	 "podman: seccomp profile as it was"},
	{PODMAN "ulimit", ANNOTATION_EITHER, LATER, "NAME=SOFT[:HARD],..., or host", is_ulimits, "ulimit",
	 "resource limits of the processes of all containers, or of one"},
	{PODMAN "userns", ANNOTATION_NAMED_POD, LATER, "a mode such as keep-id or auto:size=5000", is_text, "userns",
	 "which users the pod has"},
	{PODMAN "volumes-from", ANNOTATION_CONTAINER, LATER, "CONTAINER[:OPTIONS];...", is_text, "volumes-from",
	 "mount what these containers of the pod mount"},
	{"kubectl.kubernetes.io/default-container", ANNOTATION_POD, YES, "a container of the pod", is_text, NULL,
	 "the container that exec and logs take without -c"},
	{"kubectl.kubernetes.io/last-applied-configuration", ANNOTATION_ANY, QUIET("kubectl writes it for itself"),
	 "text", NULL, NULL, "the object as kubectl apply saw it"},
	{"kubectl.kubernetes.io/restartedAt", ANNOTATION_POD, YES, "a time", NULL, NULL,
	 "a new value makes the pods of a controller anew, as every change of their template does"},
	{"kubeplay.io/after", ANNOTATION_POD, LATER, "pods, separated by commas", is_text, "after",
	 "start when these pods are ready"},
	{"kubeplay.io/bind", ANNOTATION_POD, LATER, "an address of the host", is_text, "bind",
	 "address at which hostPorts are published that say none"},
	{"kubeplay.io/env-file", ANNOTATION_EITHER, LATER, "a path", is_text, "env-file",
	 "variables for the containers from a file of the host"},
	{"kubeplay.io/host-loopback", ANNOTATION_POD, LATER, "none, all or ports such as 5432,8080", is_text,
	 "host-loopback", "what of the host's own 127.0.0.1 the pod can reach"},
	{"kubeplay.io/log-format", ANNOTATION_EITHER, LATER, "text or json", is_word, "log-format",
	 "how lines of output are taken apart"},
	{"kubeplay.io/net", ANNOTATION_POD, LATER, "own, cluster or host", is_word, "net",
	 "which network the pod has"},
	{"kubeplay.io/probe-scale", ANNOTATION_POD, LATER, "a factor such as 0.1", is_factor, "probe-scale",
	 "all times of probes are multiplied by it"},
	{"kubeplay.io/restart-backoff", ANNOTATION_POD, LATER, "FIRST,LONGEST such as 100ms,5s", is_backoff,
	 "restart-backoff", "pauses before a container is started again"},
	{"kubeplay.io/sync", ANNOTATION_EITHER, LATER, "HOSTDIR:DIR", is_text, "sync",
	 "keep a directory of the container like one of the host"},
	{"kubeplay.io/volume-copy-up", ANNOTATION_POD, LATER, "volumes, separated by commas", is_text,
	 "volume-copy-up", "fill empty volumes with what the image has at their mount points"},
	{"run.oci.keep_original_groups", ANNOTATION_POD, LATER, "1", is_word, "keep-groups",
	 "the supplementary groups of the user stay in force"},
	{"seccomp.security.alpha.kubernetes.io/pod", ANNOTATION_POD, LATER,
	 "runtime/default, unconfined or localhost/FILE", is_profile, NULL,
	 "seccomp profile of all containers, as it was written before seccompProfile, which wins"},
	{"volume.podman.io/device", ANNOTATION_CLAIM, LATER, "a device or path", is_text, "device",
	 "podman: what is mounted as the volume"},
	{"volume.podman.io/driver", ANNOTATION_CLAIM, LATER, "local or image", is_word, "driver",
	 "podman: what kind of volume it is"},
	{"volume.podman.io/gid", ANNOTATION_CLAIM, LATER, "a group id", is_id, "gid",
	 "podman: group of the volume's root directory"},
	{"volume.podman.io/image", ANNOTATION_CLAIM, LATER, "an image", is_text, "image",
	 "podman: image of a volume of driver image"},
	{"volume.podman.io/import-source", ANNOTATION_CLAIM, LATER, "a tar file", is_text, "import-source",
	 "podman: what a new volume is filled with"},
	{"volume.podman.io/mount-options", ANNOTATION_CLAIM, LATER, "mount options", is_text, "mount-options",
	 "podman: how the device is mounted"},
	{"volume.podman.io/type", ANNOTATION_CLAIM, LATER, "a type of file system", is_text, "type",
	 "podman: file system of the device"},
	{"volume.podman.io/uid", ANNOTATION_CLAIM, LATER, "a user id", is_id, "uid",
	 "podman: owner of the volume's root directory"},
};
/* clang-format on */

const struct annotation *annotation_table(size_t *count)
{
	*count = ARRAY_LEN(table);
	return table;
}

static bool takes_suffix(enum annotation_form form)
{
	return form == ANNOTATION_CONTAINER || form == ANNOTATION_EITHER ||
	       form == ANNOTATION_NAMED_POD;
}

const struct annotation *annotation_find(const char *key, const char **ret_suffix)
{
	*ret_suffix = NULL;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct annotation *a = &table[i];
		size_t len = strlen(a->key);

		if (strncmp(key, a->key, len) != 0)
			continue;
		if (!key[len])
			return a;
		if (key[len] == '/' && takes_suffix(a->form)) {
			*ret_suffix = key + len + 1;
			return a;
		}
	}
	return NULL;
}

bool annotation_is_family(const char *key)
{
	static const char *const families[] = {PODMAN, "kubeplay.io/", "volume.podman.io/"};

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (starts_with(key, families[i]))
			return true;
	return false;
}
