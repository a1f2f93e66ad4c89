/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - how is a rule about objects written?
 *
 * A rule is a line of rule.def: what it looks at, its id, how bad it is, its function, and what
 * must be so. The walk (validate.c, and walk_*() below) goes down each object and runs at each
 * place the rules that look at such things. A rule reports with broken(), which knows the rest. It
 * may rely on nothing but the types: what the loader reported as missing is NULL here.
 */
#pragma once

#include "kube/name_rule.h"
#include "kube/run.h"
#include "kube/validate.h"

/* What a rule looks at: the member of struct check that is set. */
enum scope {
	ON_OBJECT,     /* o: any object */
	ON_META,       /* meta: of an object or a template */
	ON_SELECTOR,   /* selector */
	ON_CONTROLLER, /* controller: any but a Job */
	ON_DEPLOYMENT, /* deployment, ...: the spec of that kind */
	ON_STATEFUL_SET,
	ON_DAEMON_SET,
	ON_JOB,
	ON_CRON_JOB,
	ON_CONFIG_MAP,
	ON_SECRET,
	ON_CLAIM,             /* of an object or a template */
	ON_PERSISTENT_VOLUME, /* storage */
	ON_SERVICE,
	ON_SERVICE_PORT,
	ON_POD,       /* pod */
	ON_VOLUME,    /* volume */
	ON_FILES,     /* files: ConfigMap or Secret in a volume or projection */
	ON_DOWNWARD,  /* downward: in a volume or projection */
	ON_CONTAINER, /* container: of all kinds */
	ON_ENV,
	ON_ENV_FROM,
	ON_PORT,
	ON_MOUNT,
	ON_DEVICE,
	ON_SECURITY,  /* security */
	ON_PROFILE,   /* profile: seccomp or AppArmor */
	ON_RESOURCES, /* resources */
	ON_AMOUNT,    /* amount: one limit or request of a container or pod */
	ON_PROBE,
	ON_LIFECYCLE,
	ON_ACTION, /* action: what a probe or hook does */
	ON_RUN,    /* all objects together */
	SCOPE_COUNT,
};

/* A pod under inspection: what the rules about its parts ask of it. */
struct pod_facts {
	const struct k8s_pod_spec *spec;
	const struct at *at;     /* of the spec */
	struct names volumes;    /* names, also of claim templates */
	struct names containers; /* names of all kinds of containers */
	int64_t grace;           /* seconds */
};

/* What controllers have in common. */
struct controller {
	const struct k8s_selector *selector;
	const struct k8s_pair *map; /* the selector of a ReplicationController */
	uint32_t map_count;
	const struct k8s_pod_template *template;
	const int32_t *replicas, *ready_seconds, *history;
	int64_t pods; /* that run at the same time */
};

/* The list of files that a ConfigMap or Secret becomes. */
struct files {
	const struct k8s_key_to_path *items;
	uint32_t items_count;
	const int32_t *mode;
};

struct downward {
	const struct k8s_downward_file *items;
	uint32_t items_count;
	const int32_t *mode;
};

/* A seccomp or AppArmor profile: they have the same shape. */
struct profile {
	enum k8s_profile_type type;
	const char *localhost;
};

struct amount {
	const char *name, *text;
	bool limit;
};

enum probe_type { PROBE_LIVENESS, PROBE_READINESS, PROBE_STARTUP };

/* What a probe or hook does: at most one of them is right. */
struct action {
	const struct k8s_exec_action *exec;
	const struct k8s_http_get *http;
	const struct k8s_tcp_socket *tcp;
	const struct k8s_grpc *grpc;
	const struct k8s_sleep *sleep;
	bool probe;
};

/* Where the rules of a scope stand in the table. */
struct rule_slice {
	uint16_t begin, end;
};

/* One thing under inspection. */
struct check {
	struct run *r;
	const struct rule_slice *slices; /* by scope */
	const struct rule *rule;         /* that looks at it */
	const struct object *o;
	const struct at *at; /* where the thing stands */
	struct pod_facts *pod;
	const struct k8s_container *container; /* that it belongs to */
	bool init;                             /* an init container, or a part of one */
	bool template;                         /* a ON_META or ON_CLAIM of a template */
	enum probe_type probe_type;
	union {
		const void *thing;
		const struct k8s_meta *meta;
		const struct k8s_selector *selector;
		const struct controller *controller;
		const struct k8s_deployment_spec *deployment;
		const struct k8s_stateful_set_spec *stateful_set;
		const struct k8s_daemon_set_spec *daemon_set;
		const struct k8s_job_spec *job;
		const struct k8s_cron_job_spec *cron_job;
		const struct k8s_config_map *config_map;
		const struct k8s_secret *secret;
		const struct k8s_claim_spec *claim;
		const struct k8s_volume_spec *storage;
		const struct k8s_service_spec *service;
		const struct k8s_service_port *service_port;
		const struct k8s_volume *volume;
		const struct files *files;
		const struct downward *downward;
		const struct k8s_env *env;
		const struct k8s_env_from *env_from;
		const struct k8s_port *port;
		const struct k8s_mount *mount;
		const struct k8s_device *device;
		const struct k8s_security_context *security;
		const struct profile *profile;
		const struct k8s_resources *resources;
		const struct amount *amount;
		const struct k8s_probe *probe;
		const struct k8s_lifecycle *lifecycle;
		const struct action *action;
	};
};

/* How bad it is to break a rule. STRICT: as bad as the user wants (--validate). */
enum rule_level { RULE_ERROR, RULE_STRICT, RULE_WARNING };

struct rule {
	const char *id;
	enum scope scope;
	enum rule_level level;
	void (*run)(const struct check *x);
};

#define RULE(scope, id, level, function, doc) void function(const struct check *x);
#include "kube/rule.def"
#undef RULE

/* Report that the running rule is broken at a place: what is wrong, and what to do. */
void broken(const struct check *x, const struct at *at, const char *fmt, ...) PRINTF(3, 4);
/* The same at a field of the thing under inspection. */
#define BROKEN(x, key, ...) broken(x, AT((x)->at, key), __VA_ARGS__)

/* Run the rules that look at such a thing; what x knows of its surroundings stays known. */
void check_thing(const struct check *x, enum scope scope, const struct at *at, const void *thing);

/* The parts of an object that occur in several kinds; a NULL thing is none. */
void walk_meta(const struct check *x, const struct at *at, const struct k8s_meta *m, bool template);
void walk_selector(const struct check *x, const struct at *at, const struct k8s_selector *s);
void walk_claim(const struct check *x, const struct at *at, const struct k8s_claim_spec *s);
void walk_controller(const struct check *x);
void walk_pod(const struct check *x, const struct pod_view *v);
void walk_volumes(const struct check *x);
void walk_container(const struct check *x);
void walk_security(const struct check *x, const struct at *at,
                   const struct k8s_security_context *s);
void walk_profiles(const struct check *x, const struct at *at,
                   const struct k8s_seccomp_profile *seccomp, const struct k8s_apparmor *apparmor);
void walk_resources(const struct check *x, const struct at *at, const struct k8s_resources *res);
void walk_probes(const struct check *x);

/* What a controller has, whatever its kind; false if o is none, or a CronJob. */
bool controller_of(const struct object *o, struct controller *ret);

/* Report a text that is set and no such name: "a volume's name has a-z 0-9 ...". */
void check_name(const struct check *x, const struct at *at, enum name_kind kind, const char *what,
                const char *text);

static inline bool is_true(const bool *b)
{
	return b && *b;
}

/* True for a text that was written and is not empty. */
static inline bool has_text(const char *s)
{
	return s && *s;
}

/* True for a number that was written and lies outside. */
static inline bool outside(const int32_t *v, int32_t min, int32_t max)
{
	return v && (*v < min || *v > max);
}

static inline bool outside_long(const int64_t *v, int64_t min, int64_t max)
{
	return v && (*v < min || *v > max);
}

/* True if a word is one of a list; if not, *hint says which could be meant (may be ""). Owned. */
bool is_one_of(const char *word, const char *const *list, size_t count, char **hint);
/* True if something else than these fields (ends with NULL) stands at a place: what should be there
 * may be misspelt, which is reported already. */
bool others_stand_at(const struct check *x, const struct at *at, const char *const *fields);
/* True if a field stands in the mapping at a place, whatever became of its value. */
bool was_written(const struct check *x, const struct at *at, const char *field);
bool has_dotdot(const char *path);
/* A path below another: not empty, not absolute, without "..". */
bool fits_below(const char *path);
/* True for metadata.labels['KEY'] and metadata.annotations['KEY']. */
bool is_subscript(const char *path);
/* What a resourceFieldRef may say, in a variable or a file. */
void check_resource_field(const struct check *x, const struct at *at,
                          const struct k8s_resource_field_ref *f);
