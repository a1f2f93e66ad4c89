/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - the plan as a record, and its JSON; see plan.h */
#include "pkg/plan/plan.h"

#include "pkg/util/hash.h"
#include "pkg/util/record.h"

static const cyaml_strval_t plan_protocol_strings[] = {{"TCP", PLAN_TCP}, {"UDP", PLAN_UDP}};
static const cyaml_strval_t plan_pull_strings[] = {
	{"IfNotPresent", PLAN_PULL_IF_NOT_PRESENT},
	{"Always", PLAN_PULL_ALWAYS},
	{"Never", PLAN_PULL_NEVER},
};
static const cyaml_strval_t plan_restart_strings[] = {
	{"Always", PLAN_RESTART_ALWAYS},
	{"OnFailure", PLAN_RESTART_ON_FAILURE},
	{"Never", PLAN_RESTART_NEVER},
};
static const cyaml_strval_t plan_volume_type_strings[] = {
	{"emptyDir", PLAN_EMPTY_DIR}, {"hostPath", PLAN_HOST_PATH},  {"files", PLAN_FILES},
	{"claim", PLAN_CLAIM},        {"ephemeral", PLAN_EPHEMERAL}, {"image", PLAN_IMAGE},
};
static const cyaml_strval_t plan_recursive_read_only_strings[] = {
	{"", PLAN_RECURSIVE_UNSET},
	{"IfPossible", PLAN_RECURSIVE_IF_POSSIBLE},
	{"Enabled", PLAN_RECURSIVE_ENABLED},
};
static const cyaml_strval_t plan_propagation_strings[] = {
	{"", PLAN_PROPAGATION_NONE},
	{"HostToContainer", PLAN_PROPAGATION_HOST_TO_CONTAINER},
	{"Bidirectional", PLAN_PROPAGATION_BIDIRECTIONAL},
};
/* A word "" is what most have: it is not shown. */
static const cyaml_strval_t plan_container_restart_strings[] = {
	{"", PLAN_CONTAINER_RESTART_POD},
	{"Always", PLAN_CONTAINER_RESTART_ALWAYS},
	{"OnFailure", PLAN_CONTAINER_RESTART_ON_FAILURE},
	{"Never", PLAN_CONTAINER_RESTART_NEVER},
};
static const cyaml_strval_t plan_restart_action_strings[] = {
	{"Restart", PLAN_ACTION_RESTART},
	{"RestartAllContainers", PLAN_ACTION_RESTART_ALL},
};
static const cyaml_strval_t plan_handler_type_strings[] = {
	{"", PLAN_HANDLER_NONE},        {"exec", PLAN_HANDLER_EXEC},
	{"httpGet", PLAN_HANDLER_HTTP}, {"tcpSocket", PLAN_HANDLER_TCP},
	{"grpc", PLAN_HANDLER_GRPC},    {"sleep", PLAN_HANDLER_SLEEP},
};
static const cyaml_strval_t plan_message_policy_strings[] = {
	{"", PLAN_MESSAGE_FILE},
	{"FallbackToLogsOnError", PLAN_MESSAGE_FALLBACK_TO_LOGS},
};
static const cyaml_strval_t plan_profile_strings[] = {
	{"", PLAN_PROFILE_UNSET},
	{"RuntimeDefault", PLAN_PROFILE_RUNTIME_DEFAULT},
	{"Unconfined", PLAN_PROFILE_UNCONFINED},
	{"Localhost", PLAN_PROFILE_LOCALHOST},
};
static const cyaml_strval_t plan_qos_strings[] = {
	{"BestEffort", PLAN_QOS_BEST_EFFORT},
	{"Burstable", PLAN_QOS_BURSTABLE},
	{"Guaranteed", PLAN_QOS_GUARANTEED},
};
static const cyaml_strval_t plan_dns_policy_strings[] = {
	{"", PLAN_DNS_CLUSTER_FIRST},
	{"ClusterFirstWithHostNet", PLAN_DNS_CLUSTER_FIRST_WITH_HOST_NET},
	{"Default", PLAN_DNS_DEFAULT},
	{"None", PLAN_DNS_NONE},
};
static const cyaml_strval_t plan_fs_group_policy_strings[] = {
	{"", PLAN_FS_GROUP_ALWAYS},
	{"OnRootMismatch", PLAN_FS_GROUP_ON_ROOT_MISMATCH},
};
static const cyaml_strval_t plan_groups_policy_strings[] = {
	{"", PLAN_GROUPS_MERGE},
	{"Strict", PLAN_GROUPS_STRICT},
};
static const cyaml_strval_t plan_failure_action_strings[] = {
	{"Count", PLAN_FAILURE_COUNT},
	{"FailJob", PLAN_FAILURE_FAIL_JOB},
	{"FailIndex", PLAN_FAILURE_FAIL_INDEX},
	{"Ignore", PLAN_FAILURE_IGNORE},
};
static const cyaml_strval_t plan_concurrency_strings[] = {
	{"Allow", PLAN_CONCURRENCY_ALLOW},
	{"Forbid", PLAN_CONCURRENCY_FORBID},
	{"Replace", PLAN_CONCURRENCY_REPLACE},
};
static const cyaml_strval_t plan_service_type_strings[] = {
	{"ClusterIP", PLAN_SERVICE_CLUSTER_IP},
	{"NodePort", PLAN_SERVICE_NODE_PORT},
	{"LoadBalancer", PLAN_SERVICE_LOAD_BALANCER},
	{"ExternalName", PLAN_SERVICE_EXTERNAL_NAME},
};
static const cyaml_strval_t plan_host_path_type_strings[] = {
	{"", PLAN_HOST_PATH_ANY},
	{"DirectoryOrCreate", PLAN_HOST_PATH_DIRECTORY_OR_CREATE},
	{"Directory", PLAN_HOST_PATH_DIRECTORY},
	{"FileOrCreate", PLAN_HOST_PATH_FILE_OR_CREATE},
	{"File", PLAN_HOST_PATH_FILE},
	{"Socket", PLAN_HOST_PATH_SOCKET},
	{"CharDevice", PLAN_HOST_PATH_CHAR_DEVICE},
	{"BlockDevice", PLAN_HOST_PATH_BLOCK_DEVICE},
};

#include "pkg/util/def_schema.h"

#include "pkg/plan/plan.def"

#include "pkg/util/def_end.h"

void plan_free(struct plan *p)
{
	record_free(&plan_top, p);
}

int plan_save(const struct plan *p, struct strbuf *out, struct err *e)
{
	return record_save(&plan_top, p, out, e);
}

int plan_load(const char *text, size_t len, struct plan **ret, struct err *e)
{
	void *p = NULL;

	if (record_load(&plan_top, text, len, &p, e) < 0)
		return err_wrap(e, "plan");
	if (((struct plan *)p)->version != PLAN_VERSION) {
		(void)err_set(e, ERR_INPUT,
		              "its plan was made by another version of kubeplay (format %lld, this "
		              "program knows %d)",
		              (long long)((struct plan *)p)->version, PLAN_VERSION);
		(void)err_hint(e, "end it with `kubeplay down` and start it again");
		plan_free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

enum { PIECE = 64 << 10 };

/* arg: the file that takes what is finished, or NULL. */
static bool value_as_string(const cyaml_schema_field_t *fields, const void *data,
                            struct strbuf *out, void *arg)
{
	if (arg && out->len >= PIECE) {
		(void)fwrite(out->s, 1, out->len, arg);
		strbuf_clear(out);
	}
	if (fields != plan_value_fields)
		return false;
	autofree char *text = plan_value_show(data);

	record_json_string(text, out);
	return true;
}

void plan_json(const struct plan *p, struct strbuf *out)
{
	record_json(&plan_top, p, value_as_string, NULL, out);
}

void plan_write_json(const struct plan *p, FILE *to)
{
	autostrbuf struct strbuf out = {0};

	record_json(&plan_top, p, value_as_string, to, &out);
	(void)fwrite(out.s, 1, out.len, to);
}

bool plan_pod_equal(const struct plan_pod *a, const struct plan_pod *b)
{
	autostrbuf struct strbuf sa = {0}, sb = {0};
	struct err e = {0};

	if (record_save(&plan_pod_top, a, &sa, &e) < 0 ||
	    record_save(&plan_pod_top, b, &sb, &e) < 0)
		return false;
	return sa.len == sb.len && memcmp(sa.s, sb.s, sa.len) == 0;
}

const struct plan_pod *plan_find_pod(const struct plan *p, const char *name)
{
	for (uint32_t i = 0; i < p->pods_count; i++)
		if (streq(p->pods[i].name, name))
			return &p->pods[i];
	return NULL;
}

static uint64_t stamp_datum(uint64_t h, const struct plan_data *d, const char *name)
{
	const struct plan_datum *e = plan_data_get(d, name);

	h = hash_fnv64a(h, name, strlen(name) + 1);
	return e ? hash_fnv64a(h, e->bytes, e->len) : h;
}

static uint64_t stamp_value(uint64_t h, const struct plan_data *d, const struct plan_value *v)
{
	for (uint32_t i = 0; i < v->parts_count; i++)
		if (v->parts[i].secret)
			h = stamp_datum(h, d, v->parts[i].secret);
	return h;
}

static uint64_t stamp_container(uint64_t h, const struct plan_data *d,
                                const struct plan_container *c)
{
	for (uint32_t i = 0; i < c->env_count; i++)
		h = stamp_value(h, d, &c->env[i].value);
	for (uint32_t i = 0; i < c->command_count; i++)
		h = stamp_value(h, d, &c->command[i]);
	for (uint32_t i = 0; i < c->args_count; i++)
		h = stamp_value(h, d, &c->args[i]);
	for (uint32_t i = 0; i < c->mounts_count; i++)
		if (c->mounts[i].sub_path_expr)
			h = stamp_value(h, d, c->mounts[i].sub_path_expr);
	return h;
}

void plan_stamp(struct plan *p, const struct plan_data *d, uint64_t key)
{
	for (uint32_t i = 0; i < p->pods_count; i++) {
		struct plan_pod *pod = &p->pods[i];
		uint64_t h = hash_fnv64a(HASH_FNV64_INIT, &key, sizeof(key));

		for (uint32_t j = 0; j < pod->init_containers_count; j++)
			h = stamp_container(h, d, &pod->init_containers[j]);
		for (uint32_t j = 0; j < pod->containers_count; j++)
			h = stamp_container(h, d, &pod->containers[j]);
		for (uint32_t j = 0; j < pod->volumes_count; j++)
			for (uint32_t k = 0; k < pod->volumes[j].files_count; k++)
				if (pod->volumes[j].files[k].data)
					h = stamp_datum(h, d, pod->volumes[j].files[k].data);
		pod->data_stamp = (int64_t)(h >> 1);
	}
}
