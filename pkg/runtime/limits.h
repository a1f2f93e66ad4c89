/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - containers get the limits that kubeplay was started with, not those it gave itself */
#pragma once

#include "pkg/util/base.h"

/* Remember RLIMIT_NOFILE; call once in main(), before anything raises it. */
void limits_save(void);
/* In the set-up child: back to what was saved (never saved: 1024 soft, the hard limit as it is). */
void limits_restore(void);
