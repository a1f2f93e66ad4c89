/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate.h - rules about loaded objects that no type can say
 *
 * A rule is a line of kube/rule.def and a function; kube/rule.h says how to write one.
 */
#pragma once

#include "kube/kube.h"

struct run;

/* Check every object of the run by itself, and against the others; all problems are reported. */
void validate(struct run *r);

/* What `check` tells about its rules. */
struct validate_rule {
	const char *id;              /* as in struct kube_diag; stays when the words change */
	const char *doc;             /* what must be so, in one sentence without full stop */
	enum kube_severity severity; /* under strict */
};

/* All rules; the ids of reading, loading and lowering are not among them. */
const struct validate_rule *validate_rules(size_t *ret_count);
