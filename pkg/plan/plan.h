/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - the immutable plan: where front end and back end meet
 *
 * kube/lower makes it, everything below reads it. It names no Kubernetes type: pods, containers,
 * mounts, ports, environment as final strings. It is a record (pkg/util/record.h): heap memory,
 * plan_free().
 *
 * Contents of ConfigMaps and Secrets are not in the plan but beside it, in a struct plan_data,
 * under the names that plan_file.data and plan_part.secret use. So the plan may be printed, saved
 * and compared, and no Secret value can leak from it.
 */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

enum { PLAN_VERSION = 2 };

enum plan_protocol { PLAN_TCP, PLAN_UDP };
enum plan_pull { PLAN_PULL_IF_NOT_PRESENT, PLAN_PULL_ALWAYS, PLAN_PULL_NEVER };
enum plan_restart { PLAN_RESTART_ALWAYS, PLAN_RESTART_ON_FAILURE, PLAN_RESTART_NEVER };
enum plan_volume_type {
	PLAN_EMPTY_DIR,
	PLAN_HOST_PATH,
	PLAN_FILES,
	PLAN_CLAIM,
	PLAN_EPHEMERAL, /* a directory that goes with the pod */
	PLAN_IMAGE,
};
enum plan_recursive_read_only {
	PLAN_RECURSIVE_UNSET,
	PLAN_RECURSIVE_IF_POSSIBLE,
	PLAN_RECURSIVE_ENABLED,
};
enum plan_propagation {
	PLAN_PROPAGATION_NONE,
	PLAN_PROPAGATION_HOST_TO_CONTAINER,
	PLAN_PROPAGATION_BIDIRECTIONAL,
};
enum plan_container_restart {
	PLAN_CONTAINER_RESTART_POD, /* as the pod */
	PLAN_CONTAINER_RESTART_ALWAYS,
	PLAN_CONTAINER_RESTART_ON_FAILURE,
	PLAN_CONTAINER_RESTART_NEVER,
};
enum plan_restart_action { PLAN_ACTION_RESTART, PLAN_ACTION_RESTART_ALL };
enum plan_handler_type {
	PLAN_HANDLER_NONE,
	PLAN_HANDLER_EXEC,
	PLAN_HANDLER_HTTP,
	PLAN_HANDLER_TCP,
	PLAN_HANDLER_GRPC,
	PLAN_HANDLER_SLEEP,
};
enum plan_message_policy { PLAN_MESSAGE_FILE, PLAN_MESSAGE_FALLBACK_TO_LOGS };
/* Of seccomp and AppArmor. */
enum plan_profile {
	PLAN_PROFILE_UNSET, /* the runtime's default */
	PLAN_PROFILE_RUNTIME_DEFAULT,
	PLAN_PROFILE_UNCONFINED,
	PLAN_PROFILE_LOCALHOST,
};
enum plan_qos { PLAN_QOS_BEST_EFFORT, PLAN_QOS_BURSTABLE, PLAN_QOS_GUARANTEED };
enum plan_dns_policy {
	PLAN_DNS_CLUSTER_FIRST,
	PLAN_DNS_CLUSTER_FIRST_WITH_HOST_NET,
	PLAN_DNS_DEFAULT,
	PLAN_DNS_NONE,
};
enum plan_fs_group_policy { PLAN_FS_GROUP_ALWAYS, PLAN_FS_GROUP_ON_ROOT_MISMATCH };
enum plan_groups_policy { PLAN_GROUPS_MERGE, PLAN_GROUPS_STRICT };
enum plan_failure_action {
	PLAN_FAILURE_COUNT,
	PLAN_FAILURE_FAIL_JOB,
	PLAN_FAILURE_FAIL_INDEX,
	PLAN_FAILURE_IGNORE,
};
enum plan_concurrency { PLAN_CONCURRENCY_ALLOW, PLAN_CONCURRENCY_FORBID, PLAN_CONCURRENCY_REPLACE };
enum plan_service_type {
	PLAN_SERVICE_CLUSTER_IP,
	PLAN_SERVICE_NODE_PORT,
	PLAN_SERVICE_LOAD_BALANCER,
	PLAN_SERVICE_EXTERNAL_NAME,
};
enum plan_host_path_type {
	PLAN_HOST_PATH_ANY, /* type unset: no check */
	PLAN_HOST_PATH_DIRECTORY_OR_CREATE,
	PLAN_HOST_PATH_DIRECTORY,
	PLAN_HOST_PATH_FILE_OR_CREATE,
	PLAN_HOST_PATH_FILE,
	PLAN_HOST_PATH_SOCKET,
	PLAN_HOST_PATH_CHAR_DEVICE,
	PLAN_HOST_PATH_BLOCK_DEVICE,
};

#include "pkg/util/def_struct.h"

#include "pkg/plan/plan.def"

#include "pkg/util/def_end.h"

/* The entry with all Secrets as text for `get --show-secrets`: opaque here, and in no file. */
#define PLAN_DATA_SECRETS "objects/secrets"

/* One ConfigMap or Secret entry. */
struct plan_datum {
	char *name;
	bool secret;
	char *bytes; /* may hold NULs; a NUL follows */
	size_t len;
	size_t order; /* of arrival, for plan_data_sort() */
};

/* Zero is a valid empty table. */
struct plan_data {
	struct plan_datum *entries; /* sorted by name after plan_data_sort() */
	size_t len;
};

void plan_free(struct plan *p); /* NULL is fine */
int plan_save(const struct plan *p, struct strbuf *out, struct err *e);
int plan_load(const char *text, size_t len, struct plan **ret, struct err *e);
/* The stable JSON of `plan -o json`: values as strings, secrets as "<secret>", late fields as
 * "$(status.podIP)". */
void plan_json(const struct plan *p, struct strbuf *out);
/* The same to a file, piece by piece: the whole text is never in memory. */
void plan_write_json(const struct plan *p, FILE *to);
/* True if running a would be the same as running b (data_stamp included). */
bool plan_pod_equal(const struct plan_pod *a, const struct plan_pod *b);
const struct plan_pod *plan_find_pod(const struct plan *p, const char *name);

/* Append entry (copies); names are unique, the last one wins. */
void plan_data_add(struct plan_data *d, const char *name, bool secret, const void *bytes,
                   size_t len);
/* Sort by name so that plan_data_get works; done by everyone who fills a table. */
void plan_data_sort(struct plan_data *d);
const struct plan_datum *plan_data_get(const struct plan_data *d, const char *name);
void plan_data_done(struct plan_data *d);
/* The table as bytes for a sealed memfd, and back (bounded, checked: it crosses a process border).
 */
void plan_data_pack(const struct plan_data *d, struct strbuf *out);
int plan_data_unpack(const char *bytes, size_t len, struct plan_data *ret, struct err *e);
/* Set data_stamp of each pod from the entries it uses; `key` (random per project, kept in the
 * state) keeps stamps from telling anything about secret values. */
void plan_stamp(struct plan *p, const struct plan_data *d, uint64_t key);

/* Value of a late field ("status.podIP") or NULL. */
typedef const char *plan_field_lookup(const char *field, void *arg);
/* The final string: owned. Unknown secrets or fields are ERR_INPUT. */
int plan_value_resolve(const struct plan_value *v, const struct plan_data *d,
                       plan_field_lookup *lookup, void *arg, char **ret, struct err *e);
/* For people: secrets as "<secret>", fields as "$(status.podIP)". Owned. */
char *plan_value_show(const struct plan_value *v) MUST_USE;
/* Free the parts of a value that belongs to no plan; it is empty again. */
void plan_value_done(struct plan_value *v);
/* Make a value of one text part (text is copied). */
void plan_value_set(struct plan_value *v, const char *text);
/* Append a part; text, secret and field: exactly one non-NULL, copied. Neighbouring texts are
 * joined. */
void plan_value_add(struct plan_value *v, const char *text, const char *secret, const char *field);
