/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - one run of the front end: everything that its stages share
 *
 * document.c fills `objects`, validate looks at each of them, lower makes the plan. All memory but
 * the plan and its data belongs to the run.
 */
#pragma once

#include "kube/k8s.h"
#include "kube/kind.h"
#include "kube/names.h"
#include "kube/set.h"
#include "kube/source.h"
#include "kube/subst.h"

struct object {
	enum object_type type;
	const char *ns, *name; /* name is "" if it is missing (reported) */
	union {
		void *data;
		struct k8s_head *head;
		struct k8s_pod *pod;
		struct k8s_pod_template_object *pod_template;
		struct k8s_replication_controller *replication_controller;
		struct k8s_replica_set *replica_set;
		struct k8s_deployment *deployment;
		struct k8s_stateful_set *stateful_set;
		struct k8s_daemon_set *daemon_set;
		struct k8s_job *job;
		struct k8s_cron_job *cron_job;
		struct k8s_config_map *config_map;
		struct k8s_secret *secret;
		struct k8s_claim *claim;
		struct k8s_volume_object *volume;
		struct k8s_service *service;
		struct k8s_service_account *service_account;
	};
	size_t file;
	const char *dir;         /* relative host paths begin here */
	struct tree_place place; /* of the document it stands in */
	uint32_t line;           /* where it begins itself */
	const struct at *at;     /* its place in a List, else NULL */
};

/* Memory of objects that nobody needs once their pods are in the plan (document.c). */
struct batch {
	struct arena arena;
	size_t end; /* no object from this one on lives in it */
};

struct run {
	const struct kube_options *o;
	const char *project;
	struct diags d;
	struct arena arena;
	struct load load;
	const struct source_list *sources; /* by number of file */
	struct subst subst;
	struct sets sets;
	struct reread *reread;
	size_t reread_chars;
	bool muted; /* what is no error has been said already: of pods that are all alike */
	struct object *objects;
	size_t objects_count, documents;
	struct batch *batches; /* those before batches_done are freed */
	size_t batches_count, batches_done;
	struct names index; /* "type/namespace/name" -> object */
};

/* Shortcuts for paths on the stack. */
#define AT(up, key)    (&(const struct at){(up), (key), 0})
#define AT_ITEM(up, i) (&(const struct at){(up), NULL, (i)})

/* A pod, bare or as the template of a controller: what validate and lower look at. */
struct pod_view {
	const struct object *o;
	const struct k8s_meta *meta;     /* of the pod itself; may be NULL in a template */
	const struct k8s_pod_spec *spec; /* may be NULL (reported) */
	const struct at *at;             /* where `metadata` and `spec` stand */
	const struct at *spec_at;
};

/*
 * The node at a path of an object, or its deepest existing parent. The document is read once more
 * for it (the last one is kept): for problems, not for the usual case. Valid until the next call.
 */
const struct node *run_locate(struct run *r, const struct object *o, const struct at *at);
/* Report at a path of an object; the place is that of the deepest node that exists. */
void run_report(struct run *r, const struct object *o, enum kube_severity severity,
                const struct at *at, const char *fmt, ...) PRINTF(5, 6);
/* The same for what a cluster would refuse or we cannot do yet: as strict as the user wants. */
void run_report_strict(struct run *r, const struct object *o, const struct at *at, const char *fmt,
                       ...) PRINTF(4, 5);
/* Find an object of the run, NULL if there is none. */
const struct object *run_find(const struct run *r, enum object_type type, const char *ns,
                              const char *name);
/* "; these files have: a, b" or "; these files have none": owned. */
char *run_names(const struct run *r, enum object_type type, const char *ns) MUST_USE;
/* Paths down to the spec of a pod: of a CronJob spec, jobTemplate, spec, template, spec. */
enum { POD_VIEW_DEPTH = 5 };
/* The pod that an object describes, itself or as a template; false if it describes none. at holds
 * the paths of the view. */
bool run_pod_view(const struct object *o, struct at at[static POD_VIEW_DEPTH],
                  struct pod_view *ret);

/* The text of a string that may be unset. */
static inline const char *text_of(const char *s)
{
	return s ? s : "";
}
