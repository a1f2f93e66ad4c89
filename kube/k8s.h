/* SPDX-License-Identifier: Apache-2.0 */
/*
 * k8s.h - Kubernetes objects as C structs, made from k8s.def
 *
 * Unset is visible everywhere: pointers are NULL, enums 0, lists NULL (a list that was written but
 * is empty has a pointer and count 0). Defaults are applied in lower, not here. Objects that were
 * loaded from people's files live in the arena of the run; saved ones belong to record_free().
 */
#pragma once

#include "pkg/util/base.h"

/* Every enum has its unset value first. */
enum k8s_protocol { K8S_PROTOCOL_UNSET, K8S_TCP, K8S_UDP, K8S_SCTP };
enum k8s_pull_policy { K8S_PULL_UNSET, K8S_PULL_ALWAYS, K8S_PULL_IF_NOT_PRESENT, K8S_PULL_NEVER };
enum k8s_container_restart {
	K8S_CONTAINER_RESTART_UNSET,
	K8S_CONTAINER_RESTART_ALWAYS,
	K8S_CONTAINER_RESTART_ON_FAILURE,
	K8S_CONTAINER_RESTART_NEVER,
};
enum k8s_restart_policy {
	K8S_RESTART_UNSET,
	K8S_RESTART_ALWAYS,
	K8S_RESTART_ON_FAILURE,
	K8S_RESTART_NEVER,
};
enum k8s_medium { K8S_MEDIUM_UNSET, K8S_MEDIUM_MEMORY, K8S_MEDIUM_HUGE };
enum k8s_host_path_type {
	K8S_HOST_PATH_UNSET,
	K8S_HOST_PATH_DIRECTORY_OR_CREATE,
	K8S_HOST_PATH_DIRECTORY,
	K8S_HOST_PATH_FILE_OR_CREATE,
	K8S_HOST_PATH_FILE,
	K8S_HOST_PATH_SOCKET,
	K8S_HOST_PATH_CHAR_DEVICE,
	K8S_HOST_PATH_BLOCK_DEVICE,
};
enum k8s_operator { K8S_OP_UNSET, K8S_OP_IN, K8S_OP_NOT_IN, K8S_OP_EXISTS, K8S_OP_DOES_NOT_EXIST };
enum k8s_strategy_type { K8S_STRATEGY_UNSET, K8S_STRATEGY_ROLLING, K8S_STRATEGY_RECREATE };

/* What a mapping with free keys becomes. */
struct k8s_pair {
	char *key;
	char *value;
};

/* A quantity keeps its text; kube/quantity gives its value. */
struct k8s_quantity {
	char *text;
};

struct k8s_quantity_pair {
	char *key;
	char *value;
};

#define BEGIN         struct T {
#define STR(f, q)     char *f;
#define INT(f, q)     int32_t *f;
#define LONG(f, q)    int64_t *f;
#define BOOL(f)       bool *f;
#define ENUM(f, e)    enum e f;
#define QTY(f)        struct k8s_quantity *f;
#define SUB(f, t, q)  struct t *f;
#define LIST(f, t, q) K8S_ARRAY(struct t, f)
#define STRS(f)       K8S_ARRAY(char *, f)
#define MAP(f)        K8S_ARRAY(struct k8s_pair, f)
#define QMAP(f)       K8S_ARRAY(struct k8s_quantity_pair, f)
#define NONE          char none;
#define QUIET(f)
#define SKIP(f, def, why)
#define K8S_ARRAY(type, f)                                                                         \
	type *f;                                                                                   \
	uint32_t f##_count;
#define END                                                                                        \
	}                                                                                          \
	;

#include "kube/k8s.def"

#include "kube/k8s_end.h"

#undef K8S_ARRAY
