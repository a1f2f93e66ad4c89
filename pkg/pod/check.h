/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - is this plan safe to act on?
 *
 * The front end makes only sound plans, but a plan also comes from a file and over the control
 * socket. Here is checked what the back end takes for granted: names are there and can be names of
 * files, references lead somewhere, paths are absolute.
 */
#pragma once

#include "pkg/plan/plan.h"

/* 0, or ERR_INPUT that names the first thing that is wrong. */
int check_plan(const struct plan *p, struct err *e);
