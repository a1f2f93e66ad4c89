/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube.h - the front end in one call: text in, plan or diagnostics out; no side effects but reading
 * the files
 *
 * Loading, checking and lowering of all documents of all sources happens in one run; every problem
 * is collected as `file:line:column: path: text`. If any is an error nothing is made.
 */
#pragma once

#include "pkg/plan/plan.h"

enum kube_validate { KUBE_STRICT, KUBE_WARN, KUBE_IGNORE };
enum kube_severity { KUBE_ERROR, KUBE_WARNING, KUBE_NOTE };

struct kube_var {
	const char *name, *value;
};

/* ConfigMaps and Secrets that no manifest has (kube/generator.h). */
enum kube_generator_type {
	KUBE_CONFIG_MAP_FILE,      /* FILE with ConfigMaps only */
	KUBE_SECRET_FILE,          /* FILE with Secrets only */
	KUBE_CONFIG_MAP_FROM_FILE, /* NAME=FILE, NAME=DIR or NAME=KEY=FILE */
	KUBE_CONFIG_MAP_FROM_ENV,  /* NAME=FILE of lines KEY=VALUE */
};
struct kube_generator {
	enum kube_generator_type type;
	const char *value;
};

struct kube_options {
	enum kube_validate validate;
	const char *project;           /* NULL: default from the first source */
	const char *namespace_default; /* "default" */
	const char *node_name;         /* for spec.nodeName: the host's name */
	bool no_objects;               /* leave `objects` empty: for who only looks (plan, check) */
	bool substitute_volumes;       /* cloud and network volumes become empty directories */
	bool fates;                    /* fill `fates` (explain) */
	bool recursive;                /* directories: with all that are below */
	/* Replace ${NAME} in values by these (kube/subst.h). */
	bool substitute;
	const struct kube_var *vars; /* where a name comes twice the first one counts */
	size_t vars_count;
	/* "[KIND/NAME:]path=value": changes to objects before they are looked at (kube/set.h). */
	const char *const *sets;
	size_t sets_count;
	const struct kube_generator *generators;
	size_t generators_count;
};

/* A source that may have been read already: text NULL means that the name is still to be read. */
struct kube_source {
	const char *name; /* as messages show it */
	const char *path; /* as the plan remembers it; NULL: the name */
	const char *text;
	size_t len;
};

struct kube_diag {
	enum kube_severity severity;
	char *file;
	int line, column; /* 1-based; 0: the whole file */
	char *path;       /* "spec.containers[0].image", may be "" */
	char *text;
	const char
		*rule; /* what was broken: "unknown-field", "port-range"; never NULL, not owned */
};

/* What becomes of a field that was written. */
enum kube_fate {
	KUBE_APPLIED,
	KUBE_APPROXIMATED, /* in force, but not exactly as in a cluster */
	KUBE_IGNORED,      /* has no meaning on one machine */
	KUBE_SERVER,       /* written by an API server for itself */
	KUBE_NOT_YET,
	KUBE_REFUSED,
	KUBE_UNKNOWN, /* no such field */
	KUBE_FATE_COUNT,
};

struct kube_field {
	enum kube_fate fate;
	int line, column; /* 0: not of the file, but of an option */
	char *path;
	const char *why; /* of all but KUBE_APPLIED; may be "" */
};

/* An object and its fields in the order of the file. */
struct kube_object {
	char *file, *ns, *name;
	int line;
	const char *kind, *version;
	enum kube_fate fate; /* of the kind */
	const char *why;
	struct kube_field *fields;
	size_t fields_count, counts[KUBE_FATE_COUNT];
};

struct kube_result {
	struct plan *plan; /* NULL if there was an error */
	struct plan_data data;
	struct strbuf objects;   /* objects.yaml: loaded objects without Secret values */
	struct kube_diag *diags; /* sorted by file order, line, column */
	size_t diag_count, errors;
	size_t files, objects_count; /* that were looked at */
	struct kube_object *fates;   /* objects_count of them, if they were asked for */
};

/*
 * sources: file names, directories (their *.yaml, *.yml, *.json, sorted; with those below if
 * o->recursive), patterns of files, "-" (stdin, read once). Returns 0 (look at errors), -1 only
 * when a source cannot be read at all (no such file: ERR_INPUT with its name) or an option is no
 * option (ERR_USAGE).
 */
int kube_load(const char *const *sources, size_t count, const struct kube_options *o,
              struct kube_result *ret, struct err *e);
/* The same where some sources are texts: who may reach the network has fetched them. */
int kube_load_sources(const struct kube_source *sources, size_t count, const struct kube_options *o,
                      struct kube_result *ret, struct err *e);
/* The same for one text; used by tests and fuzzers. */
int kube_load_text(const char *name, const char *text, size_t len, const struct kube_options *o,
                   struct kube_result *ret, struct err *e);
void kube_result_done(struct kube_result *r);
/* One diagnostic as a line without newline; text from outside is sanitised. Owned. */
char *kube_diag_text(const struct kube_diag *d) MUST_USE;
/* True for http:// and https://. */
bool kube_is_url(const char *source);
/* Default project name of a first source: base name without extension (of a URL's path too),
 * directory name, "stdin"; made valid. Owned. */
char *kube_project_name(const char *source) MUST_USE;

/*
 * `ps -o json`, `get`: the saved objects (objects.yaml) back, and one Pod of them as Kubernetes
 * JSON (apiVersion, kind, metadata, spec) without status, as a string the caller embeds. pod_name
 * is the plan's pod name. ERR_ABSENT.
 */
struct kube_objects;
int kube_objects_load(const char *text, size_t len, struct kube_objects **ret, struct err *e);
int kube_objects_pod_json(const struct kube_objects *o, const struct plan_pod *pod,
                          struct strbuf *out, struct err *e);
void kube_objects_free(struct kube_objects *o);
