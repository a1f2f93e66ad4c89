/* SPDX-License-Identifier: Apache-2.0 */
/* alias.c - see alias.h */
#include "kube/alias.h"

#include <ctype.h>
#include <strings.h>

#include "kube/diag.h"

/* kubectl's words. A kind that has no row is called by its name with an s. */
static const struct {
	const char *kind, *plural, *brief;
} words[] = {
	{"ConfigMap", "configmaps", "cm"},
	{"CronJob", "cronjobs", "cj"},
	{"DaemonSet", "daemonsets", "ds"},
	{"Deployment", "deployments", "deploy"},
	{"Job", "jobs", ""},
	{"Namespace", "namespaces", "ns"},
	{"PersistentVolume", "persistentvolumes", "pv"},
	{"PersistentVolumeClaim", "persistentvolumeclaims", "pvc"},
	{"Pod", "pods", "po"},
	{"PodTemplate", "podtemplates", ""},
	{"ReplicaSet", "replicasets", "rs"},
	{"ReplicationController", "replicationcontrollers", "rc"},
	{"Secret", "secrets", ""},
	{"Service", "services", "svc"},
	{"ServiceAccount", "serviceaccounts", "sa"},
	{"StatefulSet", "statefulsets", "sts"},
};

static size_t row_of(enum object_type kind)
{
	size_t i = 0;

	while (i < ARRAY_LEN(words) && !streq(words[i].kind, schema_kinds[kind].name))
		i++;
	return i;
}

const char *alias_plural(enum object_type kind)
{
	size_t row = row_of(kind);

	return row < ARRAY_LEN(words) ? words[row].plural : schema_kinds[kind].name;
}

const char *alias_short(enum object_type kind)
{
	size_t row = row_of(kind);

	return row < ARRAY_LEN(words) ? words[row].brief : "";
}

char *alias_group(enum object_type kind)
{
	const char *version = schema_kinds[kind].version, *slash = strchr(version, '/');

	return xstrndup(version, slash ? (size_t)(slash - version) : 0);
}

char *alias_object(enum object_type kind, const char *name)
{
	autofree char *group = alias_group(kind), *lower = xstrdup(schema_kinds[kind].name);

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return xasprintf("%s%s%s/%s", lower, *group ? "." : "", group, name);
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return *word && strlen(word) == len && strncasecmp(text, word, len) == 0;
}

int alias_kind(const char *word)
{
	size_t len = strcspn(word, ".");

	for (int i = 0; i < OBJECT_TYPE_COUNT; i++) {
		enum object_type kind = (enum object_type)i;
		autofree char *group = alias_group(kind);

		if (!is_word(word, len, schema_kinds[i].name) &&
		    !is_word(word, len, alias_plural(kind)) &&
		    !is_word(word, len, alias_short(kind)))
			continue;
		if (!word[len] || strcasecmp(word + len + 1, group) == 0)
			return i;
	}
	return ALIAS_NONE;
}

const char *alias_nearest(const char *word)
{
	struct guess g = {0};

	for (int i = 0; i < OBJECT_TYPE_COUNT; i++) {
		guess_offer(&g, word, schema_kinds[i].name);
		guess_offer(&g, word, alias_plural((enum object_type)i));
		guess_offer(&g, word, alias_short((enum object_type)i));
	}
	return g.best;
}
