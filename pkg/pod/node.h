/* SPDX-License-Identifier: Apache-2.0 */
/* node.h - what this machine has, for containers that ask for a limit and have none */
#pragma once

#include "pkg/util/base.h"

/*
 * The value of a late field of the plan that begins with "node." ("node.memory/1048576", see
 * plan.def); NULL if it is none. The text is in buf.
 */
const char *node_field(const char *field, char buf[static 24]);
