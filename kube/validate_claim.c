/* SPDX-License-Identifier: Apache-2.0 */
/* validate_claim.c - claims and PersistentVolumes: access, size, exactly one place for the data */
#include "kube/quantity.h"
#include "kube/rule.h"

static const char *const access_modes[] = {"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany",
                                           "ReadWriteOncePod"};

void walk_claim(const struct check *x, const struct at *at, const struct k8s_claim_spec *s)
{
	if (!s)
		return;
	check_thing(x, ON_CLAIM, at, s);
	walk_selector(x, AT(at, "selector"), s->selector);
}

static void check_modes(const struct check *x, char *const *modes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		autofree char *hint = NULL;

		if (is_one_of(modes[i], access_modes, ARRAY_LEN(access_modes), &hint))
			continue;
		autofree char *text = diag_quote(modes[i]);

		broken(x, AT_ITEM(AT(x->at, "accessModes"), i), "unknown access mode \"%s\"%s",
		       text,
		       *hint ? hint
		             : "; write ReadWriteOnce, ReadOnlyMany, ReadWriteMany or "
		               "ReadWriteOncePod");
	}
}

void rule_claim_access_missing(const struct check *x)
{
	if (!x->claim->accessModes_count)
		broken(x, x->at, "missing field \"accessModes\"; write [ReadWriteOnce]");
}

void rule_claim_access_mode(const struct check *x)
{
	check_modes(x, x->claim->accessModes, x->claim->accessModes_count);
}

static bool is_not_alone(char *const *modes, uint32_t count)
{
	for (uint32_t i = 0; count > 1 && i < count; i++)
		if (streq(modes[i], "ReadWriteOncePod"))
			return true;
	return false;
}

void rule_claim_access_alone(const struct check *x)
{
	if (is_not_alone(x->claim->accessModes, x->claim->accessModes_count))
		BROKEN(x, "accessModes", "ReadWriteOncePod cannot stand with other modes");
}

static const char *find_amount(const struct k8s_quantity_pair *list, uint32_t count,
                               const char *key)
{
	for (uint32_t i = 0; i < count; i++)
		if (streq(list[i].key, key))
			return list[i].value;
	return NULL;
}

static const char *storage_of(const struct k8s_claim_spec *c)
{
	return c->resources ? find_amount(c->resources->requests, c->resources->requests_count,
	                                  "storage")
	                    : NULL;
}

void rule_claim_storage_missing(const struct check *x)
{
	if (!storage_of(x->claim))
		broken(x, x->at,
		       "missing field \"resources.requests.storage\"; write a size such "
		       "as 1Gi");
}

static void check_storage(const struct check *x, const struct at *at, const char *text)
{
	int64_t bytes = 0;

	if (!text)
		return;
	if (quantity_parse(text, 1, &bytes) == SCALAR_RANGE)
		broken(x, at, "too large; write a size such as 1Gi");
	else if (bytes <= 0)
		broken(x, at, "must be more than 0; write a size such as 1Gi");
}

void rule_claim_storage(const struct check *x)
{
	const struct k8s_resources *res = x->claim->resources;
	const struct at *at = AT(x->at, "resources");

	check_storage(x, AT(AT(at, "requests"), "storage"), storage_of(x->claim));
	if (res)
		check_storage(x, AT(AT(at, "limits"), "storage"),
		              find_amount(res->limits, res->limits_count, "storage"));
}

void rule_claim_storage_limit(const struct check *x)
{
	const struct k8s_resources *res = x->claim->resources;
	const char *want = storage_of(x->claim), *max;
	int order;

	max = res ? find_amount(res->limits, res->limits_count, "storage") : NULL;
	if (want && max && quantity_compare(want, max, &order) == SCALAR_OK && order > 0) {
		autofree char *limit = diag_quote(max);

		broken(x, AT(AT(AT(x->at, "resources"), "requests"), "storage"),
		       "is more than the limit (%s)", limit);
	}
}

static void check_resource_keys(const struct check *x, const struct at *at,
                                const struct k8s_quantity_pair *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!streq(list[i].key, "storage"))
			broken(x, AT(at, list[i].key), "unknown resource; a claim has storage");
}

void rule_claim_resource(const struct check *x)
{
	const struct k8s_resources *res = x->claim->resources;
	const struct at *at = AT(x->at, "resources");

	if (!res)
		return;
	check_resource_keys(x, AT(at, "limits"), res->limits, res->limits_count);
	check_resource_keys(x, AT(at, "requests"), res->requests, res->requests_count);
}

void rule_claim_class(const struct check *x)
{
	if (has_text(x->claim->storageClassName))
		check_name(x, AT(x->at, "storageClassName"), NAME_SUBDOMAIN, "a class",
		           x->claim->storageClassName);
	if (has_text(x->claim->volumeName))
		check_name(x, AT(x->at, "volumeName"), NAME_SUBDOMAIN, "a volume's name",
		           x->claim->volumeName);
}

void rule_storage_capacity(const struct check *x)
{
	const char *size = find_amount(x->storage->capacity, x->storage->capacity_count, "storage");

	if (!size)
		broken(x, x->at, "missing field \"capacity.storage\"; write a size such as 1Gi");
	check_storage(x, AT(AT(x->at, "capacity"), "storage"), size);
}

void rule_storage_access(const struct check *x)
{
	const struct k8s_volume_spec *s = x->storage;

	if (!s->accessModes_count)
		broken(x, x->at, "missing field \"accessModes\"; write [ReadWriteOnce]");
	check_modes(x, s->accessModes, s->accessModes_count);
	if (is_not_alone(s->accessModes, s->accessModes_count))
		BROKEN(x, "accessModes", "ReadWriteOncePod cannot stand with other modes");
}

void rule_storage_source(const struct check *x)
{
	const struct k8s_volume_spec *s = x->storage;
	const void *const sources[] = {
		s->hostPath,
		s->local,
		s->nfs,
		s->csi,
		s->iscsi,
		s->fc,
		s->rbd,
		s->cephfs,
		s->glusterfs,
		s->flocker,
		s->quobyte,
		s->flexVolume,
		s->scaleIO,
		s->storageos,
		s->portworxVolume,
		s->cinder,
		s->azureDisk,
		s->awsElasticBlockStore,
		s->azureFile,
		s->gcePersistentDisk,
		s->photonPersistentDisk,
		s->vsphereVolume,
	};
	int count = 0;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		count += sources[i] != NULL;
	if (count > 1)
		broken(x, x->at, "more than one source; leave all but one out");
	else if (!count)
		broken(x, x->at, "a PersistentVolume needs a source; write hostPath or local");
}

void rule_storage_path(const struct check *x)
{
	const char *path = x->storage->hostPath ? x->storage->hostPath->path
	                   : x->storage->local  ? x->storage->local->path
	                                        : NULL;
	const char *key = x->storage->hostPath ? "hostPath" : "local";

	if (path && (!*path || has_dotdot(path) || strlen(path) >= PATH_MAX))
		broken(x, AT(AT(x->at, key), "path"),
		       "must be a path without \"..\", and not empty");
}
